"""The weather of simulated nights: seeing, wind, humidity and clouds, which change slowly, and by chance.

Good nights follow good nights, and good hours good hours. What monitors tell of it is a `Weather`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..observatory import SECOND
from ..season import MINUTE, Series, Weather

__all__ = ["TRANSPARENCIES", "Climate", "Hours", "climate", "weather_of"]

Values = NDArray[np.float64]

# The limits of the telescopes, and how long all has to be well before they open again.
WINDIEST, DAMPEST, CLOUDIEST = 18.0, 70.0, 1.6
_PATIENCE = 20  # minutes
# From which index of cloudiness on the sky is no longer photometric, and no longer clear.
_CLOUDS = (0.1, 0.8)
TRANSPARENCIES = ("Photometric", "Clear", "Variable, thin cirrus")


@dataclass(frozen=True, slots=True, eq=False)
class Climate:
    """Of the nights of a season: what their hours vary about, in units of its own scatter."""

    seeing: Values
    wind: Values
    humidity: Values
    clouds: Values
    direction: Values


@dataclass(frozen=True, slots=True, eq=False)
class Hours:
    """The weather of one night by the minute from dusk: what is told of it, and what operators see.

    `sky` is a place in `TRANSPARENCIES`. Wind in m/s and degrees, humidity in percent, pressure in hPa.
    """

    told: Weather
    wind: Values
    direction: Values
    humidity: Values
    pressure: Values
    sky: NDArray[np.int64]
    is_shut: NDArray[np.bool_]

    def minute(self, mjd: float) -> int:
        # A time that is the beginning of a minute is in it, whatever its last digit is.
        return min(max(int((mjd - self.told.dusk) / MINUTE + 1e-4), 0), self.told.minutes - 1)

    def opens(self, mjd: float) -> float | None:
        """The time itself, or a second into the first minute after it in which telescopes are open."""
        minute = self.minute(mjd)
        if not self.is_shut[minute]:
            return mjd
        later = np.flatnonzero(~self.is_shut[minute:])
        return self.told.dusk + (minute + int(later[0])) * MINUTE + SECOND if later.size else None

    def shuts(self, start: float, end: float) -> float | None:
        """When the telescopes are shut between two times."""
        first = self.minute(start)
        shut = np.flatnonzero(self.is_shut[first : self.minute(end) + 1])
        return self.told.dusk + (first + int(shut[0])) * MINUTE if shut.size else None


def climate(random: np.random.Generator, nights: int) -> Climate:
    """What one night has of the one before fades in two or three."""
    return Climate(*(_wander(random, nights, 2.5) for _ in range(5)))


def weather_of(random: np.random.Generator, one: Climate, night: int, dusk: float, minutes: int) -> Hours:
    """Of a night of the climate: Paranal's median seeing is 0.7 arcsec, its wind 6 m/s."""
    course = 0.72 * np.exp(0.22 * one.seeing[night] + 0.18 * _wander(random, minutes, 45))
    seeing = np.round(course * np.exp(random.normal(0.0, 0.015, minutes)), 3)
    wind = 6.0 * np.exp(0.4 * one.wind[night] + 0.25 * _wander(random, minutes, 60))
    humidity = np.clip(15 * np.exp(0.55 * one.humidity[night] + 0.2 * _wander(random, minutes, 90)), 3, 99)
    clouds = one.clouds[night] + 0.35 * _wander(random, minutes, 60)
    direction = (345 + 25 * one.direction[night] + 10 * _wander(random, minutes, 60)) % 360.0
    pressure = 743.5 + 0.8 * one.direction[night] + 0.2 * _wander(random, minutes, 120)
    is_shut = _for_a_while((wind > WINDIEST) | (humidity > DAMPEST) | (clouds > CLOUDIEST))
    seeing[is_shut] = np.nan
    ground = _ground(wind, direction, humidity, pressure, one.seeing[night])
    told = Weather(dusk, seeing, course, (*ground, *_above(clouds, minutes)))
    return Hours(told, wind, direction, humidity, pressure, np.searchsorted(_CLOUDS, clouds), is_shut)


def _ground(
    wind: Values, direction: Values, humidity: Values, pressure: Values, season: float
) -> tuple[Series, ...]:
    """Meteorology every five minutes; the air cools through the night."""
    part = np.linspace(0, 1, len(wind))
    measured = {
        "temp1": 13.0 + season - 3.0 * part,
        "temp2": 12.5 + season - 3.3 * part,
        "tempdew1": -20.0 + humidity / 3,
        "rhum1": humidity,
        "wind_dir1": direction,
        "wind_speed1": wind,
        "press": pressure,
    }
    return tuple(Series("meteo_paranal", name, 5, values[::5]) for name, values in measured.items())


def _above(clouds: Values, minutes: int) -> tuple[Series, ...]:
    """Water vapour and the temperature of the sky every ten minutes: clouds are warmer."""
    part = np.linspace(0, 1, minutes)
    measured = {
        "pwv0": 2.0 + 0.8 * part + np.maximum(clouds, 0),
        "irt0": -92.0 + 12.0 * np.maximum(clouds, 0),
    }
    return tuple(Series("lhatpro_paranal", name, 10, values[::10]) for name, values in measured.items())


def _for_a_while(is_bad: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Bad, or bad not long ago."""
    return np.asarray(np.convolve(is_bad, np.ones(_PATIENCE))[: len(is_bad)] > 0.5)


def _wander(random: np.random.Generator, count: int, memory: float) -> Values:
    """A series of mean 0 and scatter 1 that forgets in `memory` steps: to a third of what it was."""
    kernel = np.exp(-np.arange(int(5 * memory) + 1) / memory)
    kernel /= np.sqrt(np.sum(kernel**2))
    return np.convolve(random.normal(0.0, 1.0, count + len(kernel) - 1), kernel, "valid")
