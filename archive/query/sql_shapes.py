"""Geometries taken apart into the shapes that pg_sphere has, and written out as they are published.

What two shapes have to do with each other is `sql_geometry`'s.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import assert_never

from .quoting import quote_literal
from .speller import Speller, checked
from .storage import point_text, polygon_text, position_expression, quoted_region_columns
from .tree import (
    Box,
    Centroid,
    Circle,
    ColumnValue,
    Constant,
    Geometry,
    Kind,
    Literal,
    Point,
    Polygon,
    Rotated,
    Shape,
    Value,
    is_searchable,
    shape_kind,
)

__all__ = [
    "Disc",
    "Outline",
    "Place",
    "Simple",
    "Stored",
    "constant_number",
    "fixed_place",
    "number",
    "place",
    "position",
    "published",
    "region_parts",
    "simple",
]


# -------------------------------------------------------------------------------------------- simple shapes


@dataclass(frozen=True, slots=True)
class Place:
    """`indexed`: the table has an index on just this position; `constant`: no column is in it."""

    sql: str
    indexed: bool = False
    constant: bool = False


@dataclass(frozen=True, slots=True)
class Disc:
    """`degrees` is the radius where it is known beforehand, `radius` its SQL in any case."""

    centre: Place
    radius: str
    degrees: float | None

    @property
    def small(self) -> bool:
        """True when pg_sphere has a circle for it, whatever the row."""
        return self.degrees is not None and self.degrees <= 90

    @property
    def sql(self) -> str:
        return f"scircle({self.centre.sql}, radians({self.radius}))"

    @property
    def given(self) -> str:
        """As the arguments of the functions in regions.sql, which have a form for circles of any radius."""
        return self.sql if self.small else f"{self.centre.sql}, {self.radius}"


@dataclass(frozen=True, slots=True)
class Outline:
    sql: str


@dataclass(frozen=True, slots=True)
class Stored:
    """A region's hidden columns; without `bounds` it is known by its text only, and has no index."""

    bounds: str | None
    points: str
    circles: str
    polygons: str

    @property
    def parts(self) -> str:
        return f"{self.points}, {self.circles}, {self.polygons}"


Simple = Place | Disc | Outline | Stored


def simple(geometry: Geometry, spell: Speller) -> list[Simple]:
    """The shapes whose union the geometry is."""
    match geometry:
        case Point() | Centroid():
            return [place(geometry, spell)]
        case Circle():
            return [_disc(geometry, spell)]
        case Polygon() | Box():
            return [Outline(f"adql.polygon({published(geometry, spell)})")]
        case Constant():
            return _constant(geometry)
        case Shape():
            return [_shape(geometry, spell)]
        case Rotated():
            return [_rotated(geometry, spell)]
        case _:
            assert_never(geometry)


def _constant(geometry: Constant) -> list[Simple]:
    region = geometry.region
    simple: list[Simple] = [fixed_place(*point) for point in region.points]
    for longitude, latitude, radius in region.circles:
        simple.append(Disc(fixed_place(longitude, latitude), number(radius), radius))
    return simple + [Outline(f"spoly '{polygon_text(polygon)}'") for polygon in region.polygons]


def _shape(shape: Shape, spell: Speller) -> Simple:
    match shape.kind:
        case Kind.POINT:
            return place(shape, spell)
        case Kind.CIRCLE:
            text = spell.value(shape.value)
            return Disc(Place(f"adql.position({text})"), f"({text})[3]", None)
        case Kind.POLYGON:
            return Outline(f"adql.polygon({spell.value(shape.value)})")
        case Kind.REGION:
            return region_parts(shape.value, spell)
        case _:
            assert_never(shape.kind)


def _rotated(geometry: Rotated, spell: Speller) -> Simple:
    """No region: the resolver rotates what it is compared with."""
    text = published(geometry, spell)
    match shape_kind(geometry):
        case Kind.POINT:
            return Place(f"adql.position({text})")
        case Kind.CIRCLE:
            return Disc(Place(f"adql.position({text})"), f"({text})[3]", None)
        case Kind.POLYGON:
            return Outline(f"adql.polygon({text})")
        case kind:
            raise AssertionError(f"no search by a rotated {kind}")


def region_parts(value: Value, spell: Speller) -> Stored:
    if isinstance(value, ColumnValue) and is_searchable(value):
        names = quoted_region_columns(value.name)
        return Stored(*(f"t{value.source}.{name}" for name in names))
    text = spell.value(value)
    return Stored(None, *(f"(adql.region({text})).{part}" for part in ("points", "circles", "polygons")))


def place(geometry: Geometry, spell: Speller) -> Place:
    if not isinstance(geometry, Point):
        return Place(f"adql.position({published(geometry, spell)})")
    longitude, latitude = geometry.longitude, geometry.latitude
    if isinstance(longitude, Literal) and isinstance(latitude, Literal):
        fixed = _coordinates(longitude, latitude)
        if fixed is not None:
            return fixed_place(*fixed)
    text = position_expression(spell.value(longitude), spell.value(latitude))
    return Place(text, _is_indexed(longitude, latitude))


def fixed_place(longitude: float, latitude: float) -> Place:
    return Place(f"spoint '{point_text(longitude, latitude)}'", constant=True)


def _coordinates(longitude: Literal, latitude: Literal) -> tuple[float, float] | None:
    """A constant position; None when there is no such place."""
    if not isinstance(longitude.value, int | float) or not isinstance(latitude.value, int | float):
        return None
    x, y = float(longitude.value), float(latitude.value)
    return (x, y) if -180 <= x <= 360 and -90 <= y <= 90 else None


def _is_indexed(longitude: Value, latitude: Value) -> bool:
    if not (isinstance(longitude, ColumnValue) and isinstance(latitude, ColumnValue)):
        return False
    if longitude.source != latitude.source or longitude.origin is None or latitude.origin is None:
        return False
    pair = (longitude.origin.column, latitude.origin.column)
    table = longitude.origin.table
    return table is not None and table is latitude.origin.table and pair in table.positions


def _disc(circle: Circle, spell: Speller) -> Disc:
    known = constant_number(circle.radius)
    radius = spell.value(circle.radius) if known is None else number(known)
    return Disc(place(circle.centre, spell), radius, known)


def constant_number(value: Value) -> float | None:
    """A constant of at least 0."""
    if isinstance(value, Literal) and isinstance(value.value, int | float):
        number = float(value.value)
        return number if number >= 0 and math.isfinite(number) else None
    return None


def number(number: float) -> str:
    return f"{number!r}::float8"


def position(geometry: Geometry, spell: Speller) -> str:
    """A point as `spoint`."""
    return place(geometry, spell).sql


# --------------------------------------------------------------------------------------- as it is published


def published(geometry: Geometry, spell: Speller) -> str:
    """The numbers of DALI 1.2, 3.3, as float8[]; of a region its text."""
    match geometry:
        case Point():
            return f"adql.point({spell.value(geometry.longitude)}, {spell.value(geometry.latitude)})"
        case Circle():
            return f"adql.circle_numbers({published(geometry.centre, spell)}, {spell.value(geometry.radius)})"
        case Polygon():
            # As an array, since PostgreSQL's functions take no more than 100 arguments.
            coordinates = (text for vertex in geometry.vertices for text in _pair(vertex, spell))
            return f"adql.joined(VARIADIC ARRAY[{', '.join(coordinates)}]::float8[])"
        case Box():
            longitude, latitude = _pair(geometry.centre, spell)
            width, height = spell.value(geometry.width), spell.value(geometry.height)
            return f"adql.box({longitude}, {latitude}, {width}, {height})"
        case Constant(kind=Kind.REGION):
            return f"{quote_literal(geometry.region.stcs())}::text"
        case Constant():
            return _array([number for corner in geometry.corners for number in corner])
        case Shape():
            return spell.value(geometry.value)
        case Centroid():
            return _centroid(geometry.geometry, spell)
        case Rotated():
            return _turned(geometry, spell)
        case _:
            assert_never(geometry)


def _turned(geometry: Rotated, spell: Speller) -> str:
    text, matrix = published(geometry.geometry, spell), _array(list(geometry.matrix))
    match shape_kind(geometry):
        case Kind.POINT | Kind.POLYGON:
            return f"adql.rotated({text}, {matrix})"
        case Kind.CIRCLE:
            return f"adql.rotated_circle({text}, {matrix})"
        case Kind.REGION:
            return f"adql.rotated_region({text}, {matrix}, {quote_literal(geometry.frame)})"
        case kind:
            assert_never(kind)


def _array(numbers: list[float]) -> str:
    return "'{" + ",".join(map(repr, numbers)) + "}'::float8[]"


def _pair(point: Geometry, spell: Speller) -> tuple[str, str]:
    if isinstance(point, Point):
        return f"{spell.value(point.longitude)}", f"{spell.value(point.latitude)}"
    text = checked(published(point, spell))
    return f"({text})[1]", f"({text})[2]"


def _centroid(geometry: Geometry, spell: Speller) -> str:
    match geometry:
        case Constant():
            return _array(list(geometry.region.centroid()))
        case Point() | Centroid() | Shape(kind=Kind.POINT):
            return published(geometry, spell)
        case Circle():
            return published(geometry.centre, spell)
        case Shape(kind=Kind.CIRCLE):
            return f"({published(geometry, spell)})[1:2]"
        case Shape(kind=Kind.REGION):
            return f"adql.centroid({region_parts(geometry.value, spell).parts})"
        case Rotated():
            turned = Rotated(Centroid(geometry.geometry), geometry.matrix, geometry.frame)
            return published(turned, spell)
        case Polygon() | Box() | Shape():
            return f"adql.polygon_centroid(adql.vertices({published(geometry, spell)}))"
        case _:
            assert_never(geometry)
