"""Keeping the records in step with the archive: made anew when what they tell of has changed.

The first request after a change makes them, while others are answered with what was there before.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from lxml import etree

from ...database.published_records import (
    Revision,
    lock_records,
    newest_revision,
    write_records,
)
from ...declare.catalogue import Catalogue
from ..service import Archive
from .records import Curation, Published, digest_of, record_element

__all__ = ["Keeper"]

# Coverages of large tables take their time: records are not made anew for more than a tenth of it all.
_SHARE = 10.0


class Keeper:
    """`describe` tells what is to be registered at a moment; it may ask the database."""

    def __init__(
        self, archive: Archive, curation: Curation, describe: Callable[[Catalogue], Iterable[Published]]
    ) -> None:
        self._archive = archive
        self._curation = curation
        self._describe = describe

    def current(self) -> Revision:
        """The newest revision, made anew if need be; blocking."""
        catalogue = self._archive.database.catalogue
        source = self._source(catalogue)
        with self._archive.database.writer() as connection:
            newest = newest_revision(connection)
            if newest is not None and (newest.source == source or _is_recent(newest)):
                return newest
            if not lock_records(connection, wait=newest is None):
                assert newest is not None
                return newest
            newest = newest_revision(connection)
            if newest is not None and newest.source == source:
                return newest
            begun = time.monotonic()
            documents = {}
            for published in self._describe(catalogue):
                element = record_element(published, self._curation)
                text = etree.tostring(element, encoding="unicode")
                documents[self._curation.ivoid(published.path)] = (digest_of(element), text)
            write_records(connection, documents, source, time.monotonic() - begun)
            made = newest_revision(connection)
        assert made is not None
        return made

    def _source(self, catalogue: Catalogue) -> str:
        """What the records are made from: another catalogue or another configuration make others."""
        said = repr((self._curation, self._archive.config))
        return f"{catalogue.version} {hashlib.sha256(said.encode()).hexdigest()[:16]}"


def _is_recent(revision: Revision) -> bool:
    age = (datetime.now(UTC) - revision.made).total_seconds()
    return 0 <= age < _SHARE * revision.seconds
