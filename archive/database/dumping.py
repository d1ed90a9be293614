"""Copying a whole database to a file and back, with PostgreSQL's own pg_dump and pg_restore.

A dump is of one moment: whoever wants to know what else was so at that moment asks in the same snapshot.
A restore makes a new database, complete or not at all, and never touches one that is there.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from psycopg import sql

from ..config import Config
from ..errors import ConfigurationError, UsageError
from . import roles
from .bookkeeping import Connection
from .cluster import Cluster
from .database import DATABASE_NAME, Database
from .programs import find_programs
from .server import Server, given_server, reader_settings
from .tuning import archiving

__all__ = [
    "Snapshot",
    "base_backup",
    "dump",
    "lives_in",
    "living",
    "refuse_living",
    "restore_database",
    "restore_to_moment",
    "snapshot",
]

_RECOVERY = 86_400.0  # seconds for reading the log
_UNFINISHED = f"{DATABASE_NAME}_restoring"


class Snapshot:
    """A moment of the database: `connection` sees it so until it ends, and so will a dump."""

    def __init__(self, connection: Connection, name: str) -> None:
        self.connection = connection
        self.name = name


@contextmanager
def snapshot(database: Database) -> Iterator[Snapshot]:
    with psycopg.connect(database.server.owner) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        connection.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        row = connection.execute("SELECT pg_export_snapshot()").fetchone()
        assert row is not None
        yield Snapshot(connection, str(row[0]))


def dump(database: Database, target: Path, moment: Snapshot) -> None:
    """The database as it is at a moment, in pg_dump's own packed format."""
    _run(
        database.server.owner, database.cluster, "pg_dump",
        "--format=custom", f"--snapshot={moment.name}", f"--file={target}",
    )  # fmt: skip
    with target.open("rb") as file:
        os.fsync(file.fileno())


def base_backup(database: Database, target: Path) -> None:
    """The files of the private cluster while it runs; with the archived log they lead to any later moment."""
    _run(
        database.server.owner, database.cluster, "pg_basebackup",
        "--format=tar", "--gzip", "--wal-method=none", "--checkpoint=fast", f"--pgdata={target}",
    )  # fmt: skip


def restore_database(config: Config, source: Path, finish: Callable[[Connection], None]) -> None:
    """Makes the database of a configuration from a dump; `finish` changes it before anybody sees it.

    ConfigurationError when there is one already.
    """
    settings = reader_settings(config)
    if config.dsn:
        server = given_server(config.dsn, settings)
        refuse_living(server)
        _restore(server, None, source, settings)
        with psycopg.connect(server.owner) as connection:
            finish(connection)
        return
    cluster = Cluster(config.data_folder / "database", config.account)
    cluster.ensure()
    try:
        if _has_database(cluster):
            raise living(str(config.data_folder))
        cluster.drop_database(_UNFINISHED)  # of a restore that was killed
        cluster.create_database(_UNFINISHED)
        server = cluster.server(_UNFINISHED, settings)
        _restore(server, cluster, source, settings)
        with psycopg.connect(server.owner) as connection:
            finish(connection)
        with psycopg.connect(cluster.server("postgres").owner, autocommit=True) as connection:
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            connection.execute(rename.format(sql.Identifier(_UNFINISHED), sql.Identifier(DATABASE_NAME)))
    finally:
        cluster.release()


def restore_to_moment(config: Config, base: Path, until: datetime | None) -> None:
    """Makes the private cluster from a base backup and the archived log: as it was at a moment, or at last.

    ConfigurationError when there is one already, or when the log does not reach that far.
    """
    folder = config.data_folder / "database"
    unpacked = Cluster(folder, config.account)
    if unpacked.version is not None:
        raise living(str(config.data_folder))
    unpacked.adopt(base / "base.tar.gz")
    wanted = {
        "restore_command": f"cp {shlex.quote(config.wal_archive)}/%f %p",
        "recovery_target_action": "promote",
        "hot_standby": "on",
    }
    if until is not None:
        wanted["recovery_target_time"] = until.astimezone(UTC).isoformat(" ")
    cluster = Cluster(folder, config.account, archiving(config.wal_archive) | wanted)
    cluster.ensure(_RECOVERY)
    try:
        with psycopg.connect(cluster.server(DATABASE_NAME).owner, autocommit=True) as connection:
            while connection.execute("SELECT pg_is_in_recovery()").fetchone() != (False,):
                time.sleep(0.2)
    except psycopg.OperationalError as cause:
        # PostgreSQL ends rather than come up at another moment than the one that was asked for.
        raise ConfigurationError(
            f"the archived log does not reach {until}",
            hint=f"see {cluster.log}; remove {folder} and try again",
        ) from cause
    finally:
        # The next start is an ordinary one, without these settings.
        cluster.release()


def refuse_living(server: Server) -> None:
    """ConfigurationError when the database of a given server holds an archive."""
    try:
        with psycopg.connect(server.owner) as connection:
            if connection.execute("SELECT to_regnamespace('archive')").fetchone() != (None,):
                raise living("the database")
    except psycopg.OperationalError as cause:
        raise ConfigurationError(f"cannot connect to the database: {cause}") from cause


def lives_in(folder: Path, account: str) -> bool:
    """Whether there is an archive in the private cluster of a folder, which is not made for the question."""
    cluster = Cluster(folder, account)
    if cluster.version is None:
        return False
    cluster.ensure()
    try:
        return _has_database(cluster)
    finally:
        cluster.release()


def _has_database(cluster: Cluster) -> bool:
    with psycopg.connect(cluster.server("postgres").owner) as connection:
        row = connection.execute("SELECT FROM pg_database WHERE datname = %s", (DATABASE_NAME,)).fetchone()
    return row is not None


def living(where: str) -> ConfigurationError:
    return ConfigurationError(
        f"there is an archive in {where} already, and a restore replaces none",
        hint="set data_folder (or dsn) to an empty place, or move the old one away",
    )


def _restore(server: Server, cluster: Cluster | None, source: Path, settings: dict[str, str]) -> None:
    with psycopg.connect(server.owner) as connection:
        connection.execute("SET LOCAL client_min_messages = warning")
        roles.make_roles(connection, settings)
        roles.install_extension(connection)
    _run(server.owner, cluster, "pg_restore", "--dbname=", "--single-transaction", "--exit-on-error", source)


def _run(dsn: str, cluster: Cluster | None, program: str, *arguments: str | Path) -> None:
    """A program of PostgreSQL's as our own account; the password, if any, is in its environment only."""
    programs = find_programs(cluster.version if cluster else None)
    options = psycopg.pq.Conninfo.parse(dsn.encode())
    environment = {
        option.envvar.decode(): option.val.decode() for option in options if option.envvar and option.val
    }
    command = [programs.path(program), *arguments]
    usual = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    done = subprocess.run(
        [str(part) for part in command],
        env=usual | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise UsageError(f"{program} failed: " + "; ".join(done.stderr.strip().splitlines()[-3:]))
