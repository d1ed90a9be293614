"""TAP 1.1 over HTTP: the endpoints below one base URL, each a translation of a request into one call.

The language is `tap.adql`'s, running and encoding are the archive's; nothing here knows SQL. What is
below /async are the resources of `archive.protocol.uws`.
"""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from archive.protocol import Archive, Service, Style, vosi
from archive.protocol.answering import caller_of
from archive.protocol.documents import document_response
from archive.protocol.health import health
from archive.protocol.requests import Received, RequestLimits, read_request
from archive.protocol.streaming import StreamedResponse, head_response
from archive.protocol.uws import Jobs, job_routes
from archive.protocol.xml import XML_TYPE

from .asynchronous import TapJobs
from .documents import ServiceDocuments
from .metadata import MetadataAnswers
from .parameters import QUERY_PARAMETERS
from .profiles import STANDARD, Profile
from .query import Execution, TableQuery
from .user_tables_http import user_table_routes

__all__ = ["tap_service"]

_LINKS = ("capabilities", "availability", "tables", "examples")


def tap_service(archive: Archive, jobs: Jobs, path: str = "/tap", profile: Profile = STANDARD) -> Service:
    """The TAP service of what the profile shows: everything that the archive publishes for the standard's.

    `jobs` must do those of `TapJobs` with this profile, and `TableUpdates`.
    """
    base_url = archive.config.base_url + path
    endpoints = _Endpoints(archive, profile)
    documents = ServiceDocuments(archive.config, archive.database, base_url, profile)
    tables = user_table_routes(path, archive, jobs, documents.table) if profile.user_tables else []
    return Service(
        name=profile.title,
        description=profile.description,
        path=path,
        address=base_url,
        routes=(
            Route(path, endpoints.entrance),
            Route(f"{path}/", endpoints.entrance),
            Route(f"{path}/sync", endpoints.sync, methods=["GET", "HEAD", "POST"]),
            *job_routes(f"{path}/async", TapJobs(archive, profile), jobs),
            Route(f"{path}/capabilities", documents.capabilities),
            Route(f"{path}/availability", endpoints.availability),
            Route(f"{path}/tables", documents.tables),
            Route(f"{path}/tables/{{name}}", documents.table),
            *tables,
            Route(f"{path}/examples", documents.examples),
        ),
        style=Style.VOTABLE,
        parameters=QUERY_PARAMETERS,
        links=tuple((name, f"{path}/{name}") for name in _LINKS),
    )


class _Endpoints:
    def __init__(self, archive: Archive, profile: Profile) -> None:
        self._archive = archive
        self._profile = profile
        self._metadata = MetadataAnswers(archive.database)

    async def entrance(self, _request: Request) -> Response:
        return RedirectResponse(f"{self._archive.config.base_url}/", 303)

    async def sync(self, request: Request) -> Response:
        config = self._archive.config
        received = await read_request(request, RequestLimits(config.request_bytes, config.upload_bytes))
        try:
            return await self._answer(request, received)
        except BaseException:
            received.close()
            raise

    async def _answer(self, request: Request, received: Received) -> Response:
        config = self._archive.config
        files = {name: file.path for name, file in received.files.items()}
        arguments = received.arguments(QUERY_PARAMETERS)
        query = TableQuery.asked(arguments, self._archive, files, caller_of(request), self._profile)
        if request.method == "HEAD":
            if not query.uploads:
                await run_in_threadpool(query.statement)
            return head_response(request, query.headers)
        known = self._metadata.known(request, query)
        if known is not None:
            received.close()
            return document_response(request, known, query.headers)
        execution = Execution(query)
        return _Answer(
            received,
            self._archive.workers,
            self._metadata.keeping(request, query, execution.chunks()),
            execution.cancel,
            headers=query.headers,
            length=lambda: execution.length,
            seconds=config.sync_seconds + config.transfer_seconds,
        )

    async def availability(self, _request: Request) -> Response:
        state = await run_in_threadpool(health, self._archive)
        return Response(vosi.availability(state), media_type=XML_TYPE, headers={"Cache-Control": "no-store"})


class _Answer(StreamedResponse):
    """The result of a query, after which the files that came with it are not needed any more."""

    def __init__(self, received: Received, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._received = received

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._received.close()
