"""Publishing tables: creating them, granting them to readers, describing them in TAP_SCHEMA.

Each function works within the transaction of its connection (as the writer), so that a table, its
rows, its grants and its description appear together or not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from ..declare.catalogue import Catalogue
from ..declare.names import quote_identifier
from ..declare.tables import Record, Schema, Table
from ..declare.tapschema import TAP_SCHEMA, tap_schema_records
from ..errors import ConfigurationError
from . import ddl
from .bookkeeping import (
    Connection,
    execute,
    forget_table,
    grow_version,
    lock_publications,
    read_catalogue,
    remember_schemas,
    remember_table,
)
from .copying import copy_records
from .roles import grant_reading

__all__ = [
    "count_rows",
    "create_table",
    "describe",
    "exists",
    "finish_publication",
    "make_schema",
    "make_table",
    "new_schemas",
    "publish",
    "unpublish",
]

# Up to here a count is quick; above, the planner's estimate has to do.
_COUNTED = 200_000


def publish(
    connection: Connection, tables: Iterable[Table], schemas: Iterable[Schema] = (), *, builtin: bool = False
) -> Catalogue:
    """Creates the tables that do not exist yet and renews the description of all that are given.

    `schemas` describes schemas that are new. An existing table keeps its rows and must have the
    declared columns, else ConfigurationError tells the difference; an empty one is made anew.
    """
    given = list(tables)
    lock_publications(connection)
    _remember(connection, given, schemas, builtin=builtin)
    catalogue = read_catalogue(connection)
    created = [table for table in given if _fit(connection, table)]
    for table in created:
        for statement in ddl.key_statements(table, catalogue):
            execute(connection, statement)
    return finish_publication(connection)


def _remember(
    connection: Connection, tables: list[Table], schemas: Iterable[Schema], *, builtin: bool
) -> None:
    remember_schemas(connection, new_schemas(connection, tables, schemas), builtin=builtin)
    for table in tables:
        remember_table(connection, table, ddl.index_statements(table), builtin=builtin)


def new_schemas(connection: Connection, tables: Iterable[Table], schemas: Iterable[Schema]) -> list[Schema]:
    """The given schemas, and plain ones for tables whose schema nobody has described."""
    described = {schema.name: schema for schema in schemas}
    known = {name for (name,) in connection.execute("SELECT schema_name FROM archive.published_schema")}
    for name in dict.fromkeys(table.schema_name for table in tables):
        if name not in known and name not in described:
            described[name] = Schema(name, (), f"Tables loaded into schema {name}")
    return list(described.values())


def unpublish(connection: Connection, table: Table) -> Catalogue:
    """Drops a table with its rows and its description."""
    lock_publications(connection)
    execute(connection, f"DROP TABLE IF EXISTS {ddl.qualified_name(table)}")
    forget_table(connection, table.name)
    return finish_publication(connection)


def finish_publication(connection: Connection) -> Catalogue:
    """TAP_SCHEMA and the version, after any change of tables or rows; returns the new catalogue."""
    grow_version(connection)
    catalogue = read_catalogue(connection)
    describe(connection, catalogue)
    return catalogue


# --- tables ------------------------------------------------------------------------------------------


def exists(connection: Connection, table: Table) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (ddl.qualified_name(table),)).fetchone()
    return bool(row and row[0])


def make_schema(connection: Connection, table: Table) -> None:
    execute(connection, f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(table.physical_schema)}")


def make_table(connection: Connection, table: Table, name: str | None = None) -> None:
    """The bare table with its primary key, which readers do not see yet."""
    make_schema(connection, table)
    execute(connection, ddl.create_statement(table, name))


def create_table(connection: Connection, table: Table) -> None:
    """The table with indexes, comments and grants, empty."""
    make_table(connection, table)
    for statement in (*ddl.index_statements(table), *ddl.comment_statements(table)):
        execute(connection, statement)
    grant_reading(connection, table.physical_schema, table.physical_name)


def _fit(connection: Connection, table: Table) -> bool:
    """Makes a table as declared; True when it was created. An empty one that differs is made anew."""
    if table.kind == "view":
        return False  # its query is its owner's business
    if exists(connection, table):
        differences = _differences(connection, table)
        if not differences:
            grant_reading(connection, table.physical_schema, table.physical_name)
            return False
        # What TAP_SCHEMA says is written anew in any case.
        if table.schema_name != TAP_SCHEMA.name and not _is_empty(connection, table):
            raise ConfigurationError(
                f"table {table.name} in the database differs from its declaration: " + "; ".join(differences),
                hint="go back to the version of Uraniborg that made it, or empty the table and ingest again",
            )
        execute(connection, f"DROP TABLE {ddl.qualified_name(table)} CASCADE")
    create_table(connection, table)
    return True


def _differences(connection: Connection, table: Table) -> list[str]:
    rows = connection.execute(
        "SELECT attname, format_type(atttypid, atttypmod), NOT attnotnull FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped",
        (ddl.qualified_name(table),),
    )
    stored = {str(name): (_same_type(str(type_)), bool(nullable)) for name, type_, nullable in rows}
    keyed = {table.by_name[column].physical_name for column in table.primary_key}
    declared = {
        name: (_same_type(type_), nullable and name not in keyed)
        for name, type_, nullable in ddl.stored_columns(table)
    }
    found = [f"column {name} is missing" for name in declared if name not in stored]
    found += [f"column {name} is not declared" for name in stored if name not in declared]
    for name in declared.keys() & stored.keys():
        if stored[name] != declared[name]:
            found.append(f"column {name} is {_said(*stored[name])}, not {_said(*declared[name])}")
    return sorted(found)


def _same_type(name: str) -> str:
    return name.replace("timestamp without time zone", "timestamp").replace("public.", "")


def _said(type_: str, nullable: bool) -> str:
    return type_ if nullable else f"{type_} NOT NULL"


def _is_empty(connection: Connection, table: Table) -> bool:
    query = f"SELECT NOT EXISTS (SELECT FROM {ddl.qualified_name(table)})"
    row = execute(connection, query).fetchone()
    return bool(row and row[0])


# --- TAP_SCHEMA --------------------------------------------------------------------------------------


def describe(connection: Connection, catalogue: Catalogue) -> None:
    """Writes TAP_SCHEMA anew, if the catalogue has it; queries see the old rows until the commit."""
    tables = [table for table in TAP_SCHEMA.tables if catalogue.find(table.name) is not None]
    if len(tables) < len(TAP_SCHEMA.tables):
        return
    for table in reversed(tables):
        execute(connection, f"DELETE FROM {ddl.qualified_name(table)}")
    counts = dict(count_rows(connection, catalogue))
    described = Counter(record.table.name for record in tap_schema_records(catalogue.schemas))
    records: dict[str, list[Record]] = {table.name: [] for table in tables}
    for record in tap_schema_records(catalogue.schemas, counts | described):
        records[record.table.name].append(record)
    for table in tables:
        copy_records(connection, table, records[table.name])


def count_rows(connection: Connection, catalogue: Catalogue) -> Mapping[str, int]:
    """Rows of every table: exact for small ones, PostgreSQL's estimate for big ones."""
    estimates = {
        (str(schema), str(name)): int(float(str(rows)))
        for schema, name, rows in connection.execute(
            "SELECT nspname, relname, reltuples FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE relkind IN ('r', 'p', 'v')"
        )
    }
    counts = {}
    for table in catalogue:
        estimate = estimates.get((table.physical_schema, table.physical_name))
        if estimate is None:
            continue
        if estimate < _COUNTED:
            row = execute(connection, f"SELECT count(*) FROM {ddl.qualified_name(table)}").fetchone()
            estimate = int(str(row[0])) if row else 0
        counts[table.name] = estimate
    return counts
