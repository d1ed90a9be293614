"""Small queries beside a route that only runs their SQL: what parsing, limits, formats and streams cost.

The million stars and the rows' order are those of `test_sky_index`; docs/performance.md holds the figures.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from math import asin, degrees
from urllib.parse import urlencode

import pytest

from archive.database.bulk import load_table
from archive.query import compile
from tap.adql.resolve import translate
from tests.benchmarks.beside import Beside, Request, adql, server_beside
from tests.benchmarks.figures import Figure, Figures
from tests.benchmarks.test_sky_index import rows
from tests.query.sky import SKY, STARS

pytestmark = pytest.mark.bench

TIMES, ROUNDS = 200, 12
# No answer is one that was kept.
ANEW = {"Cache-Control": "no-cache"}
MAXREC = 100_000  # the default
QUERIES = {
    "TOP 1": "SELECT TOP 1 * FROM sky.stars",
    "cone of 0.1 degrees": "SELECT * FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(40, -20, 0.1))",
    "count in 1 degree": (
        "SELECT COUNT(*) AS n FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(200, 55, 1))"
    ),
    "join in TAP_SCHEMA": (
        "SELECT t.table_name, c.column_name, c.datatype FROM tap_schema.tables AS t "
        "JOIN tap_schema.columns AS c ON c.table_name = t.table_name WHERE t.schema_name = 'tap_schema'"
    ),
}
# How much longer than the route beside it a query may take at most: alone, and among many (half the rate).
MOST, MOST_BUSY = 2.5, 2.0


@pytest.fixture(scope="module")
def site() -> Iterator[Beside]:
    with server_beside() as site:
        with site.database.writer() as connection:
            load_table(connection, STARS, [rows(STARS, 1_000_000, 1)], schema=SKY)
        with site.database.writer() as connection:
            connection.execute(b"ANALYZE sky.stars")
        time.sleep(1.5)  # the server looks once a second for what is new
        yield site


def floor(site: Beside, query: str, path: str = "/floor") -> Request:
    sql = compile(translate(query, site.database.catalogue), limit=MAXREC + 1).sql
    return Request(f"{path}?{urlencode({'sql': sql})}")


def asked(query: str, **parameters: str) -> Request:
    """By GET, as the route is."""
    return Request(f"/tap/sync?{urlencode({'LANG': 'ADQL', 'QUERY': query, **parameters})}", headers=ANEW)


@pytest.mark.parametrize("name", QUERIES)
def test_one_client(site: Beside, name: str, figures: Figures) -> None:
    query = QUERIES[name]
    medians = site.medians(
        {
            "route": floor(site, query),
            "route without threads": floor(site, query, "/floor/async"),
            "CSV": asked(query, RESPONSEFORMAT="csv"),
            "VOTable": asked(query),
            "CSV, POST": replace(adql(query, RESPONSEFORMAT="csv"), headers=ANEW),
        },
        TIMES,
    )
    for what in ("CSV", "VOTable", "CSV, POST"):
        figures.add(
            Figure(
                "Small queries, one client",
                f"{name}, {what}",
                medians[what],
                limit=medians["route"],
                against="bare route",
                most=MOST,
            )
        )
    beside, route = medians["route without threads"], medians["route"]
    figures.add(
        Figure("Small queries, one client", f"{name}, bare route without threads", beside, limit=route)
    )


def cones(count: int) -> list[str]:
    source = random.Random(4)
    places = [(source.uniform(0, 360), degrees(asin(source.uniform(-1, 1)))) for _ in range(count)]
    return [
        f"SELECT * FROM sky.stars WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE({lon}, {lat}, 0.1))"
        for lon, lat in places
    ]


def seconds(site: Beside, requests: list[Request], clients: int) -> float:
    """Until all of them are answered with 200."""
    failures: list[BaseException] = []

    def work(first: int) -> None:
        try:
            with site.client() as client:
                for request in requests[first::clients]:
                    client.seconds(request)
        except BaseException as failure:
            failures.append(failure)
            raise

    threads = [threading.Thread(target=work, args=(first,)) for first in range(clients)]
    begin = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    return time.perf_counter() - begin


@pytest.mark.parametrize("clients", [8, 32])
def test_many_clients(site: Beside, clients: int, figures: Figures) -> None:
    queries = cones(400)
    beside = [floor(site, query) for query in queries]
    ours = [asked(query, RESPONSEFORMAT="csv") for query in queries]
    taken = {"route": 0.0, "CSV": 0.0}
    # Many short turns, so that a machine whose pace changes is as fast for both.
    for _ in range(ROUNDS):
        taken["route"] += seconds(site, beside, clients)
        taken["CSV"] += seconds(site, ours, clients)
    figures.add(
        Figure(
            "Small queries, many clients",
            f"cone of 0.1 degrees, CSV, {clients} clients, seconds for each",
            taken["CSV"] / (ROUNDS * len(queries)),
            limit=taken["route"] / (ROUNDS * len(queries)),
            against="bare route",
            most=MOST_BUSY,
        )
    )
