"""The long-term schedule of a simulated season: whose each telescope is in each night."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from ..season import UNIT_TELESCOPES, Slot
from .proposing import DraftRun
from .spans import Span

__all__ = ["Duty", "duties", "slots"]

_MODES = {"SM": "Service", "VM": "Visitor", "DVM": "Designated Visitor"}
_TECHNICAL = 25  # nights from one with engineers to the next


@dataclass(frozen=True, slots=True)
class Duty:
    """Of an instrument in a night; `run` is whose night it is, empty for the queue."""

    mode: str
    run: str = ""


def duties(runs: Iterable[DraftRun], span: Span) -> dict[str, tuple[Duty, ...]]:
    """By instrument, for each night. Engineers come seldom, and visitors when their run says."""
    visits = [run for run in runs if run.asked.mode != "SM"]
    found = {}
    for place, instrument in enumerate(UNIT_TELESCOPES):
        nights = [Duty("Service") for _ in range(span.nights)]
        for run in visits:
            if run.asked.instrument == instrument:
                nights[run.asked.night] = Duty(_MODES[run.asked.mode], run.run.id)
        for night in range(_TECHNICAL // 2 + 3 * place, span.nights, _TECHNICAL):
            if nights[night].mode == "Service":
                nights[night] = Duty("Technical")
        found[instrument] = tuple(nights)
    return found


def slots(by_instrument: dict[str, tuple[Duty, ...]], span: Span) -> tuple[Slot, ...]:
    """Nights of the same duty together, from noon to noon."""
    return tuple(
        slot for instrument, nights in by_instrument.items() for slot in _slots(instrument, nights, span)
    )


def _slots(instrument: str, nights: tuple[Duty, ...], span: Span) -> list[Slot]:
    made, first = [], 0
    for duty, same in groupby(nights):
        last = first + len(list(same))
        start, end = (span.starts + night for night in (first, last))
        remarks = "maintenance" if duty.mode == "Technical" else ""
        used = "" if duty.mode == "Technical" else instrument
        made.append(Slot(UNIT_TELESCOPES[instrument], start, end, duty.mode, duty.run, used, remarks))
        first = last
    return made
