"""Values of DALI, SIA and SODA parameters: intervals, circles, polygons and ranges written as text.

Numbers are separated by blanks; positions are ICRS degrees. What a shape is matched with, and how, is the
services' business. Every fault is a BadParameter that says what would have been right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ..declare.regions import Point, Polygon, Region, repaired
from ..errors import BadParameter, UsageError

__all__ = ["Circle", "Interval", "Range", "as_region", "circle", "interval", "polygon", "position", "shape"]

_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_INFINITE = re.compile(r"([-+]?)inf(?:inity)?", re.IGNORECASE)
_PIECE = 45.0  # degrees of longitude: the polygons of a wide range
_STEPS = 6  # of a polygon's side along a parallel; the database takes time as the square of the corners
_FINE = 2e-6  # radians (0.4 arcsec): how far that side may lie from its parallel, as far as the steps allow
_FORMS = "CIRCLE longitude latitude radius, RANGE longitude1 longitude2 latitude1 latitude2 or POLYGON"


@dataclass(frozen=True, slots=True)
class Interval:
    """Both ends belong to it; -inf and inf stand for an open side."""

    low: float
    high: float

    @property
    def is_scalar(self) -> bool:
        return self.low == self.high

    def meets(self, low: float, high: float) -> bool:
        return self.low <= high and low <= self.high


@dataclass(frozen=True, slots=True)
class Circle:
    """`radius` from 0 to 180 degrees; unlike in a Region it may exceed a hemisphere."""

    longitude: float
    latitude: float
    radius: float


@dataclass(frozen=True)
class Range:
    """Between two meridians and two parallels; `east` is above `west`, and so at most 720 degrees."""

    west: float
    east: float
    south: float
    north: float

    @cached_property
    def region(self) -> Region:
        """Polygons around it, whose sides along a parallel are a little outside.

        By less than 0.4 arcsec for ranges of a degree; of the widest ones by 4 arcmin in places.
        """
        if self.west == self.east and self.south == self.north:
            return Region(points=((self.west % 360.0, self.south),))
        return Region(polygons=tuple(self._polygons()))

    def _polygons(self) -> Iterator[Polygon]:
        pieces = math.ceil((self.east - self.west) / _PIECE)
        width = (self.east - self.west) / pieces
        tall = self.north - self.south > 120.0
        bands = ((self.south, 0.0), (0.0, self.north)) if tall else ((self.south, self.north),)
        for south, north in bands:
            for piece in range(pieces):
                left = self.west + piece * width
                below = _parallel(left, left + width, south, poleward=south <= 0.0)
                above = _parallel(left, left + width, north, poleward=north >= 0.0)
                yield (*below[::-1], *above)


def _parallel(left: float, right: float, latitude: float, *, poleward: bool) -> list[Point]:
    """Corners of a side that lies on the parallel or beyond, towards the pole or away from it.

    Great circles between places on a parallel bulge towards the pole; those away from it touch the parallel
    in the middle between two corners.
    """
    if abs(latitude) == 90.0:
        return [(left % 360.0, latitude)]
    width = math.radians(right - left)
    bulge = abs(math.sin(math.radians(2.0 * latitude))) / 16.0
    steps = min(max(math.ceil(width * math.sqrt(bulge / _FINE)), 1), _STEPS)
    if not poleward:
        slope = math.tan(math.radians(latitude)) * math.cos(width / steps / 2.0)
        latitude = math.degrees(math.atan(slope))
    return [((left + (right - left) * step / steps) % 360.0, latitude) for step in range(steps + 1)]


def interval(name: str, text: str, *, scalar: bool = True) -> Interval:
    """`low high`, either of which may be infinite; where `scalar`, also one number, which is both."""
    values = _numbers(name, text, infinite=True)
    if len(values) == 1 and scalar and math.isfinite(values[0]):
        return Interval(values[0], values[0])
    if len(values) != 2:
        one = "one number or " if scalar else ""
        raise BadParameter(
            name, f"{text!r} has {_count(values)}", hint=f"give {one}two, the lower limit and the upper one"
        )
    low, high = values
    if low > high:
        raise BadParameter(
            name, f"the lower limit {low:g} lies above the upper one {high:g}", hint=f"write {high:g} {low:g}"
        )
    if math.isinf(low) and low == high:
        raise BadParameter(
            name, f"there is nothing in {text!r}", hint="-Inf is the lower limit, +Inf the upper"
        )
    return Interval(low, high)


def shape(name: str, text: str) -> Circle | Range | Region:
    """What `CIRCLE ...`, `RANGE ...` or `POLYGON ...` describes, the word in any letter case."""
    word, _, rest = text.strip().partition(" ")
    match word.upper():
        case "CIRCLE":
            return circle(name, rest)
        case "RANGE":
            return _range(name, rest)
        case "POLYGON":
            return polygon(name, rest)
        case _:
            raise BadParameter(name, f"there is no shape called {word[:40]!r}", hint=f"write {_FORMS}")


def position(name: str, text: str) -> Region:
    """Like `shape`, always as a region, whose circles reach to 90 degrees or all around."""
    return as_region(name, shape(name, text))


def as_region(name: str, what: Circle | Range | Region) -> Region:
    if isinstance(what, Region):
        return what
    if isinstance(what, Range):
        return what.region
    if what.radius == 180.0:
        return Region(circles=((0.0, 90.0, 90.0), (0.0, -90.0, 90.0)))
    if what.radius > 90.0:
        raise BadParameter(
            name, f"a circle of {what.radius:g} degrees cannot be used here", hint="use at most 90, or 180"
        )
    return Region(circles=((what.longitude, what.latitude, what.radius),))


def circle(name: str, text: str) -> Circle:
    """`longitude latitude radius`."""
    values = _numbers(name, text)
    if len(values) != 3:
        raise BadParameter(
            name, f"a circle of {_count(values)}", hint="it has three: longitude, latitude, radius"
        )
    longitude, latitude = _place(name, values[0], values[1])
    if not 0.0 <= values[2] <= 180.0:
        raise BadParameter(name, f"there is no radius of {values[2]:g} degrees", hint="use 0 to 180")
    return Circle(longitude, latitude, values[2])


def polygon(name: str, text: str) -> Region:
    """`longitude latitude longitude latitude ...`, three corners or more; closing it again does no harm."""
    values = _numbers(name, text)
    if len(values) % 2:
        raise BadParameter(name, f"a polygon of {_count(values)}: the last longitude has no latitude")
    corners = [_place(name, *pair) for pair in zip(values[::2], values[1::2], strict=True)]
    if len(corners) > 3 and corners[0] == corners[-1]:
        del corners[-1]
    if len(corners) < 3:
        raise BadParameter(name, f"a polygon of {len(corners)} corners", hint="it needs three or more")
    return _searchable(name, Region(polygons=(tuple(corners),)))


def _range(name: str, text: str) -> Range:
    """`longitude1 longitude2 latitude1 latitude2`; a first longitude above the second one crosses 0."""
    values = _numbers(name, text, infinite=True)
    if len(values) != 4:
        raise BadParameter(
            name,
            f"a range of {_count(values)}",
            hint="it has four: longitude1 longitude2 latitude1 latitude2",
        )
    west, east = _limit(values[0], 0.0, 360.0), _limit(values[1], 0.0, 360.0)
    south, north = _limit(values[2], -90.0, 90.0), _limit(values[3], -90.0, 90.0)
    if south > north:
        raise BadParameter(
            name, f"the latitude {south:g} lies above {north:g}", hint="the lower one comes first"
        )
    for corner in ((west, south), (east, north)):
        _place(name, *corner)
    east += 360.0 if east < west else 0.0
    if (west == east) != (south == north) or east - west > 360.0:
        raise BadParameter(name, f"there is no sky in the range {text.strip()!r}")
    found = Range(west, east, south, north)
    if found.region.polygons:
        _searchable(name, found.region)
    return found


def _limit(value: float, lowest: float, highest: float) -> float:
    return value if math.isfinite(value) else lowest if value < 0.0 else highest


def _searchable(name: str, region: Region) -> Region:
    try:
        return repaired(region, untangle=False)[0]
    except UsageError as cause:
        raise BadParameter(name, cause.message, hint=cause.hint) from cause


def _place(name: str, longitude: float, latitude: float) -> tuple[float, float]:
    if not -90.0 <= latitude <= 90.0:
        raise BadParameter(name, f"there is no declination of {latitude:g} degrees", hint="use -90 to 90")
    if not -180.0 <= longitude <= 360.0:
        raise BadParameter(name, f"there is no right ascension of {longitude:g} degrees", hint="use 0 to 360")
    return (longitude + 360.0 if longitude < 0.0 else longitude, latitude)


def _numbers(name: str, text: str, *, infinite: bool = False) -> list[float]:
    return [_number(name, word, infinite) for word in text.split()]


def _number(name: str, word: str, infinite: bool) -> float:
    if _NUMBER.fullmatch(word) and math.isfinite(float(word)):
        return float(word)
    endless = _INFINITE.fullmatch(word)
    if endless and infinite:
        return -math.inf if endless[1] == "-" else math.inf
    hint = "write numbers with blanks between them"
    raise BadParameter(
        name, f"{word[:40]!r} is not a number", hint=hint + (" or -Inf, +Inf" if infinite else "")
    )


def _count(values: list[float]) -> str:
    return f"{len(values)} number{'' if len(values) == 1 else 's'}"
