"""The private PostgreSQL cluster in the data folder: making it, starting it, sharing it, stopping it.

It listens on a Unix socket in a folder that only its account (and root) can enter, and knows them by
who they are. Roles, schemas and tables inside it belong to `preparation`. Processes share the
cluster: each that called `ensure` holds a lock on the file `users`, and the last one to `release`
stops the server. Locks die with their process, so that no kill leaves one behind.

    database/cluster    PostgreSQL's data folder
    database/log        its log, one file a weekday
    database/socket     its socket (in /tmp where this path would be too long)
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import logging
import os
import stat
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

import psycopg
from psycopg import sql

from ..errors import ConfigurationError
from .account import Account, find_account
from .leftovers import clear_leftovers
from .programs import Programs, find_programs
from .server import OPERATOR, OWNER, READER, WRITER, Server, private_server
from .tuning import most_memory, settings, settings_text, this_machine

__all__ = ["Cluster"]

_log = logging.getLogger("uraniborg")
_LONGEST_SOCKET = 107 - len("/.s.PGSQL.5432.lock")  # bytes of sun_path
_READY, _STARTING = 0, 1  # what pg_isready returns; anything else is silence


class Cluster:
    """A private cluster in `folder`; as root it runs as `account`. Making the value does nothing yet.

    `overrides` replace settings of `tuning`, for tests and unusual machines.
    """

    def __init__(
        self, folder: Path, account: str = "postgres", overrides: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder.absolute()
        self.data = self.folder / "cluster"
        self.log = self.folder / "log"
        self._account_name = account
        self._overrides = dict(overrides or {})
        self._use: IO[bytes] | None = None

    @property
    def socket_folder(self) -> Path:
        """Below `folder` if a socket's path may be that long, else a folder of ours in /tmp."""
        inside = self.folder / "socket"
        if len(os.fsencode(inside)) <= _LONGEST_SOCKET:
            return inside
        name = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path("/tmp") / f"uraniborg-{name}"  # not $TMPDIR, which differs from process to process

    def server(self, database: str, reader: Mapping[str, str] | None = None) -> Server:
        """How to reach a database of this cluster; `reader`: settings of the reader's connections."""
        return private_server(str(self.socket_folder), database, reader or {})

    # --- life ---------------------------------------------------------------------------------------

    def ensure(self, deadline: float = 120.0) -> None:
        """The cluster exists and answers when this returns, within `deadline` seconds of recovery."""
        account = find_account(self._account_name)
        self._make_folders(account)
        with self._alone():
            programs = find_programs(self._version())
            if self._version() is None:
                self._create(account, programs)
            if self._state(account, programs) != _READY:
                self._start(account, programs, deadline)
            self._bound_memory(account)
            if self._use is None:
                self._use = (self.folder / "users").open("rb")
                fcntl.flock(self._use, fcntl.LOCK_SH)

    def release(self) -> None:
        """We need it no more; the last user stops the server."""
        if self._use is None:
            return
        with self._alone():
            try:
                fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
                last = True
            except BlockingIOError:
                last = False
            self._use.close()
            self._use = None
            if last:
                self._stop()

    def stop(self) -> None:
        """Stops the server, whoever uses it: queries are broken off, nothing committed is lost."""
        if self._version() is None:
            return
        with self._alone():
            self._stop()

    def alive(self) -> bool:
        """Whether the server answers; its pid file says nothing about that."""
        if self._version() is None:
            return False
        return self._state(find_account(self._account_name), find_programs(self._version())) == _READY

    def adopt(self, packed: Path) -> None:
        """Unpack a base backup (tar, gzip) in place of a new cluster; its first start will recover."""
        account = find_account(self._account_name)
        self._make_folders(account)
        with self._alone():
            unfinished = self.folder / "cluster.unfinished"
            account.run("rm", "-rf", unfinished)
            account.make_folder(unfinished, 0o700)
            # Root can read a back-up that the account cannot, so that the bytes are handed over.
            done = subprocess.run(
                [
                    "tar",
                    "--extract",
                    "--gzip",
                    "--same-permissions",
                    "--file",
                    packed,
                    "--directory",
                    unfinished,
                ],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
            )
            if done.returncode:
                raise ConfigurationError(f"{packed} cannot be unpacked: {_last_lines(done.stderr)}")
            (unfinished / "recovery.signal").touch()
            for path in (unfinished, *unfinished.rglob("*")):
                account.own(path)
            unfinished.chmod(0o700)
            unfinished.rename(self.data)

    # --- databases ----------------------------------------------------------------------------------

    def create_database(self, name: str, template: str = "template0") -> bool:
        """Makes a database unless it exists; True when it was made."""
        with psycopg.connect(self.server("postgres").owner, autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
                return False
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
            with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                connection.execute(statement.format(sql.Identifier(name), sql.Identifier(template)))
                return True
        return False

    def drop_database(self, name: str) -> None:
        """Drops a database, whoever is connected."""
        with psycopg.connect(self.server("postgres").owner, autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            )

    # --- how ----------------------------------------------------------------------------------------

    @property
    def version(self) -> int | None:
        """PostgreSQL's major version that made the cluster; None before there is one."""
        return self._version()

    def _version(self) -> int | None:
        try:
            return int((self.data / "PG_VERSION").read_text())
        except FileNotFoundError:
            return None
        except PermissionError as cause:
            raise self._foreign() from cause

    def _foreign(self) -> ConfigurationError:
        owner = self.folder.stat().st_uid
        return ConfigurationError(
            f"the database in {self.folder} belongs to the account with number {owner}",
            hint="run as that account, or as root with `account` set to it",
        )

    def _make_folders(self, account: Account) -> None:
        account.make_folder(self.folder, 0o700)
        if self.folder.stat().st_uid != account.uid:
            raise self._foreign()
        self.folder.chmod(0o700)
        for folder in (self.log, self.socket_folder):
            account.make_folder(folder, 0o700)
        state = self.socket_folder.lstat()
        # Anybody can make a folder in /tmp, and would then hold the socket that we trust.
        if not stat.S_ISDIR(state.st_mode) or state.st_uid != account.uid or state.st_mode & 0o077:
            raise ConfigurationError(
                f"{self.socket_folder} is not a folder of the account {account.name} alone",
                hint="remove it, or choose a data_folder with a shorter path",
            )
        for name in ("lock", "users"):
            with contextlib.suppress(FileExistsError):
                (self.folder / name).touch(0o600, exist_ok=False)
                account.own(self.folder / name)

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time makes, starts or stops the cluster."""
        with (self.folder / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _create(self, account: Account, programs: Programs) -> None:
        """initdb into another folder first: a kill in the middle leaves nothing that looks complete."""
        unfinished = self.folder / "cluster.unfinished"
        account.run("rm", "-rf", unfinished)
        made = account.run(
            programs.path("initdb"), "--pgdata", unfinished, "--username", OWNER, "--auth", "peer",
            # Text is compared by code point: what LIKE 'abc%' and ORDER BY need, everywhere the same.
            "--encoding", "UTF8", "--locale", "C.UTF-8", "--lc-collate", "C",
        )  # fmt: skip
        if made.returncode:
            raise ConfigurationError("initdb failed: " + _last_lines(made.stderr))
        with (unfinished / "postgresql.conf").open("a") as file:
            file.write("include = 'uraniborg.conf'\n")
        unfinished.rename(self.data)

    def _configure(self, account: Account, programs: Programs) -> None:
        """Written anew at each start, because the machine may have changed. ALTER SYSTEM stays above it."""
        values = settings(this_machine()) | {
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "log_directory": str(self.log),
        }
        self._write(account, "uraniborg.conf", settings_text(values | self._overrides))
        lz4 = account.run(
            programs.path("postgres"), "-D", self.data, "-c", "wal_compression=lz4", "-C", "wal_compression"
        )
        compression = {"wal_compression": "on" if lz4.returncode else "lz4"}
        self._write(account, "uraniborg.conf", settings_text(values | compression | self._overrides))
        self._write(account, "pg_hba.conf", "local all,replication all peer map=uraniborg\n")
        lines = [
            f'uraniborg "{user}" {role}\n'
            for user in dict.fromkeys((account.name, "root"))
            for role in (OWNER, WRITER, READER, OPERATOR)
        ]
        self._write(account, "pg_ident.conf", "".join(lines))

    def _write(self, account: Account, name: str, text: str) -> None:
        fresh = self.data / f"{name}.new"
        fresh.write_text(text)
        fresh.chmod(0o600)
        account.own(fresh)
        fresh.rename(self.data / name)

    def _state(self, account: Account, programs: Programs) -> int:
        asked = account.run(
            programs.path("pg_isready"), "-q", "-h", self.socket_folder, "-p", "5432", "-d", "postgres"
        )
        return asked.returncode

    def _start(self, account: Account, programs: Programs, deadline: float) -> None:
        self._configure(account, programs)
        first_words = self.log / "start.log"
        end = time.monotonic() + deadline
        complaint = ""
        while (state := self._state(account, programs)) != _READY:
            if time.monotonic() > end:
                raise ConfigurationError(
                    f"PostgreSQL did not start within {deadline:g} s: {complaint or 'it still recovers'}",
                    hint=f"see {self.log}",
                )
            if state != _STARTING:
                clear_leftovers(self.data)
                started = account.run(
                    programs.path("pg_ctl"), "-D", self.data, "-l", first_words, "-t", "10", "-w", "start"
                )
                complaint = _last_lines(started.stdout + started.stderr) if started.returncode else ""
            time.sleep(0.05)

    def _bound_memory(self, account: Account) -> None:
        """Keeps each process of the running server from more than a share of the machine's memory.

        PostgreSQL has no such limit, and plans some queries of a few hundred characters with tens of
        gigabytes. Beyond the limit such a query fails by itself; else the kernel ends the process, and
        PostgreSQL then all others.
        """
        try:
            server = (self.data / "postmaster.pid").read_text().split("\n", 1)[0]
            most = most_memory(this_machine())
            done = account.run("prlimit", "--pid", server, f"--data={most}:")
        except OSError as error:
            complaint = str(error)
        else:
            complaint = _last_lines(done.stderr) if done.returncode else ""
        if complaint:
            _log.warning("the memory of a query has no limit here: %s", complaint)

    def _stop(self) -> None:
        account = find_account(self._account_name)
        programs = find_programs(self._version())
        for mode, seconds in (("fast", "60"), ("immediate", "20")):
            stopped = account.run(
                programs.path("pg_ctl"), "-D", self.data, "-m", mode, "-t", seconds, "-w", "stop"
            )
            if stopped.returncode == 0 or self._state(account, programs) not in {_READY, _STARTING}:
                return


def _last_lines(text: str) -> str:
    return "; ".join(text.strip().splitlines()[-3:])
