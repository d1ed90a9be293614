"""Tables come to have hidden rows, by safe and quick steps; loads, versions, dumps keep what is hidden so."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest
from psycopg.conninfo import make_conninfo

from archive import LONG, TEXT, Column, Table, history_table, part_of
from archive.config import Config
from archive.database import Database, open_database
from archive.database.copying import copy_records
from archive.database.dumping import dump, restore_database, snapshot
from archive.database.filling import filling
from archive.database.migration_steps import START
from archive.database.second_wall import is_built
from archive.database.upserting import upsert
from archive.declare.tables import Schema
from archive.declare.tapschema import TAP_SCHEMA
from archive.protocol import Archive, Workers
from archive.protocol.health import health
from archive.query import compile
from archive.query.viewer import Viewer
from archive.store import Store
from archive.testing import ClusterForTests
from tap.adql.resolve import translate
from tests.database.support import rows as rows_of
from tests.migrate.support import THINGS, Site, copied, sample, words

HIDING = replace(THINGS, hides="name", covering=((("seen",), ("id",)),), history="cat.things_version")
GUARDED = "SELECT relrowsecurity FROM pg_class WHERE oid = 'cat.things'::regclass"

NOTES = Table(
    "site.notes",
    (
        Column("note_id", LONG, nullable=False, description="Number"),
        Column("programme", TEXT, description="Programme"),
        Column("words", TEXT, description="What is in it"),
    ),
    "Notes, hidden at first",
    primary_key=("note_id",),
    history="site.notes_version",
    hides="programme",
    hidden_at_first=True,
)
VERSIONS = history_table(NOTES, "All versions of notes")
SCHEMAS = (Schema("site", (NOTES, VERSIONS), "Tables of tests"), TAP_SCHEMA)


@pytest.fixture(scope="module")
def template(test_cluster: ClusterForTests) -> Iterator[str]:
    with sample(test_cluster) as name:
        yield name


@pytest.fixture
def site(test_cluster: ClusterForTests, template: str) -> Iterator[Site]:
    with copied(test_cluster, template) as own:
        yield own


def seen(site: Site, keys: str = "") -> int:
    """Rows of things that the role of queries sees."""
    with psycopg.connect(site.server.reader) as reader:
        reader.execute(f"SET uraniborg.keys = '{keys}'".encode())
        return int(str(reader.execute("SELECT count(*) FROM cat.things").fetchall()[0][0]))


def test_a_table_that_comes_to_have_hidden_rows(site: Site) -> None:
    hiding = replace(HIDING, history="")
    shown = site.shown(hiding, terms=START)
    assert "columns hidden_until, hidden_for are added" in words(shown) and not shown.left
    site.prepare(hiding)
    assert words(site.shown(hiding)) == []
    assert seen(site) == 2
    assert site.run(GUARDED) == [(True,)]
    site.run("UPDATE cat.things SET hidden_until = 'infinity', hidden_for = '116.25AB' WHERE id = 1")
    assert (seen(site), seen(site, '{"116.25AB"}')) == (1, 2)
    site.prepare(hiding)
    assert (seen(site), seen(site, '{"116.25AB"}')) == (1, 2)


def test_conditions_of_an_older_version_are_made_anew(site: Site) -> None:
    hiding = replace(HIDING, history="")
    site.prepare(hiding)
    site.run("UPDATE cat.things SET hidden_until = 'infinity' WHERE id = 1")
    site.run("DROP POLICY shown ON cat.things; DROP POLICY written ON cat.things")
    site.run("CREATE POLICY shown ON cat.things TO archive_reader USING (true)")
    assert seen(site) == 2
    site.run("UPDATE archive.catalogue_version SET fingerprint = ''")
    site.prepare(hiding)
    assert seen(site) == 1


def test_a_table_that_hides_nothing_any_more(site: Site) -> None:
    site.prepare(replace(HIDING, history=""))
    site.prepare(THINGS)
    assert site.run(GUARDED) == [(False,)]
    assert site.run("SELECT FROM pg_policy WHERE polrelid = 'cat.things'::regclass") == []


def test_the_planner_knows_of_the_new_columns(site: Site) -> None:
    site.run("ANALYZE cat.things")
    site.prepare(replace(HIDING, history=""))
    known = site.run("SELECT attname FROM pg_stats WHERE tablename = 'things' AND attname LIKE 'hidden%'")
    assert len(known) == 2


def test_an_index_from_before_is_made_anew(site: Site) -> None:
    covering = replace(THINGS, covering=HIDING.covering)
    site.prepare(covering)
    site.prepare(replace(covering, hides="name"))
    [(definition,)] = site.run("SELECT indexdef FROM pg_indexes WHERE indexname LIKE 'things_seen_cov%'")
    assert str(definition).endswith("INCLUDE (id, hidden_until, hidden_for)")


def test_a_big_table_is_not_read_for_it(site: Site) -> None:
    """But for its index, which waits for who takes the time."""
    site.prepare(replace(THINGS, covering=HIDING.covering))
    big = replace(START, big=0)
    migration = site.migrate(replace(THINGS, covering=HIDING.covering, hides="name"), terms=big)
    assert "columns hidden_until, hidden_for are added" in [step.words for step in migration.taken]
    assert all("index" in step.words and step.apart for step in migration.left)


def test_a_table_replaced_by_a_load_is_guarded(site: Site) -> None:
    table = replace(NOTES, history="", hidden_at_first=False)
    batch = pa.RecordBatch.from_pydict({"note_id": [1, 2], "programme": ["A", "B"], "words": ["x", "y"]})
    for mode in ("create", "replace", "append"):
        rows = batch if mode != "append" else pa.RecordBatch.from_pydict({"note_id": [3]})
        site.database.load_table(table, [rows], mode=mode)
        guarded = site.run("SELECT relrowsecurity FROM pg_class WHERE oid = 'site.notes'::regclass")
        assert guarded == [(True,)]
        # The connection has prepared what it asked of the table before.
        query = translate("SELECT note_id FROM site.notes", site.database.catalogue)
        found = rows_of(site.database, compile(query, viewer=Viewer("kirsten", keys=("A",))))
        assert len(found) == (3 if mode == "append" else 2)


def test_filling_keeps_it_guarded(site: Site) -> None:
    site.database.publish([VERSIONS, NOTES])
    with site.database.writer() as connection, filling(connection, [NOTES]):
        copy_records(connection, NOTES, [NOTES.row(note_id=1, programme="A", words="secret")])
    hidden = site.run("SELECT hidden_until = 'infinity', hidden_for FROM site.notes")
    assert hidden == [(True, "A")]
    with psycopg.connect(site.server.reader) as reader:
        assert reader.execute("SELECT count(*) FROM site.notes").fetchone() == (0,)


def batch_of(*notes: tuple[int, str, str]) -> pa.RecordBatch:
    numbers, programmes, texts = zip(*notes, strict=True)
    return pa.RecordBatch.from_pydict(
        {"note_id": list(numbers), "programme": list(programmes), "words": list(texts)}
    )


def write(database: Database, table: Table, batch: pa.RecordBatch) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    with database.writer() as connection:
        upsert(connection, table, [batch], [], input_id="x", moment=moment)


def test_rows_written_again_stay_as_hidden_as_they_are(site: Site) -> None:
    site.database.publish([VERSIONS, NOTES])
    write(site.database, NOTES, batch_of((1, "A", "one"), (2, "B", "two")))
    told = "SELECT note_id, hidden_until = 'infinity', hidden_for FROM site.notes ORDER BY 1"
    assert site.run(told) == [(1, True, "A"), (2, True, "B")]
    site.run("UPDATE site.notes SET hidden_until = NULL WHERE note_id = 1")
    write(site.database, NOTES, batch_of((1, "A", "changed"), (2, "B", "two"), (3, "C", "new")))
    assert site.run(told) == [(1, None, "A"), (2, True, "B"), (3, True, "C")]
    versions = site.run(
        "SELECT note_id, row_version, hidden_until = 'infinity', hidden_for FROM site.notes_version"
        " ORDER BY 1, 2"
    )
    assert versions == [(1, 1, True, "A"), (1, 2, None, "A"), (2, 1, True, "B"), (3, 1, True, "C")]
    part = pa.RecordBatch.from_pydict({"note_id": [2, 4], "words": ["part", "part"]})
    write(site.database, part_of(NOTES, "words"), part)
    assert site.run(told)[1::2] == [(2, True, "B"), (4, True, None)]


ONE_WALL = "the database does not withhold hidden rows by itself; the archive's queries do"


def archive_of(database: Database) -> Archive:
    return Archive(Config(), database, Workers(1), Store(Path("files")))


def test_without_a_superuser_the_second_wall_is_off_and_told(
    test_cluster: ClusterForTests, caplog: pytest.LogCaptureFixture
) -> None:
    cluster, name = test_cluster.cluster, f"unguarded_{os.getpid()}"
    cluster.create_database(name, "template0")
    owner = cluster.server(name).owner
    with psycopg.connect(owner, autocommit=True) as administrator:
        for remedy in (
            f"CREATE ROLE {name}",
            f"GRANT archive_reader, archive_writer, archive_operator TO {name}",
            "CREATE EXTENSION pg_sphere SCHEMA public",
            f"ALTER DATABASE {name} OWNER TO {name}",
        ):
            administrator.execute(remedy.encode())
        with (
            caplog.at_level(logging.WARNING, "uraniborg"),
            open_database(Config(dsn=make_conninfo(owner, options=f"-c role={name}")), SCHEMAS) as database,
            database.writer() as connection,
        ):
            assert not is_built(connection)
            assert connection.execute("SELECT count(*) FROM pg_class WHERE relrowsecurity").fetchone() == (0,)
            assert health(archive_of(database)).notes == (ONE_WALL,)
        assert "the second wall around hidden rows is off" in caplog.text
        caplog.clear()
        # An administrator's start, of the same version, builds it.
        with open_database(Config(dsn=owner), SCHEMAS) as database, database.writer() as connection:
            assert is_built(connection)
            assert health(archive_of(database)).notes == ()
            row = connection.execute("SELECT relrowsecurity FROM pg_class WHERE oid = 'site.notes'::regclass")
            assert row.fetchone() == (True,)
        assert "second wall" not in caplog.text
        administrator.execute(f"DROP OWNED BY {name} CASCADE".encode())
        administrator.execute(f"ALTER DATABASE {name} OWNER TO CURRENT_USER".encode())
        administrator.execute(f"DROP ROLE {name}".encode())
    cluster.drop_database(name)


def restored(config: Config, source: Path) -> None:
    """Roles belong to all databases of the tests, and PostgreSQL lets nobody wait for them."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return restore_database(config, source, lambda connection: None)
        except psycopg.errors.InternalError_:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_dump_has_all_rows_and_a_restored_archive_both_walls(
    test_cluster: ClusterForTests, tmp_path: Path
) -> None:
    with test_cluster.database(SCHEMAS) as original:
        write(original, NOTES, batch_of((1, "A", "one"), (2, "B", "two")))
        with snapshot(original) as moment:
            dump(original, tmp_path / "dump", moment)
    cluster, name = test_cluster.cluster, f"restored_{os.getpid()}"
    cluster.create_database(name, "template0")
    config = Config(dsn=cluster.server(name).owner)
    restored(config, tmp_path / "dump")
    with open_database(config, SCHEMAS) as database:
        with database.writer() as connection:
            assert is_built(connection)
            assert connection.execute("SELECT count(*) FROM site.notes").fetchone() == (2,)
        with psycopg.connect(database.server.reader) as reader:
            reader.execute("SET uraniborg.keys = '{A}'")
            assert reader.execute("SELECT note_id FROM site.notes").fetchall() == [(1,)]
    cluster.drop_database(name)
