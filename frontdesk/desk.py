"""The routes of the pages: they gather what a page shows; how it looks is `pages`'."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping, Sequence

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from archive.declare import Catalogue
from archive.errors import NotFound
from archive.protocol import Archive, Service
from archive.protocol.answering import caller_of
from tap.cone_target import cone_targets

from .cones import cone_page
from .pages import front_page, table_page
from .security_headers import PAGE_POLICY

__all__ = ["html_response", "page_routes"]

_FRESH = 60.0  # seconds


class _RowCounts:
    """Numbers of rows, counted once a minute at most: with many tables it takes a while."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._lock = threading.Lock()
        self._known: tuple[float, Catalogue, Mapping[str, int]] | None = None

    def get(self) -> Mapping[str, int]:
        with self._lock:
            now, catalogue = time.monotonic(), self._archive.database.catalogue
            if self._known is None or now - self._known[0] > _FRESH or self._known[1] is not catalogue:
                self._known = (now, catalogue, self._archive.database.row_counts())
            return self._known[2]


def page_routes(archive: Archive, services: Sequence[Service]) -> list[Route]:
    rows = _RowCounts(archive)

    def front() -> bytes:
        return front_page(archive.config, archive.database.catalogue, services, rows.get())

    def one_table(name: str) -> bytes:
        catalogue = archive.database.catalogue
        table = catalogue.find(name)
        if table is None:
            raise NotFound(f"no table {name}", hint=catalogue.suggest(name))
        return table_page(archive.config, table, rows.get().get(table.name))

    async def entrance(_request: Request) -> Response:
        return html_response(await run_in_threadpool(front))

    async def table(request: Request) -> Response:
        return html_response(await run_in_threadpool(one_table, request.path_params["name"]))

    async def every_table(_request: Request) -> Response:
        return RedirectResponse("/#tables", 303)

    def cone_searches(user: str) -> bytes:
        return cone_page(archive.config, cone_targets(archive.database.catalogue_of(user)))

    async def cones(request: Request) -> Response:
        return html_response(await run_in_threadpool(cone_searches, caller_of(request).name))

    return [
        Route("/", entrance),
        Route("/tables", every_table),
        Route("/tables/{name}", table),
        Route("/cone", cones),
        Route("/cone/", cones),
    ]


def html_response(document: bytes) -> Response:
    """A page, with what browsers may do on it."""
    return Response(
        document,
        media_type="text/html; charset=utf-8",
        headers={"Content-Security-Policy": PAGE_POLICY, "X-Content-Type-Options": "nosniff"},
    )
