"""The syntax tree of an ADQL 2.1 query: what was written, and where.

Only shapes live here: no names are looked up, no types are known, nothing is rewritten. The parser builds
the tree, the resolver gives it a meaning.

Every node has `at`, the offset of its first character in the query text (parentheses around it not counted);
`tap.adql.tokens.position` turns it into line and column. Values and conditions are two closed unions: the
parser has already refused a condition where a value belongs and the reverse. Chains of AND, OR, +, *, ||,
UNION are flat, so the height of a tree grows with nesting only; the parser bounds it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = [
    "Aggregate",
    "AggregateFunction",
    "AllColumns",
    "And",
    "Arithmetic",
    "ArithmeticOperator",
    "Between",
    "Call",
    "Cast",
    "CastType",
    "ColumnReference",
    "CommonTable",
    "Comparator",
    "Comparison",
    "Concatenation",
    "Condition",
    "DerivedTable",
    "Exists",
    "Expression",
    "Function",
    "Identifier",
    "InList",
    "InQuery",
    "InUnit",
    "IsNull",
    "Join",
    "JoinKind",
    "Like",
    "Not",
    "Null",
    "NumberLiteral",
    "Or",
    "OrderTerm",
    "Ordinal",
    "Query",
    "ScalarSubquery",
    "SelectItem",
    "SelectQuery",
    "SetOperation",
    "SetOperator",
    "SetOperatorKind",
    "Shape",
    "ShapeKind",
    "Signed",
    "Statement",
    "StringLiteral",
    "TableName",
    "TableReference",
    "UserCall",
    "Value",
]


@dataclass(frozen=True, slots=True)
class Identifier:
    """A name in the letter case it was written in, without its double quotes and with doubled ones undone."""

    at: int
    text: str
    quoted: bool


# ---------------------------------------------------------------------------------------------------- values


@dataclass(frozen=True, slots=True)
class NumberLiteral:
    """An unsigned number, `text` exactly as written: 1, 1., .5, 1e3."""

    at: int
    text: str

    @property
    def integer(self) -> bool:
        return self.text.isdigit()


@dataclass(frozen=True, slots=True)
class StringLiteral:
    """`text` is what the user means: without the quotes and with '' undone."""

    at: int
    text: str


@dataclass(frozen=True, slots=True)
class Null:
    at: int


@dataclass(frozen=True, slots=True)
class ColumnReference:
    """`qualifier` is empty, an alias, or the one to three parts of a table's name."""

    at: int
    qualifier: tuple[Identifier, ...]
    name: Identifier


@dataclass(frozen=True, slots=True)
class Signed:
    at: int
    negative: bool
    operand: Value


class ArithmeticOperator(Enum):
    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"
    MODULO = "%"


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Two or more operands joined by operators of one precedence, to be applied from left to right.

    `operators[i]` stands between `operands[i]` and `operands[i + 1]`.
    """

    at: int
    operands: tuple[Value, ...]
    operators: tuple[ArithmeticOperator, ...]


@dataclass(frozen=True, slots=True)
class Concatenation:
    """Two or more operands of ||."""

    at: int
    operands: tuple[Value, ...]


class Function(Enum):
    """The language's own functions, but for aggregates, shapes, CAST and IN_UNIT."""

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
    AREA = "AREA"
    CENTROID = "CENTROID"
    CONTAINS = "CONTAINS"
    COORD1 = "COORD1"
    COORD2 = "COORD2"
    COORDSYS = "COORDSYS"
    DISTANCE = "DISTANCE"
    INTERSECTS = "INTERSECTS"
    REGION = "REGION"


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the language; the number of arguments is right (DISTANCE has 2 or 4).

    ROUND's and TRUNCATE's second argument and RAND's only one are integer literals (perhaps Signed), REGION's
    is a StringLiteral, as the grammar asks.
    """

    at: int
    function: Function
    arguments: tuple[Value, ...]


class ShapeKind(Enum):
    POINT = "POINT"
    CIRCLE = "CIRCLE"
    POLYGON = "POLYGON"
    BOX = "BOX"


@dataclass(frozen=True, slots=True)
class Shape:
    """A geometry constructor; `frame` is the deprecated coordinate system argument, taken off `arguments`.

    The arguments are then: POINT 2 numbers; CIRCLE 2 (point, radius) or 3; BOX 3 (point, width, height) or 4;
    POLYGON three or more points, or an even number, six or more, of coordinates: types tell which.
    """

    at: int
    kind: ShapeKind
    frame: StringLiteral | None
    arguments: tuple[Value, ...]


class AggregateFunction(Enum):
    COUNT = "COUNT"
    SUM = "SUM"
    AVG = "AVG"
    MIN = "MIN"
    MAX = "MAX"


@dataclass(frozen=True, slots=True)
class Aggregate:
    """`argument` is None for COUNT(*) only."""

    at: int
    function: AggregateFunction
    argument: Value | None
    distinct: bool


@dataclass(frozen=True, slots=True)
class UserCall:
    """A call of something the language itself does not define: a user-defined function, or nothing at all."""

    at: int
    name: Identifier
    arguments: tuple[Value, ...]


class CastType(Enum):
    SMALLINT = "SMALLINT"
    INTEGER = "INTEGER"
    BIGINT = "BIGINT"
    REAL = "REAL"
    DOUBLE = "DOUBLE PRECISION"
    CHAR = "CHAR"
    VARCHAR = "VARCHAR"
    TIMESTAMP = "TIMESTAMP"
    POINT = "POINT"
    CIRCLE = "CIRCLE"
    POLYGON = "POLYGON"


@dataclass(frozen=True, slots=True)
class Cast:
    """`length` is the one of CHAR(n) and VARCHAR(n), in characters, at least 1."""

    at: int
    value: Value
    type: CastType
    length: int | None


@dataclass(frozen=True, slots=True)
class InUnit:
    at: int
    value: Value
    unit: StringLiteral


@dataclass(frozen=True, slots=True)
class ScalarSubquery:
    at: int
    query: Query


Value = (
    NumberLiteral
    | StringLiteral
    | Null
    | ColumnReference
    | Signed
    | Arithmetic
    | Concatenation
    | Call
    | Shape
    | Aggregate
    | UserCall
    | Cast
    | InUnit
    | ScalarSubquery
)


# ------------------------------------------------------------------------------------------------ conditions


class Comparator(Enum):
    EQUAL = "="
    NOT_EQUAL = "<>"
    LESS = "<"
    GREATER = ">"
    LESS_OR_EQUAL = "<="
    GREATER_OR_EQUAL = ">="


@dataclass(frozen=True, slots=True)
class Comparison:
    at: int
    left: Value
    comparator: Comparator
    right: Value


@dataclass(frozen=True, slots=True)
class Between:
    at: int
    value: Value
    low: Value
    high: Value
    negated: bool


@dataclass(frozen=True, slots=True)
class InList:
    """`items` has one element or more."""

    at: int
    value: Value
    items: tuple[Value, ...]
    negated: bool


@dataclass(frozen=True, slots=True)
class InQuery:
    at: int
    value: Value
    query: Query
    negated: bool


@dataclass(frozen=True, slots=True)
class Like:
    """LIKE, or with `folded` ILIKE; ADQL knows no escape character, so a backslash is a backslash."""

    at: int
    value: Value
    pattern: Value
    folded: bool
    negated: bool


@dataclass(frozen=True, slots=True)
class IsNull:
    at: int
    value: Value
    negated: bool


@dataclass(frozen=True, slots=True)
class Exists:
    at: int
    query: Query


@dataclass(frozen=True, slots=True)
class Not:
    at: int
    condition: Condition


@dataclass(frozen=True, slots=True)
class And:
    """Two or more conditions."""

    at: int
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Two or more conditions."""

    at: int
    conditions: tuple[Condition, ...]


Condition = Comparison | Between | InList | InQuery | Like | IsNull | Exists | Not | And | Or
Expression = Value | Condition


# ---------------------------------------------------------------------------------------------------- tables


@dataclass(frozen=True, slots=True)
class TableName:
    """`parts` are one to three: table; schema, table; catalogue, schema, table."""

    at: int
    parts: tuple[Identifier, ...]
    alias: Identifier | None


@dataclass(frozen=True, slots=True)
class DerivedTable:
    at: int
    query: Query
    alias: Identifier


class JoinKind(Enum):
    INNER = "INNER"
    LEFT = "LEFT"
    RIGHT = "RIGHT"
    FULL = "FULL"


@dataclass(frozen=True, slots=True)
class Join:
    """Exactly one of `natural`, `on` and a filled `using` is given; `at` is the left table's."""

    at: int
    left: TableReference
    right: TableReference
    kind: JoinKind
    natural: bool
    on: Condition | None
    using: tuple[Identifier, ...]


TableReference = TableName | DerivedTable | Join


# --------------------------------------------------------------------------------------------------- queries


@dataclass(frozen=True, slots=True)
class SelectItem:
    at: int
    value: Value
    alias: Identifier | None


@dataclass(frozen=True, slots=True)
class AllColumns:
    """`*` when `qualifier` is empty, else `qualifier.*`."""

    at: int
    qualifier: tuple[Identifier, ...]


@dataclass(frozen=True, slots=True)
class Ordinal:
    """ORDER BY 2: a column of the result by its number, from 1; 0 and numbers too big are not yet refused."""

    at: int
    number: int


@dataclass(frozen=True, slots=True)
class OrderTerm:
    at: int
    value: Value | Ordinal
    descending: bool


@dataclass(frozen=True, slots=True)
class SelectQuery:
    """One SELECT; `order` and `offset` are its own, not those of a set operation it may be an operand of."""

    at: int
    distinct: bool
    top: int | None
    items: tuple[SelectItem | AllColumns, ...]
    tables: tuple[TableReference, ...]
    where: Condition | None
    group: tuple[Value, ...]
    having: Condition | None
    order: tuple[OrderTerm, ...]
    offset: int | None


class SetOperatorKind(Enum):
    UNION = "UNION"
    EXCEPT = "EXCEPT"
    INTERSECT = "INTERSECT"


@dataclass(frozen=True, slots=True)
class SetOperator:
    at: int
    kind: SetOperatorKind
    all: bool


@dataclass(frozen=True, slots=True)
class SetOperation:
    """Operands joined by set operators, to be applied from left to right; then `order` and `offset`.

    `operators[i]` stands between `operands[i]` and `operands[i + 1]`: either UNION and EXCEPT, or INTERSECT
    alone, which binds tighter. There is one single operand, and no operator, where a parenthesised query that
    is already limited or ordered is ordered again: (SELECT TOP 5 a FROM t ORDER BY b) ORDER BY a.
    """

    at: int
    operands: tuple[Query, ...]
    operators: tuple[SetOperator, ...]
    order: tuple[OrderTerm, ...]
    offset: int | None


Query = SelectQuery | SetOperation


@dataclass(frozen=True, slots=True)
class CommonTable:
    """name AS (query) of a WITH clause."""

    at: int
    name: Identifier
    query: Query


@dataclass(frozen=True, slots=True)
class Statement:
    """A whole query text; a common table may use those before it."""

    at: int
    common: tuple[CommonTable, ...]
    query: Query
