"""Finding what joins tables without saying how: the sources of a query that no condition links.

Most often a condition was forgotten, and every row of one table meets every row of another. Whether that is
too much is for the database's estimate; here it is only whether it is worth asking.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from .tree import (
    And,
    ColumnValue,
    CommonScan,
    Condition,
    Derived,
    Join,
    Query,
    QueryBody,
    Scan,
    Select,
    SetOperation,
    Source,
)

__all__ = ["unlinked_tables"]


def unlinked_tables(query: Query) -> tuple[str, str] | None:
    """Two tables, or what stands for one, that meet row by row in `query`; None when all are linked."""
    for body in (query.body, *query.common):
        if found := _in_body(body):
            return found
    return None


def _in_body(body: QueryBody) -> tuple[str, str] | None:
    match body:
        case Select():
            return _in_select(body)
        case SetOperation():
            return next((found for part in body.operands if (found := _in_body(part))), None)


def _in_select(select: Select) -> tuple[str, str] | None:
    leaves, conditions = _taken_apart(select.sources)
    if select.where is not None:
        conditions.append(select.where)
    for leaf in leaves:
        if isinstance(leaf, Derived) and (found := _in_body(leaf.body)):
            return found
    if len(leaves) < 2:
        return None
    groups = [{leaf.source} for leaf in leaves]
    for part in (part for condition in conditions for part in _conjuncts(condition)):
        used = set(_sources_in(part))
        linked = [group for group in groups if group & used]
        if len(linked) > 1:
            groups = [group for group in groups if group not in linked] + [set().union(*linked)]
    if len(groups) < 2:
        return None
    names = {leaf.source: _name(leaf) for leaf in leaves}
    return names[min(groups[0])], names[min(groups[1])]


_Leaf = Scan | Derived | CommonScan


def _taken_apart(sources: tuple[Source, ...]) -> tuple[list[_Leaf], list[Condition]]:
    leaves: list[_Leaf] = []
    conditions: list[Condition] = []
    waiting = [*reversed(sources)]
    while waiting:
        source = waiting.pop()
        if isinstance(source, Join):
            waiting += (source.right, source.left)
            conditions += () if source.on is None else (source.on,)
        else:
            leaves.append(source)
    return leaves, conditions


def _conjuncts(condition: Condition) -> Iterator[Condition]:
    waiting = [condition]
    while waiting:
        part = waiting.pop()
        if isinstance(part, And):
            waiting += part.conditions
        else:
            yield part


def _sources_in(node: object) -> Iterator[int]:
    """Of all columns anywhere in it, those of subqueries that look outwards included."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ColumnValue):
            yield part.source
        elif dataclasses.is_dataclass(part):
            waiting += (getattr(part, each.name) for each in dataclasses.fields(part))
        elif isinstance(part, tuple):
            waiting += part


def _name(leaf: _Leaf) -> str:
    match leaf:
        case Scan():
            return leaf.table.name
        case Derived():
            return "a subquery"
        case CommonScan():
            return "a common table"
