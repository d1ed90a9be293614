"""Tables that users keep: their rows, whose they are and who may read them.

Each version of a table is stored under a number of its own, so that a new one takes the old one's place
by one row of bookkeeping; queries that read the old one go on, and `sweep` drops it later. A table that is
public belongs to the catalogue like any other; `UserCatalogues` adds the rest to what its readers see.
What is in a file, and what HTTP makes of a refusal, is no business of this module.
"""

from __future__ import annotations

import contextlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import psycopg
import pyarrow as pa

from ..declare.catalogue import Catalogue
from ..declare.placing import PlacedTable, placed, with_tables
from ..declare.serialise import table_from_json, table_to_json
from ..declare.tables import Schema, Table
from ..errors import Busy, NotFound, UsageError
from . import ddl, user_descriptions
from .bookkeeping import Connection, execute, lock_publications
from .copying import refusals
from .loading import copy_ordered, fill
from .publication import finish_publication
from .roles import grant_reading

__all__ = ["TABLES", "Quota", "UserCatalogues", "UserTable", "UserTables", "renew", "sweep", "user_schema"]

# `table_name` is in small letters. `indexes` are the statements that made the indexes, `unique_columns` what
# the declaration cannot say of them, as JSON. `user_table_left` are versions that no catalogue has any more.
TABLES = """
CREATE SEQUENCE IF NOT EXISTS archive.user_table_number;
CREATE TABLE IF NOT EXISTS archive.user_table_version (version bigint NOT NULL);
INSERT INTO archive.user_table_version (version)
    SELECT 0 WHERE NOT EXISTS (SELECT FROM archive.user_table_version);
CREATE TABLE IF NOT EXISTS archive.user_table (
    table_name text PRIMARY KEY, owner text NOT NULL, declaration text NOT NULL,
    stored_schema text NOT NULL, stored_name text NOT NULL, row_count bigint NOT NULL,
    indexes text NOT NULL, unique_columns text NOT NULL DEFAULT '[]',
    public boolean NOT NULL DEFAULT false, readers text[] NOT NULL DEFAULT '{}',
    created timestamptz NOT NULL DEFAULT now());
CREATE INDEX IF NOT EXISTS user_table_owner ON archive.user_table (owner);
CREATE TABLE IF NOT EXISTS archive.user_table_left (
    owner text NOT NULL, stored_schema text NOT NULL, stored_name text NOT NULL,
    since timestamptz NOT NULL DEFAULT now());
"""
_OWNERS = 0x75746162  # class of the advisory locks
_GRACE = 120  # seconds in which a query that knows an old version may still begin to read it
_PATIENCE = "200ms"  # for a version that is still read
_MOST_KNOWN = 100  # users, some of whose catalogues may be old ones


class OutOfRoom(UsageError):
    """RFC 4918: the user has used up what he may keep."""

    status = 507


class Overtaken(UsageError):
    status = 409


@dataclass(frozen=True, slots=True)
class Quota:
    """What one user may keep: bytes of tables with their indexes, and tables."""

    bytes: int
    tables: int


@dataclass(frozen=True, slots=True)
class UserTable:
    """`rows` and `bytes` (with indexes) as they are now; `readers` are users beside the owner."""

    table: PlacedTable
    owner: str
    rows: int
    bytes: int
    public: bool
    readers: tuple[str, ...]
    created: datetime
    unique_columns: tuple[tuple[str, ...], ...] = ()


_COLUMNS = (
    "declaration, stored_schema, stored_name, owner, row_count, coalesce(pg_total_relation_size(to_regclass("
    "format('%%I.%%I', stored_schema, stored_name))), 0), public, readers, created, unique_columns"
)


def user_schema(owner: str) -> str:
    return f"my_{owner}"


class UserTables:
    """The tables of `owner`, in the transaction of `connection` (the writer's).

    `catalogue` is the new one of what is published after a change of public tables.
    """

    def __init__(self, connection: Connection, owner: str) -> None:
        self._connection = connection
        self._owner = owner
        self.catalogue: Catalogue | None = None
        self._using = threading.Lock()
        self._ended = False

    @property
    def connection(self) -> Connection:
        """That of the transaction, for what goes with a change of the tables."""
        return self._connection

    def cancel(self) -> None:
        """Stops what the database does, from another thread; without effect after the end."""
        with self._using:
            if not self._ended:
                self._connection.cancel_safe(timeout=5.0)

    def end(self) -> None:
        """The connection is not used from here any more."""
        with self._using:
            self._ended = True

    # --- looking ------------------------------------------------------------------------------------------

    def all(self) -> list[UserTable]:
        query = f"SELECT {_COLUMNS} FROM archive.user_table WHERE owner = %s ORDER BY created, table_name"
        return [_user_table(row) for row in execute(self._connection, query, (self._owner,))]

    def find(self, name: str) -> UserTable | None:
        """By its published name, in any letter case."""
        query = f"SELECT {_COLUMNS} FROM archive.user_table WHERE owner = %s AND table_name = %s"
        row = execute(self._connection, query, (self._owner, name.lower())).fetchone()
        return None if row is None else _user_table(row)

    def need(self, name: str) -> UserTable:
        found = self.find(name)
        if found is None:
            raise NotFound(f"you keep no table {name}")
        return found

    def free_bytes(self, quota: Quota, replaced: str = "") -> int:
        """What is left of the quota, or will be without the table that is `replaced`."""
        return quota.bytes - sum(k.bytes for k in self.all() if k.table.name.lower() != replaced.lower())

    # --- changing -----------------------------------------------------------------------------------------

    def prepare(self, name: str, quota: Quota) -> None:
        """Makes the schema; raises OutOfRoom when there is no use in sending a table `name`."""
        self._lock()
        kept = self.all()
        if len(kept) >= quota.tables and self.find(name) is None:
            raise _no_tables(quota)
        left = self._left_bytes()
        if sum(table.bytes for table in kept if table.table.name.lower() != name.lower()) >= quota.bytes:
            raise _no_bytes(quota)
        if left > quota.bytes:
            raise Busy("tables that you have replaced are still being removed", retry_after=_GRACE)
        execute(self._connection, f"CREATE SCHEMA IF NOT EXISTS {user_schema(self._owner)}")

    def keep(self, table: Table, batches: Iterable[pa.RecordBatch], quota: Quota) -> tuple[UserTable, bool]:
        """Keeps a table, in place of one of the same name if there is one, which is told too.

        Sharing stays as it was. Raises UnreadableFile for rows that do not fit, OutOfRoom over the quota.
        """
        row = self._connection.execute("SELECT nextval('archive.user_table_number')").fetchone()
        stored = placed(table, user_schema(self._owner), f"t{row[0] if row else 0}")
        written = fill(self._connection, stored, batches, stored.physical_name)
        self._lock()
        grant_reading(self._connection, stored.physical_schema, stored.physical_name)
        before = self.find(table.name)
        if before is None:
            self._check_free(table.name)
        else:
            self._leave(before.table)
        self._connection.execute(
            "INSERT INTO archive.user_table (table_name, owner, declaration, stored_schema, stored_name,"
            " row_count, indexes) VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (table_name) DO UPDATE SET"
            " declaration = EXCLUDED.declaration, stored_name = EXCLUDED.stored_name,"
            " row_count = EXCLUDED.row_count, indexes = EXCLUDED.indexes, unique_columns = '[]',"
            " created = now()",
            (
                table.name.lower(),
                self._owner,
                table_to_json(table),
                stored.physical_schema,
                stored.physical_name,
                written.rows,
                "\n".join(ddl.index_statements(stored)),
            ),
        )
        return self._changed(table.name, quota), before is not None

    def append(self, known: UserTable, batches: Iterable[pa.RecordBatch], quota: Quota) -> UserTable:
        """Adds rows to a table; raises Overtaken when it is another one by then."""
        name = known.table.name
        with refusals(known.table):
            written = copy_ordered(self._connection, known.table, known.table.physical_name, batches)
        self._lock()
        self._check_same(known)
        execute(self._connection, f"ANALYZE {ddl.qualified_name(known.table)}")
        self._connection.execute(
            "UPDATE archive.user_table SET row_count = row_count + %s WHERE table_name = %s",
            (written.rows, name.lower()),
        )
        return self._changed(name, quota)

    def drop(self, name: str) -> None:
        self._lock()
        kept = self.need(name)
        self._connection.execute("DELETE FROM archive.user_table WHERE table_name = %s", (name.lower(),))
        user_descriptions.forget(self._connection, name)
        self._leave(kept.table)
        self._finish(kept.public)

    def drop_all(self) -> None:
        """Leaves nothing of the owner's, not even the schema; what is being read is for the sweep."""
        for kept in self.all():
            self.drop(kept.table.name)
        with contextlib.suppress(psycopg.errors.LockNotAvailable), self._connection.transaction():
            execute(self._connection, f"SET LOCAL lock_timeout = '{_PATIENCE}'")
            self._connection.execute("DELETE FROM archive.user_table_left WHERE owner = %s", (self._owner,))
            execute(self._connection, f"DROP SCHEMA IF EXISTS {user_schema(self._owner)} CASCADE")

    def index(self, known: UserTable, table: Table, unique: tuple[str, ...], quota: Quota) -> UserTable:
        """Makes the indexes that the declaration `table` has and the kept one has not, or a unique one.

        `unique` are its columns, none for no unique index.
        """
        self._lock()
        known = self._check_same(known)
        stored = placed(table, known.table.physical_schema, known.table.physical_name)
        there = set(_statements(known.table, known.unique_columns))
        uniques = tuple(dict.fromkeys((*known.unique_columns, *([unique] if unique else []))))
        try:
            for statement in _statements(stored, uniques):
                if statement not in there:
                    execute(self._connection, statement)
        except psycopg.errors.UniqueViolation as cause:
            raise UsageError(f"{', '.join(unique)}: values occur more than once in {table.name}") from cause
        execute(self._connection, f"ANALYZE {ddl.qualified_name(stored)}")
        self._connection.execute(
            "UPDATE archive.user_table SET declaration = %s, indexes = %s, unique_columns = %s"
            " WHERE table_name = %s",
            (
                table_to_json(table),
                "\n".join(_statements(stored, uniques)),
                json.dumps(uniques),
                table.name.lower(),
            ),
        )
        return self._changed(table.name, quota)

    def share(self, name: str, *, public: bool, readers: Sequence[str]) -> UserTable:
        """Lets everybody read a table, or these users, or neither."""
        self._lock()
        before = self.need(name)
        self._connection.execute(
            "UPDATE archive.user_table SET public = %s, readers = %s WHERE table_name = %s",
            (public, sorted(set(readers)), name.lower()),
        )
        return self._changed(name, None, was_public=before.public)

    # ------------------------------------------------------------------------------------------------------

    def _lock(self) -> None:
        """One change of a user's tables at a time, until the transaction ends."""
        self._connection.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", (_OWNERS, self._owner))

    def _check_same(self, known: UserTable) -> UserTable:
        now = self.find(known.table.name)
        if now is None or now.table.physical_name != known.table.physical_name:
            raise Overtaken(f"{known.table.name} was replaced or dropped meanwhile")
        return now

    def _check_free(self, name: str) -> None:
        taken = self._connection.execute(
            "SELECT FROM archive.declaration WHERE lower(table_name) = %s", (name.lower(),)
        )
        if taken.fetchone():
            raise UsageError(f"{name} is a table that the archive has published", hint="choose another name")

    def _leave(self, table: PlacedTable) -> None:
        self._connection.execute(
            "INSERT INTO archive.user_table_left (owner, stored_schema, stored_name) VALUES (%s, %s, %s)",
            (self._owner, table.physical_schema, table.physical_name),
        )

    def _left_bytes(self) -> int:
        row = self._connection.execute(
            "SELECT sum(pg_total_relation_size(to_regclass(format('%%I.%%I', stored_schema, stored_name))))"
            " FROM archive.user_table_left WHERE owner = %s",
            (self._owner,),
        ).fetchone()
        return int(row[0] or 0) if row else 0

    def _changed(self, name: str, quota: Quota | None, *, was_public: bool = False) -> UserTable:
        """The table as it is now, described, within the quota."""
        kept = self.all()
        if quota is not None and len(kept) > quota.tables:
            raise _no_tables(quota)
        if quota is not None and sum(table.bytes for table in kept) > quota.bytes:
            raise _no_bytes(quota)
        now = self.need(name)
        if now.public:
            user_descriptions.forget(self._connection, name)
        else:
            user_descriptions.describe(self._connection, now.table, now.rows)
        self._finish(now.public or was_public)
        return now

    def _finish(self, public: bool) -> None:
        """What is published first: that lock may be held for long, the row of the version never."""
        if public:
            lock_publications(self._connection)
            self.catalogue = finish_publication(self._connection)
        self._connection.execute("UPDATE archive.user_table_version SET version = version + 1")


def _user_table(row: Sequence[object]) -> UserTable:
    declaration, schema, name, owner, rows, size, public, readers, created, unique = row
    assert isinstance(readers, list) and isinstance(created, datetime)
    return UserTable(
        placed(table_from_json(str(declaration)), str(schema), str(name)),
        str(owner),
        int(str(rows)),
        int(str(size)),
        bool(public),
        tuple(readers),
        created,
        tuple(tuple(columns) for columns in json.loads(str(unique))),
    )


def _statements(table: PlacedTable, uniques: Iterable[tuple[str, ...]]) -> list[str]:
    return [*ddl.index_statements(table), *(ddl.unique_statement(table, columns) for columns in uniques)]


def _no_tables(quota: Quota) -> UsageError:
    return OutOfRoom(f"you may keep {quota.tables} tables", hint="delete one that is not needed any more")


def _no_bytes(quota: Quota) -> UsageError:
    return OutOfRoom(
        f"your tables and their indexes may take {quota.bytes:,} bytes together",
        hint="delete tables that are not needed any more, or send less",
    )


# --- what a user sees -------------------------------------------------------------------------------------


class UserCatalogues:
    """What each user sees beside what is published, kept as long as neither has changed. For any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[Catalogue, int, Catalogue]] = OrderedDict()

    def known(self, user: str, published: Catalogue, version: int) -> Catalogue | None:
        """The catalogue of `user`, if nothing has changed since it was made."""
        with self._lock:
            known = self._known.get(user)
        same = known is not None and known[0] is published and known[1] == version
        return known[2] if known is not None and same else None

    def of(self, connection: Connection, user: str, published: Catalogue) -> Catalogue:
        """The catalogue of `user` as this transaction sees his tables; `published` itself without any."""
        version = user_tables_version(connection)
        if (known := self.known(user, published, version)) is not None:
            return known
        catalogue = _catalogue_of(connection, user, published)
        with self._lock:
            self._known[user] = (published, version, catalogue)
            self._known.move_to_end(user)
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)
        return catalogue


def user_tables_version(connection: Connection) -> int:
    """A number that changes with every change of anybody's tables."""
    row = connection.execute("SELECT version FROM archive.user_table_version").fetchone()
    return int(row[0]) if row else 0


def _catalogue_of(connection: Connection, user: str, published: Catalogue) -> Catalogue:
    rows = connection.execute(
        "SELECT declaration, stored_schema, stored_name, public FROM archive.user_table"
        " WHERE public OR owner = %s OR %s = ANY(readers) ORDER BY owner, created, table_name",
        (user, user),
    ).fetchall()
    tables = [placed(table_from_json(declaration), schema, name) for declaration, schema, name, _ in rows]
    # What is published may be a second old, and these are not.
    if tables == [table for table in published if isinstance(table, PlacedTable)]:
        return published
    if not all(public for *_, public in rows) and published.find("tap_schema.tables") is not None:
        user_descriptions.ensure_views(connection, user)
        tables += user_descriptions.views(user)
    return replace(published, schemas=with_tables(_without_users(published), tables))


def _without_users(published: Catalogue) -> Iterator[Schema]:
    for schema in published.schemas:
        kept = tuple(table for table in schema.tables if not isinstance(table, PlacedTable))
        if kept or not schema.tables:
            yield replace(schema, tables=kept)


# --- housekeeping -----------------------------------------------------------------------------------------


def sweep(connection: Connection, grace: float = _GRACE) -> int:
    """Drops versions that have been left for `grace` seconds, in the transaction of `connection`; how many.

    One that a query still reads stays until the next time. Any number of processes may do so at once.
    """
    left = connection.execute(
        "SELECT stored_schema, stored_name FROM archive.user_table_left"
        " WHERE since <= now() - make_interval(secs => %s) FOR UPDATE SKIP LOCKED",
        (grace,),
    ).fetchall()
    dropped = 0
    for schema, name in left:
        with contextlib.suppress(psycopg.errors.LockNotAvailable), connection.transaction():
            execute(connection, f"SET LOCAL lock_timeout = '{_PATIENCE}'")
            connection.execute(
                psycopg.sql.SQL("DROP TABLE IF EXISTS {}").format(psycopg.sql.Identifier(schema, name))
            )
            connection.execute(
                "DELETE FROM archive.user_table_left WHERE stored_schema = %s AND stored_name = %s",
                (schema, name),
            )
            dropped += 1
    return dropped


def renew(connection: Connection) -> None:
    """Descriptions and indexes of all users' tables as this version of the archive has them."""
    user_descriptions.make_anew(connection)
    query = f"SELECT {_COLUMNS}, indexes FROM archive.user_table"
    for *row, indexes in execute(connection, query, ()).fetchall():
        kept = _user_table(row)
        if not kept.public:
            user_descriptions.describe(connection, kept.table, kept.rows)
        wanted = _statements(kept.table, kept.unique_columns)
        if indexes != "\n".join(wanted):
            _renew_indexes(connection, kept.table, wanted)
    connection.execute("UPDATE archive.user_table_version SET version = version + 1")


def _renew_indexes(connection: Connection, table: PlacedTable, wanted: Sequence[str]) -> None:
    old = connection.execute(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass",
        (ddl.qualified_name(table),),
    ).fetchall()
    for (name,) in old:
        execute(connection, f"DROP INDEX {name}")
    for statement in wanted:
        execute(connection, statement)
    connection.execute(
        "UPDATE archive.user_table SET indexes = %s WHERE table_name = %s",
        ("\n".join(wanted), table.name.lower()),
    )
