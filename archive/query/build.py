"""Queries made without ADQL: what SIA, SSA, cone search and web forms ask of one table.

    Table scan -> conditions (joined by AND) -> query

The names are the table's own; a name that it does not have is a KeyError, since no user wrote it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ..declare.columns import Field
from ..declare.regions import Region
from ..declare.tables import Table
from ..declare.types import BOOLEAN, DOUBLE, LONG, TEXT, TIMESTAMP
from .tree import (
    And,
    Circle,
    ColumnValue,
    Comparator,
    Comparison,
    Condition,
    Constant,
    Distance,
    InList,
    IsNull,
    Kind,
    Like,
    Literal,
    Meets,
    Not,
    Or,
    Order,
    Origin,
    Output,
    Point,
    Query,
    Scan,
    Select,
    Shape,
    Value,
    Within,
)

__all__ = [
    "all_of",
    "any_of",
    "between",
    "column",
    "compare",
    "constant",
    "distance_to",
    "is_known",
    "matches",
    "meets_circle",
    "meets_region",
    "none_of",
    "one_of",
    "position_in_circle",
    "position_in_region",
    "scan",
]

Constants = bool | int | float | str | datetime

_SOURCE = 1
_DISTANCE = Field("distance", DOUBLE, "deg", "pos.angDistance")


def column(table: Table, name: str) -> ColumnValue:
    """A column of the one table that a query made here is about."""
    return ColumnValue(_SOURCE, name, table.by_name[name].field, Origin(table, name))


def constant(value: Constants) -> Literal:
    match value:
        case bool():
            return Literal(value, Field("", BOOLEAN))
        case int():
            return Literal(value, Field("", LONG))
        case float():
            return Literal(value, Field("", DOUBLE))
        case str():
            return Literal(value, Field("", TEXT))
        case datetime():
            return Literal(value, Field("", TIMESTAMP))


# ----------------------------------------------------------------------------------------------- conditions


def compare(table: Table, name: str, comparator: Comparator, value: Constants) -> Condition:
    return Comparison(column(table, name), comparator, constant(value))


def between(table: Table, name: str, low: Constants | None, high: Constants | None) -> Condition:
    """`low` and `high` belong to the range; None leaves that side open (both: the column is not NULL)."""
    conditions: list[Condition] = []
    if low is not None:
        conditions.append(compare(table, name, Comparator.GREATER_OR_EQUAL, low))
    if high is not None:
        conditions.append(compare(table, name, Comparator.LESS_OR_EQUAL, high))
    return all_of(conditions) if conditions else is_known(table, name)


def one_of(table: Table, name: str, values: Iterable[Constants]) -> Condition:
    return InList(column(table, name), tuple(constant(value) for value in values))


def matches(table: Table, name: str, pattern: str, *, folded: bool = False) -> Condition:
    """LIKE: % and _ are wildcards, without escape; `folded` ignores letter case."""
    return Like(column(table, name), constant(pattern), folded)


def is_known(table: Table, name: str) -> Condition:
    return Not(IsNull(column(table, name)))


def all_of(conditions: Iterable[Condition]) -> Condition:
    """At least one condition; that all of them hold."""
    every = tuple(conditions)
    return every[0] if len(every) == 1 else And(every)


def any_of(conditions: Iterable[Condition]) -> Condition:
    every = tuple(conditions)
    return every[0] if len(every) == 1 else Or(every)


def none_of(condition: Condition) -> Condition:
    return Not(condition)


def _position(table: Table, pair: tuple[str, str]) -> Point:
    return Point(column(table, pair[0]), column(table, pair[1]))


def _point(longitude: float, latitude: float) -> Point:
    return Point(constant(float(longitude)), constant(float(latitude)))


def position_in_circle(
    table: Table, pair: tuple[str, str], longitude: float, latitude: float, radius: float
) -> Condition:
    """The position in the columns `pair` lies in the circle, edge included (ICRS degrees)."""
    circle = Circle(_point(longitude, latitude), constant(float(radius)))
    return Within(_position(table, pair), circle)


def position_in_region(table: Table, pair: tuple[str, str], region: Region) -> Condition:
    """`region` as `declare.regions.repaired` leaves it."""
    return Within(_position(table, pair), Constant(Kind.REGION, region))


def meets_circle(table: Table, name: str, longitude: float, latitude: float, radius: float) -> Condition:
    """The stored region in the column `name` and the circle have a point in common (ICRS degrees)."""
    circle = Circle(_point(longitude, latitude), constant(float(radius)))
    return Meets(Shape(Kind.REGION, column(table, name)), circle)


def meets_region(table: Table, name: str, region: Region) -> Condition:
    """`region` as `declare.regions.repaired` leaves it."""
    return Meets(Shape(Kind.REGION, column(table, name)), Constant(Kind.REGION, region))


def distance_to(table: Table, pair: tuple[str, str], longitude: float, latitude: float) -> Distance:
    """In degrees; as an order, nearest first."""
    return Distance(_position(table, pair), _point(longitude, latitude), _DISTANCE)


# -------------------------------------------------------------------------------------------------- queries


def scan(
    table: Table,
    columns: Iterable[str | Output] | None = None,
    where: Condition | None = None,
    order: Iterable[Value | tuple[Value, bool]] = (),
    limit: int | None = None,
) -> Query:
    """Columns of one table (all of them for None), or computed outputs, where the condition holds.

    `order`: values, or pairs of a value and True for the largest first.
    """
    chosen = table.by_name if columns is None else columns
    outputs = tuple(_output(table, item) if isinstance(item, str) else item for item in chosen)
    orders = (Order(*item) if isinstance(item, tuple) else Order(item) for item in order)
    body = Select(outputs, (Scan(_SOURCE, table),), where=where, order=tuple(orders), limit=limit)
    return Query(body)


def _output(table: Table, name: str) -> Output:
    value = column(table, name)
    return Output(value, value.field)
