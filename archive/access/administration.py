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
from .account_records import Account, Purpose
from .callers import Role
from .details import check_name, checked_text
from .mail import checked_address, reset_link, verify_link
from .passwords import Passwords, check_password

__all__ = ["Administration", "Described"]


@dataclass(frozen=True, slots=True)
class Described:
    """An account, where else its owner logs in (issuer and subject), and how long it is locked."""

    account: Account
    identities: tuple[tuple[str, str], ...]
    locked_seconds: int


class Administration:
    def __init__(self, database: Database, config: Config, passwords: Passwords | None = None) -> None:
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
        person, place = checked_text("full_name", full_name), checked_text("institute", institute)
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
            return _need(connection, name)

    def set_roles(self, name: str, roles: Iterable[Role]) -> None:
        """Holds at once, for tokens that were issued before too."""
        with self._database.writer() as connection:
            _need(connection, name)
            records.set_roles(connection, name, roles)

    def disable(self, name: str) -> None:
        """Nobody logs in, no token is good, no job of it runs; everything stays for `enable`."""
        with self._database.writer() as connection:
            _need(connection, name)
            records.set_disabled(connection, name, disabled=True)
            tokens.revoke_all(connection, name)

    def enable(self, name: str) -> None:
        """Also ends a lock after wrong passwords."""
        with self._database.writer() as connection:
            _need(connection, name)
            records.set_disabled(connection, name, disabled=False)
            lockout.clear(connection, name)

    def remove(self, name: str) -> None:
        """Forgets the person for good. The name is never given away again; tables kept under it stay."""
        with self._database.writer() as connection:
            _need(connection, name)
            records.forget(connection, name)
            lockout.clear(connection, name)

    def set_password(self, name: str, password: str) -> None:
        """Ends all tokens of the account."""
        with self._database.writer() as connection:
            account = _need(connection, name)
        hashed = self._hashed(password, name, account.email or "")
        with self._database.writer() as connection:
            records.set_password(connection, name, hashed)
            lockout.clear(connection, name)
            tokens.revoke_all(connection, name)

    def verify(self, name: str) -> None:
        """Takes the account's address as confirmed."""
        with self._database.writer() as connection:
            email = _email(_need(connection, name))
            if not records.set_verified(connection, name, email):
                raise UsageError(f"{email} belongs to another account by now")

    def link(self, name: str, purpose: Purpose) -> str:
        """A link to hand to the account's owner, as if it had been mailed: a secret until it is used."""
        with self._database.writer() as connection:
            email = _email(_need(connection, name))
            secret = records.make_link(connection, name, email, purpose)
        page = reset_link if purpose is Purpose.RESET else verify_link
        return page(self._config.base_url, secret)

    def _hashed(self, password: str, name: str, email: str) -> str:
        check_password(password, name, email)
        with self._passwords.turn():
            return self._passwords.hashed(password)


def _need(connection: Connection, name: str) -> Account:
    account = records.find(connection, name)
    if account is None or account.removed is not None:
        raise BadParameter("name", f"there is no account {name[:40]!r}", hint="see uraniborg user list")
    return account


def _email(account: Account) -> str:
    if account.email is None:
        raise UsageError(f"the account {account.name} has no address")
    return account.email
