"""Sending what a blocking generator makes, while it makes it.

Parsing, planning, the database and the encoders are plain functions and generators; here one of
them runs in a worker thread behind a bounded queue, so that a slow client slows the query down
instead of filling the memory. A client that goes away stops it, a failure before the first byte is
raised like any other, and one after it breaks the connection, so that nobody takes a part for the
whole (formats that can tell of a failure have done so by themselves, and end normally).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import threading
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from ..errors import ArchiveError, Busy

__all__ = ["StreamedResponse", "Workers"]

_log = logging.getLogger("uraniborg")
_AHEAD = 3  # chunks that may wait for the client
_PIECE = 256 << 10  # bytes handed to the server at once, which keeps what it has not sent yet in memory


class Workers:
    """Threads for work that a client waits for: as many as queries may run at once."""

    def __init__(self, count: int, patience: float = 10.0) -> None:
        """`patience`: seconds for which a request waits for a free thread."""
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="query")
        self._free = asyncio.Semaphore(count)
        self._patience = patience

    async def start(self, work: Callable[[], None]) -> asyncio.Future[None]:
        """Runs `work` in a thread as soon as one is free; raises Busy when none gets free in time."""
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError as cause:
            raise Busy(
                "too many queries are running", retry_after=10, hint="try again in a moment"
            ) from cause
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        running.add_done_callback(self._finished)
        return running

    def _finished(self, running: asyncio.Future[None]) -> None:
        self._free.release()
        # A failure after the client has gone is nobody's any more; asking for it keeps asyncio quiet.
        if not running.cancelled():
            running.exception()

    def close(self) -> None:
        self._threads.shutdown(wait=True, cancel_futures=True)


class _Production:
    """A generator at work in a thread, at most `_AHEAD` chunks ahead of whoever awaits them."""

    def __init__(self, chunks: Generator[bytes, None, None]) -> None:
        self._chunks = chunks
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._room = threading.Semaphore(_AHEAD)
        self._stopped = False

    def work(self) -> None:
        """The thread's part. None in the queue says that no more will come, for whichever reason."""
        try:
            with contextlib.closing(self._chunks):
                for chunk in self._chunks:
                    self._room.acquire()
                    if self._stopped:
                        return
                    self._put(chunk)
        finally:
            self._put(None)

    def _put(self, chunk: bytes | None) -> None:
        # The loop is gone when the server was told to stop at once; then nobody waits either.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._ready.put_nowait, chunk)

    async def next(self) -> bytes | None:
        chunk = await self._ready.get()
        self._room.release()
        return chunk

    def stop(self) -> None:
        self._stopped = True
        self._room.release()


class StreamedResponse(Response):
    """The bytes of a generator, sent as they are made.

    `cancel` is called from another thread when the client goes away; it must make a generator that
    waits for the database give up. `length` is asked once the first chunk is there, as a format that
    is spooled knows its size only then. A client that has not taken everything after `seconds`
    is sent away, so that it does not keep a thread and a query for ever.
    """

    def __init__(
        self,
        workers: Workers,
        chunks: Generator[bytes, None, None],
        cancel: Callable[[], None],
        *,
        headers: dict[str, str],
        length: Callable[[], int | None] = lambda: None,
        seconds: float = math.inf,
    ) -> None:
        self._workers = workers
        self._chunks = chunks
        self._cancel = cancel
        self._length = length
        self._seconds = seconds
        self.status_code = 200
        self.background = None
        # Content-Type is among them: Starlette would add a charset, and clients compare the text.
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        production = _Production(self._chunks)
        running = await self._workers.start(production.work)
        gone = asyncio.create_task(_disconnected(receive))
        try:
            async with asyncio.timeout(None if math.isinf(self._seconds) else self._seconds):
                await self._send(production, running, gone, send)
        except TimeoutError:
            # Returning without the last piece makes the server break the connection.
            _log.warning("result cut off: the client took longer than %g s", self._seconds)
        finally:
            gone.cancel()
            production.stop()
            if not running.done():
                await asyncio.to_thread(self._cancel)

    async def _send(
        self, production: _Production, running: asyncio.Future[None], gone: asyncio.Task[None], send: Send
    ) -> None:
        started = False
        while (chunk := await _unless(gone, production.next())) is not None:
            if not started:
                started = True
                await self._start(send)
            for begin in range(0, len(chunk), _PIECE):
                piece = chunk[begin : begin + _PIECE]
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        if gone.done():
            return
        try:
            await running
        except ArchiveError as error:
            if not started:
                raise
            # Returning without the last piece makes the server break the connection.
            _log.warning("result cut off: %s", error)
            return
        if not started:
            await self._start(send)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _start(self, send: Send) -> None:
        length = self._length()
        if length is not None:
            self.headers["Content-Length"] = str(length)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has gone; what it still sends is of no interest."""
    message: Message = {}
    while message.get("type") != "http.disconnect":
        message = await receive()


async def _unless(gone: asyncio.Task[None], coming: Coroutine[None, None, bytes | None]) -> bytes | None:
    """What is coming, or None when the client goes away before it comes."""
    waiting = asyncio.create_task(coming)
    await asyncio.wait((gone, waiting), return_when=asyncio.FIRST_COMPLETED)
    if gone.done():
        waiting.cancel()
        return None
    return waiting.result()
