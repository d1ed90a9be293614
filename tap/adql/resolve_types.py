"""What follows for the type of an expression from those of its parts; units are in `resolve_units`.

No names and no places in the text are known here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from archive.declare.columns import Field
from archive.declare.semantics import check_ucd
from archive.declare.types import (
    BOOLEAN,
    DOUBLE,
    FLOAT,
    INTEGER,
    LONG,
    SHORT,
    TEXT,
    TIMESTAMP,
    Type,
    array_of,
)
from archive.errors import DeclarationError
from archive.query.tree import Cast, Literal, Operator, Value

__all__ = [
    "arithmetic_type",
    "calculated",
    "common_type",
    "convert",
    "is_null",
    "kind_name",
    "null",
    "number",
    "parse_timestamp",
    "renamed",
    "retyped",
    "with_statistic",
]

_UNTYPED = Field("", TEXT)
_NUMBERS = {kind: Field("", kind) for kind in (INTEGER, LONG, DOUBLE)}


def null() -> Literal:
    """NULL before it is known of which type."""
    return Literal(None, _UNTYPED)


def is_null(value: Value) -> bool:
    return isinstance(value, Literal) and value.field is _UNTYPED


def number(value: int | float) -> Literal:
    """A number literal of the smallest of INTEGER, LONG and DOUBLE; larger integers become DOUBLE."""
    if isinstance(value, int):
        if -(2**31) < value < 2**31:
            return Literal(value, _NUMBERS[INTEGER])
        if -(2**63) <= value < 2**63:
            return Literal(value, _NUMBERS[LONG])
        value = float(value)
    return Literal(value, _NUMBERS[DOUBLE])


# --------------------------------------------------------------------------------------------------- fields


def renamed(field: Field, name: str) -> Field:
    if field.name == name:
        return field
    return Field(
        name, field.type, field.unit, field.ucd, field.utype, field.description, field.coosys, field.timesys
    )


def retyped(field: Field, kind: Type) -> Field:
    """The same metadata for values of another type."""
    if field.type == kind:
        return field
    return Field(
        field.name, kind, field.unit, field.ucd, field.utype, field.description, field.coosys, field.timesys
    )


def with_statistic(field: Field, kind: Type, word: str) -> Field:
    """Metadata of a minimum, maximum or mean: `word` is the UCD word for it."""
    ucd = f"{field.ucd};{word}" if field.ucd and _is_ucd(f"{field.ucd};{word}") else field.ucd
    return Field("", kind, field.unit, ucd, "", field.description, field.coosys, field.timesys)


@lru_cache(maxsize=4096)
def _is_ucd(text: str) -> bool:
    try:
        check_ucd(text)
    except DeclarationError:
        return False
    return True


# ---------------------------------------------------------------------------------------------------- types

_RANKS = {SHORT.postgresql: 0, INTEGER.postgresql: 1, LONG.postgresql: 2}


def common_type(first: Type, second: Type) -> Type | None:
    """The type that holds the values of both; None when there is none."""
    if first == second:
        return first
    if first.is_numeric and second.is_numeric:
        if first.is_integer and second.is_integer:
            return first if _RANKS[first.postgresql] >= _RANKS[second.postgresql] else second
        return FLOAT if first == second == FLOAT else DOUBLE
    if first.is_text and second.is_text:
        return TEXT
    if first.is_array and second.is_array and first.postgresql == second.postgresql:
        if first.xtype != second.xtype:
            return None
        return first if first.arraysize == second.arraysize else array_of(first.element, "*")
    return None


def arithmetic_type(first: Type, second: Type) -> Type:
    """The type of a sum or product of two numbers; small integers become INTEGER at least."""
    if first.is_integer and second.is_integer:
        return LONG if LONG.postgresql in (first.postgresql, second.postgresql) else INTEGER
    return FLOAT if first == second == FLOAT else DOUBLE


def kind_name(kind: Type) -> str:
    """What sort of thing a type is, in an error message."""
    if kind == TIMESTAMP:
        return "a time"
    if kind == BOOLEAN:
        return "a boolean"
    if kind.is_geometry and not kind.is_text:
        return f"a {kind.xtype}"
    if kind.is_array:
        return "an array"
    return "a text" if kind.is_text else "a number"


def convert(value: Value, kind: Type) -> Value:
    """The value as another type, which common_type has chosen."""
    if is_null(value):
        return Literal(None, Field("", kind))
    if value.field.type == kind:
        return value
    if isinstance(value, Literal) and isinstance(value.value, int) and kind.is_numeric:
        return Literal(value.value, Field("", kind))
    if value.field.type.postgresql == kind.postgresql and not kind.arraysize:
        return value
    return Cast(value, retyped(value.field, kind))


_TIMESTAMP = re.compile(
    r"\s*(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?\s*Z?\s*", re.ASCII
)


def parse_timestamp(text: str) -> datetime | None:
    """DALI 1.2, 3.3.4, also with a blank for the T, or the day alone; None for what is no time."""
    match = _TIMESTAMP.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction = match.groups(default="0")
    try:
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=UTC)
        moment += timedelta(microseconds=round(float(f"0.{fraction}") * 1e6))
    except (ValueError, OverflowError):
        return None
    return moment.replace(tzinfo=None)


# ------------------------------------------------------------------------------------ arithmetic of literals

_LARGEST = 2**62  # beyond, the database may have its own opinion


def calculated(operands: list[Value], operators: tuple[Operator, ...]) -> int | float | None:
    """Arithmetic of literals as the database does it; None where it would fail, or has other operands."""
    values = [operand.value for operand in operands if isinstance(operand, Literal)]
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) != len(operands):
        return None
    result: int | float | None = numbers[0]
    for operator, other in zip(operators, numbers[1:], strict=True):
        if result is None:
            return None
        match operator:
            case Operator.ADD:
                result = result + other
            case Operator.SUBTRACT:
                result = result - other
            case Operator.MULTIPLY:
                result = result * other
            case Operator.DIVIDE | Operator.MODULO:
                result = _divided(operator, result, other)
    return result if result is not None and abs(result) < _LARGEST else None


def _divided(operator: Operator, first: int | float, second: int | float) -> int | float | None:
    if second == 0:
        return None
    if isinstance(first, float) or isinstance(second, float):
        return first / second if operator is Operator.DIVIDE else None
    # Towards zero, and the remainder with the sign of the dividend.
    quotient = abs(first) // abs(second) * (1 if (first < 0) == (second < 0) else -1)
    return quotient if operator is Operator.DIVIDE else first - quotient * second
