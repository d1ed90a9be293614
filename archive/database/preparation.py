"""Making a database ready: roles, extension, functions, built-in tables. Done once, checked at each start.

Everything happens in one transaction, and again only when this version of the archive would do
something else than the one before: a fingerprint of all that is declared and written tells. What is there
already is moved to what is declared (`migration`): at a start by steps that are safe and quick, by
`migrate` with others too. `examine` tells of them and takes everything back.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

import psycopg

from ..declare.catalogue import Catalogue
from ..declare.placing import PlacedTable
from ..declare.serialise import table_from_json, table_to_json
from ..declare.tables import Schema, Table
from ..declare.tapschema import TAP_SCHEMA
from ..errors import ConfigurationError
from ..query import functions_sql
from ..query.views import QUERIES, view_query
from . import (
    accounts,
    bookkeeping,
    ddl,
    jobs,
    published_records,
    rights,
    roles,
    second_wall,
    user_descriptions,
    user_tables,
)
from .bookkeeping import Connection, execute
from .migration import CHECK_INTERVAL, TableInUse, report, take
from .migration_search import machinery_steps, new_table, published_steps, removals
from .migration_shapes import Name
from .migration_steps import ALL, START, Step, Terms
from .provenance_views import drop_views, make_views
from .publication import create_missing, exists, finish_publication, missing
from .server import READER, WRITER, Server

__all__ = ["Migration", "Wanted", "examine", "migrate", "prepare"]


_VERSION = 4  # grows when the statements of this module or of `roles` change
_OLDEST_SERVER = 150000
_START_PATIENCE = 60.0  # seconds in which others have to let go of a table that changes
_PAUSE = 0.5
_LOCK_TIMEOUT = "5s"


@dataclass(frozen=True)
class Wanted:
    """What a database is to be like. `reader`: settings of the role for queries.

    `further` is SQL that makes bookkeeping of other rooms and packages in an empty schema `archive`. What
    exists of it is moved; making it is its owner's business.
    """

    schemas: Sequence[Schema]
    reader: Mapping[str, str]
    further: Sequence[str] = ()

    @cached_property
    def fingerprint(self) -> str:
        """Of all that is declared and written: what takes a while to put together."""
        return _fingerprint(self)


@dataclass(frozen=True, slots=True)
class Migration:
    """Steps that were taken, or would be, and those that are left."""

    taken: tuple[Step, ...] = ()
    left: tuple[Step, ...] = ()


def prepare(
    server: Server, schemas: Sequence[Schema], reader: Mapping[str, str], further: Sequence[str] = ()
) -> None:
    """The database behind `server` is as this version wants it when this returns.

    See `Wanted`. Raises ConfigurationError for what only an operator can mend.
    """
    wanted = Wanted(schemas, reader, further)

    def start(connection: Connection, first: Name | None) -> Migration:
        if _is_ready(connection, wanted):
            return Migration()
        bookkeeping.lock_publications(connection)
        if _is_ready(connection, wanted):
            return Migration()  # another process was faster
        return _Transition(connection, wanted, START, first).carry_out()

    done = _persistently(server, start, _START_PATIENCE)
    report(done.taken, done.left)


def migrate(server: Server, wanted: Wanted, terms: Terms, patience: float) -> Migration:
    """Moves the database as far as `terms` allow; waits up to `patience` seconds for tables that are in use.

    What is left may be done with other terms, or is for `migration_indexes`. Raises ConfigurationError, with
    nothing changed, when the archive cannot work with what would be left.
    """

    def move(connection: Connection, first: Name | None) -> Migration:
        bookkeeping.lock_publications(connection)
        return _Transition(connection, wanted, terms, first).carry_out()

    return _persistently(server, move, patience)


def examine(server: Server, wanted: Wanted, terms: Terms, patience: float) -> Migration:
    """What `migrate` would do; nothing is changed."""

    def look(connection: Connection, first: Name | None) -> Migration:
        bookkeeping.lock_publications(connection)
        with connection.transaction() as attempt:
            found = _Transition(connection, wanted, terms, first).examine()
            raise psycopg.Rollback(attempt)
        return found

    return _persistently(server, look, patience)


def _persistently(
    server: Server, work: Callable[[Connection, Name | None], Migration], patience: float
) -> Migration:
    """The work in one transaction, again and again while tables are in use."""
    deadline = time.monotonic() + patience
    first: Name | None = None
    while True:
        try:
            return _in_transaction(server, work, first)
        except TableInUse as busy:
            if time.monotonic() > deadline:
                raise ConfigurationError(
                    f"{busy.message}, and was for {patience:.0f} seconds; nothing was changed", hint=busy.hint
                ) from busy
            first = busy.stored
            time.sleep(_PAUSE)


def _in_transaction(
    server: Server, work: Callable[[Connection, Name | None], Migration], first: Name | None
) -> Migration:
    try:
        with psycopg.connect(server.owner) as connection:
            # What a killed process was about ends soon, and does not hold up the next one.
            execute(connection, f"SET client_connection_check_interval = '{CHECK_INTERVAL}'")
            if connection.info.server_version < _OLDEST_SERVER:
                raise ConfigurationError(
                    f"the database server is PostgreSQL {connection.info.server_version // 10000}",
                    hint=f"use version {_OLDEST_SERVER // 10000} or newer",
                )
            return work(connection, first)
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as cause:
        raise TableInUse(None, "a table of the archive's own is in use") from cause
    except psycopg.errors.InternalError_ as cause:
        # Roles belong to all databases of a server, and PostgreSQL lets nobody wait for them.
        if "concurrently updated" not in str(cause):
            raise
        raise TableInUse(None, "the archive's role is changed by another one's start") from cause
    except psycopg.OperationalError as cause:
        # The message tells host and user, never the password.
        reason = " ".join(str(cause).split())
        raise ConfigurationError(f"cannot connect to the database: {reason}") from cause


@dataclass(frozen=True)
class _Transition:
    """From the database as it is to the one that is wanted, in the transaction of `connection`."""

    connection: Connection
    wanted: Wanted
    terms: Terms
    first: Name | None

    def carry_out(self) -> Migration:
        taken, left = self._machinery(self.terms)
        catalogue, found = self._published()
        # PostgreSQL changes no column that a view reads.
        drop_views(self.connection, self._tables())
        self._make_room(found)
        published = take(self.connection, found, self.terms, self.first)
        create_missing(self.connection, self._tables(), catalogue)
        self._remember_indexes(catalogue, {step.table for step in published[1]})
        make_views(self.connection, self._tables())
        finish_publication(self.connection)
        user_tables.renew(self.connection)
        done = Migration((*taken, *published[0]), (*left, *published[1]))
        # Without one, the next start looks again, and tells again what is left.
        fingerprint = "" if any(step.long for step in done.left) else self.wanted.fingerprint
        self.connection.execute("UPDATE archive.catalogue_version SET fingerprint = %s", (fingerprint,))
        return done

    def examine(self) -> Migration:
        """All is taken back, so the machinery may have whatever it takes to go on from there."""
        taken, _ = self._machinery(ALL)
        _, found = self._published()
        every = sorted([*taken, *found], key=lambda step: step.phase)
        return Migration(
            tuple(step for step in every if self.terms.allow(step)),
            tuple(step for step in every if not self.terms.allow(step)),
        )

    # --- the archive's own --------------------------------------------------------------------------------

    def _machinery(self, terms: Terms) -> tuple[list[Step], list[Step]]:
        """Roles, functions and bookkeeping."""
        connection = self.connection
        connection.execute("SET LOCAL client_min_messages = warning")
        # Nobody shall wait for long for what this transaction holds while it waits for somebody else.
        execute(connection, f"SET LOCAL lock_timeout = '{_LOCK_TIMEOUT}'")
        roles.make_roles(connection, self.wanted.reader)
        roles.install_extension(connection)
        roles.make_schemas(connection)
        roles.grant_database(connection)
        roles.revoke_machinery(connection)
        connection.execute("SET LOCAL search_path = adql, public")
        keywords = self._move("adql", _tables_of(functions_sql()), terms)
        execute(connection, functions_sql())
        second_wall.build(connection)
        execute(connection, f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA adql TO {READER}, {WRITER}")
        execute(connection, f"GRANT SELECT ON adql.header_keywords TO {READER}")
        execute(
            connection, f"GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON adql.header_keywords TO {WRITER}"
        )
        second_wall.guard_keywords(connection)
        execute(connection, f"SET LOCAL ROLE {WRITER}")
        own = self._move("archive", [*_OWN, *self.wanted.further], terms)
        for text in _OWN:
            execute(connection, text)
        connection.execute(
            "INSERT INTO archive.catalogue_version (version, fingerprint)"
            " SELECT 0, '' WHERE NOT EXISTS (SELECT FROM archive.catalogue_version)"
        )
        return keywords[0] + own[0], keywords[1] + own[1]

    def _move(self, schema: str, texts: Sequence[str], terms: Terms) -> tuple[list[Step], list[Step]]:
        found = machinery_steps(self.connection, schema, texts, terms)
        return take(self.connection, found, terms, self.first)

    # --- what is published --------------------------------------------------------------------------------

    def _tables(self) -> list[Table]:
        return [table for schema in self.wanted.schemas for table in schema.tables]

    def _published(self) -> tuple[Catalogue, list[Step]]:
        """Declares what is wanted; the catalogue then, and the steps to get there."""
        connection, tables = self.connection, self._tables()
        before = bookkeeping.remembered(connection)
        _leave_others(connection, tables)
        bookkeeping.remember_schemas(connection, self.wanted.schemas, builtin=True)
        for table in tables:
            bookkeeping.remember_table(connection, table, ddl.index_statements(table), builtin=True)
        catalogue = bookkeeping.read_catalogue(connection)
        loaded = [
            table
            for table in self._loaded(catalogue)
            if self.terms.long or before[table.name].indexes != "\n".join(ddl.index_statements(table))
        ]
        found = published_steps(connection, [*tables, *loaded], catalogue, before, self.terms)
        found += [new_table(table) for table in missing(connection, tables)]
        return catalogue, found + removals(connection, self.terms)

    def _loaded(self, catalogue: Catalogue) -> list[Table]:
        """Catalogues, whose declarations stay as they are, though this version may store them otherwise."""
        own = {table.name for table in self._tables()}
        return [t for t in catalogue if t.name not in own and not isinstance(t, PlacedTable)]

    def _remember_indexes(self, catalogue: Catalogue, unfinished: Set[str]) -> None:
        """Of catalogues, whose declarations are remembered already."""
        known = bookkeeping.remembered(self.connection)
        for table in self._loaded(catalogue):
            statements = ddl.index_statements(table)
            if table.name not in unfinished and known[table.name].indexes != "\n".join(statements):
                bookkeeping.remember_indexes(self.connection, table, statements)

    def _make_room(self, found: Sequence[Step]) -> None:
        """TAP_SCHEMA is written anew: no rows and no user's views are in the way of its new columns."""
        if not any(step.locking and step.table.startswith(f"{TAP_SCHEMA.name}.") for step in found):
            return
        user_descriptions.make_anew(self.connection)
        for table in reversed(TAP_SCHEMA.tables):
            if exists(self.connection, table):
                execute(self.connection, f"DELETE FROM {ddl.qualified_name(table)}")


# What makes the tables of this room in schema `archive`; all of it may run again.
_OWN = (
    bookkeeping.TABLES,
    accounts.TABLES,
    rights.TABLES,
    jobs.TABLES,
    user_tables.TABLES,
    published_records.TABLES,
)


def _tables_of(text: str) -> list[str]:
    """The statements among others that make tables and indexes."""
    return re.findall(r"^CREATE (?:TABLE|INDEX) IF NOT EXISTS [^;]*;", text, re.MULTILINE)


def _fingerprint(wanted: Wanted) -> str:
    parts = [
        str(_VERSION),
        functions_sql(),
        second_wall.DEFINITION,
        *_OWN,
        *map(view_query, QUERIES),
        *wanted.further,
        repr(sorted(wanted.reader.items())),
    ]
    for schema in wanted.schemas:
        parts.append(repr((schema.name, schema.title, schema.description, schema.utype)))
        for table in schema.tables:
            parts += [table_to_json(table), ddl.create_statement(table), *ddl.index_statements(table)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _known_fingerprint(connection: Connection) -> str | None:
    # A user of a given server who is not yet a member of the writer cannot look.
    # A restored or copied database has lost the rights to itself.
    row = connection.execute(
        "SELECT has_table_privilege(to_regclass('archive.catalogue_version'), 'SELECT')"
        " AND EXISTS (SELECT FROM pg_roles WHERE rolname = %s"
        " AND has_database_privilege(oid, current_database(), 'CREATE'))",
        (WRITER,),
    ).fetchone()
    if not row or not row[0]:
        return None
    row = connection.execute("SELECT fingerprint FROM archive.catalogue_version").fetchone()
    return str(row[0]) if row else None


def _is_ready(connection: Connection, wanted: Wanted) -> bool:
    return _known_fingerprint(connection) == wanted.fingerprint and not second_wall.can_be_built(connection)


def _leave_others(connection: Connection, tables: Sequence[Table]) -> None:
    """Tables that earlier versions had are no longer published; their rows stay where they are."""
    known = {table.name for table in tables}
    rows = connection.execute("SELECT declaration FROM archive.declaration WHERE builtin").fetchall()
    for (declaration,) in rows:
        table = table_from_json(str(declaration))
        if table.name not in known:
            bookkeeping.leave_table(connection, table)
