"""One TAP query from its parameters to the bytes of its result.

A `TableQuery` is what /sync runs; everything in it is plain blocking code. HTTP is the service's.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from archive.access import ANONYMOUS, Caller
from archive.database import Cancellation
from archive.declare import Catalogue
from archive.declare.parameters import Arguments
from archive.declare.uploads import with_uploads
from archive.errors import BadParameter, Cancelled, QueryTimeout, TooLarge
from archive.formats import DEFAULT_FORMAT, Document, Format, encode, find_format
from archive.protocol import Archive
from archive.protocol.answering import result_headers
from archive.protocol.dali import RESPONSEFORMAT, RUNID, row_limit
from archive.protocol.requests import SPOOL_PREFIX
from archive.query import Query, Statement, compile
from archive.query.crossmatches import positions_to_index, positions_to_sort

from .adql.resolve import translate
from .links import link_resources
from .parameters import LANG, QUERY, UPLOAD
from .products import refuse_endless_product
from .profiles import STANDARD, Profile
from .upload_tables import OpenUploads
from .uploads import Upload, present, uploads_of

__all__ = ["Execution", "ExecutionLimits", "TableQuery"]

_log = logging.getLogger("uraniborg")


@dataclass(frozen=True)
class TableQuery:
    """`text` is ADQL; at most `maxrec` rows are sent. `uploads` are not opened before it runs."""

    archive: Archive
    text: str
    maxrec: int
    format: Format
    run_id: str = ""
    uploads: tuple[Upload, ...] = ()
    caller: Caller = ANONYMOUS
    profile: Profile = STANDARD

    @classmethod
    def asked(
        cls,
        arguments: Arguments,
        archive: Archive,
        files: Mapping[str, Path] = MappingProxyType({}),
        caller: Caller = ANONYMOUS,
        profile: Profile = STANDARD,
    ) -> TableQuery:
        """The query a client asked for, with `files` by the names of their parts; raises UsageErrors."""
        for parameter in (LANG, QUERY):
            if arguments.one(parameter) is None:
                raise BadParameter(
                    parameter.name, "is missing", hint="a query needs LANG=ADQL and QUERY=SELECT ..."
                )
        text = arguments.text(QUERY) or ""
        longest = archive.config.query_characters
        if len(text) > longest:
            raise TooLarge(f"the query has {len(text)} characters; the limit is {longest}")
        wanted = arguments.text(RESPONSEFORMAT)
        return cls(
            archive,
            text,
            row_limit(arguments, archive.config),
            DEFAULT_FORMAT if wanted is None else find_format(wanted),
            arguments.text(RUNID) or "",
            uploads_of([str(text) for text in arguments.all(UPLOAD)], files, archive.config),
            caller,
            profile,
        )

    @property
    def catalogue(self) -> Catalogue:
        """What the caller may see, and this service shows."""
        return self.profile.shown(self.archive.database.catalogue_of(self.caller.name))

    def translated(self, catalogue: Catalogue) -> Query:
        return translate(self.text, catalogue, self.profile)

    @property
    def headers(self) -> dict[str, str]:
        return result_headers(self.format)

    def statement(self) -> Statement:
        """What the database is to do; raises what is wrong with the query. Not for queries with uploads."""
        statement = self.compiled(self.translated(self.catalogue), self.maxrec)
        self.archive.database.admit(statement)
        return statement

    def compiled(self, query: Query, maxrec: int) -> Statement:
        # One row more than wanted tells overflow from a result that just fits (DALI 1.1, 4.4.1).
        return compile(query, maxrec + 1, self.caller.viewer)


@dataclass(frozen=True, slots=True)
class ExecutionLimits:
    """Seconds to the first row, seconds for all of it, and how many rows there may be whatever was asked."""

    first_seconds: float
    total_seconds: float
    hard_rows: int


class Execution:
    """A TableQuery at work: iterate `chunks` once, in any thread; `cancel` from any other."""

    def __init__(
        self, query: TableQuery, *, limits: ExecutionLimits | None = None, tells_errors: bool = True
    ) -> None:
        """`limits`: those of /sync unless given. `tells_errors`: see `Document`."""
        config = query.archive.config
        self._query = query
        self._limits = limits or ExecutionLimits(
            config.sync_seconds, config.transfer_seconds, config.hard_rows
        )
        self._tells_errors = tells_errors
        self._cancellation = Cancellation()
        self._cancelled = False
        self._begun = 0.0
        self._schema: str | None = None  # where the uploads lie
        self.length: int | None = None  # bytes, known after the first chunk of a format that is spooled
        self.overflowed = False  # known after the last chunk

    def cancel(self) -> None:
        self._cancelled = True
        self._cancellation.cancel()

    def chunks(self) -> Generator[bytes, None, None]:
        """The encoded result; closing it ends the query in the database, and the uploads are gone."""
        query, limits = self._query, self._limits
        self._begun = time.monotonic()
        if query.run_id:
            _log.info("query of run %.80r", query.run_id)
        with contextlib.ExitStack() as stack:
            maxrec = min(query.maxrec, limits.hard_rows)
            translated = self._translated(stack)
            statement = query.compiled(translated, maxrec)
            document = Document(
                query=query.text,
                title=query.archive.config.title,
                extra_resources=link_resources(translated, query.archive.config.base_url),
                tells_errors=self._tells_errors,
            )
            database, config = query.archive.database, query.archive.config
            refuse_endless_product(translated, statement, database, config.most_pairs)
            batches = query.archive.database.run(
                statement,
                maxrec=maxrec,
                first_seconds=limits.first_seconds,
                total_seconds=limits.total_seconds,
                cancellation=self._cancellation,
                begun=self._begun,
            )
            stack.callback(batches.close)
            if self._schema is not None:
                query.archive.database.check_upload(self._schema)
            stream = encode(query.format, batches, document)
            stack.callback(stream.close)
            self.length = stream.length
            yield from stream
            self.overflowed = batches.overflowed

    def _translated(self, stack: contextlib.ExitStack) -> Query:
        """The query understood, and its uploads in the database for as long as `stack` lasts."""
        query, archive = self._query, self._query.archive
        catalogue = query.catalogue
        if not query.uploads:
            return query.translated(catalogue)
        with contextlib.ExitStack() as files:
            folder = files.enter_context(tempfile.TemporaryDirectory(prefix=SPOOL_PREFIX))
            paths = present(query.uploads, Path(folder), archive.config, self._left, self._check)
            schema = self._schema = stack.enter_context(archive.database.upload_schema())
            opened = OpenUploads(query.uploads, paths, schema, archive.config, files)
            translated = query.translated(with_uploads(catalogue, opened.tables))
            if positions := positions_to_index(translated):
                opened.index(positions)
                translated = query.translated(with_uploads(catalogue, opened.tables))
            opened.sort(positions_to_sort(translated))
            opened.load(archive.database, self._check)
        return translated

    @property
    def _left(self) -> float:
        """Seconds left to the first row."""
        return max(self._begun + self._limits.first_seconds - time.monotonic(), 0.0)

    def _check(self) -> None:
        """Raises when the query is not wanted any more or its time is up."""
        if self._cancelled:
            raise Cancelled("the query was cancelled")
        if self._left == 0:
            raise QueryTimeout(self._limits.first_seconds)
