"""Empty published tables filled with many rows at once: rows first, then indexes, then statistics.

Unlike a load (`loading`) the tables stay what they are, and several are filled together. VACUUM afterwards,
which no transaction can hold, notes which pages everybody may see, so that queries need only read indexes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

from ..declare.names import quote_identifier
from ..declare.tables import Table
from ..errors import UsageError
from . import ddl
from .bookkeeping import Connection, execute

__all__ = ["filling", "settle"]


@contextmanager
def filling(connection: Connection, tables: Sequence[Table]) -> Iterator[None]:
    """Within, the tables have no indexes and nobody else sees them; they must be empty.

    Part of the connection's transaction, so that readers find all rows or none. Raises UsageError for a table
    that has rows.
    """
    for table in tables:
        execute(connection, f"LOCK TABLE {ddl.qualified_name(table)} IN ACCESS EXCLUSIVE MODE")
        if connection.execute(f"SELECT 1 FROM {ddl.qualified_name(table)} LIMIT 1".encode()).fetchone():
            raise UsageError(f"table {table.name} has rows already", hint="take an archive that is new")
        # What is written into storage of this very transaction needs no log.
        execute(connection, f"TRUNCATE {ddl.qualified_name(table)}")
        _drop_indexes(connection, table)
    yield
    for table in tables:
        if table.primary_key:
            columns = [quote_identifier(table.by_name[name].physical_name) for name in table.primary_key]
            constraint = f"{quote_identifier(ddl.index_names(table)[0])} PRIMARY KEY ({', '.join(columns)})"
            execute(connection, f"ALTER TABLE {ddl.qualified_name(table)} ADD CONSTRAINT {constraint}")
        for statement in ddl.index_statements(table):
            execute(connection, statement)
        execute(connection, f"ANALYZE {ddl.qualified_name(table)}")


def settle(connection: Connection, tables: Iterable[Table]) -> None:
    """VACUUM; the connection is in no transaction."""
    for table in tables:
        execute(connection, f"VACUUM {ddl.qualified_name(table)}")


def _drop_indexes(connection: Connection, table: Table) -> None:
    names = ddl.index_names(table)
    if table.primary_key:
        execute(
            connection,
            f"ALTER TABLE {ddl.qualified_name(table)} DROP CONSTRAINT {quote_identifier(names.pop(0))}",
        )
    for name in names:
        execute(connection, f"DROP INDEX {quote_identifier(table.physical_schema)}.{quote_identifier(name)}")
