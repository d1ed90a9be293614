"""TAP_SCHEMA as each user sees it: what is published, and the private tables that he may read.

Rows about private tables lie apart from the published ones, and each user who may read any has views of
both together, which his queries find under the names of tap_schema. Other users' queries never name them.
"""

from __future__ import annotations

from collections.abc import Iterator

from psycopg import sql

from ..declare.names import quote_identifier
from ..declare.placing import PlacedTable, placed, with_tables
from ..declare.tables import Table
from ..declare.tapschema import TAP_SCHEMA, tap_schema_records
from . import ddl
from .bookkeeping import Connection, execute
from .roles import grant_reading

__all__ = ["describe", "ensure_views", "forget", "make_anew", "views"]

_VIEWS = 0x75736572  # key of the advisory lock


def views(user: str) -> list[PlacedTable]:
    """The tables of tap_schema as `user` finds them."""
    return [placed(table, _schema(user), table.physical_name) for table in TAP_SCHEMA.tables]


def _schema(user: str) -> str:
    # With a blank, which no published schema has in its name.
    return f"tap_schema of {user}"


def _rows(table: Table) -> str:
    return f"archive.{quote_identifier('user ' + table.physical_name)}"


def _columns(table: Table) -> str:
    return ", ".join(quote_identifier(name) for name, _, _ in ddl.stored_columns(table))


def make_anew(connection: Connection) -> None:
    """Empty tables for the rows, shaped as this version has tap_schema; all views are gone with the old."""
    for table in TAP_SCHEMA.tables:
        columns = ", ".join(
            f"{quote_identifier(name)} {type_}" for name, type_, _ in ddl.stored_columns(table)
        )
        execute(connection, f"DROP TABLE IF EXISTS {_rows(table)} CASCADE")
        execute(connection, f"CREATE TABLE {_rows(table)} (described text NOT NULL, {columns})")
        index = quote_identifier(f"user {table.physical_name} described")
        execute(connection, f"CREATE INDEX {index} ON {_rows(table)} (described)")


def describe(connection: Connection, table: Table, rows: int) -> None:
    """Describes a private table, anew if it is described already."""
    forget(connection, table.name)
    for record in tap_schema_records(with_tables((), [table]), {table.name: rows}):
        values = ", ".join(["%s"] * (len(record.values) + 1))
        into = f"{_rows(record.table)} (described, {_columns(record.table)})"
        execute(connection, f"INSERT INTO {into} VALUES ({values})", (table.name.lower(), *record.values))


def forget(connection: Connection, name: str) -> None:
    for table in TAP_SCHEMA.tables:
        execute(connection, f"DELETE FROM {_rows(table)} WHERE described = %s", (name.lower(),))


def ensure_views(connection: Connection, user: str) -> None:
    """The user's views are there when this returns."""
    last = ddl.qualified_name(views(user)[-1])
    if _exists(connection, last):
        return
    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_VIEWS,))
    if _exists(connection, last):
        return
    execute(connection, f"CREATE SCHEMA IF NOT EXISTS {quote_identifier(_schema(user))}")
    for table, view in zip(TAP_SCHEMA.tables, views(user), strict=True):
        execute(connection, f"CREATE VIEW {ddl.qualified_name(view)} AS {' '.join(_query(table, user))}")
        grant_reading(connection, view.physical_schema, view.physical_name)


def _query(table: Table, user: str) -> Iterator[str]:
    columns = _columns(table)
    who = sql.Literal(user).as_string(None)
    yield f"SELECT {columns} FROM {ddl.qualified_name(table)} UNION ALL"
    # A schema is described along with each of its tables, and among the published if some of them are.
    yield "SELECT DISTINCT" if table.name == "tap_schema.schemas" else "SELECT"
    yield f"{columns} FROM {_rows(table)} WHERE described IN (SELECT table_name FROM archive.user_table"
    yield f"WHERE NOT public AND (owner = {who} OR {who} = ANY(readers)))"
    if table.name == "tap_schema.schemas":
        yield f"AND schema_name NOT IN (SELECT schema_name FROM {ddl.qualified_name(table)})"


def _exists(connection: Connection, name: str) -> bool:
    row = connection.execute("SELECT to_regclass(%s) IS NOT NULL", (name,)).fetchone()
    return bool(row and row[0])
