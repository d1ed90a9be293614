"""From a request for a cut-out to its bytes: the file is found, what is known of it read, and it is cut.

The same for sync requests and jobs; what is sent to whom is told in `service` and `jobs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from ...access import Caller, Road, release
from ...database import Cancellation
from ...errors import NotFound, UnreadableFile, UsageError
from ...pixels import Cutout, Extent, Packed, Unpacker, cut
from ...query import build, compile
from ...store import Delivered, described, opened
from ..service import Archive
from .asking import Asked

__all__ = ["Cutter"]

_COLUMNS = ("s_ra", "s_dec", "em_min", "em_max", "t_min", "t_max", "pol_states")


@dataclass(frozen=True)
class _Watched:
    """A source that is read no more when `check` raises something."""

    source: Delivered
    check: Callable[[], None]

    @property
    def size(self) -> int:
        return self.source.size

    def read(self, offset: int, length: int) -> bytes:
        self.check()
        return self.source.read(offset, length)

    def file(self) -> BinaryIO:
        return self.source.file()


class Cutter:
    """Cuts the files of an archive. Blocking; for any number of threads."""

    def __init__(self, archive: Archive, road: Road = Road.CUTOUT) -> None:
        """`road`: by which what is cut leaves the archive."""
        self._archive = archive
        self._road = road
        config = archive.config
        self._unpacker = Unpacker(config.data_folder / "unpacked", config.unpacked_bytes)

    def find(self, asked: Asked, caller: Caller) -> Delivered:
        """The file as it is downloaded; NotFound when there is none, and refused as a download would be."""
        if not asked.dp_id:
            raise NotFound(f"ID: the archive has no dataset {asked.identifier[:200]!r}")
        with self._archive.database.writer() as connection:
            found = described(connection, asked.dp_id)
            release(connection, caller, found.dp_id, self._road)
        return opened(self._archive.store, found)

    @contextmanager
    def cut(
        self, asked: Asked, caller: Caller, cancellation: Cancellation, check: Callable[[], None]
    ) -> Iterator[Cutout | None]:
        """The cut-out, which can be had within the context; None when it is empty.

        `check` raises what makes it give up, `cancellation` stops its query.
        """
        file = self.find(asked, caller)
        extent = self._extent(file.dp_id, caller, cancellation)
        source: Packed = _Watched(file, check)
        try:
            with self._unpacker.opened(source, file.sha256, check) as plain:
                yield cut(plain, asked.selection, extent, asked.note)
        except UnreadableFile as cause:
            raise UsageError(
                f"{file.dp_id} cannot be cut: {cause.message}", hint="leave out all parameters but ID"
            ) from cause

    def _extent(self, dp_id: str, caller: Caller, cancellation: Cancellation) -> Extent:
        """What ivoa.ObsCore says of the file as a whole."""
        table = self._archive.database.catalogue_of(caller.name).find("ivoa.ObsCore")
        if table is None:
            return Extent()
        config = self._archive.config
        with self._archive.database.run(
            compile(build.scan(table, _COLUMNS, build.one_of(table, "dp_id", [dp_id])), viewer=caller.viewer),
            maxrec=None,
            first_seconds=config.sync_seconds,
            total_seconds=config.transfer_seconds,
            cancellation=cancellation,
        ) as batches:
            rows = [row for batch in batches for row in batch.to_pylist()]
        return _extent(rows[0]) if rows else Extent()


def _extent(row: Mapping[str, Any]) -> Extent:
    states = (row["pol_states"] or "").strip("/")
    return Extent(
        _pair(row["s_ra"], row["s_dec"]),
        _pair(row["em_min"], row["em_max"]),
        _pair(row["t_min"], row["t_max"]),
        frozenset(states.split("/")) if states else frozenset(),
    )


def _pair(first: float | None, second: float | None) -> tuple[float, float] | None:
    return None if first is None or second is None else (first, second)
