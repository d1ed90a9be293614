"""What the site monitors tell of a night, in the forms in which ESO gives their measurements."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .season import MINUTE, ObservedNight, Series, Weather
from .times import iso
from .writing import as_json

__all__ = ["ambient_files"]

_UNIX = 40587.0  # MJD of 1970-01-01


def ambient_files(night: ObservedNight) -> Iterator[tuple[str, str]]:
    """(name, text) of the monitors' files: seeing and profiles as CSV, all else as JSON."""
    yield f"dimm_paranal_{night.evening}.csv", _seeing_table(night.weather)
    yield f"mass_paranal_{night.evening}.csv", _turbulence_table(night.weather)
    yield f"lhatpro_profiles_paranal_{night.evening}.csv", _profile_table(night.weather)
    answer = {
        f"{one.monitor}-{one.quantity}": _points(one, night.weather.dusk) for one in night.weather.series
    }
    yield f"ambient_{night.evening}.json", as_json(answer)


def _seeing_table(weather: Weather) -> str:
    lines = ['Date time,DIMM Seeing ["],Airmass,Integration time']
    for minute in np.flatnonzero(np.isfinite(weather.seeing)).tolist():
        moment = iso(weather.dusk + minute * MINUTE)[:19]
        seeing = weather.seeing[minute]
        lines.append(f"{moment},{seeing:.3f},{1.05 + 0.0004 * abs(minute - 300):.3f},60")
    return "\n".join(lines) + "\n"


def _turbulence_table(weather: Weather) -> str:
    """The free atmosphere, and how the turbulence is spread over three of its layers."""
    layers = ((1, 500, 4.0e-13), (2, 4000, 1.1e-13), (3, 12000, 0.9e-13))
    titles = [f"Layer {number} Cn2,Layer {number} Height [m]" for number, _, _ in layers]
    measured = 'Date time,Free Atmosphere Seeing ["],MASS-DIMM Seeing ["],MASS Theta0 ["],MASS Tau0 [s]'
    lines = [",".join([measured, "Integration time", *titles])]
    for minute in range(0, weather.minutes, 5):
        if not np.isfinite(weather.seeing[minute]):
            continue
        mjd = weather.dusk + minute * MINUTE
        seeing = weather.course[minute]
        spread = [f"{part * seeing:.3e},{height}" for _, height, part in layers]
        part = minute / weather.minutes
        quantities = (
            f"{0.7 * seeing:.3f},{seeing:.3f}",
            f"{2.4 - 0.6 * part:.2f}",
            f"{0.0055 - 0.002 * part:.5f}",
        )
        lines.append(",".join([iso(mjd)[:19], *quantities, "60", *spread]))
    return "\n".join(lines) + "\n"


def _profile_table(weather: Weather) -> str:
    """Temperature by height, which falls by 6.5 kelvin in a kilometre."""
    heights = (0, 500, 2000, 5000, 10000)
    lines = [",".join(["Date time", *(f"Temperature [K] at {height} [m]" for height in heights)])]
    for minute in range(0, weather.minutes, 60):
        ground = 287.0 - 3.0 * minute / weather.minutes
        values = [f"{ground - 0.0065 * height:.2f}" for height in heights]
        lines.append(",".join([iso(weather.dusk + minute * MINUTE)[:19], *values]))
    return "\n".join(lines) + "\n"


def _points(series: Series, dusk: float) -> list[list[float]]:
    """[ms since 1970, value] of what was measured."""
    return [
        [round((dusk + place * series.step * MINUTE - _UNIX) * 86_400_000), round(value, 3)]
        for place, value in enumerate(series.values.tolist())
        if np.isfinite(value)
    ]
