"""Processes in which plugins read, one for each core: forked once, then given one input after the other.

What goes wrong is believed of a fresh process only: whatever else raises, dies or wants memory is asked again
of one that has read nothing yet. A process is replaced after a failure, when it has grown, and after a while,
so that no input pays for what another one left behind. What they are asked for is the caller's.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from math import ceil
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from archive.errors import ArchiveError, UnreadableFile
from archive.plugins.faults import Raised, told

from .confined import LONGEST_ANSWER, STARTING, Limits, begin_to_serve, data_bytes, ended, kill, limit

__all__ = ["ReadingPool", "Unexpected"]

_MOST_PROCESSES = 16
_MOST_INPUTS = 500  # that a process reads
_GROWTH = 64 << 20  # bytes that it may have more than at its beginning when it goes on
_STEP = 0.5  # seconds

# What is asked for, which can be pickled, in the process; the answer must be something that JSON has.
Work = Callable[[Any], object]


class Unexpected(ArchiveError):
    """What work raises when it fails for a reason that may lie in its process, not in what was asked for."""


class _Doubtful(Exception):
    """Something went wrong in a process that had read other inputs before."""


class ReadingPool:
    """Begins processes when they are needed; `rest` ends them, until the next are."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lock = threading.Lock()
        self._threads: ThreadPoolExecutor | None = None
        self._processes: set[_Process] = set()
        self._idle: list[_Process] = []
        self._resting = False

    @property
    def size(self) -> int:
        return min(len(os.sched_getaffinity(0)), _MOST_PROCESSES)

    def begin(self, asked: object, limits: Limits) -> Future[object]:
        """Its result is what the work returns, as JSON has it, or UnreadableFile that says why not."""
        with self._lock:
            if self._threads is None:
                self._threads = ThreadPoolExecutor(self.size, "reading")
            if not self._idle and len(self._processes) < self.size:
                # Here and not in a thread: nobody holds a lock now that the new process would wait for.
                self._idle.append(self._begun())
            return self._threads.submit(self._answer, asked, limits)

    def rest(self) -> None:
        """Ends all processes, whatever is being read."""
        with self._lock:
            self._resting = True
            threads, self._threads = self._threads, None
            for process in self._processes:
                process.kill()
        if threads is not None:
            threads.shutdown(cancel_futures=True)
        for process in list(self._processes):
            self._end(process)
        self._idle.clear()
        self._resting = False

    def _answer(self, asked: object, limits: Limits) -> object:
        try:
            return self._ask(asked, limits, self._process())
        except _Doubtful:
            return self._ask(asked, limits, self._process(fresh=True))

    def _ask(self, asked: object, limits: Limits, process: _Process) -> object:
        """Raises _Doubtful for what a process says that has read other inputs before."""
        goes_on = False
        try:
            answer = process.answer(asked, limits)
            goes_on = answer.get("goes_on") is True
        finally:
            if goes_on:
                with self._lock:
                    self._idle.append(process)
            else:
                self._end(process)
        if not answer.get("fault"):
            return answer.get("result")
        if process.count > 1 and not answer.get("is_told"):
            raise _Doubtful
        raise UnreadableFile(str(answer["fault"]))

    def _process(self, *, fresh: bool = False) -> _Process:
        with self._lock:
            if self._resting:
                raise UnreadableFile("its reading was broken off")
            return self._begun() if fresh or not self._idle else self._idle.pop()

    def _begun(self) -> _Process:
        process = _Process(self._work)
        self._processes.add(process)
        return process

    def _end(self, process: _Process) -> None:
        with self._lock:
            self._processes.discard(process)
        process.end()


class _Process:
    """`count` of the inputs that it was given."""

    def __init__(self, work: Work) -> None:
        # Forked, as in `harvesters`: it has all plugins, and takes no time to begin.
        forking = get_context("fork")
        self._connection, theirs = forking.Pipe()
        self._process = forking.Process(target=_serve, args=(theirs, work, os.getpid()), daemon=True)
        self._process.start()
        theirs.close()
        self.count = 0

    def answer(self, asked: object, limits: Limits) -> dict[str, object]:
        """What it answers; raises UnreadableFile, and _Doubtful when another process should be asked."""
        self.count += 1
        try:
            self._connection.send((asked, limits))
            if not self._connection.poll(STARTING):
                raise UnreadableFile("the process that reads it did not start")
            self._connection.recv_bytes(LONGEST_ANSWER)
            # In short steps, so that the time in which a terminal has suspended everything does not count.
            for _ in range(ceil(limits.seconds / _STEP)):
                if self._connection.poll(_STEP):
                    break
            else:
                raise UnreadableFile(f"its reading took more than {limits.seconds:g} seconds")
            found: object = json.loads(self._connection.recv_bytes(LONGEST_ANSWER))
        except (EOFError, BrokenPipeError, ConnectionResetError):
            if self.count > 1:
                raise _Doubtful from None
            self._process.join(5)
            raise UnreadableFile(ended(self._process.exitcode, limits)) from None
        except (OSError, ValueError) as cause:
            raise UnreadableFile("the process that read it gave no sensible answer") from cause
        return found if isinstance(found, dict) else {"fault": "the process that read it gave no answer"}

    def kill(self) -> None:
        """Whoever waits for its answer sees the end of the connection."""
        kill(self._process.pid)
        self._process.kill()

    def end(self) -> None:
        self.kill()
        self._process.join()
        self._process.close()
        self._connection.close()


def _serve(theirs: Connection, work: Work, parent: int) -> None:
    begin_to_serve(theirs, parent)
    first = data_bytes()
    for count in range(1, _MOST_INPUTS + 1):
        try:
            asked, limits = theirs.recv()
        except EOFError:
            break
        limit(limits)
        theirs.send_bytes(b"")
        answer: dict[str, object] = {}
        with Raised(whatever=True) as raised:
            answer["result"] = work(asked)
        signal.alarm(0)
        if raised.error is not None:
            answer["fault"] = told(raised.error) or type(raised.error).__name__
            answer["is_told"] = isinstance(raised.error, UnreadableFile)
        answer["goes_on"] = (
            (raised.error is None or answer["is_told"])
            and count < _MOST_INPUTS
            and data_bytes() - first < _GROWTH
            and _is_alone()
        )
        with Raised(whatever=True) as raised:
            theirs.send_bytes(json.dumps(answer).encode())
        if raised.error is not None:
            break
    os._exit(0)


def _is_alone() -> bool:
    """Whether the reader left no thread or process of its own behind."""
    if threading.active_count() > 1:
        return False
    with suppress(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
        return False
    return True
