"""What a killed PostgreSQL leaves behind: processes without a master, and a file with its number.

PostgreSQL does not start while either is there. A number may have gone to another program or to a
zombie, and a busy query does not notice that its master is gone; both are told apart by /proc.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

__all__ = ["clear_leftovers"]


def clear_leftovers(data: Path) -> None:
    """Ends the orphans of the cluster in folder `data` and removes its stale pid file.

    Does nothing while the cluster's master lives. Only for a cluster that does not answer.
    """
    pid_file = data / "postmaster.pid"
    running = set(_processes(data))
    if _master(pid_file) in running:
        return
    for pid in running:
        # The data are safe: the next start recovers from the log, as after a power cut.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if not running:
        pid_file.unlink(missing_ok=True)


def _master(pid_file: Path) -> int | None:
    try:
        return int(pid_file.read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _processes(data: Path) -> Iterator[int]:
    """The numbers of the living PostgreSQL processes that work in a data folder."""
    for process in Path("/proc").glob("[0-9]*"):
        try:
            # Zombies have neither a working folder nor a program any more.
            folder, program = os.readlink(process / "cwd"), os.readlink(process / "exe")
        except OSError:
            continue
        if Path(folder) == data.resolve() and Path(program.removesuffix(" (deleted)")).name == "postgres":
            yield int(process.name)
