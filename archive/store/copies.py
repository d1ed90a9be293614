"""Which volumes there are and which files should be on them, in `archive.volume` and `archive.copy`.

Here are the statements; what is done about a copy is decided in `scrubbing` and `moving`. A copy is good
(as far as is known), suspect (a reader met a fault; it is checked first) or bad (found so, not yet mended).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from psycopg.rows import class_row

from ..access.clock import lock_rights
from ..access.hidden_rows import hide_named
from ..declare.dfs import STORAGE_EVENT
from ..errors import ConfigurationError
from .blocks import BlockSums
from .files import FIRST_VOLUME, StoredContent
from .registry import Connection, Packed

__all__ = [
    "Copy",
    "CopyState",
    "Event",
    "VolumeRow",
    "VolumeState",
    "adopt",
    "away_since",
    "copies_of",
    "counted_volumes",
    "due_copies",
    "end_drain",
    "forget_copy",
    "lacking",
    "on_volume",
    "record_check",
    "record_copies",
    "record_copy",
    "record_event",
    "record_sums",
    "refill_copies",
    "set_state",
    "set_volume",
    "suspect",
    "to_be_copied",
    "volume_rows",
]


class VolumeState(StrEnum):
    """`open` takes files, `draining` only gives them, `drained` is asked for nothing any more."""

    OPEN = "open"
    DRAINING = "draining"
    DRAINED = "drained"


class CopyState(StrEnum):
    GOOD = "good"
    SUSPECT = "suspect"
    BAD = "bad"


class Event(StrEnum):
    """What `dfs.storage_event` tells, besides the faults of copies."""

    NOTICED = "noticed"
    REPAIRED = "repaired"
    REPLICATED = "replicated"
    RECOVERED = "recovered"
    LOST = "lost"
    ADDED = "added"
    DRAINING = "draining"
    DRAINED = "drained"
    AWAY = "away"
    RETURNED = "returned"
    SCRUBBED = "scrubbed"


@dataclass(frozen=True, slots=True)
class VolumeRow:
    """A volume with what it holds; `address` is empty for the first one, whose folder is the archive's."""

    name: str
    address: str
    state: VolumeState
    copies: int = 0
    bytes: int = 0
    suspect: int = 0
    bad: int = 0
    oldest_check: datetime | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    """A file that should be on a volume, with all that is needed to tell whether it is."""

    place: str
    volume: str
    state: str
    checked_at: datetime | None
    sha256: str
    bytes: int
    blocks: Packed | None

    @property
    def sums(self) -> BlockSums | None:
        return None if self.blocks is None else BlockSums(self.bytes, self.blocks)


# --- volumes ----------------------------------------------------------------------------------------------


def volume_rows(connection: Connection) -> list[VolumeRow]:
    """The volumes by age, without their counts."""
    rows = connection.execute("SELECT name, address, state FROM archive.volume ORDER BY added_at, name")
    return [VolumeRow(name, address, VolumeState(state)) for name, address, state in rows]


def counted_volumes(connection: Connection) -> list[VolumeRow]:
    """The volumes with what is on them."""
    rows = connection.execute(
        """
        SELECT volume.name, volume.address, volume.state, count(copy.place),
               coalesce(sum(held.bytes), 0)::bigint,
               count(*) FILTER (WHERE copy.state = 'suspect'), count(*) FILTER (WHERE copy.state = 'bad'),
               min(copy.checked_at)
        FROM archive.volume
        LEFT JOIN archive.copy ON copy.volume = volume.name
        LEFT JOIN LATERAL (SELECT file.bytes FROM archive.file WHERE file.place = copy.place LIMIT 1) AS held
               ON true
        GROUP BY volume.name ORDER BY volume.added_at, volume.name
        """
    )
    return [VolumeRow(name, address, VolumeState(state), *rest) for name, address, state, *rest in rows]


def set_volume(connection: Connection, name: str, address: str, state: VolumeState) -> None:
    connection.execute(
        "INSERT INTO archive.volume (name, address, state) VALUES (%s, %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET address = excluded.address, state = excluded.state",
        (name, address, state),
    )


def set_state(connection: Connection, name: str, state: VolumeState) -> None:
    connection.execute("UPDATE archive.volume SET state = %s WHERE name = %s", (state, name))


def end_drain(connection: Connection, name: str) -> bool:
    """The volume is drained, unless files were written to it at the last moment."""
    # Waits for the transactions that write down copies on this volume (`record_copies`).
    connection.execute("UPDATE archive.volume SET state = 'draining' WHERE name = %s", (name,))
    if on_volume(connection, name, 1):
        return False
    set_state(connection, name, VolumeState.DRAINED)
    return True


def to_be_copied(connection: Connection, name: str, others: Sequence[str], wanted: int) -> int:
    """Bytes that have to go to other volumes before this one can be given up."""
    row = connection.execute(
        """
        SELECT coalesce(sum(file.bytes * greatest(0, %(wanted)s - (
                   SELECT count(*) FROM archive.copy AS other
                   WHERE other.place = copy.place AND other.volume = ANY (%(others)s)))), 0)::bigint
        FROM archive.copy
        CROSS JOIN LATERAL (SELECT * FROM archive.file WHERE place = copy.place LIMIT 1) AS file
        WHERE copy.volume = %(name)s
        """,
        {"wanted": wanted, "others": list(others), "name": name},
    ).fetchone()
    return int(row[0]) if row else 0


# --- copies -----------------------------------------------------------------------------------------------


def record_copies(connection: Connection, kept: Iterable[StoredContent]) -> None:
    """Write down on which volumes files are; call it in the transaction that records the files."""
    pairs = sorted({(content.place, volume) for content in kept for volume in content.volumes})
    names = sorted({volume for _, volume in pairs})
    # Locked, so that a drain that ends at this moment waits for this transaction and sees its copies.
    rows = connection.execute(
        "SELECT name, state FROM archive.volume WHERE name = ANY (%s) ORDER BY name FOR SHARE", (names,)
    )
    for name, state in rows:
        if state == VolumeState.DRAINED:
            raise ConfigurationError(
                f"the volume {name} was drained while files were written to it",
                hint="ingest them again: they will go to the others",
            )
    connection.execute(
        "INSERT INTO archive.copy (place, volume, checked_at)"
        " SELECT place, volume, now() FROM unnest(%s::text[], %s::text[]) AS written(place, volume)"
        " ON CONFLICT (place, volume)"
        " DO UPDATE SET state = 'good', written_at = now(), checked_at = now()",
        ([place for place, _ in pairs], [volume for _, volume in pairs]),
    )


def adopt(connection: Connection) -> int:
    """Files of which nobody said where they are lie on the first volume; how many there were."""
    return connection.execute(
        "INSERT INTO archive.copy (place, volume) SELECT DISTINCT file.place, %s FROM archive.file"
        " WHERE NOT EXISTS (SELECT FROM archive.copy WHERE copy.place = file.place)"
        " ON CONFLICT DO NOTHING",
        (FIRST_VOLUME,),
    ).rowcount


_COPY = "copy.place, copy.volume, copy.state, copy.checked_at, file.sha256, file.bytes, file.blocks"


def due_copies(
    connection: Connection, volumes: Sequence[str], before: datetime, bad_before: datetime, limit: int
) -> list[Copy]:
    """Copies that were not checked since a moment: those never checked first, then the oldest.

    Bad ones are due earlier than the others, as what mends them may be there again.
    """
    with connection.cursor(row_factory=class_row(Copy)) as cursor:
        # Three questions that an index answers each, where OR would have it read from end to end.
        return cursor.execute(
            f"""
            SELECT {_COPY} FROM (
                (SELECT * FROM archive.copy WHERE volume = ANY (%(volumes)s) AND checked_at IS NULL
                 ORDER BY place LIMIT %(limit)s)
                UNION ALL
                (SELECT * FROM archive.copy WHERE volume = ANY (%(volumes)s) AND checked_at < %(before)s
                 ORDER BY checked_at, place LIMIT %(limit)s)
                UNION ALL
                (SELECT * FROM archive.copy WHERE volume = ANY (%(volumes)s) AND state = 'bad'
                 AND checked_at >= %(before)s AND checked_at < %(bad_before)s LIMIT %(limit)s)
                LIMIT %(limit)s
            ) AS copy
            CROSS JOIN LATERAL (SELECT * FROM archive.file WHERE place = copy.place LIMIT 1) AS file
            ORDER BY copy.checked_at NULLS FIRST, copy.place
            """,
            {"volumes": list(volumes), "before": before, "bad_before": bad_before, "limit": limit},
        ).fetchall()


def copies_of(connection: Connection, place: str) -> list[Copy]:
    with connection.cursor(row_factory=class_row(Copy)) as cursor:
        return cursor.execute(
            f"SELECT {_COPY} FROM archive.copy CROSS JOIN LATERAL"
            " (SELECT * FROM archive.file WHERE place = copy.place LIMIT 1) AS file"
            " WHERE copy.place = %s ORDER BY copy.volume",
            (place,),
        ).fetchall()


def lacking(
    connection: Connection, volumes: Sequence[str], wanted: int, limit: int, after: str = ""
) -> list[str]:
    """Places of which fewer than `wanted` copies are on these volumes, in order, after the one given."""
    rows = connection.execute(
        "SELECT place FROM archive.copy WHERE place > %(after)s GROUP BY place"
        " HAVING count(*) FILTER (WHERE volume = ANY (%(volumes)s) AND state <> 'bad') < %(wanted)s"
        " ORDER BY place LIMIT %(limit)s",
        {"after": after, "volumes": list(volumes), "wanted": wanted, "limit": limit},
    )
    return [str(place) for (place,) in rows]


def on_volume(connection: Connection, volume: str, limit: int, after: str = "") -> list[str]:
    """Places of the files that should be on a volume, in order, after the one given."""
    rows = connection.execute(
        "SELECT place FROM archive.copy WHERE volume = %s AND place > %s ORDER BY place LIMIT %s",
        (volume, after, limit),
    )
    return [str(place) for (place,) in rows]


def record_check(connection: Connection, place: str, volume: str, state: CopyState) -> None:
    """A copy was read through just now; one that has been given up meanwhile stays so."""
    connection.execute(
        "UPDATE archive.copy SET state = %s, checked_at = clock_timestamp() WHERE place = %s AND volume = %s",
        (state, place, volume),
    )


def record_copy(connection: Connection, place: str, volume: str) -> None:
    """A good copy was written just now."""
    connection.execute(
        "INSERT INTO archive.copy (place, volume, checked_at) VALUES (%s, %s, clock_timestamp())"
        " ON CONFLICT (place, volume) DO UPDATE SET state = 'good', checked_at = excluded.checked_at",
        (place, volume),
    )


def suspect(connection: Connection, place: str, volume: str) -> bool:
    """A reader met a fault; False when no copy should be there, or it is known already."""
    return bool(
        connection.execute(
            "UPDATE archive.copy SET state = 'suspect', checked_at = NULL"
            " WHERE place = %s AND volume = %s AND state = 'good'",
            (place, volume),
        ).rowcount
    )


def away_since(connection: Connection, volume: str) -> datetime | None:
    """Since when a volume has not answered, in UTC; None when it did the last time."""
    row = connection.execute(
        "SELECT event, timezone('UTC', event_time) FROM dfs.storage_event"
        " WHERE volume = %s AND event IN ('away', 'returned', 'added') ORDER BY event_time DESC LIMIT 1",
        (volume,),
    ).fetchone()
    return row[1] if row and row[0] == Event.AWAY else None


def forget_copy(connection: Connection, place: str, volume: str) -> None:
    connection.execute("DELETE FROM archive.copy WHERE place = %s AND volume = %s", (place, volume))


def record_sums(connection: Connection, place: str, sums: BlockSums) -> None:
    """The checksums of a file that was kept before there were any."""
    connection.execute(
        "UPDATE archive.file SET blocks = %s WHERE place = %s AND blocks IS NULL", (sums.packed, place)
    )


def refill_copies(connection: Connection, missing: Sequence[str]) -> None:
    """After a restore: all files, those missing excepted, are on the first volume, and there is no other."""
    connection.execute("DELETE FROM archive.copy")
    connection.execute("DELETE FROM archive.volume WHERE name <> %s", (FIRST_VOLUME,))
    connection.execute("UPDATE archive.volume SET state = 'open', address = ''")
    connection.execute(
        "INSERT INTO archive.copy (place, volume, state, checked_at)"
        " SELECT DISTINCT place, %(first)s,"
        " CASE WHEN place = ANY (%(missing)s) THEN 'bad' ELSE 'good' END, now() FROM archive.file",
        {"first": FIRST_VOLUME, "missing": list(missing)},
    )


def record_event(
    connection: Connection, event: str, volume: str, place: str | None = None, detail: str = ""
) -> None:
    """Tell everybody, in dfs.storage_event; of a file, once for each of its versions with these bytes."""
    if place is None:
        connection.execute(
            "INSERT INTO dfs.storage_event (event_time, volume, event, detail)"
            " VALUES (timezone('UTC', clock_timestamp()), %s, %s, %s)",
            (volume, event, detail),
        )
        return
    lock_rights(connection)
    told = connection.execute(
        "INSERT INTO dfs.storage_event (event_time, volume, dp_id, version, event, detail)"
        " SELECT timezone('UTC', clock_timestamp()), %s, dp_id, version, %s, %s"
        " FROM archive.file WHERE place = %s RETURNING dp_id",
        (volume, event, detail, place),
    )
    hide_named(connection, STORAGE_EVENT, {"dp_id": {str(dp_id) for (dp_id,) in told}})
