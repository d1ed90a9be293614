"""The letters for where an observation block stands, and which of them may follow which.

The rules are those of ESO's Phase 2 API and of the manual of its predecessor. They are data: what breaks them
is a finding about the observation block and never a reason to refuse what an observatory tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["ObStatus", "is_possible_change", "is_possible_step"]


class ObStatus(StrEnum):
    """Status of an observation block; `meaning` in words."""

    PARTIAL = "P"
    DEFINED = "D"
    REJECTED = "-"
    ACCEPTED = "+"
    STARTED = "S"
    ABORTED = "A"
    EXECUTED = "X"
    COMPLETED = "C"
    MUST_REPEAT = "M"
    FAILED = "F"
    CANCELLED = "K"
    TERMINATED = "T"

    @property
    def meaning(self) -> str:
        return _MEANINGS[self]


_MEANINGS = {
    ObStatus.PARTIAL: "partially defined",
    ObStatus.DEFINED: "defined and submitted",
    ObStatus.REJECTED: "rejected, open again for its owner",
    ObStatus.ACCEPTED: "accepted",
    ObStatus.STARTED: "started",
    ObStatus.ABORTED: "aborted",
    ObStatus.EXECUTED: "executed",
    ObStatus.COMPLETED: "completed",
    ObStatus.MUST_REPEAT: "must be repeated",
    ObStatus.FAILED: "failed, its time is over",
    ObStatus.CANCELLED: "cancelled",
    ObStatus.TERMINATED: "terminated",
}

_Steps = Mapping[ObStatus, frozenset[ObStatus]]


def _steps(rules: Mapping[str, str]) -> _Steps:
    return {ObStatus(one): frozenset(map(ObStatus, following)) for one, following in rules.items()}


# In service mode owners can revise only D, to P; what is accepted changes by the observatory's hand.
_SERVICE = _steps(
    {
        "P": "DK",
        "D": "P+-K",
        "-": "PDK",
        "+": "S-FKT",
        "S": "ACMX+",
        "A": "+SMCFKT",
        "X": "CM",
        "M": "+SFKT",
        "C": "M",
        "F": "",
        "K": "",
        "T": "",
    }
)
# A visitor revises from any status to P, and submits from any but S, A, X and +.
_VISITOR = _steps(
    {
        "P": "D+K",
        "D": "P+-K",
        "-": "PD+K",
        "+": "PSFKT",
        "S": "PAXCM+",
        "A": "PSX+KT",
        "X": "PS",
        "M": "P+S",
        "C": "P",
        "F": "P",
        "K": "P",
        "T": "P",
    }
)
_EITHER: _Steps = {one: _SERVICE[one] | _VISITOR[one] for one in ObStatus}


def is_possible_step(before: ObStatus, after: ObStatus, mode: str | None) -> bool:
    """Whether one status directly follows the other.

    `mode`: "SM" or "VM", by which runs are observed; when it is None or another, what either allows.
    """
    return after in _rules(mode)[before]


def is_possible_change(before: ObStatus, after: ObStatus, mode: str | None) -> bool:
    """Whether one status follows the other, perhaps by way of others that nobody told of."""
    rules = _rules(mode)
    reached: set[ObStatus] = set()
    border = set(rules[before])
    while border:
        reached |= border
        border = {following for one in border for following in rules[one]} - reached
    return before == after or after in reached


def _rules(mode: str | None) -> _Steps:
    match (mode or "").upper():
        case "SM":
            return _SERVICE
        case "VM" | "DVM" | "DM":
            return _VISITOR
        case _:
            return _EITHER
