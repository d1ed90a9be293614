"""Cones on a table of a million rows: all are answered through the index, and as fast as pg_sphere by hand.

The figures of docs/performance.md. The hand-written queries have what a database administrator would make: a
column of type spoint and an index on it, in the same order of rows.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator
from math import asin, degrees

import numpy as np
import psycopg
import pyarrow as pa
import pytest

from archive.database import Database
from archive.database.bulk import load_table
from archive.declare.tables import Table
from archive.query import compile
from archive.testing import ClusterForTests
from tap.adql.resolve import translate
from tests.benchmarks.figures import Figure, Figures
from tests.query.sky import SKY, STARS, TARGETS, Sky
from tests.query.test_index_use import CONES, JOINS, STARS_INDEX

pytestmark = pytest.mark.bench

STAR_COUNT, TARGET_COUNT = 1_000_000, 10_000
HAND_WRITTEN = """
CREATE TABLE sky.hand_stars AS SELECT id, public.spoint(radians(ra), radians("dec")) AS place FROM sky.stars;
CREATE TABLE sky.hand_targets AS
    SELECT id, public.spoint(radians(lon), radians(lat)) AS place FROM sky.targets;
CREATE INDEX ON sky.hand_stars USING gist (place);
CREATE INDEX ON sky.hand_targets USING gist (place);
"""
FORMS = (
    "1 = CONTAINS(POINT(ra, dec), CIRCLE({0}, {1}, {2}))",
    "INTERSECTS(CIRCLE({0}, {1}, {2}), POINT(ra, dec)) = 1",
    "DISTANCE(POINT(ra, dec), POINT({0}, {1})) < {2}",
)
# How much longer than by hand a query may take at most.
MOST = 2.5


def rows(table: Table, count: int, seed: int) -> pa.RecordBatch:
    """Random positions all over the sky; the other columns are numbers, or empty."""
    rng = np.random.default_rng(seed)
    positions = {
        "ra": rng.uniform(0, 360, count),
        "dec": np.degrees(np.arcsin(rng.uniform(-1, 1, count))),
        "id": np.arange(count),
        "radius": np.full(count, 0.01),
    }
    positions |= {"ra4": positions["ra"], "dec4": positions["dec"]}
    positions |= {"lon": positions["ra"], "lat": positions["dec"]}
    arrays = [
        pa.array(positions[column.name]).cast(column.type.arrow)
        if column.name in positions
        else pa.nulls(count, column.type.arrow)
        for column in table.columns
    ]
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in table.columns])


@pytest.fixture(scope="module")
def big_sky(test_cluster: ClusterForTests) -> Iterator[Sky]:
    with test_cluster.database() as database:
        with database.writer() as connection:
            for table, count, seed in ((STARS, STAR_COUNT, 1), (TARGETS, TARGET_COUNT, 2)):
                load_table(connection, table, [rows(table, count, seed)], schema=SKY)
        with database.writer() as connection:
            connection.execute(HAND_WRITTEN.encode())
            connection.execute(b"ANALYZE sky.hand_stars, sky.hand_targets")
        yield Sky(database)


@pytest.mark.parametrize("condition", CONES)
def test_no_cone_scans_the_table(big_sky: Sky, condition: str) -> None:
    plan = big_sky.plan(f"SELECT * FROM sky.stars WHERE {condition}")
    assert STARS_INDEX in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("condition", JOINS)
@pytest.mark.parametrize(
    "tables", ["sky.stars AS s JOIN sky.targets AS t", "sky.targets AS t JOIN sky.stars AS s"]
)
def test_no_join_scans_the_larger_table(big_sky: Sky, tables: str, condition: str) -> None:
    plan = big_sky.plan(f"SELECT s.id, t.id FROM {tables} ON {condition}")
    assert STARS_INDEX in plan
    assert "Seq Scan on stars" not in plan
    comma = tables.replace(" JOIN ", ", ")
    assert "Seq Scan on stars" not in big_sky.plan(f"SELECT s.id, t.id FROM {comma} WHERE {condition}")


def places(count: int) -> list[tuple[float, float]]:
    source = random.Random(9)
    return [(source.uniform(0, 360), degrees(asin(source.uniform(-1, 1)))) for _ in range(count)]


def seconds(connection: psycopg.Connection, sql: str) -> tuple[float, int]:
    started = time.perf_counter()
    row = connection.execute(sql.encode(), prepare=False).fetchone()
    assert row is not None
    return time.perf_counter() - started, int(row[0])


def translated(database: Database, text: str) -> str:
    return compile(translate(text, database.catalogue)).sql


@pytest.mark.parametrize(("radius", "count"), [(0.1, 400), (1.0, 200), (10.0, 40)])
def test_cones_are_as_fast_as_by_hand(big_sky: Sky, radius: float, count: int, figures: Figures) -> None:
    with big_sky.database.writer() as connection:
        times: dict[str, list[float]] = {form: [] for form in ("by hand", *FORMS)}
        for lon, lat in places(count):
            hand = (
                f"SELECT count(*) FROM sky.hand_stars WHERE place <@ "
                f"scircle(spoint(radians({lon}), radians({lat})), radians({radius}))"
            )
            took, expected = seconds(connection, hand)
            times["by hand"].append(took)
            for form in FORMS:
                condition = form.format(lon, lat, radius)
                sql = translated(big_sky.database, f"SELECT COUNT(*) FROM sky.stars WHERE {condition}")
                took, found = seconds(connection, sql)
                times[form].append(took)
                assert found == expected
    _report(f"cone of {radius:g} degrees", times, figures)


@pytest.mark.parametrize("radius", [0.001, 0.05])
def test_joins_are_as_fast_as_by_hand(big_sky: Sky, radius: float, figures: Figures) -> None:
    hand = (
        "SELECT count(*) FROM sky.hand_targets AS t JOIN sky.hand_stars AS s "
        f"ON s.place <@ scircle(t.place, radians({radius}))"
    )
    forms = {
        "by hand": hand,
        "targets, stars": "sky.targets AS t JOIN sky.stars AS s ON "
        f"1 = CONTAINS(POINT(s.ra, s.dec), CIRCLE(t.lon, t.lat, {radius}))",
        "stars, targets": "sky.stars AS s JOIN sky.targets AS t ON "
        f"1 = CONTAINS(POINT(t.lon, t.lat), CIRCLE(s.ra, s.dec, {radius}))",
        "DISTANCE": "sky.stars AS s JOIN sky.targets AS t ON "
        f"DISTANCE(t.lon, t.lat, s.ra, s.dec) <= {radius}",
    }
    with big_sky.database.writer() as connection:
        times: dict[str, list[float]] = {form: [] for form in forms}
        counts = set()
        for _ in range(5):
            for form, text in forms.items():
                sql = (
                    text
                    if form == "by hand"
                    else translated(big_sky.database, f"SELECT COUNT(*) FROM {text}")
                )
                took, found = seconds(connection, sql)
                times[form].append(took)
                counts.add(found)
    assert len(counts) == 1
    _report(f"join of 10,000 with 1,000,000 rows, {radius:g} degrees", times, figures)


def _report(title: str, times: dict[str, list[float]], figures: Figures) -> None:
    hand = statistics.median(times["by hand"])
    for form, taken in times.items():
        if form != "by hand":
            case, median = f"{title}, {form}", statistics.median(taken)
            figures.add(Figure("Sky index", case, median, limit=hand, against="by hand", most=MOST))
