"""What users of a simulated observatory ask for: programmes with their runs, blocks and containers of blocks.

Values only. Times are MJD (UTC), angles degrees (ICRS).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from .observatory import ObservationBlock, Run

__all__ = [
    "OVERHEAD",
    "Allocation",
    "Container",
    "Folder",
    "Investigator",
    "Kind",
    "Link",
    "Programme",
    "Proposed",
    "Setup",
    "Wish",
]

OVERHEAD = 600.0  # seconds that a block takes beyond its exposures, as far as Phase 2 knows


@dataclass(frozen=True, slots=True)
class Investigator:
    """`full` where the name is not written as the first and the last one with a blank between.

    `email` of who has an account in the demonstration.
    """

    first: str
    last: str
    institute: str
    country: str
    full: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Allocation:
    """What became of a run: hours (nights in visitor mode), its priority class, OPC's grade and rank."""

    time: float
    priority: str
    grade: float
    rank: int


@dataclass(frozen=True, slots=True)
class Proposed:
    """A run as it was asked for; `time` in hours, in visitor mode in nights, `seeing` in arcsec.

    `number` is Phase 1's, as those of programmes are.
    `mode` is SM, VM or DVM; `kind` Normal, Large, ToO and what else the API knows; `targets` are names,
    `proprietary_days` count from the arrival of a file.
    """

    run: Run
    number: int
    instrument: str
    telescope: str
    mode: str
    kind: str
    time: float
    seeing: float
    fli: float
    allocation: Allocation
    targets: tuple[str, ...] = ()
    proprietary_days: int = 0


@dataclass(frozen=True, slots=True)
class Programme:
    """The first of the `investigators` is the principal one; `submitted` as documents have it (ISO, Z)."""

    id: str
    number: int
    title: str
    category: str
    kind: str
    abstract: str
    submitted: str
    investigators: tuple[Investigator, ...]
    runs: tuple[Proposed, ...]


class Kind(StrEnum):
    """Of container, in the words of the Phase 2 API."""

    FOLDER = "Folder"
    GROUP = "Group"
    TIME_LINK = "TimeLink"
    CONCATENATION = "Concatenation"


@dataclass(frozen=True, slots=True)
class Setup:
    """How a block exposes: `exposures` of `ndit` times `dit` seconds with each of its `optics`.

    Those are HAWK-I's filters, FORS2's grisms, or the central wavelengths of UVES's two arms ("390+580").
    """

    instrument: str
    optics: tuple[str, ...]
    dit: float
    ndit: int = 1
    exposures: int = 2

    @property
    def seconds(self) -> float:
        """Time of exposure of the whole block."""
        return self.dit * self.ndit * self.exposures * len(self.optics)


@dataclass(frozen=True, slots=True)
class Wish:
    """A block with what its owner asks for; `created` is when.

    `seeing` (arcsec), `airmass`, `fli` and `sky` (transparency) are the worst that will do, `moon_distance`
    (degrees) is the least. `windows` are the times between which it may be executed, none for any, and
    `hour_angle` how many hours before and after its meridian, None for any.
    """

    block: ObservationBlock
    setup: Setup
    seeing: float
    airmass: float
    created: float
    fli: float = 1.0
    moon_distance: int = 30
    sky: str = "Clear"
    windows: tuple[tuple[float, float], ...] = ()
    hour_angle: float | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """A place in a container, with what it contributes (percent) and delays after the one before (days)."""

    of: ObservationBlock | Container
    contribution: float | None = None
    earliest: float | None = None
    latest: float | None = None


@dataclass(frozen=True, slots=True)
class Container:
    id: int
    kind: Kind
    name: str
    links: tuple[Link, ...] = field(default=())

    def paths(self) -> Iterator[tuple[ObservationBlock, tuple[Container, ...]]]:
        """All blocks within, each with the containers that it lies in, from this one on."""
        for link in self.links:
            if isinstance(link.of, Container):
                yield from ((block, (self, *path)) for block, path in link.of.paths())
            else:
                yield link.of, (self,)


@dataclass(frozen=True, slots=True)
class Folder:
    """What the Phase 2 API has of a run: its number there, and the folder of its blocks."""

    run: Run
    number: int
    container: Container
