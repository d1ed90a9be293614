"""Cone search over HTTP: one service for every table with positions, below one path."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.declare import Catalogue
from archive.declare.parameters import parse_arguments
from archive.errors import NotFound
from archive.formats import DEFAULT_FORMAT, Document, find_format
from archive.protocol import Archive, Service, Style, documents
from archive.protocol.answering import answer, caller_of, describe, prepared
from archive.protocol.dali import row_limit
from archive.protocol.requests import read_pairs
from archive.protocol.vosi_routes import availability_response
from archive.protocol.xml import XML_TYPE

from .cone import PARAMETERS, RESPONSE, Cone, cone_query
from .cone_capabilities import cone_capabilities
from .cone_target import ConeTarget, cone_address, cone_target, nearest_names
from .user_tables import full_name

__all__ = ["cone_service"]


def cone_service(archive: Archive, path: str = "/cone") -> Service:
    """Cone searches of all tables that have positions; callers find their own tables too."""
    base_url = archive.config.base_url + path
    endpoints = _Endpoints(archive, base_url)
    return Service(
        name="Cone search",
        description="Rows of any table around a position (Simple Cone Search): every table with positions has"
        " an address of its own, such as this one.",
        path=path,
        address=cone_address(base_url, "ivoa.ObsCore"),
        routes=(
            Route(f"{path}/{{table}}", endpoints.search, methods=["GET", "HEAD", "POST"]),
            Route(f"{path}/{{table}}/capabilities", endpoints.capabilities),
            Route(f"{path}/{{table}}/availability", endpoints.availability),
        ),
        style=Style.CONE,
        parameters=PARAMETERS,
        links=(("all tables with positions", path),),
    )


class _Endpoints:
    def __init__(self, archive: Archive, base_url: str) -> None:
        self._archive = archive
        self._base_url = base_url
        self._cache = documents.DocumentCache()

    async def search(self, request: Request) -> Response:
        pairs = await read_pairs(request, self._archive.config.request_bytes)
        return await prepared(request, self._archive, partial(self._answer, request, pairs))

    def _answer(self, request: Request, pairs: Sequence[tuple[str, str]]) -> Response:
        archive, config = self._archive, self._archive.config
        target = self._target(request, self._catalogue(request))
        arguments = parse_arguments(PARAMETERS, pairs)
        cone = Cone.of(arguments)
        query = cone_query(target, cone)
        wanted = arguments.text(RESPONSE)
        form = DEFAULT_FORMAT if wanted is None else find_format(wanted)
        table = target.table
        document = Document(title=config.title, description=table.description, table_name=table.name)
        if cone.radius == 0.0:
            return describe(request, archive, query.fields, format=form, document=document)
        limit = row_limit(arguments, config)
        return answer(request, archive, query, maxrec=limit, format=form, document=document)

    async def capabilities(self, request: Request) -> Response:
        return documents.document_response(request, await run_in_threadpool(self._capabilities, request))

    def _capabilities(self, request: Request) -> documents.Document:
        catalogue = self._catalogue(request)
        target = self._target(request, catalogue)

        def make() -> documents.Document:
            address = cone_address(self._base_url, target.table.name)
            return documents.Document(cone_capabilities(self._archive, target, address), XML_TYPE)

        if catalogue is not self._archive.database.fresh_catalogue:
            return make()
        return self._cache.get(catalogue, target.table.name, make)

    async def availability(self, request: Request) -> Response:
        await run_in_threadpool(lambda: self._target(request, self._catalogue(request)))
        return await availability_response(self._archive)

    def _catalogue(self, request: Request) -> Catalogue:
        return self._archive.database.catalogue_of(caller_of(request).name)

    def _target(self, request: Request, catalogue: Catalogue) -> ConeTarget:
        """The table that the address names; a caller's own one also without its schema."""
        name, caller = request.path_params["table"], caller_of(request)
        own = full_name(caller, name) if "." not in name and not caller.is_anonymous else name
        table = catalogue.find(own)
        target = cone_target(table) if table is not None else None
        if target is not None:
            return target
        near = nearest_names(catalogue, name)
        hint = f"did you mean {' or '.join(near)}?" if near else f"see {self._base_url} for those that are"
        if table is not None:
            raise NotFound(f"the table {table.name} has no positions", hint=f"see {self._base_url}")
        raise NotFound(f"there is no table {name[:100]} to search", hint=hint)
