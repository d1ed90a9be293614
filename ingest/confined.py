"""Running the code of plugins in a process of its own, with limits of time, memory and what it writes.

It is no prison: a plugin is code that the operator chose. It keeps a mistake, or an input that brings
one out, from harming anything but that input.
"""

from __future__ import annotations

import ctypes
import io
import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from archive.errors import UnreadableFile
from archive.plugins.faults import Raised, told

from .harvester import forget_parent

__all__ = [
    "LONGEST_ANSWER",
    "MOST_PRINTED",
    "STARTING",
    "Limits",
    "begin_to_serve",
    "confined",
    "data_bytes",
    "ended",
    "kill",
    "limit",
]

LONGEST_ANSWER = 1 << 20
MOST_PRINTED = 64 << 10  # bytes
STARTING = 60.0  # seconds that a process may take to begin, on the busiest of machines
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LARGEST_FILE = 64 << 30  # bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` that it may take, and bytes of `memory` above what its process has at the beginning."""

    seconds: float
    memory: int


def confined(work: Callable[[], object], limits: Limits, stop: threading.Event | None = None) -> object:
    """What `work` returns, as JSON has it, from another process. Raises UnreadableFile that says why not.

    Whatever it raises, and however its process ends, is that; also that `stop` was set meanwhile.
    """
    forking = get_context("fork")
    ours, theirs = forking.Pipe(duplex=False)
    process = forking.Process(target=_serve, args=(theirs, work, limits, os.getpid()), daemon=True)
    process.start()
    theirs.close()
    try:
        answer = _received(ours, limits, stop)
    except EOFError:
        process.join(5)
        raise UnreadableFile(ended(process.exitcode, limits)) from None
    finally:
        ours.close()
        kill(process.pid)
        process.kill()
        process.join()
        process.close()
    if answer.get("fault"):
        raise UnreadableFile(str(answer["fault"]))
    return answer.get("result")


def _received(ours: Connection, limits: Limits, stop: threading.Event | None) -> dict[str, object]:
    if not ours.poll(STARTING):
        raise UnreadableFile("the process that reads it did not start")
    ours.recv_bytes(LONGEST_ANSWER)
    # In short steps, so that the time in which a terminal has suspended everything does not count.
    for _ in range(ceil(limits.seconds / 0.5)):
        if ours.poll(0.5):
            break
        if stop is not None and stop.is_set():
            raise UnreadableFile("the program that waits for it is ending")
    else:
        raise UnreadableFile(f"its reading took more than {limits.seconds:g} seconds")
    try:
        found: object = json.loads(ours.recv_bytes(LONGEST_ANSWER))
    except (OSError, ValueError) as cause:
        raise UnreadableFile("the process that read it gave no sensible answer") from cause
    return found if isinstance(found, dict) else {}


def ended(status: int | None, limits: Limits) -> str:
    if status == -signal.SIGKILL:
        return "the process that read it was killed, as by a system without memory"
    if status in {-signal.SIGXCPU, -signal.SIGALRM}:
        return f"its reading took more than {limits.seconds:g} seconds"
    if status is not None and status < 0:
        return f"the process that read it died of {signal.Signals(-status).name}"
    return f"the process that read it ended by itself, with status {status}"


def kill(leader: int | None) -> None:
    """A process with all that it has begun."""
    if leader is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


def _serve(theirs: Connection, work: Callable[[], object], limits: Limits, parent: int) -> None:
    begin_to_serve(theirs, parent)
    limit(limits)
    theirs.send_bytes(b"")
    answer: dict[str, object] = {}
    with Raised(whatever=True) as raised:
        answer["result"] = work()
    if raised.error is not None:
        answer["fault"] = told(raised.error) or type(raised.error).__name__
    with Raised(whatever=True) as raised:
        theirs.send_bytes(json.dumps(answer).encode())
    os._exit(0)


def begin_to_serve(theirs: Connection, parent: int) -> None:
    """What a forked process does first, but for its limits."""
    forget_parent(theirs.fileno())
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    _end_with(parent)
    _redirect()


def _end_with(parent: int) -> None:
    """At once when the parent is killed, with the signal that the system sends then (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _redirect() -> None:
    """What a reader prints is not among what the command says, and nobody answers its questions."""
    printed = _Printed(os.dup(2))
    nowhere = os.open(os.devnull, os.O_RDWR)
    for handle in range(3):
        os.dup2(nowhere, handle)
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False))
    sys.stdout = sys.stderr = io.TextIOWrapper(printed, write_through=True, errors="backslashreplace")


class _Printed(io.RawIOBase):
    """What readers print in one process, as far as it fits into a log: they may print for minutes."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._left = MOST_PRINTED

    def writable(self) -> bool:
        return True

    def write(self, printed: Any, /) -> int:
        data = bytes(printed)
        if self._left > 0:
            os.write(self._handle, data[: self._left])
            if len(data) >= self._left:
                os.write(self._handle, b"\nwhat this process prints from here on is not shown\n")
        self._left -= len(data)
        return len(data)


def limit(limits: Limits) -> None:
    """From now on; may be said again, for what comes next."""
    # Should the parent be stuck, nobody else would end this process.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(ceil(limits.seconds) + 10)
    _, hardest = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (ceil(time.process_time() + limits.seconds) + 1, hardest))
    # Data, not address space: a mapped file of any size is none of it.
    _, most = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (data_bytes() + limits.memory, most))


def data_bytes() -> int:
    """What counts for RLIMIT_DATA now (proc(5): VmData, in kibibytes)."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) << 10
    return 0
