"""What an operator does to accounts: making, closing and removing them, their roles, help with passwords.

Blocking calls, each with a transaction of its own. Who may call them is told by who can run commands on the
archive's machine; what people do with their own accounts is in `accounts`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..config import Config
from ..database import Database
from ..database.bookkeeping import Connection
from ..errors import BadParameter, UsageError
from . import account_records as records
from . import lockout, tokens
from .account_changes import AccountAction, AccountChange, changes_of, forget_details, record_change
from .account_records import Account, Purpose
from .callers import Role
from .details import check_name, checked_text
from .mail import checked_address, reset_link, verify_link
from .passwords import Passwords, check_password

__all__ = ["Administration", "Described", "Removed"]


@dataclass(frozen=True, slots=True)
class Described:
    """An account, where else its owner logs in (issuer and subject), and how long it is locked."""

    account: Account
    identities: tuple[tuple[str, str], ...]
    locked_seconds: int


@dataclass(frozen=True, slots=True)
class Removed:
    """How much went with an account."""

    tables: int
    jobs: int
    rights: int


class Administration:
    """`operator` is who acts, as the record of changes names him."""

    def __init__(
        self,
        database: Database,
        config: Config,
        passwords: Passwords | None = None,
        operator: str = "operator",
    ) -> None:
        self._operator = operator
        self._database = database
        self._config = config
        self._passwords = Passwords() if passwords is None else passwords

    def all(self) -> list[Account]:
        """By name, with those that were removed."""
        with self._database.writer() as connection:
            return records.find_all(connection)

    def describe(self, name: str) -> Described:
        with self._database.writer() as connection:
            account = _need(connection, name)
            locks = lockout.locks(connection, lockout.subjects_of(name, name, ""))
            return Described(account, tuple(records.identities(connection, name)), locks.account)

    def history(self, name: str) -> list[AccountChange]:
        """What was done to an account, also to one that was removed."""
        with self._database.writer() as connection:
            if records.find(connection, name) is None:
                raise _unknown(name)
            return changes_of(connection, name)

    def add(
        self,
        name: str,
        *,
        email: str | None = None,
        password: str | None = None,
        full_name: str = "",
        institute: str = "",
        roles: Iterable[Role] = (),
    ) -> Account:
        """An account that can be used at once: the operator knows whose address it is.

        Without a password its owner sets one by a link, or it has tokens only.
        """
        check_name(name, free=True)
        address = None if email is None else checked_address(email)
        hashed = None if password is None else self._hashed(password, name, address or "")
        person, place = checked_text("full name", full_name), checked_text("institute", institute)
        with self._database.writer() as connection:
            if address is not None and records.find_email(connection, address) is not None:
                raise BadParameter("email", f"{address} belongs to an account")
            if not records.insert(
                connection,
                name,
                email=address,
                verified=address is not None,
                password=hashed,
                full_name=person,
                institute=place,
                roles=roles,
            ):
                raise BadParameter("name", f"there is an account {name}, or was")
            account = _need(connection, name)
            words = [address or "", *sorted(account.roles)]
            self._record(connection, name, AccountAction.ADDED, ", ".join(filter(None, words)))
            return account

    def set_roles(self, name: str, roles: Iterable[Role]) -> None:
        """Holds at once, for tokens that were issued before too."""
        kept = sorted(set(roles))
        with self._database.writer() as connection:
            _need(connection, name)
            records.set_roles(connection, name, kept)
            self._record(connection, name, AccountAction.ROLES, ", ".join(kept) or "none")

    def disable(self, name: str) -> None:
        """Nobody logs in, no token is good, no job of it runs; everything stays for `enable`."""
        with self._database.writer() as connection:
            _need(connection, name)
            records.set_disabled(connection, name, disabled=True)
            tokens.revoke_all(connection, name)
            self._record(connection, name, AccountAction.DISABLED)

    def enable(self, name: str) -> None:
        """Also ends a lock after wrong passwords."""
        with self._database.writer() as connection:
            _need(connection, name)
            records.set_disabled(connection, name, disabled=False)
            lockout.clear(connection, name)
            self._record(connection, name, AccountAction.ENABLED)

    def remove(self, name: str, *, tables: bool | None = None) -> Removed:
        """Forgets the person for good, ends his jobs and rights. The name is never given away again.

        `tables`: whether those that he keeps go too; None refuses when there are any. Those that were left
        go by a second call.
        """
        with self._database.user_tables(name) as kept:
            connection = kept.connection
            account = records.find_locked(connection, name)
            if account is None or not (account.removed is None or tables):
                raise _unknown(name)
            count = len(kept.all())
            if tables is None and count:
                raise UsageError(
                    f"{name} keeps {count} table{'s' * (count > 1)}",
                    hint="say --with-tables to remove them, or --keep-tables to leave them to their readers",
                )
            if tables is not False:
                kept.drop_all()
            jobs = records.end_jobs(connection, name)
            rights = records.end_rights(connection, name, self._operator)
            records.forget(connection, name)
            forget_details(connection, name)
            self._record(connection, name, AccountAction.REMOVED)
        return Removed(0 if tables is False else count, jobs, rights)

    def set_password(self, name: str, password: str) -> None:
        """Ends all tokens of the account."""
        with self._database.writer() as connection:
            account = _need(connection, name)
        hashed = self._hashed(password, name, account.email or "")
        with self._database.writer() as connection:
            records.set_password(connection, name, hashed)
            lockout.clear(connection, name)
            tokens.revoke_all(connection, name)
            self._record(connection, name, AccountAction.PASSWORD)

    def verify(self, name: str) -> None:
        """Takes the account's address as confirmed."""
        with self._database.writer() as connection:
            email = _email(_need(connection, name))
            if not records.set_verified(connection, name, email):
                raise UsageError(f"{email} belongs to another account by now")
            self._record(connection, name, AccountAction.VERIFIED, email)

    def link(self, name: str, purpose: Purpose) -> str:
        """A link to hand to the account's owner, as if it had been mailed: a secret until it is used."""
        with self._database.writer() as connection:
            email = _email(_need(connection, name))
            secret = records.make_link(connection, name, email, purpose)
            self._record(connection, name, AccountAction.LINK, f"{purpose} for {email}")
        page = reset_link if purpose is Purpose.RESET else verify_link
        return page(self._config.base_url, secret)

    def _record(self, connection: Connection, name: str, action: AccountAction, detail: str = "") -> None:
        record_change(connection, name, action, self._operator, detail=detail)

    def _hashed(self, password: str, name: str, email: str) -> str:
        check_password(password, name, email)
        with self._passwords.turn():
            return self._passwords.hashed(password)


def _need(connection: Connection, name: str) -> Account:
    account = records.find(connection, name)
    if account is None or account.removed is not None:
        raise _unknown(name)
    return account


def _unknown(name: str) -> BadParameter:
    return BadParameter("name", f"there is no account {name[:40]!r}", hint="see uraniborg user list")


def _email(account: Account) -> str:
    if account.email is None:
        raise UsageError(f"the account {account.name} has no address")
    return account.email
