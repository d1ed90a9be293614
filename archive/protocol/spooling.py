"""What a slow client has not taken yet: a few chunks in memory, and beyond them, on disk.

A `Pipe` leads from the thread that makes a result to the event loop that sends it. While the client keeps up,
the thread waits for it, a few chunks ahead. When the client stalls, the rest goes into a temporary file as
fast as it is made, so that neither the thread nor its connection to the database is held by a slow line. When
the files take all the room they may, the thread waits again.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TypeVar

__all__ = ["Pipe", "Room"]

_Result = TypeVar("_Result")

_AHEAD = 3  # chunks in memory that may wait for the client
_LITTLE = 256 << 10  # bytes in memory up to which there may be more of them
_SMALL = 64 << 10  # chunks are sent together up to so many bytes
_READ = 1 << 20  # bytes read from the file at once


class Room:
    """Bytes of temporary files that all results together may take; they are nameless and end with us."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._lock = threading.Lock()

    def reserve(self, count: int) -> bool:
        with self._lock:
            if count > self._left:
                return False
            self._left -= count
            return True

    def release(self, count: int) -> None:
        with self._lock:
            self._left += count


class _Spool:
    """A temporary file that one thread fills and another empties."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._file = tempfile.TemporaryFile(prefix="uraniborg-stream-")  # noqa: SIM115  # closed by close
        self._written = 0
        self._read = 0

    @property
    def unread(self) -> int:
        return self._written - self._read

    def write(self, chunk: bytes) -> bool:
        """Whether there was room for the whole chunk; a part of it counts as nothing."""
        if not self._room.reserve(len(chunk)):
            return False
        place, left = self._written, memoryview(chunk)
        try:
            while left:
                count = os.pwrite(self._file.fileno(), left, place)
                place, left = place + count, left[count:]
        except OSError:  # no room on the disk, or too large for a file
            self._room.release(len(chunk))
            return False
        self._written = place
        return True

    def read(self) -> bytes:
        chunk = os.pread(self._file.fileno(), min(_READ, self.unread), self._read)
        self._read += len(chunk)
        return chunk

    def close(self) -> None:
        self._room.release(self._written)
        self._file.close()


class Pipe:
    """`put` is the thread's side; `take` and `close` the event loop's.

    `patience`: seconds for which the thread waits for the client, in all, before it writes to the disk.
    `wake` is called in the thread after each chunk.
    """

    def __init__(self, wake: Callable[[], None], room: Room, patience: float) -> None:
        self._wake = wake
        self._room = room
        self._patience = patience
        self._changed = threading.Condition()  # never held while the disk works
        self._memory: deque[bytes] = deque()  # older than what is in the spool
        self._held = 0  # bytes in it
        self._spool: _Spool | None = None
        self._users = 0  # of the spool: the two sides
        self._closed = False

    def put(self, chunk: bytes) -> bool:
        """False when nobody wants any more. Waits when neither memory nor disk have room."""
        with self._changed:
            if self._spool is None and not self._is_awaited():
                # Without a file to open, the thread goes on waiting.
                with contextlib.suppress(OSError):
                    self._spool = _Spool(self._room)
            spool = None if self._closed else self._spool
            self._users += spool is not None
        kept = spool is not None and self._use(lambda: spool.write(chunk))
        with self._changed:
            if not kept:
                self._wait(self._has_memory if spool is None else self._is_drained)
                self._memory.append(chunk)
                self._held += len(chunk)
            closed = self._closed
        self._wake()
        return not closed

    def _is_awaited(self) -> bool:
        """Waits for the client as long as there is patience."""
        begun = time.monotonic()
        awaited = self._wait(self._has_memory, self._patience)
        self._patience -= time.monotonic() - begun
        return awaited

    def _wait(self, condition: Callable[[], bool], seconds: float | None = None) -> bool:
        return self._changed.wait_for(lambda: self._closed or condition(), seconds)

    def _has_memory(self) -> bool:
        return len(self._memory) < _AHEAD or self._held < _LITTLE

    def _is_drained(self) -> bool:
        """Whether all is taken; then the file is given back and the next chunk comes first again."""
        if self._memory or self._users or (self._spool is not None and self._spool.unread):
            return False
        self._drop_spool()
        return True

    def _use(self, work: Callable[[], _Result]) -> _Result:
        """Reads or writes the spool, of which its caller is a user until then."""
        try:
            return work()
        finally:
            with self._changed:
                self._users -= 1
                if self._closed:
                    self._drop_spool()
                self._changed.notify()

    def _drop_spool(self) -> None:
        if self._spool is not None and not self._users:
            self._spool.close()
            self._spool = None

    @property
    def is_empty(self) -> bool:
        """Whether all that was put is taken. For the event loop, when the thread has ended."""
        return not self._memory and (self._spool is None or not self._spool.unread)

    @property
    def is_in_memory(self) -> bool:
        """Whether all that was put and not taken is, so that `drain` gives it at once."""
        return self._spool is None

    def drain(self) -> bytes:
        """All that is in memory. For the event loop, when the thread has ended."""
        content, self._memory, self._held = b"".join(self._memory), deque(), 0
        return content

    async def take(self) -> bytes:
        """What is there, small chunks joined; empty when nothing is."""
        with self._changed:
            taken: list[bytes] = []
            size = 0
            while self._memory and (not taken or size + len(self._memory[0]) <= _SMALL):
                taken.append(self._memory.popleft())
                size += len(taken[-1])
            self._held -= size
            self._changed.notify()
            spool = self._spool
            if taken or spool is None or not spool.unread:
                return taken[0] if len(taken) == 1 else b"".join(taken)
            self._users += 1
        # Shielded, since a reader that is called off before it has begun would stay a user for ever.
        return await asyncio.shield(asyncio.to_thread(self._use, spool.read))

    def close(self) -> None:
        """Nothing more is wanted; `put` returns at once from now on."""
        with self._changed:
            self._closed = True
            self._memory.clear()
            self._held = 0
            self._drop_spool()
            self._changed.notify()
