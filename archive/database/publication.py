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
from ..query.sql import public_rows
from . import ddl, second_wall
from .bookkeeping import (
    Connection,
    catalogue_version,
    execute,
    forget_table,
    grow_version,
    lock_publications,
    read_catalogue,
    remember_schemas,
    remember_table,
    remembered,
)
from .copying import copy_records
from .migration import report, take
from .migration_search import published_steps
from .migration_steps import START
from .roles import grant_reading

__all__ = [
    "count_rows",
    "create_missing",
    "create_table",
    "describe",
    "exists",
    "finish_publication",
    "grant_table",
    "make_schema",
    "make_table",
    "missing",
    "new_schemas",
    "publish",
    "recount",
    "unpublish",
]

# Up to here a count is quick; above, the planner's estimate has to do.
_COUNTED = 200_000
_TOGETHER = 100  # tables that one statement counts


def publish(
    connection: Connection, tables: Iterable[Table], schemas: Iterable[Schema] = (), *, builtin: bool = False
) -> Catalogue:
    """Creates the tables that do not exist yet and renews the description of all that are given.

    `schemas` describes schemas that are new. An existing table keeps its rows and is moved to its declaration
    by steps that are safe and quick; ConfigurationError tells of others that are needed.
    """
    given = list(tables)
    lock_publications(connection)
    before = remembered(connection)
    _remember(connection, given, schemas, builtin=builtin)
    catalogue = read_catalogue(connection)
    found = published_steps(connection, given, catalogue, before, START)
    report(*take(connection, found, START))
    create_missing(connection, given, catalogue)
    return finish_publication(connection)


def missing(connection: Connection, tables: Iterable[Table]) -> list[Table]:
    """Those that do not exist. The query of a view is its owner's business."""
    return [table for table in tables if table.kind != "view" and not exists(connection, table)]


def create_missing(connection: Connection, tables: Iterable[Table], catalogue: Catalogue) -> None:
    """Makes the tables that do not exist; those that do are open to readers too."""
    given = list(tables)
    created = missing(connection, given)
    for table in given:
        if table in created:
            create_table(connection, table)
        elif table.kind != "view":
            grant_table(connection, table)
    for table in created:
        for statement in ddl.key_statements(table, catalogue):
            execute(connection, statement)


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
    grant_table(connection, table)


def grant_table(connection: Connection, table: Table) -> None:
    """Those who may read a table can, and nobody else; nor do they see rows that are hidden from them."""
    second_wall.guard(connection, table)
    grant_reading(connection, table.physical_schema, table.physical_name, restricted=table.restricted)


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


def recount(connection: Connection, known: Catalogue | None) -> Catalogue:
    """The numbers of rows in TAP_SCHEMA, and the version, after changes of rows; the catalogue then.

    `known` is what was published lately, which spares reading all of it again.
    """
    grow_version(connection)
    version = catalogue_version(connection)
    if known is not None and version == known.version + 1:
        catalogue = Catalogue(known.schemas, version)
    else:
        catalogue = read_catalogue(connection)
    if catalogue.find("tap_schema.tables") is not None:
        counts = count_rows(connection, catalogue)
        connection.execute(
            "UPDATE tap_schema.tables AS told SET nrows = counted.rows, number_rows = counted.rows"
            " FROM unnest(%s::text[], %s::bigint[]) AS counted (name, rows)"
            " WHERE told.table_name = counted.name AND told.nrows IS DISTINCT FROM counted.rows",
            (list(counts), list(counts.values())),
        )
    return catalogue


def count_rows(connection: Connection, catalogue: Catalogue) -> Mapping[str, int]:
    """Rows of every table that everybody sees: exact for small ones, PostgreSQL's estimate for big ones."""
    kinds = {
        (str(schema), str(name)): (str(kind), int(float(str(rows))))
        for schema, name, kind, rows in connection.execute(
            "SELECT nspname, relname, relkind::text, reltuples FROM pg_class"
            " JOIN pg_namespace n ON n.oid = relnamespace WHERE relkind IN ('r', 'p', 'v')"
        )
    }
    places = ((table, (table.physical_schema, table.physical_name)) for table in catalogue)
    there = [(table, *kinds[place]) for table, place in places if place in kinds]
    counts = {
        table.name: _planned_rows(connection, table) if kind == "v" or table.hides else rows
        for table, kind, rows in there
    }
    small = [table for table, _, _ in there if counts[table.name] < _COUNTED]
    for start in range(0, len(small), _TOGETHER):
        some = small[start : start + _TOGETHER]
        counting = ", ".join(f"(SELECT count(*) FROM {public_rows(table)})" for table in some)
        row = execute(connection, f"SELECT {counting}").fetchone() or ()
        counts |= {table.name: int(rows) for table, rows in zip(some, row, strict=True)}
    return counts


def _planned_rows(connection: Connection, table: Table) -> int:
    """What the planner expects where nothing is known that could be looked up."""
    row = execute(connection, f"EXPLAIN (FORMAT JSON) SELECT FROM {public_rows(table)}").fetchone()
    return int(row[0][0]["Plan"]["Plan Rows"]) if row else 0
