"""Starting the server of `floor`, and asking it on one kept connection."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from archive.config import Config
from archive.database import Database, open_database
from archive.database.account import find_account
from archive.testing import SessionFolder
from tests.serving import listening

ROOT = Path(__file__).parents[2]
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True)
class Request:
    path: str
    form: Mapping[str, str | Sequence[str]] | None = None  # makes a POST of it
    headers: Mapping[str, str] | None = None


def adql(query: str, **parameters: str) -> Request:
    return Request("/tap/sync", {"LANG": "ADQL", "QUERY": query, **parameters})


class Client:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)

    def ask(self, request: Request) -> tuple[http.client.HTTPResponse, bytes]:
        body = urlencode(request.form, doseq=True) if request.form is not None else None
        headers = {**(FORM if body is not None else {}), **(request.headers or {})}
        self._connection.request("GET" if body is None else "POST", request.path, body, headers)
        answer = self._connection.getresponse()
        return answer, answer.read()

    def seconds(self, request: Request) -> float:
        begin = time.perf_counter()
        answer, content = self.ask(request)
        took = time.perf_counter() - begin
        assert answer.status == 200, content[:1000]
        return took

    def put(self, path: str, content: bytes) -> None:
        self._connection.request("PUT", path, content)
        assert self._connection.getresponse().read() is not None

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class Beside:
    port: int
    process: subprocess.Popen[bytes]
    database: Database
    data: Path  # the data folder

    @contextlib.contextmanager
    def client(self) -> Iterator[Client]:
        with contextlib.closing(Client(self.port)) as client:
            yield client

    def medians(self, requests: Mapping[str, Request], times: int) -> dict[str, float]:
        """Median seconds of each, asked in turn so that a busy machine is as busy for all."""
        taken: dict[str, list[float]] = {name: [] for name in requests}
        with self.client() as client:
            for turn in range(times + 10):
                for name, request in requests.items():
                    took = client.seconds(request)
                    if turn >= 10:
                        taken[name].append(took)
        return {name: statistics.median(each) for name, each in taken.items()}


@contextlib.contextmanager
def server_beside(**settings: object) -> Iterator[Beside]:
    folder = SessionFolder()
    with listening() as listener:
        port = listener.getsockname()[1]
    file, data = folder.path / "uraniborg.toml", folder.path / "data"
    lines = [f"{name} = {value}" for name, value in settings.items()]
    file.write_text("\n".join([f"port = {port}", 'data_folder = "data"', *lines]))
    find_account("postgres").make_folder(data, 0o755)
    database = open_database(Config(data_folder=data, port=port))
    try:
        with _started(file, port) as process:
            yield Beside(port, process, database, data)
    finally:
        database.close()
        folder.close()


@contextlib.contextmanager
def _started(file: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.floor", str(file)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait_for(port, process)
        yield process
    finally:
        process.terminate()
        process.wait(60)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert process.poll() is None
            assert time.monotonic() < end
            time.sleep(0.1)
        else:
            return
