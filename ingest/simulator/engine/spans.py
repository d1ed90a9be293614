"""Which nights a season has, and when they begin and end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ..observatory import Site
from .periods import Period

__all__ = ["NOON", "Span", "mjd_of"]

_MJD = 678_576  # of date.toordinal()
NOON = 8 / 24  # in Chile, days before midnight UTC


def mjd_of(day: date) -> float:
    """0 h UTC."""
    return float(day.toordinal() - _MJD)


@dataclass(frozen=True, slots=True)
class Span:
    """The nights of a season, all of one period."""

    period: Period
    first: date
    nights: int
    site: Site

    def midnight(self, night: int) -> float:
        """0 h UTC in a night of the span."""
        return mjd_of(self.first) + 1 + night

    def middle(self, night: int) -> float:
        return self.midnight(night) - self.site.longitude / 360.0

    @property
    def starts(self) -> float:
        """Noon in Chile before the first night."""
        return self.midnight(0) - NOON

    @property
    def ends(self) -> float:
        return self.midnight(self.nights) - NOON
