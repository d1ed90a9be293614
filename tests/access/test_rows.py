"""Hidden rows are seen by those who have rights on them and by operators, whatever road a query takes.

Both walls are tried, and each without the other: the condition that the compiler adds, with row security
switched off, and row security, with statements that hide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import psycopg
import pytest

from archive import TEXT, Column, history_table
from archive.declare.builtin import builtin_schemas
from archive.declare.serialise import table_from_json, table_to_json
from archive.errors import DeclarationError, QueryFailed, UnknownColumn
from archive.query.viewer import PUBLIC
from archive.query.views import QUERIES
from archive.testing import ClusterForTests
from tests.access.hidden_rows import (
    CONE,
    FRAMES,
    KIRSTEN,
    ONE,
    OPERATOR,
    ROADS,
    SEEN,
    SOPHIE,
    STRANGER,
    TWO,
    HiddenRows,
    hidden_rows,
)
from tests.database.support import rows

VIEWERS = {viewer.user or "nobody": viewer for viewer in SEEN}


@pytest.fixture(scope="module")
def archive(test_cluster: ClusterForTests) -> Iterator[HiddenRows]:
    with test_cluster.database() as database, hidden_rows(database) as filled:
        yield filled


@pytest.fixture(scope="module")
def open_archive(test_cluster: ClusterForTests) -> Iterator[HiddenRows]:
    """As without a superuser: PostgreSQL withholds nothing."""
    with test_cluster.database() as database, hidden_rows(database) as filled:
        with psycopg.connect(database.server.owner) as owner:
            tables = owner.execute("SELECT oid::regclass::text FROM pg_class WHERE relrowsecurity").fetchall()
            for (table,) in tables:
                owner.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY".encode())
        yield filled


@pytest.mark.parametrize("name", VIEWERS)
@pytest.mark.parametrize("query", ROADS)
def test_every_road_with_both_walls(archive: HiddenRows, query: str, name: str) -> None:
    viewer = VIEWERS[name]
    assert archive.values(archive.statement(query, viewer)) == ROADS[query](SEEN[viewer])


@pytest.mark.parametrize("name", VIEWERS)
@pytest.mark.parametrize("query", ROADS)
def test_every_road_with_the_first_wall_alone(open_archive: HiddenRows, query: str, name: str) -> None:
    viewer = VIEWERS[name]
    assert open_archive.values(open_archive.statement(query, viewer)) == ROADS[query](SEEN[viewer])


@pytest.mark.parametrize("name", VIEWERS)
@pytest.mark.parametrize("query", ROADS)
def test_every_road_with_the_second_wall_alone(archive: HiddenRows, query: str, name: str) -> None:
    viewer = VIEWERS[name]
    assert archive.values(archive.unguarded(query, viewer)) == ROADS[query](SEEN[viewer])


# --- what else tells of a row -----------------------------------------------------------------------------

BROKEN = "(SELECT 1 / (number - 1) FROM site.plain WHERE number = 1)"
BROKEN_ROWS = "(SELECT 1 FROM site.plain WHERE 1 / (number - 1) > 0)"
FAILING = [
    "SELECT number FROM site.frames WHERE 1 / (number - 2) < 9",
    "SELECT 1 / (number - 2) FROM site.frames WHERE number = 2",
    "SELECT number FROM site.frames ORDER BY 1 / (number - 2)",
    "SELECT SUM(1 / (number - 2)) FROM site.frames",
    "SELECT number FROM site.frames WHERE MOD(7, number - 2) = 0 AND LOWER(object) LIKE 'ngc%'",
    "SELECT number FROM site.frames WHERE object = 'NGC 2' AND CAST(object AS INTEGER) = 2",
    f"SELECT number FROM site.frames WHERE LOG(ABS(number - 2)) < 9 AND {CONE}",
    "SELECT number FROM site.frames WHERE SQRT(ABS(number - 2) - 0.5) >= 0 OR number = 2",
    "SELECT number FROM site.frames WHERE EXP(710.5 - ABS(number - 2)) > 0",
    "SELECT number FROM site.frames WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(10, 20, 1 / (number - 2)))",
    "SELECT number FROM site.frames WHERE DISTANCE(POINT(ra, dec), POINT(10, 20)) < 1 / (number - 2)",
    "SELECT p.number FROM site.plain AS p JOIN site.frames AS f ON p.number = 1 / (f.number - 2)",
    "SELECT p.number FROM site.plain AS p WHERE EXISTS"
    " (SELECT 1 FROM site.frames AS f WHERE p.number = 1 / (f.number - 2))",
    "SELECT number FROM site.plain WHERE number IN (SELECT 1 / (number - 2) FROM site.frames)",
    "WITH x AS (SELECT 1 / (number - 2) AS n FROM site.frames) SELECT COUNT(*) FROM x WHERE n > 0",
    # These fail for any row, and are not computed before there is one.
    "SELECT number FROM site.frames WHERE number = 2 AND dec > SQRT(RAND() - 2)",
    f"SELECT number FROM site.frames WHERE number = 2 AND dec > {BROKEN}",
    f"SELECT number FROM site.frames WHERE number = 2 AND (object IS NULL OR {BROKEN} IS NULL)",
    f"SELECT number FROM site.frames WHERE number = 2 AND (object IS NULL OR EXISTS {BROKEN_ROWS})",
    f"SELECT number FROM site.frames WHERE number = 2 AND NOT (object IS NOT NULL AND EXISTS {BROKEN_ROWS})",
    f"SELECT number FROM (SELECT number, object, {BROKEN} AS broken FROM site.frames) AS x"
    " WHERE number = 2 AND (object IS NULL OR broken IS NULL)",
    f"WITH x AS (SELECT number, {BROKEN} AS broken FROM site.frames)"
    " SELECT number FROM x WHERE number = 2 AND (number IS NULL OR broken IS NULL)",
]


@pytest.mark.parametrize("query", FAILING)
def test_errors_tell_nothing_of_hidden_rows(archive: HiddenRows, query: str) -> None:
    """Frame 2 makes each of them fail, for those who see it."""
    for viewer in (KIRSTEN, OPERATOR):
        with pytest.raises(QueryFailed):
            rows(archive.database, archive.statement(query, viewer))
    for statement in (archive.statement(query, PUBLIC), archive.unguarded(query, PUBLIC)):
        rows(archive.database, statement)


@pytest.mark.parametrize("query", FAILING)
def test_errors_tell_nothing_with_the_first_wall_alone(open_archive: HiddenRows, query: str) -> None:
    """Whether there is a superuser who has built the second, or none."""
    with pytest.raises(QueryFailed):
        rows(open_archive.database, open_archive.statement(query, KIRSTEN))
    for viewer in (PUBLIC, STRANGER):
        rows(open_archive.database, open_archive.statement(query, viewer))


SLOW = [
    "object LIKE '%N%G%C%2%_%x'",
    "LOWER(object) LIKE 'n%g%c%2%_%x'",
    "uraniborg_keyword(object, 'OBJECT') = 'x'",
    "uraniborg_distance(POINT(ra, dec), POLYGON(9, 19, 9, 20, 10, 20)) < 0.1",
    "1 = CONTAINS(CIRCLE(10, 20, 0.1), outline)",
    "1 = ivo_hasword(object, 'x')",
    "AREA(outline) > 1",
]


@pytest.mark.parametrize("condition", SLOW)
def test_time_tells_nothing_of_hidden_rows(archive: HiddenRows, condition: str) -> None:
    """What takes longer for some values than for others is computed after a row is known to be seen."""
    statement = archive.statement(f"SELECT number FROM site.frames WHERE {condition}", PUBLIC)
    with psycopg.connect(archive.database.server.reader) as reader:
        reader.execute("SET enable_indexscan = off; SET enable_bitmapscan = off")
        plan = "\n".join(str(line) for (line,) in reader.execute(f"EXPLAIN {statement.sql}".encode()))
    kept, _, last = plan.partition("is_shown")
    assert last
    words = {"~~", "keyword", "polygon_distance", "holds", "tsvector", "area", "meets"}
    assert not any(word in kept for word in words) and any(word in last for word in words), plan


def test_the_number_of_rows_that_is_told_is_that_of_public_ones(archive: HiddenRows) -> None:
    archive.database.refresh_row_counts()
    names = "('site.frames', 'prov.entity')"
    counted = f"SELECT table_name, nrows FROM tap_schema.tables WHERE table_name IN {names}"
    told = rows(archive.database, archive.statement(counted, PUBLIC))
    assert sorted(told) == [("prov.entity", 3), ("site.frames", 3)]


def test_nobody_sees_the_columns_that_hide(archive: HiddenRows) -> None:
    for column in ("hidden_until", "hidden_for", '"hidden_until"'):
        with pytest.raises(UnknownColumn):
            archive.statement(f"SELECT {column} FROM site.frames", OPERATOR)
    assert archive.statement("SELECT * FROM site.frames", OPERATOR).fields == tuple(
        column.field for column in FRAMES.columns
    )


# --- the setting by which the second wall knows who asks ----------------------------------------------------


def test_a_connection_forgets_whose_it_was(test_cluster: ClusterForTests) -> None:
    config = replace(test_cluster.config, concurrent_queries=1)
    with test_cluster.database(config=config) as database, hidden_rows(database) as archive:
        query = "SELECT number FROM site.frames"
        for viewer in (SOPHIE, PUBLIC, KIRSTEN, PUBLIC):
            assert archive.values(archive.unguarded(query, viewer)) == SEEN[viewer]
            with database.run(
                archive.unguarded(query, viewer), maxrec=2, first_seconds=9.0, total_seconds=9.0
            ) as result:
                assert sum(batch.num_rows for batch in result) == 2
            database.run(
                archive.unguarded(query, viewer), maxrec=0, first_seconds=9.0, total_seconds=9.0
            ).close()
        failing = archive.unguarded("SELECT 1 / (number - 2) FROM site.frames", KIRSTEN)
        with pytest.raises(QueryFailed):
            rows(database, failing)
        assert archive.values(archive.unguarded(query, PUBLIC)) == SEEN[PUBLIC]


@pytest.mark.parametrize("object", ["NGC", "a; COMMIT; SELECT 1"])
def test_what_is_hidden_is_told_before_the_first_row(archive: HiddenRows, object: str) -> None:
    """On a connection that has been asked before, too, and of tables of which no row is in the result."""
    query = f"SELECT f.number FROM site.frames AS f, dbo.raw WHERE f.object = '{object}'"
    with archive.database.writer() as connection:
        connection.execute("DELETE FROM dfs.download")
    for viewer in (KIRSTEN, KIRSTEN, SOPHIE, OPERATOR, PUBLIC, STRANGER):
        rows(archive.database, archive.statement(query, viewer))
    with archive.database.writer() as connection:
        told = connection.execute("SELECT account, table_name, run_id FROM dfs.download").fetchall()
    of_each = {
        "kirsten": 2 * [("dbo.raw", ONE), ("site.frames", ONE)],
        "sophie": [(table, run) for table in ("dbo.raw", "site.frames") for run in (ONE, TWO)],
        "tycho": [("dbo.raw", None), ("site.frames", None)],
    }
    assert sorted(told, key=str) == sorted(
        ((account, *each) for account, found in of_each.items() for each in found), key=str
    )


def test_a_lost_connection_is_replaced_for_who_has_rights(archive: HiddenRows) -> None:
    query = archive.statement("SELECT number FROM site.frames", KIRSTEN)
    for _ in range(2):
        assert archive.values(query) == SEEN[KIRSTEN]
        with archive.database.writer() as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE usename = 'archive_reader' AND datname = current_database()"
            )


def test_without_a_record_there_are_no_rows(archive: HiddenRows) -> None:
    with psycopg.connect(archive.database.server.owner) as owner:
        owner.execute("ALTER TABLE dfs.download ADD CONSTRAINT none CHECK (account <> 'kirsten') NOT VALID")
    try:
        with pytest.raises(psycopg.errors.CheckViolation):
            rows(archive.database, archive.statement("SELECT number FROM site.frames", KIRSTEN))
    finally:
        with psycopg.connect(archive.database.server.owner) as owner:
            owner.execute("ALTER TABLE dfs.download DROP CONSTRAINT none")
    assert archive.values(archive.statement("SELECT number FROM site.frames", KIRSTEN)) == SEEN[KIRSTEN]


def test_a_query_cannot_set_it(archive: HiddenRows) -> None:
    with (
        psycopg.connect(archive.database.server.reader) as reader,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        reader.execute(f"SELECT set_config('uraniborg.keys', '{{{ONE}}}', true)".encode())


@pytest.mark.parametrize("keys", [b"", b"{}", b"{,}", b"nonsense"])
def test_a_setting_that_is_none_shows_nothing(archive: HiddenRows, keys: bytes) -> None:
    with psycopg.connect(archive.database.server.reader) as reader:
        reader.execute(b"SET uraniborg.keys = '" + keys + b"'")
        try:
            found = reader.execute("SELECT number FROM site.frames").fetchall()
        except psycopg.errors.InvalidTextRepresentation:
            return
        assert {number for (number,) in found} == SEEN[PUBLIC]


def test_readers_cannot_write_and_see_no_other_way(archive: HiddenRows) -> None:
    with psycopg.connect(archive.database.server.reader, autocommit=True) as reader:
        reader.execute("SET default_transaction_read_only = off")
        for statement in (
            "UPDATE site.frames SET hidden_until = NULL",
            "DELETE FROM site.frames",
            "ALTER TABLE site.frames DISABLE ROW LEVEL SECURITY",
            "DROP POLICY shown ON site.frames",
            "SET ROLE archive_operator",
            "SET SESSION AUTHORIZATION archive_writer",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                reader.execute(statement.encode())
        reader.execute("SET row_security = off")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reader.execute("SELECT number FROM site.frames")


# --- declarations -----------------------------------------------------------------------------------------


def test_declarations() -> None:
    assert table_from_json(table_to_json(FRAMES)) == FRAMES
    first = replace(FRAMES, hidden_at_first=True, history="site.frames_version")
    assert table_from_json(table_to_json(first)) == first
    versions = history_table(first, "All versions")
    assert (versions.hides, versions.hidden_at_first) == ("run", True)
    for change, reason in (
        ({"hides": "nothing"}, "hiding names no column"),
        ({"kind": "view"}, "rows are hidden in the tables that the view reads"),
        ({"hides": "", "hidden_at_first": True}, "name what they belong to"),
        ({"columns": (*FRAMES.columns, Column("hidden_for", TEXT, description="Mine"))}, "of its own"),
    ):
        with pytest.raises(DeclarationError, match=reason):
            replace(FRAMES, **change)


def test_views_leave_no_table_with_hidden_rows_out() -> None:
    """Brackets are what the compiler knows them by."""
    hiding = {
        f"{table.physical_schema}.{table.physical_name}"
        for schema in builtin_schemas()
        for table in schema.tables
        if table.hides
    }
    for query in QUERIES.values():
        named = set(re.findall(r"(?:FROM|JOIN) \[?([a-z0-9_]+\.[a-z0-9_]+)", query))
        assert set(re.findall(r"\[([^\]]*)\]", query)) == named & hiding
