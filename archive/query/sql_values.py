"""Values as PostgreSQL writes them.

Whatever is given back has exactly the type `field.type.postgresql`; numeric, which no output format knows,
appears on the way only.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import assert_never

from ..declare.names import physical_column, quote_identifier
from ..declare.types import BOOLEAN, DOUBLE, FLOAT, INTEGER, POINT, SHORT, TIMESTAMP, Type
from . import sql_geometry
from .quoting import quote_literal
from .speller import Speller
from .tree import (
    Aggregate,
    AggregateFunction,
    Area,
    Arithmetic,
    Call,
    Cast,
    ColumnValue,
    Concatenation,
    Coordinate,
    CoordinateSystem,
    Distance,
    Function,
    GeometryValue,
    Indicator,
    Literal,
    Negation,
    Operator,
    Overlap,
    Rotated,
    Sequence,
    Subquery,
    UserCall,
    Value,
)

__all__ = ["as_type", "column", "literal", "user_call", "value"]

_INT4 = 2**31

# Functions of doubles that PostgreSQL has under some name.
_OF_DOUBLES = {
    Function.ACOS: "acos",
    Function.ASIN: "asin",
    Function.ATAN: "atan",
    Function.ATAN2: "atan2",
    Function.COS: "cos",
    Function.COT: "cot",
    Function.DEGREES: "degrees",
    Function.EXP: "exp",
    Function.LOG: "ln",
    Function.LOG10: "log",
    Function.POWER: "power",
    Function.RADIANS: "radians",
    Function.SIN: "sin",
    Function.SQRT: "sqrt",
    Function.TAN: "tan",
}


def value(node: Value, spell: Speller) -> str:
    match node:
        case ColumnValue():
            return column(node)
        case Literal():
            return literal(node)
        case Arithmetic():
            return _arithmetic(node, spell)
        case Call():
            return _call(node, spell)
        case Negation():
            return f"(- {as_type(node.operand, node.field.type, spell)})"
        case Concatenation():
            return "(" + " || ".join(map(spell.value, node.operands)) + ")"
        case Aggregate():
            return _aggregate(node, spell)
        case Cast():
            return _cast(spell.value(node.value), node.value.field.type, node.field.type)
        case Subquery():
            return f"({spell.body(node.body)})"
        case Indicator():
            return f"({spell.condition(node.condition)})::integer"
        case Distance():
            return sql_geometry.distance(node.left, node.right, spell)
        case Area():
            return sql_geometry.area(node.geometry, spell)
        case Overlap():
            return sql_geometry.overlap(node.left, node.right, spell)
        case Coordinate():
            return f"({sql_geometry.published(node.point, spell)})[{node.axis}]"
        case CoordinateSystem():
            known = f"{sql_geometry.published(node.geometry, spell)} IS NOT NULL"
            frame = node.geometry.frame if isinstance(node.geometry, Rotated) else "ICRS"
            return f"(CASE WHEN {known} THEN {quote_literal(frame)}::text END)"
        case GeometryValue():
            return sql_geometry.published(node.geometry, spell)
        case Sequence():
            return _sequence(node, spell)
        case UserCall():
            return f"({user_call(node.function.sql, node.arguments, spell)})::{node.field.type.postgresql}"
        case _:
            assert_never(node)


def _sequence(node: Sequence, spell: Speller) -> str:
    items = [as_type(item, node.field.type.element, spell) for item in node.items]
    array = f"ARRAY[{', '.join(items)}]"
    return f"(CASE WHEN num_nulls({', '.join(items)}) = 0 THEN {array} END)::{node.field.type.postgresql}"


def column(node: ColumnValue) -> str:
    return f"t{node.source}.{quote_identifier(physical_column(node.name))}"


def literal(node: Literal) -> str:
    """Numbers and NULL say their type wherever PostgreSQL would take another one for granted."""
    constant, kind = node.value, node.field.type
    match constant:
        case None:
            return f"NULL::{kind.postgresql}"
        case bool():
            return "true" if constant else "false"
        case int() if kind == INTEGER and -_INT4 < constant < _INT4:
            return str(constant) if constant >= 0 else f"({constant})"
        case int() | float() if kind in (DOUBLE, FLOAT):
            return _double(float(constant), kind)
        case int():
            return f"'{constant}'::{kind.postgresql}"
        case float():
            return f"{_double(constant, DOUBLE)}::{kind.postgresql}"
        case datetime():
            return f"'{constant.isoformat(sep=' ')}'::timestamp"
        case str():
            return f"{quote_literal(constant)}::text"
        case _:
            assert_never(constant)


def _double(number: float, kind: Type) -> str:
    """Outside quotes a sign, which -0.0 has too, would be an operator that binds less than the cast."""
    suffix = "real" if kind == FLOAT else "float8"
    plain = math.isfinite(number) and math.copysign(1.0, number) > 0
    return f"{number!r}::{suffix}" if plain else f"'{number!r}'::{suffix}"


def as_type(node: Value, wanted: Type, spell: Speller) -> str:
    """The value, converted where it is of another type."""
    return _cast(spell.value(node), node.field.type, wanted)


def _cast(text: str, have: Type, want: Type) -> str:
    if have == BOOLEAN and want.is_numeric and want != INTEGER:
        return f"{text}::integer::{want.postgresql}"
    if want.is_array and have.is_text:
        return f"adql.numbers({text})" if want != POINT else f"(adql.numbers({text}))[1:2]"
    if want.is_text:
        return _as_text(text, have, want)
    return text if have.postgresql == want.postgresql else f"{text}::{want.postgresql}"


def _as_text(text: str, have: Type, want: Type) -> str:
    if have.is_array:
        text = f"array_to_string({text}, ' ')"
    elif have == TIMESTAMP:
        text = f"adql.iso({text})"
    elif not have.is_text:
        text = f"{text}::text"
    length = (want.arraysize or "1").rstrip("*")
    return f"left({text}, {length})" if length and have.arraysize != want.arraysize else text


# ----------------------------------------------------------------------------------------------- arithmetic


def _arithmetic(node: Arithmetic, spell: Speller) -> str:
    """A chain stays a chain; only the remainder of fractions, for which there is no operator, bends it."""
    first = node.operands[0]
    text, running = _operand(first, spell), first.field.type
    for operator, operand in zip(node.operators, node.operands[1:], strict=True):
        right = _operand(operand, spell)
        if operator is Operator.MODULO and not (running.is_integer and operand.field.type.is_integer):
            dividend, divisor = _decimal(f"({text})", running), _decimal(right, operand.field.type)
            text = f"mod({dividend}, {divisor})::float8"
            running = DOUBLE
        else:
            text = f"{text} {operator.value} {right}"
            running = running if operand.field.type.is_integer else DOUBLE
    return f"({text})"


def _operand(node: Value, spell: Speller) -> str:
    """smallint would overflow at 32767 where nobody expects it."""
    text = spell.value(node)
    return f"{text}::integer" if node.field.type.postgresql == SHORT.postgresql else text


# ------------------------------------------------------------------------------------------------ functions


def _call(node: Call, spell: Speller) -> str:
    function, arguments = node.function, node.arguments
    known = _OF_DOUBLES.get(function)
    if known is not None:
        return f"{known}({', '.join(as_type(a, DOUBLE, spell) for a in arguments)})"
    match function:
        case Function.PI:
            return "pi()"
        case Function.RAND:
            return f"adql.rand({spell.value(arguments[0])})" if arguments else "random()"
        case Function.ABS:
            return f"abs({spell.value(arguments[0])})"
        case Function.MOD:
            return _mod(node, spell)
        case Function.ROUND | Function.TRUNCATE | Function.CEILING | Function.FLOOR:
            return _rounded(node, spell)
        case Function.LOWER | Function.UPPER | Function.COALESCE:
            name = function.value.lower()
            return f"{name}({', '.join(spell.value(a) for a in arguments)})"
        case _:
            raise AssertionError(f"no SQL for {function}")


def _mod(node: Call, spell: Speller) -> str:
    if node.field.type.is_integer:
        first, second = (as_type(argument, node.field.type, spell) for argument in node.arguments)
        return f"mod({first}, {second})"
    # mod() exists for exact numbers only.
    first, second = (_decimal(spell.value(argument), argument.field.type) for argument in node.arguments)
    return f"mod({first}, {second})::float8"


def _decimal(text: str, kind: Type) -> str:
    return f"{text}::numeric" if kind.is_integer else f"adql.decimal({text})"


_ROUNDING = {Function.ROUND: "round", Function.TRUNCATE: "trunc"}


def _rounded(node: Call, spell: Speller) -> str:
    text, kind = spell.value(node.arguments[0]), node.field.type
    whole = node.arguments[0].field.type.is_integer
    if len(node.arguments) == 2:
        digits = spell.value(node.arguments[1])
        number = _decimal(text, node.arguments[0].field.type)
        return f"{_ROUNDING[node.function]}({number}, {digits})::{kind.postgresql}"
    if whole:
        return text
    match node.function:
        case Function.ROUND:
            return f"adql.round({text})"
        case Function.TRUNCATE:
            return f"trunc({text}::float8)"
        case Function.CEILING:
            return f"ceil({text}::float8)"
        case _:
            return f"floor({text}::float8)"


def _aggregate(node: Aggregate, spell: Speller) -> str:
    if node.argument is None:
        return "count(*)"
    text = spell.value(node.argument)
    distinct = "DISTINCT " if node.distinct else ""
    match node.function:
        case AggregateFunction.COUNT:
            return f"count({distinct}{text})"
        case AggregateFunction.SUM:
            # The sum of bigint is numeric, the sum of real loses digits.
            inner = text if node.argument.field.type.is_integer else f"{text}::float8"
            return f"sum({distinct}{inner})::{node.field.type.postgresql}"
        case AggregateFunction.AVG:
            return f"avg({distinct}{text}::float8)"
        case AggregateFunction.MIN | AggregateFunction.MAX:
            return f"{node.function.value.lower()}({distinct}{text})"
        case _:
            assert_never(node.function)


def user_call(template: str, arguments: tuple[Value, ...], spell: Speller) -> str:
    return template.format(
        *(
            sql_geometry.position(argument.geometry, spell)
            if isinstance(argument, GeometryValue)
            else spell.value(argument)
            for argument in arguments
        )
    )
