"""What is done to accounts is on record for operators, and what goes with an account that is removed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from archive.access import Role, Scope
from archive.access.rights import Kind
from archive.database import Database
from archive.database.user_tables import sweep
from archive.errors import ArchiveError, BadParameter, Unauthenticated, UsageError
from tests.access.accounts_support import OTHER, PASSWORD, People, people
from tests.user_tables.killed import ROOM, STARS, batch


@pytest.fixture
def site(database: Database, tmp_path: Path) -> Iterator[People]:
    made = people(database, tmp_path)
    yield made
    made.accounts.close()


def changes(site: People, name: str) -> list[tuple[str, ...]]:
    with site.database.writer() as connection:
        return connection.execute(
            "SELECT event, changed_by, coalesce(address, ''), coalesce(detail, '') FROM dfs.account_change"
            " WHERE account = %s ORDER BY changed_at",
            (name,),
        ).fetchall()


def refused(call: Callable[..., object], *arguments: object) -> ArchiveError:
    with pytest.raises(ArchiveError) as told:
        call(*arguments)
    return told.value


def test_what_people_do_with_their_accounts_is_on_record(site):
    name = site.registered("ole", full_name="Ole Rømer")
    issued = site.accounts.log_in(name, PASSWORD, address="192.0.2.1")
    site.accounts.change_details(name, "Ole Christensen Rømer", "")
    site.accounts.revoke(issued.access)
    site.accounts.revoke(issued.access)
    site.accounts.change_email(name, "roemer@hven.example", PASSWORD)
    site.accounts.verify(site.link())
    site.accounts.change_password(name, PASSWORD, OTHER, address="192.0.2.2")
    told = changes(site, name)
    until = issued.expires.strftime("%Y-%m-%d %H:%M")
    assert told == [
        ("registered", "ole", "", "ole@hven.example"),
        ("address confirmed", "ole", "", "ole@hven.example"),
        ("token issued", "ole", "192.0.2.1", f"access until {until}; account, read, write"),
        ("name changed", "ole", "", "Ole Christensen Rømer"),
        ("token revoked", "ole", "", ""),
        ("address confirmed", "ole", "", "roemer@hven.example in the place of ole@hven.example"),
        ("password set", "ole", "192.0.2.2", ""),
    ]
    with site.database.writer() as connection:
        tokens = connection.execute(
            "SELECT token_id FROM dfs.account_change WHERE account = 'ole' AND token_id IS NOT NULL"
        ).fetchall()
    assert tokens == [(issued.caller.token,)] * 2
    assert not any(secret in str(told) for secret in (PASSWORD, OTHER, issued.access, issued.refresh))


def test_what_operators_do_is_on_record(site):
    site.administration.add("peder", email="peder@hven.example", password=PASSWORD, roles=[Role.QC])
    site.administration.set_roles("peder", [Role.SERVICE])
    site.accounts.issue_service_token("peder", [Scope.DELIVER], note="dome")
    site.administration.set_password("peder", OTHER)
    for _ in range(10):
        refused(site.accounts.log_in, "peder", "wrong")
    site.administration.disable("peder")
    site.administration.enable("peder")
    told = changes(site, "peder")
    assert [row[:2] for row in told] == [
        ("added", "operator"),
        ("roles set", "operator"),
        ("token issued", "peder"),
        ("password set", "operator"),
        ("locked", "archive"),
        ("closed", "operator"),
        ("opened", "operator"),
    ]
    assert told[0][3] == "peder@hven.example, qc"
    assert told[1][3] == "service"
    assert told[2][3].endswith("; deliver; dome")


def test_a_stolen_refresh_token_is_on_record(site):
    name = site.registered("robbed")
    issued = site.accounts.log_in(name, PASSWORD)
    site.accounts.refresh(issued.refresh)
    refused(site.accounts.refresh, issued.refresh)
    assert changes(site, name)[-1][::3] == ("token revoked", "a refresh token was used twice")


def test_what_is_refused_leaves_no_record(site):
    name = site.registered("quiet")
    before = changes(site, name)
    refused(site.accounts.change_password, name, "wrong", OTHER)
    refused(site.accounts.change_details, name, "x" * 1000, "")
    refused(site.accounts.issue_service_token, name, [Scope.ADMIN])
    refused(site.administration.verify, "nobody_of_this_name")
    assert changes(site, name) == before


def test_an_account_that_keeps_tables_is_removed_when_it_is_said_what_becomes_of_them(site):
    name = site.registered("keeper", full_name="Somebody")
    issued = site.accounts.log_in(name, PASSWORD, address="192.0.2.9")
    keep(site, name)
    told = refused(site.administration.remove, name)
    assert isinstance(told, UsageError)
    assert "keeps 1 table" in str(told)
    assert site.accounts.caller_of_token(issued.access).name == name
    gone = site.administration.remove(name, tables=True)
    assert (gone.tables, gone.jobs, gone.rights) == (1, 1, 1)
    with site.database.writer() as connection:
        left = connection.execute(
            "SELECT (SELECT count(*) FROM archive.user_table WHERE owner = %(name)s)"
            " + (SELECT count(*) FROM archive.user_table_left WHERE owner = %(name)s)"
            " + (SELECT count(*) FROM pg_namespace WHERE nspname = 'my_' || %(name)s)"
            " + (SELECT count(*) FROM archive.job WHERE owner = %(name)s AND destruction > now())"
            " + (SELECT count(*) FROM archive.run_right WHERE account = %(name)s AND revoked_at IS NULL)",
            {"name": name},
        ).fetchone()
    assert left == (0,)
    assert isinstance(refused(site.accounts.caller_of_token, issued.access), Unauthenticated)
    assert {(address, detail) for _, _, address, detail in changes(site, name)} == {("", "")}
    assert changes(site, name)[-1][:2] == ("removed", "operator")


def test_tables_that_were_left_can_go_later(site):
    name = site.registered("giver")
    keep(site, name)
    assert site.administration.remove(name, tables=False).tables == 0
    with site.database.user_tables(name) as tables:
        assert [kept.table.name for kept in tables.all()] == [STARS.name]
    assert isinstance(refused(site.administration.remove, name), BadParameter)
    assert site.administration.remove(name, tables=True).tables == 1


def test_a_table_that_is_being_read_holds_up_no_removal(site):
    name = site.registered("reader")
    keep(site, name)
    with site.database.writer() as reading:
        reading.execute(f"SELECT 1 FROM my_{name}.{stored(site, name)}")
        assert site.administration.remove(name, tables=True).tables == 1
    with site.database.writer() as connection:
        assert sweep(connection, grace=0.0) >= 1
        assert connection.execute("SELECT FROM pg_tables WHERE schemaname = 'my_reader'").fetchall() == []


def stored(site: People, name: str) -> str:
    with site.database.user_tables(name) as tables:
        [kept] = tables.all()
        return kept.table.physical_name


def keep(site: People, name: str) -> None:
    """A table, a job and a right on a run."""
    with site.database.user_tables(name) as tables:
        tables.prepare(STARS.name, ROOM)
    with site.database.user_tables(name) as tables:
        tables.keep(STARS, [batch(0, 5)], ROOM)
    with site.database.writer() as connection:
        connection.execute(
            "INSERT INTO archive.job (job_id, kind, place, owner, share, run_id, phase, parameters, files,"
            " given, execution_seconds, created, destruction) VALUES (%(name)s, '-', %(name)s, %(name)s, '',"
            " '', 'COMPLETED', '[]', '[]', 0, 1, now(), now() + interval '1 day')",
            {"name": name},
        )
        connection.execute(
            "INSERT INTO archive.run_right (account, key, kind, granted_by) VALUES (%s, '1.A', %s, 'test')",
            (name, Kind.READER.value),
        )
