"""ESO's observing periods: half a year long, since period 117 a year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["Period", "period_of"]

_LONG = 116  # lasts seven months; those after it begin in May
_KNOWN = (113, 2024)  # it began in April of that year


@dataclass(frozen=True, slots=True)
class Period:
    """From the evening of `first` to that of `last`."""

    number: int
    first: date
    last: date


def period_of(day: date) -> Period:
    """The period that a night of this evening lies in."""
    number = _KNOWN[0] + 2 * (day.year - _KNOWN[1]) + 2
    while _begins(number) > day:
        number -= 1
    return Period(number, _begins(number), _begins(number + 1) - timedelta(days=1))


def _begins(number: int) -> date:
    if number > _LONG:
        return date(2026 + number - _LONG - 1, 5, 1)
    halves = number - _KNOWN[0]
    return date(_KNOWN[1] + halves // 2, 10 if halves % 2 else 4, 1)
