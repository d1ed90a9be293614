"""The books about inputs, in dfs.input_file: what was offered to which plugin, and what became of it.

Here are the statements; what is done about an input is decided in `inputs`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from archive.store import Connection

from .outcomes import printable

__all__ = [
    "InputKey",
    "State",
    "begin",
    "is_read",
    "now",
    "received_at",
    "record_failure",
    "record_reading",
    "unread",
]

_KEPT = 100  # problems told one by one


class State(StrEnum):
    """The values of dfs.input_file.outcome."""

    WAITING = "waiting"
    READ = "read"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class InputKey:
    """The primary key of dfs.input_file."""

    input_id: str
    version: int
    plugin: str


def now() -> datetime:
    """UTC without a zone, as TIMESTAMP columns have it."""
    return datetime.now(UTC).replace(tzinfo=None)


def is_read(connection: Connection, key: InputKey) -> bool:
    row = connection.execute(
        "SELECT outcome FROM dfs.input_file WHERE (input_id, version, plugin) = (%s, %s, %s)",
        (key.input_id, key.version, key.plugin),
    ).fetchone()
    return row == (State.READ,)


def begin(connection: Connection, key: InputKey) -> None:
    """Notes that it is about to be read. What was read before stays so until it is read again or fails."""
    connection.execute(
        "INSERT INTO dfs.input_file AS known (input_id, version, plugin, received, outcome, attempts)"
        " VALUES (%s, %s, %s, %s, %s, 1) ON CONFLICT (input_id, version, plugin) DO UPDATE"
        " SET attempts = known.attempts + 1",
        (key.input_id, key.version, key.plugin, now(), State.WAITING),
    )


def received_at(connection: Connection, key: InputKey) -> datetime:
    """When it was received first."""
    row = connection.execute(
        "SELECT received FROM dfs.input_file WHERE (input_id, version, plugin) = (%s, %s, %s)",
        (key.input_id, key.version, key.plugin),
    ).fetchone()
    assert row is not None and isinstance(row[0], datetime)  # `begin` has made it
    return row[0]


def record_reading(
    connection: Connection,
    key: InputKey,
    *,
    problems: tuple[str, ...],
    problem_count: int,
    rows: int,
    changed: int,
    seconds: float,
) -> None:
    """It was read, and its rows are in their tables."""
    listed = "\n".join(map(printable, problems[:_KEPT]))
    connection.execute(
        "UPDATE dfs.input_file SET outcome = %s, reason = NULL, read_at = %s, problems = %s,"
        " problem_count = %s, row_count = %s, changed_count = %s, read_seconds = %s"
        " WHERE (input_id, version, plugin) = (%s, %s, %s)",
        (
            *(State.READ, now(), listed or None, problem_count, rows, changed, seconds),
            *(key.input_id, key.version, key.plugin),
        ),
    )


def record_failure(connection: Connection, key: InputKey, reason: str) -> None:
    """It could not be read; the rows of an earlier reading stay."""
    connection.execute(
        "UPDATE dfs.input_file SET outcome = %s, reason = %s, read_at = %s"
        " WHERE (input_id, version, plugin) = (%s, %s, %s)",
        (State.FAILED, printable(reason), now(), key.input_id, key.version, key.plugin),
    )


def unread(connection: Connection) -> list[InputKey]:
    """What failed, or was kept and never read, the oldest first.

    What has a newer version from the same place is passed over: the newer one was read since, and what the
    older one says would take the place of it.
    """
    rows = connection.execute(
        "SELECT this.input_id, this.version, this.plugin FROM dfs.input_file AS this"
        " JOIN archive.file ON (file.dp_id, file.version) = (this.input_id, this.version)"
        " WHERE this.outcome <> %s AND NOT EXISTS (SELECT FROM archive.file AS newer"
        " WHERE newer.dp_id = file.dp_id AND newer.source = file.source AND newer.version > file.version)"
        " ORDER BY this.received, this.input_id, this.plugin",
        (State.READ,),
    )
    return [InputKey(str(input_id), int(version), str(plugin)) for input_id, version, plugin in rows]
