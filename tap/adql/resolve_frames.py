"""Shapes in other reference frames, and two shapes brought into one frame before they are compared.

What is known beforehand is rotated here; of two shapes the one is rotated that costs no index.
"""

from __future__ import annotations

from archive.declare.columns import Field
from archive.declare.regions import Region, repaired
from archive.declare.semantics import GALACTIC, ICRS, CooSys
from archive.query.frames import Matrix, product, rotated, transposed
from archive.query.tree import Circle, Constant, Geometry, Kind, Literal, Point, Rotated, shape_kind

from .resolve_types import number

__all__ = ["frame_field", "in_one_frame", "turned"]

# The names of the vocabulary that are deprecated, and what they are called now.
_MODERN = {
    "barycentric": "ICRS",
    "eq_FK5": "FK5",
    "eq_FK4": "FK4",
    "ecl_FK5": "ECLIPTIC",
    "galactic": "GALACTIC",
    "supergalactic": "SUPER_GALACTIC",
}
_UCDS = {
    "GALACTIC": "pos.galactic",
    "SUPER_GALACTIC": "pos.supergalactic",
    "ECLIPTIC": "pos.ecliptic",
}
_COORDINATES = {1: "lon", 2: "lat"}
_SYSTEMS = {"ICRS": ICRS, "GALACTIC": GALACTIC}


def frame_field(field: Field, geometry: Geometry, axis: int = 0) -> Field:
    """The metadata of a shape, or of a coordinate of it, which are those for ICRS unless it was rotated."""
    if not isinstance(geometry, Rotated):
        return field
    frame = _MODERN.get(geometry.frame, geometry.frame)
    ucd = field.ucd
    if frame in _UCDS and ucd.startswith("pos.eq"):
        ucd = f"{_UCDS[frame]}.{_COORDINATES[axis]}" if axis else _UCDS[frame]
    system = _SYSTEMS.get(frame) or CooSys(frame.lower(), frame)
    return Field("", field.type, field.unit, ucd, coosys=system)


def turned(geometry: Geometry, matrix: Matrix, frame: str) -> Geometry:
    """The shape in another frame; in ICRS, without a trace of it where it is known beforehand."""
    if isinstance(geometry, Rotated):
        return turned(geometry.geometry, product(matrix, geometry.matrix), frame)
    known = _known(geometry, matrix) if _MODERN.get(frame, frame) == "ICRS" else None
    return known or Rotated(geometry, matrix, frame)


def in_one_frame(left: Geometry, right: Geometry) -> tuple[Geometry, Geometry] | None:
    """Two shapes with the same relation to each other, one of them as it is stored.

    None for two regions of columns in different frames: a rotated region has no parts to search by.
    """
    if not (isinstance(left, Rotated) or isinstance(right, Rotated)):
        return left, right
    first, there = (left.geometry, left.matrix) if isinstance(left, Rotated) else (left, None)
    second, back = (right.geometry, right.matrix) if isinstance(right, Rotated) else (right, None)
    matrix = _relation(there, back)
    found = _known(second, matrix)
    if found is not None:
        return first, found
    found = _known(first, transposed(matrix))
    if found is not None:
        return found, second
    if back is not None and shape_kind(second) is not Kind.REGION:
        return first, Rotated(second, matrix, "ICRS")
    if shape_kind(first) is not Kind.REGION:
        return Rotated(first, transposed(matrix), "ICRS"), second
    if shape_kind(second) is not Kind.REGION:
        return first, Rotated(second, matrix, "ICRS")
    return None


def _relation(first: Matrix | None, second: Matrix | None) -> Matrix:
    """From the second shape's own frame to the first one's."""
    if first is None:
        assert second is not None
        return second
    return transposed(first) if second is None else product(transposed(first), second)


def _known(geometry: Geometry, matrix: Matrix) -> Geometry | None:
    """The rotated shape, where it is known beforehand."""
    match geometry:
        case Point(Literal(value=int() | float() as x), Literal(value=int() | float() as y)):
            longitude, latitude = rotated(matrix, float(x), float(y))
            return Point(number(longitude), number(latitude))
        case Circle():
            centre = _known(geometry.centre, matrix)
            return None if centre is None else Circle(centre, geometry.radius)
        case Constant():
            region = geometry.region
            moved = Region(
                points=tuple(rotated(matrix, *point) for point in region.points),
                circles=tuple((*rotated(matrix, x, y), radius) for x, y, radius in region.circles),
                polygons=tuple(
                    tuple(rotated(matrix, *corner) for corner in polygon) for polygon in region.polygons
                ),
            )
            corners = tuple(rotated(matrix, *corner) for corner in geometry.corners)
            return Constant(geometry.kind, repaired(moved, untangle=False)[0], corners)
        case _:
            return None
