"""An observatory and an archive for tests: daemon and server, as processes that can be killed, and files.

What lies between them is `proxy`'s.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from multiprocessing import forkserver, get_context
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from archive import store as storage
from archive.config import Config
from archive.database import Database
from archive.store import Store
from tests.serving import listening
from tests.transfer.local import DEADLINE
from tests.transfer.programs import deliver, serve
from tests.waiting import eventually

__all__ = ["Observatory", "observatory"]

_ROOT = Path(__file__).parents[2]


@dataclass
class Observatory:
    """`server` and `ingestd` over one folder; the daemon is told a port, which may be a proxy's."""

    folder: Path
    database: Database
    config: Config
    processes: dict[str, BaseProcess] = field(default_factory=dict)

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    def log(self, name: str) -> str:
        path = self.folder / f"{name}.log"
        return path.read_text("utf-8", "replace")[-4000:] if path.exists() else ""

    def _start(self, name: str, program: Callable[..., None], *arguments: object) -> None:
        process = _programs().Process(target=program, args=(*arguments, self.folder / f"{name}.log"))
        process.start()
        self.processes[name] = process

    def start_server(self) -> None:
        config = replace(self.config, incoming_users=("mountain",), job_slots=0, stall_seconds=2.0)
        self._start("server", serve, config, dataclasses.asdict(self.database.server))

    def start_daemon(self, port: int, *arguments: str, **settings: object) -> None:
        chosen: Mapping[str, object] = {
            "ingestd_archive": f"http://127.0.0.1:{port}",
            "ingestd_folders": [str(self.raw)],
            "ingestd_spool": "spool",
            "ingestd_quiet_seconds": 0.3,
            "ingestd_timeout_seconds": 3.0,
            "ingestd_chunk_bytes": 4000,
        } | settings
        # JSON's texts, numbers and lists are TOML's.
        lines = [f"{name} = {json.dumps(value)}\n" for name, value in chosen.items()]
        (self.folder / "ingestd.toml").write_text("".join(lines))
        self._start("ingestd", deliver, self.folder / "ingestd.toml", arguments)

    def kill(self, name: str, number: int = signal.SIGKILL) -> int:
        process = self.processes.pop(name)
        assert process.pid is not None
        os.kill(process.pid, number)
        process.join(60)
        assert process.exitcode is not None, self.log(name)
        return process.exitcode

    def ended(self, name: str, seconds: float = DEADLINE) -> int:
        """The exit status of what ends by itself."""
        eventually(
            lambda: self.processes[name].exitcode is not None,
            lambda: (self.transfers(), self.log("ingestd"), self.log("server")),
            seconds,
        )
        return self.processes.pop(name).exitcode or 0

    def transfers(self) -> dict[str, tuple[str, int]]:
        """Status and size by the file's name."""
        with self.database.writer() as connection:
            rows = connection.execute("SELECT file_name, status, file_size FROM dfs.transfer").fetchall()
        return {name: (status, size) for name, status, size in rows}

    def arrived(self) -> list[str]:
        """The files that are safe, in the order in which their last bytes came."""
        with self.database.writer() as connection:
            rows = connection.execute(
                "SELECT file_name FROM dfs.transfer WHERE status = 'ingested' ORDER BY received_at"
            ).fetchall()
        return [name for (name,) in rows]

    def await_safe(self, names: set[str]) -> None:
        eventually(
            lambda: names <= set(self.arrived()),
            lambda: (self.transfers(), self.log("ingestd"), self.log("server")),
        )

    def check(self, contents: Mapping[str, bytes]) -> None:
        """Every file is in the archive once, whole, and put away; nothing is left over."""
        with self.database.writer() as connection:
            stored = connection.execute(
                "SELECT name, sha256, place FROM archive.file ORDER BY name"
            ).fetchall()
            transfers = connection.execute("SELECT file_name FROM dfs.transfer ORDER BY 1").fetchall()
        wanted = sorted((name, hashlib.sha256(content).hexdigest()) for name, content in contents.items())
        assert [(name, sha256) for name, sha256, _place in stored] == wanted
        assert [name for (name,) in transfers] == sorted(contents)
        files = self.config.data_folder / "files"
        for name, _sha256, place in stored:
            assert (files / place).read_bytes() == contents[name]
        eventually(lambda: not list(self.raw.iterdir()), lambda: list(self.raw.iterdir()))
        sent = self.folder / "spool" / "sent"
        assert {path.name: path.read_bytes() for path in sent.iterdir()} == dict(contents)
        eventually(
            lambda: not list((self.config.data_folder / "incoming").iterdir()),
            lambda: list((self.config.data_folder / "incoming").iterdir()),
        )


@contextlib.contextmanager
def observatory(folder: Path, database: Database) -> Iterator[Observatory]:
    """With its server running, and an empty folder that no daemon watches yet."""
    with listening() as listener:
        port = listener.getsockname()[1]
    config = Config(data_folder=folder / "data", port=port)
    with database.writer() as connection:
        storage.initialise(connection)
    Store(config.data_folder / "files")
    site = Observatory(folder, database, config)
    site.raw.mkdir()
    site.start_server()
    try:
        yield site
    finally:
        for process in site.processes.values():
            process.kill()
            process.join()


@cache
def _programs() -> ForkServerContext:
    """Where processes are forked that have imported everything."""
    context = get_context("forkserver")
    context.set_forkserver_preload([serve.__module__])
    with pytest.MonkeyPatch.context() as patch:
        # The process that forks begins with it.
        patch.setenv("PYTHONPATH", str(_ROOT))
        forkserver.ensure_running()
    return context
