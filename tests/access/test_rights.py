"""Rights of people: by the proposal, by delegation with an end, by operators; and what they get of files."""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from archive import store as storage
from archive.access import ANONYMOUS, Accounts, Caller, Role, Scope, check_file, may_have
from archive.access.protection import FAR, Protected, Protection
from archive.access.rights import (
    LONGEST_DELEGATION,
    Kind,
    Right,
    grant,
    has_rights,
    keys_of,
    revoke,
    rights_of,
    rights_on,
)
from archive.database import Database
from archive.errors import ArchiveError, Forbidden, NotFound, Unauthenticated, UsageError
from archive.store.subscriptions import EVERYTHING, deliver, subscribe, unsubscribe
from archive.testing import ClusterForTests
from frontdesk import rights_options
from frontdesk.app import create_app
from frontdesk.cli import parser
from frontdesk.rights_command import act
from tests.access.asgi import InProcess, in_process
from tests.access.rights_support import OPERATOR, Observatory

PROGRAMME, RUN, OTHER_RUN = "116.20AB", "116.20AB.001", "116.20AB.002"
PEOPLE = [
    {"name": "Tycho Brahe", "role": "PI", "email": "Tycho@Hven.example"},
    {"name": "Sophie Brahe", "role": "dPI", "orcid": "https://orcid.org/0000-0002-1825-0097"},
    {"name": "Kirsten", "role": "CoI", "email": "kirsten@hven.example", "userName": "mars"},
]
TOMORROW = timedelta(days=1)


@pytest.fixture(scope="module")
def observatory(
    test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Observatory]:
    folder = tmp_path_factory.mktemp("rights")
    config = replace(test_cluster.config, data_folder=folder)
    with test_cluster.database() as made, Database(made.server, config) as database:
        with database.writer() as connection:
            storage.initialise(connection)
        found = Observatory(database, storage.open_store(database, config), config, folder)
        found.proposal(PROGRAMME, {"001": {}, "002": {}}, investigators=PEOPLE)
        found.proposal("116.20CD", {"001": {}})
        for name in ("tycho", "kirsten"):
            found.account(name, f"{name}@hven.example")
        for name in ("sophie", "dora", "mars"):
            found.account(name, f"{name}@elsewhere.example")
        with database.writer() as connection:
            connection.execute(
                "UPDATE archive.account SET orcid = '0000-0002-1825-0097' WHERE name = 'sophie'"
            )
        yield found
        found.inputs.rest()


@pytest.fixture(scope="module")
def raw(observatory: Observatory) -> str:
    """A proprietary file in two versions."""
    dp_id = observatory.raw(RUN)
    observatory.again(dp_id, RUN, EXPTIME=5.0)
    return dp_id


def keys(observatory: Observatory, account: str) -> tuple[str, ...]:
    with observatory.database.writer() as connection:
        return keys_of(connection, account)


def caller(observatory: Observatory, account: str) -> Caller:
    return Caller(account, keys=keys(observatory, account))


def soon() -> datetime:
    return datetime.now(UTC) + TOMORROW


# --- people -----------------------------------------------------------------------------------------------


def test_investigators_have_rights_on_all_runs(observatory: Observatory) -> None:
    everything = (PROGRAMME, RUN, OTHER_RUN)
    assert keys(observatory, "tycho") == keys(observatory, "kirsten") == everything
    assert keys(observatory, "sophie") == everything  # by her ORCID
    assert keys(observatory, "dora") == keys(observatory, "nobody") == ()
    with observatory.database.writer() as connection:
        kinds = [rights_on(connection, name, RUN) for name in ("tycho", "sophie", "kirsten", "dora")]
    assert kinds == [{Kind.PI}, {Kind.PI}, {Kind.COI}, set()]


def test_the_name_of_an_account_in_a_proposal_gives_nothing(observatory: Observatory) -> None:
    assert keys(observatory, "mars") == ()


@pytest.mark.parametrize(
    "change",
    [
        "email_verified_at = NULL",
        "disabled_at = now()",
        "removed_at = now()",
        "email = 'tycho@elsewhere.example'",
    ],
)
def test_an_address_counts_once_it_is_proven_and_its_account_open(
    observatory: Observatory, change: str
) -> None:
    with observatory.database.writer() as connection, connection.transaction(force_rollback=True):
        connection.execute(f"UPDATE archive.account SET {change} WHERE name = 'tycho'".encode())
        assert keys_of(connection, "tycho") == ()


def test_who_is_no_longer_in_the_proposal_has_no_rights(observatory: Observatory) -> None:
    observatory.proposal("116.20EF", {"001": {}}, investigators=PEOPLE)
    assert "116.20EF.001" in keys(observatory, "kirsten")
    observatory.proposal("116.20EF", {"001": {}}, investigators=PEOPLE[:1])
    assert "116.20EF.001" not in keys(observatory, "kirsten")
    assert "116.20EF.001" in keys(observatory, "tycho")


def test_rights_on_what_a_product_was_made_in() -> None:
    both = ("P.001", "P.002")
    assert has_rights(["P"], "P", both, "P") and has_rights(both, "P", both, "P")
    assert not has_rights(["P.001"], "P", both, "P")
    assert not has_rights(["P.001"], "P.001,Q.001", ("P.001", "Q.001"))
    assert not has_rights([], "", ())


# --- delegation -------------------------------------------------------------------------------------------


def test_a_principal_investigator_delegates_until_a_day(observatory: Observatory) -> None:
    tycho = Caller("tycho")
    with observatory.database.writer() as connection:
        given = grant(connection, tycho, "dora", RUN, Kind.DELEGATE, soon())
        assert isinstance(given, Right) and given.is_delegated and given.granted_by == "tycho"
        # A second time takes the place of the first.
        grant(connection, tycho, "dora", RUN, Kind.DELEGATE, soon())
        assert [(one.key, one.kind) for one in rights_of(connection, "dora")] == [(RUN, Kind.DELEGATE)]
    assert keys(observatory, "dora") == (RUN,)
    with observatory.database.writer() as connection:
        connection.execute("UPDATE archive.run_right SET expires = now() WHERE account = 'dora'")
    assert keys(observatory, "dora") == ()
    with observatory.database.writer() as connection:
        grant(connection, tycho, "dora", PROGRAMME, Kind.READER, soon())
    assert keys(observatory, "dora") == (PROGRAMME, RUN, OTHER_RUN)
    with observatory.database.writer() as connection:
        assert revoke(connection, tycho, "dora", PROGRAMME) == 1
        assert revoke(connection, tycho, "dora", PROGRAMME) == 0
    assert keys(observatory, "dora") == ()


def test_a_delegate_may_give_a_right_back_and_cannot_give_it_on(observatory: Observatory) -> None:
    dora = Caller("dora")
    with observatory.database.writer() as connection:
        grant(connection, Caller("sophie"), "dora", RUN, Kind.DELEGATE, soon())
        for kind in (Kind.DELEGATE, Kind.READER):
            with pytest.raises(Forbidden, match="only the principal investigators"):
                grant(connection, dora, "mars", RUN, kind, soon())
        with pytest.raises(Forbidden):
            revoke(connection, dora, "tycho", RUN)
        assert revoke(connection, dora, "dora", RUN) == 1
    assert keys(observatory, "dora") == ()


@pytest.mark.parametrize(
    ("by", "key", "kind", "days", "error"),
    [
        (Caller("kirsten"), RUN, Kind.READER, 1, Forbidden),
        (Caller("tycho"), "116.20CD.001", Kind.READER, 1, Forbidden),
        (Caller("tycho"), RUN, Kind.PI, 1, Forbidden),
        (Caller("tycho"), RUN, Kind.COI, 1, Forbidden),
        (Caller("tycho"), RUN, Kind.DELEGATE, None, UsageError),
        (Caller("tycho"), RUN, Kind.DELEGATE, -1, UsageError),
        (Caller("tycho"), RUN, Kind.DELEGATE, LONGEST_DELEGATION.days + 1, UsageError),
        (Caller("dora"), RUN, Kind.DELEGATE, 1, Forbidden),
        (ANONYMOUS, RUN, Kind.READER, 1, Unauthenticated),
        (OPERATOR, RUN, Kind.READER, -1, UsageError),
        (replace(OPERATOR, scopes=frozenset({Scope.READ})), RUN, Kind.READER, 1, Forbidden),
        (OPERATOR, "116.99ZZ.001", Kind.READER, 1, NotFound),
        (OPERATOR, "", Kind.READER, 1, NotFound),
    ],
)
def test_what_nobody_can_give(
    observatory: Observatory,
    by: Caller,
    key: str,
    kind: Kind,
    days: int | None,
    error: type[ArchiveError],
) -> None:
    expires = None if days is None else datetime.now(UTC) + timedelta(days=days)
    with observatory.database.writer() as connection, pytest.raises(error):
        grant(connection, by, "dora", key, kind, expires)


def test_nobody_delegates_to_himself(observatory: Observatory) -> None:
    with observatory.database.writer() as connection, pytest.raises(UsageError, match="your own account"):
        grant(connection, Caller("tycho"), "tycho", RUN, Kind.DELEGATE, soon())


def test_rights_are_given_to_accounts(observatory: Observatory) -> None:
    with observatory.database.writer() as connection, pytest.raises(NotFound, match="no account 'ghost'"):
        grant(connection, OPERATOR, "ghost", RUN, Kind.READER, soon())


# --- files ------------------------------------------------------------------------------------------------


def test_who_may_have_a_file(observatory: Observatory, raw: str) -> None:
    public = observatory.raw(RUN, "CALIB")
    with observatory.database.writer() as connection:
        for name in ("tycho", "sophie", "kirsten"):
            one = Caller(name, keys=keys_of(connection, name))
            assert may_have(connection, one, [raw, public]) == {raw, public}
        for one in (ANONYMOUS, Caller("dora"), Caller("dora", frozenset({Role.QC}), keys=("116.20CD",))):
            assert may_have(connection, one, [raw, public]) == {public}
        assert may_have(connection, OPERATOR, [raw, public]) == {raw, public}
        with pytest.raises(Unauthenticated, match=f"{raw} is proprietary until 20"):
            check_file(connection, ANONYMOUS, raw)
        with pytest.raises(Forbidden, match=r"dora is not somebody with rights on 116\.20AB\.001"):
            check_file(connection, Caller("dora"), raw)


def test_an_embargoed_file_is_not_there(observatory: Observatory) -> None:
    hidden = observatory.raw(OTHER_RUN)
    observatory.protect(Protection(Protected.FILE, hidden, hidden_until=FAR, proprietary_days=0))
    with observatory.database.writer() as connection:
        for one in (ANONYMOUS, Caller("dora")):
            with pytest.raises(NotFound, match=f"the archive has no file {hidden}"):
                check_file(connection, one, hidden)
        guarded = check_file(connection, Caller("tycho", keys=keys_of(connection, "tycho")), hidden)
    assert guarded is not None and guarded.key == OTHER_RUN


def test_an_embargoed_product_of_several_programmes(observatory: Observatory) -> None:
    ours, theirs = "116.20PQ.001", "116.20RS.001"
    observatory.proposal(ours[:8], {"001": {}}, investigators=PEOPLE[:1])
    observatory.proposal(theirs[:8], {"001": {}}, investigators=PEOPLE[2:])
    product = observatory.product(ours, observatory.raw(ours), observatory.raw(theirs))
    observatory.protect(Protection(Protected.FILE, product, hidden_until=FAR))
    seen = f"{ours},{theirs}"
    assert observatory.told(product).hidden_for == seen
    assert seen not in keys(observatory, "tycho") and seen not in keys(observatory, "kirsten")
    with observatory.database.writer() as connection:
        grant(connection, OPERATOR, "tycho", theirs, Kind.READER, soon())
    # Who may have the file sees its row, too.
    assert seen in keys(observatory, "tycho")


def test_subscribers_get_what_they_may_have(observatory: Observatory, raw: str, tmp_path: Path) -> None:
    whose = {"everybody": "", "hers": "kirsten", "doras": "dora", "mirror": EVERYTHING}
    since = datetime.now(UTC) - TOMORROW
    with observatory.database.writer() as connection:
        for name, account in whose.items():
            (tmp_path / name).mkdir()
            subscribe(connection, name, str(tmp_path / name), raw, since, account)
    assert deliver(observatory.database, observatory.store).failed == 0
    try:
        got = {name for name in whose if list((tmp_path / name).iterdir())}
        assert got == {"hers", "mirror"}
        with observatory.database.writer() as connection:
            grant(connection, OPERATOR, "dora", RUN, Kind.READER, soon())
            connection.execute("UPDATE archive.backlog SET next_attempt = now()")
        assert deliver(observatory.database, observatory.store).delivered == 2  # both versions
    finally:
        with observatory.database.writer() as connection:
            revoke(connection, OPERATOR, "dora", RUN)
            for name in whose:
                unsubscribe(connection, name)


# --- over HTTP --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(observatory: Observatory) -> Iterator[InProcess]:
    with in_process(create_app(observatory.config, observatory.database, observatory.store)) as asking:
        yield asking


@pytest.fixture(scope="module")
def tokens(observatory: Observatory) -> dict[str, str]:
    accounts = Accounts(observatory.database, observatory.config)
    issued = {
        name: accounts.issue_service_token(name, frozenset({Scope.READ, Scope.WRITE})).access
        for name in ("tycho", "dora")
    }
    accounts.close()
    return issued


ROADS = (
    "/file/{0}",
    "/file/{0}.fits",
    "/dataPortal/file/{0}",
    "/dataPortal/file/{0}.fits.Z",
    "/file/{0}?VERSION=1",
    "/file/{0}?VERSION=2&CORRECTION=0",
    "/preview/{0}",
    "/preview/{0}?FORMAT=jpeg&SIZE=64",
    "/soda/sync?ID={0}",
    "/dataPortal/soda/sync?ID={0}",
)


@pytest.mark.parametrize("road", ROADS)
def test_every_road_asks(site: InProcess, tokens: dict[str, str], raw: str, road: str) -> None:
    path = road.format(raw)
    # Somebody who may have it first, so that what is kept of it is there for the others.
    for name, expected in (("tycho", 200), ("", 401), ("dora", 403), ("tycho", 200)):
        headers = {"Authorization": f"Bearer {tokens[name]}"} if name else {}
        for more in ({}, {"Range": "bytes=0-79"}):
            answer = site.request("GET", path, headers={**headers, **more})
            assert answer.status in ({200, 206} if expected == 200 else {expected}), answer.text
            assert (
                b"SIMPLE" in answer.content or b"PNG" in answer.content[:8] or b"JFIF" in answer.content
            ) is (expected == 200)
        if "soda" not in road:
            assert site.request("HEAD", path, headers=headers).status == expected


def test_a_tag_does_not_open_a_file(site: InProcess, tokens: dict[str, str], raw: str) -> None:
    known = site.request("GET", f"/file/{raw}", headers={"Authorization": f"Bearer {tokens['tycho']}"})
    asked = site.request("GET", f"/file/{raw}", headers={"If-None-Match": known.headers["etag"]})
    assert asked.status == 401 and "etag" not in asked.headers


@pytest.mark.parametrize(
    "road", [*ROADS, "/dataset/{0}", "/datalink/links?ID={0}", "/lineage/{0}", "/tap/async"]
)
def test_caches_keep_people_apart(site: InProcess, tokens: dict[str, str], raw: str, road: str) -> None:
    for name in ("tycho", "dora", ""):
        headers = {"Authorization": f"Bearer {tokens[name]}"} if name else {}
        answer = site.request("GET", road.format(raw), headers=headers)
        kept, vary = answer.headers.get("cache-control", ""), answer.headers.get("vary", "")
        if answer.status >= 400 and not name:
            assert kept == "no-store"
        elif name:
            assert kept in {"no-store", "private, no-cache"}
        assert kept == "no-store" or {"Authorization", "Cookie"} <= set(vary.split(", ")) or not name


def test_headers_are_public_and_links_say_who_may_follow(
    site: InProcess, tokens: dict[str, str], raw: str
) -> None:
    assert site.request("GET", f"/header/{raw}").status == 200
    for name, authorized in (("", False), ("dora", False), ("tycho", True)):
        headers = {"Authorization": f"Bearer {tokens[name]}"} if name else {}
        answer = site.request("GET", f"/datalink/links?ID={raw}&RESPONSEFORMAT=csv", headers=headers)
        rows = {row["semantics"]: row for row in csv.DictReader(answer.text.splitlines())}
        for semantics in ("#this", "#preview-image" if "#preview-image" in rows else "#preview", "#cutout"):
            told = rows[semantics]
            assert (told["link_auth"], told["link_authorized"].lower() in {"1", "true"}) == (
                "true",
                authorized,
            )
        page = site.request("GET", f"/dataset/{raw}", headers=headers)
        assert ("<img" in page.text, "not public yet" in page.text) == (authorized, not authorized)


def test_a_job_gives_what_its_owner_may_have(site: InProcess, tokens: dict[str, str], raw: str) -> None:
    for name, told in (("tycho", b"SIMPLE"), ("dora", b"Authoriz"), ("", b"Authentic")):
        headers = {"Authorization": f"Bearer {tokens[name]}"} if name else {}
        made = site.request("POST", "/soda/async", headers=headers, data={"ID": raw, "PHASE": "RUN"})
        job = httpx.URL(made.headers["location"]).path
        deadline, phase = time.monotonic() + 60, ""
        while phase not in {"COMPLETED", "ERROR", "ABORTED"}:
            assert time.monotonic() < deadline
            phase = site.request("GET", f"{job}/phase?WAIT=2", headers=headers).text.strip()
        result = site.request("GET", f"{job}/results/result", headers=headers)
        assert result.content.startswith(told)
        for other in {"", "dora"} - {name}:
            stranger = {"Authorization": f"Bearer {tokens[other]}"} if other else {}
            assert name == "" or site.request("GET", f"{job}/results/result", headers=stranger).status in {
                401,
                403,
                404,
            }


def test_a_right_that_has_ended_when_the_job_runs(
    site: InProcess, observatory: Observatory, tokens: dict[str, str], raw: str
) -> None:
    headers = {"Authorization": f"Bearer {tokens['dora']}"}
    with observatory.database.writer() as connection:
        grant(connection, OPERATOR, "dora", RUN, Kind.READER, soon())
    assert site.request("GET", f"/file/{raw}", headers=headers).status == 200
    made = site.request("POST", "/soda/async", headers=headers, data={"ID": raw})
    job = httpx.URL(made.headers["location"]).path
    with observatory.database.writer() as connection:
        connection.execute("UPDATE archive.run_right SET expires = now() WHERE account = 'dora'")
    site.request("POST", f"{job}/phase", headers=headers, data={"PHASE": "RUN"})
    deadline = time.monotonic() + 60
    while site.request("GET", f"{job}/phase?WAIT=2", headers=headers).text.strip() != "COMPLETED":
        assert time.monotonic() < deadline
    assert site.request("GET", f"{job}/results/result", headers=headers).content.startswith(b"Authoriz")


# --- the command ------------------------------------------------------------------------------------------


def said(observatory: Observatory, *words: str) -> list[str]:
    arguments = parser().parse_args(["rights", *words])
    assert isinstance(arguments, argparse.Namespace)
    return act(observatory.database, arguments)


def test_the_command(observatory: Observatory) -> None:
    observatory.proposal("116.20GH", {"001": {}}, investigators=PEOPLE[:1])
    dp_id = observatory.raw("116.20GH.001")
    assert said(observatory, "show", "116.20GH.001")[1].startswith("1 files of the sky, 1 proprietary")
    assert "tycho is pi of 116.20GH, by the proposal" in said(observatory, "show", dp_id)
    [line] = said(observatory, "protect", "116.20GH.001", "--until", "forever", "--reason", "a spill")
    assert line == "run 116.20GH.001: proprietary until told otherwise, says operator: a spill; 1 files"
    [line] = said(observatory, "protect", "116.20GH.001", "--hide-until", "2999-01-01")
    assert "proprietary until told otherwise, under embargo until 2999-01-01 00:00" in line
    assert any("a spill" in line for line in said(observatory, "list"))
    assert said(observatory, "release", dp_id) == [f"file {dp_id} is public; 1 files"]
    assert observatory.told(dp_id).data_rights == "public"
    assert said(observatory, "protect", dp_id, "--as-proposed")[0].startswith(
        f"file {dp_id} has no exception"
    )
    assert observatory.told(dp_id).data_rights == "proprietary"
    assert said(observatory, "protect", "116.20XX.001", "--kind", "run", "--days", "3")
    for other, kind in (("116.20GH", "file"), (dp_id, "run")):
        with pytest.raises(UsageError, match="and no"):
            said(observatory, "protect", other, "--kind", kind, "--days", "3")
    said(observatory, "grant", "dora", "116.20GH", "--right", "coi")
    assert said(observatory, "list", "--account", "dora") == ["dora is coi of 116.20GH, by operator"]
    said(observatory, "revoke", "dora", "116.20GH")
    assert said(observatory, "list", "--account", "mars") == ["mars has no rights"]
    for unknown in (["show", ""], ["release", ""], ["list", "--account", "ghost"], ["list", "--account", ""]):
        with pytest.raises(NotFound, match=r"the archive knows no|there is no account"):
            said(observatory, *unknown)
    with pytest.raises(NotFound, match="has no right on"):
        said(observatory, "revoke", "dora", "116.20GH")
    with pytest.raises(NotFound, match="there is no exception"):
        said(observatory, "protect", dp_id, "--as-proposed")
    with pytest.raises(UsageError, match="nothing is said"):
        said(observatory, "protect", "116.20GH.001")


def test_what_the_proposal_gave_can_be_taken_back(observatory: Observatory) -> None:
    run = "116.20KL.001"
    observatory.proposal("116.20KL", {"001": {}}, investigators=PEOPLE)
    said(observatory, "grant", "dora", run)
    with pytest.raises(NotFound, match=r"has no right on 116\.20KL\.001; the right is on 116\.20KL:"):
        said(observatory, "revoke", "sophie", run)
    for name in ("kirsten", "sophie"):
        assert run in keys(observatory, name)
        assert said(observatory, "revoke", name, "116.20KL")[0] == f"{name} has no right on 116.20KL any more"
        assert not {run, "116.20KL"} & set(keys(observatory, name))
        assert PROGRAMME in keys(observatory, name)
    shown = said(observatory, "show", run)
    assert any(
        line.startswith("sophie has none on 116.20KL by the proposal, says operator") for line in shown
    )
    with pytest.raises(NotFound):
        said(observatory, "revoke", "kirsten", "116.20KL")
    # Neither a new proposal nor another account of the same person brings it back.
    observatory.proposal("116.20KL", {"001": {}}, investigators=PEOPLE, title="Suns")
    with observatory.database.writer() as connection, connection.transaction(force_rollback=True):
        connection.execute(
            "WITH old AS (UPDATE archive.account SET email_verified_at = NULL WHERE name = 'kirsten'"
            " RETURNING email) INSERT INTO archive.account (name, email, email_verified_at)"
            " SELECT 'kirsten_b', email, now() FROM old"
        )
        assert run not in keys_of(connection, "kirsten_b") and PROGRAMME in keys_of(connection, "kirsten_b")
    said(observatory, "grant", "kirsten", "116.20KL", "--right", "coi")
    assert run in keys(observatory, "kirsten")
    # Whom somebody let in stays until an operator says otherwise, and he is told of them.
    with observatory.database.writer() as connection:
        grant(connection, caller(observatory, "tycho"), "dora", "116.20KL", Kind.READER, soon())
    told = said(observatory, "revoke", "tycho", "116.20KL")
    assert len(told) == 2 and told[1].startswith("still: dora is reader of 116.20KL until")


def test_what_was_said_of_data_stays_on_record(observatory: Observatory) -> None:
    observatory.proposal("116.20MN", {"001": {}}, investigators=PEOPLE[:1])
    arguments = ("protect", "116.20MN.001")
    said(observatory, *arguments, "--days", "5", "--reason", "first")
    said(observatory, *arguments, "--until", "2031-01-01T12:00:00+02:00", "--reason", "second")
    said(observatory, *arguments, "--as-proposed", "--reason", "third")
    said(observatory, "release", "116.20MN.001")
    with observatory.database.writer() as connection:
        rows = connection.execute(
            "SELECT event, kind, proprietary_days, release_date::text, reason, account FROM dfs.protection"
            " WHERE protected_key = '116.20MN.001' ORDER BY changed_at"
        ).fetchall()
    assert rows[:3] == [
        ("set", "run", 5, None, "first", "operator"),
        ("set", "run", None, "2031-01-01 10:00:00", "second", "operator"),
        ("taken back", "run", None, None, "third", "operator"),
    ]
    assert len(rows) == 4


def test_the_command_knows_what_there_is() -> None:
    assert tuple(Kind) == rights_options.KINDS and tuple(Protected) == rights_options.PROTECTED
    arguments = parser().parse_args(["rights", "protect", "X", "--until", rights_options.FOREVER])
    assert arguments.until == FAR
    with pytest.raises(SystemExit):
        parser().parse_args(["rights", "protect", "X", "--until", "soon"])
