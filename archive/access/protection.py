"""Exceptions from the rule of proprietary times: for a programme, a run or a file, and the rule itself.

An exception says until when data are proprietary, or for how many days from their arrival, and until when
they are under embargo, so that nobody else even knows of them. What is said of a file goes before what is
said of its run, that before its programme, that before the proposal. It holds at once, and for what follows;
and who said it, when and why stays on record in dfs.protection.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from ..database.bookkeeping import Connection
from ..declare.tables import Table
from ..errors import NotFound, UsageError
from .clock import DAYS, derive_abstracts, derive_files, files_of, lock_rights
from .hidden_rows import hide_rows

__all__ = [
    "FAR",
    "Protected",
    "Protection",
    "complete_rights",
    "find_kind",
    "forget",
    "protect",
    "protections",
    "set_period",
    "show_all",
]

FAR = datetime(9000, 1, 1, tzinfo=UTC)  # until told otherwise
_PAST = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_DAYS = 36_525
_RULES = 1  # grows when files get dates that had none before
_RULE = "archive"  # the kind of the row that has the rule of everything else


class Protected(StrEnum):
    """What an exception is made for."""

    PROGRAMME = "programme"
    RUN = "run"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class Protection:
    """An exception: `release_date` or `proprietary_days`, and `hidden_until`; None says nothing of it.

    Moments have zones. `set_by` is an account, `reason` for whoever wonders later.
    """

    kind: Protected
    key: str
    release_date: datetime | None = None
    proprietary_days: int | None = None
    hidden_until: datetime | None = None
    reason: str = ""
    set_by: str = ""
    set_at: datetime | None = None


def protect(connection: Connection, tables: Iterable[Table], wanted: Protection) -> int:
    """Makes an exception, in the place of the one that there may be. Returns how many files it concerns now.

    `tables` are all that are published. The files and the run need not be there yet.
    """
    _check(wanted)
    lock_rights(connection, alone=True)
    connection.execute(
        "INSERT INTO archive.protection AS known"
        " (kind, key, release_date, proprietary_days, hidden_until, reason, set_by)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (kind, key) DO UPDATE SET"
        " release_date = EXCLUDED.release_date, proprietary_days = EXCLUDED.proprietary_days,"
        " hidden_until = EXCLUDED.hidden_until, reason = EXCLUDED.reason, set_by = EXCLUDED.set_by,"
        " set_at = now()",
        (
            *(wanted.kind.value, wanted.key, wanted.release_date, wanted.proprietary_days),
            *(wanted.hidden_until, wanted.reason, wanted.set_by),
        ),
    )
    _note(connection, "set", wanted)
    return _apply(connection, tables, wanted.kind, wanted.key)


def forget(
    connection: Connection,
    tables: Iterable[Table],
    kind: Protected,
    key: str,
    *,
    reason: str = "",
    set_by: str = "",
) -> int:
    """Takes an exception back: what the proposal and the archive's rule say holds again.

    Raises NotFound when there is none.
    """
    lock_rights(connection, alone=True)
    gone = connection.execute(
        "DELETE FROM archive.protection WHERE (kind, key) = (%s, %s)", (kind.value, key)
    )
    if not gone.rowcount:
        raise NotFound(f"there is no exception for the {kind.value} {key[:60]}")
    _note(connection, "taken back", Protection(kind, key, reason=reason, set_by=set_by))
    return _apply(connection, tables, kind, key)


def show_all(kind: Protected, key: str, reason: str, set_by: str) -> Protection:
    """The exception by which everything of a key is public from now on."""
    return Protection(kind, key, datetime.now(UTC), None, _PAST, reason, set_by)


def protections(connection: Connection, key: str = "") -> list[Protection]:
    """All exceptions, or those of one key."""
    rows = connection.execute(
        "SELECT kind, key, release_date, proprietary_days, hidden_until, reason, set_by, set_at"
        " FROM archive.protection WHERE kind <> %s AND (%s = '' OR key = %s) ORDER BY key, kind",
        (_RULE, key, key),
    )
    return [Protection(Protected(kind), *values) for kind, *values in rows]


def find_kind(connection: Connection, key: str) -> Protected:
    """What a key names; NotFound for what is nothing that the archive knows."""
    row = connection.execute(
        "SELECT CASE WHEN EXISTS (SELECT FROM dfs.run WHERE run_id = %(key)s)"
        "  OR EXISTS (SELECT FROM archive.file_right WHERE runs && ARRAY[%(key)s]) THEN 'run'"
        " WHEN EXISTS (SELECT FROM dfs.programme WHERE programme_id = %(key)s) THEN 'programme'"
        " WHEN EXISTS (SELECT FROM archive.file WHERE dp_id = %(key)s) THEN 'file'"
        " WHEN EXISTS (SELECT FROM archive.file_right WHERE programme_id = %(key)s) THEN 'programme'"
        " ELSE (SELECT kind FROM archive.protection WHERE key = %(key)s AND kind <> %(rule)s LIMIT 1) END",
        {"key": key, "rule": _RULE},
    ).fetchone()
    if row is None or row[0] is None:
        raise NotFound(
            f"the archive knows no programme, run or file {key[:60]!r}",
            hint="say with --kind what it is, if it is still to come",
        )
    return Protected(row[0])


def set_period(connection: Connection, tables: Iterable[Table], days: int) -> None:
    """The rule for whatever has none of its own: proprietary for so many days. A new one moves the dates."""
    row = connection.execute(
        "SELECT proprietary_days FROM archive.protection WHERE kind = %s", (_RULE,)
    ).fetchone()
    before = row[0] if row else None
    if before == days:
        return
    lock_rights(connection, alone=True)
    connection.execute(
        "INSERT INTO archive.protection (kind, key, proprietary_days, reason, set_by)"
        " VALUES (%s, '', %s, 'proprietary_days', 'the configuration') ON CONFLICT (kind, key) DO UPDATE"
        " SET proprietary_days = EXCLUDED.proprietary_days, set_at = now()",
        (_RULE, days),
    )
    _record(connection, "set", _RULE, None, None, days, None, "proprietary_days", "the configuration")
    if days != (DAYS if before is None else before):
        every = connection.execute(
            "SELECT dp_id FROM archive.file_right WHERE release_date IS NOT NULL"
        ).fetchall()
        derive_files(connection, [str(dp_id) for (dp_id,) in every], tables)


def complete_rights(connection: Connection, tables: Iterable[Table]) -> None:
    """Derives the dates of files that have none in an archive which is older than the rules for them."""
    row = connection.execute("SELECT version FROM archive.file_right_version").fetchone()
    if row == (_RULES,):
        return
    lock_rights(connection, alone=True)
    rows = connection.execute(
        "SELECT DISTINCT dp_id FROM archive.file"
        " WHERE NOT EXISTS (SELECT FROM archive.file_right AS f WHERE f.dp_id = file.dp_id)"
    ).fetchall()
    derive_files(connection, [str(dp_id) for (dp_id,) in rows], tables)
    # Exceptions from before there was a record of them.
    connection.execute(
        "INSERT INTO dfs.protection (protection_id, changed_at, event, kind, protected_key, release_date,"
        " proprietary_days, hidden_until, reason, account)"
        " SELECT left(replace(gen_random_uuid()::text, '-', ''), 16), set_at AT TIME ZONE 'UTC', 'set', kind,"
        " nullif(key, ''), release_date AT TIME ZONE 'UTC', proprietary_days,"
        " hidden_until AT TIME ZONE 'UTC', nullif(reason, ''), set_by FROM archive.protection AS p"
        " WHERE NOT EXISTS (SELECT FROM dfs.protection AS d WHERE d.kind = p.kind"
        "  AND d.protected_key IS NOT DISTINCT FROM nullif(p.key, ''))"
    )
    connection.execute("DELETE FROM archive.file_right_version")
    connection.execute("INSERT INTO archive.file_right_version VALUES (%s)", (_RULES,))


def _note(connection: Connection, event: str, said: Protection) -> None:
    _record(
        *(connection, event, said.kind.value, said.key, said.release_date, said.proprietary_days),
        *(said.hidden_until, said.reason, said.set_by),
    )


def _record(connection: Connection, event: str, kind: str, key: str | None, *said: object) -> None:
    """Keeps what was said, for operators who ask later."""
    connection.execute(
        "INSERT INTO dfs.protection (protection_id, changed_at, event, kind, protected_key, release_date,"
        " proprietary_days, hidden_until, reason, account) VALUES (%s, now() AT TIME ZONE 'UTC', %s, %s, %s,"
        " %s AT TIME ZONE 'UTC', %s, %s AT TIME ZONE 'UTC', nullif(%s, ''), %s)",
        (secrets.token_hex(8), event, kind, key, *said),
    )


def _check(wanted: Protection) -> None:
    if wanted.release_date is not None and wanted.proprietary_days is not None:
        raise UsageError("a date and a number of days are two rules", hint="say one of them")
    if wanted.proprietary_days is not None and not 0 <= wanted.proprietary_days <= _LONGEST_DAYS:
        raise UsageError(
            f"{wanted.proprietary_days} days are no proprietary time", hint=f"say 0 to {_LONGEST_DAYS:,}"
        )
    for moment in (wanted.release_date, wanted.hidden_until):
        if moment is not None and moment > FAR:
            raise UsageError(f"{moment:%Y-%m-%d} is too far away", hint="say `forever` for no end")
    if not wanted.key.isprintable() or not wanted.key:
        raise UsageError("an exception needs the identifier of what it is for")


def _apply(connection: Connection, tables: Iterable[Table], kind: Protected, key: str) -> int:
    listed = list(tables)
    match kind:
        case Protected.FILE:
            files = [key]
        case Protected.RUN:
            files = files_of(connection, [key])
        case Protected.PROGRAMME:
            files = files_of(connection, _runs_of(connection, key))
            derive_abstracts(connection, [key])
    derive_files(connection, files, listed, forgotten=True)
    if kind is not Protected.FILE:
        hide_rows(connection, listed, keys=[key])
    return len(files)


def _runs_of(connection: Connection, programme: str) -> list[str]:
    rows = connection.execute(
        "SELECT run_id FROM dfs.run WHERE programme_id = %(key)s"
        " UNION SELECT one FROM archive.file_right, unnest(runs) AS one WHERE programme_id = %(key)s"
        " UNION SELECT prog_id FROM dbo.raw WHERE starts_with(prog_id, %(key)s)"
        " AND archive.programme_of(prog_id) = %(key)s",
        {"key": programme},
    )
    return [str(run) for (run,) in rows]
