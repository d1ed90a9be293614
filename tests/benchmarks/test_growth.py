"""How cones, counts and crossmatches grow with the table: what is found stays the same, the table does not.

A million and ten million rows in `make bench`, fifty million in `make soak`. The stars lie as densely
whatever their number, over so much more of the sky: a cone finds as many, and only the table and its index
have grown.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator

import numpy as np
import pyarrow as pa
import pytest

from archive.database.bulk import load_table
from archive.declare import types
from archive.declare.columns import Column
from archive.declare.tables import Schema, Table
from archive.testing import ClusterForTests
from tests.query.sky import Sky

from .figures import Figure, Figures

MILLION = 1_000_000
TARGETS = 100_000
RADIUS = 1 / 3600


def _table(name: str) -> Table:
    return Table(
        f"growth.{name}",
        (
            Column("id", types.LONG, ucd="meta.id;meta.main", description="Number"),
            Column("ra", types.DOUBLE, "deg", "pos.eq.ra;meta.main", description="Right ascension"),
            Column("dec", types.DOUBLE, "deg", "pos.eq.dec;meta.main", description="Declination"),
        ),
        "Stars of a band around the equator, as wide as their number",
        positions=(("ra", "dec"),),
    )


STARS, FEW = _table("stars"), _table("targets")
GROWTH = Schema("growth", (STARS, FEW), "Tables that grow")


def _batches(table: Table, count: int, width: float, seed: int) -> Iterator[pa.RecordBatch]:
    """Positions in the strip of the first `width` degrees of right ascension, 20 degrees high."""
    random = np.random.default_rng(seed)
    for begin in range(0, count, MILLION):
        size = min(MILLION, count - begin)
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(np.arange(begin, begin + size)),
                pa.array(random.uniform(0, width, size)),
                pa.array(random.uniform(-10, 10, size)),
            ],
            names=[column.name for column in table.columns],
        )


def _filled(cluster: ClusterForTests, millions: int) -> Iterator[Sky]:
    """Seven degrees for each million, so that fifty fill nearly the whole circle; targets over the first."""
    with cluster.database() as database:
        with database.writer() as connection:
            load_table(
                connection, STARS, _batches(STARS, millions * MILLION, 7.0 * millions, 1), schema=GROWTH
            )
            load_table(connection, FEW, _batches(FEW, TARGETS, 7.0, 2), schema=GROWTH)
        database.refresh_row_counts()
        yield Sky(database)


QUERIES = {
    "cone of 0.1 degrees": "SELECT * FROM growth.stars WHERE DISTANCE(POINT(ra, dec), POINT(3.5, 1)) < 0.1",
    "count in 1 degree": "SELECT COUNT(*) AS n FROM growth.stars "
    "WHERE 1 = CONTAINS(POINT(ra, dec), CIRCLE(3.5, 1, 1))",
    "100,000 targets matched at 1 arcsecond": "SELECT COUNT(*) AS n FROM growth.targets AS t "
    f"JOIN growth.stars AS s ON 1 = CONTAINS(POINT(t.ra, t.dec), CIRCLE(s.ra, s.dec, {RADIUS!r}))",
}


def _median(work: Callable[[], object], times: int) -> float:
    work()
    seconds = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds)


def _measure(sky: Sky) -> dict[str, float]:
    return {
        name: _median(lambda query=query: sky.ask(query), 3 if "JOIN" in query else 20)  # type: ignore[misc]
        for name, query in QUERIES.items()
    }


@pytest.fixture(scope="module")
def million(test_cluster: ClusterForTests) -> dict[str, float]:
    measured = {}
    for sky in _filled(test_cluster, 1):
        measured = _measure(sky)
    return measured


def _compare(cluster: ClusterForTests, million: dict[str, float], figures: Figures, millions: int) -> None:
    for sky in _filled(cluster, millions):
        for name, seconds in _measure(sky).items():
            case = f"{name}, {millions} million rows"
            # An index of n rows is log n high; more than that and a half is a scan, or a wrong plan.
            figures.add(Figure("Growth", case, seconds, limit=million[name], against="1 million", most=3.0))


@pytest.mark.bench
def test_ten_million_rows(test_cluster: ClusterForTests, million: dict[str, float], figures: Figures) -> None:
    _compare(test_cluster, million, figures, 10)


@pytest.mark.soak
def test_fifty_million_rows(
    test_cluster: ClusterForTests, million: dict[str, float], figures: Figures
) -> None:
    _compare(test_cluster, million, figures, 50)
