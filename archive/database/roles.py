"""The roles, what each may do, and what nobody may: the owner's statements that make a database safe.

The reader sees published tables and the functions of ADQL, the operator restricted tables besides. Their
queries are compiled, so they never name anything else; what is revoked here holds even if one did. Nothing
here creates tables.
"""

from __future__ import annotations

from collections.abc import Mapping

import psycopg
from psycopg import sql

from ..errors import ConfigurationError
from .bookkeeping import Connection, execute
from .server import OPERATOR, READER, WRITER, WRITER_SETTINGS

__all__ = [
    "grant_database",
    "grant_reading",
    "install_extension",
    "is_superuser",
    "make_roles",
    "make_schemas",
    "revoke_machinery",
]

_READERS_AT_ONCE = 80  # connections of all server processes together; the writers need some too
_OPERATORS_AT_ONCE = 10
_ROLES = (READER, WRITER, OPERATOR)
_GIVEN = f"GRANT {READER} TO {OPERATOR}; GRANT {READER}, {WRITER}, {OPERATOR} TO the user of the dsn"

# Functions of PostgreSQL that everybody may call, though they write, wait, tell of other people's
# queries, change the role, or run text as SQL.
_FORBIDDEN = r"""
    proname ~ '^(lo_|lo(read|write)|pg_(try_)?advisory_|(query|cursor|table|schema|database)_to_xml)'
    OR proname IN ('set_config', 'pg_notify', 'ts_stat', 'pg_stat_get_activity', 'pg_cancel_backend',
                   'pg_terminate_backend', 'currtid2', 'pg_export_snapshot')
"""


def make_roles(connection: Connection, reader: Mapping[str, str]) -> None:
    """Reader, writer and operator with their settings; they may exist already."""
    for role in _ROLES:
        if connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone():
            continue
        try:
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE").format(
                    sql.Identifier(role)
                )
            )
        except psycopg.errors.InsufficientPrivilege as cause:
            raise ConfigurationError(
                f"the database user may not create the role {role}",
                hint="let an administrator run, as far as they are missing: "
                + "".join(f"CREATE ROLE {each} LOGIN; " for each in _ROLES)
                + _GIVEN,
            ) from cause
    if is_superuser(connection):
        for role, most in ((READER, _READERS_AT_ONCE), (OPERATOR, _OPERATORS_AT_ONCE)):
            _set_limits(connection, role, dict(reader) | {"log_min_messages": "log"})
            execute(connection, f"ALTER ROLE {role} CONNECTION LIMIT {most}")
        _set_limits(connection, WRITER, WRITER_SETTINGS)
        execute(connection, f"GRANT {READER} TO {OPERATOR}")
        execute(connection, f"GRANT pg_signal_backend TO {WRITER}")  # cancels what a user no longer waits for
    else:
        _check_membership(connection)


def _set_limits(connection: Connection, role: str, settings: Mapping[str, str]) -> None:
    for name, value in settings.items():
        # A list is given item by item: quoted as a whole it would be one schema's name.
        values = sql.SQL(", ").join(sql.Literal(item) for item in value.split(","))
        connection.execute(
            sql.SQL("ALTER ROLE {} SET {} = {}").format(sql.Identifier(role), sql.Identifier(name), values)
        )


def _check_membership(connection: Connection) -> None:
    for role in _ROLES:
        found = connection.execute("SELECT pg_has_role(%s, 'MEMBER')", (role,)).fetchone()
        if found and found[0]:
            continue
        _grant_role(connection, role, "CURRENT_USER", "the database user")
    found = connection.execute("SELECT pg_has_role(%s, %s, 'USAGE')", (OPERATOR, READER)).fetchone()
    if not (found and found[0]):
        _grant_role(connection, READER, OPERATOR, OPERATOR)


def _grant_role(connection: Connection, role: str, to: str, called: str) -> None:
    try:
        execute(connection, f"GRANT {role} TO {to}")
    except psycopg.errors.InsufficientPrivilege as cause:
        raise ConfigurationError(
            f"{called} is not a member of {role}", hint=f"let an administrator run: {_GIVEN}"
        ) from cause


def install_extension(connection: Connection) -> None:
    """pg_sphere in schema public, its immutable functions marked as safe in parallel queries."""
    found = connection.execute(
        "SELECT nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace"
        " WHERE extname = 'pg_sphere'"
    ).fetchone()
    if found is None:
        _create_extension(connection)
    elif found[0] != "public":
        raise ConfigurationError(
            f"pg_sphere is installed in schema {found[0]}",
            hint="let an administrator run: ALTER EXTENSION pg_sphere SET SCHEMA public",
        )
    if is_superuser(connection):
        # The packaged ones are UNSAFE, which would hold every query that mentions them to one core.
        connection.execute(
            """
            DO $$ DECLARE f regprocedure; BEGIN
              FOR f IN SELECT p.oid FROM pg_depend d JOIN pg_proc p ON p.oid = d.objid
                       JOIN pg_extension e ON e.oid = d.refobjid
                       WHERE d.classid = 'pg_proc'::regclass AND d.deptype = 'e' AND e.extname = 'pg_sphere'
                         AND p.prokind = 'f' AND p.provolatile = 'i' AND p.proparallel <> 's'
              LOOP EXECUTE format('ALTER FUNCTION %s PARALLEL SAFE', f); END LOOP;
            END $$
            """
        )


def _create_extension(connection: Connection) -> None:
    try:
        connection.execute("CREATE EXTENSION pg_sphere SCHEMA public")
    except psycopg.errors.InsufficientPrivilege as cause:
        raise ConfigurationError(
            "the database user may not install pg_sphere",
            hint="let an administrator run in this database: CREATE EXTENSION pg_sphere SCHEMA public",
        ) from cause
    except (psycopg.errors.UndefinedFile, psycopg.errors.FeatureNotSupported) as cause:
        version = connection.info.server_version // 10000
        raise ConfigurationError(
            "the database server has no extension pg_sphere",
            hint=f"install it there with: apt install postgresql-{version}-pgsphere",
        ) from cause


def make_schemas(connection: Connection) -> None:
    """`adql` for functions of queries, `archive` for bookkeeping that no query sees."""
    try:
        connection.execute("CREATE SCHEMA IF NOT EXISTS adql")
    except psycopg.errors.InsufficientPrivilege as cause:
        raise ConfigurationError(
            "the database user may not make schemas in this database",
            hint=f'let an administrator run: ALTER DATABASE "{connection.info.dbname}" OWNER TO'
            f' "{connection.info.user}"',
        ) from cause
    execute(connection, f"GRANT USAGE ON SCHEMA adql TO {READER}, {WRITER}")
    execute(connection, f"GRANT USAGE ON SCHEMA public TO {READER}, {WRITER}")
    execute(connection, f"CREATE SCHEMA IF NOT EXISTS archive AUTHORIZATION {WRITER}")


def grant_database(connection: Connection) -> None:
    """Who may connect, make schemas and temporary tables. A copy of the database has to be told again."""
    row = connection.execute("SELECT current_database()").fetchone()
    database = sql.Identifier(str(row[0]) if row else "")
    for text in (
        "REVOKE ALL ON DATABASE {} FROM PUBLIC",
        f"GRANT CONNECT ON DATABASE {{}} TO {READER}, {OPERATOR}",
        f"GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {{}} TO {WRITER}",
    ):
        connection.execute(sql.SQL(text).format(database))


def revoke_machinery(connection: Connection) -> None:
    """Takes away what PostgreSQL allows to everybody: writing to schema public, dangerous functions."""
    connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    if not is_superuser(connection):
        return
    execute(
        connection,
        f"""
        DO $$ DECLARE f regprocedure; BEGIN
          FOR f IN SELECT oid FROM pg_proc WHERE pronamespace = 'pg_catalog'::regnamespace AND ({_FORBIDDEN})
          LOOP
            EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f);
            EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO {WRITER}', f);
          END LOOP;
        END $$
        """,
    )
    connection.execute("REVOKE SELECT ON pg_stat_activity, pg_roles, pg_user, pg_settings FROM PUBLIC")
    execute(connection, f"GRANT SELECT ON pg_stat_activity, pg_roles, pg_user, pg_settings TO {WRITER}")
    connection.execute("REVOKE USAGE ON SCHEMA information_schema FROM PUBLIC")
    execute(connection, f"GRANT USAGE ON SCHEMA information_schema TO {WRITER}")


def grant_reading(connection: Connection, schema: str, table: str, *, restricted: bool = False) -> None:
    """The reader may see a table, by PostgreSQL's names; a `restricted` one only the operator."""
    connection.execute(
        sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), sql.Identifier(READER))
    )
    name, reader = sql.Identifier(schema, table), sql.Identifier(READER)
    if restricted:
        connection.execute(sql.SQL("REVOKE ALL ON {} FROM {}").format(name, reader))
        connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(name, sql.Identifier(OPERATOR)))
    else:
        connection.execute(sql.SQL("GRANT SELECT ON {} TO {}").format(name, reader))


def is_superuser(connection: Connection) -> bool:
    row = connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    return bool(row and row[0])
