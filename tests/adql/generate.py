"""Valid, type-correct ADQL over the tables of a catalogue, at random: all of the language, nothing else.

`generate` is the whole interface. Queries are here, what stands in them in `generate_values`.
"""

from __future__ import annotations

import random
from dataclasses import replace

from archive.declare.catalogue import Catalogue
from archive.declare.columns import Column as DeclaredColumn
from archive.declare.tables import Table
from tap.adql.tokens import DELIMITED, END, NAME, NUMBER, STRING, tokenize
from tests.adql.generate_values import Column, Values

# What the queries inside other queries may be asked for.
PASSED_ON = ("integer", "number", "text", "time", "point", "region")
COMPARABLE = ("integer", "number", "text", "time")
BLANKS = (*" " * 30, "  ", "\n", "\t", "\r\n", " -- it's a comment; SELECT\n")


def generate(source: random.Random, catalogue: Catalogue) -> str:
    """One query that every ADQL 2.1 service with all optional features has to accept."""
    depth = source.choice((1, 2, 3, 3, 4, 5))
    return respelled(source, Generator(source, catalogue).statement(depth))


def kind_of(column: DeclaredColumn) -> str:
    if column.type.xtype == "timestamp":
        return "time"
    if column.type.is_geometry:
        return {"adql:REGION": "region"}.get(column.type.xtype or "", column.type.xtype or "other")
    if column.type.is_integer:
        return "integer"
    if column.type.is_numeric:
        return "number"
    return "text" if column.type.is_text else "other"


class Generator(Values):
    def __init__(self, source: random.Random, catalogue: Catalogue) -> None:
        super().__init__(source, lambda kinds, depth, outer: self.query(kinds, depth, outer)[0])
        self.tables = list(catalogue)
        self.common: list[tuple[str, list[Column]]] = []

    def statement(self, depth: int) -> str:
        self.subqueries = depth
        head = []
        for _ in range(self.source.choice((0, 0, 0, 1, 1, 2)) if depth > 1 else 0):
            name = self.new_name()
            text, columns = self.query(self.some_kinds(), depth - 2, [])
            head.append(f"{name} AS ( {text} )")
            self.common.append((name, columns))
        match self.source.randrange(10):
            case 0:
                text = self.named_join(depth)
            case 1 | 2 | 3 | 4:
                text = self.open_query(depth)
            case _:
                text = self.query(self.some_kinds(), depth, [])[0]
        end = self.pick("", "", " ;")
        return (f"WITH {' , '.join(head)} " if head else "") + text + end

    def some_kinds(self) -> list[str]:
        return [self.source.choice(PASSED_ON) for _ in range(self.source.randrange(1, 4))]

    # ----------------------------------------------------------------------------------------------- queries

    def query(self, kinds: list[str], depth: int, outer: list[Column]) -> tuple[str, list[Column]]:
        """A query with columns of these kinds, and how they are called."""
        if depth > 0 and self.chance(0.2) and all(kind in COMPARABLE for kind in kinds):
            return self.set_operation(kinds, depth, outer)
        if depth > 0 and self.chance(0.2) and all(kind in COMPARABLE for kind in kinds):
            return self.grouped(kinds, depth, outer)
        return self.select(kinds, depth, outer)

    def select(self, kinds: list[str], depth: int, outer: list[Column]) -> tuple[str, list[Column]]:
        tables, own = self.from_clause(depth, outer)
        columns = own + [column for column in outer if column.qualified]
        items, outputs = [], []
        for kind in kinds:
            name = self.new_name()
            text = self.value(kind, columns, self.size())
            items.append(f"{text}{self.pick(' ', ' AS ')}{name}")
            outputs.append(Column(name, kind))
        distinct = self.chance(0.1) and all(kind in COMPARABLE for kind in kinds)
        head = "SELECT" + (" DISTINCT" if distinct else self.pick("", "", "", " ALL")) + self.top()
        text = f"{head} {' , '.join(items)} FROM {tables}{self.where(columns, depth)}"
        return text + self.order(outputs, [] if distinct else columns, depth) + self.offset(), outputs

    def open_query(self, depth: int) -> str:
        """A query whose columns nobody else needs to know, so that * may stand for them."""
        tables, columns = self.from_clause(depth, [])
        if self.chance(0.05):
            counted = (
                f"ivo_histogram( {self.value('number', columns, 1)} , 0 , 1e3 , {self.pick('1', '20')} )"
            )
            return f"SELECT {counted} FROM {tables}{self.where(columns, depth)}"
        qualifiers = sorted({column.text.rpartition(".")[0] for column in columns if column.qualified})
        stars = ["*", *(f"{qualifier}.*" for qualifier in qualifiers)]
        items = [self.pick(*stars)] if self.chance(0.5) else []
        items += [self.item(columns) for _ in range(self.source.randrange(0 if items else 1, 4))]
        text = f"SELECT{self.top()} {' , '.join(items)} FROM {tables}{self.where(columns, depth)}"
        return text + self.order([], columns, depth) + self.offset()

    def item(self, columns: list[Column]) -> str:
        kind = self.pick(*PASSED_ON, "circle", "polygon", "other")
        text = self.value(kind, columns, self.size())
        return text + self.pick("", "", f" AS {self.new_name()}", f" {self.new_name()}")

    def grouped(self, kinds: list[str], depth: int, outer: list[Column]) -> tuple[str, list[Column]]:
        tables, columns = self.from_clause(depth, outer)
        groups = [column for column in columns if column.kind in COMPARABLE]
        groups = self.source.sample(groups, min(len(groups), self.source.randrange(3)))
        items, outputs = [], []
        for kind in kinds:
            # Of the own columns only: an aggregate of an outer query's columns would be that query's.
            name = self.new_name()
            items.append(f"{self.aggregate_value(kind, columns, groups, self.size())} AS {name}")
            outputs.append(Column(name, kind))
        visible = columns + [column for column in outer if column.qualified]
        text = f"SELECT{self.top()} {' , '.join(items)} FROM {tables}{self.where(visible, depth)}"
        if groups:
            text += f" GROUP BY {' , '.join(column.text for column in groups)}"
        if self.chance(0.3):
            left = self.aggregate_value("number", columns, groups, self.size())
            text += f" HAVING {left} {self.comparator()} {self.number([], 0)}"
        return text + self.order(outputs, groups, 1) + self.offset(), outputs

    def set_operation(self, kinds: list[str], depth: int, outer: list[Column]) -> tuple[str, list[Column]]:
        first, outputs = self.select(kinds, depth - 1, outer)
        text = f"( {first} )"
        for _ in range(self.source.choice((1, 1, 1, 2, 3))):
            word = self.pick("UNION", "UNION", "EXCEPT", "INTERSECT") + self.pick("", " ALL")
            text += f" {word} ( {self.query(kinds, depth - 1, outer)[0]} )"
        return text + self.order(outputs, [], 0) + self.offset(), outputs

    # ----------------------------------------------------------------------------------------------- clauses

    def top(self) -> str:
        return self.pick("", "", "", f" TOP {self.source.randrange(1000)}", " TOP 0")

    def offset(self) -> str:
        return self.pick("", "", "", "", f" OFFSET {self.source.randrange(100)}")

    def where(self, columns: list[Column], depth: int) -> str:
        return f" WHERE {self.condition(columns, depth)}" if self.chance(0.7) else ""

    def order(self, outputs: list[Column], columns: list[Column], depth: int) -> str:
        """By number or name of an output, by a column, or by a value of them."""
        terms = []
        for _ in range(self.source.choice((0, 0, 0, 1, 1, 2))):
            sortable = [(i, each) for i, each in enumerate(outputs, 1) if each.kind in COMPARABLE]
            if sortable and self.chance(0.6):
                number, output = self.source.choice(sortable)
                term = self.pick(str(number), output.text)
            elif any(column.kind in COMPARABLE for column in columns):
                plain = [column for column in columns if column.kind in COMPARABLE]
                column = self.source.choice(plain)
                value = self.value(column.kind, plain, depth - 1) if depth > 1 else column.text
                term = value if not value.isdigit() else column.text
            else:
                continue
            terms.append(term + self.pick("", "", " ASC", " DESC"))
        return f" ORDER BY {' , '.join(terms)}" if terms else ""

    # ------------------------------------------------------------------------------------------------ tables

    def from_clause(self, depth: int, outer: list[Column]) -> tuple[str, list[Column]]:
        """FROM's content and the columns it makes visible."""
        if not outer and self.chance(0.3):
            return self.lone_table()
        references, columns = [], []
        for _ in range(self.source.choice((1, 1, 1, 2))):
            text, found = self.reference(depth)
            references.append(text)
            columns += found
        return " , ".join(references), columns

    def reference(self, depth: int) -> tuple[str, list[Column]]:
        """A table, a derived table or a join, and its columns."""
        if depth <= 0 or self.chance(0.6):
            return self.table()
        if self.chance(0.4):
            alias = self.new_name()
            text, outputs = self.query(self.some_kinds(), depth - 1, [])
            return f"( {text} ){self.pick(' ', ' AS ')}{alias}", qualified(alias, outputs)
        left, columns = self.reference(depth - 1)
        for _ in range(self.source.choice((1, 1, 2))):
            left, columns = self.join(left, columns, depth - 1)
        return (left, columns) if self.chance(0.7) else (f"( {left} )", columns)

    def table(self) -> tuple[str, list[Column]]:
        """A published or common table under an alias."""
        alias = self.new_name()
        if self.common and self.chance(0.5):
            name, columns = self.source.choice(self.common)
        else:
            table = self.source.choice(self.tables)
            name, columns = self.cased(table.name), [self.published(column) for column in table.columns]
        return f"{name}{self.pick(' ', ' AS ')}{alias}", qualified(alias, columns)

    def lone_table(self) -> tuple[str, list[Column]]:
        """A published table without alias, whose columns need no qualifier but may have its name for one."""
        table = self.source.choice(self.tables)
        columns = [self.published(column) for column in table.columns]
        if self.chance(0.6):
            return table.name, columns
        return table.name, qualified(self.pick(table.name, table.base_name), columns)

    def published(self, column: DeclaredColumn) -> Column:
        name = column.adql_name
        return Column(name if name.startswith('"') else self.cased(name), kind_of(column), column.unit)

    def join(self, left: str, columns: list[Column], depth: int) -> tuple[str, list[Column]]:
        right, more = self.reference(depth - 1)
        both = columns + more
        kind = self.pick("", "", "INNER", "LEFT", "LEFT OUTER", "RIGHT", "RIGHT OUTER", "FULL", "FULL OUTER")
        if " JOIN " in right and not right.startswith("("):
            right = f"( {right} )"
        if "FULL" in kind:
            # PostgreSQL joins fully by equalities of both sides only.
            pairs = [(a, b) for a in columns for b in more if a.kind == b.kind and a.kind in COMPARABLE]
            if pairs:
                a, b = self.source.choice(pairs)
                return f"{left} {kind} JOIN {right} ON {a.text} = {b.text}", both
            kind = "LEFT"
        return f"{left} {kind} JOIN {right} ON {self.condition(both, depth)}", both

    def named_join(self, depth: int) -> str:
        """A whole query over NATURAL JOIN or USING: the merged columns are named without qualifier."""
        table = self.source.choice(self.tables)
        shared = self.shared_columns(table)
        first, second = self.new_name(), self.new_name()
        using = self.source.sample(shared, min(len(shared), self.source.randrange(1, 3)))
        names = " , ".join(column.adql_name for column in using)
        kind = self.pick("", "INNER", "LEFT", "RIGHT", "FULL OUTER")
        joined = f"{table.name} AS {first} {kind} JOIN {table.name} AS {second} USING ( {names} )"
        where = self.condition([self.published(column) for column in using], depth - 1)
        return f"SELECT {names} FROM {joined} WHERE {where}"

    def shared_columns(self, table: Table) -> list[DeclaredColumn]:
        return [column for column in table.columns if kind_of(column) in COMPARABLE]


def qualified(qualifier: str, columns: list[Column]) -> list[Column]:
    """The same columns with their table's name or alias before them."""
    return [replace(column, text=f"{qualifier}.{column.text}", qualified=True) for column in columns]


def respelled(source: random.Random, text: str) -> str:
    """The same query with other blanks, comments and letter case of the language's words."""
    tokens = tokenize(text)
    parts = []
    for kind, word in zip(tokens.kinds, tokens.texts, strict=True):
        keyword = kind not in (NAME, DELIMITED, NUMBER, STRING, END)
        parts.append(source.choice((word, word, word.lower(), word.title())) if keyword else word)
    return "".join(part + source.choice(BLANKS) for part in parts)
