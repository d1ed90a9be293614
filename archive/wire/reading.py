"""Rows off a connection that is in the middle of COPY ... TO STDOUT (FORMAT binary), a few thousand at once.

The compiled reader calls libpq by itself, on psycopg's connection: the functions must come from the very
library that psycopg uses, which is looked for among those loaded. The other asks psycopg for each row.
What made the connection copy, and what it says after the last row, is read by whoever asked.
"""

from __future__ import annotations

import contextlib
import ctypes
import select
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import psycopg
from psycopg import pq

from .chunks import Chunk
from .library import Reader, Reading, compiled

__all__ = ["LostConnection", "RowReader", "open_reader"]

# Bytes of a chunk: large enough to make calls cheap, small enough for the processor's cache. Most results
# are no larger than the first.
_FIRST_CHUNK, _CHUNK = 64 << 10, 256 << 10
# Rows that have come leave after this time, in seconds, though the database makes few of them.
_LINGER = 0.03
_TICK = 1.0  # seconds without a row after which `patience` is asked
_HEADER, _TRAILER = b"PGCOPY\n\xff\r\n\0", b"\xff\xff"


class LostConnection(Exception):
    """The connection ended in the middle of the rows."""


class RowReader(Protocol):
    def read(self) -> Chunk | None:
        """The next rows, None behind the last of them or when the database sends an error instead."""

    def close(self) -> None:
        """Must be called before the connection is used for anything else."""


def open_reader(connection: psycopg.Connection, patience: Callable[[], None]) -> RowReader:
    """A reader of what the connection copies; `patience` is called now and then while nothing comes."""
    library, libpq = compiled(), _libpq()
    if library is None or libpq is None:
        return _PythonReader(connection.pgconn, patience)
    return _CompiledReader(library, libpq, connection.pgconn, patience)


class _CompiledReader:
    def __init__(
        self, library: ctypes.CDLL, libpq: ctypes.CDLL, pgconn: pq.abc.PGconn, patience: Callable[[], None]
    ) -> None:
        self._library = library
        self._patience = patience
        self._ended = False
        get_copy_data, consume_input, free_memory = _functions(libpq)
        self._reader = Reader(
            connection=pgconn.pgconn_ptr,  # type: ignore[attr-defined]  # all of psycopg's ways have it
            get_copy_data=get_copy_data,
            consume_input=consume_input,
            free_memory=free_memory,
            socket=pgconn.socket,
        )
        self._buffer = bytearray()

    def read(self) -> Chunk | None:
        if self._ended:
            return None
        reader = self._reader
        self._offer(_CHUNK if self._buffer else _FIRST_CHUNK)
        while True:
            match Reading(self._library.wire_read(reader, int(_LINGER * 1000), int(_TICK * 1000))):
                case Reading.END:
                    self._ended = True
                    break
                case Reading.FULL:
                    break
                case Reading.WAITING:
                    self._patience()
                case Reading.TOO_SMALL:
                    self._offer(reader.row_length - reader.row_header)
                case Reading.LOST | Reading.FAILED | Reading.UNREADABLE as outcome:
                    raise LostConnection(outcome.name)
        return Chunk(memoryview(self._buffer)[: reader.used], reader.rows) if reader.rows else None

    def _offer(self, size: int) -> None:
        """A buffer for the next chunk: the one there is, unless it is too small or much too large."""
        reader = self._reader
        if not size <= len(self._buffer) <= max(size, _CHUNK):
            self._buffer = bytearray(size)
            reader.buffer = ctypes.addressof(ctypes.c_char.from_buffer(self._buffer))
            reader.capacity = size
        reader.used = reader.rows = 0

    def close(self) -> None:
        self._library.wire_forget(self._reader)
        self._ended = True


@lru_cache
def _functions(libpq: ctypes.CDLL) -> tuple[int | None, ...]:
    """The addresses of what the compiled reader calls."""
    wanted = libpq.PQgetCopyData, libpq.PQconsumeInput, libpq.PQfreemem
    return tuple(ctypes.cast(function, ctypes.c_void_p).value for function in wanted)


@lru_cache
def _libpq() -> ctypes.CDLL | None:
    """The libpq in this process, if there is one, and no second one of another version to mistake it for."""
    with contextlib.suppress(OSError):
        mapped = Path("/proc/self/maps").read_text("utf-8", "surrogateescape").splitlines()
        paths = {line.split(maxsplit=5)[5] for line in mapped if "/libpq" in line}
        found = {path for path in paths if Path(path).name.split(".")[0].split("-")[0] == "libpq"}
        if len(found) == 1:
            libpq = ctypes.CDLL(found.pop())
            if libpq.PQlibVersion() == pq.version():
                return libpq
    return None


class _PythonReader:
    def __init__(self, pgconn: pq.abc.PGconn, patience: Callable[[], None]) -> None:
        self._pgconn = pgconn
        self._patience = patience
        self._begun = False
        self._ended = False

    def read(self) -> Chunk | None:
        rows: list[bytes] = []
        size, first = 0, 0.0
        while size < _CHUNK and not self._ended:
            length, data = self._copied()
            if length < 0:
                self._ended = True
            elif length == 0:
                if rows and time.monotonic() - first >= _LINGER:
                    break
                self._wait(_LINGER if rows else _TICK)
            elif (row := self._without_header(bytes(data))) and row != _TRAILER:
                first = first or time.monotonic()
                rows.append(row)
                size += len(row)
        if not rows:
            return None
        lengths = np.fromiter(map(len, rows), np.int64, len(rows))
        return Chunk(memoryview(b"".join(rows)), len(rows), np.cumsum(lengths) - lengths)

    def _copied(self) -> tuple[int, memoryview | bytes]:
        try:
            return self._pgconn.get_copy_data(1)
        except psycopg.OperationalError as cause:
            raise LostConnection from cause

    def _without_header(self, row: bytes) -> bytes:
        if self._begun:
            return row
        self._begun = True
        if not row.startswith(_HEADER):
            raise LostConnection("UNREADABLE")
        return row[19 + int.from_bytes(row[15:19], "big") :]

    def _wait(self, seconds: float) -> None:
        """Until something has come, which is taken in, or the time is over."""
        waiting = select.poll()
        waiting.register(self._pgconn.socket, select.POLLIN)
        if not waiting.poll(seconds * 1000) and seconds >= _TICK:
            self._patience()
        try:
            self._pgconn.consume_input()
        except psycopg.OperationalError as cause:
            raise LostConnection from cause

    def close(self) -> None:
        self._ended = True
