"""DataLink 1.1 over HTTP: /datalink/links, and what VOSI wants to be told.

A request becomes identifiers, a limit and a format; `facts` and `dataset` make the rows. All of that is done
by one worker, which writes the rows first and the services that they refer to behind them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Generator
from dataclasses import dataclass, replace

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...access import Caller
from ...database import Cancellation
from ...declare.addresses import LINKS_TYPE
from ...declare.parameters import Parameter
from ...formats import DEFAULT_FORMAT, Document, Format, Result, encode, find_format
from ..answering import NoRows, caller_of, result_headers
from ..dali import MAXREC, RUNID, row_limit
from ..descriptors import DATALINK, self_description
from ..failures import Style
from ..requests import RequestLimits, read_request
from ..service import Archive, Service
from ..streaming import StreamedResponse, head_response
from ..vosi_routes import vosi_routes
from .answer import LinksAnswer
from .capabilities import datalink_capabilities
from .rows import FIELDS

__all__ = ["LINKS_PARAMETERS", "datalink_service"]

ID = Parameter(
    "ID",
    "Identifier of a dataset or any other file: its publisher DID, or the archive's dp_id; may be repeated.",
    multiple=True,
    ucd="meta.id;meta.main",
)
RESPONSEFORMAT = Parameter("RESPONSEFORMAT", "Format of the table of links; VOTable unless told otherwise.")
LINKS_PARAMETERS = (ID, RESPONSEFORMAT, MAXREC, RUNID)

_MOST_PARTS = 100_000  # parameters of a request


def datalink_service(archive: Archive, path: str = "/datalink") -> Service:
    site = archive.config.base_url
    base_url = site + path
    endpoints = _Endpoints(archive, f"{base_url}/links")
    return Service(
        name="DataLink",
        description="Everything that belongs to a dataset, by its identifier: the file, previews, cut-outs, "
        "calibrations, what it was made of and what was made of it (DataLink 1.1).",
        path=path,
        address=f"{base_url}/links",
        routes=(
            Route(f"{path}/links", endpoints.links, methods=["GET", "HEAD", "POST"]),
            *vosi_routes(archive, path, lambda _: datalink_capabilities(site, base_url, LINKS_PARAMETERS)),
        ),
        style=Style.DATALINK,
        parameters=LINKS_PARAMETERS,
        links=tuple((name, f"{path}/{name}") for name in ("capabilities", "availability")),
    )


def links_format(text: str | None) -> Format:
    """The format a request names; whoever wants no other gets the type of links documents.

    DataLink 1.1, 2.1.2: parameters of VOTable's media type do not matter here, and DALI 1.2, 3.4.3: a media
    type that was named comes back.
    """
    plain = (text or "votable").strip().lower().replace(" ", "")
    if plain in {"votable", LINKS_TYPE}:
        return replace(DEFAULT_FORMAT, media_type=LINKS_TYPE)
    return find_format(plain, RESPONSEFORMAT.name)


@dataclass(frozen=True)
class _Asked:
    """`ids` without repetitions; at most `maxrec` rows are sent, and none of an ID when not all of them."""

    ids: tuple[str, ...]
    maxrec: int
    format: Format
    caller: Caller


class _Endpoints:
    def __init__(self, archive: Archive, address: str) -> None:
        self._archive = archive
        self._address = address

    async def links(self, request: Request) -> Response:
        config = self._archive.config
        limits = RequestLimits(config.request_bytes, parts=_MOST_PARTS)
        with await read_request(request, limits) as received:
            arguments = received.arguments(LINKS_PARAMETERS)
        asked = _Asked(
            tuple(dict.fromkeys(str(text) for text in arguments.all(ID))),
            row_limit(arguments, config),
            links_format(arguments.text(RESPONSEFORMAT)),
            caller_of(request),
        )
        # What a caller may follow is said in the rows, so nobody else is to be shown them from a cache.
        headers = {**result_headers(asked.format), "Cache-Control": "private, no-cache"}
        if request.method == "HEAD":
            return head_response(request, headers)
        cancellation = Cancellation()
        return StreamedResponse(
            self._archive.workers,
            self._chunks(asked, cancellation),
            cancellation.cancel,
            headers=headers,
            seconds=config.sync_seconds + config.transfer_seconds,
        )

    def _chunks(self, asked: _Asked, cancellation: Cancellation) -> Generator[bytes, None, None]:
        document = Document(title=self._archive.config.title, standard_id=DATALINK, table_name="links")
        result: Result
        if asked.ids and asked.maxrec:
            answer = LinksAnswer(self._archive, asked.caller, asked.ids, asked.maxrec, cancellation)
            result, document = answer, replace(document, late_resources=answer.descriptors)
        else:
            described = self_description(self._address, DATALINK, LINKS_PARAMETERS).element()
            document = replace(document, extra_resources=(described,))
            result = NoRows(FIELDS, overflowed=bool(asked.ids))
        with contextlib.closing(encode(asked.format, result, document)) as stream:
            yield from stream
