"""Long queries over HTTP: early first bytes, clients that leave, a database lost in the middle, limits."""

from __future__ import annotations

import gc
import io
import os
import socket
import time
from urllib.parse import urlencode

import httpx
import psycopg
import pyarrow as pa
import pytest
from astropy.io.votable import parse

from archive.errors import ArchiveError
from tests.tap.conftest import tap_client
from tests.waiting import eventually

# A thousand columns to the fourth power: more rows than anybody waits for, fewer than are refused at once.
SOME = "(SELECT TOP 1000 table_name, column_name, description FROM tap_schema.columns)"
ENDLESS = ", ".join(f"{SOME} AS {name}" for name in "abcd")
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


def connection_to(tap: httpx.Client) -> socket.socket:
    return socket.create_connection(("127.0.0.1", tap.base_url.port), timeout=20)


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


@pytest.fixture
def impatient_tap(database, tmp_path):
    """A service that gives a client two seconds to take a result."""
    with tap_client(database, tmp_path, sync_seconds=1.0, transfer_seconds=1.0) as client:
        yield client


@pytest.mark.parametrize("wanted", ["csv", "votable"])
def test_client_that_takes_next_to_nothing_is_sent_away(impatient_tap, watcher, caplog, wanted):
    with connection_to(impatient_tap) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 10_000)
        body = urlencode(streaming(f"dribbling {wanted}", wanted)).encode()
        client.sendall(
            b"POST /tap/sync HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )
        eventually(lambda: running(watcher, f"dribbling {wanted}"))
        assert client.recv(100)
        eventually(lambda: not running(watcher, f"dribbling {wanted}"))
        eventually(lambda: "result cut off: the client took longer than 2 s" in caplog.messages)


def test_slow_client_gets_everything(tap):
    """Slower than the database by far, and slow between any two pieces."""
    query = (
        "SELECT TOP 4000 a.description, b.description AS d FROM tap_schema.columns a, tap_schema.columns b"
    )
    whole = tap.post("/sync", data=ask(query)).content
    received = b""
    with tap.stream("POST", "/sync", data=ask(query)) as answer:
        for piece in answer.iter_raw(chunk_size=50_000):
            received += piece
            time.sleep(0.02)
    assert sorted(received) == sorted(whole)


def test_statement_that_fails_late_is_marked(tap):
    """Division by zero behind so many rows that the first have left already."""
    wide = ("ivoa.ObsCore", "dbo.raw", "tap_schema.columns")
    query = (
        "SELECT a.description, 1 / (a.column_index + b.column_index + c.column_index - {}) AS x "
        "FROM tap_schema.columns AS a, tap_schema.columns AS b, tap_schema.columns AS c "
        "WHERE a.table_name = '{}' AND b.table_name = '{}' AND c.table_name = '{}'"
    )
    highest = "SELECT MAX(column_index) AS highest FROM tap_schema.columns WHERE table_name = '{}'"
    answers = [tap.post("/sync", data=ask(highest.format(table), "csv")).text.split() for table in wide]
    late = query.format(sum(int(last) for _, last in answers), *wide)
    body = tap.post("/sync", data=ask(late, "votable/b2")).content
    resource = parse(io.BytesIO(body)).resources[0]
    status = [info for info in resource.infos if info.name == "QUERY_STATUS"][-1]
    assert (status.value, status.content) == ("ERROR", "the query failed: division by zero")
    assert len(resource.tables[0].array) > 1000
    for wanted in ("csv", "tsv", "json", "html", "parquet"):
        with pytest.raises(httpx.RemoteProtocolError):
            tap.post("/sync", data=ask(late, wanted))
    # Nothing has left of FITS, which waits for the last row.
    assert tap.post("/sync", data=ask(late, "fits")).status_code == 400


def test_what_clients_left_behind_is_freed_at_once(tap, watcher):
    """Exceptions hold frames, and frames results; without the garbage collector nothing of it may stay."""
    held = []
    gc.collect()
    gc.disable()
    try:
        for number in range(3):
            with tap.stream("POST", "/sync", data=streaming(f"left {number}", "parquet")) as answer:
                next(answer.iter_raw())
            eventually(lambda number=number: not running(watcher, f"left {number}"))
        eventually(lambda: not [o for o in gc.get_objects() if isinstance(o, pa.RecordBatch | pa.Table)])
        held = [o for o in gc.get_objects() if isinstance(o, BaseException) and isinstance(o, ArchiveError)]
    finally:
        gc.enable()
    assert held == []


def test_requests_leave_nothing_behind(tap, watcher):
    """Neither descriptors nor connections nor transactions, whatever became of them."""
    small = ask("SELECT table_name FROM tap_schema.tables")

    def used() -> int:
        return len(os.listdir("/proc/self/fd"))

    def mixed(number: int) -> None:
        tap.post("/sync", data=small | {"RESPONSEFORMAT": ("fits", "parquet", "csv")[number % 3]})
        tap.post("/sync", data=ask("SELECT 1 / (column_index - column_index) AS x FROM tap_schema.columns"))
        tap.post("/sync", data=ask("SELECT nothing"))
        with tap.stream("POST", "/sync", data=streaming(f"mixed {number}")) as answer:
            next(answer.iter_raw())

    for number in range(3):
        mixed(number)
    eventually(lambda: not running(watcher, "mixed"))
    before = used()
    for number in range(10):
        mixed(number)
    eventually(lambda: not running(watcher, "mixed"))
    eventually(lambda: used() <= before + 2)
    # Other tests share the server, so it is asked until their transactions, too, have ended.
    idle = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'archive_reader' AND state LIKE 'idle in%'"
    eventually(lambda: watcher.execute(idle).fetchone() == (0,))
