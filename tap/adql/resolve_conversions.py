"""Values made into others: casts, units, texts beside times."""

from __future__ import annotations

import math
import re

from archive.declare.columns import Field
from archive.declare.types import (
    BOOLEAN,
    CIRCLE,
    DOUBLE,
    FLOAT,
    INTEGER,
    LONG,
    POINT,
    POLYGON,
    SHORT,
    TEXT,
    TIMESTAMP,
    Type,
    char,
)
from archive.errors import DeclarationError
from archive.query.tree import (
    Arithmetic,
    Cast,
    Literal,
    Operator,
    Value,
)

from . import syntax
from .resolve_geometry import Geometries
from .resolve_scope import Scope
from .resolve_types import (
    common_type,
    convert,
    is_null,
    kind_name,
    parse_timestamp,
    retyped,
)
from .resolve_units import conversion, has_unit
from .syntax import CastType

__all__ = ["Conversions"]

_DOUBLE = Field("", DOUBLE)
_CASTS = {
    CastType.SMALLINT: SHORT,
    CastType.INTEGER: INTEGER,
    CastType.BIGINT: LONG,
    CastType.REAL: FLOAT,
    CastType.DOUBLE: DOUBLE,
    CastType.TIMESTAMP: TIMESTAMP,
    CastType.POINT: POINT,
    CastType.CIRCLE: CIRCLE,
    CastType.POLYGON: POLYGON,
}
_LONGEST_TEXT = 2**31 - 1  # of the database
# Numbers in a text, as the database reads them; its own white space, letters and digits are those of ASCII.
_INTEGER = re.compile(r"[ \t\r\n\f\v]*[-+]?[0-9]+[ \t\r\n\f\v]*")
_NUMBER = re.compile(
    r"[ \t\r\n\f\v]*[-+]?(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?|inf|infinity|nan)[ \t\r\n\f\v]*",
    re.IGNORECASE | re.ASCII,
)
_DIGIT = re.compile("[0-9]")
_INTEGER_LIMITS = {SHORT: 2**15, INTEGER: 2**31, LONG: 2**63}


class Conversions(Geometries):
    def unified(self, values: list[Value], places: list[int], what: str) -> list[Value]:
        """All values with one type; NULLs take it from the others, texts become times beside times."""
        known = [value.field.type for value in values if not is_null(value)]
        kind: Type | None = known[0] if known else TEXT
        if TIMESTAMP in known:
            values = [self.as_time(v, at) for v, at in zip(values, places, strict=True)]
            known, kind = [v.field.type for v in values if not is_null(v)], TIMESTAMP
        for other, at in zip(known[1:], places[1:], strict=False):
            assert kind is not None
            merged = common_type(kind, other)
            if merged is None:
                self.fail(at, f"{what} joins {kind_name(kind)} and {kind_name(other)}", "CAST one of them")
            kind = merged
        assert kind is not None
        return [convert(value, kind) for value in values]

    def as_time(self, value: Value, at: int) -> Value:
        """A text literal beside a time is one."""
        if not (isinstance(value, Literal) and isinstance(value.value, str)):
            return value
        moment = parse_timestamp(value.value)
        if moment is None:
            self.fail(at, f"'{value.value}' is not a time", "write '2026-01-31T12:00:00' or '2026-01-31'")
        return Literal(moment, Field("", TIMESTAMP))

    def text_value(self, node: syntax.Value, scope: Scope, what: str) -> Value:
        value = self.value(node, scope)
        if value.field.type.is_text:
            return value
        self.fail(
            node.at,
            f"{what} has to be a text, not {kind_name(value.field.type)}",
            "CAST(... AS VARCHAR) makes a text of anything",
        )

    def cast(self, node: syntax.Cast, scope: Scope) -> Value:
        value = self.value(node.value, scope)
        match node.type:
            case CastType.CHAR:
                kind = char(min(node.length or 1, _LONGEST_TEXT))
            case CastType.VARCHAR:
                kind = char(min(node.length, _LONGEST_TEXT)) if node.length else TEXT
            case _:
                kind = _CASTS[node.type]
        if is_null(value):
            return convert(value, kind)
        if kind.is_geometry:
            return self._cast_to_shape(node, value, kind)
        have = value.field.type
        if kind == TIMESTAMP and have.is_text:
            return (
                self.as_time(value, node.value.at)
                if isinstance(value, Literal)
                else Cast(value, retyped(value.field, kind))
            )
        allowed = (
            (kind.is_text and (not have.is_array or have.is_geometry))
            or have == kind
            or (
                kind.is_numeric and (have.is_numeric or have.is_text or (have == BOOLEAN and kind.is_integer))
            )
        )
        if not allowed:
            self.fail(node.at, f"{kind_name(have)} cannot become {kind_name(kind)}")
        self._check_number(node, value, kind)
        unit = value.field.unit if have.is_numeric and kind.is_numeric else ""
        return Cast(value, Field("", kind, unit, value.field.ucd, "", value.field.description))

    def _check_number(self, node: syntax.Cast, value: Value, kind: Type) -> None:
        """What PostgreSQL would refuse already while it plans is refused here, with its place."""
        if not (kind.is_numeric and isinstance(value, Literal)):
            return
        constant = value.value
        if isinstance(constant, str):
            if not _NUMBER.fullmatch(constant):
                self.fail(node.value.at, f"'{constant}' is not a number")
            if kind.is_integer and not _INTEGER.fullmatch(constant):
                self.fail(node.value.at, f"'{constant}' is not an integer")
        assert isinstance(constant, str | int | float)
        known = float(constant)
        limit = _INTEGER_LIMITS.get(kind, 3.4e38 if kind == FLOAT else 1.7e308)
        endless = not math.isfinite(known) and not (isinstance(constant, str) and _DIGIT.search(constant))
        if not -limit <= known < limit and not (kind in (FLOAT, DOUBLE) and endless):
            self.fail(node.value.at, f"{constant} is too large for {kind.adql}")
        if kind in (FLOAT, DOUBLE) and _vanishes(constant, 7e-46 if kind == FLOAT else 0.0):
            self.fail(node.value.at, f"{constant} is too small for {kind.adql}")

    def _cast_to_shape(self, node: syntax.Cast, value: Value, kind: Type) -> Value:
        have = value.field.type
        if have == kind:
            return value
        if have.is_text and not have.is_geometry:
            return self.shape_from_text(node.value.at, value, kind)
        self.fail(node.at, f"{kind_name(have)} cannot become {kind_name(kind)}")

    def in_unit(self, node: syntax.InUnit, scope: Scope) -> Value:
        value = self.number(node.value, scope, "what IN_UNIT converts")
        source, target = value.field.unit, node.unit.text.strip()
        if not source or not has_unit(value):
            self.fail(
                node.value.at,
                "the unit of this expression is not known",
                "IN_UNIT converts columns that have a unit, and what is computed from them",
            )
        try:
            factor = conversion(source, target) if target else None
        except DeclarationError as error:
            self.fail(node.unit.at, error.message.rstrip(". "), "write it as VOUnits does, such as km.s**-1")
        if factor is None:
            self.fail(node.unit.at, f"{source} cannot be converted to '{target}'")
        field = value.field
        converted = Field("", DOUBLE, target, field.ucd, field.utype, field.description, field.coosys)
        return Arithmetic((value, Literal(factor, _DOUBLE)), (Operator.MULTIPLY,), converted)


def _vanishes(number: str | int | float, smallest: float) -> bool:
    """True for what is not zero, but would become it."""
    mantissa = str(number).lower().partition("e")[0]
    return abs(float(number)) <= smallest and any(digit in "123456789" for digit in mantissa)
