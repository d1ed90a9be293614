"""The observatory's plan as it stands on the morning after the simulated night.

What was done that night is in `plan`; here are also the observations of the next night and those that
wait. Rows come as values by ObsLocTAP's column names, without the collection, which the archive names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from .frames import BANDS, CHIP, GAP, SCALE, wavelengths
from .headers import TELESCOPES
from .plan import CLUSTERS, DWARFS, GALAXIES, NIGHT, SECOND, Exposure, ObservationBlock, Target, plan_night

__all__ = ["planned_observations"]


class _Status(StrEnum):
    """ObsLocTAP 1.0: execution_status. Nothing is aborted in this observatory."""

    PLANNED = "Planned"
    SCHEDULED = "Scheduled"
    UNSCHEDULED = "Unscheduled"
    PERFORMED = "Performed"


class _Category(StrEnum):
    COORDINATED = "Coordinated"
    WINDOW = "Window"
    OTHER = "Other"


@dataclass(frozen=True, slots=True)
class _Setup:
    """`bands` are HAWK-I's filters; without any it is FORS2's long slit. `seconds` are of exposure."""

    instrument: str
    bands: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, slots=True)
class _Observation:
    """`changed`, `start` and `end` are MJD (UTC); no start and no end while there is no schedule."""

    block: ObservationBlock
    setup: _Setup
    status: _Status
    changed: float
    start: float | None = None
    end: float | None = None


_MORNING = NIGHT + 0.45
_TOMORROW = NIGHT + 1.0
_TWO_BANDS = _Setup("HAWKI", ("J", "Ks"), 240.0)
_SPECTRUM = _Setup("FORS2", (), 600.0)
_GLOBULAR = ObservationBlock(4300104, "NGC6397_J_K", CLUSTERS, Target("NGC 6397", 265.1754, -53.6743))
_SOMBRERO = ObservationBlock(4300105, "M104_J_K", GALAXIES, Target("M 104", 189.9976, -11.6231))
_STANDARD = ObservationBlock(4300203, "EG131_300V", DWARFS, Target("EG 131", 290.1456, -7.6666))
_AUTUMN = ObservationBlock(4300204, "LTT7987_300V", DWARFS, Target("LTT 7987", 302.7369, -30.2185))

_TO_COME = (
    _Observation(_GLOBULAR, _TWO_BANDS, _Status.SCHEDULED, _MORNING, _TOMORROW + 0.33, _TOMORROW + 0.336),
    _Observation(_STANDARD, _SPECTRUM, _Status.SCHEDULED, _MORNING, _TOMORROW + 0.38, _TOMORROW + 0.389),
    # Had its place in the night until the wind came up.
    _Observation(_SOMBRERO, _TWO_BANDS, _Status.UNSCHEDULED, NIGHT + 0.21),
    _Observation(_AUTUMN, _SPECTRUM, _Status.PLANNED, NIGHT - 40.0),
)

# By run: spirals are followed by a radio telescope at the same time, standards need a dark sky.
_CATEGORIES = {CLUSTERS: _Category.OTHER, GALAXIES: _Category.COORDINATED, DWARFS: _Category.WINDOW}
_PRIORITIES = {_Category.OTHER: 0, _Category.WINDOW: 1, _Category.COORDINATED: 2}
_IMAGED = 2**0.5 * (2 * CHIP * SCALE + GAP)  # degrees: the diagonal of HAWK-I's field
_SLIT = 6.8 / 60.0  # degrees: the length of FORS2's slit
_RESOLVING_POWER = 440.0  # GRIS_300V with a slit of one arcsecond


def planned_observations() -> tuple[Mapping[str, object], ...]:
    """One row for every observation block, the same at every call; columns left out are NULL."""
    return tuple(_row(observation) for observation in (*_performed(plan_night()), *_TO_COME))


def _performed(exposures: tuple[Exposure, ...]) -> Iterator[_Observation]:
    """The blocks whose science exposures were taken in the night."""
    science = [(e.block, e) for e in exposures if e.category == "SCIENCE" and e.block is not None]
    ordered = sorted(science, key=lambda pair: (pair[0].id, pair[1].start))
    for block, pairs in groupby(ordered, key=lambda pair: pair[0]):
        taken = [exposure for _, exposure in pairs]
        bands = tuple(dict.fromkeys(e.optics for e in taken if e.optics in BANDS))
        setup = _Setup(taken[0].instrument, bands, sum(e.exposure_time for e in taken))
        end = max(e.end for e in taken)
        # The block is closed as soon as its last frame has been looked at.
        yield _Observation(block, setup, _Status.PERFORMED, end + 120 * SECOND, taken[0].start, end)


def _row(observation: _Observation) -> dict[str, object]:
    block, setup = observation.block, observation.setup
    category = _CATEGORIES[block.run]
    has_time = observation.start is not None
    return {
        "t_planning": observation.changed,
        "obs_id": str(block.id),
        "target_name": block.target.name,
        "t_min": observation.start,
        "t_max": observation.end,
        "t_exptime": setup.seconds if has_time else None,
        "t_plan_exptime": setup.seconds,
        "facility_name": TELESCOPES[setup.instrument],
        "instrument_name": setup.instrument,
        "category": category.value,
        "priority": _PRIORITIES[category],
        "execution_status": observation.status.value,
        "tracking_type": "Sidereal",
        **_place(block.target, _IMAGED if setup.bands else _SLIT),
        **_light(setup),
    }


def _place(target: Target, diameter: float) -> dict[str, object]:
    """A circle: the position angle is chosen at the telescope (ObsLocTAP 1.0, section 3.1)."""
    circle = f"CIRCLE ICRS {target.ra} {target.dec} {diameter / 2:.6f}"
    return {"s_ra": target.ra, "s_dec": target.dec, "s_fov": diameter, "s_region": circle}


def _light(setup: _Setup) -> dict[str, object]:
    """Wavelengths in metres; from the bluest filter's edge to the reddest's."""
    if not setup.bands:
        shortest, longest = (float(value) * 1e-9 for value in wavelengths(2))
        power, observable = _RESOLVING_POWER, "phot.flux.density;em.wl"
        return {"em_min": shortest, "em_max": longest, "em_res_power": power, "o_ucd": observable}
    filters = [BANDS[band] for band in setup.bands]
    shortest = min(centre - width / 2 for _, centre, width in filters)
    longest = max(centre + width / 2 for _, centre, width in filters)
    return {"em_min": shortest, "em_max": longest, "o_ucd": "phot.flux.density"}
