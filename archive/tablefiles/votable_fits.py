"""FITS within a VOTable (VOTable 1.5, 5.2), base64 in a STREAM: put aside, then read as the FITS file it is.

What the FIELDs say of the columns is kept where the two agree; the bytes decide what the values are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO

from ..errors import DiskFull, UnreadableFile
from .fits import fits_members
from .source import Arrays, Member, Source, SourceColumn, unreadable

__all__ = ["EmbeddedFits"]


class EmbeddedFits:
    """Takes the bytes in, into a file that has a name; `extension` is the FITS element's extnum, if any."""

    left = 0  # bytes of a row that has no end yet: what is missing is known when the file is read

    def __init__(self, file: IO[bytes], extension: str | None) -> None:
        self._file = file
        self._extension = extension

    def feed(self, piece: bytes) -> None:
        try:
            self._file.write(piece)
        except OSError as cause:
            if not DiskFull.is_meant_by(cause):
                raise
            raise DiskFull("there is no room to put the table aside", hint="try again later") from cause

    def source(self, path: Path, columns: Sequence[SourceColumn], description: str) -> Source:
        """The table, when all has come. `path` is what errors call it, `columns` what the FIELDs say."""
        self._file.flush()
        file = Path(self._file.name)
        with _called(path, file.name):
            found = self._chosen(fits_members(file, columns)).open()

        def batches() -> Iterator[Arrays]:
            with _called(path, file.name):
                yield from found.batches()

        return replace(found, path=path, batches=batches, description=description or found.description)

    def _chosen(self, members: Sequence[Member]) -> Member:
        if self._extension is None:
            return members[0]
        for member in members:
            if str(member.number) == self._extension.strip():
                return member
        raise UnreadableFile(f"there is no table in extension {self._extension[:20]} of its FITS")


@contextmanager
def _called(path: Path, name: str) -> Iterator[None]:
    """Errors say where the FITS came from, instead of the `name` of the file that it was put into."""
    try:
        yield
    except UnreadableFile as cause:
        raise unreadable(path, f"in its FITS, {cause.message.removeprefix(name).lstrip(',: ')}") from cause
