"""What a simulated observatory observes with, and what it takes: its site, targets, blocks and exposures.

Values only, which know nothing of a particular night. What its users ask for is in `wishes`, what became of
that in `season`. Times are MJD (UTC), angles degrees (ICRS) unless said otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = [
    "PARANAL",
    "SECOND",
    "Conditions",
    "Exposure",
    "ObservationBlock",
    "Run",
    "Site",
    "Target",
]

SECOND = 1.0 / 86400.0


@dataclass(frozen=True, slots=True)
class Site:
    """Longitude to the east, degrees; elevation in metres."""

    longitude: float
    latitude: float
    elevation: float


PARANAL = Site(-70.4045, -24.6268, 2635.0)


@dataclass(frozen=True, slots=True)
class Target:
    name: str
    ra: float
    dec: float


@dataclass(frozen=True, slots=True)
class Run:
    """`investigators` as headers have them: last names with slashes between, the principal one first."""

    id: str
    title: str
    investigators: str
    period: int = 116


@dataclass(frozen=True, slots=True)
class ObservationBlock:
    id: int
    name: str
    run: Run
    target: Target


@dataclass(frozen=True, slots=True)
class Conditions:
    """In which a frame of the sky was taken: pairs are of its start and its end.

    `seeing` in arcsec at the zenith and 500 nm, `humidity` in percent, `pressure` in hPa, `wind_speed` in m/s
    from `wind_direction` (degrees from north to east); `fli` is the illuminated fraction of the Moon, and
    `moon_distance` in degrees.
    """

    airmass: tuple[float, float]
    seeing: tuple[float, float]
    humidity: float = 12.0
    pressure: float = 743.6
    wind_speed: float = 4.0
    wind_direction: float = 340.0
    fli: float = 0.18
    moon_distance: float = 90.0


@dataclass(frozen=True, slots=True)
class Exposure:
    """One readout of a detector. `dit` seconds times `ndit`; `block` is None where no target is pointed at.

    `optics` is a filter (HAWKI), a grism (FORS2) or the central wavelength in nm (UVES: "390", "580");
    `detector` is the arm of a spectrograph that has several ("BLUE", "RED"), else empty. `number` counts the
    `of` exposures of its template from 1, `template_number` the templates of its block from 1. Conditions are
    told of frames of the sky only. Starts are whole milliseconds, and no two of an instrument are the same.
    """

    instrument: str
    start: float
    category: str
    type: str
    technique: str
    template: str
    dit: float
    ndit: int = 1
    optics: str = ""
    block: ObservationBlock | None = None
    number: int = 1
    of: int = 1
    offset: tuple[float, float] = (0.0, 0.0)
    template_number: int = 1
    conditions: Conditions | None = None
    detector: str = ""
    template_start: float | None = None
    block_start: float | None = None

    @property
    def exposure_time(self) -> float:
        return self.dit * self.ndit

    @property
    def end(self) -> float:
        return self.start + self.exposure_time * SECOND
