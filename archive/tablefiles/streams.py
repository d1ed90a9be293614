"""Files as streams of FITS bytes, whatever they are compressed with; told by content, not by name.

Reading forward and skipping are all that is offered: a compressed file is never unpacked to disk.
Tile compression (.fz) is FITS itself and no matter of this module.
"""

from __future__ import annotations

import bz2
import gzip
import os
import stat
import subprocess
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from enum import Enum
from pathlib import Path
from typing import BinaryIO, cast

from ..errors import UnreadableFile

__all__ = ["Packing", "Stream", "is_fits", "open_stream", "packing"]

_CHUNK = 1 << 20
# Files of zeros can be packed a million times smaller. What is larger than this and packed better than real
# data ever are was made to keep an archive busy.
_BELIEVED = 16 << 30
_BEST_PACKING = 200


class Packing(Enum):
    """How a file's bytes are packed; the value is the media type such a file has (NONE: FITS itself)."""

    NONE = "application/fits"
    GZIP = "application/gzip"
    # RFC 1945 names the coding of the Unix program compress "x-compress".
    COMPRESS = "application/x-compress"
    BZIP2 = "application/x-bzip2"


_MAGIC = {b"\x1f\x8b": Packing.GZIP, b"\x1f\x9d": Packing.COMPRESS, b"BZh": Packing.BZIP2}


def packing(path: Path) -> Packing:
    with _readable(path) as file:
        start = Stream(file, None).read(3)
    return next((found for magic, found in _MAGIC.items() if start.startswith(magic)), Packing.NONE)


class Stream:
    """Bytes of an unpacked file, from the start to the end, in one direction."""

    def __init__(self, file: BinaryIO, size: int | None, most: int | None = None) -> None:
        """In bytes: `size` where it is known and the file can seek, `most` after which it is refused."""
        self._file = file
        self._size = size
        self._left = most

    def read(self, count: int) -> bytes:
        """Up to `count` bytes; fewer only at the end."""
        parts = []
        while count > 0 and (part := self._read(min(count, _CHUNK))):
            parts.append(part)
            count -= len(part)
        return b"".join(parts)

    def skip(self, count: int) -> int:
        """Pass over `count` bytes; returns how many there were."""
        if self._size is not None:
            here = self._file.tell()
            there = min(here + count, self._size)
            self._file.seek(there)
            return there - here
        passed = 0
        while passed < count and (part := self._read(min(count - passed, _CHUNK))):
            passed += len(part)
        return passed

    def _read(self, count: int) -> bytes:
        try:
            part = self._file.read(count)
        except EOFError as cause:
            raise UnreadableFile("truncated: the compressed data end too early") from cause
        except (OSError, zlib.error, ValueError) as cause:
            raise UnreadableFile(f"damaged: {cause}") from cause
        if self._left is not None:
            self._left -= len(part)
            if self._left < 0:
                raise UnreadableFile("unpacked it would be larger than can be true")
        return part


@contextmanager
def open_stream(path: Path, believed: int = _BELIEVED) -> Iterator[Stream]:
    """The file unpacked; beyond `believed` bytes only when they were packed no better than real data are."""
    found = packing(path)
    with _readable(path) as file:
        size = os.fstat(file.fileno()).st_size
        most = max(believed, size * _BEST_PACKING)
        match found:
            case Packing.NONE:
                yield Stream(file, size)
            case Packing.GZIP:
                with gzip.open(file) as plain:
                    yield Stream(cast(BinaryIO, plain), None, most)
            case Packing.BZIP2:
                with bz2.open(file) as plain:
                    yield Stream(cast(BinaryIO, plain), None, most)
            case Packing.COMPRESS:
                with _uncompressed(file) as piped:
                    yield Stream(piped, None, most)


def is_fits(path: Path) -> bool:
    """True when the file, unpacked where needed, begins as FITS does; False also when it cannot be read."""
    try:
        with open_stream(path) as stream:
            return stream.read(9).startswith((b"SIMPLE  =", b"SIMPLE ="))
    except UnreadableFile:
        return False


@contextmanager
def _readable(path: Path) -> Iterator[BinaryIO]:
    with ExitStack() as stack:
        try:
            file = stack.enter_context(open(path, "rb", opener=_without_waiting))
        except OSError as cause:
            raise UnreadableFile(f"cannot be read: {cause.strerror or cause}") from cause
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise UnreadableFile("not a file, but a device, a pipe or the like")
        yield file


def _without_waiting(path: str, flags: int) -> int:
    """Opens also a pipe at once, which else would wait until somebody writes into it."""
    return os.open(path, flags | os.O_NONBLOCK)


@contextmanager
def _uncompressed(packed: BinaryIO) -> Iterator[BinaryIO]:
    """A file of the Unix program compress (.Z), which Python cannot unpack but gzip can.

    gzip is an essential package of Debian; a decoder in Python would take minutes for a mosaic.
    """
    try:
        process = subprocess.Popen(
            ["gzip", "-dc"], stdin=packed, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
    except FileNotFoundError as cause:
        raise UnreadableFile("packed by compress, and the program gzip is missing") from cause
    with process:
        assert process.stdout is not None and process.stderr is not None
        try:
            yield cast(BinaryIO, process.stdout)
        except UnreadableFile as cause:
            # Garbage in the output, or none of it, is explained by what gzip says.
            if complaint := _complaint(process):
                raise UnreadableFile(f"damaged: {complaint}") from cause
            raise
        if complaint := _complaint(process):
            raise UnreadableFile(f"damaged: {complaint}")


def _complaint(process: subprocess.Popen[bytes]) -> str | None:
    """What gzip says when it fails; its status 2 is a warning, and SIGPIPE ends it when the reader stops."""
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    text = process.stderr.read().decode("utf-8", "replace").strip()
    return text.partition(": ")[2] or text if process.wait() == 1 else None
