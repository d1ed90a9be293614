"""A position that a table really has: what capabilities name as a query that gives a row."""

from __future__ import annotations

from ..declare.tables import Table
from ..errors import ArchiveError
from ..query import compile
from ..query.build import all_of, between, scan
from ..query.tree import Condition
from .service import Archive

__all__ = ["known_position"]

_SECONDS = 2.0


def known_position(
    archive: Archive, table: Table, pair: tuple[str, str], where: Condition | None = None
) -> tuple[float, float] | None:
    """Longitude and latitude of some row; None when there is none, or it cannot be had at once."""
    longitude, latitude = pair
    conditions = [between(table, longitude, 0.0, 360.0), between(table, latitude, -90.0, 90.0)]
    query = scan(table, pair, all_of([*conditions, *([] if where is None else [where])]), limit=1)
    try:
        with archive.database.run(
            compile(query), maxrec=1, first_seconds=_SECONDS, total_seconds=_SECONDS
        ) as batches:
            for batch in batches:
                for row in batch.to_pylist():
                    first, second = row.values()
                    return float(first), float(second)
    except ArchiveError:
        return None
    return None
