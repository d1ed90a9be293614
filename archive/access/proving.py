"""Proving to be somebody by name and password: one way for log-ins and for HTTP Basic.

Everybody who fails is told the same after the same time, whether there is such an account or not.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import NoReturn

from ..database import Database
from ..errors import TooMany, Unauthenticated
from . import account_records as records
from . import lockout
from .account_changes import ARCHIVE, AccountAction, record_change
from .account_records import Account
from .limiting import limited_part
from .passwords import Passwords, is_storable

__all__ = ["Proving"]

_log = logging.getLogger("uraniborg.accounts")
_LONGEST_LOGIN = 300


class Proving:
    def __init__(self, database: Database, passwords: Passwords) -> None:
        self._database = database
        self._passwords = passwords

    def account(self, login: str, password: str, address: str, *, again: bool = False) -> Account:
        """The account, perhaps a closed one, to which a name or an e-mail address and a password belong.

        `again`: programs send them with every request, so what was right before need not be proven anew, and
        holds when others have locked the account meanwhile. Raises Unauthenticated, TooMany.
        """
        login = login.strip()
        login = login.lower() if "@" in login else login
        possible = is_storable(login) and len(login) <= _LONGEST_LOGIN
        with self._passwords.turn():
            with self._database.writer() as connection:
                account = records.find_login(connection, login if possible else "")
                name = None if account is None else account.name
                subjects = lockout.subjects_of(name, login, limited_part(address))
                locks = lockout.locks(connection, subjects)
            kept = None if account is None else account.password
            known = again and kept is not None and self._passwords.remembers(kept, password)
            if account is not None and known:
                return account
            # Asked before the account is looked at, so that it takes as long where there is none.
            right = self._is_right(kept, password, locks)
            if account is None or not right:
                self._wrong(name, subjects, locks, address)
            return self._settle(account, password, locks)

    def hashed(self, password: str) -> str:
        """What is kept of a new password."""
        with self._passwords.turn():
            return self._passwords.hashed(password)

    def _is_right(self, kept: str | None, password: str, locks: lockout.Locks) -> bool:
        """Raises TooMany where not even the right password helps."""
        if locks.address:
            raise _locked("too many wrong passwords came from your address", locks.address)
        if not self._passwords.matches(kept, password):
            return False
        if locks.account:
            raise _locked("the account is locked after too many wrong passwords", locks.account)
        return True

    def _wrong(
        self, name: str | None, subjects: lockout.Subjects, locks: lockout.Locks, address: str
    ) -> NoReturn:
        if not locks.account:
            with self._database.writer() as connection:
                locked = lockout.count_failure(connection, subjects)
                if name is not None and subjects.account in locked:
                    record_change(connection, name, AccountAction.LOCKED, ARCHIVE, address=address)
            for subject in locked:
                # Nothing that a stranger has written: names of accounts, addresses, numbers.
                _log.warning("too many wrong passwords: %s is locked for a while", subject)
        raise Unauthenticated("name and password do not belong together", hint="check both, and try again")

    def _settle(self, account: Account, password: str, locks: lockout.Locks) -> Account:
        """After the right password: earlier failures are forgotten, and it is kept as it should be."""
        kept = account.password or ""
        outdated = self._passwords.is_outdated(kept)
        if not (locks.failures or outdated):
            return account
        hashed = self._passwords.hashed(password) if outdated else ""
        with self._database.writer() as connection:
            lockout.clear(connection, account.name)
            if hashed and records.renew_password(connection, account.name, kept, hashed):
                self._passwords.remember(hashed, password)
                return replace(account, password=hashed)
        return account


def _locked(message: str, seconds: int) -> TooMany:
    return TooMany(message, retry_after=seconds, hint=f"try again in {-(-seconds // 60)} min")
