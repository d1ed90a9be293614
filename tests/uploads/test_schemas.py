"""What is left of uploads: nothing, however their query ended, and whoever was killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import threading

import httpx
import pytest

from archive.database import Database, load_upload
from archive.database.uploads import sweep
from archive.declare.types import INTEGER
from archive.declare.uploads import UploadedColumn, UploadedTable
from tests.uploads.documents import field, tabledata, votable
from tests.waiting import eventually

MANY = votable([field("n", "int")], tabledata([[str(i)] for i in range(2000)]))


def test_nothing_is_left_after_success_and_failure(ask, schemas):
    assert ask("SELECT COUNT(*) FROM TAP_UPLOAD.t", t=MANY).status_code == 200
    assert ask("SELECT SUM(1 / (n - 5)) FROM TAP_UPLOAD.t", t=MANY).status_code == 400
    assert ask("SELECT m FROM TAP_UPLOAD.t", t=MANY).status_code == 400
    broken = votable([field("n", "int")], tabledata([["1"]] * 50_000 + [["x"]]))
    assert ask("SELECT n FROM TAP_UPLOAD.t", t=broken).status_code == 400
    eventually(lambda: schemas() == [])


def test_nothing_is_left_when_the_client_goes_away(service, schemas):
    """In the middle of a long query, and in the middle of its result."""
    data = {
        "LANG": "ADQL", "RESPONSEFORMAT": "csv", "UPLOAD": "t,param:t", "MAXREC": "10000000",
        "QUERY": "SELECT a.n, b.n FROM TAP_UPLOAD.t AS a, TAP_UPLOAD.t AS b",
    }  # fmt: skip
    address = f"{service.base_url}sync"
    with httpx.stream("POST", address, data=data, files={"t": ("t", MANY)}) as answer:
        next(answer.iter_raw())
        assert len(schemas()) == 1
    eventually(lambda: schemas() == [])
    data["QUERY"] = "SELECT COUNT(*) FROM TAP_UPLOAD.t AS a, TAP_UPLOAD.t AS b, TAP_UPLOAD.t AS c"
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(address, data=data, files={"t": ("t", MANY)}, timeout=1)
    eventually(lambda: schemas() == [])


def table(schema: str) -> UploadedTable:
    column = UploadedColumn("c1", INTEGER, label="n")
    return UploadedTable("TAP_UPLOAD.t", (column,), "t", stored_schema=schema, stored_name="t1")


def test_sweeping_leaves_the_living_alone(fresh_database):
    with fresh_database.upload_schema() as name:
        with fresh_database.writer() as connection:
            load_upload(connection, table(name), [])
        for _ in range(2):
            with fresh_database.writer() as connection:
                assert sweep(connection) == 0
        with fresh_database.writer() as connection:
            assert connection.execute("SELECT to_regnamespace(%s)", (name,)).fetchone() != (None,)


def test_sweeping_finds_what_the_killed_left(fresh_database, cluster):
    """A process is killed while its upload lies in the database; several sweep at once."""
    with fresh_database.writer() as connection:
        database = connection.info.dbname
    program = f"""
        import sys, time
        from archive.config import Config
        from archive.database import Cluster, Database, load_upload
        from archive.database.cluster import Cluster
        from archive.database.server import reader_settings
        from tests.uploads.test_schemas import table
        from pathlib import Path
        cluster = Cluster(Path({str(cluster.folder)!r}))
        database = Database(cluster.server({database!r}, reader_settings(Config())), Config())
        with database.upload_schema() as name:
            with database.writer() as connection:
                load_upload(connection, table(name), [])
            print(name, flush=True)
            time.sleep(600)
    """
    process = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(program)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process:
        name = process.stdout.readline().strip()
        assert name.startswith("upload_of_")
        with fresh_database.writer() as connection:
            assert sweep(connection) == 0
        process.send_signal(signal.SIGKILL)
    found: list[int] = []

    def clear() -> None:
        with fresh_database.writer() as connection:
            found.append(sweep(connection))

    def gone() -> bool:
        threads = [threading.Thread(target=clear) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sum(found) == 1

    eventually(gone)
    with fresh_database.writer() as connection:
        assert connection.execute("SELECT to_regnamespace(%s)", (name,)).fetchone() == (None,)


def test_a_schema_in_use_is_dropped_later(fresh_database: Database):
    with fresh_database.upload_schema() as name:
        with fresh_database.writer() as connection:
            load_upload(connection, table(name), [])
        with fresh_database.writer() as reading:
            reading.execute(f'SELECT * FROM "{name}".t1'.encode())
            with fresh_database.writer() as connection:
                fresh_database._uploads.drop(connection, name)
                assert connection.execute("SELECT to_regnamespace(%s)", (name,)).fetchone() != (None,)
    with fresh_database.writer() as connection:
        assert connection.execute("SELECT to_regnamespace(%s)", (name,)).fetchone() == (None,)


def test_a_database_that_was_restarted_is_told_again(fresh_database: Database):
    with fresh_database.upload_schema() as first:
        pass
    with fresh_database.writer() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            " AND pid <> pg_backend_pid()"
            " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
    with fresh_database.upload_schema() as second, fresh_database.writer() as connection:
        load_upload(connection, table(second), [])
        assert sweep(connection) == 0
    assert first.rpartition("_")[0] != second.rpartition("_")[0]
