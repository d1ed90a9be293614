"""kill -9 in the middle of a load: the database starts again and holds whole tables and files, or nothing.

Once each for the loader and for PostgreSQL; `make soak` kills hundreds of times (tests/soak).
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator

import pyarrow as pa
import pytest

from archive.config import Config
from archive.database import Cluster, Database, load_upload
from archive.database.server import reader_settings
from archive.declare.types import LONG
from archive.declare.uploads import UploadedColumn, UploadedTable
from archive.errors import Busy, QueryFailed
from tests.database.kills import kill_loader, kill_master, kill_processes, kill_writers, own_cluster
from tests.database.support import numbers, rows, statement


@pytest.fixture(scope="module")
def mortal() -> Iterator[Cluster]:
    with own_cluster() as cluster:
        yield cluster


@pytest.mark.parametrize("kill", [kill_loader, kill_master], ids=lambda kill: kill.__name__)
def test_a_killed_load_is_whole_or_nothing(
    mortal: Cluster, kill: Callable[[Cluster, random.Random], None]
) -> None:
    kill(mortal, random.Random(2))


def test_an_open_database_outlives_its_server(mortal: Cluster) -> None:
    """Queries are told to come again while PostgreSQL is away, and answered when it is back."""
    server = mortal.server("archive", reader_settings(Config()))
    with Database(server, Config()) as database:
        assert rows(database, numbers(1)) == [(1,)]
        before = database.catalogue
        kill_processes(mortal)
        with pytest.raises(Busy):
            rows(database, numbers(1))
        with pytest.raises(Busy):
            database.ping()
        assert database.catalogue is before
        mortal.ensure()
        assert rows(database, numbers(2)) == [(1,), (2,)]
        end = time.monotonic() + 20.0
        while True:
            with contextlib.suppress(Busy):
                database.ping()
                break
            assert time.monotonic() < end


def test_an_upload_is_not_read_after_a_crash(mortal: Cluster) -> None:
    """A process of PostgreSQL is killed between the loading of an upload and the query that reads it."""
    server = mortal.server("archive", reader_settings(Config()))
    with Database(server, Config()) as database, database.upload_schema() as schema:
        columns = (UploadedColumn("c1", LONG, label="id"),)
        table = UploadedTable("TAP_UPLOAD.t", columns, "t", stored_schema=schema, stored_name="t1")
        batch = pa.record_batch({"c1": pa.array(range(1000), pa.int64())})
        with database.writer() as connection:
            assert load_upload(connection, table, [batch]) == 1000
        query = statement(f"SELECT count(*) AS n FROM {schema}.t1", LONG)
        assert rows(database, query) == [(1000,)]
        database.check_upload(schema)
        kill_writers(mortal)
        end = time.monotonic() + 60
        found: list[tuple[object, ...]] = []
        whole = True
        while found != [(0,)]:
            assert time.monotonic() < end
            with contextlib.suppress(Busy, QueryFailed):
                found, whole = rows(database, query), False
                database.check_upload(schema)
                whole = True
                assert found == [(1000,)]  # the server has not noticed yet
            time.sleep(0.02)
        # PostgreSQL has emptied the table, and the query is told to come again.
        assert not whole
        with database.upload_schema() as another:
            database.check_upload(another)
            with pytest.raises(Busy):
                database.check_upload(schema)
