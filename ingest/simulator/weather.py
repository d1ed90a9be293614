"""The weather of the simulated night: the seeing in which its frames are taken and its blocks executed.

It is the same for every seed, as the plan is. What the site monitors tell of it is in `ambient`.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from .plan import NIGHT

__all__ = ["DUSK", "MINUTE", "MINUTES", "seeing_at", "seeing_of_minutes", "seeing_track"]

MINUTE = 1.0 / 1440.0
DUSK = NIGHT - 29 * MINUTE  # MJD: the monitors open as it gets dark
MINUTES = 620  # for which they measure
_NOISE_SEED = 1580
# Days after midnight UTC, and arcsec: good at first, and for an hour when the wind has gone.
_COURSE = (
    (-0.02, 0.80),
    (0.03, 0.53),
    (0.058, 0.52),
    (0.075, 0.72),
    (0.14, 0.75),
    (0.158, 0.85),
    (0.2, 0.80),
    (0.212, 0.55),
    (0.235, 0.53),
    (0.26, 1.10),
    (0.42, 1.25),
)


def seeing_track(mjd: float) -> float:
    """The slow course of the night, arcsec FWHM at the zenith and at 500 nm."""
    days, seeing = np.array(_COURSE).T
    return float(np.interp(mjd - NIGHT, days, seeing))


@cache
def seeing_of_minutes() -> NDArray[np.float64]:
    """What the monitor measures in each minute from dusk: the course, and its scatter."""
    noise = np.random.default_rng(_NOISE_SEED).normal(0.0, 0.012, MINUTES)
    track = np.array([seeing_track(DUSK + minute * MINUTE) for minute in range(MINUTES)])
    return np.round(track + noise, 3)


def seeing_at(mjd: float) -> float:
    """What the monitor measures in the minute of a time; in its first or last minute if it is shut."""
    minute = int((mjd - DUSK) / MINUTE)
    return float(seeing_of_minutes()[min(max(minute, 0), MINUTES - 1)])
