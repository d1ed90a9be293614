"""The reader's role: what a query could never do, even if the compiler let it through."""

from __future__ import annotations

import pytest

from archive.database import Database
from archive.declare import types
from archive.declare.columns import Field
from archive.errors import ArchiveError, QueryFailed
from tests.database.support import numbers, rows, statement


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "WITH w AS (DELETE FROM tap_schema.keys RETURNING key_id) SELECT key_id FROM w",
            "read-only|COPY|permission|must be at the top level",
        ),
        ("SELECT declaration FROM archive.declaration", "permission denied for schema archive"),
        ("SELECT version::text FROM archive.catalogue_version", "permission denied for schema archive"),
        ("SELECT pg_read_file('/etc/hostname')", "permission denied for function pg_read_file"),
        ("SELECT pg_ls_dir('/')", "permission denied for function pg_ls_dir"),
        ("SELECT lo_import('/etc/hostname')::text", "permission denied for function lo_import"),
        ("SELECT lo_from_bytea(0, 'x')::text", "permission denied for function lo_from_bytea"),
        ("SELECT lo_create(4711)::text", "permission denied for function lo_create"),
        ("SELECT set_config('role', 'archive_writer', false)", "permission denied for function set_config"),
        (
            "SELECT query_to_xml('SELECT 1', true, false, '')::text",
            "permission denied for function query_to_xml",
        ),
        ("SELECT pg_advisory_lock(1)::text", "permission denied for function pg_advisory_lock"),
        ("SELECT pg_notify('a', 'b')::text", "permission denied for function pg_notify"),
        ("SELECT query FROM pg_stat_activity", "permission denied for view pg_stat_activity"),
        ("SELECT rolname::text FROM pg_roles", "permission denied for view pg_roles"),
        ("SELECT rolpassword FROM pg_authid", "permission denied for table pg_authid"),
        ("SELECT table_name::text FROM information_schema.tables", "permission denied for schema"),
    ],
)
def test_the_reader_may_not(database: Database, sql: str, reason: str) -> None:
    with pytest.raises(QueryFailed, match=reason):
        rows(database, statement(sql, types.TEXT))


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TEMP TABLE mine (x int)",
        "CREATE TABLE public.mine (x int)",
        "INSERT INTO tap_schema.keys VALUES ('a', 'b', 'c')",
        "COPY (SELECT 1) TO '/tmp/reader-was-here'",
        "COPY tap_schema.keys FROM PROGRAM 'true'",
        "SET ROLE archive_writer",
        "DROP TABLE tap_schema.keys",
        "SELECT 1; SELECT 2",
    ],
)
def test_the_reader_runs_no_other_statement(database: Database, sql: str) -> None:
    with pytest.raises(ArchiveError):
        rows(database, statement(sql, types.INTEGER))


def test_the_reader_logs_in_as_itself_and_cannot_write(database: Database) -> None:
    asked = "SELECT session_user::text || current_user || current_setting('transaction_read_only')"
    assert rows(database, statement(asked, types.TEXT)) == [("archive_readerarchive_readeron",)]


def test_the_reader_sees_what_is_published(database: Database) -> None:
    found = rows(database, statement("SELECT schema_name FROM tap_schema.schemas ORDER BY 1", types.TEXT))
    assert ("tap_schema",) in found and ("archive",) not in found


def test_limits_stand_in_the_role_itself(database: Database) -> None:
    with database.writer() as connection:
        rolconfig = connection.execute(
            "SELECT rolconfig, rolconnlimit, rolsuper, rolcreaterole, rolcreatedb FROM pg_roles"
            " WHERE rolname = 'archive_reader'"
        ).fetchone()
    assert rolconfig is not None
    settings, limit, *powers = rolconfig
    assert "default_transaction_read_only=on" in settings
    assert any(setting.startswith("statement_timeout=") for setting in settings)
    assert any(setting.startswith("temp_file_limit=") for setting in settings)
    assert limit > 0
    assert powers == [False, False, False]


def test_the_writer_is_no_superuser_and_reads_no_files(database: Database) -> None:
    with database.writer() as connection:
        row = connection.execute(
            "SELECT rolsuper, has_function_privilege('pg_read_file(text)', 'EXECUTE') FROM pg_roles"
            " WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, False)


def test_functions_of_pg_sphere_run_in_parallel(database: Database) -> None:
    with database.writer() as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e'"
            " JOIN pg_extension e ON e.oid = d.refobjid WHERE extname = 'pg_sphere'"
            " AND provolatile = 'i' AND prokind = 'f' AND proparallel <> 's'"
        ).fetchone()
    assert row == (0,)


def test_a_field_keeps_its_name_and_type(database: Database) -> None:
    result = database.run(numbers(1), maxrec=None, first_seconds=5.0, total_seconds=5.0)
    with result:
        assert result.fields == (Field("number", types.LONG),)
        assert [batch.schema.names for batch in result] == [["number"]]
