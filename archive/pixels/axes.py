"""Axes of polarization and of time in images: which of their pixels are wanted."""

from __future__ import annotations

import math
import re
from collections.abc import Collection

import numpy as np

from .hdus import Hdu
from .spectral import Interval, overlapping

__all__ = ["STOKES", "stokes_axis", "stokes_pixels", "time_axis", "time_pixels", "zero_mjd"]

# FITS 4.0, table 29.
STOKES = {1: "I", 2: "Q", 3: "U", 4: "V", -1: "RR", -2: "LL", -3: "RL", -4: "LR"}
STOKES |= {-5: "XX", -6: "YY", -7: "XY", -8: "YX"}
_TIMES = re.compile(r"TIME|MJD|JD|UTC|UT|TAI|TT|TDB|TCB|TCG|TDT|ET|GPS")
_DAYS = {"s": 1.0 / 86400.0, "d": 1.0, "a": 365.25, "yr": 365.25, "cy": 36525.0, "min": 1 / 1440, "h": 1 / 24}


def stokes_axis(hdu: Hdu) -> int | None:
    """From 0."""
    return _named(hdu, re.compile("STOKES"))


def time_axis(hdu: Hdu) -> int | None:
    """From 0."""
    return _named(hdu, _TIMES)


def _named(hdu: Hdu, pattern: re.Pattern[str]) -> int | None:
    for axis in range(len(hdu.shape)):
        if pattern.fullmatch((hdu.header.text(f"CTYPE{axis + 1}") or "").upper()):
            return axis
    return None


def _values(
    hdu: Hdu, axis: int, pixels: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    header, number = hdu.header, axis + 1
    step = header.number(f"CD{number}_{number}") or header.number(f"CDELT{number}") or 1.0
    offset = pixels - (header.number(f"CRPIX{number}") or 0.0)
    return np.asarray((header.number(f"CRVAL{number}") or 0.0) + offset * step)


def stokes_pixels(hdu: Hdu, states: Collection[str]) -> tuple[int, int] | None:
    """First and last + 1 of the pixels with these states; what lies between comes along."""
    axis = stokes_axis(hdu)
    assert axis is not None
    codes = _values(hdu, axis, np.arange(1.0, hdu.shape[axis] + 1.0))
    wanted = [i for i, code in enumerate(codes) if STOKES.get(round(float(code))) in states]
    return (wanted[0], wanted[-1] + 1) if wanted else None


def time_pixels(hdu: Hdu, time: Interval) -> tuple[int, int] | None:
    """`time` in MJD; TT, TAI and UTC, which are a minute apart, are not told apart."""
    axis = time_axis(hdu)
    assert axis is not None
    unit = (hdu.header.text(f"CUNIT{axis + 1}") or hdu.header.text("TIMEUNIT") or "s").strip()
    name = (hdu.header.text(f"CTYPE{axis + 1}") or "").upper()
    days = 1.0 if name in {"MJD", "JD"} else _DAYS.get(unit, math.nan)
    zero = {"MJD": 0.0, "JD": -2400000.5}.get(name, zero_mjd(hdu))
    edges = _values(hdu, axis, np.arange(0.5, hdu.shape[axis] + 1.0)) * days + zero
    touched = np.flatnonzero(overlapping(edges[:-1], edges[1:], time))
    return (int(touched[0]), int(touched[-1]) + 1) if len(touched) else None


def zero_mjd(hdu: Hdu) -> float:
    """The moment from which relative times count (FITS 4.0, 9.2.2), as MJD."""
    header = hdu.header
    whole, part = header.number("MJDREFI"), header.number("MJDREFF")
    if whole is not None or part is not None:
        return (whole or 0.0) + (part or 0.0)
    if (reference := header.number("MJDREF")) is not None:
        return reference
    julian = header.number("JDREF")
    # BJDREFI is what Kepler and TESS write.
    for name in ("JDREF", "BJDREF"):
        if julian is None and (days := header.number(f"{name}I")) is not None:
            julian = days + (header.number(f"{name}F") or 0.0)
    return 0.0 if julian is None else julian - 2400000.5
