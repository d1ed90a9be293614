"""Short queries that grow: what PostgreSQL would make of them fills no machine's memory."""

from __future__ import annotations

import time
from pathlib import Path

import psycopg
import pytest

from archive.database.account import find_account
from archive.testing import ClusterForTests
from tests.security.conftest import Site

_TABLE = "SELECT dp_id AS a, exposure AS b FROM dbo.raw"


def nested(expression: str, depth: int, inner: str = _TABLE) -> str:
    begins = f"SELECT {expression} AS a, b FROM (" * depth
    return f"SELECT TOP 1 a FROM ({begins}{inner}{') AS x' * depth}) AS y"


def chained(depth: int) -> str:
    tables = (f"t{n} AS (SELECT a || a AS a FROM t{n - 1})" for n in range(1, depth))
    return f"WITH t0 AS ({_TABLE}), {', '.join(tables)} SELECT TOP 1 a FROM t{depth - 1}"


GROWING = {
    "texts": nested("a || a", 30),
    "numbers": nested("a + a * a", 30, "SELECT exposure AS a, dp_id AS b FROM dbo.raw"),
    "functions": nested("COALESCE(a, LOWER(a), UPPER(a))", 25),
    "common tables": chained(30),
    "operands of a union": nested("a || a", 17, f"{_TABLE} UNION ALL {_TABLE}"),
    "a condition": f"SELECT TOP 1 dp_id FROM dbo.raw WHERE dp_id = ({nested('a || a', 25)})",
    "columns": "SELECT " + ", ".join(f"a AS a{n}" for n in range(1000)) + nested("a || a", 12)[14:],
    "an order": nested("a || a", 20) + " ORDER BY a || a",
}


@pytest.mark.parametrize("query", GROWING.values(), ids=GROWING)
def test_what_subqueries_compute_is_written_out_so_often_only(site: Site, query: str) -> None:
    """A query of eight hundred characters took 20 GB, and with it the database."""
    begun = time.monotonic()
    answer = site.asking.post("/tap/sync", data={"LANG": "ADQL", "QUERY": query})
    assert answer.status == 400 and "too often" in answer.text, answer.text
    assert time.monotonic() - begun < 5


def geometry(depth: int) -> str:
    inner = geometry(depth - 1) if depth else ""
    return f"CONTAINS(POINT({inner}, 0), CIRCLE(1, 2, {inner}))" if depth else "ra"


LONG = {
    "columns": "SELECT " + ", ".join(f"{geometry(6)} AS a{n}" for n in range(100)) + " FROM dbo.raw",
    "conditions": "SELECT dp_id FROM dbo.raw WHERE " + " AND ".join([f"1 = {geometry(6)}"] * 100),
    "an order": "SELECT dp_id FROM dbo.raw ORDER BY " + ", ".join([geometry(6)] * 100),
    "operands": "SELECT TOP 1 " + " + ".join([geometry(6)] * 100) + " AS a FROM dbo.raw",
}


@pytest.mark.parametrize("query", LONG.values(), ids=LONG)
def test_statements_are_no_longer_than_the_database_takes(site: Site, query: str) -> None:
    """Geometry in geometry is spelled several times: of two kilobytes become two megabytes."""
    begun = time.monotonic()
    answer = site.asking.post("/tap/sync", data={"LANG": "ADQL", "QUERY": query})
    assert answer.status == 400 and "to be computed" in answer.text, answer.text[:500]
    assert time.monotonic() - begun < 10


def test_what_people_ask_is_not_refused(site: Site) -> None:
    for query in (nested("a || a", 8), nested("LOWER(a)", 30), chained(10)):
        answer = site.asking.post("/tap/sync", data={"LANG": "ADQL", "QUERY": query})
        assert answer.status == 200, answer.text


def test_the_database_has_a_share_of_the_memory(test_cluster: ClusterForTests) -> None:
    """A process that wants more ends its query and no other; here the share is small."""
    account = find_account(test_cluster.config.account)
    with test_cluster.database() as made, psycopg.connect(made.server.reader, autocommit=True) as reader:
        process = str(reader.info.backend_pid)
        limits = Path("/proc", process, "limits").read_text().splitlines()
        (soft,) = (line.split()[3] for line in limits if line.startswith("Max data size"))
        assert int(soft) >= 512 << 20
        assert account.run("prlimit", "--pid", process, f"--data={200 << 20}:").returncode == 0
        with pytest.raises(psycopg.errors.OutOfMemory):
            reader.execute("SELECT length(repeat('x', 500000000))")
        assert reader.execute("SELECT 1").fetchone() == (1,)
