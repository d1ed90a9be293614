"""From a query tree to one PostgreSQL statement: the dialect is spelled here and in the `sql_*` modules.

This module holds statements, queries and tables. Tables are called t1, t2, ..., common tables q1, q2, ...
and columns of results c1, c2, ...: names a user thought of never reach the database.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from operator import add
from typing import assert_never

from ..declare.columns import Field
from ..declare.names import quote_identifier
from ..declare.tables import Table
from ..errors import QueryError
from . import sql_conditions, sql_geometry, sql_values, views
from .hiding import shown_to
from .quoting import quote_literal
from .speller import checked
from .storage import quoted_region_columns, region_values
from .tree import (
    And,
    ColumnValue,
    CommonScan,
    Comparator,
    Comparison,
    Condition,
    Constant,
    Derived,
    Distance,
    GeometryValue,
    Join,
    JoinKind,
    Order,
    Output,
    Query,
    QueryBody,
    Scan,
    Select,
    SetOperation,
    Source,
    Subquery,
    UserCall,
    UserCondition,
    Value,
    searchable_regions,
)
from .viewer import PUBLIC, Viewer

__all__ = ["Statement", "compile", "public_rows"]


@dataclass(frozen=True, slots=True)
class Statement:
    """A complete SELECT without parameters, which may stand in COPY (...) TO STDOUT, and what it returns.

    It gives the rows that `viewer` sees. `restricted` are the names of the restricted tables that it reads,
    `hiding` those of what it reads that has hidden rows. `has_subqueries`: some stand for
    values in it.
    """

    sql: str
    fields: tuple[Field, ...]
    restricted: tuple[str, ...] = ()
    hiding: tuple[str, ...] = ()
    viewer: Viewer = PUBLIC
    has_subqueries: bool = False

    @property
    def is_guarded(self) -> bool:
        """Whether there may be rows that its viewer must not see."""
        return bool(self.hiding) and not self.viewer.operator


def compile(query: Query, limit: int | None = None, viewer: Viewer = PUBLIC) -> Statement:
    """The statement that answers `query` for a viewer, with `limit` rows at most.

    The query's own limits hold as well.
    """
    spell = _Speller(viewer)
    common = ", ".join(_common(i, body, spell) for i, body in enumerate(query.common, 1))
    sql = _body(query.body, spell, outermost=True, limit=limit)
    return Statement(
        f"WITH {common} {sql}" if common else sql,
        query.fields,
        tuple(dict.fromkeys(spell.restricted)),
        tuple(dict.fromkeys(spell.hiding)),
        viewer,
        spell.has_subqueries,
    )


def _common(number: int, body: QueryBody, spell: _Speller) -> str:
    text = f"q{number} AS ({_body(body, spell)})"
    spell.common.append(spell.weights)
    return text


class _Speller:
    """For one statement; `restricted`, `hiding` and `has_subqueries`: see there.

    `weights` are those of the outputs that were spelled last: of how many values each is made, when what its
    subqueries compute is written out wherever it is used, as PostgreSQL does. `columns` are the same by
    source, `common` by common table, and `size` is the sum of all values so far.
    """

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.restricted: list[str] = []
        self.hiding: list[str] = []
        self.has_subqueries = False
        self.weights: tuple[int, ...] = ()
        self.columns: dict[int, tuple[int, ...]] = {}
        self.common: list[tuple[int, ...]] = []
        self.size = 0
        self._repeated = 0
        self._length = 0

    def value(self, value: Value) -> str:
        self._note(value)
        self._count(value)
        return self._measured(checked(sql_values.value(value, self)))

    def condition(self, condition: Condition) -> str:
        self._note(condition)
        return self._measured(sql_conditions.condition(condition, self))

    def body(self, body: QueryBody) -> str:
        """A subquery in an expression, whose one column has no parts beside it."""
        return _body(body, self, regions=frozenset())

    def is_given(self, value: Value) -> bool:
        return isinstance(value, ColumnValue) and self._weight(value) == 1

    def _weight(self, value: Value) -> int:
        """Of the value without what it is made of here."""
        if isinstance(value, ColumnValue) and value.source in self.columns:
            return self.columns[value.source][int(value.name[1:]) - 1]
        return 1

    def _count(self, value: Value) -> None:
        weight = self._weight(value)
        self.size += weight
        self._repeated += weight - 1
        if self._repeated > _MOST_REPEATED:
            raise QueryError(
                "the subqueries use what they compute too often to be planned",
                hint="use fewer of the columns that subqueries compute, or each in fewer places",
            )

    def _measured(self, text: str) -> str:
        self._length += len(text)
        if self._length > _LONGEST:
            raise QueryError(
                "the expressions become too long to be computed",
                hint="ask for fewer of those with geometry in geometry",
            )
        return text

    def _note(self, called: Value | Condition) -> None:
        match called:
            case UserCall() | UserCondition() if called.function.hiding:
                # It leaves out by itself what it must not read.
                self.hiding.append(called.function.hiding)
            case Subquery():
                self.has_subqueries = True


# Values that are written more than once: planning takes a kilobyte for each.
_MOST_REPEATED = 300_000
_LONGEST = 64_000_000  # characters of all values and conditions, of those within others again
_BARE_INTEGER = re.compile(r"\(*-?[0-9]+\)*")
_SHORTER = {"double precision": "float8", "double precision[]": "float8[]"}


def _body(
    body: QueryBody,
    spell: _Speller,
    *,
    outermost: bool = False,
    limit: int | None = None,
    regions: frozenset[int] | None = None,
) -> str:
    """`regions`: the columns, from 0, that bring the searchable parts of their region along."""
    if regions is None:
        regions = frozenset() if outermost else searchable_regions(body)
    match body:
        case Select():
            parts = [_select(body, spell, outermost, regions)]
        case SetOperation():
            parts = [_operands(body, spell, outermost, regions)]
        case _:
            assert_never(body)
    weights = spell.weights
    if body.order:
        parts.append("ORDER BY " + ", ".join(_order(order, body, spell) for order in body.order))
    rows = body.limit if limit is None else limit if body.limit is None else min(limit, body.limit)
    if rows is not None:
        parts.append(f"LIMIT {rows}")
    if body.offset:
        parts.append(f"OFFSET {body.offset}")
    spell.weights = weights
    return " ".join(parts)


def _select(select: Select, spell: _Speller, outermost: bool, regions: frozenset[int]) -> str:
    # First of all: from them it is known what the columns weigh.
    sources = ", ".join(_source(source, spell) for source in select.sources)
    columns, weights = [], []
    for i, output in enumerate(select.outputs, 1):
        before = spell.size
        columns.append(_output(output, i, spell, outermost))
        weights.append(spell.size - before)
    for i in sorted(regions):
        columns += _parts(select.outputs[i].value, i + 1)
    parts = ["SELECT DISTINCT" if select.distinct else "SELECT", ", ".join(columns)]
    if sources:
        parts.append(f"FROM {sources}")
    if select.where is not None:
        parts.append(f"WHERE {_bare(spell.condition(select.where))}")
    if select.group:
        parts.append("GROUP BY " + ", ".join(_term(value, spell) for value in select.group))
    if select.having is not None:
        parts.append(f"HAVING {_bare(spell.condition(select.having))}")
    spell.weights = tuple(weights)
    return " ".join(parts)


def _bare(text: str) -> str:
    """A condition without its outermost parentheses, when they are a pair."""
    if not text.startswith("("):
        return text
    depth = 0
    for i, character in enumerate(text):
        if character in "'\"":
            return text  # quoted text may hold parentheses of its own; better leave it
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return text[1:-1] if i == len(text) - 1 else text
    return text


def _output(output: Output, number: int, spell: _Speller, outermost: bool) -> str:
    text = spell.value(output.value)
    if outermost and not isinstance(output.value, ColumnValue):
        wanted = output.field.type.postgresql
        if not text.endswith((f"::{wanted}", f"::{_SHORTER.get(wanted)}")):
            text += f"::{wanted}"
    return f"{text} AS c{number}"


def _parts(value: Value, number: int) -> list[str]:
    """The hidden columns of a region, under names that go with its column's."""
    names = quoted_region_columns(f"c{number}")
    match value:
        case ColumnValue():
            parts = [f"t{value.source}.{stored}" for stored in quoted_region_columns(value.name)]
        case GeometryValue(geometry=Constant(region=region)):
            constants = region_values(region)
            texts = (constants.bounds, constants.points, constants.circles, constants.polygons)
            kinds = ("scircle", "spoint[]", "scircle[]", "spoly[]")
            parts = [
                f"{'NULL' if text is None else quote_literal(text)}::{kind}"
                for text, kind in zip(texts, kinds, strict=True)
            ]
        case _:
            raise AssertionError(f"no parts of {value}")
    return [f"{part} AS {name}" for part, name in zip(parts, names, strict=True)]


def _operands(operation: SetOperation, spell: _Speller, outermost: bool, regions: frozenset[int]) -> str:
    text = f"({_body(operation.operands[0], spell, outermost=outermost, regions=regions)})"
    weights = spell.weights
    for (kind, every), operand in zip(operation.steps, operation.operands[1:], strict=True):
        word = f"{kind.value} ALL" if every else kind.value
        text += f" {word} ({_body(operand, spell, outermost=outermost, regions=regions)})"
        weights = tuple(map(add, weights, spell.weights))
    spell.weights = weights
    return text


def _order(order: Order, body: QueryBody, spell: _Speller) -> str:
    direction = " DESC" if order.descending else ""
    if isinstance(order.by, int):
        return f"{order.by}{direction}"
    if isinstance(order.by, Distance) and isinstance(body, Select) and not body.group:
        # Radians sort like degrees, and an index for nearest neighbours knows them only.
        return sql_geometry.ordering(order.by, spell) + direction
    return _term(order.by, spell) + direction


def _term(value: Value, spell: _Speller) -> str:
    """In GROUP BY and ORDER BY a bare constant would be taken for a column's number."""
    text = spell.value(value)
    return f"{text}::integer" if _BARE_INTEGER.fullmatch(text) else text


def _source(source: Source, spell: _Speller) -> str:
    match source:
        case Scan():
            return _scan(source, spell)
        case Derived():
            text = f"({_body(source.body, spell)}) AS t{source.source}"
            spell.columns[source.source] = spell.weights
            return text
        case CommonScan():
            spell.columns[source.source] = spell.common[source.common]
            return f"q{source.common + 1} AS t{source.source}"
        case Join():
            left, right = _source(source.left, spell), _source(source.right, spell)
            on = "true" if source.on is None else _bare(spell.condition(source.on))
            if source.kind is JoinKind.FULL and source.on is not None:
                on += _sortable(source, source.on)
            return f"({left} {source.kind.value} JOIN {right} ON {on})"
        case _:
            assert_never(source)


def _sortable(join: Join, on: Condition) -> str:
    """What lets PostgreSQL make a FULL JOIN by any condition.

    It wants one equality between the sides that it can sort or hash by; here one is that always holds,
    unknown to the planner.
    """
    terms = on.conditions if isinstance(on, And) else (on,)
    left, right = _sources(join.left), _sources(join.right)
    for term in terms:
        match term:
            case Comparison(ColumnValue() as a, Comparator.EQUAL, ColumnValue() as b):
                if (a.source in left and b.source in right) or (a.source in right and b.source in left):
                    return ""
    first, second = (f"num_nulls({_any_column(side)}) >= 0" for side in (join.left, join.right))
    return f" AND ({first}) = ({second})"


def _scan(scan: Scan, spell: _Speller) -> str:
    """The one place where rows that the viewer does not see are left out, whatever is made of the others."""
    table, name = scan.table, f"t{scan.source}"
    if table.restricted:
        spell.restricted.append(table.name)
    conditions = [] if scan.only is None else [spell.condition(scan.only)]
    if table.name in views.QUERIES:
        stored = f"({views.view_query(table.name, partial(_base, spell=spell))})"
    else:
        stored = _table(table)
        conditions += _shown(table.name, name, spell) if table.hides else []
    if not conditions:
        return f"{stored} AS {name}"
    # All columns under their own names, the hidden ones of regions too, so that every index can be used.
    return f"(SELECT * FROM {stored} AS {name} WHERE {' AND '.join(conditions)}) AS {name}"


def public_rows(table: Table) -> str:
    """What stands behind FROM for the rows of a table that everybody sees."""
    return _scan(Scan(1, table), _Speller(PUBLIC))


def _base(table: str, spell: _Speller) -> str:
    """A table with hidden rows that a view reads."""
    conditions = _shown(table, "base", spell)
    return f"(SELECT * FROM {table} AS base WHERE {' AND '.join(conditions)})" if conditions else table


def _shown(table: str, name: str, spell: _Speller) -> list[str]:
    spell.hiding.append(table)
    condition = shown_to(spell.viewer, name)
    return [condition] if condition else []


def _sources(source: Source) -> set[int]:
    return _sources(source.left) | _sources(source.right) if isinstance(source, Join) else {source.source}


def _any_column(source: Source) -> str:
    match source:
        case Join():
            return _any_column(source.left)
        case Scan():
            return f"t{source.source}.{quote_identifier(source.table.columns[0].physical_name)}"
        case Derived() | CommonScan():
            return f't{source.source}."c1"'
        case _:
            assert_never(source)


def _table(table: Table) -> str:
    return f"{quote_identifier(table.physical_schema)}.{quote_identifier(table.physical_name)}"
