"""A real PostgreSQL for tests, started once, with a database of its own for whoever wants one.

Used by our tests and by those of plugin authors (docs/operators/database.md tells what a cluster is).
No fixtures here, so that nothing needs pytest: `tests/conftest.py` shows how to make some.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import psycopg

from ..config import Config
from ..database.cluster import Cluster
from ..database.database import Database
from ..database.preparation import prepare
from ..database.roles import grant_database
from ..database.server import reader_settings
from ..declare.builtin import builtin_schemas
from ..declare.tables import Schema

__all__ = ["ClusterForTests", "SessionFolder"]

_PREFIX = "uraniborg-tests-"
_TEMPLATE = "uraniborg_template"
# A power cut may lose what tests wrote; a kill does not.
_QUICK = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "128MB",
    "maintenance_work_mem": "64MB",
    "work_mem": "16MB",
    "max_wal_size": "1GB",
    "max_connections": "200",
}


class SessionFolder:
    """A temporary folder that the database's account can enter, gone when its session is.

    A session that was killed cannot clear up; the next one does it, since the lock is free then.
    """

    def __init__(self) -> None:
        _sweep()
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir="/tmp"))
        self.path.chmod(0o711)
        # Under its proper name only when it is locked, so that no other session takes it for abandoned.
        unlocked = self.path / "session.new"
        self._lock: IO[bytes] = unlocked.open("wb")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        unlocked.rename(self.path / "session")

    def close(self) -> None:
        _remove(self.path)
        self._lock.close()


def _sweep() -> None:
    for folder in Path("/tmp").glob(_PREFIX + "*"):
        with contextlib.suppress(OSError), (folder / "session").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _remove(folder)


def _remove(folder: Path) -> None:
    # The session's own, and those that tests started for themselves and did not live to stop.
    for master in folder.glob("**/postmaster.pid"):
        Cluster(master.parent.parent).stop()
    shutil.rmtree(folder, ignore_errors=True)


# Of the databases of this process, whichever object makes them.
_NUMBERS = itertools.count(1)


class ClusterForTests:
    """The cluster in a session's folder, shared by all processes of the session."""

    def __init__(self, folder: Path) -> None:
        self.cluster = Cluster(folder / "database", overrides=_QUICK)
        self.config = Config(data_folder=folder)
        self._folder = folder

    def ensure(self) -> None:
        """Starts the cluster and prepares the database that others are copied from, unless done already."""
        self.cluster.ensure()
        with (self._folder / "template").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self.cluster.create_database(_TEMPLATE):
                settings = reader_settings(self.config)
                prepare(self.cluster.server(_TEMPLATE), builtin_schemas(), settings)

    def release(self) -> None:
        self.cluster.release()

    @contextlib.contextmanager
    def database(
        self, schemas: Sequence[Schema] | None = None, config: Config | None = None
    ) -> Iterator[Database]:
        """A new database with the built-in tables, or with `schemas` instead; dropped at the end."""
        name = f"test_{os.getpid()}_{next(_NUMBERS)}"
        chosen = config or self.config
        settings = reader_settings(chosen)
        self.cluster.create_database(name, "template0" if schemas is not None else _TEMPLATE)
        server = self.cluster.server(name, settings)
        if schemas is not None:
            prepare(server, schemas, settings)
        else:
            with psycopg.connect(server.owner) as connection:
                grant_database(connection)
        database = Database(server, chosen)
        try:
            yield database
        finally:
            database.close()
            self.cluster.drop_database(name)
