"""What breaks the rules in observation blocks: values by their instrument package, statuses by their past.

Pure functions; `phase2_findings` fetches what they are given and keeps what they find.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from archive.declare.dataflow.statuses import ObStatus, is_possible_change, is_possible_step

from .readers.documents import parse_number

__all__ = ["Finding", "Parameter", "Rule", "Setting", "StatusChange", "check_changes", "check_settings"]

_INTEGER = re.compile(r"[-+]?\d{1,40}(?:\.0{0,40})?")
_FLAGS = {"T", "F", "TRUE", "FALSE"}
_LISTS = {"intlist", "numlist", "keywordlist"}
_INTEGERS = {"integer", "int", "intlist"}
_NUMBERS = {"number", "float", "double", "numlist"}
_SHOWN = 60


class Rule(StrEnum):
    """What can be wrong, as dfs.ob_finding calls it."""

    UNKNOWN_TEMPLATE = "unknown template"
    UNKNOWN_PARAMETER = "unknown parameter"
    WRONG_TYPE = "wrong type"
    OUT_OF_RANGE = "out of range"
    MISSING_VALUE = "missing value"
    UNKNOWN_STATUS = "unknown status"
    IMPOSSIBLE_TRANSITION = "impossible transition"


@dataclass(frozen=True, slots=True)
class Finding:
    rule: Rule
    place: str
    message: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """What a package allows; `allowed` is an array in JSON."""

    value_type: str | None = None
    default: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    allowed: str | None = None


@dataclass(frozen=True, slots=True)
class Setting:
    """What an observation block sets: a template, or its set of constraints, with values by parameter."""

    place: str
    template: str
    values: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class StatusChange:
    """`is_stated`: nothing came between, as far as whoever told of it knows."""

    changed: datetime
    before: str | None
    after: str
    is_stated: bool


def check_settings(
    settings: Sequence[Setting], signatures: Mapping[str, Mapping[str, Parameter] | None]
) -> Iterator[Finding]:
    """`signatures`: parameters of the package's templates by name; None where only the name is known."""
    for setting in settings:
        if setting.template not in signatures:
            message = f"the instrument package has no template {setting.template}"
            yield Finding(Rule.UNKNOWN_TEMPLATE, setting.place, message)
            continue
        known = signatures[setting.template]
        if known is not None:
            yield from _check_values(setting, known)


def _check_values(setting: Setting, known: Mapping[str, Parameter]) -> Iterator[Finding]:
    for name, value in setting.values.items():
        place = f"{setting.place}: {name}"
        if name not in known:
            message = f"{setting.template} has no {name} in the instrument package"
            yield Finding(Rule.UNKNOWN_PARAMETER, place, message)
        elif value is not None:
            yield from _check_value(place, value, known[name])
    for name, parameter in known.items():
        if setting.values.get(name) is None and parameter.default is None:
            place = f"{setting.place}: {name}"
            yield Finding(Rule.MISSING_VALUE, place, f"{name} has no value, and no default in the package")


def _check_value(place: str, value: str, parameter: Parameter) -> Iterator[Finding]:
    kind = (parameter.value_type or "").lower()
    elements = value.split() if kind in _LISTS else [value]
    wrong = [one for one in elements if not _is_of(kind, one)]
    if wrong:
        message = f"{_shown(wrong[0])} is no {parameter.value_type}"
        yield Finding(Rule.WRONG_TYPE, place, message)
        return
    outside = [one for one in elements if not _is_allowed(one, parameter)]
    if outside:
        message = f"{_shown(outside[0])} is not {_told(parameter)}"
        yield Finding(Rule.OUT_OF_RANGE, place, message)


def _is_of(kind: str, text: str) -> bool:
    if kind in _INTEGERS:
        return _INTEGER.fullmatch(text) is not None
    if kind in _NUMBERS:
        return parse_number(text) is not None
    return kind != "boolean" or text.upper() in _FLAGS


def _is_allowed(text: str, parameter: Parameter) -> bool:
    number = parse_number(text)
    if number is not None:
        if parameter.minimum is not None and number < parameter.minimum:
            return False
        if parameter.maximum is not None and number > parameter.maximum:
            return False
    if parameter.allowed is None:
        return True
    allowed = json.loads(parameter.allowed)
    return text in allowed or (number is not None and any(parse_number(one) == number for one in allowed))


def _told(parameter: Parameter) -> str:
    if parameter.allowed is not None:
        return f"one of {parameter.allowed[:300]}"
    lowest = "" if parameter.minimum is None else f"{parameter.minimum:g}"
    highest = "" if parameter.maximum is None else f"{parameter.maximum:g}"
    return f"in {lowest}..{highest}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}...")


def check_changes(changes: Sequence[StatusChange], mode: str | None) -> Iterator[Finding]:
    """`changes` in the order of their times, `mode` of observing as is_possible_step takes it."""
    for change in changes:
        place = (
            f"{change.changed.isoformat(timespec='milliseconds')}: {change.before or ''} to {change.after}"
        )
        before, after = _status(change.before), _status(change.after)
        unknown = [
            text for text, status in ((change.before, before), (change.after, after)) if text and not status
        ]
        if unknown:
            yield Finding(Rule.UNKNOWN_STATUS, place, f"{_shown(unknown[0])} is no status")
        elif before is not None and after is not None:
            is_possible = is_possible_step if change.is_stated else is_possible_change
            if not is_possible(before, after, mode):
                message = f"an observation block that is {before.meaning} cannot become {after.meaning}"
                yield Finding(Rule.IMPOSSIBLE_TRANSITION, place, message)


def _status(text: str | None) -> ObStatus | None:
    return ObStatus(text) if text in set(ObStatus) else None
