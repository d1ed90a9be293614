"""An archive as an operator runs it: `uraniborg serve` and `uraniborg worker` over a private PostgreSQL.

Each is a process of its own that can be killed and started again. What is asked of them is in `load`, what
must hold afterwards in `checks`.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg

from archive.config import Config
from archive.database import Cluster, Database, open_database
from archive.database.account import find_account
from archive.database.server import reader_settings
from archive.declare.columns import Column
from archive.declare.tables import Schema, Table
from archive.declare.types import DOUBLE, LONG, TEXT
from tests.serving import listening

__all__ = ["DEADLINE", "STARS", "Site", "eventually", "running_site"]

ROOT = Path(__file__).parents[2]
DEADLINE = 120.0  # seconds for what takes one or two on a machine with nothing else to do
STARS = 30_000  # rows of faults.stars
_TABLE = Table(
    "faults.stars",
    (Column("id", LONG, nullable=False), Column("weight", DOUBLE), Column("name", TEXT)),
    description="Stars that are counted",
    primary_key=("id",),
)
_FILL = "INSERT INTO faults.stars SELECT i, i / 8.0, 'star ' || i FROM generate_series(1, {rows}) AS i"
_PROGRAM = "import faulthandler, signal, sys; faulthandler.register(signal.SIGUSR1);" + (
    "from frontdesk.cli import main; sys.exit(main())"
)


def eventually(condition: Callable[[], object], what: str, seconds: float = DEADLINE) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


class Site:
    """The processes over one data folder. `settings` go into the configuration as they are."""

    def __init__(self, folder: Path, settings: Sequence[str] = (), environment: dict[str, str] | None = None):
        with listening() as listener:
            self.port = listener.getsockname()[1]
        self.folder = folder
        self.data = folder / "data"
        self.temporary = folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        self.temporary.chmod(0o1777)
        self._configuration = folder / "uraniborg.toml"
        lines = (f"port = {self.port}", 'data_folder = "data"', *settings)
        self._configuration.write_text("\n".join(lines) + "\n")
        self._configuration.chmod(0o644)
        self._environment = os.environ | {"TMPDIR": str(self.temporary)} | (environment or {})
        self.config = Config(data_folder=self.data, port=self.port)
        self.cluster = Cluster(self.data / "database")
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    # --- processes ----------------------------------------------------------------------------------------

    def start(self, *names: str) -> None:
        """Starts `serve`, `worker` or both; they are ready when this returns."""
        for name in names:
            with (self.folder / f"{name}.log").open("ab") as log:
                log.write(b"--- started\n")
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-c", _PROGRAM, "--config", str(self._configuration), name],
                    cwd=ROOT,
                    env=self._environment,
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                )
        for name in names:
            ready = self.answers if name == "serve" else self._worker_waits
            eventually(lambda: self._lives(name) and ready(), f"{name} did not begin: {self.log(name)}")  # noqa: B023

    def _lives(self, name: str) -> bool:
        status = self.processes[name].poll()
        assert status is None, f"{name} ended with {status}: {self.log(name)}"
        return True

    def answers(self) -> bool:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            try:
                connection.request("GET", "/tap/availability")
                return b"available>true<" in connection.getresponse().read()
            except (OSError, http.client.HTTPException):
                return False

    def _worker_waits(self) -> bool:
        return "waiting for jobs" in self.log("worker")

    def log(self, name: str) -> str:
        """What a process has said since it was started last."""
        text = (self.folder / f"{name}.log").read_text("utf-8", "replace")
        return text.rpartition("--- started\n")[2]

    def whole_log(self) -> str:
        return "".join((self.folder / f"{name}.log").read_text("utf-8", "replace") for name in self.processes)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()

    def end(self, name: str, seconds: float = DEADLINE) -> float:
        """Ends a process in good order; the seconds that it takes. It tells all its threads if it does not."""
        process, begun = self.processes[name], time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGUSR1)
            time.sleep(1)
            raise AssertionError(f"{name} does not end:\n{self.log(name)}") from None
        assert status == 0, self.log(name)
        return time.monotonic() - begun

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.cluster.stop()

    # --- PostgreSQL ---------------------------------------------------------------------------------------

    def postmaster(self) -> int:
        return int((self.cluster.data / "postmaster.pid").read_text().split("\n")[0])

    def backends(self) -> list[int]:
        """The processes that serve clients of the archive's database."""
        with self.owner() as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
                " AND datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid"
            ).fetchall()
        return [pid for (pid,) in found]

    def owner(self) -> psycopg.Connection:
        return psycopg.connect(self.cluster.server("archive").owner, autocommit=True)

    def database(self) -> Database:
        """The archive's database for a process beside it; nothing is started, nothing kept alive."""
        return Database(self.cluster.server("archive", reader_settings(self.config)), self.config)


@contextlib.contextmanager
def running_site(settings: Sequence[str] = (), *, worker: bool = True) -> Iterator[Site]:
    """A site in a folder of its own that serves faults.stars, whose rows are known."""
    folder = Path(tempfile.mkdtemp(prefix="uraniborg-faults-", dir="/tmp"))
    folder.chmod(0o755)
    site = Site(folder, settings)
    find_account("postgres").make_folder(site.data, 0o755)
    try:
        with contextlib.closing(open_database(site.config)) as database:
            database.publish([_TABLE], [Schema("faults", (), "Made up")])
            with database.writer() as connection:
                connection.execute(_FILL.format(rows=STARS).encode())
            site.start("serve", *(["worker"] if worker else []))
        yield site
    finally:
        site.close()
        shutil.rmtree(folder)
