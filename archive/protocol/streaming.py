"""Sending what a blocking generator makes, while it makes it.

Parsing, planning, the database and the encoders are plain functions and generators; here one of
them runs in a worker thread that leads by a `Pipe` to the event loop, so that a slow client neither fills
the memory nor holds the query for ever. Compression is done in that thread too. A client that goes away
stops it, a failure before the first byte is raised like any other, and one after it breaks the connection,
so that nobody takes a part for the whole (formats that can tell of a failure have done so by themselves,
and end normally).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import time
from collections.abc import Callable, Generator, Mapping

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from ..errors import ArchiveError, Busy
from .compression import Coding, coder, coding_headers, is_compressible, negotiated
from .spooling import Pipe, Room
from .threads import Piece, Threads

__all__ = ["StreamedResponse", "Workers", "head_response"]

_log = logging.getLogger("uraniborg")
_PIECE = 256 << 10  # bytes handed to the server at once, which keeps what it has not sent yet in memory
# Seconds in which a result may end after its first chunk to be sent in one piece, with its length.
_BRIEF = 0.01


class Workers:
    """Threads for work that a client waits for: as many as queries may run at once."""

    def __init__(
        self,
        count: int,
        patience: float = 10.0,
        *,
        stall_seconds: float = 10.0,
        spool_bytes: int = 0,
    ) -> None:
        """`patience`: seconds for which a request waits for a free thread.

        `stall_seconds`: for which, in all, a thread waits for its client before it writes the rest of its
        result to the disk; `spool_bytes`: what all results may take there.
        """
        self._threads = Threads(count, "query")
        self._free = asyncio.Semaphore(count)
        self._patience = patience
        self._refused = -math.inf  # when a request was last sent away
        self.stall_seconds = stall_seconds
        self.room = Room(spool_bytes)

    @property
    def are_overrun(self) -> bool:
        """Whether all threads are taken, and requests that waited for one were sent away lately."""
        return self._free.locked() and time.monotonic() - self._refused < 2 * self._patience

    async def start(self, work: Callable[[], None], ended: Callable[[], None]) -> Piece:
        """Runs `work` in a thread as soon as one is free, then `ended` in the event loop.

        Raises Busy when none gets free in time.
        """
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()
        loop = asyncio.get_running_loop()

        def finish() -> None:
            self._free.release()
            ended()

        def finished() -> None:
            # The loop is gone when the server was told to stop at once; then nobody waits either.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(finish)

        running = Piece(work, finished)
        self._threads.submit(running)
        return running

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await self._free.acquire()
        except TimeoutError as cause:
            self._refused = time.monotonic()
            raise Busy(
                "too many queries are running", retry_after=10, hint="try again in a moment"
            ) from cause

    def close(self) -> None:
        self._threads.close()


class _Production:
    """A generator at work in a thread, its chunks coded there, and whoever awaits them in the event loop."""

    def __init__(self, chunks: Generator[bytes, None, None], coding: Coding, workers: Workers) -> None:
        self._chunks = chunks
        self._coding = coding
        self._workers = workers
        self._loop = asyncio.get_running_loop()
        self._changed = asyncio.Event()
        self._hurried = False  # whether each chunk is awaited, and not the end alone
        self.pipe = Pipe(self._wake, workers.room, workers.stall_seconds)

    async def start(self) -> Piece:
        return await self._workers.start(self._work, self._changed.set)

    def _work(self) -> None:
        """The thread's part; that it has ended says that no more will come, for whichever reason."""
        coding = coder(self._coding)
        with contextlib.closing(self._chunks):
            for chunk in self._chunks:
                coded = coding.add(chunk)
                if coded and not self.pipe.put(coded):
                    return
        if last := coding.end():
            self.pipe.put(last)

    def _wake(self) -> None:
        if self._hurried:
            with contextlib.suppress(RuntimeError):  # as in Workers.start
                self._loop.call_soon_threadsafe(self._changed.set)

    async def brief(self) -> None:
        """Waits for the end, but not long."""
        timer = self._loop.call_later(_BRIEF, self._changed.set)
        await self._changed.wait()
        timer.cancel()
        self._hurried = True

    async def change(self) -> None:
        """Waits for another chunk, the end, or the client's leave."""
        await self._changed.wait()
        self._changed.clear()

    def leave(self, _: asyncio.Task[None]) -> None:
        self._changed.set()


class StreamedResponse(Response):
    """The bytes of a generator, sent as they are made, compressed if the client likes.

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
        coding = _set_coding(self, Headers(scope=scope))
        if coding is not Coding.IDENTITY:
            self._length = lambda: None
        production = _Production(self._chunks, coding, self._workers)
        running = await production.start()
        try:
            await production.brief()
            if running.is_done and running.error is None and production.pipe.is_in_memory:
                await self._send_whole(production.pipe, send)
            else:
                await self._send_while_made(production, running, receive, send)
        finally:
            production.pipe.close()
            if not running.is_done:
                await asyncio.to_thread(self._cancel)

    async def _send_whole(self, pipe: Pipe, send: Send) -> None:
        """A small result, in one piece and with its length."""
        content = pipe.drain()
        await self._start(send, len(content))
        await _send_body(send, content, last=True)

    async def _send_while_made(
        self, production: _Production, running: Piece, receive: Receive, send: Send
    ) -> None:
        gone = asyncio.create_task(_disconnected(receive))
        gone.add_done_callback(production.leave)
        try:
            async with asyncio.timeout(None if math.isinf(self._seconds) else self._seconds):
                await self._send(production, running, gone, send)
        except TimeoutError:
            # Returning without the last piece makes the server break the connection.
            _log.warning("result cut off: the client took longer than %g s", self._seconds)
        finally:
            gone.cancel()

    async def _send(
        self, production: _Production, running: Piece, gone: asyncio.Task[None], send: Send
    ) -> None:
        started = False
        while not gone.done():
            # In this order: what is done now has put everything into the pipe.
            done = running.is_done
            chunk = await production.pipe.take()
            if chunk:
                last = done and production.pipe.is_empty and running.error is None
                if not started:
                    await self._start(send)
                    started = True
                await _send_body(send, chunk, last=last)
                if last:
                    return
            elif done:
                await self._end(running, send, started=started)
                return
            else:
                await production.change()

    async def _end(self, running: Piece, send: Send, *, started: bool) -> None:
        """After the last chunk, which was sent not knowing that it was the last, or without any."""
        try:
            if running.error is not None:
                raise running.error
        except ArchiveError as error:
            if not started:
                raise
            # Returning without the last piece makes the server break the connection.
            _log.warning("result cut off: %s", error)
            return
        if not started:
            await self._start(send, 0)
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _start(self, send: Send, whole: int | None = None) -> None:
        """`whole`: bytes of the content when all of it is there."""
        length = self._length() if whole is None else whole
        if length is not None:
            self.headers["Content-Length"] = str(length)
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})


def head_response(request: Request, headers: Mapping[str, str]) -> Response:
    """The answer to HEAD where nobody knows how long that to GET would be (RFC 9110, 8.6)."""
    response = Response(headers=headers)
    del response.headers["Content-Length"]
    _set_coding(response, request.headers)
    return response


def _set_coding(response: Response, asked: Headers) -> Coding:
    if not is_compressible(response.headers["Content-Type"]):
        return Coding.IDENTITY
    coding = negotiated(asked.get("accept-encoding"))
    response.headers.update(coding_headers(coding))
    return coding


async def _send_body(send: Send, content: bytes, *, last: bool) -> None:
    for begin in range(0, max(len(content), 1), _PIECE):
        more = not last or begin + _PIECE < len(content)
        piece = content[begin : begin + _PIECE]
        await send({"type": "http.response.body", "body": piece, "more_body": more})


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has gone; what it still sends is of no interest."""
    message: Message = {}
    while message.get("type") != "http.disconnect":
        message = await receive()
