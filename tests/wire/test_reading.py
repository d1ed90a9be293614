"""Rows off a real connection, by libpq directly and by psycopg."""

from __future__ import annotations

import threading
import time

import pytest
from psycopg.errors import Diagnostic

from archive.database import Cancellation, Database
from archive.declare.types import DOUBLE, FLOAT, INTEGER, LONG, SHORT, TEXT, Type, array_of
from archive.errors import Cancelled, QueryFailed
from archive.formats import Document, Encoding, encode
from archive.wire import open_reader
from tests.database.support import endless, numbers, rows, statement
from tests.formats.samples import format_of


@pytest.fixture(autouse=True, params=["compiled", "pure"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("URANIBORG_WIRE", request.param)
    return str(request.param)


def test_libpq_is_found(database: Database, way: str) -> None:
    with database.writer() as connection:
        reader = open_reader(connection, lambda: None)
    assert type(reader).__name__ == ("_CompiledReader" if way == "compiled" else "_PythonReader")


@pytest.mark.parametrize(
    ("sql", "type_", "value"),
    [
        ("7::smallint", LONG, 7),
        ("7::bigint", SHORT, 7),
        ("7.25::numeric", DOUBLE, 7.25),
        ("0::numeric", DOUBLE, 0.0),
        ("count(*)", INTEGER, 1),
        ("avg(7)", FLOAT, 7.0),
        ("'x'::varchar(5)", TEXT, "x"),
        ("'x'::name", TEXT, "x"),
        ("ARRAY[1, 2]::smallint[]", array_of(DOUBLE, "2"), [1.0, 2.0]),
    ],
)
def test_values_come_as_declared_whatever_the_query_makes(
    database: Database, sql: str, type_: Type, value: object
) -> None:
    assert rows(database, statement(f"SELECT {sql} AS x", type_)) == [(value,)]


def test_order_is_kept(database: Database) -> None:
    asked = statement(
        "SELECT i::bigint FROM generate_series(1, 5000) AS i ORDER BY i % 7, i DESC LIMIT 4000", LONG
    )
    expected = sorted(range(1, 5001), key=lambda i: (i % 7, -i))[:4000]
    assert rows(database, asked) == [(i,) for i in expected]


def test_a_huge_value(database: Database) -> None:
    asked = statement(
        "SELECT CASE i WHEN 500 THEN repeat('x', 20000000) ELSE 'small' END, i::bigint"
        " FROM generate_series(1, 1000) AS i",
        TEXT,
        LONG,
    )
    seen = rows(database, asked)
    assert [len(text) for text, _ in seen] == [5] * 499 + [20_000_000] + [5] * 500
    assert [number for _, number in seen] == list(range(1, 1001))
    assert rows(database, numbers(2)) == [(1,), (2,)]


@pytest.mark.soak
def test_a_text_of_a_hundred_megabytes_in_every_format(database: Database) -> None:
    asked = statement("SELECT repeat(E'<\\x01\"é', 20000000)", TEXT)
    for encoding in Encoding:
        with database.run(asked, maxrec=None, first_seconds=60.0, total_seconds=300.0) as result:
            assert sum(map(len, encode(format_of(encoding), result, Document()))) > 1_000_000


def test_rows_that_come_slowly_leave_as_they_come(database: Database) -> None:
    # PostgreSQL sends once it has eight kilobytes.
    asked = statement(
        "SELECT repeat('x', 10000)"
        " FROM generate_series(1, 4) AS i, LATERAL (SELECT pg_sleep(0.3 + 0 * i)) AS s",
        TEXT,
    )
    with database.run(asked, maxrec=None, first_seconds=30.0, total_seconds=60.0) as result:
        sizes = [chunk.rows for chunk in result.chunks()]
    assert sum(sizes) == 4
    assert len(sizes) > 1


def test_one_statement_at_a_time(database: Database) -> None:
    with pytest.raises(QueryFailed):
        rows(
            database,
            statement("SELECT 1) AS a(b)) TO STDOUT; CREATE TABLE adql.x (y int); COPY (SELECT (1", INTEGER),
        )


def test_a_long_statement(database: Database) -> None:
    numbers_ = ", ".join(map(str, range(300_000)))
    asked = statement(f"SELECT count(*) FROM unnest(ARRAY[{numbers_}]) AS n", LONG)
    assert rows(database, asked) == [(300_000,)]


def test_cancelled_while_nothing_comes(database: Database) -> None:
    """Again and again, each time at another moment of the query's life."""
    for moment in (0.0, 0.01, 0.05, 0.2):
        cancellation = Cancellation()
        threading.Timer(moment, cancellation.cancel).start()
        begun = time.monotonic()
        with pytest.raises(Cancelled):
            database.run(
                endless(), maxrec=None, first_seconds=60.0, total_seconds=60.0, cancellation=cancellation
            )
        assert time.monotonic() - begun < 20.0
    assert rows(database, numbers(1)) == [(1,)]


def test_notices_among_the_rows(database: Database) -> None:
    """psycopg is called back for each of them, from within libpq."""
    heard: list[str | None] = []

    def hear(notice: Diagnostic) -> None:
        heard.append(notice.message_primary)

    with database.writer() as connection:
        connection.add_notice_handler(hear)
        connection.execute(
            "CREATE OR REPLACE FUNCTION pg_temp.loud(i bigint) RETURNS bigint LANGUAGE plpgsql"
            " AS $$ BEGIN RAISE NOTICE 'number %', i; RETURN i; END $$"
        )
        pgconn = connection.pgconn
        pgconn.send_query_params(
            b"COPY (SELECT pg_temp.loud(i) FROM generate_series(1, 3000) AS i) TO STDOUT (FORMAT binary)",
            None,
        )
        pgconn.get_result()
        reader = open_reader(connection, lambda: None)
        read = 0
        while chunk := reader.read():
            read += chunk.rows
        reader.close()
        while pgconn.get_result():
            pass
        connection.remove_notice_handler(hear)
    assert read == 3000
    assert heard == [f"number {i}" for i in range(1, 3001)]
