"""What the server says while it runs: one short line for each request.

Query strings stay out of it, as they can be of any length, and so do headers, which can hold tokens.
"""

from __future__ import annotations

import logging
import sys
import time
from functools import lru_cache
from types import TracebackType
from typing import TextIO, TypeAlias

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ingest.outcomes import printable

__all__ = ["AccessLog", "lines_to", "set_up_logging"]

_log = logging.getLogger("uraniborg.access")
_LONGEST_PATH = 120
_Raised: TypeAlias = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


class AccessLog:
    """Method, path, status, bytes and seconds of every request, when it has ended."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start = time.monotonic()
        status, size, complete = 0, 0, False

        async def counting(message: Message) -> None:
            nonlocal status, size, complete
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                # A part of a file is told by its length.
                size += message["count"] if "count" in message else len(message.get("body", b""))
                complete = not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, counting)
        finally:
            # What somebody has put behind an encoded question mark was meant to be a query string.
            path = scope["path"].partition("?")[0]
            if not (path.isascii() and path.isprintable()):
                path = path.encode("unicode_escape").decode("ascii")
            path = path[:_LONGEST_PATH]
            seconds = time.monotonic() - start
            ending = "" if complete else " broken off"
            _log.info("%s %s %d %d B %.3f s%s", scope["method"], path, status, size, seconds, ending)


def set_up_logging() -> None:
    """Our lines and the server's warnings go to stderr."""
    logging.basicConfig(level=logging.WARNING, handlers=[lines_to(sys.stderr)], force=True)
    logging.getLogger("uraniborg").setLevel(logging.INFO)
    # The manual of Python's logging, "Optimization": no line looks for what it does not say.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    # Every exception of the application is logged with its incident's number; a second copy says no more.
    logging.getLogger("uvicorn.error").addFilter(_says_something_new)


def lines_to(stream: TextIO) -> logging.Handler:
    """What writes the lines of the log."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Lines("%(asctime)s %(message)s"))
    return handler


class _Lines(logging.Formatter):
    """Only what is said begins with its time: nothing that was sent can pass for a line of ours."""

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # logging's
        return _moment(int(record.created))

    def formatMessage(self, record: logging.LogRecord) -> str:  # logging's
        # A name of a file may have ends of lines in it, and pretend to be lines of ours.
        if not record.message.isprintable():
            record.message = printable(record.message)
        return super().formatMessage(record)

    def formatException(self, ei: _Raised) -> str:  # logging's
        return "\n".join(f"  {printable(line)}" for line in super().formatException(ei).split("\n"))


@lru_cache(1)
def _moment(second: int) -> str:
    """Local time, made once for all lines of a second."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))


def _says_something_new(record: logging.LogRecord) -> bool:
    text = str(record.msg)
    return not text.startswith(("Exception in ASGI application", "ASGI callable returned without completing"))
