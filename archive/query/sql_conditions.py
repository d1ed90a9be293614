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
            return "(" + " OR ".join(map(spell.condition, node.conditions)) + ")"
        case Not():
            return f"(NOT {spell.condition(node.condition)})"
        case InList():
            return f"({spell.value(node.value)} IN ({', '.join(map(spell.value, node.items))}))"
        case InQuery():
            return f"({spell.value(node.value)} IN ({spell.body(node.body)}))"
        case Like():
            operator = "ILIKE" if node.folded else "LIKE"
            # ADQL has no escape character; PostgreSQL's is a backslash unless told otherwise.
            return f"({spell.value(node.value)} {operator} {spell.value(node.pattern)} ESCAPE '')"
        case IsNull():
            return f"({spell.value(node.value)} IS NULL)"
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
