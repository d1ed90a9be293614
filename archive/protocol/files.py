"""Sending a file of the archive: whole, in ranges, or not again when the client has it already.

Which file an identifier names, and who may have it, is decided before; here are HTTP's rules
(RFC 9110, sections 8.8, 13 and 14; RFC 9530 for the digest). What lies in a local file never passes through
this program: the server is told to send it (ASGI's extension for zero copy send). Everything else is read
piece by piece, so that a download takes no more memory than a piece.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from io import FileIO
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeVar
from urllib.parse import quote

import anyio
from anyio.lowlevel import RunVar
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from ..errors import ArchiveError, CopyMissing
from ..store import Span
from .ranges_of_bytes import ByteRange, Unsatisfiable, wanted_ranges

__all__ = ["File", "StoredFile", "disposition", "file_response"]

_log = logging.getLogger("uraniborg")
_Made = TypeVar("_Made")
_ZERO_COPY = "http.response.zerocopysend"
# Bytes that are checked and handed to the server at once; windows begin at multiples of it, where blocks do.
_WINDOW = 2 << 20
_READ = 512 << 10  # bytes read at once of what is not in a local file
_SMALL = 64 << 10  # not worth a system call of its own
_READERS = 8  # threads that read at the same time
_LIMITER: RunVar[anyio.CapacityLimiter] = RunVar("readers of files")


class File(Protocol):
    """What HTTP has to know of a file; `sha256` as hexadecimal digits, `modified` with its zone."""

    @property
    def name(self) -> str: ...
    @property
    def media_type(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def modified(self) -> datetime: ...
    @property
    def etag(self) -> str: ...
    def pieces(self, offset: int, length: int) -> Iterator[bytes | Span]: ...


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that lies in a local folder, such as the result of a job."""

    path: Path
    name: str
    media_type: str
    size: int
    sha256: str
    modified: datetime

    @property
    def etag(self) -> str:
        return f'"{self.sha256}"'

    def pieces(self, offset: int, length: int) -> Iterator[bytes | Span]:
        yield Span(self, offset, length)

    def read(self, offset: int, length: int) -> bytes:
        with self.path.open("rb", buffering=0) as file:
            return os.pread(file.fileno(), length, offset)

    def checked(self, offset: int, length: int) -> Path:
        return self.path


def file_response(
    request: Request, file: File, special: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """The answer to GET or HEAD; `special` headers take the place of the usual ones."""
    # HTTP dates have whole seconds.
    modified = file.modified.astimezone(UTC).replace(microsecond=0)
    date = format_datetime(modified, usegmt=True)
    headers = {
        "ETag": file.etag,
        "Last-Modified": date,
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-cache",
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(file.sha256)).decode()}:",
        "Content-Disposition": disposition(file.name),
        **special,
    }
    if _is_another(request.headers, file.etag, modified):
        return Response("the file is not the one you know\n", 412, media_type="text/plain")
    if _has_it(request.headers, file.etag, modified):
        return Response(status_code=304, headers=headers)
    headers = {"Content-Type": file.media_type, **headers}
    if request.method == "HEAD":
        # Range is defined for GET alone (14.2).
        return _Sending(file, 200, headers, [ByteRange(0, file.size)])
    try:
        ranges = wanted_ranges(request.headers, file.size, (file.etag, date))
    except Unsatisfiable:
        beyond = {"Content-Range": f"bytes */{file.size}", "Accept-Ranges": "bytes"}
        return Response(f"the file has {file.size} bytes\n", 416, beyond, media_type="text/plain")
    match ranges:
        case []:
            return _Sending(file, 200, headers, [ByteRange(0, file.size)])
        case [one]:
            headers["Content-Range"] = one.content_range(file.size)
            return _Sending(file, 206, headers, [one])
        case _:
            return _multipart(file, headers, ranges)


def disposition(name: str) -> str:
    """Content-Disposition with the file's name.

    The plain form always, as scripts look for nothing else; the encoded form (RFC 6266) only for
    names that the plain one cannot hold.
    """
    plain = re.sub(r"[^!#-\[\]-~]", "_", name)
    encoded = "" if plain == name else f"; filename*=UTF-8''{quote(name, safe='')}"
    return f'attachment; filename="{plain}"{encoded}'


def _is_another(headers: Mapping[str, str], etag: str, modified: datetime) -> bool:
    """Whether the client wants only a version that this is not (13.1.1, 13.1.4)."""
    tags = headers.get("if-match")
    if tags is not None:
        return not {"*", etag} & {tag.strip() for tag in tags.split(",")}
    since = _date(headers.get("if-unmodified-since"))
    return since is not None and modified > since


def _has_it(headers: Mapping[str, str], etag: str, modified: datetime) -> bool:
    """Whether the client's copy is this one; If-None-Match overrules the date (13.2.2)."""
    tags = headers.get("if-none-match")
    if tags is not None:
        known = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
        return "*" in known or etag in known
    since = _date(headers.get("if-modified-since"))
    return since is not None and modified <= since


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return date if date.tzinfo is not None else None


def _multipart(file: File, headers: dict[str, str], ranges: list[ByteRange]) -> Response:
    """Several ranges as parts of one answer (14.6)."""
    boundary = secrets.token_hex(16)
    parts: list[bytes | ByteRange] = []
    for one in ranges:
        head = f"Content-Type: {file.media_type}\r\nContent-Range: {one.content_range(file.size)}"
        parts += [f"\r\n--{boundary}\r\n{head}\r\n\r\n".encode("latin-1"), one]
    parts.append(f"\r\n--{boundary}--\r\n".encode("ascii"))
    headers["Content-Type"] = f"multipart/byteranges; boundary={boundary}"
    return _Sending(file, 206, headers, parts)


class _Sending(Response):
    """Parts of a file, and bytes between them."""

    def __init__(
        self, file: File, status: int, headers: Mapping[str, str], parts: Sequence[bytes | ByteRange]
    ) -> None:
        self._file = file
        self._parts = parts
        self.status_code = status
        self.background = None
        length = sum(len(part) if isinstance(part, bytes) else part.length for part in parts)
        # Content-Type is among them: Starlette would add a charset, and clients compare the text.
        self.init_headers({**headers, "Content-Length": str(length)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body"})
            return
        gone = asyncio.create_task(_disconnected(receive))
        started = False
        try:
            zero_copy = _ZERO_COPY in scope.get("extensions", {})
            async with aclosing(self._messages(zero_copy)) as messages:
                # The first is made before anything is sent, so that what is wrong can be told.
                async for message in messages:
                    if gone.done():
                        return
                    if not started:
                        await send(start)
                        started = True
                    await send(message)
            if not started:
                await send(start)
            await send({"type": "http.response.body"})
        except ConnectionError:
            # The client has gone, and the server says so.
            return
        except (ArchiveError, OSError) as error:
            if not started:
                raise _missing(error) from error
            # Returning without the last piece makes the server break the connection.
            _log.warning("%s cut off: %s", self._file.name, error)
        finally:
            gone.cancel()

    async def _messages(self, zero_copy: bool) -> AsyncGenerator[Message]:
        for window in self._windows():
            if isinstance(window, bytes):
                yield _body(window)
                continue
            async with _opened(window, zero_copy) as file:
                if file is not None:
                    yield {
                        "type": _ZERO_COPY,
                        "file": file,
                        "offset": window.offset,
                        "count": window.length,
                        "more_body": True,
                    }
                    continue
            for span in _cut(window, _READ):
                yield _body(await _in_thread(_read, span))

    def _windows(self) -> Iterator[bytes | Span]:
        for part in self._parts:
            if isinstance(part, bytes):
                yield part
                continue
            for piece in self._file.pieces(part.first, part.length):
                if isinstance(piece, bytes):
                    yield piece
                else:
                    yield from _cut(piece, _WINDOW)


def _body(content: bytes) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": True}


def _missing(error: ArchiveError | OSError) -> ArchiveError:
    """What a client is told before anything was sent."""
    if isinstance(error, ArchiveError):
        return error
    return CopyMissing("the file cannot be read at the moment", hint="tell the archive's operator")


def _cut(span: Span, most: int) -> Iterator[Span]:
    """Spans that end where a window does."""
    offset, end = span.offset, span.offset + span.length
    while offset < end:
        following = min(end, (offset // most + 1) * most)
        yield Span(span.source, offset, following - offset)
        offset = following


@asynccontextmanager
async def _opened(span: Span, zero_copy: bool) -> AsyncIterator[FileIO | None]:
    """The local file in which the bytes lie, checked and in memory: sending them waits for no disk."""
    file = None
    if zero_copy and span.length > _SMALL:
        file = await _in_thread(_open, span)
    try:
        yield file
    finally:
        if file is not None:
            file.close()


async def _in_thread(work: Callable[[Span], _Made], span: Span) -> _Made:
    limiter = _LIMITER.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(_READERS)
        _LIMITER.set(limiter)
    return await anyio.to_thread.run_sync(work, span, limiter=limiter)


def _open(span: Span) -> FileIO | None:
    path = span.source.checked(span.offset, span.length)
    if path is None:
        return None
    file = FileIO(path)
    try:
        _bring_in(file.fileno(), span.offset, span.length)
    except OSError:
        file.close()
        raise
    return file


def _read(span: Span) -> bytes:
    content = span.source.read(span.offset, span.length)
    if len(content) < span.length:
        raise CopyMissing(f"the file ends {span.length - len(content)} bytes too early")
    return content


def _bring_in(descriptor: int, offset: int, length: int) -> None:
    """Have the kernel read what it does not hold in memory."""
    probe = bytearray(1)
    for place in (*range(offset, offset + length, 256 << 10), offset + length - 1):
        try:
            os.preadv(descriptor, [probe], place, os.RWF_NOWAIT)
        except OSError:
            # Not in memory, or the file system cannot tell.
            os.pread(descriptor, length, offset)
            return


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has gone; what it still sends is of no interest."""
    message: Message = {}
    while message.get("type") != "http.disconnect":
        message = await receive()
