"""What nobody publishes moves too: the archive's own tables, and how loaded catalogues are stored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pyarrow as pa
import pytest

from archive.config import Config
from archive.database.migration_steps import ALL, SAFE
from archive.database.preparation import examine, migrate, prepare
from archive.database.server import reader_settings
from archive.errors import ConfigurationError
from archive.store import tables as store_tables
from archive.testing import ClusterForTests
from frontdesk.opening import BOOKKEEPING
from tests.migrate.support import THINGS, Site, words


def test_bookkeeping_moves(site: Site) -> None:
    site.run("INSERT INTO archive.user_table_left (owner, stored_schema, stored_name) VALUES ('a', 'b', 'c')")
    # As another version might have made it.
    site.run(
        "ALTER TABLE archive.user_table_left DROP COLUMN since, ADD COLUMN reason text NOT NULL DEFAULT 'x'"
    )
    site.run("ALTER TABLE archive.job DROP CONSTRAINT job_job_id_key, ALTER COLUMN losses TYPE smallint")
    site.run("ALTER TABLE archive.job ALTER COLUMN written DROP DEFAULT, ALTER COLUMN run_id DROP NOT NULL")
    site.run("DROP INDEX archive.job_active; CREATE INDEX job_active ON archive.job (phase)")
    site.run("ALTER TABLE adql.header_keywords ALTER COLUMN words DROP NOT NULL")
    said = words(site.shown(THINGS))
    for part in (
        "column since is added",
        "column reason is not declared any more: it is removed with its values",
        "UNIQUE (job_id) holds; rows that break it stop everything",
        "column losses becomes integer instead of smallint",
        "column written gets 0 when none is given",
        "column run_id must have a value",
        "index job_active, which differs from the declared one, is removed",
        "index job_active is made anew",
        "column words must have a value",
    ):
        assert part in said
    left = site.migrate(THINGS).left
    assert [step.words for step in left] == [
        "column reason is not declared any more: it is removed with its values"
    ]
    assert site.run("SELECT owner, since IS NOT NULL FROM archive.user_table_left") == [("a", True)]
    site.migrate(THINGS, terms=ALL)
    assert words(site.shown(THINGS)) == []


def test_bookkeeping_of_other_rooms_moves(site: Site) -> None:
    wanted = replace(site.wanted(THINGS), further=BOOKKEEPING)
    assert words(examine(site.server, wanted, SAFE, 5.0)) == []  # making it is their own business
    with site.database.writer() as connection:
        store_tables.initialise(connection)
    assert words(examine(site.server, wanted, SAFE, 5.0)) == []
    site.run("DROP INDEX archive.copy_bad; ALTER TABLE archive.copy DROP CONSTRAINT copy_state_check")
    site.run("ALTER TABLE archive.copy DROP CONSTRAINT copy_volume_fkey")
    assert len(migrate(site.server, wanted, SAFE, 5.0).taken) == 3
    assert words(examine(site.server, wanted, SAFE, 5.0)) == []


def test_loaded_catalogues_keep_their_columns_and_get_their_indexes(site: Site) -> None:
    loaded = replace(THINGS, name="mine.things", positions=(("ra", "dec"),))
    batch = pa.RecordBatch.from_pydict({"id": [1, 2], "ra": [1.0, 2.0], "dec": [1.0, 2.0]})
    site.database.load_table(loaded, [batch])
    assert words(site.shown(THINGS)) == []
    site.run("DROP INDEX mine.things_ra_dec_position_idx; ALTER TABLE mine.things DROP COLUMN low")
    assert "index things_ra_dec_position_idx is made" in words(site.migrate(THINGS))
    assert words(site.shown(THINGS)) == []
    # A version that writes an index otherwise is told by what was remembered.
    site.run("UPDATE archive.declaration SET indexes = 'CREATE INDEX old ON mine.things (id)'")
    site.run("UPDATE archive.catalogue_version SET fingerprint = ''; CREATE INDEX old ON mine.things (id)")
    site.run("DROP INDEX mine.things_name_idx")
    site.prepare(THINGS)
    assert {"things_ra_dec_position_idx", "things_name_idx"} == set(site.shapes_of("mine.things").indexes)
    assert site.run("SELECT id, ra FROM mine.things ORDER BY id") == [(1, 1.0), (2, 2.0)]


def test_tables_that_users_keep_stay(site: Site) -> None:
    site.run(
        "CREATE SCHEMA my_ada; CREATE TABLE my_ada.t1 AS SELECT 1 AS x; CREATE INDEX own ON my_ada.t1 (x)"
    )
    site.migrate(THINGS, terms=ALL)
    assert site.run("SELECT x FROM my_ada.t1") == [(1,)] and "own" in site.shapes_of("my_ada.t1").indexes


def test_a_schema_of_somebody_else_is_told(site: Site) -> None:
    site.run("ALTER SCHEMA cat OWNER TO CURRENT_USER")
    with pytest.raises(ConfigurationError, match="schema cat does not belong to archive_writer") as raised:
        site.shown(THINGS)
    site.run(str(raised.value.hint).partition(": ")[2])
    assert words(site.shown(THINGS)) == []


def test_databases_of_one_server_are_prepared_at_the_same_time(test_cluster: ClusterForTests) -> None:
    """They share the roles, of which PostgreSQL lets only one change the settings at a time."""
    names = [f"together_{number}" for number in range(4)]
    for name in names:
        test_cluster.cluster.create_database(name, "template0")
    try:
        with ThreadPoolExecutor(len(names)) as threads:
            done = [
                threads.submit(prepare, test_cluster.cluster.server(name), (), reader_settings(Config()))
                for name in names
            ]
            assert [one.result(120) for one in done] == [None] * len(names)
    finally:
        for name in names:
            test_cluster.cluster.drop_database(name)
