"""The part of the query tree that holds shapes on the sky; `archive.query.tree` offers it with the rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, assert_never

from ..declare.regions import Region
from .frames import Matrix

if TYPE_CHECKING:
    from .tree_expressions import Value

__all__ = [
    "Box",
    "Centroid",
    "Circle",
    "Constant",
    "Geometry",
    "Kind",
    "Point",
    "Polygon",
    "Rotated",
    "Shape",
    "shape_kind",
]


class Kind(Enum):
    POINT = "point"
    CIRCLE = "circle"
    POLYGON = "polygon"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Point:
    """A position in degrees, ICRS; no position at all where a coordinate is out of range or not finite."""

    longitude: Value
    latitude: Value


@dataclass(frozen=True, slots=True)
class Circle:
    """`radius` in degrees; no circle where it is negative, the whole sky from 180 on."""

    centre: Geometry
    radius: Value


@dataclass(frozen=True, slots=True)
class Polygon:
    """Three or more points joined by great circles; the smaller of the two sides is meant."""

    vertices: tuple[Geometry, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """ADQL 2.1, 4.2.9: great circles at right angles to the arms of a cross, sizes in degrees."""

    centre: Geometry
    width: Value
    height: Value


@dataclass(frozen=True, slots=True)
class Constant:
    """A shape known beforehand: a polygon, whose `corners` are as they were given, or a region.

    `region` is what is searched, its polygons simple and small enough for the index.
    """

    kind: Kind
    region: Region
    corners: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Shape:
    """The geometry in a value: an array of numbers as DALI has it, or a stored region."""

    kind: Kind
    value: Value


@dataclass(frozen=True, slots=True)
class Centroid:
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class Rotated:
    """The shape with its coordinates in the frame called `frame`, to which `matrix` turns directions."""

    geometry: Geometry
    matrix: Matrix
    frame: str


Geometry = Point | Circle | Polygon | Box | Constant | Shape | Centroid | Rotated


def shape_kind(geometry: Geometry) -> Kind:
    match geometry:
        case Point() | Centroid():
            return Kind.POINT
        case Circle():
            return Kind.CIRCLE
        case Polygon() | Box():
            return Kind.POLYGON
        case Constant() | Shape():
            return geometry.kind
        case Rotated():
            return shape_kind(geometry.geometry)
        case _:
            assert_never(geometry)
