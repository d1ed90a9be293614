"""Which files somebody may have: asked before any byte of a file, or of what is made of one, goes out.

Proprietary files are for those with rights on their run until their date; that they exist, and their headers,
everybody may know. Files under embargo are not even there for others. The inputs of plugins that fill
restricted tables are for operators: a proposal says what such a table does, and more. FITS files are files of
the archive whatever plugins make of them, and none of these.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg

from ..database.restrictions import check_operator
from ..errors import Forbidden, NotFound, Unauthenticated
from .callers import Caller
from .rights import has_rights

__all__ = ["Guarded", "check_file", "check_seen", "guarded_files", "may_have"]

Connection = psycopg.Connection[Any]


# An input of a plugin is hidden when a run is of which it tells. Nobody knows yet of which runs one tells
# that was not read: it is for operators as long as any run is hidden.
_GUARDED = """
    SELECT given.dp_id, coalesce(f.run_id, archive.key_of(told.runs), ''), coalesce(f.runs, told.runs, '{}'),
        f.programme_id, greatest(f.release_date, f.hidden_until, told.hidden_until),
        coalesce(greatest(f.hidden_until, told.hidden_until) > now(), false), i.restricted
    FROM unnest(%s::text[]) AS given (dp_id)
    LEFT JOIN archive.file_right AS f ON f.dp_id = given.dp_id
        AND (f.release_date > now() OR f.hidden_until > now())
    CROSS JOIN LATERAL (
        SELECT max(embargo.hidden_until) AS hidden_until, array_agg(embargo.run) AS runs FROM (
            SELECT archive.embargo_of(ARRAY[run]) AS hidden_until, run FROM archive.input_run
            WHERE input_id = given.dp_id
            UNION ALL SELECT (SELECT max(p.hidden_until) FROM archive.protection AS p
                WHERE p.kind IN ('run', 'programme')), ''
            WHERE EXISTS (SELECT FROM dfs.input_file AS i
                WHERE i.input_id = given.dp_id AND i.outcome <> 'read')
            AND NOT EXISTS (SELECT FROM archive.header AS h WHERE h.dp_id = given.dp_id)
        ) AS embargo WHERE embargo.hidden_until > now()) AS told
    CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM dfs.input_file AS i
        WHERE i.restricted AND i.input_id = given.dp_id) AS restricted) AS i
    WHERE f.dp_id IS NOT NULL OR told.runs IS NOT NULL OR i.restricted"""


@dataclass(frozen=True, slots=True)
class Guarded:
    """A file that is not everybody's now.

    `key` is what rights are needed on; `until` when it is public, None for files that are `restricted` to
    operators. Of a `hidden` one nobody else knows.
    """

    dp_id: str
    key: str = ""
    runs: tuple[str, ...] = ()
    programme: str | None = None
    until: datetime | None = None
    hidden: bool = False
    restricted: bool = False

    def is_open_to(self, caller: Caller) -> bool:
        if caller.is_operator:
            return True
        return not self.restricted and has_rights(caller.keys, self.key, self.runs, self.programme)


def guarded_files(connection: Connection, dp_ids: Iterable[str]) -> dict[str, Guarded]:
    """Those of the files, in any version, that are not everybody's now."""
    rows = connection.execute(_GUARDED.encode(), (sorted(set(dp_ids)),))
    return {
        str(dp_id): Guarded(
            str(dp_id), str(key), tuple(runs), programme, until, bool(hidden), bool(restricted)
        )
        for dp_id, key, runs, programme, until, hidden, restricted in rows
    }


def may_have(connection: Connection, caller: Caller, dp_ids: Iterable[str]) -> set[str]:
    """Those of the files that the caller may have."""
    wanted = set(dp_ids)
    guarded = guarded_files(connection, wanted).values()
    return wanted - {file.dp_id for file in guarded if not file.is_open_to(caller)}


def check_seen(connection: Connection, caller: Caller, dp_id: str) -> None:
    """Raises NotFound, in the words for a file that there is not, when the caller may not know of it."""
    _check_seen(guarded_files(connection, [dp_id]).get(dp_id), caller, dp_id)


def check_file(connection: Connection, caller: Caller, dp_id: str) -> Guarded | None:
    """Raises NotFound, Unauthenticated or Forbidden when the caller may not have a file.

    What guards it from others, None when it is everybody's.
    """
    file = guarded_files(connection, [dp_id]).get(dp_id)
    _check_seen(file, caller, dp_id)
    if file is None or file.is_open_to(caller):
        return file
    if file.until is None:
        check_operator(caller.viewer, dp_id)
    until = f"until {file.until.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if file.until else "for operators"
    whose = f"somebody with rights on {file.key}" if file.key else "an operator"
    if caller.is_anonymous:
        raise Unauthenticated(f"{dp_id} is proprietary {until}", hint=f"log in as {whose}")
    raise Forbidden(
        f"{dp_id} is proprietary {until}, and {caller.name} is not {whose}",
        hint="principal investigators can delegate their rights",
    )


def _check_seen(file: Guarded | None, caller: Caller, dp_id: str) -> None:
    if file is not None and file.hidden and not file.is_open_to(caller):
        raise NotFound(f"the archive has no file {dp_id}")
