"""Killing loads and servers at random moments, and what must hold afterwards. Tests choose the counts."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from archive.config import Config
from archive.database import Cluster, Database
from archive.database.preparation import prepare
from archive.database.server import reader_settings
from archive.declare.builtin import builtin_schemas
from tests.database.tables import SMALL, WITNESSES

ROWS = 20_000  # of the table that is loaded
_FILE = 50  # records written in one transaction, as if they came from one file

# Loads the table anew, then rows of "files", for ever; says when it begins and what was committed.
_LOADER = f"""
import itertools, sys
from pathlib import Path
import numpy, pyarrow
from archive.config import Config
from archive.database import Cluster, Database, load_table, write_records
from archive.database.server import reader_settings
from tests.database.tables import SMALL, STARS, WITNESSES

cluster = Cluster(Path(sys.argv[1]), overrides=SMALL)
config = Config()
database = Database(cluster.server("archive", reader_settings(config)), config)
random = numpy.random.default_rng(1)
print("ready", flush=True)
for turn in itertools.count(1):
    batches = (
        pyarrow.RecordBatch.from_pydict({{
            "id": numpy.arange(start, start + 1000),
            "ra": random.uniform(0, 360, 1000),
            "dec": random.uniform(-90, 90, 1000),
            "name": [str(turn)] * 1000,
        }})
        for start in range(0, {ROWS}, 1000)
    )
    with database.writer() as connection:
        load_table(connection, STARS, batches, mode="replace")
    print("table", turn, flush=True)
    with database.writer() as connection:
        records = [WITNESSES.row(file=turn, number=number) for number in range({_FILE})]
        write_records(connection, WITNESSES, records)
    print("file", turn, flush=True)
"""


@contextmanager
def own_cluster() -> Iterator[Cluster]:
    """A cluster with its database ready, as durable as in earnest, that nobody else uses."""
    folder = Path(tempfile.mkdtemp(prefix="uraniborg-kills-", dir="/tmp"))
    folder.chmod(0o711)
    cluster = Cluster(folder / "database", overrides=SMALL)
    try:
        cluster.ensure()
        cluster.create_database("archive")
        settings = reader_settings(Config())
        server = cluster.server("archive", settings)
        prepare(server, builtin_schemas(), settings)
        with Database(server, Config()) as database:
            database.publish([WITNESSES])
        yield cluster
    finally:
        cluster.release()
        cluster.stop()
        shutil.rmtree(folder)


def kill_loader(cluster: Cluster, chance: random.Random) -> None:
    """One load, killed at some moment, while PostgreSQL goes on."""
    loader = _start_loader(cluster)
    time.sleep(chance.uniform(0.0, 1.5))
    loader.kill()
    _check(cluster, _told(loader))


def kill_master(cluster: Cluster, chance: random.Random) -> None:
    """PostgreSQL killed at some moment of a load, all its processes at once, as a power cut would."""
    loader = _start_loader(cluster)
    time.sleep(chance.uniform(0.0, 1.5))
    kill_processes(cluster)
    loader.kill()
    told = _told(loader)
    cluster.ensure()
    _check(cluster, told)


def kill_backend(cluster: Cluster, chance: random.Random) -> None:
    """The one server process that writes is killed; PostgreSQL restarts by itself."""
    loader = _start_loader(cluster)
    time.sleep(chance.uniform(0.0, 1.5))
    kill_writers(cluster)
    loader.kill()
    told = _told(loader)
    cluster.ensure()
    _check(cluster, told)


def kill_writers(cluster: Cluster) -> None:
    """The server processes of the writer: PostgreSQL ends all others then, and recovers."""
    with _owner(cluster) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity"
            " WHERE usename = 'archive_writer' AND backend_type = 'client backend'"
        ).fetchall()
    killed = 0
    for (pid,) in found:
        # When one has gone PostgreSQL ends the others, and may be faster.
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            killed += 1
    assert killed or not found


def _owner(cluster: Cluster) -> psycopg.Connection:
    """Waits for a server that recovers from the kill before."""
    end = time.monotonic() + 60
    while True:
        try:
            return psycopg.connect(cluster.server("archive").owner)
        except psycopg.OperationalError:
            assert time.monotonic() < end
            time.sleep(0.1)


def _start_loader(cluster: Cluster) -> subprocess.Popen[str]:
    loader = subprocess.Popen(
        [sys.executable, "-c", _LOADER, cluster.folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert loader.stdout is not None
    assert loader.stdout.readline() == "ready\n"
    return loader


def _told(loader: subprocess.Popen[str]) -> list[str]:
    """What the loader said to be committed."""
    output, _ = loader.communicate()
    return output.split("\n")[:-1]


def kill_processes(cluster: Cluster) -> None:
    """Every process of PostgreSQL at once, the master first, so that it does not restart."""
    master = int((cluster.data / "postmaster.pid").read_text().split("\n")[0])
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    for process in (master, *map(int, children)):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def _check(cluster: Cluster, told: list[str]) -> None:
    """The database answers, and holds whole tables and whole files: all that was told, nothing in parts."""
    settings = reader_settings(Config())
    prepare(cluster.server("archive", settings), builtin_schemas(), settings)
    with Database(cluster.server("archive", settings), Config()) as database, database.writer() as connection:
        there = connection.execute("SELECT to_regclass('cat.stars') IS NOT NULL").fetchone() == (True,)
        published = database.catalogue.find("cat.stars") is not None
        assert there == published
        tables = [int(line.split()[1]) for line in told if line.startswith("table")]
        files = [int(line.split()[1]) for line in told if line.startswith("file")]
        assert there or not tables
        if there:
            counted = connection.execute(
                "SELECT count(*), count(DISTINCT name), (SELECT nrows FROM tap_schema.tables"
                " WHERE table_name = 'cat.stars') FROM cat.stars"
            ).fetchone()
            assert counted == (ROWS, 1, ROWS)
            indexes = connection.execute(
                "SELECT count(*) FROM pg_index WHERE indrelid = 'cat.stars'::regclass AND indisvalid"
            ).fetchone()
            assert indexes == (3,)
        if published:
            connection.execute(
                "SELECT 1 FROM cat.stars WHERE adql.position(ra, dec) <@ scircle '<(1d,1d),1d>'"
            )
        partly = connection.execute(
            "SELECT file FROM cat.witnesses GROUP BY file HAVING count(*) <> %s", (_FILE,)
        ).fetchall()
        assert partly == []
        kept = {file for (file,) in connection.execute("SELECT DISTINCT file FROM cat.witnesses").fetchall()}
        assert kept >= set(files)
        leftovers = connection.execute(
            "SELECT relname FROM pg_class WHERE relname LIKE '% loading%' OR relname LIKE '%staging%'"
        ).fetchall()
        assert leftovers == []
