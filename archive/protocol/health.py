"""Whether the services can do their work at this moment, and what stands in their way (VOSI 1.1, 3)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from ..database.second_wall import is_built
from ..errors import ArchiveError
from .service import Archive

__all__ = ["Health", "health"]


# For whoever runs the archive; what it means is in its log.
_ONE_WALL = "the database does not withhold hidden rows by itself; the archive's queries do"


@dataclass(frozen=True, slots=True)
class Health:
    """`notes` begin with why it is not available; `down_at` and `back_at` are announced by the operator."""

    available: bool
    notes: tuple[str, ...]
    up_since: datetime
    down_at: datetime | None = None
    back_at: datetime | None = None


def health(archive: Archive) -> Health:
    """Asks the database and the disk, so not for the event loop."""
    faults = tuple(_faults(archive))
    walls = () if faults or _withholds_rows(archive) else (_ONE_WALL,)
    config = archive.config
    troubles = (f"{work}: {trouble}" for work, trouble in sorted(archive.troubles.items()))
    announced = (config.availability_note,) if config.availability_note else ()
    notes = (*faults, *walls, *troubles, *announced)
    return Health(not faults, notes, archive.up_since, config.down_time, config.back_time)


def _withholds_rows(archive: Archive) -> bool:
    try:
        with archive.database.writer() as connection:
            return is_built(connection)
    except ArchiveError:
        return True  # it is away, and tells nothing


def _faults(archive: Archive) -> Iterator[str]:
    config, now = archive.config, datetime.now(UTC)
    down, back = config.down_time, config.back_time
    if down is not None and down <= now and (back is None or now < back):
        yield "the service is down for maintenance"
    try:
        archive.database.ping()
    except ArchiveError as error:
        yield error.message
    if archive.workers.are_overrun:
        yield f"all {config.concurrent_queries} places for queries are taken, and new ones are sent away"
    room = shutil.disk_usage(config.data_folder).free if config.data_folder.exists() else None
    if room is not None and room < config.least_free_bytes:
        yield f"the disk has {room:,} bytes left, too few to keep results"
