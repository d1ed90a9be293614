"""How the positions of a query's own tables are searched: one by one, or through an index or in an order.

A comparison with a constant reads the table once anyway, and one with a published position or region is
answered by that one's index; what is left are two positions of which neither has one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from ..declare.columns import Field
from ..declare.tables import Table
from ..declare.uploads import UploadedTable
from .tree import Circle, ColumnValue, Geometry, Meets, Near, Origin, Point, Query, Within

__all__ = ["positions_to_index", "positions_to_sort"]


def positions_to_index(query: Query) -> dict[str, set[tuple[str, str]]]:
    """Pairs of columns (longitude, latitude) by the name of the uploaded table."""
    wanted: dict[str, set[tuple[str, str]]] = {}
    for a, b in _pairs(query):
        if any(pair in table.positions for table, pair in (a, b)):
            continue
        for table, pair in (a, b):
            if isinstance(table, UploadedTable):
                wanted.setdefault(table.name, set()).add(pair)
    return wanted


def positions_to_sort(query: Query) -> dict[str, tuple[str, str]]:
    """The pair of columns of an uploaded table, by its name, that is looked up in another table's index.

    Rows that are neighbours on the sky then find the same pages of the index, one after the other.
    """
    wanted: dict[str, tuple[str, str]] = {}
    for pairs in _pairs(query):
        for (table, pair), (other, indexed) in (pairs, pairs[::-1]):
            if isinstance(table, UploadedTable) and indexed in other.positions:
                wanted.setdefault(table.name, pair)
    return wanted


_Place = tuple[Table, tuple[str, str]]


def _pairs(query: Query) -> Iterator[tuple[_Place, _Place]]:
    """All stored positions that are compared with another one."""
    for left, right in _comparisons(query):
        a, b = _place(left), _place(right)
        if a is not None and b is not None:
            yield a, b


def _comparisons(node: object) -> Iterator[tuple[Geometry, Geometry]]:
    """All pairs of shapes that conditions compare, however deep in the query."""
    match node:
        case Within():
            yield node.inner, node.outer
        case Meets() | Near():
            yield node.left, node.right
    if isinstance(node, tuple):
        for element in node:
            yield from _comparisons(element)
    elif is_dataclass(node) and not isinstance(node, type | Table | Field | Origin):
        for part in fields(node):
            yield from _comparisons(getattr(node, part.name))


def _place(geometry: Geometry) -> _Place | None:
    """The stored columns of a position, or of a circle's centre."""
    match geometry:
        case Circle():
            return _place(geometry.centre)
        case Point(ColumnValue(origin=Origin() as longitude), ColumnValue(origin=Origin() as latitude)):
            if longitude.table is not None and longitude.table is latitude.table:
                return longitude.table, (longitude.column, latitude.column)
    return None
