"""The bytes of uploads on the archive's disk: a folder for each, locked by who writes, synced to the disk.

How many bytes of a part count is known to `records`: what lies beyond was never acknowledged, and is cut off
before somebody goes on.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Collection, Iterator
from pathlib import Path

from ...errors import DiskFull, NotFound
from .values import Checksum, Locked, Mismatch

__all__ = ["Parts", "Writing"]


class Parts:
    """The folders below `folder`, by the identities of transfers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()

    def path(self, transfer_id: str, name: str) -> Path:
        """Under its own name, as that may be all that tells what the file is."""
        return self.folder / transfer_id / name

    def prepare(self, transfer_id: str) -> None:
        place = self.folder / transfer_id
        if place.is_dir():
            return
        with _room():
            place.mkdir(parents=True, exist_ok=True)
            for folder in (place, self.folder):
                _sync(folder)

    @contextlib.contextmanager
    def locked(self, transfer_id: str) -> Iterator[None]:
        """Alone with an upload; Locked when somebody else, in any process, is; NotFound without it."""
        try:
            handle = os.open(self.folder / transfer_id, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError as cause:
            raise NotFound("nothing is here of this upload", hint="create it with POST") from cause
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as cause:
            raise Locked(
                "another request writes to this upload", hint="try again in a few seconds"
            ) from cause
        finally:
            os.close(handle)

    def writing(self, transfer_id: str, name: str, offset: int, checksum: Checksum | None) -> Writing:
        """From `offset` on; the caller holds the lock."""
        try:
            with _room():
                return Writing(self.path(transfer_id, name), offset, checksum)
        except FileNotFoundError as cause:
            raise NotFound("the upload has just been given up", hint="create it with POST") from cause

    def size(self, transfer_id: str, name: str) -> int:
        """-1 when there is nothing."""
        try:
            return self.path(transfer_id, name).stat().st_size
        except FileNotFoundError:
            return -1

    def remove(self, transfer_id: str) -> None:
        shutil.rmtree(self.folder / transfer_id, ignore_errors=True)

    def old(self, age: float) -> list[str]:
        """What nobody has written to for `age` seconds."""
        before = time.time() - age
        found: list[str] = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self.folder) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    newest = max((one.stat().st_mtime for one in os.scandir(entry)), default=0.0)
                    if max(newest, entry.stat().st_mtime) < before:
                        found.append(entry.name)
        return found

    def sweep(self, age: float, needed: Collection[str]) -> None:
        """Remove what is old and not `needed`."""
        for transfer_id in self.old(age):
            if transfer_id not in needed:
                self.remove(transfer_id)


class Writing:
    """Bytes as they come, behind those that are safe. `written` counts the new ones."""

    def __init__(self, path: Path, offset: int, checksum: Checksum | None) -> None:
        self.written = 0
        self._checksum = checksum
        self._summing = hashlib.new(checksum.algorithm, usedforsecurity=False) if checksum else None
        self._path = path
        self._new = not path.exists()
        self._file = path.open("ab")
        self._file.truncate(offset)

    def write(self, content: bytes) -> None:
        with _room():
            self._file.write(content)
        if self._summing is not None:
            self._summing.update(content)
        self.written += len(content)

    def finish(self) -> None:
        """The bytes are those that the client meant, and on the disk for good; Mismatch when they are not."""
        if self._summing is not None and self._checksum and self._summing.digest() != self._checksum.digest:
            raise Mismatch(
                "the bytes do not have the checksum that was sent with them", hint="send them again"
            )
        with _room():
            self._file.flush()
            os.fdatasync(self._file.fileno())
            if self._new:
                _sync(self._path.parent)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()


def _lock(handle: int) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as cause:
        raise Locked("another request writes to this upload", hint="try again in a few seconds") from cause


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        if DiskFull.is_meant_by(cause):
            raise DiskFull("the archive's disk has no room for uploads", hint="try again later") from cause
        raise
