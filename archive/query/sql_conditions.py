"""Conditions as PostgreSQL writes them, with SQL's third truth value for what is unknown."""

from __future__ import annotations

from typing import assert_never

from ..declare.columns import Field
from ..declare.types import DOUBLE
from . import sql_geometry
from .speller import Speller
from .sql_values import literal, user_call
from .storage import span_expression
from .tree import (
    And,
    Comparison,
    Condition,
    Exists,
    InList,
    InQuery,
    IsNull,
    Like,
    Literal,
    Meets,
    Near,
    Not,
    Or,
    Overlaps,
    UserCondition,
    Value,
    Within,
)

__all__ = ["condition"]


def condition(node: Condition, spell: Speller) -> str:
    match node:
        case Comparison():
            return f"({spell.value(node.left)} {node.comparator.value} {spell.value(node.right)})"
        case And():
            return "(" + " AND ".join(map(spell.condition, node.conditions)) + ")"
        case Or():
            return _priced(node, "(" + " OR ".join(map(spell.condition, node.conditions)) + ")")
        case Not():
            text = spell.condition(node.condition)
            return f"(NOT {_priced(node.condition, text) if isinstance(node.condition, And) else text})"
        case InList():
            return f"({spell.value(node.value)} IN ({', '.join(map(spell.value, node.items))}))"
        case InQuery():
            return f"({spell.value(node.value)} IN ({spell.body(node.body)}))"
        case Like():
            operator = "ILIKE" if node.folded else "LIKE"
            # ADQL has no escape character; PostgreSQL's is a backslash unless told otherwise.
            return f"({spell.value(node.value)} {operator} {spell.value(node.pattern)} ESCAPE '')"
        case IsNull():
            return _is_null(node.value, spell)
        case Exists():
            return f"(EXISTS ({spell.body(node.body)}))"
        case Within():
            return sql_geometry.within(node.inner, node.outer, spell)
        case Meets():
            return sql_geometry.meets(node.left, node.right, spell)
        case Near():
            return sql_geometry.near(node, spell)
        case Overlaps():
            low, high = (literal(Literal(end, Field("", DOUBLE))) for end in node.wanted)
            extent = span_expression(spell.value(node.low), spell.value(node.high))
            return f"({extent} OPERATOR(pg_catalog.&&) adql.span({low}, {high}, '[]'))"
        case UserCondition():
            return user_call(node.function.sql, node.arguments, spell)
        case _:
            assert_never(node)


# A subquery that has nothing to do with the rows PostgreSQL asks once, when the first row comes that wants to
# know, and takes it for free. And what is free it computes of every row, before it looks whether the row is
# hidden (adql.shown in functions.sql): that such a subquery fails, or takes its time, would tell of a hidden
# row. So nothing that is made of subqueries may be free. What compares is not; of the rest there are two.


def _priced(node: And | Or, text: str) -> str:
    """Beside EXISTS other conditions decide whether it is asked; alone it is before there are rows."""
    return f"({text}::integer = 1)" if any(map(_is_existence, node.conditions)) else text


def _is_existence(node: Condition) -> bool:
    match node:
        case Exists():
            return True
        case And() | Or():
            return any(map(_is_existence, node.conditions))
        case Not():
            return _is_existence(node.condition)
        case _:
            return False


def _is_null(node: Value, spell: Speller) -> str:
    text = spell.value(node)
    return f"({text} IS NULL)" if spell.is_given(node) else f"(num_nulls({text}) = 1)"
