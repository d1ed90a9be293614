"""One TAP query from its parameters to the bytes of its result.

A `TableQuery` is what /sync runs; everything in it is plain blocking code. HTTP is the service's.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Generator
from dataclasses import dataclass

from archive.database import Cancellation
from archive.declare.parameters import Arguments
from archive.errors import BadParameter, TooLarge
from archive.formats import DEFAULT_FORMAT, Document, Encoding, Format, encode, find_format
from archive.protocol import Archive
from archive.protocol.dali import RESPONSEFORMAT, RUNID, row_limit
from archive.query import Statement, compile

from .adql.resolve import translate
from .parameters import LANG, QUERY

__all__ = ["Execution", "TableQuery"]

_log = logging.getLogger("uraniborg")


@dataclass(frozen=True)
class TableQuery:
    """`text` is ADQL; at most `maxrec` rows are sent."""

    archive: Archive
    text: str
    maxrec: int
    format: Format
    run_id: str = ""

    @classmethod
    def asked(cls, arguments: Arguments, archive: Archive) -> TableQuery:
        """The query a client asked for; raises UsageErrors."""
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
        )

    @property
    def headers(self) -> dict[str, str]:
        """The media type, and a name for what is saved to disk: the rest goes to programs and screens.

        What a query says can never become a page with scripts: browsers may not guess another type, and in
        HTML itself nothing runs.
        """
        headers = {"Content-Type": self.format.media_type, "X-Content-Type-Options": "nosniff"}
        if self.format.encoding is Encoding.HTML:
            headers["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'"
        if self.format.encoding in {Encoding.CSV, Encoding.TSV, Encoding.FITS, Encoding.PARQUET}:
            headers["Content-Disposition"] = f'inline; filename="result.{self.format.extension}"'
        return headers

    def statement(self) -> Statement:
        """What the database is to do; raises what is wrong with the query."""
        # One row more than wanted tells overflow from a result that just fits (DALI 1.1, 4.4.1).
        return compile(translate(self.text, self.archive.database.catalogue), limit=self.maxrec + 1)


class Execution:
    """A TableQuery at work: iterate `chunks` once, in any thread; `cancel` from any other."""

    def __init__(self, query: TableQuery) -> None:
        self._query = query
        self._cancellation = Cancellation()
        self.length: int | None = None  # bytes, known after the first chunk of a format that is spooled

    def cancel(self) -> None:
        self._cancellation.cancel()

    def chunks(self) -> Generator[bytes, None, None]:
        """The encoded result; closing it ends the query in the database."""
        query, config = self._query, self._query.archive.config
        if query.run_id:
            _log.info("query of run %.80r", query.run_id)
        batches = query.archive.database.run(
            query.statement(),
            maxrec=query.maxrec,
            first_seconds=config.sync_seconds,
            total_seconds=config.transfer_seconds,
            cancellation=self._cancellation,
        )
        document = Document(query=query.text, title=config.title)
        with contextlib.closing(batches):
            stream = encode(query.format, batches, document)
            with contextlib.closing(stream):
                self.length = stream.length
                yield from stream
