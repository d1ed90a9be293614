"""Answers to queries about the archive's own tables, kept until something is published.

Clients ask TAP_SCHEMA the same things whenever they start. Nothing else is kept: a query that reads any other
table, or calls a function whose value changes, runs each time; so does one sent with Cache-Control: no-cache.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Generator, Hashable, Iterator

from starlette.requests import Request

from archive.database import Database
from archive.protocol.documents import Document, DocumentCache
from archive.query import Query
from archive.query.tree import Call, Function, Scan, UserCall, UserCondition

from .query import TableQuery

__all__ = ["MetadataAnswers"]

_SCHEMA = "tap_schema"
_LARGEST = 8_000_000  # bytes of an answer that is kept
_LONGEST = 2000  # characters of a query whose answer is


class MetadataAnswers:
    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache = DocumentCache()

    def known(self, request: Request, query: TableQuery) -> Document | None:
        """The answer, if it is at hand; waits for nothing."""
        if not _may_be_kept(request, query):
            return None
        catalogue = self._database.fresh_catalogue
        return None if catalogue is None else self._cache.known(catalogue, _key(query))

    def keeping(
        self, request: Request, query: TableQuery, chunks: Generator[bytes, None, None]
    ) -> Generator[bytes, None, None]:
        """The same chunks; what they are together is kept when it may be."""
        return self._kept(_key(query), query, chunks) if _may_be_kept(request, query) else chunks

    def _kept(
        self, key: Hashable, query: TableQuery, chunks: Generator[bytes, None, None]
    ) -> Generator[bytes, None, None]:
        # Taken before the query runs, so that the answer is never older than what it is kept for.
        catalogue = self._database.catalogue
        content = bytearray()
        try:
            for chunk in chunks:
                if len(content) <= _LARGEST:
                    content += chunk
                yield chunk
        finally:
            chunks.close()
        if len(content) <= _LARGEST and _is_about_tables(query.translated(query.profile.shown(catalogue))):
            self._cache.get(catalogue, key, lambda: Document(bytes(content), query.format.media_type))


def _may_be_kept(request: Request, query: TableQuery) -> bool:
    """Cheap, and right about what it denies."""
    return (
        len(query.text) <= _LONGEST
        and _SCHEMA in query.text.lower()
        and not query.uploads
        # What others see depends on tables of users, whose changes do not make another catalogue.
        and query.caller.is_anonymous
        and "no-cache" not in request.headers.get("cache-control", "")
    )


def _key(query: TableQuery) -> Hashable:
    # What is published may depend on who asks.
    return query.caller.name, query.text, query.maxrec, query.format.media_type, query.format.encoding


def _is_about_tables(query: Query) -> bool:
    tables = [node.table for node in _nodes(query) if isinstance(node, Scan)]
    changing = any(_changes(node) for node in _nodes(query))
    return bool(tables) and not changing and all(table.schema_name == _SCHEMA for table in tables)


def _changes(node: object) -> bool:
    """A function whose value is another one the next time, or whose rows may be hidden by then."""
    match node:
        case Call(function=Function.RAND):
            return True
        case UserCall() | UserCondition():
            return bool(node.function.hiding)
        case _:
            return False


def _nodes(query: Query) -> Iterator[object]:
    waiting: list[object] = [query]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, tuple):
            waiting += node
        elif dataclasses.is_dataclass(node) and not isinstance(node, Scan):
            waiting += (getattr(node, each.name) for each in dataclasses.fields(node))
