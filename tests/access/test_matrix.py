"""Who may see what: every role, every kind of thing, every road, against the one table of `rules`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import pytest
from starlette.applications import Starlette
from starlette.routing import Match
from starlette.types import ASGIApp

from archive.access import Road, Visit
from archive.database import Database
from archive.database.releases import record_release
from archive.query.viewer import Viewer
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from tests.access.asgi import Answer, InProcess, in_process
from tests.access.observatory import ABSTRACTS, AUTHORITY, FILES, OTHERS, embargo, fill
from tests.access.people import ROLES, People
from tests.access.roads import DONE, JOB_TREES, SECRET_NOTE, SECRET_TABLE, SHARED_TABLE, Ask, asks
from tests.access.rules import RULES, Verdict

ASKS = tuple(asks())
PARTS = 4  # so that what is wrong with a role is told in several tests
# Each of the others has in common with one of these what decides: rights on the programme, a role, nothing.
# They are asked for one of several roads that lead to the same place, and not for what is everybody's.
THOROUGH = frozenset({"anonymous", "user", "pi", "operator", "pi_reading"})

# What nobody may find in any answer, unless a rule says that he may.
SECRETS: Mapping[str, str] = {
    **{kept.dp_id: "hidden" for kept in FILES.values() if kept.is_hidden},
    ABSTRACTS["116.25AB"]: "hidden",
    ABSTRACTS[OTHERS[:8]]: "hidden of others",
    "johannes@observatory.example": "restricted",
    SECRET_NOTE: "private",
}


@dataclass(frozen=True)
class Site:
    app: ASGIApp
    asking: InProcess
    people: People
    jobs: Mapping[str, str]

    def ask(self, role: str, ask: Ask) -> Answer:
        headers = {**self.people.headers(role), **ask.headers}
        answer = self.asking.request(
            ask.method,
            self.path(ask),
            headers=headers,
            params=ask.params or None,
            data=ask.data or None,
            content=ask.content,
        )
        return self._ended(role, answer) if ask.inner and answer.status == 303 else answer

    def path(self, ask: Ask) -> str:
        tree = next((tree for tree in JOB_TREES if ask.path.startswith(tree)), "")
        done = self.jobs.get(f"{tree} is over", "")
        return ask.path.replace("{job}", self.jobs.get(tree, "")).replace("{done}", done)

    def _ended(self, role: str, made: Answer) -> Answer:
        """The result of a job, or why there is none, when it is over."""
        job, headers = made.headers["location"], self.people.headers(role)
        deadline = time.monotonic() + 60
        while (phase := self.asking.get(f"{job}/phase", headers=headers).text.strip()) not in _OVER:
            assert time.monotonic() < deadline, phase
            time.sleep(0.02)
        end = "results/result" if phase == "COMPLETED" else "error"
        return self.asking.get(f"{job}/{end}", headers=headers)


_OVER = {"COMPLETED", "ERROR", "ABORTED"}


@pytest.fixture(scope="module")
def site(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    config = replace(
        test_cluster.config,
        data_folder=tmp_path_factory.mktemp("matrix"),
        authority=AUTHORITY,
        incoming_users=("sam",),
        user_active_jobs=1000,
        anonymous_active_jobs=1000,
    )
    with test_cluster.database() as made, Database(made.server, config) as database:
        store = fill(database, config)
        embargo(database)
        people = People(database, config)
        app = create_app(config, database, store)
        with in_process(app) as asking:
            yield Site(app, asking, people, prepared(database, asking, people.headers("pi")))


def prepared(database: Database, asking: InProcess, tycho: Mapping[str, str]) -> Mapping[str, str]:
    """Rudolf's download, Tycho's tables, and a job of his in each tree."""
    raw = FILES["proprietary raw"]
    with database.writer() as connection:
        rudolf = Viewer("rudolf", visit=Visit("192.0.2.77"))
        record_release(connection, rudolf, Road.FILE, raw.run, dp_id=raw.dp_id)
    for name, content, public in (
        (SECRET_TABLE, f"note\n{SECRET_NOTE}\n", "false"),
        (SHARED_TABLE, f"name\n{FILES['hidden image'].dp_id}\n", "true"),
    ):
        sent = {**tycho, "Content-Type": "text/csv"}
        answer = asking.request("PUT", f"/tap/tables/{name}", headers=sent, content=content.encode())
        assert answer.status == 201, answer.text
        asking.request("PUT", f"/tap/tables/{name}/sharing", headers=tycho, data={"PUBLIC": public})
    jobs = {}
    for tree in JOB_TREES:
        answer = asking.post(tree, headers=tycho, data={"RUNID": "secret purpose"})
        assert answer.status == 303, answer.text
        jobs[tree] = answer.headers["location"].rpartition("/")[2]
    for tree, (data, _) in DONE.items():
        answer = asking.post(tree, headers=tycho, data={**data, "PHASE": "RUN"})
        job = answer.headers["location"]
        deadline = time.monotonic() + 60
        while asking.get(f"{job}/phase?WAIT=2", headers=tycho).text.strip() != "COMPLETED":
            assert time.monotonic() < deadline
        jobs[f"{tree} is over"] = job.rpartition("/")[2]
    return jobs


# --- the matrix -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("role", ROLES)
def test_everybody_gets_what_the_rules_say(site: Site, role: str, part: int) -> None:
    assert [fault for ask in ASKS[part::PARTS] if (fault := wrong(site, role, ask))] == []


@pytest.mark.parametrize("role", ["anonymous", "user", "pi"])
def test_the_second_wall_stands_alone(site: Site, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the query path forgot to ask who asks: PostgreSQL withholds the rows by itself."""
    monkeypatch.setattr("archive.query.sql.shown_to", lambda _viewer, _table: "")
    asked = [ask for ask in ASKS if ask.rule.startswith("hidden") and ask.path == "/tap/sync"]
    assert [fault for ask in asked if (fault := wrong(site, role, ask))] == []


def wrong(site: Site, role: str, ask: Ask) -> str:
    """What is wrong with the answer to somebody who asks; "" when it is what the rules say."""
    person = ROLES[role]
    verdict = RULES[ask.rule](person)
    if verdict is None or not is_asked(role, ask):
        return ""
    answer = site.ask(role, ask)
    told = f"{role}, {ask}: {answer.status} {answer.text[:200]!r}"
    if ask.inner and verdict is Verdict.GIVEN:
        verdict = RULES[ask.inner](person)
        assert verdict is not None
    elif answer.status != ask.status(verdict):
        return f"{told}, not {ask.status(verdict)}"
    mark = ask.mark.replace("{job}", site.jobs.get(ask.path.rstrip("/"), ask.mark))
    if mark and ask.method != "HEAD" and (mark in answer.text.replace("\r", "")) != shown(ask, role, verdict):
        return f"{told}: {mark!r} is {'missing' if verdict is Verdict.GIVEN else 'there'}"
    return leaked(role, ask, answer, told)


def is_asked(role: str, ask: Ask) -> bool:
    return role in THOROUGH or (ask.everybody and ask.rule != "public")


def shown(ask: Ask, role: str, verdict: Verdict) -> bool:
    """Lists of one's own are given to everybody, and Tycho's things are in his."""
    if ask.rule in {"own tables", "own jobs"}:
        return ROLES[role].account == "tycho"
    return verdict is Verdict.GIVEN


def leaked(role: str, ask: Ask, answer: Answer, told: str) -> str:
    """Anything in the answer that was not asked for by its name, and is nothing for this role."""
    asked = f"{ask.path} {ask.params} {ask.data} {ask.content!r}"
    for secret, rule in SECRETS.items():
        may_know = RULES[rule](ROLES[role]) is Verdict.GIVEN or ask.thing == SHARED_TABLE
        if secret not in asked and secret in answer.text and not may_know:
            return f"{told}: it tells {secret!r}"
    return ""


def test_the_matrix_is_large() -> None:
    """As many requests as rules and roles let somebody make."""
    cases = sum(
        RULES[ask.rule](person) is not None and is_asked(role, ask)
        for role, person in ROLES.items()
        for ask in ASKS
    )
    assert cases > 5000


# --- nothing is left out ----------------------------------------------------------------------------------


def routed(app: ASGIApp) -> Starlette:
    """What is inside of what stands before it."""
    while not isinstance(app, Starlette):
        app = vars(app)["_app"]
    return app


def test_every_route_is_in_the_matrix(site: Site) -> None:
    routes = routed(site.app).routes
    left = {
        (number, method)
        for number, route in enumerate(routes)
        for method in (getattr(route, "methods", None) or {"GET"})
    }
    for ask in ASKS:
        path = site.path(ask).partition("?")[0]
        scope = {"type": "http", "method": ask.method, "path": path, "root_path": "", "headers": []}
        taking = [number for number, route in enumerate(routes) if route.matches(scope)[0] is Match.FULL]
        assert taking, f"no route takes {ask}"
        left.discard((taking[0], ask.method))
    # What answers GET answers HEAD by the same way, without the content.
    missing = [f"{method} {getattr(routes[one], 'path', '')}" for one, method in left if method != "HEAD"]
    assert sorted(missing) == []
