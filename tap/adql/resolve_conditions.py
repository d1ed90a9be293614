"""Conditions: what may be compared with what, and geometry brought into the form that an index answers.

`CONTAINS(...) = 1` in all its spellings becomes the condition itself, `DISTANCE(...) < r` a cone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NoReturn

from archive.declare.columns import Field
from archive.declare.types import BOOLEAN, INTEGER, REGION, TEXT, TIMESTAMP
from archive.query.tree import (
    And,
    Arithmetic,
    Call,
    Cast,
    ColumnValue,
    Comparator,
    Comparison,
    Condition,
    Derived,
    Distance,
    Exists,
    Function,
    Indicator,
    InList,
    InQuery,
    IsNull,
    Like,
    Literal,
    Near,
    Not,
    Operator,
    Or,
    Output,
    QueryBody,
    Select,
    Value,
)

from . import syntax
from .resolve_regions import region_text
from .resolve_scope import Scope
from .resolve_types import arithmetic_type, common_type, convert, is_null, kind_name, number
from .resolve_values import Values

__all__ = ["Conditions"]

_COMPARATORS = {comparator: Comparator[comparator.name] for comparator in syntax.Comparator}
_FLIPPED = {
    Comparator.LESS: Comparator.GREATER,
    Comparator.GREATER: Comparator.LESS,
    Comparator.LESS_OR_EQUAL: Comparator.GREATER_OR_EQUAL,
    Comparator.GREATER_OR_EQUAL: Comparator.LESS_OR_EQUAL,
    Comparator.EQUAL: Comparator.EQUAL,
    Comparator.NOT_EQUAL: Comparator.NOT_EQUAL,
}
_TRUE, _FALSE = {"1", "t", "true"}, {"0", "f", "false"}
_BOOLEAN = Field("", BOOLEAN)


class Conditions(Values):
    def condition(self, node: syntax.Condition, scope: Scope) -> Condition:
        return _RULES[type(node)](self, node, scope)

    def _and(self, node: syntax.And, scope: Scope) -> Condition:
        return And(tuple([self.condition(condition, scope) for condition in node.conditions]))

    def _or(self, node: syntax.Or, scope: Scope) -> Condition:
        return Or(tuple([self.condition(condition, scope) for condition in node.conditions]))

    def _not(self, node: syntax.Not, scope: Scope) -> Condition:
        return Not(self.condition(node.condition, scope))

    def _exists(self, node: syntax.Exists, scope: Scope) -> Condition:
        return Exists(self.query(node.query, scope))

    def _is_null(self, node: syntax.IsNull, scope: Scope) -> Condition:
        value = self.value(node.value, scope)
        condition = IsNull(convert(value, value.field.type))
        return Not(condition) if node.negated else condition

    # ------------------------------------------------------------------------------------------- comparison

    def _comparison(self, node: syntax.Comparison, scope: Scope) -> Condition:
        left, right = self.value(node.left, scope), self.value(node.right, scope)
        return self.compared(left, _COMPARATORS[node.comparator], right, node.left.at, node.right.at)

    def compared(
        self, left: Value, comparator: Comparator, right: Value, left_at: int, right_at: int
    ) -> Condition:
        found = _simpler(left, comparator, right) or _simpler(right, _FLIPPED[comparator], left)
        if found is not None:
            return found
        left, right = self.comparable(left, right, left_at, right_at)
        return Comparison(self.folded(left), comparator, self.folded(right))

    def folded(self, value: Value) -> Value:
        """A text as comparisons take it: in lower case where the profile does not tell letter cases apart."""
        if not (self.profile.folds_texts and value.field.type.is_text):
            return value
        if value.field.type == REGION and self.profile.region_frame:
            value = region_text(value, self.profile.region_frame)
        return Call(Function.LOWER, (value,), Field("", TEXT, "", value.field.ucd))

    def comparable(self, left: Value, right: Value, left_at: int, right_at: int) -> tuple[Value, Value]:
        """The two with types that the database compares."""
        if left.field.type.is_numeric and right.field.type.is_numeric:
            return left, right
        if is_null(left) or is_null(right):
            kind = left.field.type if is_null(right) else right.field.type
            return convert(left, kind), convert(right, kind)
        left, right = self._beside(left, right, left_at), self._beside(right, left, right_at)
        first, second = left.field.type, right.field.type
        if first.is_array or second.is_array:
            at = left_at if first.is_array else right_at
            what = kind_name(first if first.is_array else second)
            self.fail(
                at, f"{what} cannot be compared", "use CONTAINS, INTERSECTS, DISTANCE or COORD1 and COORD2"
            )
        if first == second or common_type(first, second) is not None:
            return left, right
        self._incomparable(left, right, right_at)

    def _beside(self, value: Value, other: Value, at: int) -> Value:
        """A literal, or a boolean, as what it has to be beside the other."""
        kind = other.field.type
        if kind == TIMESTAMP:
            return self.as_time(value, at)
        if kind == BOOLEAN and isinstance(value, Literal):
            word = str(value.value).strip().lower()
            if word in _TRUE or word in _FALSE:
                return Literal(word in _TRUE, _BOOLEAN)
        if value.field.type == BOOLEAN and kind.is_numeric and not _is_flag(other):
            return Cast(value, Field("", INTEGER))
        return value

    def _incomparable(self, left: Value, right: Value, at: int) -> NoReturn:
        first, second = left.field.type, right.field.type
        hint = "CAST one of them"
        texts = [v.value for v in (left, right) if isinstance(v, Literal) and isinstance(v.value, str)]
        if texts and (first.is_numeric or second.is_numeric):
            hint = f"write the number without quotes, not '{texts[0]}'"
        elif isinstance(right, Literal) and first.is_text:
            hint = f"put the text in single quotes: '{right.value}'"
        self.fail(at, f"{kind_name(first)} cannot be compared with {kind_name(second)}", hint)

    def _between(self, node: syntax.Between, scope: Scope) -> Condition:
        value = self.value(node.value, scope)
        low, high = self.value(node.low, scope), self.value(node.high, scope)
        above = self.compared(value, Comparator.GREATER_OR_EQUAL, low, node.value.at, node.low.at)
        below = self.compared(value, Comparator.LESS_OR_EQUAL, high, node.value.at, node.high.at)
        # No distance is negative, and the cone alone already is unknown where the distance is.
        all_of_it = isinstance(below, Near) and isinstance(low, Literal) and low.value == 0
        condition: Condition = below if all_of_it else And((above, below))
        return Not(condition) if node.negated else condition

    def _in_list(self, node: syntax.InList, scope: Scope) -> Condition:
        value = self.value(node.value, scope)
        items = [self.value(item, scope) for item in node.items]
        if len(items) == 1:
            condition = self.compared(value, Comparator.EQUAL, items[0], node.value.at, node.items[0].at)
            return Not(condition) if node.negated else condition
        before = None
        while before is not value:  # a text literal becomes a time beside the first time
            before = value
            for i, item in enumerate(items):
                value, items[i] = self.comparable(value, item, node.value.at, node.items[i].at)
        found = InList(self.folded(value), tuple([self.folded(item) for item in items]))
        return Not(found) if node.negated else found

    def _in_query(self, node: syntax.InQuery, scope: Scope) -> Condition:
        value = self.value(node.value, scope)
        body = self.query(node.query, scope)
        if len(body.fields) != 1:
            self.fail(node.query.at, f"the subquery of IN has one column, not {len(body.fields)}")
        kind = body.fields[0].type
        if is_null(value):
            value = convert(value, kind)
        value = self._beside(value, Literal(None, Field("", kind)), node.value.at)
        have = value.field.type
        if have.is_array or kind.is_array or not (have == kind or common_type(have, kind)):
            self.fail(
                node.query.at,
                f"{kind_name(have)} cannot be compared with {kind_name(kind)}",
                "CAST one of them",
            )
        if self.profile.folds_texts and have.is_text:
            value, body = self.folded(value), self._folded_body(body)
        found = InQuery(value, body)
        return Not(found) if node.negated else found

    def _folded_body(self, body: QueryBody) -> QueryBody:
        source, (field,) = self.next_source(), body.fields
        value = self.folded(ColumnValue(source, "c1", field, None))
        return Select((Output(value, value.field),), (Derived(source, body),))

    def _like(self, node: syntax.Like, scope: Scope) -> Condition:
        word = "ILIKE" if node.folded else "LIKE"
        value = self.text_value(node.value, scope, f"what {word} compares")
        pattern = self.text_value(node.pattern, scope, f"the pattern of {word}")
        if self.profile.folds_texts:
            condition = Like(self.folded(value), self.folded(pattern), False)
        else:
            condition = Like(value, pattern, node.folded)
        return Not(condition) if node.negated else condition


def _is_flag(value: Value) -> bool:
    return isinstance(value, Literal) and value.value in (0, 1)


def _holds(number: float, comparator: Comparator, other: float) -> bool:
    match comparator:
        case Comparator.EQUAL:
            return number == other
        case Comparator.NOT_EQUAL:
            return number != other
        case Comparator.LESS:
            return number < other
        case Comparator.GREATER:
            return number > other
        case Comparator.LESS_OR_EQUAL:
            return number <= other
        case Comparator.GREATER_OR_EQUAL:
            return number >= other


def _simpler(value: Value, comparator: Comparator, other: Value) -> Condition | None:
    """What an index can answer, made of a comparison of geometry; None for all others."""
    match value:
        case Indicator():
            return _as_condition(value, comparator, other)
        case Distance() | Arithmetic():
            return _as_cone(value, comparator, other)
        case _:
            return None


def _as_condition(value: Indicator, comparator: Comparator, other: Value) -> Condition | None:
    """CONTAINS(a, b) = 1 as the condition itself; None where it is not so simple."""
    if not (isinstance(other, Literal) and isinstance(other.value, int | float)):
        return None
    yes, no = (_holds(flag, comparator, float(other.value)) for flag in (1, 0))
    if yes == no:
        return None
    return value.condition if yes else Not(value.condition)


def _as_cone(value: Value, comparator: Comparator, other: Value) -> Condition | None:
    """DISTANCE(p, q) < r, also with factors before the distance, as a cone."""
    distance, factor = _scaled_distance(value)
    if distance is None or not other.field.type.is_numeric or is_null(other):
        return None
    radius = _divided(other, factor)
    match comparator:
        case Comparator.LESS | Comparator.LESS_OR_EQUAL:
            return Near(distance.left, distance.right, radius, comparator is Comparator.LESS_OR_EQUAL)
        case Comparator.GREATER | Comparator.GREATER_OR_EQUAL:
            return Not(Near(distance.left, distance.right, radius, comparator is Comparator.GREATER))
        case _:
            return None


def _scaled_distance(value: Value) -> tuple[Distance | None, float]:
    """The distance in `3600 * DISTANCE(...)` with its factor; None where something else is in it."""
    if isinstance(value, Distance):
        return value, 1.0
    if not isinstance(value, Arithmetic):
        return None, 1.0
    distance, factor = _scaled_distance(value.operands[0])
    first = value.operands[0]
    if distance is None:
        if not isinstance(first, Literal) or not isinstance(first.value, int | float):
            return None, 1.0
        factor = float(first.value)
    for operator, operand in zip(value.operators, value.operands[1:], strict=True):
        if isinstance(operand, Literal) and isinstance(operand.value, int | float) and operand.value > 0:
            if operator is Operator.MULTIPLY:
                factor *= operand.value
                continue
            if operator is Operator.DIVIDE and distance is not None:
                factor /= operand.value
                continue
        if distance is None and operator is Operator.MULTIPLY:
            distance, further = _scaled_distance(operand)
            factor *= further
            if distance is not None:
                continue
        return None, 1.0
    return (distance, factor) if 0 < factor < math.inf else (None, 1.0)


def _divided(value: Value, factor: float) -> Value:
    if factor == 1.0:
        return value
    if isinstance(value, Literal) and isinstance(value.value, int | float):
        return number(value.value / factor)
    kind = arithmetic_type(value.field.type, number(factor).field.type)
    return Arithmetic((value, number(factor)), (Operator.DIVIDE,), Field("", kind))


_RULES: dict[type, Callable[..., Condition]] = {
    syntax.Comparison: Conditions._comparison,
    syntax.Between: Conditions._between,
    syntax.InList: Conditions._in_list,
    syntax.InQuery: Conditions._in_query,
    syntax.Like: Conditions._like,
    syntax.IsNull: Conditions._is_null,
    syntax.Exists: Conditions._exists,
    syntax.Not: Conditions._not,
    syntax.And: Conditions._and,
    syntax.Or: Conditions._or,
}
