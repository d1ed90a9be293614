"""ADQL's syntax tree given a meaning: names looked up in the catalogue, types and units worked out.

This module holds statements, queries and FROM; what values and conditions mean is in the other `resolve_*`
modules. Whatever comes out is accepted by the database: what it would refuse is refused here, with its
place in the text.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace
from typing import NoReturn

from archive.declare.catalogue import Catalogue
from archive.declare.columns import Field
from archive.declare.types import TEXT, Type
from archive.errors import UnknownTable
from archive.query.tree import (
    And,
    Call,
    ColumnValue,
    CommonScan,
    Comparator,
    Condition,
    Derived,
    Function,
    Join,
    JoinKind,
    Literal,
    Order,
    Origin,
    Output,
    Query,
    QueryBody,
    Scan,
    Select,
    SetKind,
    SetOperation,
    Value,
    searchable_regions,
)

from ..profiles import STANDARD, Profile
from . import syntax
from .parser import parse
from .resolve_conditions import Conditions
from .resolve_names import name_of, names_given, new_name, with_unique_names
from .resolve_regions import in_frame
from .resolve_scope import Columns, Found, Merged, Part, RangeVariable, Scope, columns_of, names_match
from .resolve_types import common_type, convert, kind_name, renamed, retyped
from .syntax import Identifier

__all__ = ["resolve", "translate"]

# PostgreSQL has room for 1664 in a result, of which a region takes five where it can be searched further.
_MOST_COLUMNS = 1600
_WRITTEN_OUT = Origin(None, "")


def resolve(
    statement: syntax.Statement, text: str, catalogue: Catalogue, profile: Profile = STANDARD
) -> Query:
    """The meaning of a parsed statement; `text` is what it was parsed from, for places in errors.

    `catalogue` is what the profile shows. Raises QueryError, UnknownTable, UnknownColumn or UnknownFunction
    with line and column.
    """
    return _Resolver(text, catalogue, profile).statement(statement)


def translate(text: str, catalogue: Catalogue, profile: Profile = STANDARD) -> Query:
    return resolve(parse(text), text, catalogue, profile)


class _Resolver(Conditions):
    def __init__(self, text: str, catalogue: Catalogue, profile: Profile) -> None:
        super().__init__(text, catalogue, profile)
        # With their numbers, by their names in lower case, which delimited ones may share.
        self.common: dict[str, list[tuple[Identifier, int, Columns]]] = {}

    def statement(self, node: syntax.Statement) -> Query:
        bodies = []
        for number, table in enumerate(node.common):
            alike = self.common.get(table.name.text.lower(), [])
            if any(names_match(name, table.name) or names_match(table.name, name) for name, *_ in alike):
                self.fail(table.at, f"two common tables are called {table.name.text}")
            body = self.query(table.query, None)
            bodies.append(body)
            common = (table.name, number, _columns(body))
            self.common.setdefault(table.name.text.lower(), []).append(common)
        body = with_unique_names(self.query(node.query, None))
        if self.profile.region_frame:
            body = in_frame(body, self.profile.region_frame)
        return Query(body, tuple(bodies))

    def query(self, node: syntax.Query, parent: Scope | None) -> QueryBody:
        if isinstance(node, syntax.SelectQuery):
            return self._select(node, parent)
        return self._set_operation(node, parent)

    # ------------------------------------------------------------------------------------------------- FROM

    def _from(self, nodes: tuple[syntax.TableReference, ...], parent: Scope | None) -> list[Part]:
        parts = [self._part(node, parent) for node in nodes]
        seen: dict[str, list[RangeVariable]] = {}
        for part, node in zip(parts, nodes, strict=True):
            for variable in part.variables:
                alike = seen.setdefault(variable.names[-1].text.lower(), [])
                if any(_same_name(variable, other) for other in alike):
                    self.fail(
                        node.at, f"two tables are called {variable.names[-1].text}", "give them aliases"
                    )
                alike.append(variable)
        return parts

    def _part(self, node: syntax.TableReference, parent: Scope | None) -> Part:
        match node:
            case syntax.TableName():
                return self._table(node)
            case syntax.DerivedTable():
                body = self.query(node.query, parent)
                source = self.next_source()
                variable = RangeVariable(source, (node.alias,), _columns(body))
                return Part(Derived(source, body), [variable])
            case syntax.Join():
                return self._join(node, parent)

    def _table(self, node: syntax.TableName) -> Part:
        source = self.next_source()
        if len(node.parts) == 1:
            for name, number, columns in self.common.get(node.parts[0].text.lower(), []):
                if names_match(name, node.parts[0]):
                    variable = RangeVariable(source, (node.alias or name,), columns)
                    return Part(CommonScan(source, number), [variable])
        table = self.catalogue.find(".".join(part.text for part in node.parts))
        if table is None or len(node.parts) != 2:
            self._unknown_table(node)
        exact = (table.schema_name, table.base_name)
        if any(part.quoted and part.text != name for part, name in zip(node.parts, exact, strict=True)):
            self._unknown_table(node)
        names = (node.alias,) if node.alias else node.parts
        scan = Scan(source, table, self.profile.only(self.catalogue, table, source))
        return Part(scan, [RangeVariable(source, names, columns_of(table))])

    def _unknown_table(self, node: syntax.TableName) -> NoReturn:
        name = ".".join(part.text for part in node.parts)
        line, column = self.place(node.at)
        near = difflib.get_close_matches(name.lower(), self.common, n=1)
        hint = f"did you mean {near[0]}?" if near else self.catalogue.suggest(name)
        raise UnknownTable(f"unknown table {name}", line=line, column=column, hint=hint)

    def _join(self, node: syntax.Join, parent: Scope | None) -> Part:
        left, right = self._from((node.left, node.right), parent)
        kind = JoinKind[node.kind.name]
        merged: list[Merged] = []
        on: Condition | None = None
        if node.on is not None:
            scope = Scope([left, right], parent)
            scope.no_aggregates = "ON"
            on = self.condition(node.on, scope)
        else:
            names = self._common_names(left, right, node) if node.natural else list(node.using)
            pairs = [self._pair(name, left, right) for name in names]
            merged = [self._merged(name, pair, kind) for name, pair in zip(names, pairs, strict=True)]
            equal = [self._equal(name, pair) for name, pair in zip(names, pairs, strict=True)]
            on = equal[0] if len(equal) == 1 else And(tuple(equal)) if equal else None
        part = Part(Join(left.source, right.source, kind, on), left.variables + right.variables)
        part.hidden = left.hidden | right.hidden
        part.merged = merged + left.merged + right.merged
        if merged:
            self._hide(part, pairs)
        return part

    def _common_names(self, left: Part, right: Part, node: syntax.Join) -> list[Identifier]:
        """NATURAL: the names that both sides show, in the order of the left one."""
        there = {name.lower() for name, _ in right.visible()}
        names = dict.fromkeys(name for name, _ in left.visible() if name.lower() in there)
        return [Identifier(node.at, name, False) for name in names]

    def _pair(self, name: Identifier, left: Part, right: Part) -> tuple[Found, Found]:
        found = []
        for side, part in (("left", left), ("right", right)):
            matches = part.find(name)
            if len(matches) != 1:
                what = "several columns" if matches else "no column"
                self.fail(name.at, f"the {side} side of the join has {what} called {name.text}")
            found.append(matches[0])
        return found[0], found[1]

    def _equal(self, name: Identifier, pair: tuple[Found, Found]) -> Condition:
        return self.compared(pair[0].value, Comparator.EQUAL, pair[1].value, name.at, name.at)

    def _merged(self, name: Identifier, pair: tuple[Found, Found], kind: JoinKind) -> Merged:
        left, right = pair[0].value, pair[1].value
        shown = left.field.name or name.text
        place = pair[0].place
        if isinstance(place, Merged):
            shown = place.name
        if kind is JoinKind.RIGHT:
            return Merged(shown, right)
        if kind is not JoinKind.FULL:
            return Merged(shown, left)
        either = self.unified([left, right], [name.at, name.at], "the join")
        return Merged(
            shown, Call(Function.COALESCE, tuple(either), retyped(left.field, either[0].field.type))
        )

    def _hide(self, part: Part, pairs: list[tuple[Found, Found]]) -> None:
        for pair in pairs:
            for found in pair:
                if isinstance(found.place, Merged):
                    part.merged = [merged for merged in part.merged if merged is not found.place]
                else:
                    part.hidden.add((found.place.source, found.index))

    # ----------------------------------------------------------------------------------------------- SELECT

    def _select(self, node: syntax.SelectQuery, parent: Scope | None) -> Select:
        scope = Scope(self._from(node.tables, parent), parent)
        where = None
        if node.where is not None:
            scope.no_aggregates = "WHERE"
            where = self.condition(node.where, scope)
        scope.no_aggregates = "GROUP BY"
        groups = tuple([self._group(term, node, scope) for term in node.group])
        scope.no_aggregates = ""
        scope.pending.clear()
        scope.groups = groups
        outputs = self._outputs(node, scope)
        having = self.condition(node.having, scope) if node.having is not None else None
        order = tuple([self._order(term, node, outputs, scope) for term in node.order])
        if groups or having is not None or scope.aggregated:
            self._check_grouping(scope)
        return Select(
            outputs,
            tuple([part.source for part in scope.parts]),
            node.distinct,
            where,
            groups,
            having,
            order,
            node.top,
            node.offset,
        )

    def _check_grouping(self, scope: Scope) -> None:
        if scope.pending:
            at, value = scope.pending[0]
            name = value.field.name or "this column"
            self.fail(
                at,
                f"{name} is neither grouped nor aggregated",
                "list it in GROUP BY, or take its MIN, MAX, AVG, SUM or COUNT",
            )

    def _group(self, node: syntax.Value, select: syntax.SelectQuery, scope: Scope) -> Value:
        """A grouping term: a value, or the alias of one that is selected."""
        if (
            isinstance(node, syntax.ColumnReference)
            and not node.qualifier
            and not any(part.find(node.name) for part in scope.parts)
        ):
            node = _aliased(select, node.name) or node
        value = self.value(node, scope)
        return convert(value, value.field.type)

    def _outputs(self, node: syntax.SelectQuery, scope: Scope) -> tuple[Output, ...]:
        outputs: list[Output] = []
        taken: dict[str, int] | None = None
        for item in node.items:
            if isinstance(item, syntax.AllColumns):
                outputs += self._all_columns(item, scope)
                continue
            value = self.value(item.value, scope)
            value = convert(value, value.field.type)
            if item.alias is not None:
                name = item.alias.text
            elif isinstance(item.value, syntax.ColumnReference):
                name = value.field.name or item.value.name.text
            else:
                if taken is None:
                    taken = names_given(node, outputs)
                name = new_name(name_of(item.value, self.profile), taken)
            outputs.append(Output(value, renamed(value.field, name)))
        if len(outputs) > _MOST_COLUMNS:
            self.fail(node.at, f"{len(outputs)} columns are selected, more than {_MOST_COLUMNS}")
        return tuple(outputs)

    def _all_columns(self, node: syntax.AllColumns, scope: Scope) -> list[Output]:
        outputs = []
        if not node.qualifier:
            for part in scope.parts:
                for name, value in part.visible():
                    scope.pending.append((node.at, value))
                    outputs.append(Output(value, renamed(value.field, name)))
            return outputs
        variables = scope.variables(node.qualifier)
        if len(variables) != 1:
            name = ".".join(part.text for part in node.qualifier)
            what = "several tables are" if variables else "no table is"
            self.fail(node.at, f"{what} called {name}", scope.suggest_table(node.qualifier))
        for i, column in enumerate(variables[0].columns.fields):
            value = variables[0].value(i)
            scope.pending.append((node.at, value))
            outputs.append(Output(value, column))
        return outputs

    # --------------------------------------------------------------------------------------------- ORDER BY

    def _order(
        self, term: syntax.OrderTerm, node: syntax.SelectQuery, outputs: tuple[Output, ...], scope: Scope
    ) -> Order:
        values = [output.value for output in outputs]
        number = self._order_output(term, tuple([output.field for output in outputs]), values)
        if number is not None:
            return Order(number, term.descending)
        assert not isinstance(term.value, syntax.Ordinal)
        value = self.value(term.value, scope)
        value = convert(value, value.field.type)
        for i, output in enumerate(outputs, 1):
            if output.value == value:
                return Order(i, term.descending)
        if node.distinct:
            self.fail(
                term.at, "SELECT DISTINCT can only be ordered by what it selects", "select this value too"
            )
        return Order(value, term.descending)

    def _order_output(
        self, term: syntax.OrderTerm, fields: tuple[Field, ...], values: Sequence[Value] = ()
    ) -> int | None:
        """The output, from 1, that an order term means by its number or name; None for other values.

        `values` are the outputs' where they are known: a name that two have is clear when they are one value.
        """
        if isinstance(term.value, syntax.Ordinal):
            if not 1 <= term.value.number <= len(fields):
                self.fail(
                    term.at,
                    f"there is no column {term.value.number}",
                    f"the result has {len(fields)} columns",
                )
            return term.value.number
        if not isinstance(term.value, syntax.ColumnReference) or term.value.qualifier:
            return None
        name = term.value.name
        found = [
            i
            for i, field in enumerate(fields, 1)
            if field.name == name.text or (not name.quoted and field.name.lower() == name.text.lower())
        ]
        exact = [i for i in found if fields[i - 1].name == name.text]
        found = exact if len(exact) == 1 else found
        if len(found) > 1 and not (values and all(values[i - 1] == values[found[0] - 1] for i in found)):
            self.fail(term.at, f"{name.text} is ambiguous: several columns of the result have that name")
        return found[0] if found else None

    # --------------------------------------------------------------------------------------- set operations

    def _set_operation(self, node: syntax.SetOperation, parent: Scope | None) -> QueryBody:
        operands = [self.query(operand, parent) for operand in node.operands]
        fields = self._united_fields(node, operands)
        kinds = [field.type for field in fields]
        operands = [_coerced(operand, kinds) for operand in operands]
        steps = tuple([(SetKind[operator.kind.name], operator.all) for operator in node.operators])
        body = SetOperation(tuple(operands), steps, fields)
        numbers = [self._order_output(term, fields) for term in node.order]
        if None not in numbers:
            order = [
                Order(number, term.descending)
                for number, term in zip(numbers, node.order, strict=True)
                if number is not None
            ]
            return replace(body, order=tuple(order), offset=node.offset)
        return self._ordered_around(node, body, parent)

    def _ordered_around(self, node: syntax.SetOperation, body: SetOperation, parent: Scope | None) -> Select:
        """A set operation ordered by expressions of its columns, which SQL allows of a SELECT only."""
        source = self.next_source()
        variable = RangeVariable(source, (Identifier(node.at, "", True),), _columns(body))
        scope = Scope([Part(Derived(source, body), [variable])], parent)
        scope.no_aggregates = "ORDER BY of a set operation"
        outputs = tuple([Output(variable.value(i), field) for i, field in enumerate(body.fields)])
        order = []
        for term in node.order:
            number = self._order_output(term, body.fields)
            if number is None:
                assert not isinstance(term.value, syntax.Ordinal)
                value = self.value(term.value, scope)
                order.append(Order(convert(value, value.field.type), term.descending))
            else:
                order.append(Order(number, term.descending))
        return Select(outputs, (Derived(source, body),), order=tuple(order), offset=node.offset)

    def _united_fields(self, node: syntax.SetOperation, operands: list[QueryBody]) -> tuple[Field, ...]:
        """Names and metadata from the left operand, types that hold the values of all."""
        fields = list(operands[0].fields)
        unknown = _nulls(operands[0])
        for operator, operand in zip(node.operators, operands[1:], strict=True):
            if len(operand.fields) != len(fields):
                self.fail(
                    operator.at,
                    f"{operator.kind.value} joins {len(fields)} columns with {len(operand.fields)}",
                    "select the same number of columns on both sides",
                )
            empty = _nulls(operand)
            for i, field in enumerate(operand.fields):
                if i in unknown and i not in empty:
                    fields[i] = retyped(fields[i], field.type)
                    unknown.discard(i)
                elif i not in empty:
                    fields[i] = retyped(fields[i], self._united_type(operator, i, fields[i], field))
        return tuple(fields)

    def _united_type(self, operator: syntax.SetOperator, i: int, left: Field, right: Field) -> Type:
        kind = common_type(left.type, right.type)
        if kind is None:
            self.fail(
                operator.at,
                f"column {i + 1} is {kind_name(left.type)} on one side of {operator.kind.value} and "
                f"{kind_name(right.type)} on the other",
                "CAST one of them",
            )
        return kind


# -------------------------------------------------------------------------------------------------- helpers


def _aliased(select: syntax.SelectQuery, name: Identifier) -> syntax.Value | None:
    for item in select.items:
        if isinstance(item, syntax.SelectItem) and item.alias is not None and names_match(item.alias, name):
            return item.value
    return None


def _columns(body: QueryBody) -> Columns:
    """The columns of a subquery, whose keys are c1, c2, ... (archive.query.tree)."""
    fields = body.fields
    kept = searchable_regions(body)
    origins = []
    for i, field in enumerate(fields):
        value = body.outputs[i].value if isinstance(body, Select) else _first(body).outputs[i].value
        origin = value.origin if isinstance(value, ColumnValue) else None
        if field.type.is_geometry and field.type.is_text:
            origins.append((origin or _WRITTEN_OUT) if i in kept else None)
        else:
            origins.append(origin if isinstance(body, Select) else None)
    return Columns(fields, tuple([f"c{i}" for i in range(1, len(fields) + 1)]), tuple(origins))


def _first(body: QueryBody) -> Select:
    while isinstance(body, SetOperation):
        body = body.operands[0]
    return body


def _same_name(first: RangeVariable, second: RangeVariable) -> bool:
    a, b = first.names, second.names
    return len(a) == len(b) and all(names_match(x, y) or names_match(y, x) for x, y in zip(a, b, strict=True))


def _nulls(body: QueryBody) -> set[int]:
    """The columns, from 0, that are NULL and nothing else, so that any type fits them."""
    match body:
        case Select():
            values = [output.value for output in body.outputs]
            return {
                i
                for i, value in enumerate(values)
                if isinstance(value, Literal) and value.value is None and value.field.type == TEXT
            }
        case SetOperation():
            return set.intersection(*map(_nulls, body.operands))


def _coerced(body: QueryBody, kinds: list[Type]) -> QueryBody:
    """The query with its columns of these types, which hold all its values."""
    if all(field.type == kind for field, kind in zip(body.fields, kinds, strict=True)):
        return body
    if isinstance(body, SetOperation):
        operands = tuple([_coerced(operand, kinds) for operand in body.operands])
        fields = tuple([retyped(field, kind) for field, kind in zip(body.fields, kinds, strict=True)])
        return replace(body, operands=operands, fields=fields)
    outputs = []
    for output, kind in zip(body.outputs, kinds, strict=True):
        if output.field.type == kind:
            outputs.append(output)
            continue
        null = isinstance(output.value, Literal) and output.value.value is None
        value = Literal(None, Field("", kind)) if null else convert(output.value, kind)
        outputs.append(Output(value, retyped(output.field, kind)))
    return replace(body, outputs=tuple(outputs))
