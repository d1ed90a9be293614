"""Text that describes regions: STC-S (POLYGON ICRS 1 2 3 4 5 6) and DALI's shapes (circle 1 2 3).

Read are Position, Circle, Box, Polygon, AllSky and Union of STC-S, DALI's point, circle, polygon and
range, and several of them one after the other, in any letter case. Frames ICRS, FK5 and J2000 are taken
as ICRS, which they agree with to 0.1 arcsec; GALACTIC is rotated; any other is refused. Words for the
reference position are ignored, since no shape here has a distance.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

import erfa

from ..errors import UsageError
from .sphere import lonlat, vector

__all__ = ["Shapes", "box_polygon", "read_shapes"]

_TOKEN = re.compile(
    r"""\s*(?: ([A-Za-z][A-Za-z0-9_]*)
          | ([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)(?![\w.])
          | ([()])
          | ,)""",
    re.VERBOSE,
)
_EQUATORIAL = {"ICRS", "FK5", "J2000"}
_GALACTIC = {"GALACTIC", "GALACTIC_II"}
_REFERENCE_POSITIONS = frozenset(
    "BARYCENTER GEOCENTER HELIOCENTER TOPOCENTER EMBARYCENTER LSR LSRK LSRD LOCAL_GROUP_CENTER "
    "GALACTIC_CENTER MOON MERCURY VENUS MARS JUPITER SATURN URANUS NEPTUNE PLUTO RELOCATABLE "
    " UNKNOWNREFPOS UNKNOWN".split()
)
_SHAPES = {"POSITION", "POINT", "CIRCLE", "BOX", "POLYGON", "RANGE", "ALLSKY", "UNION"}
_FINEST = math.radians(1.0 / 3_600_000.0)  # 1 mas: how far a range's sides may lie from its parallels
_MOST_STEPS = 360
_DEEPEST = 50  # unions in unions

Point = tuple[float, float]


@dataclass
class Shapes:
    """What was read, in ICRS degrees."""

    points: list[Point] = field(default_factory=list)
    circles: list[tuple[float, float, float]] = field(default_factory=list)
    polygons: list[tuple[Point, ...]] = field(default_factory=list)


def read_shapes(text: str) -> Shapes:
    """All shapes that the text names; UsageError says where and why it cannot be read."""
    reader = _Reader(text)
    while not reader.at_end:
        reader.shape(_same)
    if not (reader.shapes.points or reader.shapes.circles or reader.shapes.polygons):
        raise UsageError(f"region {text!r} is empty", hint='write, for instance, "CIRCLE ICRS 10.5 -20 0.1"')
    return reader.shapes


def box_polygon(lon: float, lat: float, width: float, height: float) -> tuple[Point, ...]:
    """The corners, in degrees, of ADQL's BOX: great circles that meet the arms of a cross at right angles.

    The arms reach half of `width` and `height` from the centre along the directions of the axes there
    (ADQL 2.1, 4.2.9).
    """
    if not (0.0 < width < 180.0 and 0.0 < height < 180.0):
        raise UsageError(
            f"a box cannot be {width:g} by {height:g} degrees", hint="use more than 0, less than 180"
        )
    _check_place(lon, lat)
    lam, phi = math.radians(lon), math.radians(lat)
    x0, y0, z0 = vector(lon, lat)
    # In the gnomonic projection such sides are straight lines parallel to the axes.
    x, y = math.tan(math.radians(width) / 2.0), math.tan(math.radians(height) / 2.0)

    def corner(east: float, north: float) -> Point:
        return lonlat(
            (
                x0 - east * math.sin(lam) - north * math.cos(lam) * math.sin(phi),
                y0 + east * math.cos(lam) - north * math.sin(lam) * math.sin(phi),
                z0 + north * math.cos(phi),
            )
        )

    return (corner(-x, -y), corner(-x, y), corner(x, y), corner(x, -y))


def _check_place(lon: float, lat: float) -> None:
    if not (-360.0 <= lon <= 360.0 and -90.0 <= lat <= 90.0):
        raise UsageError(f"there is no position {lon:g} {lat:g} on the sky")


def _same(lon: float, lat: float) -> Point:
    return lon, lat


def _from_galactic(lon: float, lat: float) -> Point:
    _check_place(lon, lat)
    ra, dec = erfa.g2icrs(math.radians(lon), math.radians(lat))
    return math.degrees(float(ra)) % 360.0, math.degrees(float(dec))


_Turn = Callable[[float, float], Point]


class _Reader:
    """Recursive descent over the words; adds what it reads to `shapes`."""

    def __init__(self, text: str) -> None:
        self.shapes = Shapes()
        self._text = text
        self._tokens = _tokens(text)
        self._next = 0
        self._depth = 0

    @property
    def at_end(self) -> bool:
        return self._next == len(self._tokens)

    def _peek(self) -> str | float:
        return "" if self.at_end else self._tokens[self._next]

    def _take(self) -> str | float:
        token = self._peek()
        self._next += 1
        return token

    def _fail(self, reason: str, hint: str | None = None) -> UsageError:
        shown = self._text if len(self._text) <= 80 else self._text[:77] + "..."
        return UsageError(f"region {shown!r}: {reason}", hint=hint)

    def shape(self, turn: _Turn) -> None:
        name = self._take()
        if name not in _SHAPES:
            raise self._fail(
                f"{str(name)[:40]!r} is no shape that can be stored" if name else "it ends too early",
                "use POSITION, CIRCLE, POLYGON, BOX or UNION",
            )
        turn = self._frame(turn)
        if name == "UNION":
            return self._union(turn)
        numbers = self._numbers()
        if self._peek() == "UNIT":
            self._unit()
        match name:
            case "POSITION" | "POINT":
                self._expect(numbers, 2, "a position", "longitude and latitude")
                self.shapes.points.append(turn(numbers[0], numbers[1]))
            case "CIRCLE":
                self._expect(numbers, 3, "a circle", "longitude, latitude and radius")
                self.shapes.circles.append((*turn(numbers[0], numbers[1]), numbers[2]))
            case "BOX":
                self._expect(numbers, 4, "a box", "longitude and latitude of the centre, width and height")
                self._polygon(list(box_polygon(*numbers)), turn)
            case "RANGE":
                self._expect(numbers, 4, "a range", "two longitudes and two latitudes")
                self._range(numbers, turn)
            case "ALLSKY":
                self._expect(numbers, 0, "ALLSKY", "nothing")
                self.shapes.circles += [(0.0, 90.0, 90.0), (0.0, -90.0, 90.0)]
            case _:
                if len(numbers) % 2:
                    raise self._fail(f"a polygon of {len(numbers)} numbers has a corner without latitude")
                self._polygon(list(zip(numbers[::2], numbers[1::2], strict=True)), turn)
        return None

    def _frame(self, turn: _Turn) -> _Turn:
        """Reads frame, reference position and flavour; keeps the frame of the union when there is none."""
        while isinstance(word := self._peek(), str) and word not in {"", "(", ")"} and word not in _SHAPES:
            if word == "UNIT":
                break
            self._take()
            if word in _GALACTIC:
                turn = _from_galactic
            elif word in _EQUATORIAL:
                turn = _same
            elif word not in _REFERENCE_POSITIONS and word != "SPHERICAL2":
                raise self._fail(f"the frame {word[:40]} is not known", "use ICRS, FK5, J2000 or GALACTIC")
        return turn

    def _union(self, turn: _Turn) -> None:
        if self._take() != "(":
            raise self._fail("UNION needs its shapes in parentheses")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._fail(f"more than {_DEEPEST} unions stand in each other")
        while self._peek() != ")":
            self.shape(turn)
        self._take()
        self._depth -= 1

    def _numbers(self) -> list[float]:
        numbers: list[float] = []
        while isinstance(number := self._peek(), float):
            numbers.append(number)
            self._take()
        return numbers

    def _unit(self) -> None:
        self._take()
        if self._take() not in {"DEG", "DEGREE", "DEGREES"}:
            raise self._fail("coordinates can be read in degrees only", "write UNIT DEG or leave it out")

    def _expect(self, numbers: list[float], count: int, what: str, meaning: str) -> None:
        if len(numbers) != count:
            raise self._fail(f"{what} takes {meaning}, and {len(numbers)} numbers are given")

    def _polygon(self, corners: list[Point], turn: _Turn) -> None:
        if len(corners) > 3 and corners[0] == corners[-1]:
            del corners[-1]
        if len(corners) < 3:
            raise self._fail(f"a polygon of {len(corners)} corners encloses nothing")
        self.shapes.polygons.append(tuple(turn(*corner) for corner in corners))

    def _range(self, numbers: list[float], turn: _Turn) -> None:
        west, east, south, north = numbers
        east += 360.0 if east < west else 0.0
        if not (-90.0 <= south < north <= 90.0 and west < east <= west + 360.0):
            raise self._fail("the limits of the range enclose nothing")
        if south == -90.0 and north == 90.0:
            # Two meridians from pole to pole have no corner between them.
            self._range([west, east, south, 0.0], turn)
            south = 0.0
        pieces = math.ceil((east - west) / 90.0)
        for piece in range(pieces):
            left = west + piece * (east - west) / pieces
            right = west + (piece + 1) * (east - west) / pieces
            upper = _parallel(left, right, north)
            lower = _parallel(left, right, south)
            self._polygon([*lower[::-1], *upper], turn)


def _parallel(left: float, right: float, lat: float) -> list[Point]:
    """Points along a parallel so dense that great circles between them stay within 1 mas of it.

    Where that would take more than 360 points, as at 45 degrees for more than 6 degrees of longitude,
    360 are taken; the sides then lie 0.24 arcsec apart for 90 degrees of longitude.
    """
    if abs(lat) == 90.0:
        return [(left % 360.0, lat)]
    slope = abs(math.sin(math.radians(2.0 * lat))) / 16.0
    width = math.radians(right - left)
    steps = min(max(math.ceil(width * math.sqrt(slope / _FINEST)), 1), _MOST_STEPS)
    return [((left + (right - left) * step / steps) % 360.0, lat) for step in range(steps + 1)]


def _tokens(text: str) -> list[str | float]:
    """Words in upper case, numbers as such, parentheses."""
    tokens: list[str | float] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        found = _TOKEN.match(text, position)
        if found is None:
            place = text[position:].strip()[:20]
            raise UsageError(f"region: cannot read {place!r}", hint="use numbers in degrees and plain words")
        word, number, bracket = found.groups()
        if number is not None:
            tokens.append(float(number))
        elif word is not None or bracket is not None:
            tokens.append((word or bracket).upper())
        position = found.end()
    return tokens
