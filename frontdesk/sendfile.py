"""Sending parts of files from the disk to the network without reading them: sendfile(2) beside uvloop.

uvloop has no loop.sendfile, and lets nobody watch a descriptor that its transports use. So a second
descriptor of the same socket is watched, while the transport, whose own buffer is empty, writes nothing.
"""

from __future__ import annotations

import asyncio
import errno
import os

__all__ = ["Transfer"]

_AT_ONCE = 1 << 20  # bytes after which other connections have their turn


class Transfer:
    """`count` bytes of an open file on their way to a client; `client` is the descriptor of its socket."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, client: int, file: int, offset: int, count: int
    ) -> None:
        self._loop = loop
        self._client = os.dup(client)
        self._file = file
        self._offset = offset
        self._left = count
        self._done: asyncio.Future[None] = loop.create_future()

    async def run(self) -> None:
        """Returns when the kernel has all bytes.

        Raises ConnectionError when the client has gone, another OSError when the file cannot be read so far.
        """
        try:
            self._send()
            if not self._done.done():
                self._loop.add_writer(self._client, self._send)
            await self._done
        finally:
            self._loop.remove_writer(self._client)
            os.close(self._client)

    def abandon(self) -> None:
        """The client has gone."""
        self._fail(ConnectionResetError("the client has gone"))

    def _send(self) -> None:
        try:
            sent = os.sendfile(self._client, self._file, self._offset, min(self._left, _AT_ONCE))
        except BlockingIOError:
            return
        except OSError as error:
            # What is not the disk's is the network's fault.
            self._fail(error if error.errno == errno.EIO else ConnectionResetError(str(error)))
            return
        if sent == 0:
            self._fail(OSError(errno.EIO, f"{self._left} bytes are missing at the end of the file"))
            return
        self._offset += sent
        self._left -= sent
        if not self._left and not self._done.done():
            self._done.set_result(None)

    def _fail(self, error: Exception) -> None:
        if not self._done.done():
            self._done.set_exception(error)
