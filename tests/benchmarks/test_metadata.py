"""What TOPCAT asks when it starts, on an archive of 300 tables and 5,000 columns, beside bytes from memory.

Each answer is compared with a route of the same server that sends the very same bytes. The requests are those
of all of TOPCAT's modes: the tableset, TAP_SCHEMA in full, TAP_SCHEMA table by table.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

import pytest

from archive.declare.columns import Column
from archive.declare.tables import Schema, Table
from archive.declare.types import DOUBLE, LONG, TEXT
from tests.benchmarks.beside import Beside, Client, Request, adql, server_beside
from tests.benchmarks.figures import Figure, Figures

pytestmark = pytest.mark.bench

TABLES, COLUMNS = 300, 5000
EVERYTHING = {"MAXREC": "99999"}
GZIP = {"Accept-Encoding": "gzip"}
REQUESTS = {
    "number of columns": adql("SELECT COUNT(*) AS nrow FROM TAP_SCHEMA.columns"),
    "/tables?detail=max": Request("/tap/tables?detail=max"),
    "/tables?detail=max, gzip": Request("/tap/tables?detail=max", headers=GZIP),
    "/tables?detail=min": Request("/tap/tables?detail=min"),
    "/tables/NAME": Request("/tap/tables/wide.table_7"),
    "/capabilities": Request("/tap/capabilities"),
    "/examples": Request("/tap/examples"),
    "schemas": adql("SELECT schema_name, description, utype FROM TAP_SCHEMA.schemas", **EVERYTHING),
    "a row of tables": adql("SELECT TOP 1 * FROM TAP_SCHEMA.tables", MAXREC="1"),
    "tables": adql(
        "SELECT schema_name, table_name, table_type, description, utype, table_index FROM TAP_SCHEMA.tables",
        **EVERYTHING,
    ),
    "keys": adql("SELECT * FROM TAP_SCHEMA.keys", **EVERYTHING),
    "key_columns": adql("SELECT * FROM TAP_SCHEMA.key_columns", **EVERYTHING),
    "a row of columns": adql("SELECT TOP 1 * FROM TAP_SCHEMA.columns", MAXREC="1"),
    "columns": adql("SELECT * FROM TAP_SCHEMA.columns", **EVERYTHING),
    "columns of a table": adql(
        "SELECT * FROM TAP_SCHEMA.columns WHERE table_name = 'wide.table_7'", **EVERYTHING
    ),
}
# How much longer than to a GET of bytes from memory an answer may take; the queries are POST requests with a
# form to read.
MOST = 2.5


@pytest.fixture(scope="module")
def site() -> Iterator[Beside]:
    types = (LONG, DOUBLE, TEXT)
    with server_beside() as site:
        published = site.database.catalogue
        missing = COLUMNS - sum(len(table.columns) for table in published)
        count = TABLES - sum(1 for _ in published)
        tables = [
            Table(
                f"wide.table_{number}",
                tuple(
                    Column(
                        f"column_{place}",
                        types[place % 3],
                        ucd="meta.number",
                        description=f"What was measured as number {place} of table {number}",
                    )
                    for place in range(missing * (number + 1) // count - missing * number // count)
                ),
                description=f"Table {number} of the observations of Uraniborg",
            )
            for number in range(count)
        ]
        site.database.publish(tables, [Schema("wide", (), "Many tables")])
        catalogue = site.database.catalogue
        assert sum(1 for _ in catalogue) == TABLES
        assert sum(len(table.columns) for table in catalogue) == COLUMNS
        time.sleep(1.5)  # the server looks once a second for what is new
        yield site


@pytest.mark.parametrize("name", REQUESTS)
def test_metadata_are_sent_as_fast_as_bytes_from_memory(site: Beside, name: str, figures: Figures) -> None:
    request = REQUESTS[name]
    with site.client() as client:
        _, content = client.ask(request)
        ours, static = measured(client, request, content)
    case = f"{name}, {len(content):,} bytes"
    figures.add(
        Figure("Metadata of 300 tables", case, ours, limit=static, against="bytes from memory", most=MOST)
    )


def measured(client: Client, request: Request, content: bytes) -> tuple[float, float]:
    """Median seconds of the request, and of the same bytes from memory, asked in turn."""
    client.put("/floor/static", content)
    fixed = Request("/floor/static")
    ours, static = [], []
    for turn in range(60):
        took = client.seconds(request), client.seconds(fixed)
        if turn >= 10:
            ours.append(took[0])
            static.append(took[1])
    return statistics.median(ours), statistics.median(static)
