"""Phase 2 of the demonstration: observation blocks of its runs, what they ask for, where they are.

Those of its night are executed in `plan`; the others wait, and stand here as they stand on the morning
after it.
"""

from __future__ import annotations

from ..observatory import ObservationBlock, Run, Target
from ..wishes import Container, Folder, Kind, Link, Setup, Wish
from .plan import CLUSTERS, DWARFS, GALAXIES, IMAGING, POPULATIONS, SPECTROSCOPY
from .weather import NIGHT

__all__ = [
    "FOLDERS",
    "HIGH_RESOLUTION",
    "NOVA",
    "REPEATED",
    "SOMBRERO",
    "TRANSIENTS",
    "UNVERIFIED",
    "WISHES",
]

TRANSIENTS = Run("116.2A0E.001", "Spectra of what flares", "GUO/IBN YUNUS/HYPATIA")
HIGH_RESOLUTION = Run("116.29CD.002", "White dwarfs at high resolution", "LONGOMONTANUS/KEPLER")

_TWO_BANDS = Setup("HAWKI", ("J", "Ks"), 10.0, 6)
_ONE_BAND = Setup("HAWKI", ("Ks",), 10.0, 6)
_SPECTRUM = Setup("FORS2", ("GRIS_300V",), 300.0)
# Longer than the instrument can.
_TOO_LONG = Setup("FORS2", ("GRIS_300V",), 7200.0)

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

_CREATED = NIGHT - 60.0
# Spectra may be taken from when they were asked for until the period is over.
_PERIOD_ENDS = 61160.0 + (23 * 60 + 59) / 1440


def _imaged(block: ObservationBlock, setup: Setup, seeing: float, airmass: float = 1.8) -> Wish:
    return Wish(block, setup, seeing, airmass, _CREATED)


def _spectrum_of(
    block: ObservationBlock,
    seeing: float,
    airmass: float,
    setup: Setup = _SPECTRUM,
    created: float = _CREATED,
) -> Wish:
    # In the south, where all that time is good.
    hours = 5.0 if block.target.dec < -55 else None
    return Wish(block, setup, seeing, airmass, created, windows=((created, _PERIOD_ENDS),), hour_angle=hours)


# Its owner has not verified it yet.
UNVERIFIED = _spectrum_of(_AUTUMN, 1.5, 1.8, _TOO_LONG, NIGHT - 40.0)

WISHES: tuple[Wish, ...] = (
    _imaged(_NGC3201, _TWO_BANDS, 0.6),
    _imaged(_M83, _TWO_BANDS, 0.7),
    _imaged(_OMEGA, _ONE_BAND, 1.0, 1.4),
    _imaged(_GLOBULAR, _TWO_BANDS, 0.8),
    _imaged(_GLOBULAR_SKY, _ONE_BAND, 0.8),
    _imaged(SOMBRERO, _TWO_BANDS, 0.9, 1.3),
    _spectrum_of(_LTT4364, 1.5, 1.6),
    _spectrum_of(REPEATED, 1.5, 2.4),
    _spectrum_of(_STANDARD, 1.5, 2.0),
    UNVERIFIED,
    _spectrum_of(NOVA, 2.0, 2.2, created=NIGHT - 30.0),
)

_WITH_SKY = Container(
    3700112, Kind.CONCATENATION, "NGC 6397 and its sky", (Link(_GLOBULAR), Link(_GLOBULAR_SKY))
)
_GLOBULARS = Container(
    3700111,
    Kind.GROUP,
    "Globular clusters",
    (Link(_NGC3201, 60.0), Link(_WITH_SKY, 40.0)),
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
    Folder(POPULATIONS, 116280103, Container(3700130, Kind.FOLDER, POPULATIONS.id, (Link(_OMEGA),))),
    Folder(DWARFS, 116290101, Container(3700210, Kind.FOLDER, DWARFS.id, (Link(_EPOCHS), Link(REPEATED)))),
    Folder(TRANSIENTS, 116300101, Container(3700310, Kind.FOLDER, TRANSIENTS.id, (Link(NOVA),))),
)
