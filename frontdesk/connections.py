"""The web server's connections, with limits on what a client can hold open without asking for anything, and
answers that clients of HTTP/1.0 can read; files that go from the disk to the network by themselves.

uvicorn bounds neither the head of a request nor the time it takes. Bodies are limited where they are read
(`archive.protocol.requests`), answers where they are sent (`archive.protocol.streaming`), and a client that
takes nothing of its answer any more by TCP itself (`server.bind`).
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from asyncio import TimerHandle
from collections import Counter
from collections.abc import Iterable
from functools import partial
from typing import Any, Final

from httptools import HttpParserError
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from archive.access.limiting import limited_part

from .sendfile import Transfer

__all__ = ["Connection"]

_TOO_LARGE = b"431 Request Header Fields Too Large", b"the head of the request is too large"
_ADDRESS_BYTES = (1 << 16) - 1  # which the parser reads
_LONG_ADDRESS = b"414 URI Too Long", b"the address is too long; send the parameters by POST"
_TOO_SLOW = b"408 Request Timeout", b"the head of the request did not arrive in time"
_PLAIN = b"Content-Type: text/plain\r\nX-Content-Type-Options: nosniff\r\n"
_LINGER = 5.0  # seconds in which a refused client may read its answer
_VERSIONS = frozenset({"1.0", "1.1"})
_HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")  # RFC 3986, 3.2.2 and 3.2.3
# ASGI's extension: messages with `file` (an open one), `offset`, `count` and `more_body`.
_ZERO_COPY = "http.response.zerocopysend"


_OPEN: Counter[str] = Counter()  # connections of this process by address


class Connection(HttpToolsProtocol):
    """One client's connection. The limits hold for the head of each request: first line and header fields.

    What stands between pieces of a body and after the last one is as large as a head at most. A body that
    nobody waits for any more, as the answer was given without it, has a minute to end.
    """

    HEAD_BYTES: Final = 256 << 10
    HEAD_SECONDS: Final = 20.0
    REST_SECONDS: Final = 60.0
    # Open at once for one address: a quarter of all (`server`), and plenty for a proxy before us.
    MOST_OF_ONE: Final = 4096

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._address = ""
        self._head_bytes = 0
        self._in_body = False
        self._framing_bytes = 0  # that came since the last of the body
        # There is one while a head is awaited or arrives, and while the rest of an unread body does.
        self._deadline: TimerHandle | None = None
        self._refused = False
        self._transfer: Transfer | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._address = limited_part(self.client[0] if self.client else "")
        _OPEN[self._address] += 1
        if _OPEN[self._address] > self.MOST_OF_ONE:
            transport.abort()
        self.transport = _Gathering(transport, self.loop)  # type: ignore[assignment]  # has what is used of it
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        _OPEN[self._address] -= 1
        if not _OPEN[self._address]:
            del _OPEN[self._address]
        self._head_is_there()
        super().connection_lost(exc)
        if self._transfer is not None:
            self._transfer.abandon()

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        if self._in_body:
            self._framing_bytes += len(data)
        super().data_received(data)
        if self._in_body:
            if self._framing_bytes > self.HEAD_BYTES:
                self._refuse(*_TOO_LARGE)
        elif self._deadline is not None:
            self._head_bytes += len(data)
            if self._head_bytes > self.HEAD_BYTES:
                self._refuse(*_TOO_LARGE)
        self._await_rest()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_ZERO_COPY: {}}
        self._await_head()

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > _ADDRESS_BYTES:
            self._refuse(*_LONG_ADDRESS)

    def on_headers_complete(self) -> None:
        self._head_is_there()
        _check_head(self.parser.get_http_version(), self.headers)
        super().on_headers_complete()
        self._in_body, self._framing_bytes = True, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        # What may follow the last chunk is no part of the head (RFC 9110, 6.5.1).
        if not self._in_body:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        self._framing_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if cycle.scope["http_version"] == "1.0":
            app = _Unchunked(app, cycle)
        started: Any = _WithFiles(app, partial(self._send_file, cycle))
        super()._start_asgi_task(cycle, started)

    async def _send_file(self, cycle: RequestResponseCycle, message: Message) -> None:
        """Sends a part of an open file; raises ConnectionError when the client has gone."""
        count = message["count"]
        if count > cycle.expected_content_length:
            raise RuntimeError("Response content longer than Content-Length")
        await self._written(cycle)
        # Only now is the descriptor certainly the client's.
        if cycle.disconnected or self.transport.is_closing():
            raise ConnectionResetError("the client has gone")
        client = self.transport.get_extra_info("socket").fileno()
        self._transfer = Transfer(self.loop, client, message["file"].fileno(), message["offset"], count)
        try:
            await self._transfer.run()
        finally:
            self._transfer = None
        cycle.expected_content_length -= count
        if not message.get("more_body", False):
            await cycle.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _written(self, cycle: RequestResponseCycle) -> None:
        """Waits until the transport has passed on all that it was given."""
        self.transport.flush()  # type: ignore[attr-defined]  # see connection_made
        self.transport.set_write_buffer_limits(high=0)
        if self.flow.write_paused and not cycle.disconnected:
            await self.flow.drain()
        if not self.transport.is_closing():
            self.transport.set_write_buffer_limits()

    def _await_head(self) -> None:
        self._head_is_there()
        self._head_bytes = 0
        self._deadline = self.loop.call_later(self.HEAD_SECONDS, self._refuse, *_TOO_SLOW)

    def _await_rest(self) -> None:
        """Whatever comes after an answer ends uvicorn's patience with a client that asks nothing more."""
        answered = self.cycle is not None and self.cycle.response_complete and not self.pipeline
        if answered and self._deadline is None and not self._refused and not self.transport.is_closing():
            self._head_bytes = 0
            self._deadline = self.loop.call_later(self.REST_SECONDS, self._close_gently)

    def _head_is_there(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def send_400_response(self, msg: str) -> None:
        self._refuse(b"400 Bad Request", msg.encode("ascii"))

    def _refuse(self, status: bytes, message: bytes) -> None:
        """Answers, unless an answer to an earlier request is under way, and closes."""
        self._head_is_there()
        if self._refused or self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            length = b"Content-Length: %d\r\nConnection: close" % len(message)
            self.transport.write(b"HTTP/1.1 %s\r\n%s%s\r\n\r\n%s" % (status, _PLAIN, length, message))
        self._close_gently()

    def _close_gently(self) -> None:
        """Ends what is sent, and lets the client send what it is about to for a moment, unread.

        Closing while something waits to be read resets the connection, and the client might lose the
        answer (RFC 9112, 9.6).
        """
        self._head_is_there()
        self._refused = True
        if self.cycle is not None:
            # To the application the client is gone.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write_eof()
        self.loop.call_later(_LINGER, self.transport.abort)


def _check_head(version: str, headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Raises HttpParserError, which is answered with 400, for what a proxy before us may have read otherwise.

    The parser refuses most of that (two lengths, a length beside chunks, folded lines, a lone line feed or a
    NUL). It lets pass several hosts or none (RFC 9112, 3.2), codings besides chunks (6.1), and HTTP/0.9.
    """
    hosts = [value for name, value in headers if name == b"host"]
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    if version not in _VERSIONS:
        raise HttpParserError(f"HTTP/{version} is not spoken here")
    if len(hosts) != 1 and (hosts or version != "1.0"):
        raise HttpParserError(f"there are {len(hosts)} Host headers")
    if hosts and not _HOST.fullmatch(hosts[0]):
        raise HttpParserError("Host is no host")
    if codings and (version == "1.0" or [coding.strip().lower() for coding in codings] != [b"chunked"]):
        raise HttpParserError("a body is sent as it is, or in chunks")


class _WithFiles:
    """An application that may send parts of open files; `send_file` takes such messages."""

    def __init__(self, app: ASGIApp, send_file: Send) -> None:
        self._app = app
        self._send_file = send_file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        send_file = self._send_file

        async def send_either(message: Message) -> None:
            await (send_file if message["type"] == _ZERO_COPY else send)(message)

        await self._app(scope, receive, send_either)


class _Unchunked:
    """An application whose answers of unknown length end with the connection, not with a last chunk.

    uvicorn sends chunks to whoever asks, but HTTP/1.0 has none (RFC 9112, 6.1). It closes each such
    connection by itself.
    """

    def __init__(self, app: ASGIApp, cycle: RequestResponseCycle) -> None:
        self._app = app
        self._cycle = cycle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cycle, endless = self._cycle, False

        async def send_unchunked(message: Message) -> None:
            nonlocal endless
            if message["type"] == "http.response.start":
                endless = all(name.lower() != b"content-length" for name, _ in message.get("headers", ()))
                cycle.chunked_encoding = False if endless else None
            elif endless:
                # uvicorn compares with what Content-Length announced: here each piece announces itself.
                cycle.expected_content_length = len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_unchunked)
        finally:
            broken_off = cycle.response_started and not cycle.response_complete
            if broken_off and not cycle.transport.is_closing():
                _reset(cycle.transport)


def _reset(transport: asyncio.Transport) -> None:
    """Breaks the connection; after an orderly end the client would take a part for the whole."""
    connected = transport.get_extra_info("socket")
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class _Gathering:
    """A transport that sends what is written in one turn of the event loop as one packet.

    uvicorn writes the head of an answer and its body one after the other, and each would be a system call, a
    packet, and a start for the client.
    """

    _MOST: Final = 64 << 10  # bytes; the transport itself tells when to pause

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._gathered: list[bytes] = []
        self._bytes = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._gathered:
            self._loop.call_soon(self.flush)
        self._gathered.append(data)
        self._bytes += len(data)
        if self._bytes > self._MOST:
            self.flush()

    def flush(self) -> None:
        gathered, self._gathered, self._bytes = self._gathered, [], 0
        if gathered and not self._transport.is_closing():
            self._transport.write(gathered[0] if len(gathered) == 1 else b"".join(gathered))

    def write_eof(self) -> None:
        self.flush()
        self._transport.write_eof()

    def close(self) -> None:
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        self.flush()
        self._transport.abort()
