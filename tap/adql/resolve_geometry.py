"""Geometry: constructors, functions of shapes, and the frames they are given in.

Everything is ICRS in the end. What is written out in numbers is checked and made ready for the index here.
"""

from __future__ import annotations

import difflib
import math
from typing import assert_never

from archive.declare.columns import Field
from archive.declare.regions import Region, box_polygon, parse_region, repaired
from archive.declare.semantics import ICRS
from archive.declare.types import CIRCLE, DOUBLE, INTEGER, POINT, POLYGON, REGION, TEXT, Type, find_type
from archive.errors import UsageError
from archive.query.frames import FRAMES, rotation
from archive.query.tree import (
    Area,
    Box,
    Cast,
    Centroid,
    Circle,
    Comparator,
    Comparison,
    Condition,
    Constant,
    Coordinate,
    CoordinateSystem,
    Distance,
    Geometry,
    GeometryValue,
    Kind,
    Literal,
    Meets,
    Overlap,
    Point,
    Polygon,
    Shape,
    Value,
    Within,
    shape_kind,
)

from . import syntax
from .resolve_base import Resolving
from .resolve_frames import frame_field, in_one_frame, turned
from .resolve_scope import Scope
from .resolve_types import convert, is_null, kind_name, null, number
from .syntax import ShapeKind

__all__ = ["Geometries", "constant"]

_TYPES = {Kind.POINT: POINT, Kind.CIRCLE: CIRCLE, Kind.POLYGON: POLYGON, Kind.REGION: REGION}
_KINDS = {POINT: Kind.POINT, CIRCLE: Kind.CIRCLE, POLYGON: Kind.POLYGON}
_UNITS = {Kind.POINT: "deg", Kind.CIRCLE: "deg", Kind.POLYGON: "deg", Kind.REGION: ""}
_UCDS = {
    Kind.POINT: "pos.eq",
    Kind.CIRCLE: "pos.outline",
    Kind.POLYGON: "pos.outline",
    Kind.REGION: "pos.outline",
}
_FIELDS = {kind: Field("", _TYPES[kind], _UNITS[kind], _UCDS[kind], coosys=ICRS) for kind in Kind}
_DISTANCE = Field("", DOUBLE, "deg", "pos.angDistance")
_AREA = Field("", DOUBLE, "deg**2", "phys.angArea")  # AREA's, and that of two shapes in common
_COORDINATES = {
    1: Field("", DOUBLE, "deg", "pos.eq.ra", coosys=ICRS),
    2: Field("", DOUBLE, "deg", "pos.eq.dec", coosys=ICRS),
}
_SYSTEM = Field("", TEXT, "", "meta.code.class;pos.frame")

_UNKNOWN = Comparison(number(0), Comparator.EQUAL, convert(null(), INTEGER))

# FK5 at J2000 agrees with ICRS to 20 mas.
_EQUATORIAL = {"", "ICRS", "FK5", "FK5_J2000", "J2000", "UNKNOWNFRAME"}
_FLAVOURS = {"SPHERICAL2", "CARTESIAN2"}


def constant(value: Value) -> float | None:
    """A number that is known beforehand."""
    if isinstance(value, Literal) and isinstance(value.value, int | float):
        return float(value.value)
    return None


class Geometries(Resolving):
    """Values that are shapes, and functions of shapes."""

    def geometry(self, node: syntax.Value, scope: Scope) -> Geometry:
        value = self.value(node, scope)
        if isinstance(value, GeometryValue):
            return value.geometry
        if is_null(value):
            return Shape(Kind.POINT, convert(value, POINT))
        value = _in_doubles(value)
        kind = _KINDS.get(value.field.type)
        if kind is not None:
            return Shape(kind, value)
        if value.field.type == REGION:
            return Shape(Kind.REGION, value)
        hint = (
            "CAST('...' AS POLYGON) reads DALI's shapes, REGION('...') STC-S"
            if value.field.type.is_text
            else None
        )
        self.fail(node.at, f"{kind_name(value.field.type)} is not a geometry", hint)

    def geometry_value(self, geometry: Geometry) -> GeometryValue:
        return GeometryValue(geometry, frame_field(_FIELDS[shape_kind(geometry)], geometry))

    def point(self, node: syntax.Value, scope: Scope, what: str) -> Geometry:
        geometry = self.geometry(node, scope)
        if shape_kind(geometry) is not Kind.POINT:
            self.fail(node.at, f"{what} has to be a point, not a {shape_kind(geometry).value}")
        return geometry

    # ----------------------------------------------------------------------------------------- constructors

    def shape(self, node: syntax.Shape, scope: Scope) -> GeometryValue:
        galactic = self._is_galactic(node.frame)
        match node.kind:
            case ShapeKind.POINT:
                shape: Geometry = self._position(node.arguments[0], node.arguments[1], scope, galactic)
            case ShapeKind.CIRCLE:
                centre, (radius,) = self._centre(node, scope, galactic, sizes=1)
                shape = Circle(centre, self._size(radius, scope, "the radius"))
            case ShapeKind.BOX:
                centre, sizes = self._centre(node, scope, galactic, sizes=2)
                if galactic:
                    self.fail(node.at, "a BOX has its sides along the axes of ICRS", "use a POLYGON")
                width, height = (self._size(size, scope, "the side of a BOX") for size in sizes)
                shape = self._box(node, centre, width, height)
            case ShapeKind.POLYGON:
                shape = self._polygon(node, scope, galactic)
            case _:
                assert_never(node.kind)
        return self.geometry_value(shape)

    def _is_galactic(self, frame: syntax.StringLiteral | None) -> bool:
        """The deprecated first argument: 'ICRS GEOCENTER' and the like (ADQL 2.0, 2.4.2)."""
        if frame is None:
            return False
        words = [word for word in frame.text.upper().split() if word not in _FLAVOURS]
        name = words[0] if words else ""
        if name in _EQUATORIAL or name.endswith("CENTER"):
            return False
        if name in {"GALACTIC", "GALACTIC_II"}:
            return True
        self.fail(frame.at, f"the coordinate system '{frame.text}' is not known", "use ICRS, or leave it out")

    def _position(
        self, longitude: syntax.Value, latitude: syntax.Value, scope: Scope, galactic: bool
    ) -> Point:
        x = self.number(longitude, scope, "a longitude")
        y = self.number(latitude, scope, "a latitude")
        x, y = convert(x, DOUBLE) if is_null(x) else x, convert(y, DOUBLE) if is_null(y) else y
        known_x, known_y = constant(x), constant(y)
        if known_y is not None and not -90 <= known_y <= 90:
            self.fail(latitude.at, f"there is no latitude {known_y:g}", "latitudes are -90 to 90 degrees")
        if known_x is not None and not abs(known_x) < 1e15:
            self.fail(longitude.at, f"there is no longitude {known_x:g}", "longitudes are 0 to 360 degrees")
        if galactic:
            if known_x is None or known_y is None:
                self.fail(
                    longitude.at,
                    "galactic coordinates can only be given in numbers here",
                    "use the table's right ascension and declination",
                )
            (place,) = parse_region(f"POSITION GALACTIC {known_x!r} {known_y!r}").points
            return Point(number(place[0]), number(place[1]))
        if known_x is not None and not -180 <= known_x <= 360:
            x = number(known_x % 360.0)
        return Point(x, y)

    def _centre(
        self, node: syntax.Shape, scope: Scope, galactic: bool, *, sizes: int
    ) -> tuple[Geometry, tuple[syntax.Value, ...]]:
        """The centre, as a point or in two numbers, and the remaining arguments."""
        arguments = node.arguments
        if len(arguments) == sizes + 1:
            return self.point(arguments[0], scope, f"the centre of a {node.kind.value}"), arguments[1:]
        return self._position(arguments[0], arguments[1], scope, galactic), arguments[2:]

    def _size(self, node: syntax.Value, scope: Scope, what: str) -> Value:
        value = self.number(node, scope, what)
        known = constant(value)
        if known is not None and known < 0:
            self.fail(node.at, f"{what} is negative")
        return convert(value, DOUBLE) if is_null(value) else value

    def _box(self, node: syntax.Shape, centre: Geometry, width: Value, height: Value) -> Geometry:
        known = [constant(width), constant(height)]
        if isinstance(centre, Point):
            known += [constant(centre.longitude), constant(centre.latitude)]
        if len(known) < 4 or None in known:
            return Box(centre, width, height)
        w, h, x, y = (n for n in known if n is not None)
        try:
            corners = box_polygon(x, y, w, h)
        except UsageError as error:
            self.fail(node.at, error.message, error.hint)
        return self._outline(node.at, corners)

    def _polygon(self, node: syntax.Shape, scope: Scope, galactic: bool) -> Geometry:
        first = self.value(node.arguments[0], scope)
        vertices: list[Geometry]
        if _in_doubles(first).field.type == POINT:
            vertices = [self.point(vertex, scope, "a vertex") for vertex in node.arguments]
        else:
            pairs = zip(node.arguments[::2], node.arguments[1::2], strict=False)
            if len(node.arguments) % 2 or len(node.arguments) < 6:
                self.fail(
                    node.at, "a POLYGON takes three points or more, or six coordinates or more, in pairs"
                )
            vertices = [self._position(x, y, scope, galactic) for x, y in pairs]
        corners = [_corner(vertex) for vertex in vertices]
        known = [corner for corner in corners if corner is not None]
        return self._outline(node.at, known) if len(known) == len(corners) else Polygon(tuple(vertices))

    def _outline(
        self, at: int, corners: list[tuple[float, float]] | tuple[tuple[float, float], ...]
    ) -> Constant:
        """A polygon in numbers, its first corner not repeated at the end."""
        given = tuple(corners)
        while len(given) > 3 and given[-1] == given[0]:
            given = given[:-1]
        return Constant(Kind.POLYGON, self._fit(at, Region(polygons=(given,))), given)

    def _fit(self, at: int, region: Region) -> Region:
        try:
            return repaired(region, untangle=False)[0]
        except UsageError as error:
            self.fail(at, error.message, error.hint)

    def region(self, node: syntax.StringLiteral) -> GeometryValue:
        """REGION('...'): STC-S, or one of DALI's shapes."""
        try:
            region = parse_region(node.text)
        except UsageError as error:
            self.fail(node.at, error.message, error.hint)
        return self.geometry_value(Constant(Kind.REGION, self._fit(node.at, region)))

    def shape_from_text(self, at: int, value: Value, kind: Type) -> Value:
        """CAST('1 2 3' AS CIRCLE): the numbers of DALI 1.2, 3.3."""
        if not (isinstance(value, Literal) and isinstance(value.value, str)):
            return Cast(value, _FIELDS[_KINDS[kind]])
        try:
            numbers = [float(word) for word in value.value.split()]
        except ValueError:
            self.fail(at, f"'{value.value}' does not hold the numbers of {kind_name(kind)}")
        if len(numbers) != {POINT: 2, CIRCLE: 3}.get(kind, max(6, len(numbers) // 2 * 2)):
            self.fail(at, f"{len(numbers)} numbers do not make {kind_name(kind)}")
        places = list(zip(numbers[::2], numbers[1::2], strict=False))
        if not all(-180 <= x <= 360 and -90 <= y <= 90 for x, y in places):
            self.fail(
                at, f"'{value.value}' does not lie on the sky", "give longitude and latitude in degrees"
            )
        if kind == POLYGON:
            return self.geometry_value(self._outline(at, places))
        centre = Point(number(numbers[0]), number(numbers[1]))
        if kind == POINT:
            return self.geometry_value(centre)
        if not 0 <= numbers[2] < math.inf:
            self.fail(at, f"there is no circle with the radius {numbers[2]:g}")
        return self.geometry_value(Circle(centre, number(numbers[2])))

    # -------------------------------------------------------------------------------------------- functions

    def contains(self, inner_node: syntax.Value, outer_node: syntax.Value, scope: Scope) -> Condition:
        inner, outer = self.geometry(inner_node, scope), self.geometry(outer_node, scope)
        if _is_unknown(inner) or _is_unknown(outer):
            return _UNKNOWN
        if shape_kind(outer) is Kind.POINT:
            self.fail(
                outer_node.at,
                "a point contains nothing",
                "CONTAINS(a, b) asks whether a lies in b; the larger one stands second",
            )
        return Within(*self._in_one_frame(outer_node.at, inner, outer))

    def intersects(self, left: syntax.Value, right: syntax.Value, scope: Scope) -> Condition:
        first, second = self.geometry(left, scope), self.geometry(right, scope)
        if _is_unknown(first) or _is_unknown(second):
            return _UNKNOWN
        return Meets(*self._in_one_frame(right.at, first, second))

    def distance(self, node: syntax.Call, scope: Scope) -> Distance:
        arguments = node.arguments
        if len(arguments) == 4:
            x1, y1, x2, y2 = arguments
            left: Geometry = self._position(x1, y1, scope, False)
            right: Geometry = self._position(x2, y2, scope, False)
        else:
            left, right = self.geometry(arguments[0], scope), self.geometry(arguments[1], scope)
            if Kind.POINT not in (shape_kind(left), shape_kind(right)):
                self.fail(node.at, "DISTANCE needs a point", "of two shapes with an area, use INTERSECTS")
        return self.distance_of(node.at, left, right)

    def distance_of(self, at: int, left: Geometry, right: Geometry) -> Distance:
        return Distance(*self._in_one_frame(at, left, right), _DISTANCE)

    def overlap(self, at: int, left: Geometry, right: Geometry) -> Overlap:
        return Overlap(*self._in_one_frame(at, left, right), _AREA)

    def _in_one_frame(self, at: int, left: Geometry, right: Geometry) -> tuple[Geometry, Geometry]:
        try:
            found = in_one_frame(left, right)
        except UsageError as error:
            self.fail(at, error.message, error.hint)
        if found is None:
            self.fail(at, "two regions cannot be compared in different frames", "compare both in ICRS")
        return found

    def transformed(
        self,
        source: syntax.StringLiteral,
        target: syntax.StringLiteral,
        shape: syntax.Value,
        scope: Scope,
    ) -> Value:
        """The shape, given in the frame `source`, in the frame `target`; NULL stays NULL."""
        for frame in (source, target):
            if frame.text not in FRAMES:
                folded = {name.lower(): name for name in reversed(FRAMES)}
                near = difflib.get_close_matches(frame.text.lower(), folded, n=1)
                hint = f"did you mean {folded[near[0]]}?" if near else f"known are {', '.join(FRAMES)}"
                self.fail(frame.at, f"the reference frame '{frame.text}' is not known", hint)
        geometry = self.geometry(shape, scope)
        if _is_unknown(geometry):
            return self.geometry_value(geometry)
        try:
            return self.geometry_value(turned(geometry, rotation(source.text, target.text), target.text))
        except UsageError as error:
            self.fail(shape.at, error.message, error.hint)

    def area(self, node: syntax.Call, scope: Scope) -> Area:
        return Area(self.geometry(node.arguments[0], scope), _AREA)

    def centroid(self, node: syntax.Call, scope: Scope) -> GeometryValue:
        return self.geometry_value(Centroid(self.geometry(node.arguments[0], scope)))

    def coordinate(self, node: syntax.Call, scope: Scope, axis: int) -> Coordinate:
        point = self.point(node.arguments[0], scope, f"the argument of COORD{axis}")
        return Coordinate(point, axis, frame_field(_COORDINATES[axis], point, axis))

    def coordinate_system(self, node: syntax.Call, scope: Scope) -> CoordinateSystem:
        return CoordinateSystem(self.geometry(node.arguments[0], scope), _SYSTEM)


def _corner(vertex: Geometry) -> tuple[float, float] | None:
    if not isinstance(vertex, Point):
        return None
    x, y = constant(vertex.longitude), constant(vertex.latitude)
    return None if x is None or y is None else (x, y)


def _in_doubles(value: Value) -> Value:
    """A column of a shape in single precision (DALI 1.2, 3.3) as one in double; others as they are."""
    given = value.field.type
    if not (given.is_array and given.numpy == "f4"):
        return value
    shape = find_type("double", given.arraysize, given.xtype)
    return convert(value, shape) if shape in _KINDS else value


def _is_unknown(geometry: Geometry) -> bool:
    """NULL where a geometry belongs."""
    return isinstance(geometry, Shape) and isinstance(geometry.value, Literal)
