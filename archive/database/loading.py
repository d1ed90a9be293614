"""Loading whole tables: all rows with indexes, statistics and description appear at once, or nothing does.

A load is one transaction. Rows go into a new table in HEALPix order, so that a cone reads few pages;
indexes come after the rows; the new table takes the old one's place last, so that queries meanwhile
see the old one. What a kill interrupts, the database forgets by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, assert_never

import psycopg
import pyarrow as pa

from ..declare.names import quote_identifier
from ..declare.tables import Schema, Table
from ..errors import UsageError
from ..query.storage import HEALPIX_ORDER, position_expression
from . import ddl
from .bookkeeping import (
    Connection,
    execute,
    lock_publications,
    read_catalogue,
    remember_schemas,
    remember_table,
)
from .copying import Written, copy_arrow, insert_staged, refusals, stage
from .publication import exists, finish_publication, grant_table, make_table, new_schemas

__all__ = ["Loads", "Mode", "copy_ordered", "fill", "load_table"]

Mode = Literal["create", "replace", "append"]


def load_table(
    connection: Connection,
    table: Table,
    batches: Iterable[pa.RecordBatch],
    *,
    mode: Mode = "create",
    schema: Schema | None = None,
) -> Written:
    """Loads and publishes a table in the transaction of `connection` (the writer's).

    `create` refuses a table that exists, `replace` puts a new one in its place, `append` adds rows to
    it. `schema` describes the table's schema when it is new. UnreadableFile tells of rows that do not
    fit; then the caller's transaction must be rolled back.
    """
    written = _loaded(connection, table, batches, mode, schema)
    finish_publication(connection)
    return written


class Loads:
    """Loads of many tables in one transaction, which are described together when all are done.

    One that fails leaves nothing behind, and the others as they are.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def load_table(
        self,
        table: Table,
        batches: Iterable[pa.RecordBatch],
        *,
        mode: Mode = "create",
        schema: Schema | None = None,
    ) -> Written:
        """Like `loading.load_table`, but the table appears when all do."""
        with self._connection.transaction():
            return _loaded(self._connection, table, batches, mode, schema)


def _loaded(
    connection: Connection,
    table: Table,
    batches: Iterable[pa.RecordBatch],
    mode: Mode,
    schema: Schema | None,
) -> Written:
    there = exists(connection, table)
    match mode:
        case "append":
            if not there:
                raise UsageError(
                    f"there is no table {table.name} to append to", hint="load it without --append"
                )
            written = _append(connection, table, batches)
        case "create":
            if there:
                raise UsageError(
                    f"table {table.name} exists already",
                    hint="use --replace to load it anew, --append to add rows",
                )
            written = fill(connection, table, batches, _loading_name(table))
        case "replace":
            written = fill(connection, table, batches, _loading_name(table))
        case _:
            assert_never(mode)
    lock_publications(connection)
    if mode != "append":
        _put_in_place(connection, table, schema)
    return written


def _append(connection: Connection, table: Table, batches: Iterable[pa.RecordBatch]) -> Written:
    declared = read_catalogue(connection).table(table.name)
    missing = [c.name for c in table.columns if c.name not in declared.by_name]
    if missing:
        raise UsageError(
            f"table {table.name} has no column {', '.join(missing)}",
            hint="use --replace to load it with other columns",
        )
    written = copy_ordered(connection, declared, declared.physical_name, batches)
    execute(connection, f"ANALYZE {ddl.qualified_name(declared)}")
    return written


def _loading_name(table: Table) -> str:
    # With a blank, which no published table has in its name.
    return f"{table.physical_name[:50]} loading"


def fill(connection: Connection, table: Table, batches: Iterable[pa.RecordBatch], name: str) -> Written:
    """A complete new table called `name` in the table's schema, which readers do not see yet."""
    with refusals(table):
        make_table(connection, table, name)
        written = copy_ordered(connection, table, name, batches)
        for statement in ddl.index_statements(table, name):
            execute(connection, statement)
    for statement in ddl.comment_statements(table, name):
        execute(connection, statement)
    execute(connection, f"ANALYZE {ddl.qualified_name(table, name)}")
    return written


def copy_ordered(
    connection: Connection, table: Table, name: str, batches: Iterable[pa.RecordBatch]
) -> Written:
    """Copies rows; by HEALPix cells of the first position when there is one."""
    if not table.positions:
        return copy_arrow(connection, table, batches, name=name)
    written = Written()
    with refusals(table):
        stage(connection, table, batches, written)
        lon, lat = (quote_identifier(table.by_name[column].physical_name) for column in table.positions[0])
        order = f"ORDER BY healpix_nest({HEALPIX_ORDER}, {position_expression(lon, lat)})"
        execute(connection, "SET LOCAL work_mem = '512MB'")
        insert_staged(connection, table, ddl.qualified_name(table, name), written, order=order)
    return written


def _put_in_place(connection: Connection, table: Table, schema: Schema | None) -> None:
    """The new table takes the old one's name, and its indexes the proper names."""
    name = _loading_name(table)
    try:
        execute(connection, f"DROP TABLE IF EXISTS {ddl.qualified_name(table)}")
    except psycopg.errors.DependentObjectsStillExist as cause:
        raise UsageError(
            f"table {table.name} cannot be replaced: other tables have keys to it",
            hint="append to it instead",
        ) from cause
    execute(
        connection, f"ALTER TABLE {ddl.qualified_name(table, name)} RENAME TO {_quoted(table.physical_name)}"
    )
    for old, new in zip(ddl.index_names(table, name), ddl.index_names(table), strict=True):
        index = f"{_quoted(table.physical_schema)}.{_quoted(old)}"
        execute(connection, f"ALTER INDEX {index} RENAME TO {_quoted(new)}")
    given = [] if schema is None else [schema]
    remember_schemas(connection, new_schemas(connection, [table], given), builtin=False)
    remember_table(connection, table, ddl.index_statements(table), builtin=False)
    for statement in ddl.key_statements(table, read_catalogue(connection)):
        execute(connection, statement)
    grant_table(connection, table)


def _quoted(name: str) -> str:
    return quote_identifier(name)
