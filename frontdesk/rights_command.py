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
from archive.access.rights import Kind, Right, grant, revoke, rights_of, rights_to
from archive.config import Config
from archive.database import Database
from archive.declare import Table
from archive.errors import NotFound, UsageError
from archive.store import Connection

from .opening import open_archive
from .privileges import drop_root
from .server import end_on_terminate

__all__ = ["act", "rights"]

_TERMINATED = 143
# Who is at the archive's own keyboard.
_OPERATOR = Caller("operator", roles=frozenset({Role.OPERATOR}))


@dataclass(frozen=True)
class _Open:
    connection: Connection
    tables: list[Table]
    arguments: argparse.Namespace

    @property
    def key(self) -> str:
        return str(self.arguments.key)


def rights(config: Config, arguments: argparse.Namespace) -> int:
    end_on_terminate(_TERMINATED)
    drop_root(config)
    with open_archive(config) as (database, _store):
        lines = act(database, arguments)
    # Only now is the change in the archive.
    for line in lines:
        print(line)
    return 0


def act(database: Database, arguments: argparse.Namespace) -> list[str]:
    """One of the actions, in one transaction; what is to be told about it."""
    with database.writer() as connection:
        return list(_ACTIONS[arguments.action](_Open(connection, list(database.catalogue), arguments)))


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
    yield from map(_right, rights_to(archive.connection, key) if key else [])


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
        "SELECT count(*), count(*) FILTER (WHERE release_date > now()),"
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
        count = forget(archive.connection, archive.tables, kind, archive.key)
        yield f"{kind.value} {archive.key} has no exception any more; {count} files"
        return
    if (arguments.until, arguments.days, arguments.hide_until) == (None, None, None):
        raise UsageError("nothing is said of it", hint="--until, --days, --hide-until or --as-proposed")
    known = {one.kind: one for one in protections(archive.connection, archive.key)}
    wanted = known.get(kind, Protection(kind, archive.key))
    if arguments.until is not None or arguments.days is not None:
        wanted = replace(wanted, release_date=arguments.until, proprietary_days=arguments.days)
    if arguments.hide_until is not None:
        wanted = replace(wanted, hidden_until=arguments.hide_until)
    wanted = replace(wanted, reason=arguments.reason or wanted.reason, set_by=_OPERATOR.name)
    count = protect(archive.connection, archive.tables, wanted)
    yield f"{_exception(wanted)}; {count} files"


def _release(archive: _Open) -> Iterator[str]:
    kind = _kind(archive)
    wanted = show_all(kind, archive.key, archive.arguments.reason, _OPERATOR.name)
    count = protect(archive.connection, archive.tables, wanted)
    yield f"{kind.value} {archive.key} is public; {count} files"


def _grant(archive: _Open) -> Iterator[str]:
    arguments = archive.arguments
    yield _right(
        grant(
            *(archive.connection, _OPERATOR, arguments.account, archive.key),
            *(Kind(arguments.right), arguments.until),
        )
    )


def _revoke(archive: _Open) -> Iterator[str]:
    account = archive.arguments.account
    count = revoke(archive.connection, _OPERATOR, account, archive.key)
    if not count:
        raise NotFound(
            f"{account} was granted no right on {archive.key}",
            hint="what follows from the proposal ends when the proposal says so",
        )
    yield f"{account} has no granted right on {archive.key} any more"


def _list(archive: _Open) -> Iterator[str]:
    if archive.arguments.account:
        yield from map(_right, rights_of(archive.connection, archive.arguments.account))
    else:
        yield from map(_exception, protections(archive.connection))


def _kind(archive: _Open) -> Protected:
    said = archive.arguments.kind
    return Protected(said) if said else find_kind(archive.connection, archive.key)


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
