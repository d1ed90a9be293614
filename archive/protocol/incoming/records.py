"""dfs.transfer, read and written: the one place that knows how far an upload has come.

A number of bytes stands here only when they are on the disk for good, so that a crash at any moment leaves
a state that can be gone on from. What the bytes are is `parts`' business.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from psycopg.rows import class_row

from ...access.clock import lock_rights
from ...access.hidden_rows import hide_named
from ...declare.dataflow.transfer import TRANSFER, TransferStatus
from ...errors import NotFound
from ...query.hiding import shown_to
from ...query.viewer import PUBLIC
from ...store import Connection
from .values import Offer

__all__ = [
    "Known",
    "Transfer",
    "advance",
    "announce",
    "begin",
    "expire",
    "find",
    "is_any_whole",
    "known",
    "lately",
    "note",
    "pending",
    "room_taken",
    "settle",
    "start_again",
]

_COLUMNS = """transfer_id, file_name, file_size, sha256, bytes_received, status, priority, attempts, reason,
dp_id, version"""
_SHOWN = """file_name, status, file_size, bytes_received, priority, waiting_time, attempts, last_update,
dp_id, reason"""
_OPEN = ["waiting", "receiving", "received", "verified", "stored", "refused"]


@dataclass(frozen=True, slots=True)
class Transfer:
    """A row of dfs.transfer, as far as the archive acts upon it."""

    transfer_id: str
    file_name: str
    file_size: int
    sha256: str
    bytes_received: int
    status: str
    priority: int
    attempts: int
    reason: str | None
    dp_id: str | None
    version: int | None


@dataclass(frozen=True, slots=True)
class Known:
    """A row of dfs.transfer for people."""

    file_name: str
    status: str
    file_size: int
    bytes_received: int
    priority: int
    waiting_time: float | None
    attempts: int
    last_update: datetime | None
    dp_id: str | None
    reason: str | None


def find(connection: Connection, transfer_id: str, *, lock: bool = False) -> Transfer:
    """NotFound when nobody ever offered it. `lock` keeps others away until the transaction ends."""
    with connection.cursor(row_factory=class_row(Transfer)) as cursor:
        found = cursor.execute(
            f"SELECT {_COLUMNS} FROM dfs.transfer WHERE transfer_id = %s FOR UPDATE"
            if lock
            else f"SELECT {_COLUMNS} FROM dfs.transfer WHERE transfer_id = %s",
            (transfer_id,),
        ).fetchone()
    if found is None:
        raise NotFound("there is no such upload", hint="create it with POST")
    return found


def known(connection: Connection, transfer_ids: Sequence[str]) -> dict[str, Transfer]:
    with connection.cursor(row_factory=class_row(Transfer)) as cursor:
        found = cursor.execute(
            f"SELECT {_COLUMNS} FROM dfs.transfer WHERE transfer_id = ANY (%s)", (list(transfer_ids),)
        )
        return {one.transfer_id: one for one in found}


def announce(connection: Connection, offers: Iterable[Offer], sender: str) -> None:
    """What waits at a sender; of what is here already only priority, waiting and attempts are noted."""
    # Sorted, so that two senders with the same files cannot wait for each other.
    ordered = sorted({offer.transfer_id: offer for offer in offers}.items())
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO dfs.transfer AS known (transfer_id, file_name, status, file_size, bytes_received,"
            " priority, queued_at, last_update, waiting_time, attempts, sender, sha256, reason)"
            " SELECT %(id)s, %(name)s, 'waiting', %(size)s, 0, %(priority)s, queued, now,"
            " greatest(extract(epoch FROM now - queued), 0), %(attempts)s, %(sender)s, %(sha256)s,"
            " nullif(%(reason)s, '')"
            " FROM (SELECT timezone('UTC', clock_timestamp()) AS now, %(queued)s::timestamp AS queued) AS one"
            " ON CONFLICT (transfer_id) DO UPDATE SET priority = EXCLUDED.priority,"
            " attempts = EXCLUDED.attempts,"
            " waiting_time = greatest(extract(epoch FROM EXCLUDED.last_update - known.queued_at), 0),"
            " last_update = EXCLUDED.last_update,"
            " status = CASE WHEN known.status IN ('withdrawn', 'expired') THEN 'waiting'"
            " ELSE known.status END,"
            " reason = CASE WHEN known.status IN ('waiting', 'withdrawn', 'expired') THEN EXCLUDED.reason"
            " ELSE known.reason END"
            " WHERE known.status IN ('waiting', 'receiving', 'withdrawn', 'expired')",
            [
                {
                    "id": transfer_id,
                    "name": offer.name,
                    "size": offer.size,
                    "priority": offer.priority,
                    "queued": offer.queued_at,
                    "attempts": offer.attempts,
                    "sender": sender,
                    "sha256": offer.sha256,
                    "reason": offer.reason,
                }
                for transfer_id, offer in ordered
            ],
        )


def begin(connection: Connection, transfer_id: str) -> None:
    """A file that was announced is received from its first byte on; nothing of it was there."""
    connection.execute(
        "UPDATE dfs.transfer SET status = 'receiving', bytes_received = 0, reason = NULL, received_at = NULL,"
        " acknowledged_at = NULL, last_update = timezone('UTC', clock_timestamp()) WHERE transfer_id = %s",
        (transfer_id,),
    )


def advance(connection: Connection, transfer_id: str, before: int, after: int) -> bool:
    """Bytes are on the disk for good; False when somebody else went on from `before` meanwhile."""
    return bool(
        connection.execute(
            "UPDATE dfs.transfer SET bytes_received = %(after)s,"
            " status = CASE WHEN %(after)s = file_size THEN 'received' ELSE 'receiving' END,"
            " received_at = CASE WHEN %(after)s = file_size THEN now END, last_update = now,"
            " waiting_time = greatest(extract(epoch FROM now - queued_at), 0)"
            " FROM (SELECT timezone('UTC', clock_timestamp()) AS now) AS times"
            " WHERE transfer_id = %(id)s AND bytes_received = %(before)s AND status = 'receiving'",
            {"id": transfer_id, "before": before, "after": after},
        ).rowcount
    )


def settle(
    connection: Connection,
    transfer_id: str,
    status: TransferStatus,
    reason: str | None = None,
    dp_id: str | None = None,
    version: int | None = None,
) -> None:
    """The archive has come so far with a file."""
    if dp_id is not None:
        lock_rights(connection)
    connection.execute(
        "UPDATE dfs.transfer SET status = %(status)s, reason = %(reason)s, last_update = now,"
        " dp_id = coalesce(%(dp_id)s, dp_id), version = coalesce(%(version)s, version),"
        " waiting_time = greatest(extract(epoch FROM now - queued_at), 0),"
        " acknowledged_at = CASE WHEN %(status)s = 'ingested' THEN now END"
        " FROM (SELECT timezone('UTC', clock_timestamp()) AS now) AS times WHERE transfer_id = %(id)s",
        {"id": transfer_id, "status": status, "reason": reason, "dp_id": dp_id, "version": version},
    )
    if dp_id is not None:
        hide_named(connection, TRANSFER, {"transfer_id": [transfer_id]})


def start_again(connection: Connection, transfer_id: str, reason: str) -> None:
    """What came is not what was offered: it has to come again."""
    connection.execute(
        "UPDATE dfs.transfer SET status = 'receiving', bytes_received = 0, received_at = NULL, reason = %s,"
        " last_update = timezone('UTC', clock_timestamp()) WHERE transfer_id = %s",
        (reason, transfer_id),
    )


def pending(
    connection: Connection, status: TransferStatus, limit: int, without: Collection[str] = ()
) -> list[Transfer]:
    """What is in a state, the most urgent first, then what came first; `without` these transfer_ids."""
    with connection.cursor(row_factory=class_row(Transfer)) as cursor:
        return cursor.execute(
            f"SELECT {_COLUMNS} FROM dfs.transfer WHERE status = %s AND transfer_id <> ALL (%s)"
            " ORDER BY priority DESC, received_at, transfer_id LIMIT %s",
            (status, list(without), limit),
        ).fetchall()


def is_any_whole(connection: Connection) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM dfs.transfer WHERE status IN ('received', 'verified', 'stored'))"
    ).fetchone()
    return row is not None and bool(row[0])


def note(connection: Connection, transfer_id: str, reason: str) -> None:
    """Why it does not come further."""
    connection.execute(
        "UPDATE dfs.transfer SET reason = %s, last_update = timezone('UTC', clock_timestamp())"
        " WHERE transfer_id = %s",
        (reason, transfer_id),
    )


def room_taken(connection: Connection) -> int:
    """Bytes that uploads under way take or will take."""
    row = connection.execute(
        "SELECT coalesce(sum(file_size), 0)::bigint FROM dfs.transfer"
        " WHERE status IN ('receiving', 'received', 'verified', 'stored')"
    ).fetchone()
    return int(row[0]) if row else 0


def expire(connection: Connection, age: timedelta) -> list[str]:
    """Files of which nobody has told anything for so long; they may be sent anew from the beginning."""
    rows = connection.execute(
        "UPDATE dfs.transfer SET status = 'expired', bytes_received = 0,"
        " last_update = timezone('UTC', clock_timestamp())"
        " WHERE status IN ('waiting', 'receiving') AND last_update < timezone('UTC', clock_timestamp()) - %s"
        " RETURNING transfer_id",
        (age,),
    )
    return [str(transfer_id) for (transfer_id,) in rows]


def lately(connection: Connection, limit: int) -> tuple[list[Known], dict[str, int]]:
    """What is not done first, then what was done last; how many there are, of those done within a day.

    Of files that everybody may know of.

    Over the indexes only: there may be millions of rows, and somebody looks every second.
    """
    seen = shown_to(PUBLIC, "transfer")
    with connection.cursor(row_factory=class_row(Known)) as cursor:
        rows = cursor.execute(
            f"SELECT {_SHOWN} FROM dfs.transfer WHERE status = ANY (%s) AND {seen}"
            " ORDER BY status = 'waiting', priority DESC, last_update DESC LIMIT %s".encode(),
            (_OPEN, limit),
        ).fetchall()
        rows += cursor.execute(
            f"SELECT {_SHOWN} FROM dfs.transfer WHERE last_update IS NOT NULL AND status <> ALL (%s)"
            f" AND {seen} ORDER BY last_update DESC LIMIT %s".encode(),
            (_OPEN, limit - len(rows)),
        ).fetchall()
    counts = connection.execute(
        f"SELECT status, count(*) FROM dfs.transfer WHERE status = ANY (%(open)s) AND {seen} GROUP BY status"
        f" UNION ALL SELECT status, count(*) FROM dfs.transfer WHERE status <> ALL (%(open)s) AND {seen}"
        " AND last_update > timezone('UTC', now()) - interval '1 day' GROUP BY status".encode(),
        {"open": _OPEN},
    ).fetchall()
    return rows, {str(status): int(count) for status, count in counts}
