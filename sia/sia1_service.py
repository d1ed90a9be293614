"""SIA 1.0 over HTTP, for clients that know no later version."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.declare import Catalogue
from archive.declare.parameters import Arguments, parse_arguments
from archive.formats import DEFAULT_FORMAT, Document
from archive.protocol import Archive, Service, Style
from archive.protocol.answering import answer, caller_of, describe, prepared
from archive.protocol.dali import row_limit
from archive.protocol.descriptors import Input
from archive.protocol.requests import read_pairs
from archive.protocol.vosi_routes import vosi_routes

from .capabilities import sia1_capabilities
from .sia1_parameters import PARAMETERS, VERB, Formats, formats
from .sia1_query import sia1_fields, sia1_query

__all__ = ["sia1_service"]

# The one media type that SIA 1.0, 4.2 knows, which clients may compare.
_MEDIA_TYPE = "text/xml;content=x-votable"
_VOTABLE = replace(DEFAULT_FORMAT, media_type=_MEDIA_TYPE)
_INFOS = (("SERVICE_PROTOCOL", "1.0", "SIAP"),)


def sia1_service(archive: Archive, path: str = "/sia1") -> Service:
    """The SIA 1.0 service of all images that the archive publishes."""
    base_url = archive.config.base_url + path
    endpoint = _Endpoint(archive)

    def capabilities(catalogue: Catalogue) -> bytes:
        return sia1_capabilities(archive, catalogue, base_url)

    return Service(
        name="SIA 1",
        description="Images by position, for programs that know only Simple Image Access 1.0, such as Aladin"
        " and DS9.",
        path=path,
        address=f"{base_url}/query?",
        routes=(
            Route(f"{path}/query", endpoint.query, methods=["GET", "HEAD", "POST"]),
            *vosi_routes(archive, path, capabilities),
        ),
        style=Style.SIA_1,
        parameters=PARAMETERS,
        links=tuple((name, f"{path}/{name}") for name in ("capabilities", "availability")),
    )


class _Endpoint:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    async def query(self, request: Request) -> Response:
        pairs = await read_pairs(request, self._archive.config.request_bytes)
        return await prepared(request, self._archive, partial(self._answer, request, pairs))

    def _answer(self, request: Request, pairs: Sequence[tuple[str, str]]) -> Response:
        archive, config = self._archive, self._archive.config
        arguments = parse_arguments(PARAMETERS, pairs)
        catalogue = archive.database.catalogue_of(caller_of(request).name)
        document = Document(title=config.title, infos=_INFOS)
        match formats(arguments):
            case Formats.METADATA:
                return self._metadata(request, catalogue)
            case Formats.NONE:
                fields = sia1_fields(catalogue, config.base_url, _verbosity(arguments))
                return describe(request, archive, fields, format=_VOTABLE, document=document)
            case Formats.IMAGES:
                query = sia1_query(arguments, catalogue, config.base_url)
                limit = row_limit(arguments, config)
                return answer(request, archive, query, maxrec=limit, format=_VOTABLE, document=document)

    def _metadata(self, request: Request, catalogue: Catalogue) -> Response:
        """FORMAT=METADATA (SIA 1.0, 6): the parameters as PARAMs, and all columns."""
        config = self._archive.config
        fields = sia1_fields(catalogue, config.base_url, 3)
        document = Document(title=config.title, infos=_INFOS, params=_inputs())
        return describe(request, self._archive, fields, format=_VOTABLE, document=document)


def _inputs() -> tuple[etree._Element, ...]:
    holder = etree.Element("GROUP")
    for parameter in PARAMETERS:
        default = "" if parameter.default is None else str(parameter.default)
        Input.of(replace(parameter, name=f"INPUT:{parameter.name}"), default).put(holder)
    return tuple(holder)


def _verbosity(arguments: Arguments) -> int:
    return arguments.integer(VERB) or 0
