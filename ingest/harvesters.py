"""Processes that read FITS files beside the one that writes, one for each core.

A thread for each process gives it files and collects what it found. A process that dies over a file, or takes
for ever, is replaced by another one and harms that file only.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from multiprocessing import get_context
from pathlib import Path

from archive.errors import ConfigurationError

from .harvester import Task, serve, tables_by_name, unpacked
from .publication import Publication
from .reading import Failure, Read

__all__ = ["Harvesters", "patience"]

# Files given to a process at once, so that it need not wait for the next.
_AT_ONCE = 8
_MOST_PROCESSES = 16
_STARTING = 60.0  # seconds that a process may take to begin, on the busiest of machines


def patience(path: Path) -> float:
    """Seconds after which nobody waits for a file any more: what the slowest of disks takes, and more."""
    try:
        return 300.0 + path.stat().st_size / 2e6
    except OSError:
        return 300.0


class _Closed(Exception):
    """Nobody wants to know any more."""


class Harvesters:
    """As many processes as the machine has cores, unless `count` says otherwise; `limit` in seconds."""

    def __init__(
        self,
        publication: Publication,
        count: int | None = None,
        limit: Callable[[Path], float] = patience,
    ) -> None:
        self._publication = publication
        self._tables = tables_by_name(publication)
        self._limit = limit
        self._lock = threading.Lock()
        self._closed = False
        self._processes: set[_Process] = set()
        self._own = threading.local()  # the process of each thread
        cores = len(os.sched_getaffinity(0))
        self._threads = ThreadPoolExecutor(count or min(cores, _MOST_PROCESSES), "harvester")

    def __enter__(self) -> Harvesters:
        return self

    def __exit__(self, *_: object) -> None:
        """At once, whatever is being read."""
        with self._lock:
            self._closed = True
            for process in self._processes:
                process.end()
        self._threads.shutdown(cancel_futures=True)
        for process in self._processes:
            process.close()

    @property
    def pids(self) -> list[int | None]:
        with self._lock:
            return [process.pid for process in self._processes]

    def begin(self, tasks: Sequence[Task]) -> Iterator[Read]:
        """Begins to read files at once; what became of them, in their order, as it is asked for."""
        chunks = [
            self._threads.submit(self._read, tasks[start : start + _AT_ONCE])
            for start in range(0, len(tasks), _AT_ONCE)
        ]
        return (
            one if isinstance(one, Failure) else unpacked(one, self._tables)
            for chunk in chunks
            for one in chunk.result()
        )

    def _read(self, tasks: Sequence[Task]) -> list[bytes | Failure]:
        results: list[bytes | Failure] = []
        died = False
        while remaining := tasks[len(results) :]:
            process = self._process()
            before = len(results)
            try:
                process.send(remaining)
                for task in remaining:
                    results.append(process.received(self._limit(task.path)))
                continue
            except TimeoutError:
                limit = self._limit(remaining[len(results) - before].path)
                results.append(Failure(f"the process that read it did not end within {limit:.0f} seconds"))
                died = False
            except (EOFError, OSError):
                # Perhaps it was another's doing: who needs memory kills whom he finds. So once again.
                died = died and len(results) == before
                if died:
                    results.append(Failure("the process that read it died, twice"))
                died = not died
            self._drop(process)
        return results

    def _process(self) -> _Process:
        """That of this thread, a new one if need be."""
        process: _Process | None = getattr(self._own, "process", None)
        if process is not None:
            return process
        with self._lock:
            if self._closed:
                raise _Closed
            process = _Process(self._publication)
            self._processes.add(process)
        self._own.process = process
        try:
            process.received(_STARTING)
        except (EOFError, OSError) as cause:
            self._drop(process)
            raise ConfigurationError("a process that reads files does not start") from cause
        return process

    def _drop(self, process: _Process) -> None:
        self._own.process = None
        with self._lock:
            if self._closed:
                raise _Closed
            self._processes.discard(process)
            process.end()
        process.close()


class _Process:
    """Begins with an empty answer."""

    def __init__(self, publication: Publication) -> None:
        # Forked, since root's Python cannot be started again by the account that root has become; and what
        # astropy takes to import would be half of the time that a night takes.
        forking = get_context("fork")
        self._connection, theirs = forking.Pipe()
        self._process = forking.Process(target=serve, args=(theirs, publication), daemon=True)
        self._process.start()
        theirs.close()

    @property
    def pid(self) -> int | None:
        return self._process.pid

    def send(self, tasks: Sequence[Task]) -> None:
        self._connection.send(tasks)

    def received(self, limit: float) -> bytes:
        """The next answer; TimeoutError when there is none in time, EOFError when the process has ended."""
        # In short steps, so that the time in which a terminal has suspended everything does not count.
        for _ in range(ceil(limit)):
            if self._connection.poll(1.0):
                return self._connection.recv_bytes()
        raise TimeoutError

    def end(self) -> None:
        """Whoever waits for an answer meanwhile sees the end of the connection."""
        self._process.kill()
        self._process.join()

    def close(self) -> None:
        self._connection.close()
