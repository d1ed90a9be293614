"""Tables of one query in a schema of their own, which the writer makes and drops again.

A schema belongs to a living process: its name tells the key of an advisory lock that the process holds. What
a process that was killed left behind, `sweep` removes. Which tables there are is no business of this module.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import secrets
import threading
from collections.abc import Callable, Iterable

import psycopg
import pyarrow as pa

from ..declare.names import quote_identifier
from ..declare.uploads import UploadedTable
from ..query.storage import HEALPIX_ORDER, position_expression
from . import ddl
from .bookkeeping import Connection, execute
from .copying import copy_arrow, refusals
from .roles import grant_reading

__all__ = ["UploadSchemas", "drop_schema", "load_upload", "sweep"]

_log = logging.getLogger("uraniborg")
_CLASS = 0x75706C64  # of the advisory locks, beside the process's own key
_PREFIX = "upload_of_"
_CORES = len(os.sched_getaffinity(0))
_PATIENCE = "2s"  # for a schema that a query still reads


class UploadSchemas:
    """Schemas of this process, and the lock that says it lives.

    `connect` makes the connection that holds it.
    """

    def __init__(self, connect: Callable[[], Connection]) -> None:
        self._connect = connect
        self._lock = threading.Lock()
        self._holder: Connection | None = None
        self._key = 0
        self._numbers = itertools.count(1)
        self._left: list[str] = []

    def new_name(self) -> str:
        """A name that no other process uses, nor this one ever again. Raises psycopg.OperationalError."""
        with self._lock:
            if not self._alive():
                self._hold()
            return f"{_PREFIX}{self._key}_{next(self._numbers)}"

    def outlived(self, name: str) -> bool:
        """Whether the server has not crashed since `name` was given out, so that its tables have their rows.

        A crash ends all sessions, also the one that holds the lock. A query whose first rows are there when
        this is True has seen whole tables: had the server crashed since, its session would be gone too.
        """
        with self._lock:
            return name.startswith(f"{_PREFIX}{self._key}_") and self._alive()

    def drop(self, connection: Connection, name: str) -> None:
        """Drops a schema, and those that could not be dropped before; what fails is tried again next time."""
        with self._lock:
            names, self._left = [*self._left, name], []
        while names:
            try:
                with connection.transaction():
                    drop_schema(connection, names[0])
            except psycopg.errors.LockNotAvailable:
                _log.warning("an upload is still in use, and dropped later")
                self.leave(names.pop(0))
            except BaseException:
                for left in names:
                    self.leave(left)
                raise
            else:
                names.pop(0)

    def leave(self, name: str) -> None:
        """Remembers a schema to be dropped with the next one."""
        with self._lock:
            self._left.append(name)

    def _alive(self) -> bool:
        if self._holder is None:
            return False
        try:
            self._holder.execute("SELECT 1")
        except psycopg.OperationalError:
            self._holder.close()
            self._holder = None
            return False
        return True

    def _hold(self) -> None:
        """A server that was started again knows nothing of the lock; the process gets a new key then."""
        self._key = secrets.randbelow(2**31)
        self._holder = self._connect()
        self._holder.execute("SELECT pg_advisory_lock(%s, %s)", (_CLASS, self._key))

    def close(self) -> None:
        with self._lock:
            if self._holder is not None:
                self._holder.close()
                self._holder = None


def load_upload(
    connection: Connection,
    table: UploadedTable,
    batches: Iterable[pa.RecordBatch],
    sorted_by: tuple[str, str] | None = None,
) -> int:
    """Makes and fills a table as the reader sees it, in the transaction of `connection`; returns its rows.

    `sorted_by`: a pair of columns, longitude and latitude, in whose HEALPix order the rows are to lie.
    Raises UnreadableFile for what PostgreSQL refuses, and whatever `batches` raises.
    """
    schema = quote_identifier(table.physical_schema)
    columns = ", ".join(f"{quote_identifier(name)} {type_}" for name, type_, _ in ddl.stored_columns(table))
    execute(connection, f"CREATE SCHEMA IF NOT EXISTS {schema}")
    with refusals(table):
        # Not in the log, which takes time: after a crash it is empty, and `UploadSchemas.outlived` says no.
        execute(connection, f"CREATE UNLOGGED TABLE {ddl.qualified_name(table)} ({columns})")
    written = copy_arrow(connection, table, batches)
    if sorted_by is not None:
        _sort(connection, table, sorted_by)
    for statement in ddl.index_statements(table) if table.positions else ():
        execute(connection, statement)
    execute(connection, f"ANALYZE {ddl.qualified_name(table)}")
    grant_reading(connection, table.physical_schema, table.physical_name)
    return written.rows


def _sort(connection: Connection, table: UploadedTable, columns: tuple[str, str]) -> None:
    """Puts the rows into HEALPix order, and has them read by all cores: each is a search in an index.

    PostgreSQL would take a small table for too small to share out.
    """
    name = ddl.qualified_name(table)
    unsorted = f"{table.physical_name} unsorted"
    lon, lat = (quote_identifier(table.by_name[column].physical_name) for column in columns)
    execute(connection, f"ALTER TABLE {name} RENAME TO {quote_identifier(unsorted)}")
    execute(
        connection,
        f"CREATE UNLOGGED TABLE {name} WITH (parallel_workers = {_CORES}) AS"
        f" SELECT * FROM {ddl.qualified_name(table, unsorted)}"
        f" ORDER BY healpix_nest({HEALPIX_ORDER}, {position_expression(lon, lat)})",
    )
    execute(connection, f"DROP TABLE {ddl.qualified_name(table, unsorted)}")


def drop_schema(connection: Connection, name: str) -> None:
    execute(connection, f"SET LOCAL lock_timeout = '{_PATIENCE}'")
    execute(connection, f"DROP SCHEMA IF EXISTS {quote_identifier(name)} CASCADE")


def _exists(connection: Connection, name: str) -> bool:
    row = connection.execute("SELECT to_regnamespace(%s) IS NOT NULL", (name,)).fetchone()
    return bool(row and row[0])


def sweep(connection: Connection) -> int:
    """Drops the schemas of processes that are no more, in the transaction of `connection`; how many.

    Any number of processes may do so at once.
    """
    dropped = 0
    names = connection.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname ~ %s ORDER BY 1", (rf"^{_PREFIX}[0-9]+_[0-9]+$",)
    ).fetchall()
    for (name,) in names:
        key = int(str(name).removeprefix(_PREFIX).partition("_")[0])
        row = connection.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (_CLASS, key)).fetchone()
        if not row or not row[0] or not _exists(connection, str(name)):
            continue
        # A query that outlived its process may still read; the next sweep comes by.
        with contextlib.suppress(psycopg.errors.LockNotAvailable), connection.transaction():
            drop_schema(connection, str(name))
            dropped += 1
    if dropped:
        _log.info("removed the uploads of %d queries whose process is gone", dropped)
    return dropped
