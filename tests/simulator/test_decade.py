"""Many years of metadata: rows such as headers and ingest give, and the join that reads indexes only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pyarrow as pa
import pytest

from archive.config import Config
from archive.database import Database, copy_arrow, filling, settle
from archive.declare.dataflow.asm import DIMM
from archive.declare.dataflow.execution import EXECUTION_FILE
from archive.declare.dataflow.exposures import EXPOSURE
from archive.declare.tables import Table
from archive.errors import UsageError
from archive.query import compile
from archive.store import parse_header
from archive.testing import ClusterForTests
from frontdesk.cli import USAGE_STATUS, main
from ingest.exposures import complete_exposures, derive_exposures, follow_exposures
from ingest.keywords import Keywords
from ingest.publication import Publication
from ingest.raw_rows import raw_values
from ingest.simulator import seasons
from ingest.simulator.decade import parts, simulate_rows
from ingest.simulator.decade.loading import TABLES, load_parts
from ingest.simulator.headers import raw_header
from ingest.simulator.times import dp_id
from tap.adql.resolve import translate
from tests.documentation import Page

# Later Pythons warn of processes forked from one with threads.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

SEED = 1576
PUBLICATION = Publication.of(Config())
PARTS = tuple(parts(1, nights=3))
JOIN = Page.read("operators/simulator.md").blocks("sql")[0]

Row = dict[str, Any]


@pytest.fixture(scope="module")
def database(test_cluster: ClusterForTests) -> Iterator[Database]:
    """Six nights of all tables."""
    with test_cluster.database() as own:
        counts = load_parts(own, test_cluster.config, SEED, PARTS, processes=2)
        assert counts.keys() == {table.name for table in TABLES}
        yield own


def rows_of(database: Database, statement: str) -> list[tuple[Any, ...]]:
    with database.writer() as connection:
        return connection.execute(statement.encode()).fetchall()


def sql_of(database: Database, adql: str) -> str:
    return compile(translate(adql, database.catalogue)).sql


# --- rows --------------------------------------------------------------------------------------------


def test_rows_are_what_the_headers_of_the_frames_would_give() -> None:
    """Frames of every kind that only some columns depend on: instruments, templates, lamps and stars."""
    [part, *_] = parts(1, nights=3)
    [season] = seasons(SEED, part.nights, part.evening)
    batches = {table.name: batch for table, batch in simulate_rows(SEED, part, PUBLICATION)}
    exposures = [exposure for night in season.nights for exposure in night.exposures]
    compared: dict[tuple[object, ...], str] = {}
    for row, exposure in zip(batches["dbo.raw"].to_pylist(), exposures, strict=True):
        kind = (exposure.template, exposure.type, exposure.detector, exposure.optics, exposure.number % 2)
        if kind in compared:
            continue
        compared[kind] = row["dp_id"]
        header = parse_header(raw_header(exposure).tostring().encode("ascii"))
        size = row["access_estsize"] * 1000
        expected = dict.fromkeys(row) | raw_values(Keywords([header]), dp_id(exposure), size, PUBLICATION)
        expected["release_date"] = expected["exp_start"]  # headers tell nothing of it
        assert {name: v for name, v in row.items() if not same(name, v, expected[name])} == {}, row
    assert len(compared) > 20


def same(name: str, value: object, expected: object) -> bool:
    if isinstance(value, float) and isinstance(expected, int | float):
        # numpy rounds what ends in 5 in another way than Python; some columns are REAL.
        digits = 0.0101 if "fwhm" in name else 0.00101 if "airm" in name else 0.0
        return value == pytest.approx(expected, rel=3e-7, abs=digits)
    return value == expected


def test_ids_occur_once_and_lead_to_each_other(database: Database) -> None:
    lonely = """
        SELECT x.dp_id FROM dfs.execution_file AS x LEFT JOIN dbo.raw AS r USING (dp_id)
        LEFT JOIN dfs.execution AS e USING (execution_id) LEFT JOIN dfs.ob AS b ON b.ob_id = e.ob_id
        LEFT JOIN dfs.outcome AS o ON o.run_id = e.run_id
        LEFT JOIN dfs.programme AS p USING (programme_id)
        WHERE r.ob_id IS DISTINCT FROM b.ob_id OR r.prog_id IS DISTINCT FROM b.run_id
            OR p.programme_id IS NULL OR r.exp_start NOT BETWEEN e.start_time AND e.end_time
        UNION ALL
        SELECT v.source_file FROM phase3v2.provenance AS v
        LEFT JOIN phase3v2.files AS f ON f.file_id = v.product_file
        LEFT JOIN dbo.raw AS r ON r.dp_id = v.source_file
        LEFT JOIN phase3v2.files AS m ON m.archive_id = v.source_file
        WHERE f.file_id IS NULL OR (r.dp_id IS NULL AND m.file_id IS NULL)"""
    assert rows_of(database, lonely) == []
    [(files, names)] = rows_of(database, "SELECT count(*), count(DISTINCT archive_id) FROM phase3v2.files")
    assert files == names > 0
    assert len(rows_of(database, "SELECT DISTINCT instrument, dp_cat FROM dbo.raw")) > 6


def test_the_same_seed_gives_the_same_rows() -> None:
    def told(seed: int) -> list[tuple[str, pa.RecordBatch]]:
        rows = simulate_rows(seed, next(parts(1, nights=1)), PUBLICATION)
        return [(table.name, batch) for table, batch in rows]

    assert told(1) == told(1) != told(2)


def test_only_a_new_archive_is_filled(database: Database) -> None:
    with pytest.raises(UsageError, match=r"dfs\.programme has rows already"):
        load_parts(database, Config(), SEED, PARTS)


@pytest.mark.parametrize("arguments", [[], ["folder", "--years", "1"], ["--years", "28"]])
def test_a_command_that_contradicts_itself_is_refused(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["simulate", *arguments]) == USAGE_STATUS
    assert "say" in capsys.readouterr().err


# --- exposures are what ingest derives -----------------------------------------------------------------

ALL_EXPOSURES = (
    f"SELECT {', '.join(column.name for column in EXPOSURE.columns)} FROM dfs.exposure ORDER BY dp_id"
)


def test_exposures_are_what_ingest_derives(database: Database) -> None:
    before = rows_of(database, ALL_EXPOSURES)
    with database.writer() as connection:
        connection.execute("DELETE FROM dfs.exposure")
        complete_exposures(connection)
        assert connection.execute(ALL_EXPOSURES.encode()).fetchall() == before
        assert sum(row[-2] is not None for row in before) > 100


def test_what_comes_last_completes_the_exposures(database: Database) -> None:
    """Executions and the weather may come after the files; what goes away leaves nothing behind."""
    before = rows_of(database, ALL_EXPOSURES)
    with database.writer() as connection, connection.transaction(force_rollback=True):
        for table, name in ((EXECUTION_FILE, "execution_id"), (DIMM, "seeing")):
            columns = ", ".join(column.physical_name for column in table.columns)
            kept = connection.execute(f"SELECT {columns} FROM {table.name}".encode()).fetchall()
            batch = pa.RecordBatch.from_pydict(
                {
                    c.name: pa.array([row[n] for row in kept], c.type.arrow)
                    for n, c in enumerate(table.columns)
                }
            )
            connection.execute(f"DELETE FROM {table.name}".encode())
            derive_exposures(connection)
            found = f"SELECT count(*) FROM dfs.exposure WHERE {name} IS NOT NULL".encode()
            assert connection.execute(found).fetchall() == [(0,)]
            copy_arrow(connection, table, iter([batch]))
            follow_exposures(connection, {table.name: [batch]}, datetime(2026, 1, 1))  # noqa: DTZ001
            assert connection.execute(ALL_EXPOSURES.encode()).fetchall() == before
        connection.execute("DELETE FROM dbo.raw WHERE dp_id = %s", (before[0][0],))
        derive_exposures(connection, [before[0][0], before[1][0]])
        assert connection.execute(ALL_EXPOSURES.encode()).fetchall() == before[1:]


# --- the join ------------------------------------------------------------------------------------------


def test_the_join_finds_what_a_loop_over_all_rows_finds(database: Database) -> None:
    found = rows_of(database, sql_of(database, JOIN))
    assert found == sorted(brute_force(database), key=lambda row: (row[5], row[6] or "~")) and len(found) > 10


# Columns that name rows, as texts and as numbers.
NAMES = {"programme_id", "run_id", "execution_id", "dp_id", "source_file", "archive_id"}
NUMBERS = {"ob_id", "file_id", "product_file"}
COPIES = 60


@pytest.fixture(scope="module")
def many(test_cluster: ClusterForTests) -> Iterator[Database]:
    """The tables of the join as after a year: three nights over and over, under other names each time."""
    tables = [table for table in TABLES if f"{table.name} AS" in JOIN]
    with test_cluster.database() as own:
        with own.writer() as connection, filling(connection, tables):
            for table, batch in simulate_rows(SEED, PARTS[0], PUBLICATION):
                if table in tables:
                    copy_arrow(connection, table, iter([batch]))
            for table in tables:
                connection.execute(repeated(table).encode(), (COPIES,))
        with own.connect() as connection:
            settle(connection, tables)
        yield own


def repeated(table: Table) -> str:
    def value(name: str) -> str:
        if name in NAMES:
            return f"{name} || '-' || n"
        if name == "abstract":
            return "repeat(abstract, 15)"  # as long as they are
        return f"{name} + n * 10000000000" if name in NUMBERS else name

    names = [column.physical_name for column in table.columns]
    values = ", ".join(map(value, names))
    return (
        f"INSERT INTO {table.name} ({', '.join(names)})"
        f" SELECT {values} FROM {table.name}, generate_series(1, %s) AS n"
    )


def test_the_join_reads_indexes_only(many: Database) -> None:
    """Tables of a few pages would be read whole. The benchmarks ask for ten years."""
    first = JOIN.replace("SELECT", "SELECT TOP 1000", 1)
    [(programme,)] = rows_of(many, "SELECT min(programme_id) FROM dfs.outcome WHERE priority_class = 'A'")
    one = JOIN.replace("ORDER BY", f"AND p.programme_id = '{programme}' ORDER BY")
    with psycopg.connect(many.server.reader) as reader:
        for adql in (JOIN, first, one):
            lines = reader.execute(f"EXPLAIN {sql_of(many, adql)}".encode())
            plan = "\n".join(str(line) for (line,) in lines)
            assert "Index Only Scan" in plan and "Seq Scan" not in plan, f"{adql}\n{plan}"


def brute_force(database: Database) -> Iterator[tuple[Any, ...]]:
    """Without dfs.exposure: from executions, raw files and measurements."""

    def all_of(table: str, *columns: str) -> list[tuple[Any, ...]]:
        return rows_of(database, f"SELECT {', '.join(columns)} FROM {table}")

    programmes = dict(all_of("dfs.programme", "programme_id", "pi_name"))
    outcomes = all_of("dfs.outcome", "run_id", "programme_id", "priority_class")
    first = {run: programme for run, programme, priority in outcomes if priority == "A"}
    names = dict(all_of("dfs.ob", "ob_id", "ob_name"))
    starts = dict(all_of("dbo.raw", "dp_id", "exp_start"))
    seen = all_of("asm.dimm_paranal", "start_date", "fwhm", "valid")
    measured = sorted((start, fwhm) for start, fwhm, valid in seen if valid)
    files = dict(all_of("phase3v2.files", "file_id", "archive_id"))
    made = defaultdict(list)
    for source, product in all_of("phase3v2.provenance", "source_file", "product_file"):
        made[source].append(files[product])
    executed = {
        row[0]: row[1:] for row in all_of("dfs.execution", "execution_id", "run_id", "ob_id", "grade")
    }
    for execution, name in all_of("dfs.execution_file", "execution_id", "dp_id"):
        run, block, grade = executed[execution]
        before = [one for one in measured if one[0] <= starts[name]][-1:]
        recent = [fwhm for start, fwhm in before if start > starts[name] - timedelta(minutes=10)]
        if run in first and recent and recent[0] < 0.6:
            for product in made[name] or [None]:
                programme = first[run]
                yield programme, programmes[programme], names[block], grade, recent[0], name, product
