"""Values of SSA's parameters: lists of numbers and ranges, positions with a frame, dates (SSA 1.1).

Every fault is a BadParameter that says what would have been right.
"""

from __future__ import annotations

import math
import re
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from archive.errors import BadParameter
from archive.query.frames import FRAMES, rotated, rotation

__all__ = ["Dates", "Span", "dates", "listed", "position", "ranges"]

_MOST = 1000
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_DATE = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?Z?)?)?)?", re.ASCII
)
_FRAMES = {
    "": "ICRS",
    "ICRS": "ICRS",
    "FK5": "FK5",
    "J2000": "FK5",
    "FK4": "FK4",
    "B1950": "FK4",
    "GAL": "GALACTIC",
    "GALACTIC": "GALACTIC",
    "GALACTIC_II": "GALACTIC",
    "SUPER_GALACTIC": "SUPER_GALACTIC",
    "ECLIPTIC": "ECLIPTIC",
}
_MJD_ORIGIN = datetime(1858, 11, 17, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Span:
    """Both ends belong to it; infinite ones are open. `is_single`: one number was given."""

    low: float
    high: float
    is_single: bool = False


@dataclass(frozen=True, slots=True)
class Dates:
    """UTC; None for an open end. `end` belongs to it, being the last microsecond of a date."""

    start: datetime | None
    end: datetime | None

    @property
    def mjd(self) -> Span:
        low = -math.inf if self.start is None else _mjd(self.start)
        return Span(low, math.inf if self.end is None else _mjd(self.end))


def listed(name: str, text: str) -> list[str]:
    """The items of a list, without blanks around them."""
    items = [item.strip() for item in text.split(",")]
    if len(items) > _MOST:
        raise BadParameter(name, f"a list of {len(items)} values", hint=f"{_MOST} are the most")
    return [item for item in items if item]


def ranges(
    name: str, text: str, named: Callable[[str], tuple[float, float] | None] = lambda _: None
) -> list[Span]:
    """Numbers and ranges of numbers; `named` knows words that stand for a range."""
    return [_range(name, item, named) for item in listed(name, text)]


def _range(name: str, item: str, named: Callable[[str], tuple[float, float] | None]) -> Span:
    known = named(item)
    if known is not None:
        return Span(*known)
    first, slash, last = item.partition("/")
    if not slash:
        value = _number(name, first)
        return Span(value, value, is_single=True)
    low = _number(name, first) if first.strip() else -math.inf
    high = _number(name, last) if last.strip() else math.inf
    if low > high:
        raise BadParameter(
            name, f"the range {item} ends before it begins", hint=f"write {last.strip()}/{first.strip()}"
        )
    return Span(low, high)


def _number(name: str, text: str) -> float:
    word = text.strip()
    number = float(word) if _NUMBER.fullmatch(word) else math.nan
    if not math.isfinite(number):
        raise BadParameter(
            name, f"{word[:40]!r} is no number", hint="give a number, a range a/b, or a/ or /b"
        )
    return number


def position(name: str, text: str) -> tuple[float, float]:
    """ICRS longitude and latitude in degrees of `longitude,latitude` or `longitude,latitude;frame`."""
    place, _, word = text.partition(";")
    frame = _FRAMES.get(word.strip().upper())
    if frame is None or frame not in FRAMES:
        known = ", ".join(dict.fromkeys(_FRAMES.values()))
        raise BadParameter(name, f"{word.strip()[:40]!r} is no frame known here", hint=f"use {known}")
    values = place.split(",")
    if len(values) != 2:
        raise BadParameter(
            name,
            f"{place[:60]!r} is no position",
            hint="give right ascension and declination in decimal degrees, with a comma between",
        )
    longitude, latitude = (_coordinate(name, value) for value in values)
    if not -180.0 <= longitude <= 360.0 or not -90.0 <= latitude <= 90.0:
        raise BadParameter(name, f"{place} is not on the sky", hint="0 to 360 degrees, and -90 to 90 degrees")
    return rotated(rotation(frame, "ICRS"), longitude, latitude)


def _coordinate(name: str, text: str) -> float:
    if _NUMBER.fullmatch(text.strip()) is None:
        raise BadParameter(name, f"{text.strip()[:40]!r} is no number of degrees", hint="as in 187.25,-30.5")
    return float(text)


def dates(name: str, text: str) -> list[Dates]:
    """Dates and ranges of dates."""
    return [_dates(name, item) for item in listed(name, text)]


def _dates(name: str, item: str) -> Dates:
    first, slash, last = item.partition("/")
    if not slash:
        return Dates(*_date(name, first))
    start = _date(name, first)[0] if first.strip() else None
    end = _date(name, last)[1] if last.strip() else None
    if start is not None and end is not None and start > end:
        raise BadParameter(
            name, f"the range {item} ends before it begins", hint=f"write {last.strip()}/{first.strip()}"
        )
    return Dates(start, end)


def _date(name: str, text: str) -> tuple[datetime, datetime]:
    """The first and the last moment of a date of any precision."""
    word = text.strip()
    match = _DATE.fullmatch(word)
    if match is None:
        raise BadParameter(
            name, f"{word[:40]!r} is no date", hint="write ISO 8601, as in 2004-01-31T23:30:00 or 2004-01"
        )
    year, month, day, hour, minute, second = (int(part) if part else None for part in match.groups()[:6])
    fraction = timedelta(seconds=float(match[7] or 0.0))
    try:
        start = datetime(
            year or 0, month or 1, day or 1, hour or 0, minute or 0, min(second or 0, 59), tzinfo=UTC
        )
        # A leap second is the one before it a second later.
        start += fraction + timedelta(seconds=1 if second == 60 else 0)
        if second is not None and second > 60:
            raise ValueError("a minute has no such second")
        length = _length(start, month, day, hour, minute, second)
        return start, start + length - (timedelta() if second is not None else timedelta(microseconds=1))
    except (ValueError, OverflowError) as cause:
        raise BadParameter(name, f"there is no date {word}", hint=str(cause)) from cause


def _length(start: datetime, *given: int | None) -> timedelta:
    """How long a date lasts, by which of its parts below the year were given."""
    month, day, hour, minute, second = given
    if second is not None:
        return timedelta()
    if minute is not None:
        return timedelta(minutes=1)
    if hour is not None:
        return timedelta(hours=1)
    if day is not None:
        return timedelta(days=1)
    if month is not None:
        return timedelta(days=monthrange(start.year, start.month)[1])
    return datetime(start.year, 12, 31, tzinfo=UTC) + timedelta(days=1) - start


def _mjd(moment: datetime) -> float:
    return (moment - _MJD_ORIGIN) / timedelta(days=1)
