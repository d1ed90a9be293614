"""What the modules that spell SQL need of each other: three ways down the tree.

Expressions hold subqueries and subqueries hold expressions, so the modules call each other through this
one narrow door; `archive.query.sql` provides it.
"""

from __future__ import annotations

from typing import Protocol

from ..errors import QueryError
from .tree import Condition, QueryBody, Value

__all__ = ["Speller", "checked"]

# Characters; several times what the longest query without nested geometry becomes.
_LONGEST = 8_000_000


class Speller(Protocol):
    """Every text given back is complete in itself: no operator of the surroundings can tear it apart."""

    def value(self, value: Value) -> str: ...

    def condition(self, condition: Condition) -> str: ...

    def body(self, body: QueryBody) -> str: ...

    def is_given(self, value: Value) -> bool:
        """Whether it is a column, and not computed in a subquery either."""
        ...


def checked(text: str) -> str:
    """The text of a value; geometry spells its parts several times, which grows with the power of nesting."""
    if len(text) > _LONGEST:
        raise QueryError(
            "the expressions are nested too deeply to be computed",
            hint="compute the inner ones in a subquery",
        )
    return text
