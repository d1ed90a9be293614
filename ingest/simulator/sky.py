"""The sky above a site: sidereal time, airmass, and where Sun, Moon and targets stand through a whole night.

Positions are of the mean equator and equinox of date (IAU 2006), without nutation and aberration: they are
right to half a minute of arc, and need no table of the Earth's rotation. UT1 is taken for UTC.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import overload

import erfa
import numpy as np
from numpy.typing import NDArray

from .observatory import Site, Target

__all__ = ["Lights", "airmass", "lights", "of_date", "sidereal_time", "zenith"]

Values = NDArray[np.float64]
_MJD = 2400000.5
_TT = 69.184 / 86400  # days after UTC, as it has been since 2017
_EARTH = 6378.137 / 149_597_870.7  # radius, au
_STEP = 5.0 / 1440  # days between the times of `Lights`
_HALF = 0.36  # days of it before and after the middle of the night


@overload
def sidereal_time(mjd: float, longitude: float) -> float: ...
@overload
def sidereal_time(mjd: Values, longitude: float) -> Values: ...
def sidereal_time(mjd: float | Values, longitude: float) -> float | Values:
    """Local mean sidereal time in degrees, to 0.1 s (Astronomical Almanac, B6)."""
    return (280.46061837 + 360.98564736629 * (mjd - 51544.5) + longitude) % 360.0


def airmass(site: Site, target: Target, mjd: float) -> float:
    """By the plane-parallel formula, for the equinox of 2000; 9.9 below 6 degrees of altitude."""
    hour_angle = math.radians(sidereal_time(mjd, site.longitude) - target.ra)
    latitude, dec = math.radians(site.latitude), math.radians(target.dec)
    sine = math.sin(latitude) * math.sin(dec) + math.cos(latitude) * math.cos(dec) * math.cos(hour_angle)
    return 1.0 / sine if sine > 0.1 else 9.9


def of_date(ra: Values, dec: Values, mjd: float) -> Values:
    """Unit vectors (n, 3) of ICRS positions (degrees) in the equator and equinox of a date."""
    return np.asarray(erfa.s2c(np.radians(ra), np.radians(dec)) @ _precession(mjd).T)


def zenith(mjd: Values, site: Site) -> Values:
    """Unit vectors (n, 3) in the equator and equinox of date; their products with those of targets are the
    sines of altitudes."""
    sidereal = np.radians(sidereal_time(mjd, site.longitude))
    return np.asarray(erfa.s2c(sidereal, math.radians(site.latitude)))


@dataclass(frozen=True, slots=True, eq=False)
class Lights:
    """Of Sun and Moon from an afternoon to the morning: `times`, altitudes (degrees), unit vectors (n, 3) to
    the Moon as it is seen from the site, and its illuminated fraction."""

    times: Values
    sun_altitude: Values
    moon: Values
    moon_altitude: Values
    fli: float

    def dark(self, altitude: float) -> tuple[float, float]:
        """When the Sun goes below an altitude (degrees), and when it comes up to it again."""
        below = np.flatnonzero(self.sun_altitude < altitude)
        return self._crossing(int(below[0]), altitude), self._crossing(int(below[-1]) + 1, altitude)

    def _crossing(self, place: int, altitude: float) -> float:
        """Of the Sun between a place in the grid and the one before."""
        (before, after), (start, end) = (
            self.sun_altitude[place - 1 : place + 1],
            self.times[place - 1 : place + 1],
        )
        return float(start + (end - start) * (altitude - before) / (after - before))

    def place(self, mjd: float) -> int:
        """Of the time in the grid that is next to another."""
        return min(max(round((mjd - float(self.times[0])) / _STEP), 0), len(self.times) - 1)


def lights(site: Site, midnight: float) -> Lights:
    """Of the night in which `midnight`, 0 h UTC, lies for a site in the west: its middle is later."""
    middle = midnight - site.longitude / 360.0
    times = np.arange(middle - _HALF, middle + _HALF, _STEP)
    # They move so little in two hours that what is between lies on a straight line, to ten seconds of arc.
    coarse = np.linspace(times[0], times[-1], 10)
    precession = _precession(middle).T
    sun, moon = (_between(times, coarse, seen @ precession) for seen in _sun_and_moon(coarse))
    above = zenith(times, site)
    moon = moon - _EARTH * above  # seen from the site: a degree lower at the horizon
    sun, moon = (seen / np.linalg.norm(seen, axis=1, keepdims=True) for seen in (sun, moon))
    elongation = float(np.mean(np.sum(sun * moon, axis=1)))
    altitudes = [np.degrees(np.arcsin(np.sum(seen * above, axis=1))) for seen in (sun, moon)]
    return Lights(times, altitudes[0], moon, altitudes[1], (1.0 - elongation) / 2)


def _precession(mjd: float) -> Values:
    return np.asarray(erfa.pmat06(_MJD, mjd + _TT))


def _sun_and_moon(mjd: Values) -> tuple[Values, Values]:
    """Vectors (n, 3) from the centre of the Earth, au, ICRS axes."""
    heliocentric, _ = erfa.epv00(_MJD, mjd + _TT)
    return -heliocentric["p"], erfa.moon98(_MJD, mjd + _TT)["p"]


def _between(times: Values, coarse: Values, vectors: Values) -> Values:
    return np.stack([np.interp(times, coarse, part) for part in vectors.T], axis=1)
