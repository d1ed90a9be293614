"""The part of the query tree that holds queries and tables; `archive.query.tree` offers it with the rest."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..declare.columns import Field
from ..declare.tables import Table
from ..declare.types import REGION
from .tree_expressions import ColumnValue, Condition, GeometryValue, Value
from .tree_geometry import Constant, Kind

__all__ = [
    "CommonScan",
    "Derived",
    "Join",
    "JoinKind",
    "Order",
    "Output",
    "Query",
    "QueryBody",
    "Scan",
    "Select",
    "SetKind",
    "SetOperation",
    "Source",
    "is_searchable",
    "searchable_regions",
]


@dataclass(frozen=True, slots=True)
class Scan:
    """The rows of a table; `only` those that a service or a caller is shown, None for all."""

    source: int
    table: Table
    only: Condition | None = None


@dataclass(frozen=True, slots=True)
class Derived:
    source: int
    body: QueryBody


@dataclass(frozen=True, slots=True)
class CommonScan:
    """A use of the query's common table number `common`, counted from 0."""

    source: int
    common: int


class JoinKind(Enum):
    INNER = "INNER"
    LEFT = "LEFT"
    RIGHT = "RIGHT"
    FULL = "FULL"


@dataclass(frozen=True, slots=True)
class Join:
    """`on` is None for all pairs."""

    left: Source
    right: Source
    kind: JoinKind
    on: Condition | None


Source = Scan | Derived | CommonScan | Join


@dataclass(frozen=True, slots=True)
class Output:
    """A column of a result; `field.name` is what it is called there."""

    value: Value
    field: Field


@dataclass(frozen=True, slots=True)
class Order:
    """`by` is an output's position, from 1, or a value."""

    by: int | Value
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Select:
    outputs: tuple[Output, ...]
    sources: tuple[Source, ...] = ()
    distinct: bool = False
    where: Condition | None = None
    group: tuple[Value, ...] = ()
    having: Condition | None = None
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None

    @property
    def fields(self) -> tuple[Field, ...]:
        return tuple(output.field for output in self.outputs)


class SetKind(Enum):
    UNION = "UNION"
    EXCEPT = "EXCEPT"
    INTERSECT = "INTERSECT"


@dataclass(frozen=True, slots=True)
class SetOperation:
    """Operands joined from left to right; `steps[i]` joins operand i + 1, True standing for ALL.

    The operands have the same types, column by column; `order` is by position. There may be one operand
    and no step: a query that is limited or ordered twice.
    """

    operands: tuple[QueryBody, ...]
    steps: tuple[tuple[SetKind, bool], ...]
    fields: tuple[Field, ...]
    order: tuple[Order, ...] = ()
    limit: int | None = None
    offset: int | None = None


QueryBody = Select | SetOperation


def searchable_regions(body: QueryBody) -> frozenset[int]:
    """Which outputs, from 0, are regions that can still be searched by parts in a query around this one.

    The searchable parts cannot be compared, so they do not survive where equal rows become one.
    """
    match body:
        case Select(distinct=False, group=()):
            return frozenset(i for i, output in enumerate(body.outputs) if is_searchable(output.value))
        case SetOperation() if all(step == (SetKind.UNION, True) for step in body.steps):
            return frozenset.intersection(*map(searchable_regions, body.operands))
        case _:
            return frozenset()


def is_searchable(value: Value) -> bool:
    """True for a region with its parts at hand: a stored one, or one that is written out."""
    match value:
        case ColumnValue():
            return value.field.type == REGION and value.origin is not None
        case GeometryValue(geometry=Constant(kind=Kind.REGION)):
            return True
        case _:
            return False


@dataclass(frozen=True, slots=True)
class Query:
    """`common` are the common tables; each may use those before it."""

    body: QueryBody
    common: tuple[QueryBody, ...] = ()

    @property
    def fields(self) -> tuple[Field, ...]:
        return self.body.fields
