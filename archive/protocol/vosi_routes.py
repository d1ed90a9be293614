"""Routes below a service's path for what VOSI wants to be told: /capabilities and /availability.

What the documents say is in `vosi`, and what a service can do is its own affair; here they are made once for
each catalogue and sent.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ..declare.catalogue import Catalogue
from ..errors import Busy
from . import vosi
from .documents import Document, DocumentCache, document_response
from .health import health
from .service import Archive
from .xml import XML_TYPE

__all__ = ["availability_response", "vosi_routes"]


def vosi_routes(
    archive: Archive, path: str, capabilities: Callable[[Catalogue], bytes]
) -> tuple[Route, Route]:
    """`capabilities` makes the document, in a thread, and may ask the database; Busy if that is away.

    It is then called with an empty catalogue: what a service is must be known also then.
    """
    cache = DocumentCache()

    def made() -> Document:
        try:
            catalogue = archive.database.catalogue
            return cache.get(catalogue, path, lambda: Document(capabilities(catalogue), XML_TYPE))
        except Busy:
            return Document(capabilities(Catalogue(())), XML_TYPE)

    async def tell_capabilities(request: Request) -> Response:
        catalogue = archive.database.fresh_catalogue
        known = cache.known(catalogue, path) if catalogue is not None else None
        document = await run_in_threadpool(made) if known is None else known
        return document_response(request, document)

    async def tell_availability(_request: Request) -> Response:
        return await availability_response(archive)

    return (
        Route(f"{path}/capabilities", tell_capabilities),
        Route(f"{path}/availability", tell_availability),
    )


async def availability_response(archive: Archive) -> Response:
    state = await run_in_threadpool(health, archive)
    return Response(vosi.availability(state), media_type=XML_TYPE, headers={"Cache-Control": "no-store"})
