"""Queries that ask too much: refused with advice, stopped, or kept to their share, each on purpose."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from astropy.io.votable import parse

from archive.config import Config
from archive.database import Database
from archive.database.server import given_server, reader_settings
from tests.tap.conftest import tap_client

COLUMNS = "tap_schema.columns"


@pytest.fixture(scope="module")
def tap(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with tap_client(database, tmp_path_factory.mktemp("limits"), most_pairs=1e7) as client:
        yield client


def ask(tap: httpx.Client, query: str) -> httpx.Response:
    return tap.post("/sync", data={"LANG": "ADQL", "QUERY": query, "MAXREC": "10"})


def told(answer: httpx.Response) -> str:
    return " ".join(info.content or "" for info in parse(io.BytesIO(answer.content)).resources[0].infos)


def test_endless_product_is_refused_with_advice(tap):
    answer = ask(tap, f"SELECT COUNT(*) AS n FROM {COLUMNS} AS a, {COLUMNS} AS b, {COLUMNS} AS c")
    assert answer.status_code == 400
    assert "pairs of rows" in told(answer)
    assert "tap_schema.columns and tap_schema.columns" in told(answer)
    assert "JOIN ... ON" in told(answer)


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT TOP 10 a.column_name FROM {COLUMNS} AS a, {COLUMNS} AS b, {COLUMNS} AS c",
        f"SELECT COUNT(*) AS n FROM {COLUMNS} AS a, tap_schema.schemas AS b",
        f"SELECT COUNT(*) AS n FROM {COLUMNS} AS a JOIN {COLUMNS} AS b USING (table_name, column_name)",
    ],
)
def test_products_that_end_are_answered(tap, query):
    answer = ask(tap, query)
    assert answer.status_code == 200, told(answer)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("SELECT " + "(" * 10_000 + "1" + ")" * 10_000 + " FROM tap_schema.schemas", 400),
        (f"SELECT COUNT(*) AS n FROM {COLUMNS} WHERE column_index IN (" + "1, " * 20_000 + "2)", 200),
        ("SELECT " + "-" * 50_000 + "1 FROM tap_schema.schemas", 400),
        ("x" * 900_000, 400),
        ("x" * 1_100_000, 413),
    ],
    ids=["parentheses", "list", "signs", "word", "characters"],
)
def test_hostile_texts_are_answered_cheaply(tap, query, status):
    begin = time.monotonic()
    answer = ask(tap, query)
    assert answer.status_code == status, told(answer)
    assert len(answer.content) < 2_000_000  # the query is repeated in a result
    # An answer to a query that is as easy, on the same machine at the same moment.
    middle = time.monotonic()
    ask(tap, "SELECT COUNT(*) AS n FROM tap_schema.schemas")
    end = time.monotonic()
    assert middle - begin < 10 + 100 * (end - middle)


def test_memory_and_disk_of_a_query_are_limited():
    config = Config(query_memory_bytes=32 << 20, query_disk_bytes=1 << 30)
    settings = reader_settings(config)
    assert settings["work_mem"] == "32768kB"
    assert settings["temp_file_limit"] == "1048576kB"
    reader = given_server("dbname=x", settings).reader
    assert "work_mem=32768kB" in reader
    assert "temp_file_limit" not in reader  # only an administrator may set it


def test_limits_hold_in_the_database(database):
    with psycopg.connect(database._server.reader) as connection:
        shown = {
            name: connection.execute(f"SHOW {name}").fetchone()[0] for name in ("work_mem", "temp_file_limit")
        }
    assert shown == {"work_mem": "64MB", "temp_file_limit": "48828125kB"}
