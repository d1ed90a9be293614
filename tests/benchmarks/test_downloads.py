"""Fifty downloads of 200 MB at once: what they cost the server in processor time and memory.

curl takes them over the loopback interface from the archive's own server, from one that only calls sendfile,
and from Starlette's FileResponse, each a process of its own, in turn.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from archive.config import Config
from archive.database.account import find_account
from archive.store import Action, Change, correct, open_store
from ingest import ingest_paths
from tests.benchmarks.beside import Beside, server_beside
from tests.benchmarks.figures import Figure, Figures
from tests.serving import listening

pytestmark = pytest.mark.bench

GROUP = "Downloads"
ROOT = Path(__file__).parents[2]
MANY = 50
PIXELS = (5000, 10_000)  # of four bytes
CORRECTED = "corrected"
# Processor time beside the server that only calls sendfile; a file is checked when it is read the first time
# in an hour.
MOST_CHECKED, MOST_CHECKING, MOST_CORRECTED = 1.5, 3.0, 1.6
MEMORY = 60  # megabytes that the downloads may add


@dataclass(frozen=True)
class Cost:
    """Of one server for all downloads: processor seconds, megabytes in memory at the most, seconds in all."""

    processor: float
    memory: int
    seconds: float


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory(pid: int, name: str) -> int:
    """Megabytes: VmRSS are resident now, VmHWM were at the most since that was last reset."""
    found = re.search(rf"{name}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found
    return int(found[1]) // 1024


def measured(pid: int, address: str, size: int) -> Cost:
    Path(f"/proc/{pid}/clear_refs").write_text("5")  # begin anew with VmHWM
    before, begin = processor_seconds(pid), time.monotonic()
    command = ["curl", "-sS", "--parallel", "--parallel-immediate", "--parallel-max", str(MANY)]
    for _ in range(MANY):
        command += ["-o", "/dev/null", "-w", "%{size_download}\n", address]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600)
    assert done.stdout.split() == [str(size)] * MANY
    return Cost(processor_seconds(pid) - before, memory(pid, "VmHWM"), time.monotonic() - begin)


@contextlib.contextmanager
def server(kind: str, path: Path) -> Iterator[tuple[int, int]]:
    """Process and port of one of the servers beside."""
    with listening() as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "tests.benchmarks.files_beside", kind, str(path), str(port)]
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    try:
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
                break
            assert time.monotonic() < end and process.poll() is None
            time.sleep(0.1)
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def frame(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("downloads") / "frame.fits"
    pixels = np.random.default_rng(50).integers(0, 1 << 31, PIXELS, dtype="i4")
    fits.PrimaryHDU(pixels).writeto(path, checksum=True)
    return path


@pytest.fixture(scope="module")
def site(frame: Path) -> Iterator[Beside]:
    with server_beside() as site:
        store = open_store(site.database, Config(data_folder=site.data))
        copy = frame.with_name(f"{CORRECTED}.fits")
        copy.hardlink_to(frame)
        ingest_paths(site.database, store, Config(data_folder=site.data), [frame, copy])
        with site.database.writer() as connection:
            change = Change(0, Action.ADD, "OBJECT", "a corrected name")
            correct(connection, store, CORRECTED, [change], who="tycho", why="for the benchmark")
        find_account("postgres").own(site.data / "files")
        yield site


def test_fifty_at_once(site: Beside, frame: Path, figures: Figures) -> None:
    size = frame.stat().st_size
    ours = site.process.pid
    resting = memory(ours, "VmRSS")
    address = f"http://127.0.0.1:{site.port}/file"
    with server("bare", frame) as (process, port):
        measured(process, f"http://127.0.0.1:{port}/", size)
        bare = measured(process, f"http://127.0.0.1:{port}/", size)
    with server("plain", frame) as (process, port):
        plain = measured(process, f"http://127.0.0.1:{port}/frame.fits", size)
    checking = measured(ours, f"{address}/frame", size)
    checked = measured(ours, f"{address}/frame", size)
    corrected = measured(ours, f"{address}/{CORRECTED}", size)
    for case, cost, most in (
        ("while the file is checked", checking, MOST_CHECKING),
        ("checked within the hour", checked, MOST_CHECKED),
        ("with a corrected header", corrected, MOST_CORRECTED),
    ):
        figures.add(Figure(GROUP, case, cost.processor, "s", bare.processor, "sendfile alone", most))
    figures.add(
        Figure(GROUP, "the same by FileResponse", plain.processor, "s", bare.processor, "sendfile alone")
    )
    most = max(cost.memory for cost in (checking, checked, corrected)) - resting
    figures.add(Figure(GROUP, "memory that they add", most, "MB", most=MEMORY))
    figures.add(Figure(GROUP, "together", checked.seconds, "s", bare.seconds, "sendfile alone"))
