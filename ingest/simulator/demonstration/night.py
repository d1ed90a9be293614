"""The demonstration's season: one small night in period 116, the same for every seed."""

from __future__ import annotations

from functools import cache

from ..observatory import PARANAL
from ..season import Event, ObservedNight, Season, Slot, Trigger
from .blocks import FOLDERS, NOVA, TRANSIENTS, WISHES
from .executions import executions, histories, rankings
from .plan import plan_night
from .proposals import PROGRAMMES
from .weather import EVENING, NIGHT, weather

__all__ = ["demonstration"]

_STREAM = "ivo://uraniborg.example/newstars"
_SEEN = NIGHT + 0.34
_EVENTS = (
    Event(
        f"{_STREAM}#1",
        "newstars_1",
        _SEEN,
        _SEEN,
        "A new star where there was none the night before",
        NOVA.target,
        9.4,
    ),
    Event(
        f"{_STREAM}#2",
        "newstars_2",
        _SEEN,
        NIGHT + 0.39,
        "It is a nova: broad H-alpha",
        NOVA.target,
        9.4,
        cites=f"{_STREAM}#1",
        run=TRANSIENTS,
    ),
)
_TRIGGER = Trigger(
    TRANSIENTS.id,
    TRANSIENTS,
    NOVA,
    f"{_STREAM}#2",
    NIGHT + 0.40,
    NIGHT + 1.40,
    "OneNight",
    "Before it fades; any seeing will do",
)
# Telescopes, nights from the evening and to the morning after the night's midnight (days), mode, run,
# instrument, remarks. Nights begin and end at noon in Chile.
_SLOTS = (
    ("UT1", -5, 4, "Service", "", "FORS2", ""),
    ("UT4", -5, 4, "Service", "", "HAWKI", ""),
    ("UT2", -1, 0, "Visitor", "116.29CD.002", "UVES", "second half only"),
    ("UT3", -2, 1, "Designated Visitor", "", "XSHOOTER", "guaranteed time"),
    ("UT1 UT2 UT3 UT4", 5, 6, "Technical", "", "", "interferometry with all unit telescopes"),
)


@cache
def demonstration() -> Season:
    """As it stands on the morning after the night."""
    done = executions(plan_night())
    night = ObservedNight(EVENING, NIGHT, weather(), plan_night(), done, rankings(done))
    return Season(
        site=PARANAL,
        period=116,
        calculated="2025-03-24T10:00:00Z",
        decided="2025-07-01T12:00:00Z",
        programmes=PROGRAMMES,
        folders=FOLDERS,
        wishes=WISHES,
        slots=tuple(_slot(*one) for one in _SLOTS),
        packages={"HAWKI": "116.03", "FORS2": "116.07"},
        histories=histories(done),
        nights=(night,),
        events=_EVENTS,
        triggers=(_TRIGGER,),
    )


def _slot(telescopes: str, first: int, last: int, mode: str, run: str, instrument: str, remarks: str) -> Slot:
    start, end = (NIGHT + day + 16 / 24 for day in (first, last))
    return Slot(telescopes, start, end, mode, run, instrument, remarks)
