"""Values that templates and constraints have: of any type, told as text and as number where they are one."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from .documents import Node, as_text, parse_number

__all__ = ["Value", "ip_version", "value_of"]

_NUMERIC = {None, "integer", "number", "int", "float", "double"}


@dataclass(frozen=True, slots=True)
class Value:
    """`text` is None for no value; `number` for what is none."""

    text: str | None = None
    number: float | None = None


def value_of(node: Node, value_type: str | None = None) -> Value:
    """Any value of a document; lists have blanks between their elements, as in exports.

    `value_type` is the one that is declared: of a keyword, 2 is no number.
    """
    match node.value:
        case None:
            return Value()
        case bool(flag):
            return Value("T" if flag else "F")
        case int() | float():
            return _of_number(node)
        case str(text):
            return _of_text(as_text(text), value_type)
        case list():
            return Value(" ".join(value_of(one).text or "" for one in node) or None)
        case _:
            return Value(node.dumped())


def ip_version(node: Node) -> str | None:
    """The version of a package: a text, or a number with two decimals, as 116.1 is that of 116.10 in JSON."""
    value = node.any("ipVersion").value
    if isinstance(value, float) and math.isfinite(value) and abs(value) < 1e9:
        return f"{value:.2f}"
    return node.text("ipVersion")


def _of_number(node: Node) -> Value:
    value = node.value
    if not isinstance(value, int | float) or not math.isfinite(value):
        raise node.wrong("a finite number")
    return Value(json.dumps(value), float(value))


def _of_text(text: str, value_type: str | None) -> Value:
    number = parse_number(text) if value_type in _NUMERIC else None
    return Value(text or None, number)
