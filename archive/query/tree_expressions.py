"""The part of the query tree that holds values and conditions; `archive.query.tree` offers it all."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as attribute
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from ..declare.columns import Field
from ..declare.tables import Table
from .tree_geometry import Geometry

if TYPE_CHECKING:
    from .tree_queries import QueryBody
    from .user_functions import UserFunction

__all__ = [
    "Aggregate",
    "AggregateFunction",
    "And",
    "Area",
    "Arithmetic",
    "Call",
    "Cast",
    "ColumnValue",
    "Comparator",
    "Comparison",
    "Concatenation",
    "Condition",
    "Coordinate",
    "CoordinateSystem",
    "Distance",
    "Exists",
    "Function",
    "GeometryValue",
    "InList",
    "InQuery",
    "Indicator",
    "IsNull",
    "Like",
    "Literal",
    "Meets",
    "Near",
    "Negation",
    "Not",
    "Operator",
    "Or",
    "Origin",
    "Overlap",
    "Overlaps",
    "Sequence",
    "Subquery",
    "UserCall",
    "UserCondition",
    "Value",
    "Within",
]


# --------------------------------------------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; `value` is None for NULL, which has a type all the same."""

    value: bool | int | float | str | datetime | None
    field: Field


@dataclass(frozen=True, slots=True)
class Origin:
    """The stored column a value came from unchanged, through however many subqueries.

    `table` is None for a region that a subquery wrote out, which has its parts beside it like a stored one.
    """

    table: Table | None
    column: str


@dataclass(frozen=True, slots=True)
class ColumnValue:
    """`origin` is None for computed columns, and for regions that are known by their text only."""

    source: int
    name: str
    field: Field = attribute(compare=False)
    origin: Origin | None = attribute(compare=False)


class Operator(Enum):
    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    MODULO = "%"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Numbers joined from left to right; `operators[i]` stands before operand i + 1.

    Division of integers gives an integer, cut towards zero.
    """

    operands: tuple[Value, ...]
    operators: tuple[Operator, ...]
    field: Field


@dataclass(frozen=True, slots=True)
class Negation:
    operand: Value
    field: Field


@dataclass(frozen=True, slots=True)
class Concatenation:
    operands: tuple[Value, ...]
    field: Field


class Function(Enum):
    """Functions of values; logarithms: LOG is the natural one. ROUND's and TRUNCATE's digits are optional."""

    ABS = "ABS"
    CEILING = "CEILING"
    DEGREES = "DEGREES"
    EXP = "EXP"
    FLOOR = "FLOOR"
    LOG = "LOG"
    LOG10 = "LOG10"
    MOD = "MOD"
    PI = "PI"
    POWER = "POWER"
    RADIANS = "RADIANS"
    RAND = "RAND"
    ROUND = "ROUND"
    SQRT = "SQRT"
    TRUNCATE = "TRUNCATE"
    ACOS = "ACOS"
    ASIN = "ASIN"
    ATAN = "ATAN"
    ATAN2 = "ATAN2"
    COS = "COS"
    COT = "COT"
    SIN = "SIN"
    TAN = "TAN"
    LOWER = "LOWER"
    UPPER = "UPPER"
    COALESCE = "COALESCE"


@dataclass(frozen=True, slots=True)
class Call:
    function: Function
    arguments: tuple[Value, ...]
    field: Field


class AggregateFunction(Enum):
    COUNT = "COUNT"
    SUM = "SUM"
    AVG = "AVG"
    MIN = "MIN"
    MAX = "MAX"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`argument` is None for the number of rows."""

    function: AggregateFunction
    argument: Value | None
    distinct: bool
    field: Field


@dataclass(frozen=True, slots=True)
class Cast:
    """The value as `field.type`; text longer than that type allows is cut."""

    value: Value
    field: Field


@dataclass(frozen=True, slots=True)
class Subquery:
    """The one value of a query of one column and at most one row."""

    body: QueryBody
    field: Field


@dataclass(frozen=True, slots=True)
class Indicator:
    """1 where the condition holds, 0 where not, NULL where that is unknown."""

    condition: Condition
    field: Field


@dataclass(frozen=True, slots=True)
class Distance:
    """In degrees, along the great circle; from a shape with an area, to its nearest point."""

    left: Geometry
    right: Geometry
    field: Field


@dataclass(frozen=True, slots=True)
class Area:
    """In square degrees; of a region, the sum of its parts'."""

    geometry: Geometry
    field: Field


@dataclass(frozen=True, slots=True)
class Overlap:
    """The area in common, in square degrees; of regions, the sum over all pairs of their parts."""

    left: Geometry
    right: Geometry
    field: Field


@dataclass(frozen=True, slots=True)
class Coordinate:
    """Longitude (axis 1) or latitude (axis 2) of a point, in degrees."""

    point: Geometry
    axis: int
    field: Field


@dataclass(frozen=True, slots=True)
class CoordinateSystem:
    """The name of the frame of a geometry: ICRS, unless it was rotated just there."""

    geometry: Geometry
    field: Field


@dataclass(frozen=True, slots=True)
class GeometryValue:
    """A geometry as it is published: the arrays of DALI 1.2, 3.3, or a region's text."""

    geometry: Geometry
    field: Field


@dataclass(frozen=True, slots=True)
class Sequence:
    """An array of numbers, NULL as soon as one of them is."""

    items: tuple[Value, ...]
    field: Field


@dataclass(frozen=True, slots=True)
class UserCall:
    """A user-defined function, which may be an aggregate; its arguments are of the types it declares."""

    function: UserFunction
    arguments: tuple[Value, ...]
    field: Field


Value = (
    Literal
    | ColumnValue
    | Arithmetic
    | Negation
    | Concatenation
    | Call
    | Aggregate
    | Cast
    | Subquery
    | Indicator
    | Distance
    | Area
    | Overlap
    | Coordinate
    | CoordinateSystem
    | GeometryValue
    | Sequence
    | UserCall
)


# ----------------------------------------------------------------------------------------------- conditions


class Comparator(Enum):
    EQUAL = "="
    NOT_EQUAL = "<>"
    LESS = "<"
    GREATER = ">"
    LESS_OR_EQUAL = "<="
    GREATER_OR_EQUAL = ">="


@dataclass(frozen=True, slots=True)
class Comparison:
    left: Value
    comparator: Comparator
    right: Value


@dataclass(frozen=True, slots=True)
class InList:
    value: Value
    items: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class InQuery:
    value: Value
    body: QueryBody


@dataclass(frozen=True, slots=True)
class Like:
    """% and _ are wildcards, nothing else is; `folded` ignores letter case."""

    value: Value
    pattern: Value
    folded: bool


@dataclass(frozen=True, slots=True)
class IsNull:
    value: Value


@dataclass(frozen=True, slots=True)
class Exists:
    body: QueryBody


@dataclass(frozen=True, slots=True)
class Not:
    condition: Condition


@dataclass(frozen=True, slots=True)
class And:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Within:
    """All of `inner` lies in `outer`, whose edge belongs to it."""

    inner: Geometry
    outer: Geometry


@dataclass(frozen=True, slots=True)
class Meets:
    """The two have a point in common."""

    left: Geometry
    right: Geometry


@dataclass(frozen=True, slots=True)
class Near:
    """The distance of the two is less than `radius` degrees, or (`inclusive`) equal to it."""

    left: Geometry
    right: Geometry
    radius: Value
    inclusive: bool


@dataclass(frozen=True, slots=True)
class Overlaps:
    """The interval between the columns `low` and `high` has a number in common with `wanted`, ends included.

    Infinite ends of `wanted` are open. Unknown where a column is NULL or the two are reversed.
    """

    low: Value
    high: Value
    wanted: tuple[float, float]


@dataclass(frozen=True, slots=True)
class UserCondition:
    """A user-defined function whose answer is 1 or 0, as the condition that this answer is 1."""

    function: UserFunction
    arguments: tuple[Value, ...]


Condition = (
    Comparison
    | InList
    | InQuery
    | Like
    | IsNull
    | Exists
    | Not
    | And
    | Or
    | Within
    | Meets
    | Near
    | Overlaps
    | UserCondition
)
