"""The files into which a job writes its results: counted, checksummed, and nobody's until all are complete.

They have temporary names while they grow, and get their own when they are safe on the disk.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

__all__ = ["UNFINISHED", "Output"]

UNFINISHED = ".part"
_REPORT = 64 << 20  # bytes between two looks at what the owner may still write


class Output:
    """Opens a new file in an existing folder. OSErrors of a full disk come out of every method.

    `room`: called with the size now and then; raises what there is to say when that is too much.
    """

    def __init__(self, path: Path, room: Callable[[int], None]) -> None:
        self._path = path
        self._temporary = path.with_name(path.name + UNFINISHED)
        self._room = room
        self._sum = hashlib.sha256()
        self._next_report = _REPORT
        self.bytes = 0
        self._others: list[Output] = []
        self._file = self._temporary.open("wb", buffering=0)

    def write(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        self._sum.update(view)
        while view:
            view = view[self._file.write(view) :]
        self.bytes += len(chunk)
        if self.bytes >= self._next_report:
            self._next_report = self.bytes + _REPORT
            self._room(self.bytes)

    def another(self) -> Output:
        """A further file, for a job with several results; the room is for all of them together."""
        done = sum(output.bytes for output in self.all)
        path = self._path.with_name(f"{self._path.name}-{len(self.all) + 1}")
        further = Output(path, lambda size: self._room(done + size))
        self._others.append(further)
        return further

    @property
    def all(self) -> list[Output]:
        """This file and the further ones, in the order in which they were begun."""
        return [self, *self._others]

    @property
    def name(self) -> str:
        return self._path.name

    def finish(self) -> str:
        """The checksum of the file, which is complete and safe under its own name afterwards."""
        os.fsync(self._file.fileno())
        self._file.close()
        self._temporary.rename(self._path)
        _sync(self._path.parent)
        return self._sum.hexdigest()

    def discard(self) -> None:
        """Removes what there is, under either name, of the further files too."""
        for further in self._others:
            further.discard()
        self._file.close()
        self._temporary.unlink(missing_ok=True)
        self._path.unlink(missing_ok=True)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
