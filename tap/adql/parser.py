"""ADQL 2.1: from text to syntax tree.

This module holds the statement, queries and tables; values and conditions are in `expressions`. One method
per production of the standard's grammar, which is strict: what has no production is refused with its place
and, where a reason is known, advice. Nothing is looked up here; names mean nothing yet.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import NoReturn

from archive.errors import TooLarge

from . import syntax
from .expressions import QUERY_GOES_ON, Expressions
from .hints import COMMANDS, ONLY_QUERIES, foreign_word
from .syntax import Identifier, JoinKind, Query, SetOperatorKind, TableReference
from .tokens import DELIMITED, END, NAME, NUMBER, STRING

__all__ = ["DEEPEST", "LONGEST", "parse"]

LONGEST = 2 * 1024 * 1024  # characters
DEEPEST = 200  # levels of nesting

_JOINS = frozenset({"JOIN", "NATURAL", "INNER", "LEFT", "RIGHT", "FULL", "CROSS"})
_SETS = {kind.value: kind for kind in SetOperatorKind}
# More levels than this a production cannot add to the tree for each level of the text.
_LEVELS_PER_DEPTH = 4
_LEVELS_OF_A_QUERY = 3


def parse(text: str, *, longest: int = LONGEST, deepest: int = DEEPEST) -> syntax.Statement:
    """The syntax tree of one query.

    Raises QuerySyntaxError, with line and column, when the text is not ADQL or nested more than `deepest`
    levels, and TooLarge when it has more than `longest` characters. No path from the statement to a leaf
    of the tree has more than `deepest` nodes.
    """
    if len(text) > longest:
        raise TooLarge(
            f"the query has {len(text)} characters, more than {longest}",
            hint="upload a table and join with it instead of listing its values",
        )
    return _Parser(text, deepest).statement()


class _Parser(Expressions):
    def statement(self) -> syntax.Statement:
        if self.kinds[0] not in ("SELECT", "WITH", "("):
            self.fail_beginning()
        common = self.with_clause() if self.accept("WITH") else ()
        if self.kinds[self.at] not in ("SELECT", "("):
            self.unexpected("SELECT", "a comma may be missing" if self.kinds[self.at] == NAME else None)
        query = self.query()
        if self.accept(";") and self.kinds[self.at] != END:
            self.fail(self.offsets[self.at], "there is text after the semicolon", "send one query at a time")
        if self.kinds[self.at] != END:
            self.fail_end()
        statement = syntax.Statement(self.offsets[0], common, query)
        if self.reached * _LEVELS_PER_DEPTH > self.deepest and _height(statement) > self.deepest:
            self.fail_too_deep()
        return statement

    def fail_beginning(self) -> NoReturn:
        if self.kinds[0] == END:
            self.fail(0, "the query is empty", "a query begins with SELECT or WITH")
        command = self.texts[0].upper() in COMMANDS | {"TRUNCATE", "TABLE"}
        self.unexpected("SELECT or WITH", ONLY_QUERIES if command else None)

    def fail_end(self) -> NoReturn:
        """Something follows what could have been the whole query."""
        kind, before = self.kinds[self.at], self.kinds[self.at - 1]
        if kind == ")":
            self.fail(self.offsets[self.at], "this parenthesis closes nothing")
        hint = None
        if kind in ("UNION", "EXCEPT", "INTERSECT"):
            hint = "an operand with its own ORDER BY or OFFSET has to stand in parentheses"
        elif kind in ("WHERE", "GROUP", "HAVING", "ORDER", "OFFSET"):
            hint = "the order is WHERE, GROUP BY, HAVING, ORDER BY, OFFSET"
        elif kind == ",":
            hint = "conditions are joined by AND and OR"
        elif kind in (NAME, DELIMITED) and before in (NAME, DELIMITED):
            hint = foreign_word(self.texts[self.at]) or "a comma may be missing"
        self.unexpected("the end of the query", hint)

    def with_clause(self) -> tuple[syntax.CommonTable, ...]:
        found = [self.common_table()]
        while self.accept(","):
            found.append(self.common_table())
        return tuple(found)

    def common_table(self) -> syntax.CommonTable:
        name = self.identifier("the name of a common table")
        if self.kinds[self.at] == "(":
            self.unexpected("AS", "name the columns inside the query, with AS")
        self.expect("AS")
        return syntax.CommonTable(name.at, name, self.subquery("after AS"))

    # ----------------------------------------------------------------------------------------------- queries

    def query(self, first: Query | None = None) -> Query:
        self.enter(_LEVELS_OF_A_QUERY)
        closed = first is not None or self.kinds[self.at] == "("
        found = self.set_term(first)
        if self.kinds[self.at] in ("UNION", "EXCEPT"):
            found = self.set_operation(found, (SetOperatorKind.UNION, SetOperatorKind.EXCEPT))
        order, offset = self.order_by(), self.offset()
        self.depth -= _LEVELS_OF_A_QUERY
        if not order and offset is None:
            return found
        if closed and _has_own_rows(found):
            return syntax.SetOperation(found.at, (found,), (), order, offset)
        return replace(found, order=order, offset=offset)

    def set_term(self, first: Query | None = None) -> Query:
        found = self.set_primary() if first is None else first
        if self.kinds[self.at] == "INTERSECT":
            found = self.set_operation(found, (SetOperatorKind.INTERSECT,))
        return found

    def set_operation(self, first: Query, kinds: tuple[SetOperatorKind, ...]) -> Query:
        """Operators of one precedence, from left to right; INTERSECT binds tighter (ADQL 2.1, 4.6.5)."""
        operands, operators = [first], []
        while (kind := _SETS.get(self.kinds[self.at])) in kinds and kind is not None:
            operator_at = self.offsets[self.at]
            self.at += 1
            if self.kinds[self.at] == "DISTINCT":
                self.unexpected("ALL or a query", f"{kind.value} alone removes repeated rows")
            operators.append(syntax.SetOperator(operator_at, kind, self.accept("ALL")))
            intersection = kind is SetOperatorKind.INTERSECT
            operands.append(self.set_primary() if intersection else self.set_term())
        return syntax.SetOperation(first.at, tuple(operands), tuple(operators), (), None)

    def set_primary(self) -> Query:
        if self.kinds[self.at] == "SELECT":
            return self.select()
        if self.kinds[self.at] == "WITH":
            self.fail_nested_with()
        if self.kinds[self.at] != "(":
            self.unexpected("SELECT")
        return self.subquery("here")

    def select(self) -> syntax.SelectQuery:
        at = self.offsets[self.at]
        self.at += 1
        distinct = self.accept("DISTINCT")
        if not distinct:
            self.accept("ALL")
        top = self.unsigned("a number of rows after TOP") if self.accept("TOP") else None
        if top is not None and self.kinds[self.at] in ("DISTINCT", "ALL"):
            self.unexpected("a value", f"{self.kinds[self.at]} stands before TOP")
        items = self.select_list()
        tables = self.from_clause()
        where = self.condition() if self.accept("WHERE") else None
        group = self.group_by()
        having = self.condition() if self.accept("HAVING") else None
        return syntax.SelectQuery(at, distinct, top, items, tables, where, group, having, (), None)

    def select_list(self) -> tuple[syntax.SelectItem | syntax.AllColumns, ...]:
        if self.kinds[self.at] == "FROM":
            self.unexpected("a column or a value", "SELECT * asks for all columns")
        found = [self.select_item()]
        while self.accept(","):
            found.append(self.select_item())
        if self.kinds[self.at] != "FROM":
            self.fail_select_list()
        return tuple(found)

    def fail_select_list(self) -> NoReturn:
        kind = self.kinds[self.at]
        begins_value = kind in (NAME, DELIMITED, NUMBER, STRING) and self.kinds[self.at - 1] != STRING
        taken = foreign_word(self.texts[self.at - 1]) or foreign_word(self.texts[self.at])
        hint = "a comma may be missing" if begins_value and not taken else None
        if kind == END or kind == ";":
            hint = "every query names its tables: SELECT ... FROM table"
        self.unexpected("',' or FROM", hint)

    def select_item(self) -> syntax.SelectItem | syntax.AllColumns:
        at = self.offsets[self.at]
        if self.accept("*"):
            return syntax.AllColumns(at, ())
        if self.kinds[self.at + 1 if self.kinds[self.at] != END else self.at] == ".":
            qualifier = self.qualifier_of_star()
            if qualifier:
                return syntax.AllColumns(at, qualifier)
        value = self.value()
        return syntax.SelectItem(value.at, value, self.alias("an alias"))

    def qualifier_of_star(self) -> tuple[Identifier, ...]:
        """The qualifier of `qualifier.*`, which is then consumed; nothing is when there is no star."""
        end = self.at
        while self.kinds[end] in (NAME, DELIMITED) and self.kinds[end + 1] == ".":
            end += 2
        if end == self.at or self.kinds[end] != "*":
            return ()
        parts = [self.identifier("a table")]
        while self.accept(".") and self.kinds[self.at] != "*":
            parts.append(self.identifier("a table"))
        self.at += 1
        if len(parts) > 3:
            self.fail(parts[0].at, f"a name of {len(parts)} parts", "at most catalogue.schema.table")
        return tuple(parts)

    def alias(self, what: str) -> Identifier | None:
        """[AS] name; a word of another dialect before a number or a parenthesis is taken for what it is."""
        if self.accept("AS"):
            return self.identifier(what)
        kind = self.kinds[self.at]
        if kind == NAME:
            after = self.kinds[self.at + 1]
            if after in (NUMBER, "(") and foreign_word(self.texts[self.at]):
                return None
            return self.identifier(what)
        return self.identifier(what) if kind == DELIMITED else None

    def group_by(self) -> tuple[syntax.Value, ...]:
        if not self.accept("GROUP"):
            return ()
        self.expect("BY")
        return self.values()

    def order_by(self) -> tuple[syntax.OrderTerm, ...]:
        if not self.accept("ORDER"):
            return ()
        self.expect("BY")
        found = [self.order_term()]
        while self.accept(","):
            found.append(self.order_term())
        return tuple(found)

    def order_term(self) -> syntax.OrderTerm:
        at, first = self.offsets[self.at], self.kinds[self.at]
        value: syntax.Value | syntax.Ordinal = self.value()
        if isinstance(value, syntax.NumberLiteral) and value.integer and first == NUMBER:
            value = syntax.Ordinal(at, int(value.text))
        descending = self.accept("DESC")
        if not descending:
            self.accept("ASC")
        return syntax.OrderTerm(at, value, descending)

    def offset(self) -> int | None:
        return self.unsigned("a number of rows after OFFSET") if self.accept("OFFSET") else None

    # ------------------------------------------------------------------------------------------------ tables

    def from_clause(self) -> tuple[TableReference, ...]:
        self.expect("FROM")
        found = [self.table_reference()]
        while self.accept(","):
            found.append(self.table_reference())
        return tuple(found)

    def table_reference(self) -> TableReference:
        found = self.joins(self.table_primary())
        if self.kinds[self.at] in ("ON", "USING"):
            hint = "each JOIN takes one, but for NATURAL JOIN, which takes none"
            self.fail(self.offsets[self.at], "this condition belongs to no JOIN", hint)
        return found

    def joins(self, left: TableReference) -> TableReference:
        """All the joins that follow a table; they make the tree deeper on its left side."""
        levels = self.depth
        while self.kinds[self.at] in _JOINS:
            levels += 1
            if levels > self.deepest:
                self.fail_too_deep()
            self.reached = max(self.reached, levels)
            left = self.join(left)
        return left

    def join(self, left: TableReference) -> TableReference:
        """A join and its right side; in `a JOIN b JOIN c ON p ON q` the right side is a join itself."""
        at = self.offsets[self.at]
        natural = self.accept("NATURAL")
        kind = self.join_kind()
        self.expect("JOIN")
        right = self.table_primary()
        if natural:
            return syntax.Join(left.at, left, right, kind, True, None, ())
        if self.kinds[self.at] in _JOINS:
            self.enter()
            right = self.joins(right)
            self.depth -= 1
        if self.accept("ON"):
            return syntax.Join(left.at, left, right, kind, False, self.condition(), ())
        if self.accept("USING"):
            return syntax.Join(left.at, left, right, kind, False, None, self.using())
        hint = "join by NATURAL JOIN, or name the tables with a comma, if no condition is meant"
        self.fail(at, "this JOIN has neither ON nor USING", hint)

    def join_kind(self) -> JoinKind:
        word = self.kinds[self.at]
        if word in ("LEFT", "RIGHT", "FULL"):
            self.at += 1
            self.accept("OUTER")
            return JoinKind(word)
        self.accept("INNER")
        return JoinKind.INNER

    def using(self) -> tuple[Identifier, ...]:
        opened = self.offsets[self.at]
        self.expect("(")
        found = [self.identifier("a column")]
        while self.accept(","):
            found.append(self.identifier("a column"))
        self.close_list(opened)
        return tuple(found)

    def table_primary(self) -> TableReference:
        if self.kinds[self.at] == "(":
            found = self.table_group()
            if isinstance(found, syntax.SelectQuery | syntax.SetOperation):
                return self.derived_table(found)
            return found
        first = self.identifier("a table")
        parts = self.dotted(first, "a table")
        if self.kinds[self.at] == "(":
            hint = foreign_word(self.texts[self.at - 1])
            self.fail(self.offsets[self.at], "functions cannot stand for tables", hint)
        return syntax.TableName(first.at, parts, self.table_alias())

    def table_alias(self) -> Identifier | None:
        alias = self.alias("an alias")
        if alias is not None and self.kinds[self.at] == "(":
            hint = foreign_word(self.texts[self.at - 1]) or "name the columns in the select list, with AS"
            self.fail(self.offsets[self.at], "an alias takes no list of columns", hint)
        return alias

    def derived_table(self, query: Query) -> syntax.DerivedTable:
        alias = self.table_alias()
        if alias is None:
            self.fail(self.offsets[self.at], "a query in FROM needs a name", "write (SELECT ...) AS name")
        return syntax.DerivedTable(query.at, query, alias)

    def table_group(self) -> TableReference | Query:
        """A parenthesis in FROM: around a query, or around a join."""
        self.enter(2)
        opened = self.offsets[self.at]
        self.at += 1
        found = self.opened_tables()
        if isinstance(found, syntax.TableName | syntax.DerivedTable):
            if self.kinds[self.at] == ")":
                self.fail(opened, "these parentheses hold no join", "remove them")
            self.unexpected("JOIN")
        self.close(opened)
        self.depth -= 2
        if isinstance(found, syntax.Join) and self.kinds[self.at] in ("AS", NAME, DELIMITED):
            self.fail(
                self.offsets[self.at], "a join takes no alias", "name the tables inside the parentheses"
            )
        return found

    def opened_tables(self) -> TableReference | Query:
        """The first thing after an opening parenthesis in FROM."""
        if self.kinds[self.at] == "SELECT":
            return self.query()
        if self.kinds[self.at] == "WITH":
            self.fail_nested_with()
        if self.kinds[self.at] != "(":
            return self.table_reference()
        inner = self.table_group()
        if not isinstance(inner, syntax.SelectQuery | syntax.SetOperation):
            return self.joins(inner)
        if self.kinds[self.at] in QUERY_GOES_ON:
            return self.query(inner)
        return inner if self.kinds[self.at] == ")" else self.joins(self.derived_table(inner))


def _has_own_rows(query: Query) -> bool:
    """True when ordering the query again would change which rows it has, or lose its own order."""
    if isinstance(query, syntax.SelectQuery) and query.top is not None:
        return True
    return bool(query.order) or query.offset is not None


def _height(statement: syntax.Statement) -> int:
    """Nodes on the longest path from the statement to a leaf."""
    highest = 0
    level: list[object] = [statement]
    while level:
        highest += 1
        below: list[object] = []
        for node in level:
            for field in fields(node) if is_dataclass(node) else ():
                child = getattr(node, field.name)
                below.extend(child if isinstance(child, tuple) else (child,))
        level = [node for node in below if is_dataclass(node)]
    return highest
