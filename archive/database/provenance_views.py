"""The views of schema prov in the database: readers see through them what they may see.

They are dropped before tables are moved, since PostgreSQL changes no column that a view reads, and made again
behind that. Their queries are in `archive.query.views`.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..declare.tables import Table
from ..query.views import view_query
from .bookkeeping import Connection, execute
from .ddl import qualified_name
from .publication import make_schema
from .roles import grant_reading

__all__ = ["drop_views", "make_views"]


def drop_views(connection: Connection, tables: Iterable[Table]) -> None:
    for table in _views(tables):
        execute(connection, f"DROP VIEW IF EXISTS {qualified_name(table)}")


def make_views(connection: Connection, tables: Iterable[Table]) -> None:
    """When all tables that they read are there; whoever reads a view must be allowed to read those."""
    for table in _views(tables):
        make_schema(connection, table)
        query = view_query(table.name)
        execute(connection, f"CREATE VIEW {qualified_name(table)} WITH (security_invoker = true) AS {query}")
        grant_reading(connection, table.physical_schema, table.physical_name)


def _views(tables: Iterable[Table]) -> list[Table]:
    return [table for table in tables if table.kind == "view"]
