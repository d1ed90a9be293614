"""SIA 2.0 over HTTP: the endpoints below one path, each a translation of a request into one call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.declare import Catalogue
from archive.declare.parameters import parse_arguments
from archive.formats import DEFAULT_FORMAT, Document, find_format
from archive.protocol import Archive, Service, Style, documents
from archive.protocol.answering import answer, caller_of, prepared
from archive.protocol.dali import row_limit
from archive.protocol.descriptors import links_descriptor, self_description
from archive.protocol.requests import read_pairs
from archive.protocol.soda import soda_results_descriptor
from archive.protocol.vosi_routes import vosi_routes

from .capabilities import SIA_2, sia2_capabilities
from .examples import XHTML_TYPE, examples_document
from .parameters import PARAMETERS, RESPONSE
from .query import images_query

__all__ = ["sia2_service"]


def sia2_service(archive: Archive, path: str = "/sia2") -> Service:
    """The SIA 2.0 service of all images and cubes that the archive publishes."""
    base_url = archive.config.base_url + path
    endpoint = _Endpoint(archive, f"{base_url}/query")

    def capabilities(catalogue: Catalogue) -> bytes:
        return sia2_capabilities(archive, catalogue, base_url)

    shown = documents.Document(examples_document(archive.config.title, endpoint.address), XHTML_TYPE)

    async def examples(request: Request) -> Response:
        return documents.document_response(request, shown)

    return Service(
        name="SIA 2",
        description="Images and cubes by position, wavelength, time and more (Simple Image Access 2.0). Give"
        " this address to pyvo or TOPCAT.",
        path=path,
        address=endpoint.address,
        routes=(
            Route(f"{path}/query", endpoint.query, methods=["GET", "HEAD", "POST"]),
            *vosi_routes(archive, path, capabilities),
            Route(f"{path}/examples", examples),
        ),
        style=Style.SIA,
        parameters=PARAMETERS,
        links=tuple((name, f"{path}/{name}") for name in ("capabilities", "availability", "examples")),
    )


class _Endpoint:
    def __init__(self, archive: Archive, address: str) -> None:
        self.address = address
        self._archive = archive
        config = archive.config
        resources = _resources(config.base_url, address)
        self._document = Document(title=config.title, standard_id=SIA_2, extra_resources=resources)

    async def query(self, request: Request) -> Response:
        pairs = await read_pairs(request, self._archive.config.request_bytes)
        # Outlines of many corners take a while to check.
        slow = any("polygon" in value.lower() for _, value in pairs)
        return await prepared(request, self._archive, partial(self._answer, request, pairs), slow=slow)

    def _answer(self, request: Request, pairs: Sequence[tuple[str, str]]) -> Response:
        archive, config = self._archive, self._archive.config
        arguments = parse_arguments(PARAMETERS, pairs)
        wanted = arguments.text(RESPONSE)
        catalogue = archive.database.catalogue_of(caller_of(request).name)
        return answer(
            request,
            archive,
            images_query(arguments, catalogue, config.authority),
            maxrec=row_limit(arguments, config),
            format=DEFAULT_FORMAT if wanted is None else find_format(wanted),
            document=self._document,
        )


def _resources(base_url: str, address: str) -> tuple[etree._Element, ...]:
    """What can be done with the rows, and with the service itself (SIA 2.0, 3.1.2 and 3.1.3)."""
    descriptors = (
        links_descriptor(base_url, "obs_publisher_did"),
        soda_results_descriptor(base_url, "obs_publisher_did"),
        self_description(address, SIA_2, PARAMETERS),
    )
    return tuple(descriptor.element() for descriptor in descriptors)
