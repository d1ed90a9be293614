"""The publishing registry over HTTP: one endpoint, GET and POST, every answer a document with status 200."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from lxml import etree
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ...database.published_records import (
    Selection,
    count_records,
    earliest_datestamp,
    find_record,
    revision_exists,
    select_records,
)
from ...declare.catalogue import Catalogue
from ..failures import Style
from ..requests import read_pairs
from ..service import Archive, Service
from ..xml import XML_TYPE
from . import oai
from .keeper import Keeper
from .own import PAGE, REGISTRY_PATH, own_records
from .records import Curation, Published
from .verbs import Arguments, Listing, OaiError, arguments_of, listing_of

__all__ = ["registry_service"]


def registry_service(
    archive: Archive,
    curation: Curation,
    describe: Callable[[Catalogue], Iterable[Published]],
    path: str = "/oai",
) -> Service:
    """`describe` tells what to register besides the registry itself, its authority and its organisation."""
    address = archive.config.base_url + path
    registry = _Registry(archive, curation, address, describe)
    return Service(
        name="Registry",
        description="Records of all services and data collections, for the registries of the Virtual"
        " Observatory to harvest (OAI-PMH 2.0).",
        path=path,
        address=address,
        routes=(Route(path, registry.answer, methods=["GET", "HEAD", "POST"]),),
        style=Style.TEXT,
        links=(
            ("identify", f"{path}?verb=Identify"),
            ("records", f"{path}?verb=ListRecords&metadataPrefix=ivo_vor"),
        ),
    )


class _Registry:
    def __init__(
        self,
        archive: Archive,
        curation: Curation,
        address: str,
        describe: Callable[[Catalogue], Iterable[Published]],
    ) -> None:
        self._archive = archive
        self._curation = curation
        self._address = address
        own = own_records(curation, address)
        self._keeper = Keeper(archive, curation, lambda catalogue: (*own, *describe(catalogue)))

    async def answer(self, request: Request) -> Response:
        pairs = await read_pairs(request, self._archive.config.request_bytes)
        content = await run_in_threadpool(self._document, pairs)
        return Response(content, media_type=XML_TYPE, headers={"Cache-Control": "no-store"})

    def _document(self, pairs: Sequence[tuple[str, str]]) -> bytes:
        arguments = None
        try:
            arguments = arguments_of(pairs)
            return oai.envelope(self._address, arguments, self._children(arguments))
        except OaiError as error:
            return oai.failed(self._address, arguments, error)

    def _children(self, arguments: Arguments) -> list[etree._Element]:
        match arguments.verb:
            case "Identify":
                return self._identify()
            case "ListMetadataFormats":
                if "identifier" in arguments.values:
                    self._found(arguments.values["identifier"])
                return oai.formats()
            case "ListSets":
                if "resumptionToken" in arguments.values:
                    raise OaiError("badResumptionToken", "there are too few sets for tokens")
                return oai.sets()
            case "GetRecord":
                identifier = arguments.needed("identifier")
                prefix = arguments.prefix()
                return [self._found(identifier, prefix)]
            case _:
                return self._list(listing_of(arguments))

    def _identify(self) -> list[etree._Element]:
        self._keeper.current()
        with self._archive.database.writer() as connection:
            own = find_record(connection, self._curation.ivoid(REGISTRY_PATH))
            earliest = earliest_datestamp(connection) or datetime.now(UTC)
        return oai.identification(self._address, self._curation, earliest, own)

    def _found(self, identifier: str, prefix: str = "ivo_vor") -> etree._Element:
        self._keeper.current()
        if "\0" in identifier:
            raise OaiError("idDoesNotExist", "an identifier with a null character")
        with self._archive.database.writer() as connection:
            found = find_record(connection, identifier)
        if found is None:
            raise OaiError("idDoesNotExist", f"there is no record {identifier[:200]}")
        return oai.record(found, prefix)

    def _list(self, asked: Listing) -> list[etree._Element]:
        """A part of the list, and a token if there is more of it; tokens hold on to their revision."""
        newest = self._keeper.current() if asked.revision == 0 else None
        with self._archive.database.writer() as connection:
            if newest is not None:
                selection = Selection(newest.revision, *asked.span)
                asked = replace(asked, revision=newest.revision, size=count_records(connection, selection))
            elif not revision_exists(connection, asked.revision):
                raise OaiError("badResumptionToken", "this token is out of date; begin the list again")
            selection = Selection(asked.revision, *asked.span)
            found = select_records(connection, selection, asked.after, PAGE + 1)
        if not found:
            code = "noRecordsMatch" if newest is not None else "badResumptionToken"
            raise OaiError(code, "no record is as asked for")
        sent = found[:PAGE]
        if asked.verb == "ListIdentifiers":
            children = [oai.header(one) for one in sent]
        else:
            children = [oai.record(one, asked.prefix) for one in sent]
        if len(found) > PAGE:
            rest = replace(asked, after=sent[-1].identifier, cursor=asked.cursor + len(sent))
            children.append(oai.token(asked, asked.cursor, rest.token()))
        elif asked.cursor:
            children.append(oai.token(asked, asked.cursor, ""))
        return children
