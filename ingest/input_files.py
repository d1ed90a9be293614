"""The books about inputs, in dfs.input_file: what was offered to which plugin, and what became of it.

Here are the statements; what is done about an input is decided in `inputs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from archive.access.hidden_rows import hide_named
from archive.declare.dataflow.inputs import INPUT_FILE
from archive.plugins import Ingest
from archive.store import Connection

from .outcomes import RESTRICTED, printable

__all__ = [
    "InputKey",
    "Started",
    "State",
    "are_read",
    "begin",
    "mark_restricted",
    "now",
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


@dataclass(frozen=True, slots=True)
class Started:
    """`received` when the archive got the input first; `was_read` whether it had been read before."""

    received: datetime
    was_read: bool


def are_read(connection: Connection, keys: Iterable[InputKey]) -> set[InputKey]:
    """Those of the inputs that have been read."""
    rows = connection.execute(
        "SELECT input_id, version, plugin FROM dfs.input_file"
        " JOIN unnest(%s::text[], %s::integer[], %s::text[]) AS asked (input_id, version, plugin)"
        " USING (input_id, version, plugin) WHERE outcome = %s",
        (*_columns(keys), State.READ),
    )
    return {InputKey(str(input_id), int(version), str(plugin)) for input_id, version, plugin in rows}


def begin(connection: Connection, keys: Mapping[InputKey, bool]) -> dict[InputKey, Started]:
    """Notes that they are about to be read, each with whether it is restricted.

    What was read before stays so until it is read again or fails.
    """
    rows = connection.execute(
        "INSERT INTO dfs.input_file AS known"
        " (input_id, version, plugin, received, outcome, attempts, restricted)"
        " SELECT input_id, version, plugin, %s, %s, 1, restricted"
        " FROM unnest(%s::text[], %s::integer[], %s::text[], %s::boolean[])"
        " AS asked (input_id, version, plugin, restricted)"
        " ON CONFLICT (input_id, version, plugin) DO UPDATE"
        " SET attempts = known.attempts + 1, restricted = EXCLUDED.restricted"
        " RETURNING input_id, version, plugin, received, outcome",
        (now(), State.WAITING, *_columns(keys), list(keys.values())),
    ).fetchall()
    # Another version tells of the same runs.
    hide_named(connection, INPUT_FILE, {"input_id": {key.input_id for key in keys}})
    return {
        InputKey(str(input_id), int(version), str(plugin)): Started(received, outcome == State.READ)
        for input_id, version, plugin, received, outcome in rows
    }


def _columns(keys: Iterable[InputKey]) -> tuple[list[str], list[int], list[str]]:
    listed = list(keys)
    return (
        [key.input_id for key in listed],
        [key.version for key in listed],
        [key.plugin for key in listed],
    )


def mark_restricted(connection: Connection, plugins: Iterable[Ingest]) -> None:
    """Brings the inputs of these plugins in line with what the plugins say now; those of others stay."""
    known = {plugin.name: plugin.is_restricted for plugin in plugins}
    restricted = [name for name, holds in known.items() if holds]
    connection.execute(
        "UPDATE dfs.input_file SET restricted = true, problems = NULL,"
        " reason = CASE WHEN reason IS NULL THEN NULL ELSE %s END"
        " WHERE plugin = ANY (%s) AND restricted IS NOT TRUE",
        (RESTRICTED, restricted),
    )
    connection.execute(
        "UPDATE dfs.input_file SET restricted = false WHERE restricted AND plugin = ANY (%s)",
        (sorted(known.keys() - set(restricted)),),
    )


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
        "UPDATE dfs.input_file SET outcome = %s, reason = NULL, read_at = %s,"
        " problems = CASE WHEN restricted THEN NULL ELSE %s END,"
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
        "UPDATE dfs.input_file SET outcome = %s, reason = CASE WHEN restricted THEN %s ELSE %s END,"
        " read_at = %s WHERE (input_id, version, plugin) = (%s, %s, %s)",
        (State.FAILED, RESTRICTED, printable(reason), now(), key.input_id, key.version, key.plugin),
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
