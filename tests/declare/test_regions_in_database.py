"""pg_sphere takes every outline that was repaired, and sees the same sky in it."""

from __future__ import annotations

import math
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings

from archive.database import Database
from archive.declare.regions import Polygon, Region, parse_region, repaired
from archive.errors import UsageError
from archive.query.storage import circle_text, polygon_text
from tests.declare.outlines import convex_outlines, scribbles

Connection = psycopg.Connection[tuple[Any, ...]]
_SETTINGS = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
def connection(database: Database) -> Any:
    with database.writer() as writer:
        yield writer


def _value(connection: Connection, statement: str, *parameters: str) -> Any:
    row = connection.execute(statement.encode(), parameters).fetchone()
    assert row is not None
    return row[0]


@_SETTINGS
@given(outline=scribbles())
def test_whatever_was_repaired_is_taken(connection: Connection, outline: Polygon) -> None:
    try:
        region, _ = repaired(Region(polygons=(outline,)))
    except UsageError:
        return
    for polygon in parse_region(region.stcs()).polygons:
        lon, lat, radius = Region(polygons=(polygon,)).bounds()
        inside = "SELECT %s::spoly <@ %s::scircle"
        assert _value(connection, inside, polygon_text(polygon), circle_text(lon, lat, radius)) is True


@_SETTINGS
@given(outline=convex_outlines())
def test_the_centroid_of_a_convex_outline_lies_in_it(connection: Connection, outline: Polygon) -> None:
    region, _ = repaired(Region(polygons=(outline,)))
    (polygon,) = region.polygons
    lon, lat = region.centroid()
    inside = "SELECT spoint(radians(%s::float8), radians(%s::float8)) <@ %s::spoly"
    assert _value(connection, inside, repr(lon), repr(lat), polygon_text(polygon)) is True


@pytest.mark.parametrize(
    "text",
    [
        "POLYGON ICRS 350 -1 350 1 10 1 10 -1",
        "POLYGON ICRS 0 89 270 89 180 89 90 89",
        "POLYGON ICRS 0 10 120 10 240 10",
        "POLYGON ICRS 0 0 2 0 2 2 1 0 0 2",
        "UNION ICRS (POLYGON 0 0 0 1 1 1 1 0 POLYGON 5 0 5 1 6 1 6 0)",
        "BOX ICRS 83 -89.5 5 2",
    ],
)
def test_areas_agree(connection: Connection, text: str) -> None:
    region, _ = repaired(parse_region(text))
    areas = [
        abs(_value(connection, "SELECT area(%s::spoly)", polygon_text(polygon)))
        for polygon in region.polygons
    ]
    assert sum(areas) * math.degrees(1.0) ** 2 == pytest.approx(region.area(), rel=1e-6)


@pytest.mark.parametrize(
    "outline",
    [
        ((0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (1.0, 0.0), (0.0, 2.0)),
        ((0.0, 0.0), (1.0, 1.0), (0.0, 1.0), (1.0, 0.0)),
        ((0.0, 10.0), (120.0, 10.0), (240.0, 10.0)),
    ],
)
def test_pg_sphere_refuses_what_needs_repair(database: Database, outline: Polygon) -> None:
    with pytest.raises(psycopg.Error, match="overlaps or polygon too large"), database.writer() as connection:
        _value(connection, "SELECT %s::spoly", polygon_text(outline))
