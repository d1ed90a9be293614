"""What a table is made of, in the words of PostgreSQL's catalogues: one that is there, one that is declared.

PostgreSQL writes types, defaults and indexes in its own way, so what is declared is made too, in a schema of
the same name that is empty for a moment, and both are read alike. What to do about differences is decided in
`migration_steps`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from ..declare.catalogue import Catalogue
from ..declare.names import quote_identifier
from ..declare.tables import Table
from ..errors import ConfigurationError
from . import ddl
from .bookkeeping import Connection, execute
from .server import WRITER

__all__ = [
    "Constraint",
    "Name",
    "Shape",
    "StoredColumn",
    "declared_shapes",
    "made_shapes",
    "shapes",
]

Name = tuple[str, str]  # schema and table, as PostgreSQL has them


@dataclass(frozen=True, slots=True)
class StoredColumn:
    """`default` is an expression, "" for none; `identity` is "", "ALWAYS" or "BY DEFAULT"."""

    type: str
    nullable: bool
    default: str = ""
    identity: str = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Constraint:
    """`kind` is PostgreSQL's letter: p for a primary key, f for a foreign one, u, c, x."""

    name: str
    kind: str
    definition: str


@dataclass(slots=True)
class Shape:
    """A table; `indexes` are the statements that make them (no constraints' ones), "" for a broken one."""

    comment: str = ""
    columns: dict[str, StoredColumn] = field(default_factory=dict)
    constraints: list[Constraint] = field(default_factory=list)
    indexes: dict[str, str] = field(default_factory=dict)


@contextmanager
def _spelled_out(connection: Connection) -> Iterator[None]:
    """Within, PostgreSQL writes every name with its schema, so that what it writes holds anywhere."""
    row = connection.execute("SELECT current_setting('search_path')").fetchone()
    connection.execute("SET LOCAL search_path = pg_catalog")
    yield
    # After an exception the transaction is over, and the setting with it.
    execute(connection, f"SET LOCAL search_path = {row[0] if row else 'DEFAULT'}")


# Ordinary tables only: views are their makers' business, and indexes come with their tables.
_TABLES = """
SELECT n.nspname, c.relname, d.description
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = 0
WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p')
"""
_COLUMNS = """
SELECT n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
    coalesce(pg_get_expr(e.adbin, e.adrelid), ''),
    CASE a.attidentity WHEN 'a' THEN 'ALWAYS' WHEN 'd' THEN 'BY DEFAULT' ELSE '' END,
    coalesce(d.description, '')
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attrdef e ON e.adrelid = c.oid AND e.adnum = a.attnum
LEFT JOIN pg_description d ON d.objoid = c.oid AND d.classoid = 'pg_class'::regclass AND d.objsubid = a.attnum
WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""
_CONSTRAINTS = """
SELECT n.nspname, c.relname, k.conname, k.contype::text, pg_get_constraintdef(k.oid)
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%s) AND k.contype IN ('p', 'f', 'u', 'c', 'x') ORDER BY k.conname
"""
_INDEXES = """
SELECT n.nspname, c.relname, i.relname, CASE WHEN x.indisvalid THEN pg_get_indexdef(i.oid) ELSE '' END
FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%s) AND c.relkind IN ('r', 'p')
    AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.oid AND k.contype IN ('p', 'u', 'x'))
ORDER BY i.relname
"""


def shapes(connection: Connection, schemas: Iterable[str]) -> dict[Name, Shape]:
    """Every table in these schemas, as this transaction sees them."""
    names = list(schemas)
    found: dict[Name, Shape] = {}
    with _spelled_out(connection):
        for schema, table, comment in connection.execute(_TABLES, (names,)):
            found[str(schema), str(table)] = Shape(comment or "")
        for schema, table, name, *column in connection.execute(_COLUMNS, (names,)):
            found[schema, table].columns[name] = StoredColumn(*column)
        for schema, table, *constraint in connection.execute(_CONSTRAINTS, (names,)):
            found[schema, table].constraints.append(Constraint(*constraint))
        for schema, table, name, definition in connection.execute(_INDEXES, (names,)):
            found[schema, table].indexes[name] = definition
    return found


def declared_shapes(
    connection: Connection, tables: Iterable[Table], catalogue: Catalogue
) -> dict[Name, Shape]:
    """The tables, and those that their enforced keys lead to, as `ddl` makes them."""
    needed = {table.name: table for table in tables}
    waiting = list(needed.values())
    while waiting:
        for key in waiting.pop().keys:
            if key.enforced and key.target not in needed:
                needed[key.target] = catalogue.table(key.target)
                waiting.append(needed[key.target])

    def make() -> None:
        for table in needed.values():
            statements = [ddl.create_statement(table), *ddl.index_statements(table)]
            execute(connection, ";\n".join([*statements, *ddl.comment_statements(table)]))
        for table in needed.values():
            for statement in ddl.key_statements(table, catalogue):
                execute(connection, statement)

    return _elsewhere(connection, sorted({table.physical_schema for table in needed.values()}), make)


def made_shapes(connection: Connection, schema: str, texts: Iterable[str]) -> dict[Name, Shape]:
    """What these statements make in the schema when it is empty."""

    def make() -> None:
        for text in texts:
            execute(connection, text)

    return _elsewhere(connection, [schema], make)


def _elsewhere(connection: Connection, schemas: Iterable[str], make: Callable[[], None]) -> dict[Name, Shape]:
    """What `make` makes while these schemas are empty. Nobody else sees it, and all of it is taken back."""
    names = list(schemas)
    made: dict[Name, Shape] = {}
    with connection.transaction() as attempt:
        for number, name in enumerate(names):
            _set_aside(connection, name, f"aside {number}")
            execute(connection, f"CREATE SCHEMA {quote_identifier(name)}")
        make()
        made = shapes(connection, names)
        raise psycopg.Rollback(attempt)
    return made


def _set_aside(connection: Connection, schema: str, other: str) -> None:
    # No lock: other sessions go on finding the schema under its name, as this is never committed.
    found = connection.execute("SELECT to_regnamespace(%s) IS NULL", (quote_identifier(schema),)).fetchone()
    if found and found[0]:
        return
    try:
        execute(connection, f"ALTER SCHEMA {quote_identifier(schema)} RENAME TO {quote_identifier(other)}")
    except psycopg.errors.InsufficientPrivilege as cause:
        raise ConfigurationError(
            f"schema {schema} does not belong to {WRITER}",
            hint=f"let an administrator run: ALTER SCHEMA {quote_identifier(schema)} OWNER TO {WRITER}",
        ) from cause
