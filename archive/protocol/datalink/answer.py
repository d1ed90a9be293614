"""The answer to a request for links, made while it is sent: rows of whole identifiers, then descriptors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
from lxml import etree

from ...access import Caller
from ...database import Cancellation
from ...declare.identifiers import dp_id_of
from ..service import Archive
from ..table_reader import TableReader
from .dataset import Linker
from .facts import gather
from .rows import FIELDS, Link, batches

__all__ = ["MOST_IDS", "LinksAnswer"]

MOST_IDS = 2000  # answered at once; who asks for more is told that the result is not complete


class LinksAnswer:
    """A result (see `archive.formats.Result`) for a client's identifiers, none of them twice.

    At most `maxrec` rows are given, and of each identifier all rows or none (DataLink 1.1, 2.1.1).
    `descriptors` are known once all rows have been read.
    """

    fields = FIELDS

    def __init__(
        self,
        archive: Archive,
        caller: Caller,
        identifiers: Sequence[str],
        maxrec: int,
        cancellation: Cancellation,
    ) -> None:
        authority = archive.config.authority
        self._dp_ids = {text: dp_id_of(authority, text) for text in identifiers[:MOST_IDS]}
        self._maxrec = maxrec
        self.overflowed = len(identifiers) > MOST_IDS
        # No file has control characters in its name, and the database takes not all of them.
        wanted = {dp_id for dp_id in self._dp_ids.values() if dp_id is not None and dp_id.isprintable()}
        self._linker = Linker(
            archive.config,
            caller,
            gather(
                archive, TableReader(archive.database, archive.config, caller, cancellation), caller, wanted
            ),
        )

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return batches(self._links())

    def _links(self) -> Iterator[Link]:
        left = self._maxrec
        for text, dp_id in self._dp_ids.items():
            described = len(self._linker.descriptors)
            links = self._linker.links(text, dp_id)
            left -= len(links)
            if left < 0:
                del self._linker.descriptors[described:]
                self.overflowed = True
                return
            yield from links

    def descriptors(self) -> Iterator[etree._Element]:
        return (descriptor.element() for descriptor in self._linker.descriptors)
