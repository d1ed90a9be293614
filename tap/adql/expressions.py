"""Values and conditions: operators by precedence, calls, parentheses.

One loop serves all infix operators, so that a parenthesis need not be known beforehand for a value's, a
condition's or a subquery's: what stood inside decides, and nothing is ever read twice.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import NoReturn

from . import calls, syntax
from .cursor import Cursor
from .syntax import (
    AggregateFunction,
    ArithmeticOperator,
    CastType,
    Comparator,
    Condition,
    Expression,
    Identifier,
    Query,
    Value,
)
from .tokens import DELIMITED, END, NAME, NUMBER, STRING

__all__ = ["QUERY_GOES_ON", "Expressions"]

# Precedence of infix operators, binding tighter from OR to *. An operand is read by `expression(p)`, which
# stops at the first operator that does not bind tighter than p.
_OR, _AND, _NOT, _COMPARE, _JOIN, _ADD, _MULTIPLY, _SIGN = range(1, 9)
_COMPARATORS = {c.value: c for c in Comparator} | {"!=": Comparator.NOT_EQUAL}
_ARITHMETIC = {operator.value: operator for operator in ArithmeticOperator}
_PRECEDENCE = (
    {"OR": _OR, "AND": _AND, "||": _JOIN, "+": _ADD, "-": _ADD}
    | dict.fromkeys(("*", "/", "%"), _MULTIPLY)
    | dict.fromkeys(_COMPARATORS, _COMPARE)
    | dict.fromkeys(("BETWEEN", "ILIKE", "IN", "IS", "LIKE", "NOT"), _COMPARE)
)
_AGGREGATES = {function.value: function for function in AggregateFunction}
# Keyed by the first word: PRECISION follows DOUBLE.
_CAST_TYPES = {type_.value.partition(" ")[0]: type_ for type_ in CastType}
_TYPE_HINTS = {
    "INT": "the type is called INTEGER",
    "FLOAT": "the type is called REAL or DOUBLE PRECISION",
    "NUMERIC": "use DOUBLE PRECISION",
    "DECIMAL": "use DOUBLE PRECISION",
    "CHARACTER": "the type is called CHAR or VARCHAR",
    "TEXT": "the type is called VARCHAR",
    "STRING": "the type is called VARCHAR",
    "DATE": "the type is called TIMESTAMP",
}
_CONDITIONS = (
    syntax.Comparison,
    syntax.Between,
    syntax.InList,
    syntax.InQuery,
    syntax.Like,
    syntax.IsNull,
    syntax.Exists,
    syntax.Not,
    syntax.And,
    syntax.Or,
)
_CALLABLE = frozenset((*calls.FUNCTIONS, *calls.SHAPES, *_AGGREGATES, "CAST", "IN_UNIT"))
_QUERIES = (syntax.SelectQuery, syntax.SetOperation)
_AFTER_CONDITIONS = frozenset(
    (END, ")", ";", ",", "AND", "OR", "GROUP", "HAVING", "ORDER", "OFFSET", "UNION", "EXCEPT", "INTERSECT")
)
# After a query in parentheses these show that it was the operand of a longer one.
QUERY_GOES_ON = frozenset({"UNION", "EXCEPT", "INTERSECT", "ORDER", "OFFSET"})


class Expressions(Cursor):
    @abstractmethod
    def query(self, first: Query | None = None) -> Query:
        """A query without WITH; `first` is its first operand when that has been read already."""

    def value(self, floor: int = 0) -> Value:
        return self.as_value(self.expression(floor))

    def condition(self, floor: int = 0) -> Condition:
        return self.as_condition(self.expression(floor))

    def values(self) -> tuple[Value, ...]:
        """One value or more, separated by commas."""
        found = [self.value()]
        while self.kinds[self.at] == ",":
            self.at += 1
            found.append(self.value())
        return tuple(found)

    def as_value(self, found: Expression) -> Value:
        if isinstance(found, _CONDITIONS):
            hint = "conditions are joined by AND and OR"
            self.fail(found.at, "a value is needed here, not a condition", hint)
        return found

    def as_condition(self, found: Expression) -> Condition:
        if isinstance(found, _CONDITIONS):
            return found
        if self.kinds[self.at] not in _AFTER_CONDITIONS:
            self.unexpected("a comparison")
        hint = "compare it with something"
        if isinstance(found, syntax.Call) and found.function.value in ("CONTAINS", "INTERSECTS"):
            hint = f"write 1 = {found.function.value}(...)"
        self.fail(found.at, "a condition is needed here, not a value", hint)

    def expression(self, floor: int, left: Expression | None = None) -> Expression:
        """Everything that binds tighter than `floor`; `left` when its beginning has been read already."""
        self.enter()
        if left is None:
            left = self.primary()
        while True:
            kind = self.kinds[self.at]
            precedence = _PRECEDENCE.get(kind, 0)
            if precedence <= floor:
                self.depth -= 1
                return left
            if precedence == _COMPARE:
                left = self.predicate(self.as_value(left), kind)
            elif precedence >= _ADD:
                left = self.arithmetic(self.as_value(left), precedence)
            elif precedence == _JOIN:
                left = self.concatenation(self.as_value(left))
            else:
                left = self.junction(self.as_condition(left), kind, precedence)

    # --------------------------------------------------------------------------------------------- operators

    def arithmetic(self, left: Value, precedence: int) -> Value:
        operands, operators = [left], []
        while _PRECEDENCE.get(self.kinds[self.at]) == precedence:
            operators.append(_ARITHMETIC[self.kinds[self.at]])
            self.at += 1
            operands.append(self.value(precedence))
        return syntax.Arithmetic(left.at, tuple(operands), tuple(operators))

    def concatenation(self, left: Value) -> Value:
        operands = [left]
        while self.accept("||"):
            operands.append(self.value(_JOIN))
        return syntax.Concatenation(left.at, tuple(operands))

    def junction(self, left: Condition, word: str, precedence: int) -> Condition:
        """AND or OR; (a OR b) OR c is the same flat chain as a OR b OR c."""
        node = syntax.And if word == "AND" else syntax.Or
        conditions = list(left.conditions) if isinstance(left, node) else [left]
        while self.accept(word):
            right = self.condition(precedence)
            conditions.extend(right.conditions if isinstance(right, node) else (right,))
        return node(left.at, tuple(conditions))

    def predicate(self, left: Value, kind: str) -> Condition:
        comparator = _COMPARATORS.get(kind)
        self.at += 1
        if comparator is not None:
            return syntax.Comparison(left.at, left, comparator, self.value(_COMPARE))
        if kind == "IS":
            return self.null_predicate(left)
        negated = kind == "NOT"
        if negated:
            kind = self.kinds[self.at]
            if kind not in ("BETWEEN", "IN", "LIKE", "ILIKE"):
                hint = "write IS NOT NULL" if kind == "NULL" else None
                self.unexpected("BETWEEN, IN, LIKE or ILIKE after NOT", hint)
            self.at += 1
        if kind == "BETWEEN":
            low = self.value(_COMPARE)
            self.expect("AND")
            return syntax.Between(left.at, left, low, self.value(_COMPARE), negated)
        if kind == "IN":
            return self.in_predicate(left, negated)
        return syntax.Like(left.at, left, self.value(_COMPARE), kind == "ILIKE", negated)

    def null_predicate(self, left: Value) -> Condition:
        negated = self.accept("NOT")
        if not self.accept("NULL"):
            self.unexpected("NULL" if negated else "NULL or NOT NULL")
        return syntax.IsNull(left.at, left, negated)

    def in_predicate(self, left: Value, negated: bool) -> Condition:
        opened = self.offsets[self.at]
        if not self.accept("("):
            self.unexpected("'(' after IN")
        first = self.opened()
        if isinstance(first, _QUERIES):
            self.close(opened)
            return syntax.InQuery(left.at, left, first, negated)
        items = [self.as_value(first)]
        while self.accept(","):
            items.append(self.value())
        self.close_list(opened)
        return syntax.InList(left.at, left, tuple(items), negated)

    # ------------------------------------------------------------------------------------------- parentheses

    def group(self) -> Expression | Query:
        """A parenthesis and what is in it."""
        self.enter()
        opened = self.offsets[self.at]
        self.at += 1
        found = self.opened()
        if self.kinds[self.at] == ",":
            self.unexpected("')'", "rows of values are not ADQL; compare one by one")
        self.close(opened)
        self.depth -= 1
        return found

    def opened(self) -> Expression | Query:
        """The first thing after an opening parenthesis."""
        kind = self.kinds[self.at]
        if kind == "SELECT":
            return self.query()
        if kind == "WITH":
            self.fail_nested_with()
        if kind != "(":
            return self.expression(0)
        inner = self.group()
        if not isinstance(inner, _QUERIES):
            return self.expression(0, inner)
        if self.kinds[self.at] in QUERY_GOES_ON:
            return self.query(inner)
        if self.kinds[self.at] == ")":
            return inner
        return self.expression(0, syntax.ScalarSubquery(inner.at, inner))

    def subquery(self, what: str) -> Query:
        """A query in parentheses."""
        at = self.offsets[self.at]
        if self.kinds[self.at] != "(":
            self.unexpected(f"'(' and a query {what}")
        found = self.group()
        if not isinstance(found, _QUERIES):
            self.fail(at, f"a query is needed {what}", "write (SELECT ...)")
        return found

    def fail_nested_with(self) -> NoReturn:
        hint = "define all common tables before the first SELECT"
        self.fail(self.offsets[self.at], "WITH can only begin the whole query", hint)

    def close_list(self, opened: int) -> None:
        """The parenthesis after a list of values."""
        kind = self.kinds[self.at]
        if kind not in (")", END):
            missing = kind in (NAME, DELIMITED, NUMBER, STRING) and self.kinds[self.at - 1] != STRING
            self.unexpected("',' or ')'", "a comma may be missing" if missing else None)
        self.close(opened)

    # ----------------------------------------------------------------------------------------------- primary

    def primary(self) -> Expression:
        """A value without infix operators; or NOT, or EXISTS, and their operand."""
        kind = self.kinds[self.at]
        at = self.offsets[self.at]
        if kind in (NAME, DELIMITED):
            return self.column_or_user_call()
        if kind == NUMBER:
            self.at += 1
            return syntax.NumberLiteral(at, self.texts[self.at - 1])
        if kind == STRING:
            self.at += 1
            return syntax.StringLiteral(at, self.texts[self.at - 1][1:-1].replace("''", "'"))
        if kind == "(":
            found = self.group()
            return syntax.ScalarSubquery(found.at, found) if isinstance(found, _QUERIES) else found
        if kind == "-" or kind == "+":
            self.at += 1
            return syntax.Signed(at, kind == "-", self.value(_SIGN))
        if self.kinds[self.at + 1 if kind != END else self.at] == "(":
            return self.call_or_keyword(kind, at)
        return self.keyword(kind, at)

    def keyword(self, kind: str, at: int) -> Expression:
        if kind == "NULL":
            self.at += 1
            return syntax.Null(at)
        if kind == "NOT":
            return self.negation(at)
        if kind == "EXISTS":
            self.at += 1
            return syntax.Exists(at, self.subquery("after EXISTS"))
        if kind in _CALLABLE:
            hint = "a column of that name has to be delimited with double quotes"
            self.fail(at, f"{kind} is a function and needs its arguments in parentheses", hint)
        self.unexpected("a value")

    def call_or_keyword(self, kind: str, at: int) -> Expression:
        """A reserved word before a parenthesis."""
        if kind not in _CALLABLE:
            return self.keyword(kind, at)
        self.enter(2)
        self.at += 1
        found = self.call(kind, at)
        self.depth -= 2
        return found

    def call(self, kind: str, at: int) -> Value:
        """The arguments of one of the language's functions, whose name has been read."""
        function = calls.FUNCTIONS.get(kind)
        if function is not None:
            arguments = self.arguments()
            fault = calls.argument_fault(function, arguments)
            if fault:
                self.fail(at, *fault)
            return syntax.Call(at, function, arguments)
        if kind in calls.SHAPES:
            return self.shape(calls.SHAPES[kind], at)
        if kind in _AGGREGATES:
            return self.aggregate(_AGGREGATES[kind], at)
        return self.cast(at) if kind == "CAST" else self.in_unit(at)

    def negation(self, at: int) -> Condition:
        self.at += 1
        if self.kinds[self.at] == "NOT":
            self.unexpected("a condition", "NOT stands once; use parentheses")
        return syntax.Not(at, self.condition(_NOT))

    def column_or_user_call(self) -> Value:
        name = self.identifier("a name")
        kind = self.kinds[self.at]
        if kind == "(" and not name.quoted:
            self.enter()
            arguments = self.arguments()
            self.depth -= 1
            return syntax.UserCall(name.at, name, arguments)
        if kind != ".":
            return syntax.ColumnReference(name.at, (), name)
        parts = self.dotted(name, "a column")
        if self.kinds[self.at] == "(":
            hint = "write the function's name alone"
            self.fail(self.offsets[self.at], "functions belong to no schema", hint)
        return syntax.ColumnReference(name.at, parts[:-1], parts[-1])

    def dotted(self, first: Identifier, what: str) -> tuple[Identifier, ...]:
        """The parts of a qualified name whose first part has been read; a column's has four at most."""
        parts = [first]
        while self.accept("."):
            parts.append(self.identifier(f"the name of {what} after '.'"))
        if len(parts) > (4 if what == "a column" else 3):
            hint = "at most catalogue.schema.table" + (".column" if what == "a column" else "")
            self.fail(first.at, f"a name of {len(parts)} parts", hint)
        return tuple(parts)

    # ------------------------------------------------------------------------------------------------- calls

    def arguments(self) -> tuple[Value, ...]:
        """The parenthesis after a function's name, which may be empty."""
        opened = self.offsets[self.at]
        self.at += 1
        if self.kinds[self.at] in ("DISTINCT", "ALL", "*"):
            self.unexpected("a value", "only COUNT, SUM, AVG, MIN and MAX take it, and * only COUNT")
        found = () if self.kinds[self.at] == ")" else self.values()
        self.close_list(opened)
        return found

    def shape(self, kind: syntax.ShapeKind, at: int) -> Value:
        frame, arguments = calls.split_frame(kind, self.arguments())
        fault = calls.shape_fault(kind, arguments)
        if fault:
            self.fail(at, *fault)
        return syntax.Shape(at, kind, frame, arguments)

    def aggregate(self, function: AggregateFunction, at: int) -> Value:
        opened = self.offsets[self.at]
        self.at += 1
        distinct = self.accept("DISTINCT")
        quantified = distinct or self.accept("ALL")
        if self.kinds[self.at] == "*" and not quantified and function is AggregateFunction.COUNT:
            self.at += 1
            self.close(opened)
            return syntax.Aggregate(at, function, None, False)
        if self.kinds[self.at] == "*":
            self.unexpected("a value", "* can only stand alone, in COUNT(*)")
        argument = self.value()
        if self.kinds[self.at] == ",":
            self.unexpected("')'", f"{function.value} takes one argument")
        self.close(opened)
        return syntax.Aggregate(at, function, argument, distinct)

    def cast(self, at: int) -> Value:
        opened = self.offsets[self.at]
        self.at += 1
        value = self.value()
        self.expect("AS")
        type_, length = self.cast_target()
        self.close(opened)
        return syntax.Cast(at, value, type_, length)

    def cast_target(self) -> tuple[CastType, int | None]:
        word = self.texts[self.at].upper()
        type_ = _CAST_TYPES.get(self.kinds[self.at])
        if type_ is None:
            self.unexpected(
                "a type", _TYPE_HINTS.get(word, f"the types are {', '.join(t.value for t in CastType)}")
            )
        self.at += 1
        if type_ is CastType.DOUBLE:
            self.expect("PRECISION")
        opened = self.offsets[self.at]
        if type_ not in (CastType.CHAR, CastType.VARCHAR) or not self.accept("("):
            return type_, None
        length = self.unsigned("a length")
        if length < 1:
            self.fail(self.offsets[self.at - 1], "a length has to be at least 1")
        self.close(opened)
        return type_, length

    def in_unit(self, at: int) -> Value:
        opened = self.offsets[self.at]
        self.at += 1
        value = self.value()
        self.expect(",")
        if self.kinds[self.at] != STRING:
            self.unexpected("a unit as a string in single quotes", "IN_UNIT(value, 'unit')")
        unit = syntax.StringLiteral(self.offsets[self.at], self.texts[self.at][1:-1].replace("''", "'"))
        self.at += 1
        self.close(opened)
        return syntax.InUnit(at, value, unit)
