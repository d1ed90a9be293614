"""What it costs that rows of a table can be hidden: small queries beside those of a table where none can.

Both tables have the same rows in the same order, none of which is hidden, and are asked by TAP. Of who has
rights on runs the database has to know the keys, and has to tell what is to be recorded, in the same trip.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from archive.database.bulk import load_table
from archive.query import compile
from archive.query.viewer import PUBLIC, Viewer
from tap.adql.resolve import translate
from tests.benchmarks.beside import Beside, Request, server_beside
from tests.benchmarks.figures import Figure, Figures
from tests.benchmarks.test_sky_index import rows
from tests.database.support import rows as answered
from tests.query.sky import SKY, STARS

pytestmark = pytest.mark.bench

GROUP = "Small queries of a table with hidden rows"
COUNT, TIMES = 1_000_000, 300
MOST = 1.1
MOST_WITH_RIGHTS = 1.2  # of a query alone, which by HTTP takes two to three times as long
PLAIN = replace(STARS, name="sky.plain", primary_key=("id",))
HIDING = replace(STARS, name="sky.hiding", primary_key=("id",), hides="id")
QUERIES = {
    "TOP 1": "SELECT TOP 1 * FROM {table}",
    "one row by its key": "SELECT * FROM {table} WHERE id = 54321",
    "cone of 0.1 degrees": "SELECT * FROM {table} WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(40, -20, 0.1))",
    "count in 1 degree": (
        "SELECT COUNT(*) AS n FROM {table} WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(200, 55, 1))"
    ),
}


@pytest.fixture(scope="module")
def site() -> Iterator[Beside]:
    with server_beside() as site:
        for table in (PLAIN, HIDING):
            with site.database.writer() as connection:
                load_table(connection, table, [rows(STARS, COUNT, 1)], schema=SKY)
        time.sleep(1.5)  # the server looks once a second for what is new
        yield site


def asked(query: str) -> Request:
    parameters = urlencode({"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"})
    return Request(f"/tap/sync?{parameters}", headers={"Cache-Control": "no-cache"})


def of_tables(query: str) -> Mapping[str, str]:
    return {table.name: query.format(table=table.name) for table in (PLAIN, HIDING)}


@pytest.mark.parametrize("name", QUERIES)
def test_nobody_pays_for_what_is_not_hidden(site: Beside, name: str, figures: Figures) -> None:
    queries = of_tables(QUERIES[name])
    medians = site.medians({table: asked(query) for table, query in queries.items()}, TIMES)
    plain, hiding = medians[PLAIN.name], medians[HIDING.name]
    figures.add(Figure(GROUP, name, hiding, limit=plain, against="without", most=MOST))


@pytest.mark.parametrize("name", QUERIES)
def test_who_has_rights(site: Beside, name: str, figures: Figures) -> None:
    """Without HTTP, which knows no such user here."""
    query = of_tables(QUERIES[name])[HIDING.name]
    catalogue = site.database.catalogue
    viewers = {"nobody": PUBLIC, "owner": Viewer("kirsten", keys=("116.25AB", "116.25AB.001"))}
    statements = {who: compile(translate(query, catalogue), viewer=viewer) for who, viewer in viewers.items()}
    taken: dict[str, list[float]] = {who: [] for who in viewers}
    for _ in range(TIMES):
        for who, statement in statements.items():
            begin = time.perf_counter()
            answered(site.database, statement)
            taken[who].append(time.perf_counter() - begin)
    nobody, owner = (statistics.median(each) for each in taken.values())
    figures.add(
        Figure(
            GROUP,
            f"{name}, with rights on a run",
            owner,
            limit=nobody,
            against="nobody",
            most=MOST_WITH_RIGHTS,
        )
    )
