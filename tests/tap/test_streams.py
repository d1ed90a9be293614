"""Long queries over HTTP: early first bytes, clients that leave, a database lost in the middle, limits."""

from __future__ import annotations

import io
import time

import httpx
import psycopg
import pytest
from astropy.io.votable import parse

# Some 200 columns to the fourth power: more rows than anybody waits for.
ENDLESS = "tap_schema.columns AS a, tap_schema.columns AS b, tap_schema.columns AS c, tap_schema.columns AS d"
STREAMING = f"SELECT a.description, b.column_name, c.table_name FROM {ENDLESS}"
SILENT = f"SELECT COUNT(*) FROM {ENDLESS}"


@pytest.fixture
def watcher(owner_dsn):
    """A connection that sees what the reader runs."""
    with psycopg.connect(owner_dsn, autocommit=True) as connection:
        yield connection


def running(watcher: psycopg.Connection, mark: str) -> list[int]:
    """The processes of the database that work for a query with `mark` in its text."""
    found = watcher.execute(
        "SELECT pid FROM pg_stat_activity "
        "WHERE state = 'active' AND leader_pid IS NULL AND pid <> pg_backend_pid() AND query LIKE %s",
        (f"%{mark}%",),
    )
    return [pid for (pid,) in found.fetchall()]


def eventually(condition, seconds: float = 5.0):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return value


def ask(query: str, wanted: str = "csv") -> dict[str, str]:
    return {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": wanted, "MAXREC": "20000000"}


def streaming(mark: str, wanted: str = "csv") -> dict[str, str]:
    """A query that never ends; the mark tells it from those of other tests."""
    return ask(f"{STREAMING} WHERE a.description <> '{mark}'", wanted)


@pytest.mark.parametrize("wanted", ["votable", "votable/td", "csv", "tsv", "json", "html", "parquet"])
def test_first_bytes_leave_before_the_query_ends(tap, watcher, wanted):
    mark = f"early {wanted}"
    with tap.stream("POST", "/sync", data=streaming(mark, wanted)) as answer:
        assert answer.status_code == 200
        pieces = answer.iter_raw()
        assert next(pieces)
        assert running(watcher, mark)
    eventually(lambda: not running(watcher, mark))


def test_client_that_leaves_during_the_transfer_ends_the_query(tap, watcher):
    with tap.stream("POST", "/sync", data=streaming("leaving")) as answer:
        pieces = answer.iter_raw()
        for _ in range(5):
            next(pieces)
        assert eventually(lambda: running(watcher, "leaving"))
    eventually(lambda: not running(watcher, "leaving"))


def test_client_that_leaves_before_the_first_row_ends_the_query(tap, watcher):
    with pytest.raises(httpx.ReadTimeout):
        tap.post("/sync", data=ask(f"{SILENT} WHERE a.description <> 'waiting'"), timeout=1)
    eventually(lambda: not running(watcher, "waiting"))


def lose_database(tap, watcher, mark: str, wanted: str) -> tuple[bytes, bool]:
    """What arrives of a result whose backend is ended, and whether it ends like a whole one."""
    body = bytearray()
    with tap.stream("POST", "/sync", data=streaming(mark, wanted)) as answer:
        assert answer.status_code == 200
        pieces = answer.iter_raw()
        body += next(pieces)
        (pid,) = eventually(lambda: running(watcher, mark))
        watcher.execute("SELECT pg_terminate_backend(%s)", (pid,))
        try:
            for piece in pieces:
                body += piece
        except httpx.RemoteProtocolError:
            return bytes(body), False
    return bytes(body), True


@pytest.mark.parametrize("wanted", ["votable", "votable/td", "votable/b"])
def test_votable_tells_of_a_failure_in_its_middle(tap, watcher, wanted):
    body, whole = lose_database(tap, watcher, f"lost {wanted}", wanted)
    assert whole
    resource = parse(io.BytesIO(body)).resources[0]
    statuses = [info.value for info in resource.infos if info.name == "QUERY_STATUS"]
    assert statuses[-1] == "ERROR"
    assert len(resource.tables[0].array) > 0


@pytest.mark.parametrize("wanted", ["csv", "json", "parquet"])
def test_other_formats_are_broken_off(tap, watcher, wanted):
    body, whole = lose_database(tap, watcher, f"lost {wanted}", wanted)
    assert body
    assert not whole


def test_service_goes_on_after_losing_the_database(tap, watcher):
    lose_database(tap, watcher, "lost again", "csv")
    answer = tap.get("/sync", params={"LANG": "ADQL", "QUERY": "SELECT 1 AS one FROM tap_schema.schemas"})
    assert answer.status_code == 200


def test_query_without_a_first_row_in_time_is_stopped(hurried_tap, watcher):
    answer = hurried_tap.post("/sync", data=ask(f"{SILENT} WHERE a.description <> 'hurried'"))
    assert answer.status_code == 408
    (status,) = parse(io.BytesIO(answer.content)).resources[0].infos
    assert (status.name, status.value) == ("QUERY_STATUS", "ERROR")
    assert "stopped after 1 s" in status.content
    eventually(lambda: not running(watcher, "hurried"))
