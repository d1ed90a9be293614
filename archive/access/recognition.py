"""Whom a credential proves: a token, a name with a password, or the owner of a job that runs for him.

Blocking calls, each with a transaction of its own.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from ..config import Config
from ..database import Database
from ..database.bookkeeping import Connection
from ..errors import Forbidden, Unauthenticated
from . import account_records as records
from .account_records import Account, Purpose
from .callers import ANONYMOUS, EVERY_SCOPE, Caller, Callers, Role, Scope
from .credentials import Basic, Bearer, read_authorization
from .mail import Mailer
from .messages import tell_known, tell_verify
from .passwords import Passwords
from .proving import Proving
from .rights import keys_of
from .tokens import TokenKind, looks_like_token

__all__ = ["Recognition", "allowed_scopes", "check_open"]

_WRONG_TOKEN = "the token is not known here"
_LOGIN_HINT = "log in for a new one"


def allowed_scopes(roles: Iterable[Role]) -> frozenset[Scope]:
    """What a token of somebody with these roles may be used for."""
    held = set(roles)
    scopes = {Scope.READ, Scope.WRITE, Scope.ACCOUNT}
    if held & {Role.OPERATOR, Role.ADMINISTRATOR}:
        scopes.add(Scope.ADMIN)
    if Role.SERVICE in held:
        scopes.add(Scope.DELIVER)
    return frozenset(scopes)


class Recognition:
    """What knows people by the accounts in a database, and by the tokens from the environment, `callers`.

    `address` is that of the client where failures are counted; "" for commands on the machine itself.
    """

    def __init__(
        self,
        database: Database,
        config: Config,
        callers: Callers | None = None,
        passwords: Passwords | None = None,
    ) -> None:
        self._database = database
        self._config = config
        self._callers = Callers({}) if callers is None else callers
        self._proving = Proving(database, Passwords() if passwords is None else passwords)
        self._mailer = Mailer(config)

    @property
    def sends_mail(self) -> bool:
        """Whether people get their links by themselves; otherwise from the operator."""
        return self._mailer.is_configured

    def settle(self) -> None:
        """Until all messages that were asked for by now have been sent."""
        self._mailer.wait()

    def close(self) -> None:
        """When what was to be sent has been."""
        self._mailer.close()

    def of(self, authorization: str | None, address: str = "") -> Caller:
        """The caller whom an Authorization header proves, anonymous without one.

        Raises Unauthenticated for one that proves nobody, or somebody whose account is closed, and Forbidden
        for an account whose address is not confirmed.
        """
        match read_authorization(authorization):
            case None:
                return ANONYMOUS
            case Bearer(token):
                return self.caller_of_token(token)
            case Basic(name, password):
                return self.caller_of_password(name, password, address)

    def caller_of_token(self, token: str) -> Caller:
        """One indexed statement for his token and account, one for his rights; none for what is no token."""
        caller = self._callers.owner(token)
        if caller is not None:
            return self._with_configured_roles(caller)
        if not looks_like_token(token):
            raise Unauthenticated(_WRONG_TOKEN, hint=_LOGIN_HINT)
        return self._database.glance(partial(self._bearer, token))

    def _bearer(self, token: str, connection: Connection) -> Caller:
        found = records.find_token(connection, token)
        if found is None or found.over:
            over = "the token was revoked, or its time is over"
            raise Unauthenticated(_WRONG_TOKEN if found is None else over, hint=_LOGIN_HINT)
        if found.kind == TokenKind.REFRESH:
            raise Unauthenticated("a refresh token is good for a new token only", hint="exchange it")
        return self._caller(connection, found.account, found.scopes, found.id)

    def caller_of_password(self, name: str, password: str, address: str = "") -> Caller:
        """For HTTP Basic; a token does as the password, too."""
        if self._callers.owner(password) is not None or looks_like_token(password):
            caller = self.caller_of_token(password)
            if caller.name != name:
                raise Unauthenticated(_WRONG_TOKEN, hint=_LOGIN_HINT)
            return caller
        account = self._proven(name, password, address, again=True)
        with self._database.writer() as connection:
            return self._caller(connection, account)

    def acting_for(self, name: str, scopes: frozenset[Scope] = EVERY_SCOPE) -> Caller:
        """The owner of a job with the rights that he has now, as far as the token went that made it.

        Raises Unauthenticated when his account is closed.
        """
        if not name:
            return ANONYMOUS
        with self._database.writer() as connection:
            account = records.find(connection, name)
            if account is not None:
                return self._caller(connection, account, scopes)
        return self._with_configured_roles(Caller(name, scopes=scopes))

    def _caller(
        self,
        connection: Connection,
        account: Account,
        scopes: frozenset[Scope] = EVERY_SCOPE,
        token: str = "",
    ) -> Caller:
        check_open(account)
        roles = account.roles | self._configured_roles(account.name)
        return Caller(
            account.name,
            roles,
            scopes & allowed_scopes(roles),
            keys_of(connection, account.name),
            token,
            account.full_name,
        )

    def _with_configured_roles(self, caller: Caller) -> Caller:
        """For who has no account."""
        roles = self._configured_roles(caller.name)
        return replace(caller, roles=roles, scopes=caller.scopes & allowed_scopes(roles) - {Scope.ACCOUNT})

    def _configured_roles(self, name: str) -> frozenset[Role]:
        roles = set()
        if name in self._config.operators:
            roles.add(Role.OPERATOR)
        if name in self._config.incoming_users:
            roles.add(Role.SERVICE)
        return frozenset(roles)

    def _proven(self, login: str, password: str, address: str, *, again: bool = False) -> Account:
        """The account of a name or address and a password, which can be used."""
        return self._usable(self._proving.account(login, password, address, again=again))

    def _usable(self, account: Account) -> Account:
        check_open(account)
        if account.verified is None and account.email is not None:
            with self._database.writer() as connection:
                self._ask_to_verify(connection, account.name, account.email, None)
            hint = "follow the link that was sent to it" if self.sends_mail else "ask the archive's operator"
            raise Forbidden(f"the address of the account {account.name} is not confirmed yet", hint=hint)
        return account

    def _ask_to_verify(self, connection: Connection, name: str, address: str, known: Account | None) -> None:
        """A link to an address, or a notice to the account that has it already."""
        base_url = self._config.base_url
        if known is not None:
            if records.new_link(connection, known.name, address, Purpose.NOTICE) is not None:
                tell_known(self._mailer, base_url, known.name, address)
            return
        secret = records.new_link(connection, name, address, Purpose.VERIFY)
        if secret is not None:
            tell_verify(self._mailer, base_url, name, address, secret)


def check_open(account: Account) -> None:
    """Raises Unauthenticated for an account that an operator has closed."""
    if not account.is_open:
        raise Unauthenticated(f"the account {account.name} is closed", hint="ask the archive's operator")
