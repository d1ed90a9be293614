"""From the best programmes to their files in good seeing, on twelve years of an observatory's metadata.

The query of docs/operators/simulator.md over two million raw frames: all rows, the first ones, one programme.
Its plan reads indexes only. It is timed beside a table that somebody has prepared for just this query, and
beside the same question put to the tables that `dfs.exposure` is derived from.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Iterator

import psycopg
import pytest

from archive.database import Database
from archive.query import compile
from archive.testing import ClusterForTests
from ingest.simulator.decade import parts
from ingest.simulator.decade.loading import load_parts
from tap.adql.resolve import translate
from tests.documentation import Page

from .figures import Figure, Figures

pytestmark = [
    pytest.mark.bench,
    # Later Pythons warn of processes forked from one with threads.
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
]

GROUP = "Files of the best programmes in good seeing, twelve years of metadata"
JOIN = Page.read("operators/simulator.md").blocks("sql")[0]
LEAST = 2_000_000  # raw frames
SEED = 1576
YEARS = 12
CORES = len(os.sched_getaffinity(0))
TIMES = 5
PREPARED = (
    "CREATE TABLE archive.prepared AS {join}",
    "ANALYZE archive.prepared",
    "GRANT USAGE ON SCHEMA archive TO archive_reader",
    "GRANT SELECT ON archive.prepared TO archive_reader",
)
FROM_PREPARED = "SELECT * FROM archive.prepared ORDER BY 6, 7"
# As dfs.exposure is not there.
UNPREPARED = """
SELECT p.programme_id, p.pi_name, b.ob_name, e.grade, d.fwhm AS seeing, r.dp_id AS raw_file,
    f.archive_id AS product_file
FROM dfs.outcome AS o
JOIN dfs.programme AS p ON p.programme_id = o.programme_id
JOIN dfs.execution AS e ON e.run_id = o.run_id
JOIN dfs.ob AS b ON b.ob_id = e.ob_id
JOIN dfs.execution_file AS x ON x.execution_id = e.execution_id
JOIN dbo.raw AS r ON r.dp_id = x.dp_id
JOIN asm.dimm_paranal AS d ON d.start_date = (SELECT MAX(m.start_date) FROM asm.dimm_paranal AS m
    WHERE m.start_date <= r.exp_start AND m.valid = 1)
LEFT JOIN phase3v2.provenance AS v ON v.source_file = r.dp_id
LEFT JOIN phase3v2.files AS f ON f.file_id = v.product_file
WHERE o.priority_class = 'A' AND d.fwhm < 0.6 AND d.start_date > r.exp_start - interval '10 minutes'
ORDER BY raw_file, product_file
"""


@pytest.fixture(scope="module")
def decade(test_cluster: ClusterForTests, figures: Figures) -> Iterator[Database]:
    with test_cluster.database() as database:
        begin = time.perf_counter()
        counts = load_parts(database, test_cluster.config, SEED, tuple(parts(YEARS)), processes=CORES)
        seconds = time.perf_counter() - begin
        assert counts["dbo.raw"] >= LEAST
        case = f"making and loading {sum(counts.values()):,} rows, {counts['dbo.raw']:,} of them raw frames"
        figures.add(Figure(GROUP, case, seconds, most=1800))
        with database.writer() as connection:
            for statement in PREPARED:
                connection.execute(statement.format(join=sql_of(database, JOIN)).encode())
        yield database


@pytest.fixture(scope="module")
def reader(decade: Database) -> Iterator[psycopg.Connection]:
    """As the role that runs users' queries, with its settings."""
    with psycopg.connect(decade.server.reader) as connection:
        yield connection


def sql_of(database: Database, adql: str) -> str:
    return compile(translate(adql, database.catalogue)).sql


def variants(database: Database) -> dict[str, str]:
    unordered, _, order = JOIN.partition("ORDER BY")
    first = JOIN.replace("SELECT", "SELECT TOP 1000", 1)
    with database.writer() as connection:
        found = connection.execute(
            "SELECT min(o.programme_id) FROM dfs.outcome AS o JOIN dfs.exposure AS x ON x.run_id = o.run_id"
            " WHERE o.priority_class = 'A' AND x.seeing < 0.6"
        ).fetchone()
    assert found is not None
    queries = {
        "all rows": JOIN,
        "TOP 1000": first,
        "one programme": f"{unordered} AND p.programme_id = '{found[0]}' ORDER BY {order}",
    }
    return {case: sql_of(database, adql) for case, adql in queries.items()}


def copied(connection: psycopg.Connection, statement: str) -> list[bytes]:
    """All rows as the archive gets them, by COPY."""
    with connection.cursor().copy(f"COPY ({statement}) TO STDOUT".encode()) as copy:
        return b"".join(bytes(part) for part in copy).splitlines()


def median_of(connection: psycopg.Connection, statement: str) -> float:
    copied(connection, statement)
    seconds = []
    for _ in range(TIMES):
        begin = time.perf_counter()
        copied(connection, statement)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def test_it_reads_indexes_only(decade: Database, reader: psycopg.Connection) -> None:
    for case, statement in variants(decade).items():
        plan = "\n".join(str(line) for (line,) in reader.execute(f"EXPLAIN {statement}".encode()))
        assert "Index Only Scan" in plan and "Seq Scan" not in plan, f"{case}\n{plan}"


def test_it_takes(decade: Database, reader: psycopg.Connection, figures: Figures) -> None:
    queries = variants(decade)
    found = copied(reader, queries["all rows"])
    begin = time.perf_counter()
    assert copied(reader, UNPREPARED) == found
    unprepared = time.perf_counter() - begin
    case = f"all {len(found):,} rows"
    seconds = median_of(reader, queries["all rows"])
    prepared = median_of(reader, FROM_PREPARED)
    figures.add(Figure(GROUP, case, seconds, limit=prepared, against="from a prepared table", most=20.0))
    figures.add(Figure(GROUP, case, seconds, limit=unprepared, against="without dfs.exposure", most=0.5))
    for case, most in (("TOP 1000", 1.0), ("one programme", 0.1)):
        figures.add(Figure(GROUP, case, median_of(reader, queries[case]), most=most))
