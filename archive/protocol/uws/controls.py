"""What clients say about jobs besides the parameters of the work: phases, times, durations, filters."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime

from ...errors import BadParameter
from .model import Phase
from .queue import NewJob

__all__ = ["Pairs", "new_job", "parse_after", "parse_last", "parse_phase", "parse_seconds", "parse_time"]

_MOST_SECONDS = 2**31 - 1  # xs:int
# RFC 3339 and what DALI 1.1, 3.1.2 has besides; datetime itself reads more.
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?")


class Pairs:
    """The control parameters among name and value pairs; names in any letter case, the last one counts."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._pairs = [(name.upper(), value.strip()) for name, value in pairs if value.strip()]

    def get(self, name: str) -> str | None:
        return next((value for known, value in reversed(self._pairs) if known == name), None)

    def need(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise BadParameter(name, "is missing")
        return value

    def all(self, name: str) -> list[str]:
        return [value for known, value in self._pairs if known == name]


def new_job(pairs: Pairs) -> NewJob:
    """What creates a job may say how long it is kept and may run, and run it at once (UWS 1.1, 2.2.3.1)."""
    phase, seconds, destruction = (pairs.get(name) for name in ("PHASE", "EXECUTIONDURATION", "DESTRUCTION"))
    if phase is not None and phase.upper() != "RUN":
        raise BadParameter("PHASE", f"{phase[:40]!r} cannot be asked of a new job", hint="use RUN")
    return NewJob(
        phase=Phase.PENDING if phase is None else Phase.QUEUED,
        execution_seconds=None if seconds is None else parse_seconds(seconds),
        destruction=None if destruction is None else parse_time("DESTRUCTION", destruction),
    )


def parse_phase(text: str) -> Phase:
    try:
        return Phase(text.upper())
    except ValueError as cause:
        known = ", ".join(phase.value for phase in Phase)
        raise BadParameter("PHASE", f"there is no phase {text[:40]!r}", hint=f"use one of {known}") from cause


def parse_seconds(text: str) -> int:
    if not text.isascii() or not text.isdecimal():
        raise BadParameter("EXECUTIONDURATION", f"{text[:40]!r} is no number of seconds")
    return min(int(text[:20]), _MOST_SECONDS)


def parse_time(name: str, text: str) -> datetime:
    """ISO 8601, UTC unless it has a zone."""
    try:
        if not _TIME.fullmatch(text):
            raise ValueError
        moment = datetime.fromisoformat(text)
        # Beyond the first and last years a zone leads out of what can be told.
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as cause:
        raise BadParameter(name, f"{text[:40]!r} is no time", hint="write 2026-01-31T12:00:00Z") from cause


def parse_after(pairs: Pairs) -> datetime | None:
    text = pairs.get("AFTER")
    return None if text is None else parse_time("AFTER", text)


def parse_last(pairs: Pairs) -> int | None:
    text = pairs.get("LAST")
    if text is None:
        return None
    if not text.isascii() or not text.isdecimal() or not int(text[:20]):
        raise BadParameter("LAST", f"{text[:40]!r} is no number of jobs")
    return min(int(text[:20]), _MOST_SECONDS)
