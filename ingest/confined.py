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
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import ceil
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

from archive.errors import UnreadableFile
from archive.plugins.faults import Raised, told

from .harvester import forget_parent

__all__ = ["Limits", "confined"]

_LONGEST_ANSWER = 1 << 20
_STARTING = 60.0  # seconds that a process may take to begin, on the busiest of machines
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_LARGEST_FILE = 64 << 30  # bytes


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` that it may take, and bytes of `memory` above what its process has at the beginning."""

    seconds: float
    memory: int


def confined(work: Callable[[], object], limits: Limits) -> object:
    """What `work` returns, as JSON has it, from another process. Raises UnreadableFile that says why not.

    Whatever it raises, and however its process ends, is that.
    """
    forking = get_context("fork")
    ours, theirs = forking.Pipe(duplex=False)
    process = forking.Process(target=_serve, args=(theirs, work, limits, os.getpid()), daemon=True)
    process.start()
    theirs.close()
    try:
        answer = _received(ours, limits)
    except EOFError:
        process.join(5)
        raise UnreadableFile(_ended(process.exitcode, limits)) from None
    finally:
        ours.close()
        _kill(process.pid)
        process.kill()
        process.join()
        process.close()
    if answer.get("fault"):
        raise UnreadableFile(str(answer["fault"]))
    return answer.get("result")


def _received(ours: Connection, limits: Limits) -> dict[str, object]:
    if not ours.poll(_STARTING):
        raise UnreadableFile("the process that reads it did not start")
    ours.recv_bytes(_LONGEST_ANSWER)
    # In short steps, so that the time in which a terminal has suspended everything does not count.
    for _ in range(ceil(limits.seconds / 0.5)):
        if ours.poll(0.5):
            break
    else:
        raise UnreadableFile(f"its reading took more than {limits.seconds:g} seconds")
    try:
        found: object = json.loads(ours.recv_bytes(_LONGEST_ANSWER))
    except (OSError, ValueError) as cause:
        raise UnreadableFile("the process that read it gave no sensible answer") from cause
    return found if isinstance(found, dict) else {}


def _ended(status: int | None, limits: Limits) -> str:
    if status == -signal.SIGKILL:
        return "the process that read it was killed, as by a system without memory"
    if status in {-signal.SIGXCPU, -signal.SIGALRM}:
        return f"its reading took more than {limits.seconds:g} seconds"
    if status is not None and status < 0:
        return f"the process that read it died of {signal.Signals(-status).name}"
    return f"the process that read it ended by itself, with status {status}"


def _kill(leader: int | None) -> None:
    """With all processes that it has begun."""
    if leader is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(leader, signal.SIGKILL)


def _serve(theirs: Connection, work: Callable[[], object], limits: Limits, parent: int) -> None:
    forget_parent(theirs.fileno())
    os.setsid()
    _end_with(parent)
    _redirect()
    _limit(limits)
    theirs.send_bytes(b"")
    answer: dict[str, object] = {}
    with Raised(whatever=True) as raised:
        answer["result"] = work()
    if raised.error is not None:
        answer["fault"] = told(raised.error) or type(raised.error).__name__
    with Raised(whatever=True) as raised:
        theirs.send_bytes(json.dumps(answer).encode())
    os._exit(0)


def _end_with(parent: int) -> None:
    """At once when the parent is killed, with the signal that the system sends then (prctl(2))."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _redirect() -> None:
    """What a reader prints is not among what the command says, and nobody answers its questions."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), write_through=True)


def _limit(limits: Limits) -> None:
    # Should the parent be stuck, nobody else would end this process.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(ceil(limits.seconds) + 10)
    most = ceil(limits.seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, most + 5))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_LARGEST_FILE, _LARGEST_FILE))
    # Data, not address space: a mapped file of any size is none of it.
    data = _data_bytes() + limits.memory
    resource.setrlimit(resource.RLIMIT_DATA, (data, data))


def _data_bytes() -> int:
    """What counts for RLIMIT_DATA now (proc(5): VmData, in kibibytes)."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmData:"):
            return int(line.split()[1]) << 10
    return 0
