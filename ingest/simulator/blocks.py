"""Phase 2 of the simulated observatory: observation blocks of its runs, what they ask for, where they are.

Those of the simulated night are executed in `plan`; the others wait, and stand here as they stand on the
morning after it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from .plan import (
    CLUSTERS,
    DWARFS,
    GALAXIES,
    IMAGING,
    NIGHT,
    SPECTROSCOPY,
    Exposure,
    ObservationBlock,
    Run,
    Target,
)

__all__ = [
    "FOLDERS",
    "HIGH_RESOLUTION",
    "NOVA",
    "REPEATED",
    "SOMBRERO",
    "TRANSIENTS",
    "WISHES",
    "Container",
    "Folder",
    "Kind",
    "Link",
    "Setup",
    "Wish",
    "template_number",
]


class Kind(StrEnum):
    """Of container, in the words of the Phase 2 API."""

    FOLDER = "Folder"
    GROUP = "Group"
    TIME_LINK = "TimeLink"
    CONCATENATION = "Concatenation"


@dataclass(frozen=True, slots=True)
class Setup:
    """`bands` are HAWK-I's filters, none for FORS2's long slit; `exposures` in each of them."""

    instrument: str
    bands: tuple[str, ...]
    dit: float
    ndit: int = 1
    exposures: int = 2

    @property
    def seconds(self) -> float:
        """Time of exposure of the whole block."""
        return self.dit * self.ndit * self.exposures * max(1, len(self.bands))


@dataclass(frozen=True, slots=True)
class Wish:
    """A block with what its owner asks for; the letters of `status` are the API's, `created` is MJD.

    `seeing` (arcsec) and `airmass` are the worst that will do.
    """

    block: ObservationBlock
    setup: Setup
    status: str
    seeing: float
    airmass: float = 1.8
    created: float = NIGHT - 60.0


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


TRANSIENTS = Run("116.2A0E.001", "Spectra of what flares", "GUO/IBN YUNUS/HYPATIA")
HIGH_RESOLUTION = Run("116.29CD.002", "White dwarfs at high resolution", "LONGOMONTANUS/KEPLER")

_TWO_BANDS = Setup("HAWKI", ("J", "Ks"), 10.0, 6)
_ONE_BAND = Setup("HAWKI", ("Ks",), 10.0, 6)
_SPECTRUM = Setup("FORS2", (), 300.0)
# Longer than the instrument can: its owner has not verified it yet.
_TOO_LONG = Setup("FORS2", (), 7200.0)

_NGC3201, _M83, _OMEGA = (block for block, *_ in IMAGING)
_LTT4364, REPEATED = (block for block, _ in SPECTROSCOPY)
_GLOBULAR = ObservationBlock(4300104, "NGC6397_J_K", CLUSTERS, Target("NGC 6397", 265.1754, -53.6743))
SOMBRERO = ObservationBlock(4300105, "M104_J_K", GALAXIES, Target("M 104", 189.9976, -11.6231))
_GLOBULAR_SKY = ObservationBlock(
    4300106, "NGC6397_sky_K", CLUSTERS, Target("NGC 6397 sky", 264.1754, -53.6743)
)
_STANDARD = ObservationBlock(4300203, "EG131_300V", DWARFS, Target("EG 131", 290.1456, -7.6666))
_AUTUMN = ObservationBlock(4300204, "LTT7987_300V", DWARFS, Target("LTT 7987", 302.7369, -30.2185))
NOVA = ObservationBlock(4300301, "Nova_300V", TRANSIENTS, Target("V1404 Cen", 218.4712, -58.3129))

WISHES: tuple[Wish, ...] = (
    Wish(_NGC3201, _TWO_BANDS, "C", 0.6),
    Wish(_M83, _TWO_BANDS, "C", 0.7),
    Wish(_OMEGA, _ONE_BAND, "C", 1.0, 1.4),
    Wish(_GLOBULAR, _TWO_BANDS, "+", 0.8),
    Wish(_GLOBULAR_SKY, _ONE_BAND, "+", 0.8),
    Wish(SOMBRERO, _TWO_BANDS, "+", 0.9, 1.3),
    Wish(_LTT4364, _SPECTRUM, "C", 1.5, 1.6),
    Wish(REPEATED, _SPECTRUM, "C", 1.5, 2.4),
    Wish(_STANDARD, _SPECTRUM, "+", 1.5, 2.0),
    Wish(_AUTUMN, _TOO_LONG, "P", 1.5, created=NIGHT - 40.0),
    Wish(NOVA, _SPECTRUM, "+", 2.0, 2.2, created=NIGHT - 30.0),
)

_WITH_SKY = Container(
    3700112, Kind.CONCATENATION, "NGC 6397 and its sky", (Link(_GLOBULAR), Link(_GLOBULAR_SKY))
)
_GLOBULARS = Container(
    3700111,
    Kind.GROUP,
    "Globular clusters",
    (Link(_NGC3201, 40.0), Link(_OMEGA, 25.0), Link(_WITH_SKY, 35.0)),
)
_SPIRALS = Container(3700121, Kind.FOLDER, "Spirals", (Link(_M83), Link(SOMBRERO)))
_EPOCHS = Container(
    3700211,
    Kind.TIME_LINK,
    "Standards through the year",
    (
        Link(_LTT4364),
        Link(_STANDARD, earliest=0.5, latest=3.0),
        Link(_AUTUMN, earliest=150.0, latest=210.0),
    ),
)

FOLDERS: tuple[Folder, ...] = (
    Folder(CLUSTERS, 116280101, Container(3700110, Kind.FOLDER, CLUSTERS.id, (Link(_GLOBULARS),))),
    Folder(GALAXIES, 116280102, Container(3700120, Kind.FOLDER, GALAXIES.id, (Link(_SPIRALS),))),
    Folder(DWARFS, 116290101, Container(3700210, Kind.FOLDER, DWARFS.id, (Link(_EPOCHS), Link(REPEATED)))),
    Folder(TRANSIENTS, 116300101, Container(3700310, Kind.FOLDER, TRANSIENTS.id, (Link(NOVA),))),
)


def template_number(exposure: Exposure) -> int:
    """The place of an exposure's template in its block: acquisition first, then one for each filter."""
    if exposure.category == "ACQUISITION":
        return 1
    bands = next((wish.setup.bands for wish in WISHES if wish.block == exposure.block), ())
    return 2 + (bands.index(exposure.optics) if exposure.optics in bands else 0)
