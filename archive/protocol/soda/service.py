"""SODA 1.0 over HTTP: /soda/sync, /soda/async and what VOSI wants to be told.

ESO's address /dataPortal/soda/sync leads to the same. How a cut-out comes about is told in `cutting`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ...access import Caller
from ...database import Cancellation
from ...errors import Cancelled, TooLarge
from ...pixels import Cutout
from ..answering import caller_of
from ..failures import Style
from ..files import disposition, file_response
from ..requests import RequestLimits, read_request
from ..service import Archive, Service
from ..streaming import StreamedResponse
from ..uws import Jobs, job_routes
from ..vosi_routes import vosi_routes
from .asking import Asked, asked_at_once
from .capabilities import soda_capabilities
from .cutting import Cutter
from .jobs import SodaJobs
from .parameters import SODA_PARAMETERS

__all__ = ["soda_service"]

_ESO = "/dataPortal/soda"


def soda_service(archive: Archive, jobs: Jobs, path: str = "/soda") -> Service:
    """`jobs` must do those of `SodaJobs`."""
    base_url = archive.config.base_url + path
    endpoints = _Endpoints(archive)
    methods = ["GET", "HEAD", "POST"]
    return Service(
        name="SODA",
        description="Cut-outs of images, cubes and spectra by position, wavelength, time and polarization "
        "(Server-side Operations for Data Access 1.0).",
        path=path,
        address=f"{base_url}/sync",
        routes=(
            Route(f"{path}/sync", endpoints.sync, methods=methods),
            *job_routes(f"{path}/async", SodaJobs(archive), jobs),
            *vosi_routes(archive, path, lambda _: soda_capabilities(base_url)),
            Route(f"{_ESO}/sync", endpoints.sync, methods=methods),
        ),
        style=Style.SODA,
        parameters=SODA_PARAMETERS,
        links=tuple((name, f"{path}/{name}") for name in ("capabilities", "availability")),
        aliases=(_ESO,),
    )


class _Endpoints:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._cutter = Cutter(archive)

    async def sync(self, request: Request) -> Response:
        config = self._archive.config
        with await read_request(request, RequestLimits(config.request_bytes)) as received:
            arguments = received.arguments(SODA_PARAMETERS)
        asked = asked_at_once(arguments, config.authority)
        if asked.is_whole:
            file = await run_in_threadpool(self._cutter.find, asked, caller_of(request))
            return file_response(request, file)
        work = _Work(self._cutter, asked, caller_of(request), config.cutout_bytes)
        if request.method == "HEAD":
            size = await run_in_threadpool(work.measure)
            return Response(status_code=204) if size is None else _described(asked, size)
        return _Answer(
            work,
            self._archive.workers,
            work.chunks(),
            work.cancel,
            headers=_headers(asked),
            length=lambda: work.size,
            seconds=config.sync_seconds + config.transfer_seconds,
        )


def _headers(asked: Asked) -> dict[str, str]:
    return {
        "Content-Type": asked.media_type,
        "Content-Disposition": disposition(asked.filename),
        "X-Content-Type-Options": "nosniff",
    }


def _described(asked: Asked, size: int) -> Response:
    return Response(headers={**_headers(asked), "Content-Length": str(size)})


class _Work:
    """One cut-out, made in a worker's thread, and given up when the client leaves."""

    def __init__(self, cutter: Cutter, asked: Asked, caller: Caller, most_bytes: int) -> None:
        self._cutter = cutter
        self._asked = asked
        self._caller = caller
        self._most_bytes = most_bytes
        self._cancellation = Cancellation()
        self._unwanted = threading.Event()
        self.size: int | None = None
        self.is_empty = False

    def cancel(self) -> None:
        self._unwanted.set()
        self._cancellation.cancel()

    def _check(self) -> None:
        if self._unwanted.is_set():
            raise Cancelled("the client left")

    def measure(self) -> int | None:
        """Bytes of the cut-out; None when there is none."""
        with self._cut() as cutout:
            return None if cutout is None else self._allowed(cutout)

    def chunks(self) -> Generator[bytes, None, None]:
        with self._cut() as cutout:
            if cutout is None:
                self.is_empty = True
                return
            self.size = self._allowed(cutout)
            yield from cutout.chunks()

    def _cut(self) -> contextlib.AbstractContextManager[Cutout | None]:
        return self._cutter.cut(self._asked, self._caller, self._cancellation, self._check)

    def _allowed(self, cutout: Cutout) -> int:
        size = cutout.size
        if size > self._most_bytes:
            raise TooLarge(
                f"the cut-out would have {size:,} bytes, and {self._most_bytes:,} can be had at once",
                hint="ask for less, or make a job of it at /soda/async",
            )
        return size


class _Answer(StreamedResponse):
    """A cut-out, or 204 when there is nothing in it (SODA 1.0, 5.1)."""

    def __init__(self, work: _Work, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._work = work

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Pixels are hard to compress, and clients like to know how many bytes will come.
        headers = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
        await super().__call__({**scope, "headers": headers}, receive, send)

    async def _start(self, send: Send, whole: int | None = None) -> None:
        if self._work.is_empty:
            self.status_code = 204
            for name in ("Content-Type", "Content-Disposition"):
                del self.headers[name]
            whole = None
        await super()._start(send, whole)
