"""The long-term schedule from CSV or JSON: slots of time per telescope.

Columns: telescope (one, or several with blanks, commas, + or & between), start, end, mode; and run,
programme, instrument, period, slot, remarks where there are any.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from archive.declare import Record
from archive.declare.dataflow.schedule import TIME_SLOT
from archive.errors import UnreadableFile
from archive.plugins import Accepts, Input

from ..declaring import plugin
from ..obsplan import follow_obsplan
from .conditions import first_text
from .documents import Node, as_text, parse_moment
from .identifiers import period_of, programme_of
from .tabular import flat_rows, loose

__all__ = ["time_slots"]

_MOST_TELESCOPES = 20
_MOST_OVERLAPS = 50  # that are told one by one
_MODES = {
    **dict.fromkeys(("visitor", "vm", "v"), "Visitor"),
    **dict.fromkeys(("designatedvisitor", "designated", "dvm", "dv", "d"), "Designated Visitor"),
    **dict.fromkeys(("service", "sm", "s"), "Service"),
    **dict.fromkeys(("technical", "technicaltime", "tech", "engineering", "t"), "Technical"),
}


@dataclass(frozen=True, slots=True)
class _Slot:
    path: str
    slot_id: str
    period: int
    telescopes: tuple[str, ...]
    start: datetime
    end: datetime
    mode: str
    run_id: str | None
    programme_id: str | None
    instrument: str | None
    remarks: str | None


@plugin(
    "time-slots",
    accepts=Accepts(names=("*.slots.csv", "*.slots.json")),
    tables=TIME_SLOT,
    follows=follow_obsplan,
)
def time_slots(input: Input) -> Iterator[Record]:
    """The long-term schedule: slots of time per telescope (CSV or JSON)."""
    by_telescope: dict[str, list[_Slot]] = defaultdict(list)
    seen: set[tuple[int, str, str]] = set()
    for node in flat_rows(input, "slots"):
        slot = _slot(input, node)
        for telescope in slot.telescopes:
            key = (slot.period, telescope, slot.slot_id)
            if key in seen:
                raise UnreadableFile(f"{slot.path}: slot {slot.slot_id[:80]!r} of {telescope} stands twice")
            seen.add(key)
            by_telescope[telescope].append(slot)
            yield _row(slot, telescope)
    if not by_telescope:
        raise UnreadableFile(f"{input.name} has no slots")
    _tell_overlaps(input, by_telescope)


def _slot(input: Input, node: Node) -> _Slot:
    start, end = _moment(node, "start", "starttime", "from"), _moment(node, "end", "endtime", "to")
    if end <= start:
        raise UnreadableFile(f"{node.path}: the slot ends at {end}, before it has begun at {start}")
    run_id = first_text((node,), "run", "runid")
    mode = _mode(node)
    return _Slot(
        node.path,
        first_text((node,), "slot", "slotid", "id") or f"{start.isoformat()} {run_id or mode}",
        _period(input, node, run_id),
        _telescopes(node),
        start,
        end,
        mode,
        run_id,
        first_text((node,), "programme", "programmeid") or programme_of(run_id or ""),
        node.text("instrument"),
        first_text((node,), "remarks", "comment", "comments"),
    )


def _row(slot: _Slot, telescope: str) -> Record:
    return TIME_SLOT.row(
        period=slot.period,
        telescope=telescope,
        slot_id=slot.slot_id,
        start_time=slot.start,
        end_time=slot.end,
        slot_mode=slot.mode,
        run_id=slot.run_id,
        programme_id=slot.programme_id,
        instrument=slot.instrument,
        telescopes=" ".join(slot.telescopes),
        remarks=slot.remarks,
    )


def _moment(node: Node, *names: str) -> datetime:
    text = first_text((node,), *names)
    if text is None:
        raise UnreadableFile(f"{node.path}.{names[0]} is missing")
    moment = parse_moment(text)
    if moment is None:
        raise UnreadableFile(f"{node.path}: {text[:60]!r} is not a time as 2026-07-01T22:30:00Z")
    return moment


def _mode(node: Node) -> str:
    text = first_text((node,), "mode", "slotmode", "type")
    mode = _MODES.get(loose(text or ""))
    if mode is None:
        shown = "missing" if text is None else repr(text[:60])
        raise UnreadableFile(
            f"{node.path}: the mode is {shown}", hint="Visitor, Designated Visitor, Service or Technical"
        )
    return mode


def _telescopes(node: Node) -> tuple[str, ...]:
    name = next((one for one in ("telescope", "telescopes") if one in node), "telescope")
    if isinstance(node.any(name).value, list):
        parts = [as_text(one.value) for one in node.items(name) if isinstance(one.value, str)]
        if len(parts) < len(node.items(name)):
            raise node.any(name).wrong("an array of names")
    else:
        parts = re.split(r"[\s,;+&/]+", node.text(name, required=True))
    found = tuple(dict.fromkeys(part for part in parts if part))
    if not 1 <= len(found) <= _MOST_TELESCOPES:
        raise UnreadableFile(f"{node.path}.{name} names {len(found)} telescopes")
    return found


def _period(input: Input, node: Node, run_id: str | None) -> int:
    """As the row says; else that of the run, else of the file's name: P116.slots.csv."""
    stated = node.integer("period", highest=9999)
    if stated is not None:
        return stated
    found = re.search(r"(?<![A-Za-z0-9])P([0-9]{2,3})(?![0-9])", input.name)
    period = int(found[1]) if found else period_of(run_id or "")
    if period is None:
        raise UnreadableFile(
            f"{node.path} does not say its observing period",
            hint="give a column period, or name the file after it, such as P116.slots.csv",
        )
    return period


def _tell_overlaps(input: Input, by_telescope: dict[str, list[_Slot]]) -> None:
    """Two slots that have one telescope at one time are recorded: the schedule is kept as it is."""
    told = 0
    for telescope, slots in by_telescope.items():
        slots.sort(key=lambda slot: (slot.start, slot.end))
        longest = slots[0]
        for slot in slots[1:]:
            if slot.start < longest.end:
                told += 1
                if told <= _MOST_OVERLAPS:
                    input.problem(
                        f"{telescope}: {longest.slot_id[:80]!r} ({longest.path}) and {slot.slot_id[:80]!r} "
                        f"({slot.path}) overlap from {slot.start} to {min(slot.end, longest.end)}"
                    )
            if slot.end > longest.end:
                longest = slot
    if told > _MOST_OVERLAPS:
        input.problem(f"{told - _MOST_OVERLAPS} further overlaps")
