"""Tables from declarations: what PostgreSQL and TAP_SCHEMA then say, and what happens when they change."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from archive.config import Config
from archive.database import Database, ddl, open_database, publication
from archive.database.preparation import prepare
from archive.database.server import Server, reader_settings
from archive.declare import types
from archive.declare.builtin import builtin_schemas
from archive.declare.catalogue import Catalogue
from archive.declare.columns import Column
from archive.declare.tables import Key, Schema, Table
from archive.errors import ConfigurationError, DeclarationError, QueryFailed
from archive.testing import ClusterForTests
from tests.database.support import rows, statement
from tests.database.tables import STARS

OBSERVATIONS = Table(
    "cat.observations",
    columns=(
        Column("obs_id", types.char(20), nullable=False, description="Observation's name"),
        Column("star", types.LONG, description="Star observed"),
        Column('odd % "name": ü', types.array_of(types.DOUBLE, "3"), description="it's 100 % odd \\ indeed"),
        Column("xmin", types.INTEGER, description="Has a name that PostgreSQL keeps for itself"),
        Column("s_region", types.REGION, description="Footprint"),
        Column("size", types.INTEGER, description="A reserved word"),
    ),
    description="Who looked at which star",
    primary_key=("obs_id",),
    indexes=(("star", "obs_id"),),
    covering=((("star",), ("size", "xmin")),),
    keys=(Key(("star",), "cat.stars", ("id",), "the star", enforced=True),),
)
CAT = Schema("cat", (STARS, OBSERVATIONS), description="Catalogues for tests", title="Test")


def indexes(database: Database, table: Table) -> list[str]:
    with database.writer() as connection:
        found = connection.execute(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = %s AND tablename = %s ORDER BY indexname",
            (table.physical_schema, table.physical_name),
        ).fetchall()
    return [str(text) for (text,) in found]


def test_a_published_table_can_be_queried_at_once(fresh_database: Database) -> None:
    before = fresh_database.catalogue.version
    catalogue = fresh_database.publish([STARS], [CAT])
    assert catalogue.version > before
    assert catalogue.table("CAT.Stars") == STARS
    assert fresh_database.catalogue is catalogue
    assert rows(fresh_database, statement("SELECT count(*) FROM cat.stars", types.LONG)) == [(0,)]


def test_tables_are_stored_as_declared(fresh_database: Database) -> None:
    fresh_database.publish([STARS, OBSERVATIONS], [CAT])
    with fresh_database.writer() as connection:
        columns = connection.execute(
            "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
            " WHERE table_schema = 'cat' AND table_name = 'observations' ORDER BY ordinal_position"
        ).fetchall()
        comment = connection.execute(
            "SELECT col_description('cat.observations'::regclass, 3), obj_description('cat.stars'::regclass)"
        ).fetchone()
    assert columns[:6] == [
        ("obs_id", "text", "NO"),
        ("star", "bigint", "YES"),
        ('odd % "name": ü', "ARRAY", "YES"),
        ("xmin_", "integer", "YES"),
        ("s_region", "text", "YES"),
        ("size", "integer", "YES"),
    ]
    assert [name for name, _, _ in columns[6:]] == list(ddl.hidden_columns("s_region"))
    assert comment == ("it's 100 % odd \\ indeed", "A few stars")


def test_indexes_keys_and_names(fresh_database: Database) -> None:
    fresh_database.publish([STARS, OBSERVATIONS], [CAT])
    stars, observations = indexes(fresh_database, STARS), indexes(fresh_database, OBSERVATIONS)
    assert len(stars) == 3 and len(observations) == 4
    assert any("(star) INCLUDE (size, xmin_)" in index for index in observations)
    assert any("USING gist" in text and "position" in text for text in stars)
    assert any("USING btree (mag)" in text for text in stars)
    assert any("USING gist (s_region__bounds)" in text for text in observations)
    assert any("USING btree (star, obs_id)" in text for text in observations)
    with fresh_database.writer() as connection:
        target = connection.execute(
            "SELECT confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'"
            " AND conrelid = 'cat.observations'::regclass"
        ).fetchone()
    assert target == ("cat.stars",)


def test_sqlalchemy_knows_the_same(fresh_database: Database) -> None:
    made = ddl.metadata([STARS, OBSERVATIONS]).tables["cat.observations"]
    assert [str(column.name) for column in made.primary_key] == ["obs_id"]
    assert {key.target_fullname for key in made.foreign_keys} == {"cat.stars.id"}
    assert {str(index.name) for index in made.indexes} < set(ddl.index_names(OBSERVATIONS))


def test_long_names_stay_apart() -> None:
    columns = tuple(Column(f"{'a' * 52}{number}", types.INTEGER, indexed=True) for number in range(3))
    table = Table("cat.t" + "x" * 60, columns=columns, description="Long")
    names = ddl.index_names(table)
    assert len(set(names)) == 3
    assert all(len(name) <= 63 for name in names)


def test_tap_schema_tells_of_every_column(fresh_database: Database) -> None:
    fresh_database.publish([STARS, OBSERVATIONS], [CAT])
    described = rows(
        fresh_database,
        statement(
            'SELECT column_name, datatype, arraysize, xtype, "size", indexed FROM tap_schema.columns'
            " WHERE table_name = 'cat.observations' ORDER BY column_index",
            *(types.TEXT,) * 4,
            types.INTEGER,
            types.INTEGER,
        ),
    )
    assert described == [
        ("obs_id", "char", "*", None, None, 1),
        ("star", "long", None, None, None, 1),
        ('"odd % ""name"": ü"', "double", "3", None, 3, 0),
        ("xmin", "int", None, None, None, 0),
        ("s_region", "char", "*", "adql:REGION", None, 1),
        ('"size"', "int", None, None, None, 0),
    ]
    joined = rows(
        fresh_database,
        statement(
            "SELECT from_table, from_column, target_table, target_column FROM tap_schema.keys"
            " JOIN tap_schema.key_columns USING (key_id) WHERE from_table LIKE 'cat.%'",
            *(types.TEXT,) * 4,
        ),
    )
    assert joined == [("cat.observations", "star", "cat.stars", "id")]


def test_tap_schema_describes_itself_and_all_that_is_published(database: Database) -> None:
    listed = rows(database, statement("SELECT table_name FROM tap_schema.tables", types.TEXT))
    assert sorted(listed) == sorted((table.name,) for table in database.catalogue if not table.restricted)
    counted = statement(
        "SELECT table_name, nrows FROM tap_schema.tables WHERE table_name LIKE 'tap_schema.%'",
        types.TEXT,
        types.LONG,
    )
    for name, count in rows(database, counted):
        assert rows(database, statement(f"SELECT count(*) FROM {name}", types.LONG)) == [(count,)]


def test_the_rows_of_a_big_view_are_not_counted(fresh_database: Database) -> None:
    """Going through what provenance views join takes long, and every ingest asks for the numbers."""
    number = Column("number", types.INTEGER, description="Number")
    many = Table("cat.many", (number,), "What fails as soon as it is read", kind="view")
    with psycopg.connect(fresh_database.server.owner) as connection:
        for text in (
            "CREATE SCHEMA cat",
            "CREATE TABLE cat.numbers AS SELECT generate_series(1, 700000) AS number",
            "ANALYZE cat.numbers",
            "CREATE VIEW cat.many AS SELECT number FROM cat.numbers WHERE 1 / (number - number) > 0",
        ):
            connection.execute(text.encode())
        counts = publication.count_rows(connection, Catalogue((Schema("cat", (many,), "Views"),)))
    assert counts["cat.many"] >= 200_000


def test_a_loaded_table_survives_its_process(test_cluster: ClusterForTests, fresh_database: Database) -> None:
    fresh_database.publish([STARS, OBSERVATIONS], [CAT])
    with fresh_database.writer() as connection:
        name = connection.info.dbname
    server = test_cluster.cluster.server(name, reader_settings(test_cluster.config))
    with Database(server, test_cluster.config) as other:
        assert other.catalogue == fresh_database.catalogue
        assert other.catalogue.table("cat.observations") == OBSERVATIONS
        # What another process publishes is seen within a second or so.
        fresh_database.unpublish("cat.observations")
        end = time.monotonic() + 3.0
        while other.catalogue.find("cat.observations") is not None:
            assert time.monotonic() < end
            time.sleep(0.1)


def test_a_table_that_contradicts_the_catalogue_leaves_nothing(fresh_database: Database) -> None:
    before = fresh_database.catalogue
    with pytest.raises(DeclarationError, match="not published"):
        fresh_database.publish([OBSERVATIONS], [CAT])
    assert fresh_database.catalogue == before
    with fresh_database.writer() as connection:
        row = connection.execute("SELECT to_regclass('cat.observations')").fetchone()
    assert row == (None,)


# --- a newer version of the archive ------------------------------------------------------------------

EMPTY_OR_NOT = Schema("cat", (STARS,), "Built in, for a moment")


def server_of(test_cluster: ClusterForTests, database: Database) -> Server:
    with database.writer() as connection:
        return test_cluster.cluster.server(connection.info.dbname, reader_settings(test_cluster.config))


def prepare_again(test_cluster: ClusterForTests, database: Database, table: Table) -> None:
    schemas = (*builtin_schemas(), replace(EMPTY_OR_NOT, tables=(table,)))
    prepare(server_of(test_cluster, database), schemas, reader_settings(test_cluster.config))


def with_column(table: Table, *, nullable: bool = True) -> Table:
    added = Column("plx", types.DOUBLE, description="Parallax", nullable=nullable)
    return replace(table, columns=(*table.columns, added))


def test_an_empty_table_becomes_any_other(test_cluster: ClusterForTests, fresh_database: Database) -> None:
    prepare_again(test_cluster, fresh_database, STARS)
    prepare_again(test_cluster, fresh_database, with_column(STARS, nullable=False))
    assert rows(fresh_database, statement("SELECT count(plx) FROM cat.stars", types.LONG)) == [(0,)]


def test_a_table_with_rows_is_never_dropped(test_cluster: ClusterForTests, fresh_database: Database) -> None:
    prepare_again(test_cluster, fresh_database, STARS)
    with fresh_database.writer() as connection:
        connection.execute("INSERT INTO cat.stars (id) VALUES (1)")
    with pytest.raises(ConfigurationError, match="column plx, in which every row needs a value") as raised:
        prepare_again(test_cluster, fresh_database, with_column(STARS, nullable=False))
    assert "uraniborg migrate --apply --destructive" in str(raised.value.hint)
    assert rows(fresh_database, statement("SELECT id FROM cat.stars", types.LONG)) == [(1,)]


def test_new_descriptions_and_indexes_leave_the_rows(
    test_cluster: ClusterForTests, fresh_database: Database
) -> None:
    prepare_again(test_cluster, fresh_database, STARS)
    with fresh_database.writer() as connection:
        connection.execute("INSERT INTO cat.stars (id) VALUES (1)")
    changed = replace(STARS, description="Better described", indexes=(("name", "id"),))
    prepare_again(test_cluster, fresh_database, changed)
    assert rows(fresh_database, statement("SELECT id FROM cat.stars", types.LONG)) == [(1,)]
    assert any("(name, id)" in text for text in indexes(fresh_database, STARS))
    told = statement("SELECT description FROM tap_schema.tables WHERE table_name = 'cat.stars'", types.TEXT)
    assert rows(fresh_database, told) == [("Better described",)]


def test_tap_schema_may_change_as_it_is_written_anew(
    test_cluster: ClusterForTests, fresh_database: Database
) -> None:
    told = statement("SELECT count(*) FROM tap_schema.tables WHERE cat_id IS NULL", types.LONG)
    before = rows(fresh_database, told)
    with fresh_database.writer() as connection:
        connection.execute("ALTER TABLE tap_schema.tables DROP COLUMN cat_id")
        connection.execute("UPDATE archive.catalogue_version SET fingerprint = ''")
    prepare(server_of(test_cluster, fresh_database), builtin_schemas(), reader_settings(test_cluster.config))
    assert rows(fresh_database, told) == before != [(0,)]


def test_preparing_twice_changes_nothing(test_cluster: ClusterForTests, fresh_database: Database) -> None:
    version = fresh_database.catalogue.version
    prepare(server_of(test_cluster, fresh_database), builtin_schemas(), reader_settings(test_cluster.config))
    with fresh_database.writer() as connection:
        row = connection.execute("SELECT version FROM archive.catalogue_version").fetchone()
    assert row == (version,)


# --- a given server ----------------------------------------------------------------------------------


def test_a_dsn_reaches_both_roles_through_one_user(
    test_cluster: ClusterForTests, fresh_database: Database
) -> None:
    owner = server_of(test_cluster, fresh_database).owner
    with open_database(Config(dsn=owner)) as given:
        assert given.cluster is None
        asked = statement("SELECT current_user::text || ' ' || session_user::text", types.TEXT)
        assert rows(given, asked) == [("archive_reader uraniborg",)]
        with given.writer() as connection:
            assert connection.execute("SELECT current_user::text").fetchone() == ("archive_writer",)
        denied = statement("SELECT set_config('role', 'none', false)", types.TEXT)
        with pytest.raises(QueryFailed, match="permission denied"):
            rows(given, denied)


def test_a_plain_user_is_told_step_by_step_what_an_administrator_has_to_do(
    test_cluster: ClusterForTests, fresh_database: Database
) -> None:
    cluster = test_cluster.cluster
    name = f"plain_{os.getpid()}"
    cluster.create_database(name)
    owner = cluster.server(name).owner
    given = Config(dsn=make_conninfo(owner, options=f"-c role={name}"))
    with psycopg.connect(owner, autocommit=True) as administrator:
        administrator.execute(f"CREATE ROLE {name}".encode())
        try:
            for message, remedy in (
                (
                    "not a member of archive_reader",
                    f"GRANT archive_reader, archive_writer, archive_operator TO {name}",
                ),
                ("may not install pg_sphere", "CREATE EXTENSION pg_sphere SCHEMA public"),
                ("may not make schemas", f"ALTER DATABASE {name} OWNER TO {name}"),
            ):
                with pytest.raises(ConfigurationError, match=message) as raised:
                    open_database(given)
                assert remedy.split()[0] in str(raised.value.hint)
                administrator.execute(remedy.encode())
            with open_database(given) as database:
                database.publish([STARS], [CAT])
                assert rows(database, statement("SELECT count(*) FROM cat.stars", types.LONG)) == [(0,)]
            # A new version compares everything, and finds what differs.
            administrator.execute("UPDATE archive.catalogue_version SET fingerprint = ''")
            administrator.execute("DROP INDEX dbo.raw_dp_id_folded_idx; ALTER TABLE dbo.raw DROP COLUMN ra")
            with open_database(given) as database:
                assert rows(database, statement("SELECT count(ra) FROM dbo.raw", types.LONG)) == [(0,)]
        finally:
            administrator.execute(f"DROP OWNED BY {name} CASCADE".encode())
            administrator.execute(f"ALTER DATABASE {name} OWNER TO CURRENT_USER".encode())
            administrator.execute(f"DROP ROLE {name}".encode())
    cluster.drop_database(name)


@pytest.mark.parametrize(
    ("dsn", "message"),
    [
        ("host=/nowhere/at/all dbname=x", "cannot connect to the database"),
        ("no=thing password=secret", "no PostgreSQL connection string"),
    ],
)
def test_a_wrong_dsn_is_told_without_the_password(dsn: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message) as raised:
        open_database(Config(dsn=dsn))
    assert "secret" not in str(raised.value)
