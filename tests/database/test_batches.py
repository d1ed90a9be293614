"""Results as they stream: types, limits, overflow, cancelling, failures in the middle."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pytest

from archive.database import Database
from archive.declare import types
from archive.errors import ArchiveError, Busy, Cancelled, QueryFailed, QueryTimeout
from archive.testing import ClusterForTests
from tests.database.support import endless, numbers, rows, statement
from tests.waiting import eventually


@pytest.fixture(autouse=True, params=["compiled", "pure"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Rows are read by compiled code, and without."""
    monkeypatch.setenv("URANIBORG_WIRE", request.param)
    return str(request.param)


def backends(database: Database) -> int:
    """How many queries of readers run in this database."""
    with database.writer() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'archive_reader'"
            " AND datname = current_database() AND state = 'active'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def wait_until_idle(database: Database) -> None:
    eventually(lambda: not backends(database), "a query still runs")


def kill_backends(database: Database) -> None:
    with database.writer() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE usename = 'archive_reader' AND datname = current_database()"
        )


# --- values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "type_", "value"),
    [
        ("true", types.BOOLEAN, True),
        ("NULL::boolean", types.BOOLEAN, None),
        ("32767::smallint", types.SHORT, 32767),
        ("(-2147483648)::integer", types.INTEGER, -2147483648),
        ("9223372036854775807::bigint", types.LONG, 9223372036854775807),
        ("(-9223372036854775808)::bigint", types.LONG, -9223372036854775808),
        ("1.5::real", types.FLOAT, 1.5),
        ("'-Infinity'::float8", types.DOUBLE, float("-inf")),
        ("'Tycho 🔭 ]]> \\ %'::text", types.TEXT, "Tycho 🔭 ]]> \\ %"),
        ("''::text", types.TEXT, ""),
        ("'infinity'::timestamp", types.TIMESTAMP, None),
        ("'-infinity'::timestamp", types.TIMESTAMP, None),
        ("ARRAY[1.5, NULL, 'NaN']::float8[]", types.array_of(types.DOUBLE, "*"), [1.5, None, float("nan")]),
        ("ARRAY[true, NULL]::boolean[]", types.array_of(types.BOOLEAN, "*"), [True, None]),
        ("'{}'::integer[]", types.array_of(types.INTEGER, "*"), []),
        ("ARRAY[[1, 2], [3, 4]]::integer[]", types.array_of(types.INTEGER, "2x2"), [1, 2, 3, 4]),
        ("NULL::float8[]", types.CIRCLE, None),
    ],
)
def test_values_come_as_their_arrow_types(
    database: Database, sql: str, type_: types.Type, value: object
) -> None:
    with database.run(
        statement(f"SELECT {sql}", type_), maxrec=None, first_seconds=5.0, total_seconds=5.0
    ) as result:
        (batch,) = list(result)
    assert batch.schema.types == [type_.arrow]
    assert repr(batch.column(0).to_pylist()) == repr([value])


def test_a_timestamp_keeps_its_microseconds(database: Database) -> None:
    asked = statement(
        "SELECT v::timestamp FROM unnest(ARRAY['2024-02-29 23:59:59.999999', '0001-01-01']) AS v",
        types.TIMESTAMP,
    )
    with database.run(asked, maxrec=None, first_seconds=5.0, total_seconds=5.0) as result:
        (batch,) = list(result)
    assert batch.column(0).cast(pa.string()).to_pylist() == [
        "2024-02-29 23:59:59.999999",
        "0001-01-01 00:00:00.000000",
    ]


def test_two_columns_may_have_one_name(database: Database) -> None:
    asked = statement("SELECT 1::bigint AS same, 'x'::text AS same", types.LONG, types.TEXT)
    assert rows(database, asked) == [(1, "x")]


def test_a_result_without_rows_has_no_batch(database: Database) -> None:
    with database.run(
        statement("SELECT 1::bigint WHERE false", types.LONG), maxrec=5, first_seconds=5.0, total_seconds=5.0
    ) as result:
        assert list(result) == []
        assert not result.overflowed
        assert result.schema.types == [pa.int64()]


# --- maxrec ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("there", "maxrec", "passed", "overflowed"),
    [
        (10, None, 10, False),
        (10, 11, 10, False),
        (10, 10, 10, False),
        (11, 10, 10, True),
        (2, 1, 1, True),
        (0, 1, 0, False),
        (200_001, 200_000, 200_000, True),
        (200_000, 200_000, 200_000, False),
    ],
)
def test_overflow_is_seen_one_row_ahead(
    database: Database, there: int, maxrec: int | None, passed: int, overflowed: bool
) -> None:
    with database.run(numbers(there), maxrec=maxrec, first_seconds=9.0, total_seconds=9.0) as result:
        assert sum(batch.num_rows for batch in result) == passed
        assert result.overflowed is overflowed


def test_maxrec_zero_plans_but_does_not_run(database: Database) -> None:
    with database.run(endless(), maxrec=0, first_seconds=5.0, total_seconds=5.0) as result:
        assert list(result) == []
        assert result.overflowed
    with pytest.raises(QueryFailed, match="nonsense"):
        database.run(statement("SELECT nonsense", types.LONG), maxrec=0, first_seconds=5.0, total_seconds=5.0)


# --- time --------------------------------------------------------------------------------------------


def test_no_first_batch_in_time(database: Database) -> None:
    begun = time.monotonic()
    with pytest.raises(QueryTimeout) as raised:
        database.run(endless(), maxrec=None, first_seconds=0.3, total_seconds=60.0)
    assert raised.value.limit == 0.3
    assert time.monotonic() - begun < 5.0
    wait_until_idle(database)


def test_even_no_time_at_all_stops_a_query(database: Database) -> None:
    with pytest.raises(QueryTimeout):
        database.run(endless(), maxrec=None, first_seconds=0.0, total_seconds=60.0)
    wait_until_idle(database)


def test_the_whole_transfer_has_a_limit_too(database: Database) -> None:
    result = database.run(numbers(10**10), maxrec=None, first_seconds=5.0, total_seconds=0.8)
    with pytest.raises(QueryTimeout):
        for _ in result:
            time.sleep(0.05)  # a slow client
    wait_until_idle(database)
    assert rows(database, numbers(2)) == [(1,), (2,)]


# --- stopping ----------------------------------------------------------------------------------------


def test_cancel_from_another_thread(database: Database) -> None:
    result = database.run(numbers(10**10), maxrec=None, first_seconds=5.0, total_seconds=60.0)
    threading.Timer(0.3, result.cancel).start()
    begun = time.monotonic()
    with pytest.raises(Cancelled):
        for _ in result:
            assert time.monotonic() - begun < 10.0
    wait_until_idle(database)


def test_close_stops_the_query_at_once(database: Database) -> None:
    result = database.run(numbers(10**10), maxrec=None, first_seconds=5.0, total_seconds=60.0)
    batches = iter(result)
    assert next(batches).num_rows > 0
    begun = time.monotonic()
    result.close()
    result.close()
    assert time.monotonic() - begun < 2.0
    wait_until_idle(database)
    with pytest.raises(Cancelled):
        next(batches)


def test_close_from_another_thread_while_reading(database: Database) -> None:
    result = database.run(numbers(10**10), maxrec=None, first_seconds=5.0, total_seconds=60.0)
    threading.Timer(0.3, result.close).start()
    with pytest.raises(Cancelled):
        for _ in result:
            pass
    wait_until_idle(database)


def test_a_forgotten_iteration_can_still_be_closed(database: Database) -> None:
    with database.run(numbers(10**10), maxrec=None, first_seconds=5.0, total_seconds=60.0) as result:
        for _ in result:
            break
    wait_until_idle(database)


# --- failures ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT 1 / 0 + x FROM generate_series(1, 2) AS x", "division by zero"),
        ("SELECT 9223372036854775807 + x FROM generate_series(1, 2::bigint) AS x", "bigint out of range"),
        ("SELECT length(x) FROM unnest(ARRAY['a']) AS x WHERE x ~ '('", "parentheses .. not balanced"),
        ("SELECT sqrt(-x) FROM generate_series(1, 2) AS x", "cannot take square root of a negative number"),
        ("SELECT nothing", 'column "nothing" does not exist'),
        ("SELECT 'x'::integer", "invalid input syntax for type integer"),
    ],
)
def test_a_refusal_is_the_primary_message_only(database: Database, sql: str, message: str) -> None:
    with pytest.raises(QueryFailed, match=message) as raised:
        rows(database, statement(sql, types.LONG))
    assert "SELECT" not in str(raised.value)
    assert "LINE" not in str(raised.value)
    assert "SQLSTATE" not in str(raised.value)


def test_a_failure_in_the_middle_comes_after_good_rows(database: Database) -> None:
    asked = statement("SELECT 1 / (x - 900000) FROM generate_series(1, 1000000) AS x", types.INTEGER)
    seen = 0
    result = database.run(asked, maxrec=None, first_seconds=5.0, total_seconds=30.0)
    with pytest.raises(QueryFailed, match="division by zero"):
        for batch in result:
            seen += batch.num_rows
    assert 0 < seen < 900_000
    assert rows(database, numbers(1)) == [(1,)]


def test_a_backend_killed_in_the_middle(fresh_database: Database) -> None:
    result = fresh_database.run(numbers(10**10), maxrec=None, first_seconds=5.0, total_seconds=60.0)
    batches = iter(result)
    next(batches)
    kill_backends(fresh_database)
    with pytest.raises(Busy):
        for _ in batches:
            pass
    assert rows(fresh_database, numbers(1)) == [(1,)]


def test_kept_connections_that_died_are_replaced_unnoticed(fresh_database: Database) -> None:
    results = [
        fresh_database.run(numbers(1), maxrec=None, first_seconds=5.0, total_seconds=5.0) for _ in range(3)
    ]
    for result in results:
        list(result)
    kill_backends(fresh_database)
    assert rows(fresh_database, numbers(1)) == [(1,)]


# --- how many ----------------------------------------------------------------------------------------


@pytest.fixture
def narrow(test_cluster: ClusterForTests) -> Iterator[Database]:
    """A database that runs two queries at once, and lets a third wait for a moment only."""
    with test_cluster.database(config=replace(test_cluster.config, concurrent_queries=2)) as database:
        yield database


def test_a_connection_is_used_again(narrow: Database) -> None:
    asked = statement("SELECT pg_backend_pid()", types.INTEGER)
    assert len({rows(narrow, asked)[0] for _ in range(5)}) == 1
    assert len({rows(narrow, numbers(3), maxrec=2) and rows(narrow, asked)[0] for _ in range(3)}) == 1


def test_queries_beyond_the_limit_are_told_to_come_again(narrow: Database) -> None:
    running = [
        narrow.run(numbers(10**10), maxrec=None, first_seconds=5.0, total_seconds=60.0) for _ in range(2)
    ]
    with pytest.raises(Busy):
        narrow.run(numbers(1), maxrec=None, first_seconds=0.5, total_seconds=60.0)
    running.pop().close()
    assert rows(narrow, numbers(1)) == [(1,)]
    running.pop().close()


def test_many_threads_share_few_connections(narrow: Database) -> None:
    answers: list[object] = []
    failures: list[ArchiveError] = []

    def ask(count: int) -> None:
        try:
            answers.append(rows(narrow, statement(f"SELECT {count}::bigint", types.LONG)))
        except ArchiveError as error:
            failures.append(error)

    threads = [threading.Thread(target=ask, args=(count,)) for count in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert sorted(map(str, answers)) == sorted(str([(count,)]) for count in range(20))
