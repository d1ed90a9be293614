"""What the modules that spell SQL need of each other: three ways down the tree.

Expressions hold subqueries and subqueries hold expressions, so the modules call each other through this
one narrow door; `archive.query.sql` provides it.
"""

from __future__ import annotations

from typing import Protocol

from .tree import Condition, QueryBody, Value

__all__ = ["Speller"]


class Speller(Protocol):
    """Every text given back is complete in itself: no operator of the surroundings can tear it apart."""

    def value(self, value: Value) -> str: ...

    def condition(self, condition: Condition) -> str: ...

    def body(self, body: QueryBody) -> str: ...
