"""TAP 1.1 over HTTP: the endpoints below one base URL, each a translation of a request into one call.

The language is `tap.adql`'s, running and encoding are the archive's; nothing here knows SQL. Jobs
(/async) and uploads are no part of it yet and are not declared in the capabilities.
"""

from __future__ import annotations

from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from archive.errors import ArchiveError, BadParameter, NotFound
from archive.protocol import Archive, Service, Style, vosi
from archive.protocol.requests import read_arguments
from archive.protocol.streaming import StreamedResponse
from archive.protocol.xml import XML_TYPE

from .capabilities import tap_capabilities
from .examples import examples_document
from .parameters import QUERY_PARAMETERS
from .query import Execution, TableQuery

__all__ = ["tap_service"]

_LINKS = ("capabilities", "availability", "tables", "examples")


def tap_service(archive: Archive, path: str = "/tap") -> Service:
    """The TAP service of everything the archive publishes."""
    base_url = archive.config.base_url + path
    endpoints = _Endpoints(archive, base_url)
    return Service(
        name="TAP",
        description="Queries in ADQL over all tables (Table Access Protocol 1.1). "
        "Give this address to TOPCAT, pyvo or STILTS.",
        path=path,
        address=base_url,
        routes=(
            Route(path, endpoints.entrance),
            Route(f"{path}/", endpoints.entrance),
            Route(f"{path}/sync", endpoints.sync, methods=["GET", "HEAD", "POST"]),
            Route(f"{path}/capabilities", endpoints.capabilities),
            Route(f"{path}/availability", endpoints.availability),
            Route(f"{path}/tables", endpoints.tables),
            Route(f"{path}/tables/{{name}}", endpoints.table),
            Route(f"{path}/examples", endpoints.examples),
        ),
        style=Style.VOTABLE,
        parameters=QUERY_PARAMETERS,
        links=tuple((name, f"{path}/{name}") for name in _LINKS),
    )


class _Endpoints:
    def __init__(self, archive: Archive, base_url: str) -> None:
        self._archive = archive
        self._base_url = base_url
        self._tables = vosi.TablesetCache()

    async def entrance(self, _request: Request) -> Response:
        return RedirectResponse(f"{self._archive.config.base_url}/", 303)

    async def sync(self, request: Request) -> Response:
        config = self._archive.config
        arguments = await read_arguments(request, QUERY_PARAMETERS, config.request_bytes)
        query = TableQuery.asked(arguments, self._archive)
        if request.method == "HEAD":
            await run_in_threadpool(query.statement)
            return _without_body(query.headers)
        execution = Execution(query)
        return StreamedResponse(
            self._archive.workers,
            execution.chunks(),
            execution.cancel,
            headers=query.headers,
            length=lambda: execution.length,
            seconds=config.sync_seconds + config.transfer_seconds,
        )

    async def capabilities(self, _request: Request) -> Response:
        return _xml(tap_capabilities(self._base_url, self._archive.config))

    async def availability(self, _request: Request) -> Response:
        try:
            await run_in_threadpool(self._archive.database.ping)
        except ArchiveError as error:
            note, available = error.message, False
        else:
            note, available = "", True
        return _xml(vosi.availability(available=available, up_since=self._archive.up_since, note=note))

    async def tables(self, request: Request) -> Response:
        detail = request.query_params.get("detail", "max").lower()
        if detail not in {"min", "max"}:
            raise BadParameter("detail", f"{detail!r} is not known here", hint="use min or max")
        make = partial(self._tables.document, columns=detail == "max")
        return _xml(await run_in_threadpool(lambda: make(self._archive.database.catalogue)))

    async def table(self, request: Request) -> Response:
        name = request.path_params["name"]
        catalogue = await run_in_threadpool(lambda: self._archive.database.catalogue)
        table = catalogue.find(name)
        if table is None:
            raise NotFound(f"no table {name}", hint=catalogue.suggest(name))
        return _xml(vosi.one_table(table))

    async def examples(self, _request: Request) -> Response:
        catalogue = await run_in_threadpool(lambda: self._archive.database.catalogue)
        document = examples_document(self._archive.config.title, catalogue.examples)
        return Response(document, media_type="application/xhtml+xml; charset=utf-8")


def _without_body(headers: dict[str, str]) -> Response:
    """The answer to HEAD where nobody knows how long that to GET would be (RFC 9110, 8.6)."""
    response = Response(headers=headers)
    del response.headers["Content-Length"]
    return response


def _xml(document: bytes) -> Response:
    return Response(document, media_type=XML_TYPE)
