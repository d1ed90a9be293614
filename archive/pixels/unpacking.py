"""Packed files (.gz, .Z, .bz2) unpacked where they can be read at any place, and kept there for a while.

A cut-out of a packed file needs all bytes before its last one; the next one of the same file finds them
unpacked. The folder holds a bounded number of bytes: what was not used for the longest time goes first.
"""

from __future__ import annotations

import bz2
import gzip
import os
import tempfile
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from isal import igzip
from isal.isal_zlib import IsalError

from ..errors import DiskFull, TooLarge, UnreadableFile
from ..tablefiles.streams import open_stream
from .hdus import Bytes

__all__ = ["Packed", "Unpacker"]

_PIECE = 1 << 20
_WRITING = 86_400.0  # seconds for which a file with a dot in front may still be written
# isal has no types of its own.
_ISAL = cast(type[Exception], IsalError)
_DAMAGED = (EOFError, ValueError, gzip.BadGzipFile, zlib.error, _ISAL)
_GZIP, _COMPRESS, _BZIP2 = b"\x1f\x8b", b"\x1f\x9d", b"BZh"


class Packed(Bytes, Protocol):
    """What can also be read from beginning to end."""

    def file(self) -> BinaryIO: ...


class _LocalFile:
    """A file of this folder, good even when its name is gone meanwhile."""

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_RDONLY)
        self.size = os.fstat(self._handle).st_size

    def read(self, offset: int, length: int) -> bytes:
        return os.pread(self._handle, length, offset)

    def close(self) -> None:
        os.close(self._handle)


class Unpacker:
    """Shared by all threads; processes may share its folder."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """`most_bytes`: of all unpacked files together; a larger file is refused."""
        self._folder = folder
        self._most = most_bytes
        self._lock = threading.Lock()
        self._busy: dict[str, threading.Lock] = {}

    @contextmanager
    def opened(self, source: Packed, key: str, check: Callable[[], None] = lambda: None) -> Iterator[Bytes]:
        """The source itself unless it is packed; `key` tells contents apart.

        `check` is called now and then while it is unpacked, and raises what ends that.
        """
        magic = source.read(0, 3)
        if not magic.startswith((_GZIP, _COMPRESS, _BZIP2)):
            yield source
            return
        file = self._file(source, magic, key, check)
        try:
            yield file
        finally:
            file.close()

    def _file(self, source: Packed, magic: bytes, key: str, check: Callable[[], None]) -> _LocalFile:
        path = self._folder / key
        with self._lock:
            mine = self._busy.setdefault(key, threading.Lock())
        try:
            # Who comes second waits, and finds the work done.
            with mine:
                try:
                    file = _LocalFile(path)
                    os.utime(path)
                except FileNotFoundError:
                    file = self._unpacked(source, magic, path, check)
        finally:
            with self._lock:
                self._busy.pop(key, None)
        return file

    def _unpacked(self, source: Packed, magic: bytes, path: Path, check: Callable[[], None]) -> _LocalFile:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self._folder, prefix=".")
            temporary = Path(name)
            try:
                with os.fdopen(handle, "wb") as output:
                    self._unpack(source, magic, output, check)
                file = _LocalFile(temporary)
                self._make_room(file.size)
                temporary.rename(path)
            finally:
                temporary.unlink(missing_ok=True)
            return file
        except OSError as cause:
            if DiskFull.is_meant_by(cause):
                raise DiskFull("there is no room to unpack the file", hint="try again later") from cause
            raise

    def _unpack(self, source: Packed, magic: bytes, output: BinaryIO, check: Callable[[], None]) -> None:
        written = 0
        for piece in _pieces(source, magic, self._folder):
            check()
            written += len(piece)
            if written > self._most:
                raise TooLarge(
                    f"the file is packed, and unpacked it is larger than {self._most:,} bytes",
                    hint="ask for the whole file, and cut it yourself",
                )
            output.write(piece)

    def _make_room(self, size: int) -> None:
        """Removes what was not used for the longest time, and what killed processes left."""
        kept = []
        for entry in os.scandir(self._folder):
            with suppress(FileNotFoundError):  # others remove files too
                state = entry.stat()
                if not entry.name.startswith("."):
                    kept.append((state.st_mtime, state.st_size, entry.path))
                elif state.st_mtime < time.time() - _WRITING:
                    Path(entry.path).unlink()
        total = size + sum(bytes_ for _, bytes_, _ in kept)
        for _, bytes_, path in sorted(kept):
            if total <= self._most:
                return
            Path(path).unlink(missing_ok=True)
            total -= bytes_


def _pieces(source: Packed, magic: bytes, folder: Path) -> Iterator[bytes]:
    try:
        with source.file() as packed:
            if magic.startswith(_COMPRESS):
                yield from _from_copy(packed, folder)
                return
            with _plain(packed, magic) as plain:
                while piece := plain.read(_PIECE):
                    yield piece
    except (*_DAMAGED, OSError) as cause:
        if isinstance(cause, OSError) and cause.errno is not None:
            raise
        # bz2 calls it so too.
        raise UnreadableFile(f"the packed file is damaged: {cause}") from cause


def _plain(packed: BinaryIO, magic: bytes) -> BinaryIO:
    if magic.startswith(_GZIP):
        return cast(BinaryIO, igzip.open(packed))  # type: ignore[no-untyped-call]
    return cast(BinaryIO, bz2.open(packed))


def _from_copy(packed: BinaryIO, folder: Path) -> Iterator[bytes]:
    """Of files of the program compress, which another program unpacks that reads from a file."""
    with tempfile.NamedTemporaryFile(dir=folder, prefix=".") as copy:
        while piece := packed.read(_PIECE):
            copy.write(piece)
        copy.flush()
        with open_stream(Path(copy.name)) as stream:
            while piece := stream.read(_PIECE):
                yield piece
