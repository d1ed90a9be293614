"""Accounts in requests: tokens and passwords, how far they go, and the jobs of their owners."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from archive import store as storage
from archive.access import Accounts, Administration, Role, Scope
from archive.config import Config
from archive.database import Database
from frontdesk.app import create_app
from tests.access.accounts_support import PASSWORD, quick
from tests.serving import listening, serving

SECRET = {"LANG": "ADQL", "QUERY": "SELECT COUNT(*) AS n FROM dfs.review", "RESPONSEFORMAT": "csv"}
Site = Callable[[int], AbstractContextManager[httpx.Client]]


@pytest.fixture(scope="module")
def accounts(database: Database) -> Iterator[Accounts]:
    passwords = quick()
    administration = Administration(database, Config(), passwords)
    for name, roles in {"johannes": [], "regina": [Role.OPERATOR], "dome": [Role.SERVICE]}.items():
        administration.add(name, email=f"{name}@prague.example", password=PASSWORD, roles=roles)
    made = Accounts(database, Config(), None, passwords)
    yield made
    made.close()


@pytest.fixture(scope="module")
def site(database: Database, accounts: Accounts, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The application with so many slots for jobs."""
    folder: Path = tmp_path_factory.mktemp("site")
    with database.writer() as connection:
        storage.initialise(connection)

    @contextmanager
    def made(slots: int) -> Iterator[httpx.Client]:
        listener = listening()
        config = replace(Config(), data_folder=folder, job_slots=slots, port=listener.getsockname()[1])
        app = create_app(config, database, storage.open_store(database, config))
        with serving(app, listener) as address, httpx.Client(base_url=address, timeout=60) as client:
            yield client

    return made


@pytest.fixture(scope="module")
def desk(site: Site) -> Iterator[httpx.Client]:
    with site(0) as asking:
        yield asking


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def test_token_and_password_prove_the_same(desk, accounts):
    access = accounts.log_in("johannes", PASSWORD).access
    for headers in (
        bearer(access),
        basic("johannes", PASSWORD),
        basic("johannes@prague.example", PASSWORD),
        basic("johannes", access),
    ):
        answer = desk.get("/tap/availability", headers=headers)
        assert (answer.status_code, answer.headers["x-vo-authenticated"]) == (200, "johannes")


def test_a_wrong_one_is_refused_and_never_anonymous(desk, accounts):
    issued = accounts.log_in("johannes", PASSWORD)
    wrong = [
        bearer(issued.access[:-1]), bearer(issued.refresh or ""), basic("johannes", "wrong"),
        basic("regina", issued.access), basic("", ""), basic("x\0", "x\0"),
    ]  # fmt: skip
    for headers in wrong:
        answer = desk.get("/tap/availability", headers=headers)
        assert answer.status_code == 401
        assert "x-vo-authenticated" not in answer.headers
    accounts.revoke(issued.access)
    assert desk.get("/tap/availability", headers=bearer(issued.access)).status_code == 401


def test_what_only_operators_read_is_read_by_accounts_that_are_some(desk, accounts):
    def status(name: str, scopes: frozenset[Scope]) -> int:
        token = accounts.log_in(name, PASSWORD, scopes=scopes).access
        return desk.post("/tap/sync", data=SECRET, headers=bearer(token)).status_code

    assert status("regina", frozenset(Scope)) == 200
    assert status("regina", frozenset({Scope.READ})) == 403
    assert status("johannes", frozenset(Scope)) == 403
    assert desk.post("/tap/sync", data=SECRET).status_code == 401


@pytest.mark.parametrize(
    ("method", "path", "needed"),
    [
        ("POST", "/tap/async", "write"),
        ("PUT", "/tap/tables/my_johannes.x", "write"),
        ("POST", "/tap/table-update", "write"),
        ("POST", "/incoming", "deliver"),
        ("GET", "/account", "account"),
    ],
)
def test_a_token_for_reading_only_reads(desk, accounts, method, path, needed):
    token = accounts.issue_service_token("johannes", [Scope.READ]).access
    answer = desk.request(method, path, headers=bearer(token))
    assert answer.status_code == 403
    assert f"scope {needed}" in answer.text


def test_a_token_for_delivering_only_delivers(desk, accounts):
    token = accounts.issue_service_token("dome", [Scope.DELIVER]).access
    for path in ("/tap/availability", "/", "/account", "/file/x", "/tap/async"):
        assert desk.get(path, headers=bearer(token)).status_code == 403
    answer = desk.request("OPTIONS", "/incoming", headers=bearer(token))
    assert answer.status_code in {200, 204}
    # Known as a sender: what is missing is the protocol's affair.
    offered = desk.post("/incoming", headers=bearer(token))
    assert offered.status_code in {400, 412}, offered.text
    everything = accounts.log_in("johannes", PASSWORD).access
    assert desk.post("/incoming", headers=bearer(everything)).status_code == 403


def test_jobs_run_with_the_rights_of_their_owner_and_no_farther_than_his_token(database, site, accounts):
    administration = Administration(database, Config())
    for name in ("demoted", "closed"):
        administration.add(name, email=f"{name}@prague.example", password=None, roles=[Role.OPERATOR])
    every = [Scope.READ, Scope.WRITE, Scope.ADMIN]
    wanted = {
        "as the operator that she is": ("regina", every, "COMPLETED"),
        "by a token that is no operator's": ("regina", every[:2], "ERROR"),
        "no operator any more": ("demoted", every, "ERROR"),
        "of an account that was closed": ("closed", every, "ERROR"),
        "of somebody else": ("johannes", every[:2], "ERROR"),
    }
    jobs = {}
    with site(0) as desk:
        for what, (name, scopes, _) in wanted.items():
            headers = bearer(accounts.issue_service_token(name, scopes).access)
            answer = desk.post("/tap/async", data=SECRET | {"PHASE": "RUN"}, headers=headers)
            assert answer.status_code == 303, answer.text
            jobs[what] = answer.headers["location"].rpartition("/")[2]
    administration.set_roles("demoted", [])
    administration.disable("closed")
    with site(2):
        assert phases(database, jobs) == {what: phase for what, (_, _, phase) in wanted.items()}


def phases(database: Database, jobs: dict[str, str]) -> dict[str, str]:
    """In which the jobs end."""
    deadline = time.monotonic() + 60
    while True:
        with database.writer() as connection:
            rows = connection.execute("SELECT job_id, phase FROM archive.job").fetchall()
        found = dict(rows)
        now = {what: found[job] for what, job in jobs.items()}
        if not {"QUEUED", "EXECUTING"} & set(now.values()) or time.monotonic() > deadline:
            return now
        time.sleep(0.05)
