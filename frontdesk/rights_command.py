"""`uraniborg rights`: until when data are whose, and exceptions from that, by the operator.

What each action does is `archive.access`'s; here it is called and told about.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from archive.access import Caller, Role
from archive.access.protection import (
    FAR,
    Protected,
    Protection,
    find_kind,
    forget,
    protect,
    protections,
    show_all,
)
from archive.access.rights import (
    Kind,
    Refusal,
    Right,
    grant,
    is_account,
    refusals_to,
    revoke,
    rights_of,
    rights_to,
)
from archive.config import Config
from archive.database import Database
from archive.declare import Table
from archive.declare.instruments import INSTRUMENTS
from archive.errors import NotFound, UsageError
from archive.store import Connection
from ingest.summaries import renew_lists

from .opening import open_archive
from .privileges import drop_root, operator_name
from .server import end_on_terminate

__all__ = ["act", "rights"]

_TERMINATED = 143
_SHOWING = ("protect", "release")  # the actions that hide and show rows


@dataclass(frozen=True)
class _Open:
    """`operator` is who is at the archive's own keyboard."""

    connection: Connection
    tables: list[Table]
    arguments: argparse.Namespace
    operator: Caller

    @property
    def key(self) -> str:
        return str(self.arguments.key)


def rights(config: Config, arguments: argparse.Namespace) -> int:
    end_on_terminate(_TERMINATED)
    name = operator_name()
    drop_root(config)
    with open_archive(config) as (database, _store):
        lines = act(database, arguments, name)
        if arguments.action in _SHOWING:
            # What is told of all rows is told of those that everybody sees now.
            with database.writer() as connection:
                renew_lists(connection, config.base_url, INSTRUMENTS)
            database.refresh_row_counts()
    # Only now is the change in the archive.
    for line in lines:
        print(line)
    return 0


def act(database: Database, arguments: argparse.Namespace, name: str = "operator") -> list[str]:
    """One of the actions, in one transaction; what is to be told about it. `name` goes on record."""
    operator = Caller(name, roles=frozenset({Role.OPERATOR}))
    with database.writer() as connection:
        opened = _Open(connection, list(database.catalogue), arguments, operator)
        return list(_ACTIONS[arguments.action](opened))


def _show(archive: _Open) -> Iterator[str]:
    kind = find_kind(archive.connection, archive.key)
    yield f"{kind.value} {archive.key}"
    if kind is Protected.FILE:
        key = yield from _file(archive.connection, archive.key)
    else:
        key = archive.key
        yield from _files(archive.connection, kind, key)
    for one in protections(archive.connection, archive.key):
        yield _exception(one)
    if key:
        yield from map(_right, rights_to(archive.connection, key))
        yield from map(_refusal, refusals_to(archive.connection, key))


def _file(connection: Connection, dp_id: str) -> Generator[str, None, str]:
    """Also returns the key by which it is protected."""
    row = connection.execute(
        "SELECT run_id, arrived, release_date, hidden_until FROM archive.file_right WHERE dp_id = %s",
        (dp_id,),
    ).fetchone()
    if row is None:
        yield "it was never proprietary"
        return ""
    key, arrived, release_date, hidden_until = row
    yield f"of {key or 'no run'}, arrived {_day(arrived)}, {_until('proprietary', release_date)}"
    if hidden_until is not None:
        yield _until("under embargo", hidden_until)
    return str(key)


def _files(connection: Connection, kind: Protected, key: str) -> Iterator[str]:
    row = connection.execute(
        "SELECT count(release_date), count(*) FILTER (WHERE release_date > now()),"
        " count(*) FILTER (WHERE hidden_until > now()), max(release_date) FROM archive.file_right"
        " WHERE CASE WHEN %(kind)s = 'run' THEN runs && ARRAY[%(key)s] ELSE programme_id = %(key)s END",
        {"kind": kind.value, "key": key},
    ).fetchone()
    assert row is not None
    count, closed, hidden, last = row
    yield f"{count} files of the sky, {closed} proprietary, {hidden} under embargo"
    if last is not None:
        yield f"the last: {_until('proprietary', last)}"


def _protect(archive: _Open) -> Iterator[str]:
    arguments = archive.arguments
    kind = _kind(archive)
    if arguments.as_proposed:
        if arguments.hide_until:
            raise UsageError("--as-proposed takes the exception back, and the embargo with it")
        count = forget(
            *(archive.connection, archive.tables, kind, archive.key),
            **{"reason": arguments.reason, "set_by": archive.operator.name},
        )
        yield f"{kind.value} {archive.key} has no exception any more; {count} files"
        return
    _check_kind(archive, kind)
    if (arguments.until, arguments.days, arguments.hide_until) == (None, None, None):
        raise UsageError("nothing is said of it", hint="--until, --days, --hide-until or --as-proposed")
    known = {one.kind: one for one in protections(archive.connection, archive.key)}
    wanted = known.get(kind, Protection(kind, archive.key))
    if arguments.until is not None or arguments.days is not None:
        wanted = replace(wanted, release_date=arguments.until, proprietary_days=arguments.days)
    if arguments.hide_until is not None:
        wanted = replace(wanted, hidden_until=arguments.hide_until)
    wanted = replace(wanted, reason=arguments.reason or wanted.reason, set_by=archive.operator.name)
    count = protect(archive.connection, archive.tables, wanted)
    yield f"{_exception(wanted)}; {count} files"


def _release(archive: _Open) -> Iterator[str]:
    kind = _kind(archive)
    _check_kind(archive, kind)
    wanted = show_all(kind, archive.key, archive.arguments.reason, archive.operator.name)
    count = protect(archive.connection, archive.tables, wanted)
    yield f"{kind.value} {archive.key} is public; {count} files"


def _grant(archive: _Open) -> Iterator[str]:
    arguments = archive.arguments
    yield _right(
        grant(
            *(archive.connection, archive.operator, arguments.account, archive.key),
            *(Kind(arguments.right), arguments.until),
        )
    )


def _revoke(archive: _Open) -> Iterator[str]:
    account = archive.arguments.account
    count = revoke(archive.connection, archive.operator, account, archive.key)
    held = rights_to(archive.connection, archive.key)
    if not count:
        others = {right.key for right in held if right.account == account}
        by = f"the right is on {', '.join(sorted(others))}: take it back there" if others else None
        raise NotFound(f"{account} has no right on {archive.key}", hint=by)
    yield f"{account} has no right on {archive.key} any more"
    yield from (f"still: {_right(right)}" for right in held if account in {right.account, right.granted_by})


def _list(archive: _Open) -> Iterator[str]:
    account = archive.arguments.account
    if account is None:
        yield from [*map(_exception, protections(archive.connection))] or ["there are no exceptions"]
        return
    if not is_account(archive.connection, account):
        raise NotFound(f"there is no account {account[:40]!r}", hint="see uraniborg user list")
    yield from [*map(_right, rights_of(archive.connection, account))] or [f"{account} has no rights"]


def _kind(archive: _Open) -> Protected:
    said = archive.arguments.kind
    return Protected(said) if said else find_kind(archive.connection, archive.key)


def _check_kind(archive: _Open, kind: Protected) -> None:
    """--kind is for what is still to come; an exception for a file that is none would protect nothing."""
    try:
        known = find_kind(archive.connection, archive.key)
    except NotFound:
        return
    if Protected.FILE in {kind, known} and kind is not known:
        raise UsageError(f"{archive.key} is a {known.value}, and no {kind.value}", hint="leave out --kind")


def _exception(one: Protection) -> str:
    parts = [f"{one.kind.value} {one.key}:"]
    if one.release_date is not None:
        parts.append(_until("proprietary", one.release_date) + ",")
    if one.proprietary_days is not None:
        parts.append(f"proprietary for {one.proprietary_days} days,")
    if one.hidden_until is not None:
        parts.append(_until("under embargo", one.hidden_until) + ",")
    parts.append(f"says {one.set_by}" + (f": {one.reason}" if one.reason else ""))
    return " ".join(parts)


def _right(one: Right) -> str:
    until = f" until {_day(one.expires)}" if one.expires else ""
    return f"{one.account} is {one.kind.value} of {one.key}{until}, by {one.granted_by}"


def _refusal(one: Refusal) -> str:
    return f"{one.account} has none on {one.key} by the proposal, says {one.by} since {_day(one.at)}"


def _until(what: str, moment: datetime | None) -> str:
    if moment is None or moment <= datetime.now(UTC):
        return f"not {what}" + (f" since {_day(moment)}" if moment and moment.year > 1970 else "")
    return f"{what} until " + ("told otherwise" if moment >= FAR else _day(moment))


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M}"


_ACTIONS: Mapping[str, Callable[[_Open], Iterable[str]]] = {
    "show": _show,
    "protect": _protect,
    "release": _release,
    "grant": _grant,
    "revoke": _revoke,
    "list": _list,
}
