"""`uraniborg user`: accounts made, closed and helped by the operator. Passwords are never on a command line.

What each action does is `archive.access`'s; here it is called and told about.
"""

from __future__ import annotations

import argparse
import getpass
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from archive.access import Account, Accounts, Administration, Caller, Purpose, Role, Scope, TokenInfo
from archive.config import Config
from archive.database import Database
from archive.errors import NotFound, UsageError

from .opening import open_archive
from .privileges import drop_root, operator_name
from .server import end_on_terminate

__all__ = ["act", "user"]

_TERMINATED = 143


@dataclass(frozen=True)
class _Open:
    administration: Administration
    accounts: Accounts
    arguments: argparse.Namespace
    password: str | None

    @property
    def name(self) -> str:
        return str(self.arguments.name)


def user(config: Config, arguments: argparse.Namespace) -> int:
    # Asked before root is given up, as the terminal may be root's.
    password = read_password() if _needs_password(arguments) else None
    operator = operator_name()
    end_on_terminate(_TERMINATED)
    drop_root(config)
    with open_archive(config) as (database, _store):
        lines = act(config, arguments, database, password, operator)
    # Only now is the change in the archive.
    for line in lines:
        print(line)
    return 0


def _needs_password(arguments: argparse.Namespace) -> bool:
    match arguments.action:
        case "add":
            return not arguments.without_password
        case "password":
            return not arguments.link
        case _:
            return False


def read_password() -> str:
    """Twice from a terminal, without showing it; else the first line of the standard input."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("The same again: ") != password:
        raise UsageError("the two passwords are not the same")
    return password


def act(
    config: Config,
    arguments: argparse.Namespace,
    database: Database,
    password: str | None = None,
    operator: str = "operator",
) -> list[str]:
    """One of the actions, on an open archive; what is to be told about it. `operator` goes on record."""
    archive = _Open(
        Administration(database, config, operator=operator),
        Accounts(database, config, operator=operator),
        arguments,
        password,
    )
    return list(_ACTIONS[arguments.action](archive))


def _add(archive: _Open) -> Iterable[str]:
    arguments = archive.arguments
    made = archive.administration.add(
        archive.name,
        email=arguments.email,
        password=archive.password,
        full_name=arguments.full_name,
        institute=arguments.institute,
        roles=map(Role, arguments.roles),
    )
    yield f"there is an account {made.name} now"


def _list(archive: _Open) -> Iterable[str]:
    found = [one for one in archive.administration.all() if one.removed is None or archive.arguments.removed]
    rows = [("name", "state", "roles", "address", "full name", "institute", "since")]
    rows += [
        (
            one.name,
            _state(one),
            _joined(one.roles),
            one.email or "-",
            one.full_name or "-",
            one.institute or "-",
            f"{one.created:%Y-%m-%d}",
        )
        for one in found
    ]
    return _table(rows)


def _show(archive: _Open) -> Iterable[str]:
    described = archive.administration.describe(archive.name)
    one = described.account
    # As the account sees itself: with the roles that the configuration gives, and its rights.
    caller = archive.accounts.acting_for(one.name) if one.is_open else Caller(one.name)
    yield f"name:       {one.name}"
    yield f"state:      {_state(one)}"
    if described.locked_seconds:
        yield f"locked:     for {-(-described.locked_seconds // 60)} min, after wrong passwords"
    yield f"full name:  {one.full_name or '-'}"
    yield f"institute:  {one.institute or '-'}"
    yield f"address:    {one.email or '-'}{'' if one.verified or not one.email else ' (not confirmed)'}"
    yield f"ORCID:      {one.orcid or '-'}"
    yield f"password:   {'yes' if one.password else 'no'}"
    for issuer, subject in described.identities:
        yield f"logs in at: {issuer} as {subject}"
    yield f"roles:      {_joined(caller.roles)}"
    yield f"rights on:  {', '.join(caller.keys) or '-'}"
    yield f"since:      {one.created:%Y-%m-%d %H:%M}"


def _history(archive: _Open) -> Iterable[str]:
    rows = [("when (UTC)", "what", "by", "from", "more")]
    rows += [
        (f"{one.at:%Y-%m-%d %H:%M:%S}", one.event, one.by, one.address or "-", one.detail or "-")
        for one in archive.administration.history(archive.name)
    ]
    return _table(rows)


def _roles(archive: _Open) -> Iterable[str]:
    roles = [Role(text) for text in archive.arguments.roles]
    archive.administration.set_roles(archive.name, roles)
    yield f"roles of {archive.name}: {_joined(roles)}"


def _disable(archive: _Open) -> Iterable[str]:
    archive.administration.disable(archive.name)
    yield f"the account {archive.name} is closed"


def _enable(archive: _Open) -> Iterable[str]:
    archive.administration.enable(archive.name)
    yield f"the account {archive.name} is open"


def _password(archive: _Open) -> Iterable[str]:
    if archive.arguments.link:
        yield archive.administration.link(archive.name, Purpose.RESET)
    else:
        archive.administration.set_password(archive.name, archive.password or "")
        yield f"{archive.name} has another password; all tokens of the account have ended"


def _verify(archive: _Open) -> Iterable[str]:
    if archive.arguments.link:
        yield archive.administration.link(archive.name, Purpose.VERIFY)
    else:
        archive.administration.verify(archive.name)
        yield f"the address of {archive.name} is taken as confirmed"


def _tokens(archive: _Open) -> Iterable[str]:
    archive.accounts.account(archive.name)
    if archive.arguments.revoke_all:
        archive.accounts.revoke_all(archive.name)
    for id in archive.arguments.revoke:
        if not archive.accounts.revoke_token(archive.name, id):
            raise NotFound(f"{archive.name} has no token {id[:40]!r} that is still good")
    heading = ("id", "kind", "scopes", "expires", "last used", "state", "note")
    return _table([heading, *map(_token_row, archive.accounts.tokens_of(archive.name))])


def _token_row(token: TokenInfo) -> tuple[str, ...]:
    state = "revoked" if token.revoked else "good" if token.is_valid else "over"
    expires, used = _moment(token.expires), _moment(token.last_used)
    return token.id, token.kind, _joined(token.scopes), expires, used, state, token.note or "-"


def _token(archive: _Open) -> Iterable[str]:
    arguments = archive.arguments
    if not 0 < arguments.days < 10_000:
        raise UsageError(f"--days {arguments.days:g}", hint="say how many days the token is to be good for")
    issued = archive.accounts.issue_service_token(
        archive.name, map(Scope, arguments.scopes), timedelta(days=arguments.days), arguments.note
    )
    print(f"good until {_moment(issued.expires)}; it is not shown again:", file=sys.stderr)
    yield issued.access


def _remove(archive: _Open) -> Iterable[str]:
    gone = archive.administration.remove(archive.name, tables=archive.arguments.tables)
    yield f"nothing is left of the account {archive.name} but its name, which nobody gets again"
    yield f"went with it: {gone.tables} tables, {gone.jobs} jobs, {gone.rights} rights on runs"


_ACTIONS: Mapping[str, Callable[[_Open], Iterable[str]]] = {
    "add": _add,
    "list": _list,
    "show": _show,
    "history": _history,
    "roles": _roles,
    "disable": _disable,
    "enable": _enable,
    "password": _password,
    "verify": _verify,
    "tokens": _tokens,
    "token": _token,
    "remove": _remove,
}


def _state(account: Account) -> str:
    if account.removed is not None:
        return "removed"
    if account.disabled is not None:
        return "closed"
    return "not confirmed" if account.email is not None and account.verified is None else "open"


def _joined(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "-"


def _moment(moment: datetime | None) -> str:
    return "-" if moment is None else f"{moment:%Y-%m-%d %H:%M}"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
