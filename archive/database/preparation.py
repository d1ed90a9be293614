"""Making a database ready: roles, extension, functions, built-in tables. Done once, checked at each start.

Everything happens in one transaction, and again only when this version of the archive would do
something else than the one before: a fingerprint of all that is declared and written tells.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import psycopg

from ..declare.serialise import table_to_json
from ..declare.tables import Schema, Table
from ..errors import ConfigurationError
from ..query import functions_sql
from . import bookkeeping, ddl, jobs, published_records, roles, user_tables
from .bookkeeping import Connection, execute
from .publication import exists, finish_publication, publish
from .server import READER, WRITER, Server

__all__ = ["prepare"]


_VERSION = 1  # grows when the statements of this module or of `roles` change
_OLDEST_SERVER = 150000


def prepare(server: Server, schemas: Sequence[Schema], reader: Mapping[str, str]) -> None:
    """The database behind `server` is as this version wants it when this returns.

    `reader`: settings of the role for queries. Raises ConfigurationError for what only an operator can mend.
    """
    try:
        with psycopg.connect(server.owner) as connection:
            if connection.info.server_version < _OLDEST_SERVER:
                raise ConfigurationError(
                    f"the database server is PostgreSQL {connection.info.server_version // 10000}",
                    hint=f"use version {_OLDEST_SERVER // 10000} or newer",
                )
            _prepare(connection, schemas, reader)
    except psycopg.OperationalError as cause:
        # The message tells host and user, never the password.
        reason = " ".join(str(cause).split())
        raise ConfigurationError(f"cannot connect to the database: {reason}") from cause


def _prepare(connection: Connection, schemas: Sequence[Schema], reader: Mapping[str, str]) -> None:
    fingerprint = _fingerprint(schemas, reader)
    if _known_fingerprint(connection) == fingerprint:
        return
    bookkeeping.lock_publications(connection)
    if _known_fingerprint(connection) == fingerprint:
        return  # another process was faster
    connection.execute("SET LOCAL client_min_messages = warning")
    roles.make_roles(connection, reader)
    roles.install_extension(connection)
    roles.make_schemas(connection)
    roles.grant_database(connection)
    roles.revoke_machinery(connection)
    connection.execute("SET LOCAL search_path = adql, public")
    execute(connection, functions_sql())
    execute(connection, f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA adql TO {READER}, {WRITER}")
    execute(connection, f"GRANT SELECT ON adql.header_keywords TO {READER}")
    execute(connection, f"GRANT SELECT, INSERT, UPDATE, DELETE, TRUNCATE ON adql.header_keywords TO {WRITER}")
    execute(connection, f"SET LOCAL ROLE {WRITER}")
    execute(connection, bookkeeping.TABLES)
    execute(connection, jobs.TABLES)
    execute(connection, user_tables.TABLES)
    execute(connection, published_records.TABLES)
    connection.execute(
        "INSERT INTO archive.catalogue_version (version, fingerprint)"
        " SELECT 0, '' WHERE NOT EXISTS (SELECT FROM archive.catalogue_version)"
    )
    _publish_builtin(connection, schemas)
    user_tables.renew(connection)
    connection.execute("UPDATE archive.catalogue_version SET fingerprint = %s", (fingerprint,))


def _fingerprint(schemas: Sequence[Schema], reader: Mapping[str, str]) -> str:
    tables = (bookkeeping.TABLES, jobs.TABLES, user_tables.TABLES, published_records.TABLES)
    parts = [str(_VERSION), functions_sql(), *tables, repr(sorted(reader.items()))]
    for schema in schemas:
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


def _publish_builtin(connection: Connection, schemas: Sequence[Schema]) -> None:
    tables = [table for schema in schemas for table in schema.tables]
    _forget_others(connection, tables)
    before = bookkeeping.remembered_indexes(connection)
    bookkeeping.remember_schemas(connection, schemas, builtin=True)
    catalogue = publish(connection, tables, schemas, builtin=True)
    for table in catalogue:
        _renew_indexes(connection, table, before.get(table.name))
    finish_publication(connection)


def _forget_others(connection: Connection, tables: Sequence[Table]) -> None:
    """Tables that earlier versions had are no longer published; their rows stay where they are."""
    rows = connection.execute("SELECT table_name FROM archive.declaration WHERE builtin").fetchall()
    for (name,) in rows:
        if name not in {table.name for table in tables}:
            bookkeeping.forget_table(connection, str(name))


def _renew_indexes(connection: Connection, table: Table, before: str | None) -> None:
    """Makes a table's indexes anew when this version writes their expressions differently."""
    wanted = ddl.index_statements(table)
    if before is None or before == "\n".join(wanted) or not exists(connection, table):
        return
    old = connection.execute(
        "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = %s::regclass"
        " AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)",
        (ddl.qualified_name(table),),
    ).fetchall()
    for (name,) in old:
        execute(connection, f"DROP INDEX {name}")
    for statement in wanted:
        execute(connection, statement)
    bookkeeping.remember_indexes(connection, table, wanted)
