"""What a client sent: name and value pairs in the order of sending, and files.

Here belongs everything between the bytes of a request and `parse_arguments`: the query string,
urlencoded and multipart bodies, their limits and their encoding. What the names mean is the services'.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request

from ..declare.parameters import Arguments, Parameter, parse_arguments
from ..errors import Busy, Cancelled, TooLarge, UsageError
from .multipart import MultipartBody, ReceivedFile

__all__ = [
    "SPOOL_PREFIX",
    "Received",
    "ReceivedFile",
    "RequestLimits",
    "clear_spool",
    "read_arguments",
    "read_file",
    "read_pairs",
    "read_request",
]

_URLENCODED = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
_MOST_FIELDS = 1000
# A body has a minute, and a second more for every so many bytes that have come.
_BODY_SECONDS = 60.0
_PENDING = 1 << 20  # bytes of a file that may wait for the disk
_SLOWEST = 50_000


SPOOL_PREFIX = "uraniborg-request-"  # of folders below TMPDIR


class _TooSlow(UsageError):
    status = 408


class _Packed(UsageError):
    status = 415


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """In bytes: `fields` for everything but the contents of files, `files` for those of all together.

    `parts` is how many parameters and files there may be.
    """

    fields: int
    files: int = 0
    parts: int = _MOST_FIELDS


@dataclass
class Received:
    """A request that has arrived; files are by the names of their parts, and last until `close`."""

    pairs: list[tuple[str, str]] = field(default_factory=list)
    files: Mapping[str, ReceivedFile] = field(default_factory=lambda: MappingProxyType({}))
    folder: Path | None = None

    def arguments(self, parameters: Sequence[Parameter]) -> Arguments:
        return parse_arguments(parameters, self.pairs)

    def close(self) -> None:
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Received:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def read_arguments(request: Request, parameters: Sequence[Parameter], limit: int) -> Arguments:
    """The arguments of a GET, HEAD or POST request whose body has at most `limit` bytes."""
    return parse_arguments(parameters, await read_pairs(request, limit))


async def read_pairs(request: Request, limit: int) -> list[tuple[str, str]]:
    """The pairs of a request without files; those that come all the same count towards the limit."""
    with await read_request(request, RequestLimits(limit, limit)) as received:
        return received.pairs


async def read_file(request: Request, name: str, limit: int) -> Received:
    """The body itself as one file of at most `limit` bytes, written to disk while it arrives.

    `name` is what it is called, on the disk too. Also gives the pairs of the query string.
    """
    _check_plain(request)
    received = Received(_urlencoded(request.scope["query_string"], _MOST_FIELDS))
    received.folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix=SPOOL_PREFIX))
    body = _FileBody(received.folder / name)
    try:
        await _arrive(request, limit, body.feed, body.flush)
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        received.files = {name: ReceivedFile(name, body.path, body.size, media_type, name)}
        return received
    except BaseException:
        received.close()
        raise


class _FileBody:
    """A body on its way to the disk."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._pending: list[bytes] = []
        self._pending_bytes = 0

    def feed(self, piece: bytes) -> bool:
        self._pending.append(piece)
        self._pending_bytes += len(piece)
        self.size += len(piece)
        return self._pending_bytes >= _PENDING

    def flush(self) -> None:
        pending, self._pending, self._pending_bytes = self._pending, [], 0
        try:
            with self.path.open("ab") as file:
                file.writelines(pending)
        except OSError as cause:
            raise Busy("there is no room for files at this moment", retry_after=60) from cause


def _check_plain(request: Request) -> None:
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise _Packed("a packed body is not read here", hint="pack the tables in it instead, with gzip")


async def read_request(request: Request, limits: RequestLimits) -> Received:
    """Pairs of the query string, then those of the body (DALI 1.1, 2.2: both may carry parameters).

    Files are written to disk while they arrive. Raises TooLarge as soon as more is announced, or has
    come, than may.
    """
    pairs = _urlencoded(request.scope["query_string"], limits.parts)
    if request.method not in {"POST", "PUT"}:
        return Received(pairs)
    _check_plain(request)
    content_type = request.headers.get("content-type", _URLENCODED)
    match content_type.partition(";")[0].strip().lower():
        case "application/x-www-form-urlencoded":
            body = await _whole(request, limits.fields)
            return Received(pairs + _urlencoded(body, limits.parts))
        case "multipart/form-data":
            return await _multipart(request, content_type, limits, pairs)
        case other:
            if not await _whole(request, limits.fields):
                return Received(pairs)
            raise UsageError(
                f"a body of type {other} is not read here", hint=f"send {_URLENCODED} or {_MULTIPART}"
            )


def clear_spool(seconds: float = 86_400.0) -> None:
    """Removes the files of requests whose process was killed: those older than any request can be."""
    for folder in Path(tempfile.gettempdir()).glob(SPOOL_PREFIX + "*"):
        with suppress(OSError):  # another process clears up too
            if folder.stat().st_mtime < time.time() - seconds:
                shutil.rmtree(folder)


async def _multipart(
    request: Request, content_type: str, limits: RequestLimits, pairs: list[tuple[str, str]]
) -> Received:
    try:
        folder = Path(tempfile.mkdtemp(prefix=SPOOL_PREFIX))
    except OSError as cause:
        raise Busy("there is no room for uploads at this moment", retry_after=60) from cause
    received = Received(folder=folder)
    try:
        body = MultipartBody(content_type, folder, limits.fields, limits.files, limits.parts - len(pairs))
        await _arrive(request, limits.fields + limits.files, body.feed, body.flush)
        fields, files = body.end()
        received.pairs, received.files = pairs + fields, files
        return received
    except BaseException:
        received.close()
        raise


async def _whole(request: Request, limit: int) -> bytes:
    body = bytearray()

    def keep(piece: bytes) -> bool:
        body.extend(piece)
        return False

    await _arrive(request, limit, keep)
    return bytes(body)


async def _arrive(
    request: Request,
    limit: int,
    feed: Callable[[bytes], bool],
    flush: Callable[[], None] | None = None,
) -> None:
    """Gives the pieces of a body to `feed`; where that says so, and at the end, `flush` may take its time."""
    too_large = TooLarge(f"the request is larger than {limit} bytes")
    announced = request.headers.get("content-length", "0")
    if announced.isdecimal() and int(announced) > limit:
        raise too_large
    begun, size = asyncio.get_running_loop().time(), 0
    try:
        async with asyncio.timeout_at(begun + _BODY_SECONDS) as patience:
            async for piece in request.stream():
                size += len(piece)
                if size > limit:
                    raise too_large
                if feed(piece) and flush is not None:
                    await asyncio.to_thread(flush)
                with suppress(RuntimeError):  # the time is up already
                    patience.reschedule(begun + _BODY_SECONDS + size / _SLOWEST)
            if flush is not None:
                await asyncio.to_thread(flush)
    except ClientDisconnect as cause:
        raise Cancelled("the client left in the middle of its request") from cause
    except TimeoutError as cause:
        allowed = _BODY_SECONDS + size / _SLOWEST
        raise _TooSlow(f"the body did not arrive within {allowed:.3g} s") from cause


def _urlencoded(text: bytes, most: int) -> list[tuple[str, str]]:
    try:
        return parse_qsl(text.decode("utf-8"), keep_blank_values=True, errors="strict", max_num_fields=most)
    except UnicodeDecodeError as cause:
        raise UsageError("the parameters are not UTF-8") from cause
    except ValueError as cause:  # parse_qsl says so of too many fields
        raise UsageError(f"there are more than {most} parameters") from cause
