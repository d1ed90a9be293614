"""The rows of accounts: found, made and changed, in the transaction of whoever asks. `accounts` decides.

Links sent by mail are here too: each is a random text of which the digest is kept until it is used.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import psycopg

from ..database.bookkeeping import Connection
from .callers import Role, Scope, digest
from .passwords import is_storable

__all__ = ["Account", "Purpose", "scopes_of"]

_COLUMNS = (
    "account.name, account.email, account.email_verified_at, account.full_name, account.institute,"
    " account.orcid, account.roles, account.created_at, account.disabled_at, account.removed_at,"
    " account.password"
)


class Purpose(StrEnum):
    """Of a link that is sent by mail."""

    VERIFY = "verify"
    RESET = "reset"
    NOTICE = "notice"  # leads nowhere; kept so that not too many of them are sent


# How long a link is good, and how many go to one address within an hour.
_LASTING = {
    Purpose.VERIFY: timedelta(days=2),
    Purpose.RESET: timedelta(hours=1),
    Purpose.NOTICE: timedelta(hours=1),
}
_MOST_LINKS = 5


@dataclass(frozen=True, slots=True)
class Account:
    """`email` counts once it is `verified`; None for who has none. `password`: its hash, if there is one."""

    name: str
    email: str | None
    verified: datetime | None
    full_name: str
    institute: str
    orcid: str | None
    roles: frozenset[Role]
    created: datetime
    disabled: datetime | None
    removed: datetime | None
    password: str | None = field(repr=False)

    @property
    def is_open(self) -> bool:
        return self.disabled is None and self.removed is None


def _account(row: tuple[object, ...] | None) -> Account | None:
    if row is None:
        return None
    values = list(row)
    values[6] = roles_of(values[6])  # type: ignore[arg-type]
    return Account(*values)  # type: ignore[arg-type]


def scopes_of(texts: Iterable[str]) -> frozenset[Scope]:
    """Those that this version knows; another one's may be in the database after a step back."""
    known = {scope.value for scope in Scope}
    return frozenset(Scope(text) for text in texts if text in known)


def roles_of(texts: Iterable[str]) -> frozenset[Role]:
    """Those that this version knows."""
    known = {role.value for role in Role}
    return frozenset(Role(text) for text in texts if text in known)


# --- finding ----------------------------------------------------------------------------------------------


def find(connection: Connection, name: str) -> Account | None:
    if not is_storable(name):
        return None
    return _account(
        connection.execute(f"SELECT {_COLUMNS} FROM archive.account WHERE name = %s", (name,)).fetchone()
    )


def find_locked(connection: Connection, name: str) -> Account | None:
    """Found so that nobody else changes the account or its tokens until the transaction ends.

    Before any row of a token is locked, or two transactions could wait for each other.
    """
    if not is_storable(name):
        return None
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM archive.account WHERE name = %s FOR NO KEY UPDATE", (name,)
    ).fetchone()
    return _account(row)


def find_login(connection: Connection, login: str) -> Account | None:
    """By name, or by an address that is verified; no name has an @."""
    return find_email(connection, login) if "@" in login else find(connection, login)


def find_email(connection: Connection, email: str) -> Account | None:
    """The account to which an address belongs."""
    return _account(
        connection.execute(
            f"SELECT {_COLUMNS} FROM archive.account WHERE email = %s AND email_verified_at IS NOT NULL",
            (email,),
        ).fetchone()
    )


def find_identity(connection: Connection, issuer: str, subject: str) -> Account | None:
    return _account(
        connection.execute(
            f"SELECT {_COLUMNS} FROM archive.account_identity JOIN archive.account ON name = account"
            " WHERE issuer = %s AND subject = %s",
            (issuer, subject),
        ).fetchone()
    )


@dataclass(frozen=True, slots=True)
class FoundToken:
    """`over`: revoked or expired."""

    account: Account
    id: str
    kind: str
    scopes: frozenset[Scope]
    over: bool


def find_token(connection: Connection, text: str) -> FoundToken | None:
    """A token and whose it is. That it was used is noted once an hour."""
    row = connection.execute(
        "SELECT token_id, kind, scopes, revoked_at IS NOT NULL OR expires_at <= now(),"
        f" coalesce(last_used_at < now() - interval '1 hour', true), {_COLUMNS}"
        " FROM archive.token JOIN archive.account ON account.name = token.account WHERE digest = %s",
        (digest(text),),
    ).fetchone()
    if row is None:
        return None
    account = _account(row[5:])
    if account is None:
        return None
    id, kind, scopes, over, is_due = row[:5]
    if is_due and not over:
        connection.execute("UPDATE archive.token SET last_used_at = now() WHERE token_id = %s", (id,))
    return FoundToken(account, id, kind, scopes_of(scopes), over)


def find_all(connection: Connection) -> list[Account]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM archive.account ORDER BY name")
    return [account for row in rows if (account := _account(row)) is not None]


def identities(connection: Connection, name: str) -> list[tuple[str, str]]:
    """Issuers and subjects by which somebody logs in elsewhere."""
    rows = connection.execute(
        "SELECT issuer, subject FROM archive.account_identity WHERE account = %s ORDER BY since", (name,)
    )
    return [(str(issuer), str(subject)) for issuer, subject in rows]


def is_used(connection: Connection, name: str) -> bool:
    """Whether there is an account of a name, or was, or somebody without one keeps something under it."""
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM archive.account WHERE name = %(name)s)"
        " OR EXISTS (SELECT FROM archive.user_table WHERE owner = %(name)s)"
        " OR EXISTS (SELECT FROM archive.job WHERE owner = %(name)s)",
        {"name": name},
    ).fetchone()
    return bool(row and row[0])


# --- changing ---------------------------------------------------------------------------------------------


def insert(
    connection: Connection,
    name: str,
    *,
    email: str | None,
    verified: bool,
    password: str | None,
    full_name: str,
    institute: str,
    roles: Iterable[Role] = (),
) -> bool:
    """False when the name, or the verified address, belongs to an account."""
    made = connection.execute(
        "INSERT INTO archive.account (name, email, email_verified_at, password, full_name, institute, roles)"
        " VALUES (%s, %s, CASE WHEN %s THEN now() END, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (name, email, verified, password, full_name, institute, sorted(roles)),
    )
    return bool(made.rowcount)


def lock_identity(connection: Connection, issuer: str, subject: str) -> None:
    """One log-in of somebody at a time, until the transaction ends: the first makes his account."""
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('identity ' || %s || ' ' || %s, 0))", (issuer, subject)
    )


def insert_identity(connection: Connection, issuer: str, subject: str, name: str) -> None:
    connection.execute(
        "INSERT INTO archive.account_identity (issuer, subject, account) VALUES (%s, %s, %s)",
        (issuer, subject, name),
    )


def set_password(connection: Connection, name: str, password: str) -> None:
    connection.execute("UPDATE archive.account SET password = %s WHERE name = %s", (password, name))


def renew_password(connection: Connection, name: str, kept: str, password: str) -> bool:
    """Only where `kept` is still there: somebody may have set another password meanwhile."""
    renewed = connection.execute(
        "UPDATE archive.account SET password = %s WHERE name = %s AND password = %s", (password, name, kept)
    )
    return bool(renewed.rowcount)


def set_roles(connection: Connection, name: str, roles: Iterable[Role]) -> None:
    connection.execute("UPDATE archive.account SET roles = %s WHERE name = %s", (sorted(roles), name))


def set_details(connection: Connection, name: str, full_name: str, institute: str) -> None:
    connection.execute(
        "UPDATE archive.account SET full_name = %s, institute = %s WHERE name = %s",
        (full_name, institute, name),
    )


def set_orcid(connection: Connection, name: str, orcid: str) -> None:
    connection.execute("UPDATE archive.account SET orcid = %s WHERE name = %s", (orcid, name))


def set_verified(connection: Connection, name: str, email: str) -> bool:
    """False when the address belongs to another account by now."""
    try:
        with connection.transaction():
            connection.execute(
                "UPDATE archive.account SET email = %s, email_verified_at = now() WHERE name = %s",
                (email, name),
            )
            # What was sent to an address that is not the account's any more is not good any more.
            connection.execute("DELETE FROM archive.mail_token WHERE account = %s", (name,))
    except psycopg.errors.UniqueViolation:
        return False
    return True


def set_disabled(connection: Connection, name: str, *, disabled: bool) -> None:
    connection.execute(
        "UPDATE archive.account SET disabled_at = CASE WHEN %s THEN now() END WHERE name = %s",
        (disabled, name),
    )


def forget(connection: Connection, name: str) -> None:
    """Leaves nothing of a person but the name, which nobody gets again: tables and records bear it."""
    connection.execute("DELETE FROM archive.token WHERE account = %s", (name,))
    connection.execute("DELETE FROM archive.mail_token WHERE account = %s", (name,))
    connection.execute("DELETE FROM archive.account_identity WHERE account = %s", (name,))
    connection.execute("DELETE FROM archive.login_failure WHERE subject = %s", (f"account {name}",))
    connection.execute(
        "UPDATE archive.account SET removed_at = now(), email = NULL, email_verified_at = NULL,"
        " password = NULL, full_name = '', institute = '', orcid = NULL, roles = '{}' WHERE name = %s",
        (name,),
    )


def end_jobs(connection: Connection, name: str) -> int:
    """Whoever clears up behind jobs then stops and removes them, with all they have."""
    return connection.execute(
        "UPDATE archive.job SET destruction = now() WHERE owner = %s AND destruction > now()", (name,)
    ).rowcount


def end_rights(connection: Connection, name: str, by: str) -> int:
    """Takes back what was granted on runs, for which the row of each stays."""
    return connection.execute(
        "UPDATE archive.run_right SET revoked_at = now(), revoked_by = %s"
        " WHERE account = %s AND revoked_at IS NULL",
        (by, name),
    ).rowcount


# --- links ------------------------------------------------------------------------------------------------


def new_link(connection: Connection, name: str, email: str, purpose: Purpose) -> str | None:
    """The secret of a new link; None when enough were sent, so that nobody's mailbox can be filled."""
    row = connection.execute(
        "SELECT count(*) FROM archive.mail_token WHERE email = %s AND created_at > now() - interval '1 hour'",
        (email,),
    ).fetchone()
    if row is not None and row[0] >= _MOST_LINKS:
        return None
    return make_link(connection, name, email, purpose)


def make_link(connection: Connection, name: str, email: str, purpose: Purpose) -> str:
    """The same however many there are."""
    connection.execute("DELETE FROM archive.mail_token WHERE expires_at < now()")
    secret = secrets.token_urlsafe(32)
    connection.execute(
        "INSERT INTO archive.mail_token (digest, account, purpose, email, expires_at)"
        " VALUES (%s, %s, %s, %s, now() + %s)",
        (digest(secret), name, purpose, email, _LASTING[purpose]),
    )
    return secret


def use_link(connection: Connection, secret: str, purpose: Purpose) -> tuple[str, str] | None:
    """Name and address to which a link was sent: it is good for once, and ends others of its kind."""
    row = connection.execute(
        "DELETE FROM archive.mail_token WHERE digest = %s AND purpose = %s AND expires_at > now()"
        " RETURNING account, email",
        (digest(secret), purpose),
    ).fetchone()
    if row is None:
        return None
    connection.execute(
        "DELETE FROM archive.mail_token WHERE account = %s AND purpose = %s", (row[0], purpose)
    )
    return str(row[0]), str(row[1])
