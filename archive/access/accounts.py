"""Accounts as people and programs meet them: registering, logging in, tokens, and one's own details.

Blocking calls, each with a transaction of its own. Whom a credential proves is told by `recognition`; what an
operator does to accounts is `administration`'s; how requests become these calls, the web server's.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from ..config import Config
from ..database import Database
from ..database.bookkeeping import Connection
from ..errors import BadParameter, Busy, Forbidden, Unauthenticated, UsageError
from . import account_records as records
from . import lockout, tokens
from .account_changes import AccountAction, record_change
from .account_records import Account, Purpose
from .callers import EVERY_SCOPE, Callers, Scope
from .details import check_name, checked_orcid, checked_text, names_for
from .mail import checked_address
from .messages import tell_moved, tell_reset
from .passwords import Passwords, check_password, is_storable
from .recognition import Recognition, allowed_scopes, check_open
from .tokens import Issued, TokenInfo, TokenKind, looks_like_token

__all__ = ["Accounts"]


class Accounts(Recognition):
    """The accounts in a database, and beside them the tokens from the environment, `callers`.

    `operator` is who acts in the place of the accounts' owners, as the record of changes names him.
    """

    def __init__(
        self,
        database: Database,
        config: Config,
        callers: Callers | None = None,
        passwords: Passwords | None = None,
        operator: str = "",
    ) -> None:
        super().__init__(database, config, callers, passwords)
        self._operator = operator
        elsewhere = {caller.name for caller in self._callers}
        self._reserved = elsewhere | {*config.operators, *config.incoming_users}

    # --- logging in ---------------------------------------------------------------------------------------

    def log_in(
        self,
        name_or_email: str,
        password: str,
        kind: TokenKind = TokenKind.ACCESS,
        scopes: frozenset[Scope] = EVERY_SCOPE,
        lasting: timedelta | None = None,
        *,
        address: str = "",
    ) -> Issued:
        """Tokens of the scopes that are wanted, as far as the account's roles allow; `lasting` may shorten.

        Raises Unauthenticated for a wrong password, an unknown name and a closed account, TooMany when the
        account is locked, Forbidden when its address is not confirmed.
        """
        if kind not in {TokenKind.ACCESS, TokenKind.SESSION}:
            raise UsageError(f"nobody logs in for a token of the kind {kind}")
        account = self._proven(name_or_email, password, address)
        with self._database.writer() as connection:
            return self._issue(connection, account, kind, scopes, lasting, address=address)

    def _issue(
        self,
        connection: Connection,
        account: Account,
        kind: TokenKind,
        scopes: frozenset[Scope],
        lasting: timedelta | None = None,
        *,
        family: str = "",
        note: str = "",
        address: str = "",
    ) -> Issued:
        now = records.find_locked(connection, account.name)
        if now is None or now.password != account.password:
            # Whoever has set another password wants all to be out who had the old one.
            raise Busy(f"the account {account.name} has just been changed", retry_after=1, hint="try again")
        caller = self._caller(connection, now, scopes)
        issue = partial(tokens.issue, connection, self._config.base_url, account.name)
        made = issue(kind, caller.scopes, lasting=lasting, family=family, note=note)
        refresh = None
        if kind is TokenKind.ACCESS:
            refresh = issue(TokenKind.REFRESH, caller.scopes, family=family or made.id).text
        parts = (
            f"{kind} until {made.expires:%Y-%m-%d %H:%M}",
            ", ".join(sorted(caller.scopes)),
            f"by a refresh token of {family}" if family else "",
            note,
        )
        self._record(
            connection,
            account.name,
            AccountAction.TOKEN,
            token=made.id,
            address=address,
            detail="; ".join(part for part in parts if part),
        )
        return Issued(made.text, refresh, made.expires, replace(caller, token=made.id))

    def log_in_by_identity(
        self,
        issuer: str,
        subject: str,
        email: str,
        email_verified: bool,
        full_name: str,
        orcid: str | None,
        kind: TokenKind = TokenKind.SESSION,
        *,
        address: str = "",
    ) -> Issued:
        """For who has proven himself to an OpenID provider that the configuration names.

        The first time he gets an account, or the one that he has by the same address, if both sides know
        that it is his.
        """
        with self._database.writer() as connection:
            records.lock_identity(connection, issuer, subject)
            account = records.find_identity(connection, issuer, subject)
            if account is None:
                account = self._account_for(connection, email if email_verified else "", email, full_name)
                check_open(account)
                records.insert_identity(connection, issuer, subject, account.name)
                self._record(
                    connection,
                    account.name,
                    AccountAction.IDENTITY,
                    address=address,
                    detail=f"{subject} of {issuer}",
                )
            check_open(account)
            known = checked_orcid(orcid) if orcid else None
            if known is not None and known != account.orcid:
                records.set_orcid(connection, account.name, known)
                self._record(connection, account.name, AccountAction.IDENTITY, detail=f"ORCID {known}")
            return self._issue(connection, account, kind, EVERY_SCOPE, address=address)

    def _account_for(self, connection: Connection, proven: str, email: str, full_name: str) -> Account:
        address = _address_or_none(proven)
        account = records.find_email(connection, address) if address is not None else None
        if account is not None:
            return account
        text = _text_or_empty(full_name)
        for name in names_for(email, text):
            if name in self._reserved or records.is_used(connection, name):
                continue
            if records.insert(
                connection,
                name,
                email=address or _address_or_none(email),
                verified=address is not None,
                password=None,
                full_name=text,
                institute="",
            ):
                break
        self._record(connection, name, AccountAction.ADDED, detail=address or "")
        return self._need(connection, name)

    # --- tokens -------------------------------------------------------------------------------------------

    def refresh(self, refresh_token: str) -> Issued:
        """New tokens for a refresh token, which is good for once: a second time ends all that came of it."""
        with self._database.writer() as connection:
            found = None
            whose = tokens.family_of(connection, refresh_token) if looks_like_token(refresh_token) else None
            if whose is not None:
                records.find_locked(connection, whose[0])
                found = tokens.exchange(connection, refresh_token)
            if found is not None and found.again:
                self._revoke(connection, found.account, found.family, "a refresh token was used twice")
            elif found is not None:
                account = self._need(connection, found.account)
                return self._issue(connection, account, TokenKind.ACCESS, found.scopes, family=found.family)
        if found is not None:
            raise Unauthenticated("the refresh token was used before, so it has been revoked", hint="log in")
        raise Unauthenticated("the refresh token is not known here, or its time is over", hint="log in")

    def revoke(self, token: str) -> None:
        """Ends a token at once, and all that came of the same log-in. Of an unknown one nothing is told."""
        if not looks_like_token(token):
            return
        with self._database.writer() as connection:
            found = tokens.family_of(connection, token)
            if found is not None:
                self._revoke(connection, *found)

    def revoke_token(self, name: str, token_id: str) -> bool:
        """The same by the public id of one of somebody's tokens; False when he has none of it."""
        with self._database.writer() as connection:
            family = tokens.family_by_id(connection, name, token_id) if is_storable(token_id) else None
            return family is not None and self._revoke(connection, name, family)

    def _revoke(self, connection: Connection, account: str, family: str, why: str = "") -> bool:
        """Whether there was a good token in the family."""
        records.find_locked(connection, account)
        revoked = tokens.revoke_family(connection, family) > 0
        if revoked:
            self._record(connection, account, AccountAction.REVOKED, token=family, detail=why)
        return revoked

    def revoke_all(self, name: str) -> int:
        """Logs somebody out everywhere; tells how many tokens ended."""
        with self._database.writer() as connection:
            records.find_locked(connection, name)
            ended = tokens.revoke_all(connection, name)
            if ended:
                self._record(connection, name, AccountAction.REVOKED, detail=f"all {ended}")
            return ended

    def tokens_of(self, name: str) -> list[TokenInfo]:
        """The oldest first, with those that are over for a while."""
        with self._database.writer() as connection:
            return tokens.tokens_of(connection, name)

    def issue_service_token(
        self,
        name: str,
        scopes: Iterable[Scope],
        lasting: timedelta | None = None,
        note: str = "",
    ) -> Issued:
        """A token for a program, two years at most; raises Forbidden for scopes that the account has not."""
        wanted = frozenset(scopes)
        with self._database.writer() as connection:
            account = self._need(connection, name)
            allowed = allowed_scopes(account.roles | self._configured_roles(name)) - {Scope.ACCOUNT}
            if not wanted or wanted - allowed:
                raise Forbidden(
                    f"{name} cannot have a token of the scopes {', '.join(sorted(wanted)) or '(none)'}",
                    hint=f"possible are {', '.join(sorted(allowed))}",
                )
            text = checked_text("note", note)
            return self._issue(connection, account, TokenKind.SERVICE, wanted, lasting, note=text)

    # --- one's own account --------------------------------------------------------------------------------

    def register(
        self, name: str, email: str, password: str, full_name: str = "", institute: str = ""
    ) -> None:
        """Makes an account that can be used when its address is confirmed.

        Nobody learns whether an address has an account already: its owner gets a message in either case.
        """
        if not self._config.registration:
            raise Forbidden("nobody can register here", hint="ask the archive's operator for an account")
        check_name(name)
        address = checked_address(email)
        check_password(password, name, address)
        person, place = checked_text("full name", full_name), checked_text("institute", institute)
        hashed = self._proving.hashed(password)
        with self._database.writer() as connection:
            if name in self._reserved or records.is_used(connection, name):
                raise _taken(name)
            known = records.find_email(connection, address)
            if known is None and not records.insert(
                connection,
                name,
                email=address,
                verified=False,
                password=hashed,
                full_name=person,
                institute=place,
            ):
                raise _taken(name)
            if known is None:
                self._record(connection, name, AccountAction.REGISTERED, detail=address)
            self._ask_to_verify(connection, name, address, known)

    def verify(self, mail_token: str) -> str:
        """The name of the account whose address the link confirms."""
        with self._database.writer() as connection:
            name, email = _followed(connection, mail_token, Purpose.VERIFY)
            before = self._need(connection, name)
            if not records.set_verified(connection, name, email):
                raise UsageError(f"{email} belongs to another account by now")
            moved = f" in the place of {before.email}" if before.email != email else ""
            self._record(connection, name, AccountAction.VERIFIED, detail=f"{email}{moved}")
        if before.verified is not None and before.email is not None and before.email != email:
            tell_moved(self._mailer, name, before.email)
        return name

    def request_reset(self, email: str) -> None:
        """Sends a link to who has an account; others, and whoever asks, learn nothing."""
        address = checked_address(email)
        if self.sends_mail:
            self._mailer.later(partial(self._send_reset, address))

    def _send_reset(self, address: str) -> None:
        with self._database.writer() as connection:
            account = records.find_email(connection, address)
            if account is None or not account.is_open:
                return
            secret = records.new_link(connection, account.name, address, Purpose.RESET)
        if secret is not None:
            tell_reset(self._mailer, self._config.base_url, account.name, address, secret)

    def reset(self, mail_token: str, password: str) -> str:
        """Sets another password by a link; whoever was logged in is not any more. The account's name."""
        check_password(password)
        hashed = self._proving.hashed(password)
        with self._database.writer() as connection:
            name, email = _followed(connection, mail_token, Purpose.RESET)
            check_password(password, name, email)
            self._replace_password(connection, name, hashed, detail="by a link")
        return name

    def change_password(self, name: str, old: str, new: str, *, address: str = "") -> None:
        """Ends all tokens, that of the caller too."""
        account = self._proven(name, old, address)
        check_password(new, account.name, account.email or "")
        hashed = self._proving.hashed(new)
        with self._database.writer() as connection:
            self._replace_password(connection, account.name, hashed, address=address)

    def _replace_password(
        self, connection: Connection, name: str, hashed: str, *, address: str = "", detail: str = ""
    ) -> None:
        self._record(connection, name, AccountAction.PASSWORD, address=address, detail=detail)
        records.set_password(connection, name, hashed)
        lockout.clear(connection, name)
        tokens.revoke_all(connection, name)

    def change_details(self, name: str, full_name: str, institute: str) -> None:
        person, place = checked_text("full name", full_name), checked_text("institute", institute)
        with self._database.writer() as connection:
            self._need(connection, name)
            records.set_details(connection, name, person, place)
            self._record(
                connection, name, AccountAction.DETAILS, detail=", ".join(filter(None, (person, place)))
            )

    def change_email(self, name: str, email: str, password: str, *, address: str = "") -> None:
        """Sends a link to the new address, which takes the place of the old one when it is followed."""
        if not self.sends_mail:
            raise UsageError("this archive sends no mail, so that a new address could not be confirmed")
        wanted = checked_address(email)
        account = self._proven(name, password, address)
        with self._database.writer() as connection:
            self._ask_to_verify(connection, account.name, wanted, records.find_email(connection, wanted))

    def _record(self, connection: Connection, name: str, action: AccountAction, **told: str) -> None:
        record_change(connection, name, action, self._operator or name, **told)

    def account(self, name: str) -> Account:
        """Raises BadParameter when there is none."""
        with self._database.writer() as connection:
            return self._need(connection, name)

    def _need(self, connection: Connection, name: str) -> Account:
        account = records.find(connection, name)
        if account is None or account.removed is not None:
            raise BadParameter("name", f"there is no account {name[:40]!r}")
        return account


def _taken(name: str) -> BadParameter:
    return BadParameter("name", f"{name} is taken", hint="choose another one")


def _followed(connection: Connection, mail_token: str, purpose: Purpose) -> tuple[str, str]:
    """Name and address of the account to which a link was sent."""
    found = records.use_link(connection, mail_token, purpose)
    account = None if found is None else records.find(connection, found[0])
    if found is None or account is None or not account.is_open:
        raise UsageError("this link is not good any more", hint="ask for another one")
    return found


def _address_or_none(email: str) -> str | None:
    """What a provider says of somebody is used as far as it is good for something."""
    try:
        return checked_address(email)
    except BadParameter:
        return None


def _text_or_empty(text: str) -> str:
    try:
        return checked_text("full name", text)
    except BadParameter:
        return ""
