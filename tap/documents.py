"""The documents about the service and its tables, made once for each catalogue.

Clients ask for all of them when they start, so they are sent from memory as long as nothing was published.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from archive.config import Config
from archive.database import Database
from archive.declare import Catalogue
from archive.errors import BadParameter, Busy, NotFound
from archive.protocol import vosi
from archive.protocol.answering import caller_of
from archive.protocol.documents import Document, DocumentCache, document_response
from archive.protocol.xml import XML_TYPE

from .capabilities import tap_capabilities
from .examples import examples_document
from .profiles import STANDARD, Profile
from .user_tables import full_name

__all__ = ["ServiceDocuments"]

_XHTML_TYPE = "application/xhtml+xml; charset=utf-8"


class ServiceDocuments:
    """Answers to GET and HEAD, with 304 for who has the document already."""

    def __init__(
        self, config: Config, database: Database, base_url: str, profile: Profile = STANDARD
    ) -> None:
        self._config = config
        self._database = database
        self._base_url = base_url
        self._profile = profile
        self._cache = DocumentCache()

    async def capabilities(self, request: Request) -> Response:
        def make(catalogue: Catalogue) -> Document:
            return Document(
                tap_capabilities(self._base_url, self._config, catalogue, self._profile), XML_TYPE
            )

        try:
            return await self._answer(request, "capabilities", make)
        except Busy:
            # What the service is must be known also when its database is away.
            return document_response(request, await run_in_threadpool(make, Catalogue(())))

    async def tables(self, request: Request) -> Response:
        detail = request.query_params.get("detail", "max").lower()
        if detail not in {"min", "max"}:
            raise BadParameter("detail", f"{detail!r} is not known here", hint="use min or max")

        def make(catalogue: Catalogue) -> Document:
            rows = self._database.row_counts()
            return Document(vosi.tableset(catalogue, columns=detail == "max", rows=rows), XML_TYPE)

        return await self._answer_caller(request, ("tables", detail), make)

    async def table(self, request: Request) -> Response:
        name, caller = request.path_params["name"], caller_of(request)

        def make(catalogue: Catalogue) -> Document:
            own = full_name(caller, name) if "." not in name and not caller.is_anonymous else name
            table = catalogue.find(own)
            if table is None:
                raise NotFound(f"no table {name}", hint=catalogue.suggest(name))
            return Document(vosi.one_table(table, self._database.row_counts()), XML_TYPE)

        return await self._answer_caller(request, ("table", name), make)

    async def examples(self, request: Request) -> Response:
        def make(catalogue: Catalogue) -> Document:
            examples = self._profile.examples_of(catalogue)
            return Document(examples_document(self._config.title, examples), _XHTML_TYPE)

        return await self._answer(request, "examples", make)

    async def _answer_caller(
        self, request: Request, key: Hashable, make: Callable[[Catalogue], Document]
    ) -> Response:
        """What depends on who asks; users who see no more than everybody get what everybody does."""
        caller = caller_of(request)
        if not caller.is_anonymous:
            catalogue = await run_in_threadpool(self._database.catalogue_of, caller.name)
            if catalogue is not self._database.catalogue:
                shown = self._profile.shown(catalogue)
                return document_response(request, await run_in_threadpool(make, shown))
        return await self._answer(request, key, make)

    async def _answer(
        self, request: Request, key: Hashable, make: Callable[[Catalogue], Document]
    ) -> Response:
        # Most often both are at hand; asking the database, or making a document, is work for a thread.
        catalogue = self._database.fresh_catalogue
        document = self._cache.known(catalogue, key) if catalogue is not None else None
        if document is None:
            document = await run_in_threadpool(self._made, key, make)
        return document_response(request, document)

    def _made(self, key: Hashable, make: Callable[[Catalogue], Document]) -> Document:
        catalogue = self._database.catalogue
        return self._cache.get(catalogue, key, lambda: make(self._profile.shown(catalogue)))
