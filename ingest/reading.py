"""Reading one file: checksum and harvest, or why there is none; the same here and in another process."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from archive.errors import UnreadableFile
from archive.store import checksum

from .harvest import Harvest
from .publication import Publication

__all__ = ["Failure", "Found", "Read", "Reader", "read"]

Reader: TypeAlias = Callable[[Path, Publication], Harvest]


@dataclass(frozen=True, slots=True)
class Found:
    harvest: Harvest
    sha256: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a file cannot be taken in."""

    reason: str


# None for a file that is as it was.
Read: TypeAlias = Found | Failure | None


def read(path: Path, reader: Reader, publication: Publication, known: str | None) -> Read:
    """`known` is the checksum of a file that need not be read again."""
    try:
        return _read(path, reader, publication, known)
    except UnreadableFile as error:
        return Failure(str(error))


def _read(path: Path, reader: Reader, publication: Publication, known: str | None) -> Read:
    before = _state(path)
    sha256 = checksum(path)
    if sha256 == known:
        return None
    try:
        found = reader(path, publication)
    except OSError as cause:
        raise UnreadableFile(f"cannot be read: {cause.strerror or cause}") from cause
    if _state(path) != before:
        raise UnreadableFile("the file changed while it was being read", hint="ingest it again")
    return Found(found, sha256)


def _state(path: Path) -> tuple[int, ...]:
    """What changes with a file's content: file system, inode, size, time in nanoseconds."""
    try:
        found = path.stat()
    except FileNotFoundError as cause:
        raise UnreadableFile("no such file or folder") from cause
    except OSError as cause:
        raise UnreadableFile(f"cannot be read: {cause.strerror or cause}") from cause
    if stat.S_ISDIR(found.st_mode):
        raise UnreadableFile("the folder cannot be read")
    if not stat.S_ISREG(found.st_mode):
        raise UnreadableFile("not a file, but a device, a pipe or the like")
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
