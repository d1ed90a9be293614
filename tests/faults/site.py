"""An archive as an operator runs it: `uraniborg serve` and `uraniborg worker` over a private PostgreSQL.

Each is a process of its own that can be killed and started again. What is asked of them is in `load`, what
must hold afterwards in `checks`.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from archive.config import Config
from archive.database import Cluster, Database, open_database
from archive.database.account import find_account
from archive.database.server import reader_settings
from archive.declare.columns import Column
from archive.declare.tables import Schema, Table
from archive.declare.types import DOUBLE, LONG, TEXT
from archive.testing import SessionFolder
from tests.serving import listening
from tests.waiting import eventually

__all__ = ["DEADLINE", "STARS", "Site", "new_site"]

ROOT = Path(__file__).parents[2]
DEADLINE = 120.0  # seconds for what takes one or two on a machine with nothing else to do
STARS = 300_000  # rows of faults.stars
_TABLE = Table(
    "faults.stars",
    (Column("id", LONG, nullable=False), Column("weight", DOUBLE), Column("name", TEXT)),
    description="Stars that are counted",
    primary_key=("id",),
)
_FILL = "INSERT INTO faults.stars SELECT i, i / 8.0, 'star ' || i FROM generate_series(1, {rows}) AS i"
# Ends when the test does, however that ends; tells what its threads do when it is asked.
_PROGRAM = """
import faulthandler, os, signal, sys, threading
faulthandler.register(signal.SIGUSR1)
end = lambda: (os.read(0, 1), os.kill(os.getpid(), signal.SIGTERM))
threading.Thread(target=end, daemon=True).start()
from frontdesk.cli import main
sys.exit(main())
"""


class Site:
    """The processes over one data folder.

    `file_bytes`, if not 0, is the most that a process started from then on can write into one file.
    """

    def __init__(self, folder: Path) -> None:
        with listening() as listener:
            self.port = listener.getsockname()[1]
        self.folder = folder
        self.data = folder / "data"
        self.temporary = folder / "tmp"
        self.temporary.mkdir(exist_ok=True)
        self.temporary.chmod(0o1777)
        self._configuration = folder / "uraniborg.toml"
        self.configure()
        self._environment = os.environ | {"TMPDIR": str(self.temporary), "PYTHONPATH": str(ROOT)}
        self.config = Config(data_folder=self.data, port=self.port)
        self.cluster = Cluster(self.data / "database")
        self.file_bytes = 0
        self._life = os.pipe()
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def configure(self, *settings: str) -> None:
        """Lines of the configuration, besides the usual ones, of processes that are started from then on."""
        lines = (f"port = {self.port}", 'data_folder = "data"', *settings)
        self._configuration.write_text("\n".join(lines) + "\n")
        self._configuration.chmod(0o644)

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
                    stdin=self._life[0],
                    stdout=subprocess.DEVNULL,
                    stderr=log,
                    preexec_fn=self._limited if self.file_bytes else None,
                )
        for name in names:
            ready = self.answers if name == "serve" else self._worker_waits
            eventually(lambda: self._lives(name) and ready(), f"{name} did not begin: {self.log(name)}")  # noqa: B023

    def _limited(self) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (self.file_bytes, self.file_bytes))

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

    def ended(self, name: str, seconds: float = DEADLINE) -> int:
        """The exit status of a process that was told to end. One that does not tells what its threads do."""
        try:
            return self.processes[name].wait(seconds)
        except subprocess.TimeoutExpired:
            self.processes[name].send_signal(signal.SIGUSR1)
            time.sleep(1)
            raise AssertionError(f"{name} does not end:\n{self.log(name)}") from None

    def clear(self) -> None:
        """Nothing runs any more, and nothing is left of the jobs."""
        for process in self.processes.values():
            process.kill()
            process.wait()
        self.processes.clear()
        self.file_bytes = 0
        self.configure()
        for log in self.folder.glob("*.log"):
            log.unlink()
        self.cluster.ensure()
        with self.owner() as connection:
            connection.execute("DELETE FROM archive.job")
        shutil.rmtree(self.data / "jobs", ignore_errors=True)
        self.cluster.release()

    def close(self) -> None:
        for process in self.processes.values():
            process.kill()
            process.wait()
        for end in self._life:
            os.close(end)
        self.cluster.stop()

    # --- PostgreSQL ---------------------------------------------------------------------------------------

    def kill_postgresql(self, *, master_only: bool) -> None:
        """Kills what runs of it; alone, the master leaves its children behind, who notice sooner or later."""
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):  # it ended meanwhile, or is not ours
                if Path(os.readlink(process / "cwd")) != self.cluster.data:
                    continue
                parent = (process / "stat").read_text().rpartition(")")[2].split()[1]
                if not master_only or Path(os.readlink(f"/proc/{parent}/cwd")) != self.cluster.data:
                    os.kill(int(process.name), signal.SIGKILL)

    def backends(self) -> list[int]:
        """The processes that serve clients of the archive's database; none while it is away."""
        with contextlib.suppress(psycopg.OperationalError), self.owner() as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend'"
                " AND datname = current_database() AND pid <> pg_backend_pid() ORDER BY pid"
            ).fetchall()
            return [pid for (pid,) in found]
        return []

    def owner(self) -> psycopg.Connection:
        return psycopg.connect(self.cluster.server("archive").owner, autocommit=True)

    def database(self) -> Database:
        """The archive's database for a process beside it; nothing is started, nothing kept alive."""
        return Database(self.cluster.server("archive", reader_settings(self.config)), self.config)


@contextlib.contextmanager
def new_site() -> Iterator[Site]:
    """A site in a folder of its own that has faults.stars, whose rows are known; nothing runs yet."""
    folder = SessionFolder()
    site = Site(folder.path)
    find_account("postgres").make_folder(site.data, 0o755)
    try:
        with contextlib.closing(open_database(site.config)) as database:
            database.publish([_TABLE], [Schema("faults", (), "Made up")])
            with database.writer() as connection:
                connection.execute(_FILL.format(rows=STARS).encode())
                connection.execute("ANALYZE faults.stars")
        yield site
    finally:
        site.close()
        folder.close()
