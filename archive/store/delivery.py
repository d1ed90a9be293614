"""Delivered files: the archived bytes, with corrected headers in the place of the archived ones.

The archived bytes never change: what is delivered is put together while it is read, so any range of it can
be had, and nothing is kept twice. Compressed originals are delivered as they are. How corrections are made
is told in `archive.store.corrections`, how files go over HTTP in `archive.protocol.files`.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol

from ..errors import NotFound
from .files import Store
from .registry import Connection, FileVersion, find_file
from .sources import ByteSource, FileView

__all__ = [
    "Delivered",
    "Description",
    "Patch",
    "Readable",
    "Span",
    "delivered",
    "described",
    "find_named",
    "opened",
]

_BUFFER = 1 << 16
# Endings of file names that people append to an identifier.
_ENDINGS = re.compile(r"(\.(fits?|fts))?(\.(fz|gz|Z|bz2))?", re.IGNORECASE)


class Readable(Protocol):
    """Bytes at offsets, such as a ByteSource."""

    def read(self, offset: int, length: int) -> bytes:
        """Short only at the end."""

    def checked(self, offset: int, length: int) -> Path | None:
        """A local file that has these bytes right at these offsets, if there is one."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bytes that are sent as they lie in the archive."""

    source: Readable
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Patch:
    """A corrected header: it takes the place of `replaces` bytes at `begins` of the archived file."""

    begins: int
    replaces: int
    header: bytes


@dataclass(frozen=True)
class Description:
    """What is delivered under an identifier, before anybody has opened it.

    `size`, `sha256` and `modified` are those of the delivered bytes, `archived` tells of the others.
    `correction` counts the corrections of this version's headers, 0 when there are none.
    """

    archived: FileVersion
    correction: int
    size: int
    sha256: str
    modified: datetime
    patches: tuple[Patch, ...]

    @property
    def dp_id(self) -> str:
        return self.archived.dp_id

    @property
    def version(self) -> int:
        return self.archived.version

    @property
    def name(self) -> str:
        """The name a download gets."""
        return self.archived.name

    @property
    def media_type(self) -> str:
        return self.archived.media_type

    @property
    def etag(self) -> str:
        """The entity tag: the archived content, and the version of the headers when they were corrected."""
        return f'"{self.archived.sha256}-h{self.correction}"' if self.patches else f'"{self.archived.sha256}"'

    @property
    def head(self) -> bytes:
        """All corrected headers, one after the other."""
        return b"".join(patch.header for patch in self.patches)


@dataclass(frozen=True)
class Delivered(Description):
    """What is delivered, with the source of its archived bytes; itself a ByteSource of the delivered ones."""

    source: ByteSource

    @property
    def path(self) -> Path | None:
        """The local file when nothing was corrected; see ByteSource.path for what it costs."""
        return None if self.patches else self.source.path

    def pieces(self, offset: int, length: int) -> Iterator[bytes | Span]:
        """A range of the delivered bytes: parts of corrected headers, and spans of the archived file."""
        end = min(offset + length, self.size)
        here = 0  # in the delivered bytes
        archived = 0
        for patch in self.patches:
            yield from self._span(offset, end, here, archived, patch.begins - archived)
            here += patch.begins - archived
            first, last = max(offset - here, 0), min(end - here, len(patch.header))
            if first < last:
                yield patch.header[first:last]
            here += len(patch.header)
            archived = patch.begins + patch.replaces
        yield from self._span(offset, end, here, archived, self.size - here)

    def _span(self, offset: int, end: int, here: int, archived: int, length: int) -> Iterator[Span]:
        """What of `length` bytes lies in the range; they begin at `here`, in the archive at `archived`."""
        first, last = max(offset, here), min(end, here + length)
        if first < last:
            yield Span(self.source, archived + first - here, last - first)

    def read(self, offset: int, length: int) -> bytes:
        """Delivered bytes; short only at the end."""
        return b"".join(
            piece if isinstance(piece, bytes) else piece.source.read(piece.offset, piece.length)
            for piece in self.pieces(offset, length)
        )

    def checked(self, offset: int, length: int) -> Path | None:
        """As ByteSource has it; None also for what was corrected, whose bytes lie at other places."""
        return None if self.patches else self.source.checked(offset, length)

    def chunks(self, length: int = 1 << 20) -> Iterator[bytes]:
        """All delivered bytes, in pieces of `length`."""
        for offset in range(0, self.size, length):
            yield self.read(offset, length)

    def file(self) -> BinaryIO:
        """A seekable, buffered view of the delivered bytes; whoever asked closes it."""
        if not self.patches:
            return self.source.file()
        return io.BufferedReader(FileView(self, self.name), _BUFFER)


def delivered(
    connection: Connection,
    store: Store,
    dp_id: str,
    version: int | None = None,
    correction: int | None = None,
) -> Delivered:
    """What a download of a file is: its newest version with its newest headers unless others are asked for.

    `correction` 0 asks for the headers as they were archived. Raises NotFound when there is no such file,
    version or correction, and CopyMissing when no copy can be read.
    """
    return opened(store, described(connection, dp_id, version, correction))


def opened(store: Store, found: Description) -> Delivered:
    """The bytes of what was found; needs no connection to the database."""
    return Delivered(
        found.archived,
        found.correction,
        found.size,
        found.sha256,
        found.modified,
        found.patches,
        store.open(found.archived),
    )


def described(
    connection: Connection, dp_id: str, version: int | None = None, correction: int | None = None
) -> Description:
    """As `delivered`, without looking for the bytes."""
    file = find_named(connection, dp_id, version)
    original = Description(file, 0, file.bytes, file.sha256, file.stored_at, ())
    if correction == 0:
        return original
    row = connection.execute(
        "SELECT correction, bytes, sha256, at FROM archive.header_correction WHERE dp_id = %(dp_id)s "
        "AND version = %(version)s AND (%(correction)s::integer IS NULL OR correction = %(correction)s) "
        "ORDER BY correction DESC LIMIT 1",
        {"dp_id": file.dp_id, "version": file.version, "correction": correction},
    ).fetchone()
    if row is None and correction is not None:
        raise NotFound(f"{file.dp_id}, version {file.version}, has no correction {correction}")
    if row is None:
        return original
    number, size, sha256, moment = row
    return replace(
        original,
        correction=number,
        size=size,
        sha256=sha256,
        modified=moment,
        patches=_patches(connection, file, number),
    )


def _patches(connection: Connection, file: FileVersion, correction: int) -> tuple[Patch, ...]:
    rows = connection.execute(
        "SELECT begins, replaces, block FROM archive.corrected_header WHERE dp_id = %s AND version = %s "
        "AND correction = %s AND begins IS NOT NULL ORDER BY begins",
        (file.dp_id, file.version, correction),
    )
    return tuple(Patch(begins, replaces, zlib.decompress(block)) for begins, replaces, block in rows)


def find_named(connection: Connection, dp_id: str, version: int | None = None) -> FileVersion:
    """A version of a file by its identifier, also one with the ending of its file's name behind it."""
    try:
        return find_file(connection, dp_id, version)
    except NotFound:
        stem = next(
            (dp_id[:place] for place in range(1, len(dp_id)) if _ENDINGS.fullmatch(dp_id[place:])), dp_id
        )
        if stem == dp_id:
            raise
        return find_file(connection, stem, version)
