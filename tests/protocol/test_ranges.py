"""Intervals and shapes as parameters write them; the errors are tested with the services."""

from __future__ import annotations

import math

import pytest

from archive.declare.regions import Region
from archive.errors import BadParameter
from archive.protocol.ranges import (
    Circle,
    Interval,
    Range,
    as_region,
    circle,
    interval,
    polygon,
    position,
    shape,
)

INFINITE = math.inf


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("1 2", 1, 2),
        (" 1\t2 ", 1, 2),
        ("5", 5, 5),
        ("5 5", 5, 5),
        ("-1e-7 +2.5E3", -1e-7, 2500),
        (".5 1.", 0.5, 1),
        ("-Inf 3", -INFINITE, 3),
        ("3 +Inf", 3, INFINITE),
        ("3 inf", 3, INFINITE),
        ("-infinity Infinity", -INFINITE, INFINITE),
    ],
)
def test_intervals(text, low, high):
    assert interval("BAND", text) == Interval(low, high)


def test_where_one_number_is_no_interval():
    with pytest.raises(BadParameter, match="BAND: '5' has 1 number; give two"):
        interval("BAND", "5", scalar=False)


@pytest.mark.parametrize(
    ("low", "high", "expected"), [(0, 1, True), (2, 9, True), (2.1, 9, False), (1.5, 1.6, True)]
)
def test_what_meets(low, high, expected):
    assert interval("TIME", "1 2").meets(low, high) is expected


def test_shapes():
    assert shape("POS", "CIRCLE 1 -2 3") == Circle(1, -2, 3)
    assert shape("POS", "circle -1 -2 0") == Circle(359, -2, 0)
    assert shape("POS", "RANGE -Inf +Inf -Inf 5") == Range(0, 360, -90, 5)
    assert shape("POS", "RANGE 350 10 -5 5") == Range(350, 370, -5, 5)
    assert isinstance(shape("POS", "POLYGON 1 1 2 1 2 2"), Region)


def test_positions_are_regions():
    assert position("POS", "CIRCLE 1 2 3") == Region(circles=((1, 2, 3),))
    assert position("POS", "CIRCLE 1 2 180").area() == pytest.approx(41252.96, abs=0.01)
    assert position("POS", "RANGE 5 5 6 6") == Region(points=((5, 6),))
    with pytest.raises(BadParameter, match="cannot be used here"):
        as_region("CIRCLE", circle("CIRCLE", "1 2 91"))


@pytest.mark.parametrize("text", ["0 0 1 0 1 1", "0 0 1 0 1 1 0 0", "1 1 1 0 0 0", "0 0 0 0 1 0 1 1"])
def test_polygons(text):
    region = polygon("POLYGON", text)
    assert region.area() == pytest.approx(0.5, abs=1e-3)
    assert len(region.polygons[0]) == 3


@pytest.mark.parametrize(
    "limits",
    [
        (12, 14, 34, 36),
        (12, 14, -36, -34),
        (350, 10, -5, 5),
        (0, 360, -2, 2),
        (0, 360, 15, 25),
        (0, 360, 89, 90),
        (0, 360, -90, 90),
        (0, 1, -90, 90),
        (0, 360, -80, 85),
        (10, 200, 60, 61),
    ],
)
def test_ranges_are_enclosed(limits):
    """Polygons have the area of the range and a little more, and few corners: they cost as their square."""
    west, east, south, north = limits
    region = position("POS", f"RANGE {west} {east} {south} {north}")
    wide = math.radians(east - west + (360 if east < west else 0))
    steradians = wide * (math.sin(math.radians(north)) - math.sin(math.radians(south)))
    exact = math.degrees(math.degrees(steradians))
    assert exact * (1 - 1e-9) <= region.area() <= exact * 1.06
    assert all(len(corners) <= 50 for corners in region.polygons)
    for longitude, latitude in (corner for corners in region.polygons for corner in corners):
        assert -90 <= latitude <= 90 and 0 <= longitude < 360
