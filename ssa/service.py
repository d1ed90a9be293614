"""SSA 1.1 over HTTP: the endpoints below one path, each a translation of a request into one call.

REQUEST=getData leads on to where spectra are delivered, which `ssa.delivery` does.
"""

from __future__ import annotations

import logging
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from archive.declare import Catalogue
from archive.declare.addresses import spectrum_url
from archive.declare.identifiers import dp_id_of
from archive.declare.parameters import Arguments, parse_arguments
from archive.errors import BadParameter, NotFound
from archive.formats import DEFAULT_FORMAT, Format, find_format
from archive.protocol import Archive, Service, Style
from archive.protocol.answering import answer, caller_of, describe
from archive.protocol.dali import RUNID, row_limit
from archive.protocol.requests import read_pairs
from archive.protocol.vosi_routes import vosi_routes

from .capabilities import ssa_capabilities
from .documents import result_document
from .forms import Form, wanted
from .parameters import FORMAT, PARAMETERS, PUBDID, REQUEST, RESPONSE, VERSION
from .query import spectra_query

__all__ = ["ssa_service"]

_log = logging.getLogger("uraniborg")


def ssa_service(archive: Archive, path: str = "/ssa", *, eso: bool = False) -> Service:
    """The SSA service of all one-dimensional spectra that the archive publishes.

    With `eso` the queries are answered at `path` itself, where ESO's clients send them.
    """
    base_url = archive.config.base_url + path
    address = base_url if eso else f"{base_url}/query"
    endpoint = _Endpoint(archive, base_url, address)

    def capabilities(catalogue: Catalogue) -> bytes:
        return ssa_capabilities(archive, catalogue, base_url, address)

    methods = ["GET", "HEAD", "POST"]
    queries = [Route(f"{path}/query", endpoint.query, methods=methods)]
    if eso:
        queries += [Route(path, endpoint.query, methods=methods)]
    return Service(
        name="SSA at ESO's address" if eso else "SSA",
        description="One-dimensional spectra by position, wavelength, time and more (Simple Spectral Access"
        " 1.1). Give this address to TOPCAT, SPLAT or pyvo.",
        path=path,
        address=address,
        routes=(*queries, *vosi_routes(archive, path, capabilities)),
        style=Style.SSA,
        parameters=PARAMETERS,
        links=tuple((name, f"{path}/{name}") for name in ("capabilities", "availability")),
    )


class _Endpoint:
    def __init__(self, archive: Archive, base_url: str, address: str) -> None:
        self._archive = archive
        self._base_url = base_url
        self._documents = {
            (described, of_files): result_document(
                archive.config, address, described=described, of_files=of_files
            )
            for described in (False, True)
            for of_files in (False, True)
        }

    async def query(self, request: Request) -> Response:
        pairs = await read_pairs(request, self._archive.config.request_bytes)
        arguments = parse_arguments(PARAMETERS, pairs)
        match arguments.text(REQUEST):
            case "getCapabilities":
                return RedirectResponse(f"{self._base_url}/capabilities", 303)
            case "getData":
                return RedirectResponse(self._data(arguments), 303)
            case _:
                return await run_in_threadpool(self._answer, request, arguments)

    def _data(self, arguments: Arguments) -> str:
        """Where the spectrum that PUBDID names is delivered."""
        config = self._archive.config
        identifiers = arguments.all(PUBDID)
        if len(identifiers) != 1:
            raise BadParameter(PUBDID.name, "getData sends one spectrum", hint="give its PUBDID")
        dp_id = dp_id_of(config.authority, str(identifiers[0]))
        if dp_id is None:
            raise NotFound(f"{identifiers[0]} is none of this archive's datasets")
        form = "fits" if Form.VOTABLE not in wanted(arguments.text(FORMAT)).forms else "votable"
        return f"{spectrum_url(config.base_url, dp_id)}?{urlencode({'FORMAT': form})}"

    def _answer(self, request: Request, arguments: Arguments) -> Response:
        archive, config = self._archive, self._archive.config
        _check_version(arguments)
        if run := arguments.text(RUNID):
            _log.info("query of run %.80r", run)
        forms = wanted(arguments.text(FORMAT))
        maxrec = row_limit(arguments, config)
        format_ = _response_format(arguments)
        catalogue = archive.database.catalogue_of(caller_of(request).name)
        query = spectra_query(arguments, forms, catalogue, config.authority)
        described = forms.metadata or maxrec == 0
        document = self._documents[described, forms.are_files]
        if forms.metadata:
            return describe(request, archive, query.fields, format=format_, document=document)
        return answer(request, archive, query, maxrec=maxrec, format=format_, document=document)


def _check_version(arguments: Arguments) -> None:
    version = arguments.text(VERSION)
    if version is not None and not version.strip().startswith("1"):
        raise BadParameter(VERSION.name, f"{version[:20]!r} is not spoken here", hint="1.1 is")


def _response_format(arguments: Arguments) -> Format:
    text = arguments.text(RESPONSE)
    return DEFAULT_FORMAT if text is None else find_format(text)
