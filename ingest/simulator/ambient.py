"""What the site monitors tell of the simulated night, in the forms in which ESO gives their measurements.

The monitors of La Silla, where two of the instruments stand, are among them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from .headers import iso
from .plan import EVENING
from .weather import DUSK, MINUTE, MINUTES, seeing_of_minutes, seeing_track
from .writing import as_json

__all__ = ["ambient_files"]

_UNIX = 40587.0  # MJD of 1970-01-01


def ambient_files() -> Iterator[tuple[str, str]]:
    """(name, text) of the monitors' files: seeing and profiles as CSV, all else as JSON."""
    yield f"dimm_paranal_{EVENING}.csv", _seeing_table()
    yield f"mass_paranal_{EVENING}.csv", _turbulence_table()
    yield f"lhatpro_profiles_paranal_{EVENING}.csv", _profile_table()
    yield f"ambient_{EVENING}.json", as_json(_answer())


def _seeing_table() -> str:
    lines = ['Date time,DIMM Seeing ["],Airmass,Integration time']
    for minute, seeing in enumerate(seeing_of_minutes()):
        moment = iso(DUSK + minute * MINUTE)[:19]
        lines.append(f"{moment},{seeing:.3f},{1.05 + 0.0004 * abs(minute - 300):.3f},60")
    return "\n".join(lines) + "\n"


def _turbulence_table() -> str:
    """The free atmosphere, and how the turbulence is spread over three of its layers."""
    layers = ((1, 500, 4.0e-13), (2, 4000, 1.1e-13), (3, 12000, 0.9e-13))
    titles = [f"Layer {number} Cn2,Layer {number} Height [m]" for number, _, _ in layers]
    measured = 'Date time,Free Atmosphere Seeing ["],MASS-DIMM Seeing ["],MASS Theta0 ["],MASS Tau0 [s]'
    lines = [",".join([measured, "Integration time", *titles])]
    for minute in range(0, MINUTES, 5):
        mjd = DUSK + minute * MINUTE
        seeing = seeing_track(mjd)
        spread = [f"{part * seeing:.3e},{height}" for _, height, part in layers]
        part = minute / MINUTES
        quantities = (
            f"{0.7 * seeing:.3f},{seeing:.3f}",
            f"{2.4 - 0.6 * part:.2f}",
            f"{0.0055 - 0.002 * part:.5f}",
        )
        lines.append(",".join([iso(mjd)[:19], *quantities, "60", *spread]))
    return "\n".join(lines) + "\n"


def _profile_table() -> str:
    """Temperature by height, which falls by 6.5 kelvin in a kilometre."""
    heights = (0, 500, 2000, 5000, 10000)
    lines = [",".join(["Date time", *(f"Temperature [K] at {height} [m]" for height in heights)])]
    for minute in range(0, MINUTES, 60):
        ground = 287.0 - 3.0 * minute / MINUTES
        values = [f"{ground - 0.0065 * height:.2f}" for height in heights]
        lines.append(",".join([iso(DUSK + minute * MINUTE)[:19], *values]))
    return "\n".join(lines) + "\n"


def _answer() -> dict[str, list[list[float]]]:
    """Quantities by monitor, each with [ms since 1970, value]."""
    return {f"{monitor}-{name}": _series(step, course) for monitor, step, name, course in _COURSES}


def _series(step: int, course: Callable[[float], float]) -> list[list[float]]:
    """A value for every `step` minutes; `course` tells it for the fraction of the night that is over."""
    times = (minute for minute in range(0, MINUTES, step))
    return [
        [round((DUSK + minute * MINUTE - _UNIX) * 86_400_000), round(course(minute / MINUTES), 3)]
        for minute in times
    ]


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
