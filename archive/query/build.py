"""Queries made without ADQL: what SIA, SSA, cone search and web forms ask of one table.

    Table scan -> conditions (joined by AND) -> query

The names are the table's own; a name that it does not have is a KeyError, since no user wrote it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime

from ..declare.columns import Field
from ..declare.regions import Region
from ..declare.tables import Table
from ..declare.types import BOOLEAN, DOUBLE, LONG, TEXT, TIMESTAMP
from .tree import (
    And,
    Call,
    Circle,
    ColumnValue,
    Comparator,
    Comparison,
    Concatenation,
    Condition,
    Constant,
    Distance,
    Function,
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
    Overlaps,
    Point,
    Query,
    Scan,
    Select,
    Shape,
    UserCall,
    Value,
    Within,
)
from .user_functions import UserFunction

__all__ = [
    "address",
    "all_of",
    "any_of",
    "between",
    "column",
    "compare",
    "constant",
    "covers_position",
    "covers_region",
    "distance_to",
    "inside",
    "is_known",
    "lies_in_region",
    "matches",
    "meets_circle",
    "meets_region",
    "none_of",
    "one_of",
    "one_of_folded",
    "overlaps",
    "position_in_circle",
    "position_in_region",
    "scan",
]

Constants = bool | int | float | str | datetime

_SOURCE = 1
_IN_PATH = UserFunction("in_path", (("name", TEXT),), TEXT, "A name in an address.", "adql.in_path({0})")
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


def overlaps(table: Table, pair: tuple[str, str], low: float, high: float) -> Condition:
    """The interval between the columns `pair` (lowest, highest) and `low` to `high` have a number in common.

    Ends belong to both; infinite ones are open. A row of which an end is not known does not match.
    """
    first, last = pair
    if pair in table.spans:
        return Overlaps(column(table, first), column(table, last), (low, high))
    ordered = Comparison(column(table, first), Comparator.LESS_OR_EQUAL, column(table, last))
    ends = (between(table, first, None, _finite(high)), between(table, last, _finite(low), None))
    return all_of((ordered, *ends))


def inside(table: Table, name: str, low: float, high: float) -> Condition:
    """Like `between` for numbers, infinite ends being open."""
    return between(table, name, _finite(low), _finite(high))


def _finite(number: float) -> float | None:
    return number if math.isfinite(number) else None


def one_of(table: Table, name: str, values: Iterable[Constants]) -> Condition:
    return InList(column(table, name), tuple(constant(value) for value in values))


def one_of_folded(table: Table, name: str, values: Iterable[str]) -> Condition:
    """Like `one_of`, whatever the letter case; best for columns that are declared `folded`."""
    return InList(_folded(column(table, name)), tuple(_folded(constant(value)) for value in values))


def _folded(value: Value) -> Value:
    return Call(Function.LOWER, (value,), Field("", TEXT))


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


def covers_position(table: Table, name: str, longitude: float, latitude: float) -> Condition:
    """The position lies in the stored region in the column `name`, edge included (ICRS degrees)."""
    return Within(_point(longitude, latitude), Shape(Kind.REGION, column(table, name)))


def covers_region(table: Table, name: str, region: Region) -> Condition:
    """Each part of `region` lies in one part of the stored region in the column `name`."""
    return Within(Constant(Kind.REGION, region), Shape(Kind.REGION, column(table, name)))


def lies_in_region(table: Table, name: str, region: Region) -> Condition:
    """Each part of the stored region in the column `name` lies in one part of `region`."""
    return Within(Shape(Kind.REGION, column(table, name)), Constant(Kind.REGION, region))


def address(base: str, name: ColumnValue) -> Value:
    """`base` followed by the name, as far as needed in percent encoding."""
    text = Field("", TEXT)
    return Concatenation((constant(base), UserCall(_IN_PATH, (name,), text)), text)


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
