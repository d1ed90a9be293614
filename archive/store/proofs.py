"""Which local files were found right lately, so that they need not be read through again."""

from __future__ import annotations

import os
import threading
import time
from collections import OrderedDict
from pathlib import Path

from .volumes import Fault, VolumeFault

__all__ = ["Proofs"]

_LASTS = 3600.0  # seconds
_MOST = 10_000
_MOST_IN_PARTS = 1000

State = tuple[int, ...]


class Proofs:
    """Local files whose bytes were compared with their checksum, and how they looked then."""

    def __init__(self, lasts: float = _LASTS) -> None:
        self._lasts = lasts
        self._lock = threading.Lock()
        self._known: OrderedDict[Path, tuple[float, State]] = OrderedDict()
        # Blocks are the bits of a number.
        self._parts: OrderedDict[Path, tuple[float, State, int]] = OrderedDict()

    def state(self, path: Path) -> State:
        """What changes when somebody writes to a file: inode, length, times of content and inode."""
        try:
            found = os.stat(path)
        except OSError as cause:
            raise VolumeFault(Fault.UNREADABLE, cause.strerror or str(cause)) from cause
        return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns

    def holds(self, path: Path) -> bool:
        with self._lock:
            known = self._known.get(path)
        return (
            known is not None and time.monotonic() - known[0] < self._lasts and known[1] == self.state(path)
        )

    def add(self, path: Path, state: State) -> None:
        with self._lock:
            self._known[path] = (time.monotonic(), state)
            self._known.move_to_end(path)
            if len(self._known) > _MOST:
                self._known.popitem(last=False)

    def holds_part(self, path: Path, first: int, last: int) -> bool:
        """The same of the blocks `first` to `last`."""
        return self.holds(path) or not _bits(first, last) & ~self._blocks(path, self.state(path))

    def add_part(self, path: Path, state: State, first: int, last: int) -> None:
        known = self._blocks(path, state)
        with self._lock:
            before = self._parts.get(path)
            begun = before[0] if known and before is not None else time.monotonic()
            self._parts[path] = (begun, state, known | _bits(first, last))
            self._parts.move_to_end(path)
            if len(self._parts) > _MOST_IN_PARTS:
                self._parts.popitem(last=False)

    def _blocks(self, path: Path, state: State) -> int:
        with self._lock:
            known = self._parts.get(path)
        if known is None or known[1] != state or time.monotonic() - known[0] > self._lasts:
            return 0
        return known[2]


def _bits(first: int, last: int) -> int:
    return ((1 << (last - first + 1)) - 1) << first
