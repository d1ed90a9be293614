"""What became of what users asked for: a season of nights with their weather, rankings and executions.

Values only: the demonstration's fixed night is one season, `simulate` makes others, and the writers of
documents and frames take any of them. Times are MJD (UTC).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .observatory import Exposure, ObservationBlock, Run, Site, Target
from .templates import Template
from .wishes import Folder, Programme, Wish

__all__ = [
    "MINUTE",
    "UNIT_TELESCOPES",
    "WEIGHTS",
    "Change",
    "Event",
    "Execution",
    "ObservedNight",
    "Offer",
    "Season",
    "Series",
    "Sky",
    "Slot",
    "Snapshot",
    "Taken",
    "Trigger",
    "Weather",
]

MINUTE = 1.0 / 1440.0
# Where the instruments stand.
UNIT_TELESCOPES = {"FORS2": "UT1", "UVES": "UT2", "HAWKI": "UT4"}
# Of priority classes in rankings.
WEIGHTS = {"A": 100.0, "B": 60.0, "C": 30.0}


@dataclass(frozen=True, slots=True)
class Slot:
    """A stretch of the long-term schedule; `telescopes` with blanks between, `run` and `instrument` may be
    empty."""

    telescopes: str
    start: float
    end: float
    mode: str
    run: str
    instrument: str
    remarks: str


@dataclass(frozen=True, slots=True)
class Change:
    """Of a block's status, in the letters of the Phase 2 API; the first one comes after None."""

    time: float
    before: str | None
    after: str
    actor: str


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """What a monitor measured every `step` minutes from dusk on; NaN where it measured nothing.

    Monitor and quantity are the names in ESO's answers: `meteo_paranal` and `wind_speed1`.
    """

    monitor: str
    quantity: str
    step: int
    values: NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Weather:
    """Of a night, from `dusk` on. `seeing` is what the monitor measures in each minute (arcsec, NaN while it
    is shut), `course` the same without its scatter."""

    dusk: float
    seeing: NDArray[np.float64]
    course: NDArray[np.float64]
    series: tuple[Series, ...]

    @property
    def minutes(self) -> int:
        return len(self.seeing)

    def seeing_at(self, mjd: float) -> float:
        """In the minute of a time; in the first or last minute if that is before or after the night."""
        minute = int((mjd - self.dusk) / MINUTE)
        return float(self.seeing[min(max(minute, 0), self.minutes - 1)])


@dataclass(frozen=True, slots=True)
class Sky:
    """The conditions that a ranking was made for."""

    seeing: float
    wind_direction: float
    transparency: str
    airmass_tolerance: float
    moon_elevation: float
    fli: float
    zenith_avoidance: float


@dataclass(frozen=True, slots=True)
class Offer:
    """A block in a ranking, where and how high it came and why; `status` is its letter at that time."""

    wish: Wish
    score: float
    is_observable: bool
    reasons: tuple[str, ...]
    status: str = "+"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What there was to choose from at an instrument at a `time`, for a block that starts at `start`.

    `offers` in the order of their ranks, which count from 1.
    """

    time: float
    start: float
    instrument: str
    sky: Sky
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """A template as it was executed, with its number in the block and the exposures that it took."""

    number: int
    template: Template
    exposures: tuple[Exposure, ...]


@dataclass(frozen=True, slots=True)
class Execution:
    """Of a block; `seeing` is the mean over its frames, arcsec. `status` and `grade` are the letters that it
    ended with."""

    id: str
    wish: Wish
    start: float
    end: float
    status: str
    grade: str
    seeing: float
    operator: str
    comments: str
    taken: tuple[Taken, ...]


@dataclass(frozen=True, slots=True)
class ObservedNight:
    """Named by the civil date of its `evening`; `midnight` is 0 h UTC in it.

    `exposures` are all frames in the order of their starts, calibrations among them; `executions` and
    `rankings` too are in order of time, one ranking before each execution of the queue.
    """

    evening: str
    midnight: float
    weather: Weather
    exposures: tuple[Exposure, ...]
    executions: tuple[Execution, ...]
    rankings: tuple[Snapshot, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """A message about something new in the sky; `cites` is the one that it follows up, `run` whom it
    concerns."""

    ivorn: str
    name: str
    seen: float
    sent: float
    description: str
    target: Target
    magnitude: float
    cites: str = ""
    run: Run | None = None


@dataclass(frozen=True, slots=True)
class Trigger:
    """Of a run for targets of opportunity, by the message `ivorn`; `name` is the document's, `latest` when it
    is no longer good for anything, which is told in words by `within`."""

    name: str
    run: Run
    block: ObservationBlock
    ivorn: str
    time: float
    latest: float
    within: str
    comments: str


@dataclass(frozen=True, slots=True)
class Season:
    """All that an archive can be told of an observatory, as it stands on the morning after the last night.

    It lies within one `period`. `packages` are the versions of the instruments' packages; `histories` the
    changes of each block's status by its number, in order of time. `priorities` are the classes of the runs.
    `calculated` and `decided` are when exposure times were calculated, and time was given to programmes, as
    documents have it.
    """

    site: Site
    period: int
    calculated: str
    decided: str
    programmes: tuple[Programme, ...]
    folders: tuple[Folder, ...]
    wishes: tuple[Wish, ...]
    slots: tuple[Slot, ...]
    packages: Mapping[str, str]
    histories: Mapping[int, tuple[Change, ...]]
    nights: tuple[ObservedNight, ...]
    events: tuple[Event, ...] = ()
    triggers: tuple[Trigger, ...] = ()

    @property
    def priorities(self) -> dict[str, str]:
        return {run.run.id: run.allocation.priority for one in self.programmes for run in one.runs}
