"""Outlines for property tests: convex ones, and scribbles whose sides touch and whose vertices repeat."""

from __future__ import annotations

import math

from hypothesis import strategies as st

from archive.declare.regions import Polygon
from archive.declare.sphere import Vector, lonlat, vector

__all__ = ["LATITUDES", "LONGITUDES", "convex_outlines", "scribbles"]

LONGITUDES = st.one_of(st.floats(0.0, 360.0), st.sampled_from((0.0, 180.0, 360.0, 359.9999)))
LATITUDES = st.one_of(st.floats(-90.0, 90.0), st.sampled_from((-90.0, 0.0, 90.0, 89.9999)))
SIZES = st.floats(-4.0, 1.2).map(lambda exponent: 10.0**exponent)


def offset(lon: float, lat: float, x: float, y: float) -> tuple[float, float]:
    """The position x degrees to the East and y to the North, in the gnomonic projection."""
    lam, phi = math.radians(lon), math.radians(lat)
    centre = vector(lon, lat)
    east: Vector = (-math.sin(lam), math.cos(lam), 0.0)
    north: Vector = (-math.cos(lam) * math.sin(phi), -math.sin(lam) * math.sin(phi), math.cos(phi))
    u, v = math.radians(x), math.radians(y)
    moved = tuple(c + u * e + v * n for c, e, n in zip(centre, east, north, strict=True))
    return lonlat((moved[0], moved[1], moved[2]))


@st.composite
def scribbles(draw: st.DrawFn) -> Polygon:
    """Any outline: on a grid, so that sides touch and vertices repeat, or free; small to large."""
    lon, lat, size = draw(LONGITUDES), draw(LATITUDES), draw(SIZES)
    grid = st.integers(0, 3).map(float)
    free = st.floats(-1.0, 1.0)
    along = grid if draw(st.booleans()) else free
    corners = draw(st.lists(st.tuples(along, along), min_size=3, max_size=8))
    return tuple(offset(lon, lat, size * x, size * y) for x, y in corners)


@st.composite
def convex_outlines(draw: st.DrawFn) -> Polygon:
    lon, lat, size = draw(LONGITUDES), draw(LATITUDES), draw(SIZES)
    sides = draw(st.integers(3, 8))
    turn = draw(st.sampled_from((1.0, -1.0)))
    corners = [2.0 * math.pi * turn * (side + 0.3 * (side % 2)) / sides for side in range(sides)]
    return tuple(offset(lon, lat, size * math.cos(angle), size * math.sin(angle)) for angle in corners)
