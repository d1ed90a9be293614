"""When: dates and Modified Julian Dates of observations, as many headers write them. All UTC."""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import erfa
from astropy.time import Time

from .keywords import Keywords

__all__ = ["Span", "as_mjd", "as_timestamp", "exposure_time", "observed", "parse_date"]

_MJD_ORIGIN = datetime(1858, 11, 17, tzinfo=UTC)
# What software writes into a field that it does not fill: day 0, 01/01/00, and the zero of Unix.
_PLACEHOLDERS = {0.0, 15_020.0, 40_587.0}
# The first photographs of the sky that were measured, and a date this archive will not live to see.
_EARLIEST, _LATEST = -10_000.0, 120_000.0
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?)?Z?")
_OLD = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2})")
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d*)?))?")


@dataclass(frozen=True, slots=True)
class Span:
    """Start and end (MJD), and whether the start is known to the second or only to the day."""

    start: float
    end: float
    to_the_second: bool = True


def as_mjd(moment: datetime) -> float:
    return (moment - _MJD_ORIGIN) / timedelta(days=1)


def as_timestamp(mjd: float) -> datetime:
    """Without zone, as the database keeps it, to the microsecond."""
    return (_MJD_ORIGIN + timedelta(days=mjd)).replace(tzinfo=None)


def parse_date(text: str | None) -> tuple[datetime, bool] | None:
    """The moment of a DATE card and whether it has a time of day; dd/mm/yy means 19yy (FITS 4.0, 4.4.2.1)."""
    iso, old = _ISO.fullmatch((text or "").strip()), _OLD.fullmatch((text or "").strip())
    try:
        if iso:
            year, month, day = int(iso[1]), int(iso[2]), int(iso[3])
            start = datetime(year, month, day, tzinfo=UTC)
            # Added, so that a leap second (23:59:60) is no error.
            clock = timedelta(hours=int(iso[4] or 0), minutes=int(iso[5] or 0), seconds=float(iso[6] or 0))
            return start + clock, iso[4] is not None
        if old:
            return datetime(1900 + int(old[3]), int(old[2]), int(old[1]), tzinfo=UTC), False
    except (ValueError, OverflowError):
        return None
    return None


def exposure_time(keywords: Keywords) -> float | None:
    """The total exposure in seconds.

    ESO's infrared instruments write the time of one integration (DIT) in EXPTIME and take NDIT of them.
    """
    seconds = keywords.number("TEXPTIME", "EXPTIME", "EXPOSURE")
    if seconds is None or seconds < 0:
        return None
    dit, ndit = keywords.number("ESO DET DIT"), keywords.integer("ESO DET NDIT")
    if dit is not None and ndit is not None and ndit > 1 and abs(seconds - dit) < 1e-3 * max(dit, 1e-3):
        return dit * ndit
    return seconds


def observed(keywords: Keywords) -> Span | None:
    """When the observation began and ended; None when the header does not tell."""
    start = _start(keywords)
    if start is None:
        return None
    mjd, exact = start
    end = _valid(keywords.number("MJD-END"))
    if end is None:
        date = parse_date(keywords.text("DATE-END"))
        end = as_mjd(date[0]) if date and date[1] else _atomic(keywords, "TAI-END")
    if end is None and (seconds := _clock_seconds(keywords.text("TM-END"))) is not None:
        end = math.floor(mjd) + seconds / 86400.0
        end += 1.0 if end < mjd else 0.0
    if end is None:
        # An observation of which only the day is known lies somewhere within it.
        end = mjd + (exposure_time(keywords) or 0.0) / 86400.0 if exact else mjd + 1.0
    return Span(mjd, max(mjd, end), exact)


def _start(keywords: Keywords) -> tuple[float, bool] | None:
    mjd = _valid(keywords.number("MJD-OBS", "MJD-BEG"))
    if mjd is not None:
        return mjd, True
    atomic = _atomic(keywords, "TAI-BEG")
    if atomic is not None:
        return atomic, True
    date = parse_date(keywords.text("DATE-OBS", "DATE-BEG", "DATE_OBS"))
    if date is None:
        return None
    moment, exact = date
    if not exact:
        seconds = _clock_seconds(keywords.text("TIME-OBS", "UTC-OBS", "UT", "UTC", "UTSTART", "TM-START"))
        if seconds is not None:
            moment, exact = moment + timedelta(seconds=seconds), True
    found = _valid(as_mjd(moment))
    return None if found is None else (found, exact)


def _valid(mjd: float | None) -> float | None:
    return mjd if mjd is not None and mjd not in _PLACEHOLDERS and _EARLIEST < mjd < _LATEST else None


def _atomic(keywords: Keywords, name: str) -> float | None:
    """SDSS counts seconds of atomic time since MJD 0."""
    seconds = keywords.number(name)
    atomic = None if seconds is None else _valid(seconds / 86400.0)
    if atomic is None:
        return None
    with warnings.catch_warnings():
        # "Dubious year": UTC did not exist before 1960, and its future leap seconds are not known.
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        return float(Time(atomic, format="mjd", scale="tai").utc.mjd)


def _clock_seconds(text: str | None) -> float | None:
    """Seconds since midnight from "hh:mm:ss" or from seconds."""
    if text is None:
        return None
    match = _CLOCK.fullmatch(text)
    if match:
        return int(match[1]) * 3600.0 + int(match[2]) * 60.0 + float(match[3] or 0.0)
    try:
        seconds = float(text)
    except ValueError:
        return None
    return seconds if 0.0 <= seconds < 86400.0 else None
