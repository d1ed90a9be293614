"""Times as the simulated observatory writes them, and the identifiers of frames, which are made of them.

Without astropy's time scales, which take a hundred times as long: all is UTC, and no leap second is in it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from .observatory import Exposure

__all__ = ["dp_id", "iso", "mjd_of", "stamp"]

_BEGINNING = datetime(1858, 11, 17, tzinfo=UTC)
_UNIX = 40587.0  # MJD of 1970-01-01


def iso(mjd: float) -> str:
    """With milliseconds and no zone, as in DATE-OBS and in archive identifiers."""
    day = int(mjd // 1)
    moment = _BEGINNING + timedelta(days=day, milliseconds=round((mjd - day) * 86_400_000))
    return moment.isoformat(timespec="milliseconds")[:23]


def stamp(mjd: float) -> str:
    """To the second before, marked as UTC."""
    return f"{iso(mjd)[:19]}Z"


def mjd_of(moment: datetime) -> float:
    """Of a moment that knows its zone, or is in UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return aware.timestamp() / 86400.0 + _UNIX


def dp_id(exposure: Exposure) -> str:
    return f"{exposure.instrument}.{iso(exposure.start)}"
