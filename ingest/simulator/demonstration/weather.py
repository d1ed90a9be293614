"""The demonstration's night: when it is, and its weather, in which frames are taken and blocks executed.

It is the same for every seed, as the plan is. How monitors tell of it is in `ambient`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np

from ..season import MINUTE, Series, Weather

__all__ = ["EVENING", "NIGHT", "weather"]

NIGHT = 61113.0  # 2026-03-14, 0 h UTC: the civil date of the evening in Chile is the 13th.
EVENING = "2026-03-13"

_DUSK = NIGHT - 29 * MINUTE  # the monitors open as it gets dark
_MINUTES = 620  # for which they measure
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


# Monitor, minutes between its values, quantity, and its course over the night from 0 to 1. The air cools,
# and in the middle of the night there is a storm.
_COURSES: tuple[tuple[str, int, str, Callable[[float], float]], ...] = (
    ("meteo_paranal", 5, "temp1", lambda part: 14.0 - 3.0 * part),
    ("meteo_paranal", 5, "temp2", lambda part: 13.4 - 3.4 * part),
    ("meteo_paranal", 5, "tempdew1", lambda part: -12.0 - 2.0 * part),
    ("meteo_paranal", 5, "rhum1", lambda part: 12.0 + 2.0 * part),
    ("meteo_paranal", 5, "wind_dir1", lambda part: 340.0 + 15.0 * part),
    ("meteo_paranal", 5, "wind_speed1", lambda part: 4.0 + 15.0 * math.exp(-(((part - 0.51) / 0.05) ** 2))),
    ("meteo_paranal", 5, "press", lambda part: 743.6 - 0.4 * part),
    ("lhatpro_paranal", 10, "pwv0", lambda part: 2.1 + 0.8 * part),
    ("lhatpro_paranal", 10, "irt0", lambda part: -92.0 + 3.0 * part),
    ("meteo_lasilla", 10, "temp2", lambda part: 15.1 - 2.0 * part),
    ("meteo_lasilla", 10, "rhum2", lambda part: 28.0 + 6.0 * part),
    ("meteo_lasilla", 10, "wind_speed2", lambda part: 3.0 + 2.0 * part),
    ("ambient_lasilla", 10, "fwhm", lambda part: 0.9 + 0.3 * part),
    ("ambient_lasilla", 10, "airmass", lambda part: 1.1 + 0.1 * part),
)


@cache
def weather() -> Weather:
    """The slow course of the seeing has a scatter from minute to minute."""
    days, arcsec = np.array(_COURSE).T
    course = np.interp(_DUSK + np.arange(_MINUTES) * MINUTE - NIGHT, days, arcsec)
    noise = np.random.default_rng(_NOISE_SEED).normal(0.0, 0.012, _MINUTES)
    series = tuple(_series(*one) for one in _COURSES)
    return Weather(_DUSK, np.round(course + noise, 3), course, series)


def _series(monitor: str, step: int, quantity: str, course: Callable[[float], float]) -> Series:
    values = [course(minute / _MINUTES) for minute in range(0, _MINUTES, step)]
    return Series(monitor, quantity, step, np.array(values))
