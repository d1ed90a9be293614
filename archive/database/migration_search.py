"""Which steps lead from a database to what is declared: the tables that there are, compared one by one.

Nothing is changed here. Taking the steps belongs to `migration`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from psycopg import sql

from ..declare.catalogue import Catalogue
from ..declare.names import quote_identifier
from ..declare.serialise import table_to_json
from ..declare.tables import Table
from ..declare.tapschema import TAP_SCHEMA
from . import ddl
from .bookkeeping import Connection, Remembered, left_tables
from .migration_shapes import Name, declared_shapes, made_shapes, shapes
from .migration_steps import Facts, Phase, Step, Terms, steps

__all__ = ["machinery_steps", "new_table", "published_steps", "removals"]

_AT_ONCE = 40  # tables made for comparison; a transaction has room for the locks of some hundred


@dataclass(frozen=True)
class _Rows:
    """What has to be known of a table's rows."""

    connection: Connection
    name: Name

    def all(self) -> int:
        return self._number("SELECT count(*) FROM {}")

    def is_empty(self) -> bool:
        return self._number("SELECT count(*) FROM (SELECT FROM {} LIMIT 1) AS first") == 0

    def without(self, column: str) -> int:
        return self._number("SELECT count(*) FROM {} WHERE {} IS NULL", sql.Identifier(column))

    def bytes(self) -> int:
        text = sql.Identifier(*self.name).as_string(self.connection)
        return self._number("SELECT pg_relation_size({1}::regclass)", sql.Literal(text))

    def _number(self, text: str, *parts: sql.Composable) -> int:
        row = self.connection.execute(sql.SQL(text).format(sql.Identifier(*self.name), *parts)).fetchone()
        return int(row[0]) if row else 0


def _facts(
    connection: Connection,
    name: Name,
    terms: Terms,
    *,
    private: bool = False,
    indexes: Iterable[str] = (),
    disposable: bool = False,
) -> Facts:
    """`disposable`: the rows are written anew in any case."""
    rows = _Rows(connection, name)
    return Facts(
        empty=disposable or rows.is_empty(),
        big=not disposable and rows.bytes() > terms.big,
        rows=rows.all,
        nulls=_none if disposable else rows.without,
        private=private,
        indexes=frozenset(indexes),
    )


def _none(_column: str) -> int:
    return 0


def published_steps(
    connection: Connection,
    tables: Iterable[Table],
    catalogue: Catalogue,
    before: Mapping[str, Remembered],
    terms: Terms,
) -> list[Step]:
    """From the given tables, as far as they exist, to their declarations.

    `catalogue` has the tables that keys lead to; `before` is what was remembered until now.
    """
    given = [table for table in tables if table.kind != "view"]
    found: list[Step] = []
    for start in range(0, len(given), _AT_ONCE):
        some = given[start : start + _AT_ONCE]
        there = shapes(connection, sorted({table.physical_schema for table in some}))
        some = [table for table in some if _name(table) in there]
        wanted = declared_shapes(connection, some, catalogue)
        for table in some:
            name, known = _name(table), before.get(table.name)
            facts = _facts(
                connection, name, terms, indexes=known.index_names() if known else (),
                disposable=table.schema_name == TAP_SCHEMA.name,
            )  # fmt: skip
            found += steps(table.name, name, wanted[name], there[name], facts)
            if known is not None and known.declaration != table_to_json(table):
                words = "what TAP_SCHEMA tells of it is renewed"
                found.append(Step(table.name, name, Phase.DESCRIBE, words, needed=False, locking=False))
    return found


def _name(table: Table) -> Name:
    return table.physical_schema, table.physical_name


def new_table(table: Table) -> Step:
    """A table that does not exist yet."""
    statements = [
        f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(table.physical_schema)}",
        ddl.create_statement(table),
        *ddl.index_statements(table),
        *ddl.comment_statements(table),
    ]
    words = "is made"
    return Step(table.name, _name(table), Phase.TABLE, words, tuple(statements), locking=False)


def machinery_steps(connection: Connection, schema: str, texts: Sequence[str], terms: Terms) -> list[Step]:
    """From the archive's own tables in a schema to those that `texts` make, as far as they are there."""
    there = shapes(connection, [schema])
    found: list[Step] = []
    if not there:
        return found
    for name, wanted in made_shapes(connection, schema, texts).items():
        if name in there:
            facts = _facts(connection, name, terms, private=True)
            found += steps(".".join(name), name, wanted, there[name], facts)
    return found


def removals(connection: Connection, terms: Terms) -> list[Step]:
    """Tables that were declared once, and are there still."""
    found = []
    for published, schema, name in left_tables(connection):
        rows = _Rows(connection, (schema, name))
        size = rows.bytes()
        lost = f"{rows.all():,} rows" if size <= terms.big else f"rows, {size:,} bytes"
        words = f"is not declared any more: it is removed with its {lost}"
        statement = f"DROP TABLE {quote_identifier(schema)}.{quote_identifier(name)}"
        found.append(
            Step(published, (schema, name), Phase.DROP, words, (statement,), destructive=True, needed=False)
        )
    return found
