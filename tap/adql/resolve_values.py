"""Values: columns, literals, arithmetic, functions, aggregates; each with the metadata that follow."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NoReturn

from archive.declare.columns import Field
from archive.declare.types import (
    BOOLEAN,
    DOUBLE,
    INTEGER,
    LONG,
    TEXT,
)
from archive.errors import UnknownColumn
from archive.query.tree import (
    Aggregate,
    AggregateFunction,
    Arithmetic,
    Call,
    Concatenation,
    Function,
    GeometryValue,
    Indicator,
    Literal,
    Negation,
    Operator,
    Subquery,
    Value,
)

from . import syntax
from .resolve_functions import UserFunctions
from .resolve_geometry import constant
from .resolve_scope import Ambiguous, Scope
from .resolve_types import (
    arithmetic_type,
    calculated,
    convert,
    is_null,
    kind_name,
    null,
    number,
    with_statistic,
)
from .resolve_units import power, unit_of_arithmetic, unit_of_first

__all__ = ["Values"]

_TEXT = Field("", TEXT)
_DOUBLE = Field("", DOUBLE)
_FLAG = Field("", INTEGER)
_COUNT = Field("", LONG, "", "meta.number")
_ANGLES = {
    syntax.Function.ACOS: "rad",
    syntax.Function.ASIN: "rad",
    syntax.Function.ATAN: "rad",
    syntax.Function.ATAN2: "rad",
    syntax.Function.RADIANS: "rad",
    syntax.Function.DEGREES: "deg",
}
_OF_UNIT = {kind: Field("", DOUBLE, unit) for kind, unit in _ANGLES.items()}
_ROUNDING = {
    syntax.Function.ROUND,
    syntax.Function.TRUNCATE,
    syntax.Function.CEILING,
    syntax.Function.FLOOR,
}
_WITH_DECIMALS = {syntax.Function.ROUND, syntax.Function.TRUNCATE}
_MOST_DECIMALS = 400  # no double has digits farther from its point
_STATISTICS = {
    AggregateFunction.AVG: "stat.mean",
    AggregateFunction.MIN: "stat.min",
    AggregateFunction.MAX: "stat.max",
}


class Values(UserFunctions):
    def value(self, node: syntax.Value, scope: Scope) -> Value:
        mark = len(scope.pending)
        value = _RULES[type(node)](self, node, scope)
        if scope.groups and not scope.aggregating and len(scope.pending) > mark and value in scope.groups:
            del scope.pending[mark:]
        return value

    # ----------------------------------------------------------------------------------- literals and names

    def _number_literal(self, node: syntax.NumberLiteral, scope: Scope) -> Value:
        value = int(node.text) if _is_exact(node) else float(node.text)
        literal = number(value)
        if literal.value in (math.inf, -math.inf):
            self.fail(node.at, f"the number {node.text[:20]} is too large")
        return literal

    def _string_literal(self, node: syntax.StringLiteral, scope: Scope) -> Value:
        return Literal(node.text, _TEXT)

    def _null(self, node: syntax.Null, scope: Scope) -> Value:
        return null()

    def _column(self, node: syntax.ColumnReference, scope: Scope) -> Value:
        try:
            found = scope.find(node.qualifier, node.name)
        except Ambiguous:
            name = ".".join(part.text for part in (*node.qualifier, node.name))
            self.fail(
                node.at,
                f"{name} is ambiguous: several tables have such a column",
                "put the table's name or alias before it",
            )
        if found is None:
            self._unknown_column(node, scope)
        value, home = found
        home.pending.append((node.at, value))
        return value

    def _unknown_column(self, node: syntax.ColumnReference, scope: Scope) -> NoReturn:
        line, column = self.place(node.at)
        if node.qualifier and not scope.knows(node.qualifier):
            name = ".".join(part.text for part in node.qualifier)
            hint = scope.suggest_table(node.qualifier)
            raise UnknownColumn(
                f"no table {name} in this part of the query", line=line, column=column, hint=hint
            )
        hint = scope.suggest_column(node.qualifier, node.name)
        name = ".".join(part.text for part in (*node.qualifier, node.name))
        raise UnknownColumn(f"unknown column {name}", line=line, column=column, hint=hint)

    # -------------------------------------------------------------------------------------------- operators

    def _signed(self, node: syntax.Signed, scope: Scope) -> Value:
        literal = node.operand
        if node.negative and isinstance(literal, syntax.NumberLiteral) and _is_exact(literal):
            return number(-int(literal.text))  # so that the smallest BIGINT can be written
        operand = self.number(node.operand, scope, "what has a sign")
        if is_null(operand) or not node.negative:
            return operand
        if isinstance(operand, Literal) and isinstance(operand.value, int | float):
            return number(-operand.value)
        kind = arithmetic_type(operand.field.type, operand.field.type)
        return Negation(operand, Field("", kind, operand.field.unit, operand.field.ucd))

    def _arithmetic(self, node: syntax.Arithmetic, scope: Scope) -> Value:
        operands = [self.number(operand, scope, "an operand of arithmetic") for operand in node.operands]
        operands = [convert(operand, DOUBLE) if is_null(operand) else operand for operand in operands]
        operators = tuple([_OPERATORS[operator] for operator in node.operators])
        known = calculated(operands, operators)
        if known is not None:
            return number(known)
        kind = operands[0].field.type
        for operator, operand in zip(operators, operands[1:], strict=True):
            kind = arithmetic_type(kind, operand.field.type)
            if operator is Operator.MODULO and not kind.is_integer:
                kind = DOUBLE
        unit = unit_of_arithmetic(tuple(operands), operators) or ""
        return Arithmetic(tuple(operands), operators, Field("", kind, unit))

    def _concatenation(self, node: syntax.Concatenation, scope: Scope) -> Value:
        operands = []
        for operand in node.operands:
            value = self.value(operand, scope)
            if value.field.type.is_array:
                self.fail(operand.at, f"{kind_name(value.field.type)} cannot be joined to a text")
            operands.append(convert(value, TEXT))
        return Concatenation(tuple(operands), _TEXT)

    # -------------------------------------------------------------------------------------------- functions

    def _call(self, node: syntax.Call, scope: Scope) -> Value:
        match node.function:
            case syntax.Function.CONTAINS:
                return Indicator(self.contains(node.arguments[0], node.arguments[1], scope), _FLAG)
            case syntax.Function.INTERSECTS:
                return Indicator(self.intersects(node.arguments[0], node.arguments[1], scope), _FLAG)
            case syntax.Function.DISTANCE:
                return self.distance(node, scope)
            case syntax.Function.AREA:
                return self.area(node, scope)
            case syntax.Function.CENTROID:
                return self.centroid(node, scope)
            case syntax.Function.COORD1:
                return self.coordinate(node, scope, 1)
            case syntax.Function.COORD2:
                return self.coordinate(node, scope, 2)
            case syntax.Function.COORDSYS:
                return self.coordinate_system(node, scope)
            case syntax.Function.REGION:
                (text,) = node.arguments
                assert isinstance(text, syntax.StringLiteral)
                return self.region(text)
            case syntax.Function.COALESCE:
                return self._coalesce(node, scope)
            case syntax.Function.LOWER | syntax.Function.UPPER:
                return self._letter_case(node, scope)
            case _:
                return self._mathematics(node, scope)

    def _coalesce(self, node: syntax.Call, scope: Scope) -> Value:
        values = [self.value(argument, scope) for argument in node.arguments]
        values = self.unified(values, [argument.at for argument in node.arguments], "COALESCE")
        field = values[0].field
        unit = unit_of_first(tuple(values)) or ""
        kind = field.type
        return Call(
            Function.COALESCE,
            tuple(values),
            Field("", kind, unit, field.ucd, "", field.description, field.coosys, field.timesys),
        )

    def _letter_case(self, node: syntax.Call, scope: Scope) -> Value:
        value = self.text_value(node.arguments[0], scope, f"the argument of {node.function.value}")
        return Call(
            Function[node.function.name], (convert(value, TEXT),), Field("", TEXT, "", value.field.ucd)
        )

    def _mathematics(self, node: syntax.Call, scope: Scope) -> Value:
        name = node.function.value
        arguments = [self.number(argument, scope, f"the argument of {name}") for argument in node.arguments]
        arguments = [convert(argument, DOUBLE) if is_null(argument) else argument for argument in arguments]
        if node.function in _WITH_DECIMALS and len(arguments) == 2:
            arguments[1] = number(_within(-_MOST_DECIMALS, arguments[1], _MOST_DECIMALS))
        if node.function is syntax.Function.RAND and arguments:
            arguments = [_seed(node.arguments[0])]
        function = Function[node.function.name]
        return Call(function, tuple(arguments), self._mathematical_field(node, arguments))

    def _mathematical_field(self, node: syntax.Call, arguments: list[Value]) -> Field:
        function = node.function
        if function in _OF_UNIT:
            return _OF_UNIT[function]
        if function is syntax.Function.ABS:
            field = arguments[0].field
            return Field("", field.type, field.unit, field.ucd)
        if function is syntax.Function.SQRT:
            return Field("", DOUBLE, power(arguments[0].field.unit, 0.5))
        if function is syntax.Function.POWER:
            exponent = constant(arguments[1])
            return Field("", DOUBLE, "" if exponent is None else power(arguments[0].field.unit, exponent))
        if function in _ROUNDING:
            field = arguments[0].field
            kind = field.type if field.type.is_integer else DOUBLE
            return Field("", kind, field.unit, field.ucd)
        if function is syntax.Function.MOD:
            kind = arithmetic_type(arguments[0].field.type, arguments[1].field.type)
            return Field("", kind if kind.is_integer else DOUBLE, arguments[0].field.unit)
        return _DOUBLE

    # ------------------------------------------------------------------------------------------- aggregates

    def _aggregate(self, node: syntax.Aggregate, scope: Scope) -> Value:
        function = AggregateFunction[node.function.name]
        wanted = node.argument
        if wanted is None:
            self.check_aggregate(node.at, node.function.value, scope)
            return Aggregate(function, None, False, _COUNT)
        argument = self.aggregating(node.at, node.function.value, scope, lambda: self.value(wanted, scope))
        return Aggregate(function, *self._aggregated(node, function, argument))

    def _aggregated(
        self, node: syntax.Aggregate, function: AggregateFunction, argument: Value
    ) -> tuple[Value, bool, Field]:
        assert node.argument is not None
        field = argument.field
        match function:
            case AggregateFunction.COUNT:
                return argument, node.distinct, _COUNT
            case AggregateFunction.MIN | AggregateFunction.MAX:
                if field.type.is_array or field.type == BOOLEAN:
                    self.fail(node.argument.at, f"there is no {function.value} of {kind_name(field.type)}")
                kind = TEXT if field.type.is_text else field.type
                return argument, node.distinct, with_statistic(field, kind, _STATISTICS[function])
            case _:
                if is_null(argument):
                    argument = convert(argument, DOUBLE)
                    field = argument.field
                if not field.type.is_numeric:
                    self.fail(node.argument.at, f"there is no {function.value} of {kind_name(field.type)}")
                if function is AggregateFunction.AVG:
                    return argument, node.distinct, with_statistic(field, DOUBLE, "stat.mean")
                kind = LONG if field.type.is_integer else DOUBLE
                return argument, node.distinct, Field("", kind, field.unit, field.ucd, "", field.description)

    # ------------------------------------------------------------------------------------------- subqueries

    def _subquery(self, node: syntax.ScalarSubquery, scope: Scope) -> Value:
        body = self.query(node.query, scope)
        if len(body.fields) != 1:
            self.fail(node.at, f"a subquery that stands for a value has one column, not {len(body.fields)}")
        (field,) = body.fields
        unnamed = Field(
            "", field.type, field.unit, field.ucd, field.utype, field.description, field.coosys, field.timesys
        )
        return Subquery(body, unnamed)

    def _shape(self, node: syntax.Shape, scope: Scope) -> GeometryValue:
        return self.shape(node, scope)


def _is_exact(literal: syntax.NumberLiteral) -> bool:
    return literal.integer and len(literal.text) < 20


def _within(lowest: int, value: Value, highest: int) -> int:
    """A constant integer, or the nearest limit."""
    known = constant(value)
    assert known is not None
    return int(max(lowest, min(known, highest)))


def _seed(node: syntax.Value) -> Value:
    """Any unsigned integer, brought into the range that the database has."""
    assert isinstance(node, syntax.NumberLiteral)
    return number(int(node.text) % 2**63)


_OPERATORS = {operator: Operator[operator.name] for operator in syntax.ArithmeticOperator}
_Rule = Callable[[Values, "syntax.Value", Scope], Value]
_RULES: dict[type, Callable[..., Value]] = {
    syntax.NumberLiteral: Values._number_literal,
    syntax.StringLiteral: Values._string_literal,
    syntax.Null: Values._null,
    syntax.ColumnReference: Values._column,
    syntax.Signed: Values._signed,
    syntax.Arithmetic: Values._arithmetic,
    syntax.Concatenation: Values._concatenation,
    syntax.Call: Values._call,
    syntax.Shape: Values._shape,
    syntax.Aggregate: Values._aggregate,
    syntax.UserCall: Values.user_call,
    syntax.Cast: Values.cast,
    syntax.InUnit: Values.in_unit,
    syntax.ScalarSubquery: Values._subquery,
}
