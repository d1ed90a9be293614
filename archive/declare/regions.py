"""Regions of the sky: the values of columns of type REGION, read from text and written as STC-S.

A region is a union of positions, circles and polygons in ICRS degrees. Here belong reading, writing,
repairing and measuring them; how a region is stored and searched is in `archive.query`. A polygon that
fits a hemisphere means its smaller side, however it is walked around, because the outlines that
observatories publish come both ways; a larger one means what lies to the left, seen from inside the
sphere, as DALI has it (DALI 1.2, 3.3.6).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import chain

from ..errors import UsageError
from .outlines import simple_outlines
from .sphere import Vector, distance, hemisphere, lonlat, mean, moment, signed_area, vector
from .stcs import box_polygon, read_shapes

__all__ = ["Circle", "Point", "Polygon", "Region", "box_polygon", "parse_region", "repaired"]

Point = tuple[float, float]
Circle = tuple[float, float, float]
Polygon = tuple[Point, ...]

# 1e-8 degrees are 0.04 mas.
_DIGITS = 8
_MARGIN = 2e-7  # degrees; pg_sphere takes positions within 6e-8 degrees for the same
_WHOLE_SKY = 4.0 * math.pi


@dataclass(frozen=True, slots=True)
class Region:
    """The union of positions (lon, lat), circles (lon, lat, radius) and polygons, in ICRS degrees."""

    points: tuple[Point, ...] = ()
    circles: tuple[Circle, ...] = ()
    polygons: tuple[Polygon, ...] = ()

    def __post_init__(self) -> None:
        if not (self.points or self.circles or self.polygons):
            raise UsageError("a region needs at least one position, circle or polygon")
        for lon, lat in (
            *self.points,
            *(circle[:2] for circle in self.circles),
            *(corner for polygon in self.polygons for corner in polygon),
        ):
            if not (-360.0 <= lon <= 360.0 and -90.0 <= lat <= 90.0):
                raise UsageError(f"there is no position {lon:g} {lat:g} on the sky")
        for *_, radius in self.circles:
            if not 0.0 <= radius <= 90.0:
                raise UsageError(f"a circle cannot have a radius of {radius:g} degrees", hint="use 0 to 90")
        for polygon in self.polygons:
            if len(polygon) < 3:
                raise UsageError(f"a polygon of {len(polygon)} corners encloses nothing")

    def stcs(self) -> str:
        """STC-S, such as "POLYGON ICRS 1 2 3 4 5 6" or "UNION ICRS (CIRCLE 1 2 3 POSITION 4 5)"."""
        shapes: list[tuple[str, tuple[float, ...]]] = [("POSITION", point) for point in self.points]
        shapes += [("CIRCLE", circle) for circle in self.circles]
        shapes += [("POLYGON", tuple(chain.from_iterable(polygon))) for polygon in self.polygons]
        if len(shapes) == 1:
            ((name, numbers),) = shapes
            return f"{name} ICRS {_numbers(numbers)}"
        return "UNION ICRS (" + " ".join(f"{name} {_numbers(numbers)}" for name, numbers in shapes) + ")"

    def bounds(self) -> Circle:
        """A circle (lon, lat, radius) that encloses all parts, a hair too large; radius up to 180 degrees."""
        outlines = self._outlines()
        extremes = [vector(*point) for point in self.points]
        extremes += [corner for outline in outlines for corner in outline]
        extremes += [vector(lon, lat) for lon, lat, _ in self.circles]
        centre = mean(extremes)
        radii = [distance(centre, extreme) for extreme in extremes]
        radii += [
            distance(centre, vector(lon, lat)) + math.radians(radius) for lon, lat, radius in self.circles
        ]
        # Caps up to a hemisphere are convex: what contains the corners contains the sides. A polygon
        # whose corners reach farther may enclose any place.
        radius = max(radii)
        whole = radius >= math.pi / 2.0 and bool(outlines)
        return (*lonlat(centre), 180.0 if whole else min(math.degrees(radius) + _MARGIN, 180.0))

    def area(self) -> float:
        """Sum of the areas of the parts in square degrees; overlaps count twice."""
        steradians = sum(_interior(outline) for outline in self._outlines())
        steradians += sum(_cap(radius) for *_, radius in self.circles)
        return math.degrees(math.degrees(steradians))

    def centroid(self) -> Point:
        """Centre of gravity of the areas, or of the positions when nothing has an area."""
        moments = [moment(_outward(outline)) for outline in self._outlines()]
        for lon, lat, radius in self.circles:
            weight = math.pi * math.sin(math.radians(radius)) ** 2
            x, y, z = vector(lon, lat)
            moments.append((weight * x, weight * y, weight * z))
        if not any(math.hypot(*part) > 0.0 for part in moments):
            moments = [vector(*point) for point in self.points]
            moments += [vector(lon, lat) for lon, lat, _ in self.circles]
            moments += [mean(outline) for outline in self._outlines()]
        total = tuple(sum(part[axis] for part in moments) for axis in range(3))
        if math.hypot(*total) < 1e-12 * sum(math.hypot(*part) for part in moments):
            raise UsageError("the region has no centroid: it lies evenly around the sky")
        return lonlat((total[0], total[1], total[2]))

    def _outlines(self) -> list[list[Vector]]:
        return [[vector(*corner) for corner in polygon] for polygon in self.polygons]


def parse_region(text: str) -> Region:
    """The region that STC-S or DALI text describes (see `stcs`), turned to ICRS.

    The closing vertex of a polygon, which DALI does without, is dropped. Raises UsageError.
    """
    shapes = read_shapes(text)
    return Region(tuple(shapes.points), tuple(shapes.circles), tuple(shapes.polygons))


def repaired(region: Region, *, untangle: bool = True) -> tuple[Region, tuple[str, ...]]:
    """The region as the index can hold it, and notes on what had to be done.

    Corners are rounded as `stcs` writes them, so that text and index agree. Repeated vertices are
    dropped, clockwise outlines reversed, those that exceed a hemisphere split, and, when `untangle` is
    true, those that touch or cross themselves. Raises UsageError when nothing sensible is left.
    """
    notes: dict[str, None] = {}
    polygons: list[Polygon] = []
    for polygon in region.polygons:
        rounded = [vector(*_rounded(corner)) for corner in polygon]
        outlines, remarks = simple_outlines(rounded, untangle=untangle)
        notes |= dict.fromkeys(remarks)
        polygons += [tuple(_rounded(lonlat(corner)) for corner in outline) for outline in outlines]
    points = tuple(_rounded(point) for point in region.points)
    circles = tuple((*_rounded((lon, lat)), round(radius, _DIGITS)) for lon, lat, radius in region.circles)
    return Region(points, circles, tuple(polygons)), tuple(notes)


def _cap(radius: float) -> float:
    # 2 pi (1 - cos r), without cancellation for small circles.
    return _WHOLE_SKY * math.sin(math.radians(radius) / 2.0) ** 2


def _outward(outline: list[Vector]) -> list[Vector]:
    """The outline walked so that its interior lies to the left."""
    turn = hemisphere(outline) is not None and signed_area(outline) < 0.0
    return outline[::-1] if turn else outline


def _interior(outline: list[Vector]) -> float:
    area = signed_area(outline)
    if hemisphere(outline) is not None:
        return abs(area)
    return area if area >= 0.0 else area + _WHOLE_SKY


def _rounded(point: Point) -> Point:
    lon = round(point[0] % 360.0, _DIGITS)
    return (0.0 if lon >= 360.0 else lon, round(point[1], _DIGITS))


def _numbers(numbers: tuple[float, ...]) -> str:
    texts = []
    for index, number in enumerate(numbers):
        value = number
        if index % 2 == 0 and not (len(numbers) == 3 and index == 2):
            value = _rounded((number, 0.0))[0]
        text = f"{value:.{_DIGITS}f}".rstrip("0").rstrip(".")
        texts.append("0" if text == "-0" else text)
    return " ".join(texts)
