"""Tokens: their form, their kinds, how long they live, and the rows that make them believed.

A token looks like a JWT (RFC 7519), since clients read its `exp`; but what is in it proves nothing. It is
believed because its SHA-256 is in archive.token, and no longer than it is there and not revoked.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from ..database.bookkeeping import Connection
from .account_records import scopes_of
from .callers import Caller, Scope, digest

__all__ = ["LASTING", "Issued", "TokenInfo", "TokenKind"]

# Two objects of JSON and 256 bits: no password is like it, and what is not needs no look into the database.
_FORM = re.compile(r"eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{43}", re.ASCII)
_LONGEST = 2000
_KEPT = timedelta(days=30)  # for which the row of a token that has expired tells of it


class TokenKind(StrEnum):
    ACCESS = "access"
    REFRESH = "refresh"
    SESSION = "session"  # the cookie of a browser
    SERVICE = "service"  # of a program, such as the one that sends files from the telescope


# How long a token lives, unless whoever asks for it wants it shorter.
LASTING = {
    TokenKind.ACCESS: timedelta(hours=8),
    TokenKind.REFRESH: timedelta(days=30),
    TokenKind.SESSION: timedelta(hours=12),
    TokenKind.SERVICE: timedelta(days=730),
}


@dataclass(frozen=True, slots=True)
class Issued:
    """What a log-in gives. The texts are secrets: never to be logged; `expires` is that of `access`."""

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    expires: datetime
    caller: Caller


@dataclass(frozen=True, slots=True)
class TokenInfo:
    """A token as its owner sees it in a list; `id` is public, `family` the `id` of the log-in's first one."""

    id: str
    family: str
    kind: TokenKind
    scopes: frozenset[Scope]
    note: str
    created: datetime
    expires: datetime
    last_used: datetime | None
    revoked: datetime | None

    @property
    def is_valid(self) -> bool:
        return self.revoked is None and self.expires > datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class NewToken:
    text: str = field(repr=False)
    id: str
    expires: datetime


def looks_like_token(text: str) -> bool:
    return len(text) <= _LONGEST and _FORM.fullmatch(text) is not None


def issue(
    connection: Connection,
    issuer: str,
    name: str,
    kind: TokenKind,
    scopes: Iterable[Scope],
    *,
    lasting: timedelta | None = None,
    family: str = "",
    note: str = "",
) -> NewToken:
    """A new token for an account, of a new family unless one is named."""
    longest = LASTING[kind]
    now = datetime.now(UTC).replace(microsecond=0)
    expires = now + (longest if lasting is None else max(timedelta(), min(lasting, longest)))
    id = secrets.token_hex(12)
    wanted = sorted(scopes)
    text = _written(issuer, name, id, now, expires, wanted)
    connection.execute(
        "INSERT INTO archive.token (digest, token_id, account, kind, family, scopes, note, expires_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
        (digest(text), id, name, kind, family or id, wanted, note, expires),
    )
    connection.execute("DELETE FROM archive.token WHERE expires_at < now() - %s", (_KEPT,))
    return NewToken(text, id, expires)


def _written(
    issuer: str, name: str, id: str, now: datetime, expires: datetime, scopes: Sequence[Scope]
) -> str:
    """Signed by a key that nobody keeps: 256 random bits that cannot be told from what stands before."""
    payload = {
        "iss": issuer,
        "sub": name,
        "jti": id,
        "iat": int(now.timestamp()),
        "exp": int(expires.timestamp()),
        "scope": " ".join(scopes),
    }
    signed = f"{_encoded({'alg': 'HS256', 'typ': 'JWT'})}.{_encoded(payload)}"
    signature = hmac.digest(secrets.token_bytes(32), signed.encode(), "sha256")
    return f"{signed}.{_base64(signature)}"


def _encoded(value: dict[str, object] | dict[str, str]) -> str:
    return _base64(json.dumps(value, separators=(",", ":")).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def tokens_of(connection: Connection, name: str) -> list[TokenInfo]:
    rows = connection.execute(
        "SELECT token_id, family, kind, scopes, note, created_at, expires_at, last_used_at, revoked_at"
        " FROM archive.token WHERE account = %s ORDER BY created_at, token_id",
        (name,),
    )
    return [
        TokenInfo(id, family, TokenKind(kind), scopes_of(scopes), note, created, expires, last_used, revoked)
        for id, family, kind, scopes, note, created, expires, last_used, revoked in rows
    ]


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A refresh token that was found; `again` when it was exchanged before, perhaps by a thief."""

    account: str
    family: str
    scopes: frozenset[Scope]
    again: bool


def exchange(connection: Connection, text: str) -> Exchanged | None:
    """Marks a refresh token as used; None when it is not known or over. Its row stays locked."""
    row = connection.execute(
        "SELECT account, family, scopes, used_at IS NOT NULL FROM archive.token"
        " WHERE digest = %s AND kind = 'refresh' AND revoked_at IS NULL AND expires_at > now() FOR UPDATE",
        (digest(text),),
    ).fetchone()
    if row is None:
        return None
    connection.execute("UPDATE archive.token SET used_at = now() WHERE digest = %s", (digest(text),))
    account, family, scopes, again = row
    return Exchanged(account, family, scopes_of(scopes), again)


def revoke_family(connection: Connection, family: str) -> int:
    """How many tokens ended by it."""
    return connection.execute(
        "UPDATE archive.token SET revoked_at = now()"
        " WHERE family = %s AND revoked_at IS NULL AND expires_at > now()",
        (family,),
    ).rowcount


def revoke_all(connection: Connection, name: str) -> int:
    return connection.execute(
        "UPDATE archive.token SET revoked_at = now()"
        " WHERE account = %s AND revoked_at IS NULL AND expires_at > now()",
        (name,),
    ).rowcount


def family_of(connection: Connection, text: str) -> tuple[str, str] | None:
    """The account and the family of a token."""
    row = connection.execute(
        "SELECT account, family FROM archive.token WHERE digest = %s", (digest(text),)
    ).fetchone()
    return None if row is None else (str(row[0]), str(row[1]))


def family_by_id(connection: Connection, name: str, id: str) -> str | None:
    row = connection.execute(
        "SELECT family FROM archive.token WHERE account = %s AND token_id = %s", (name, id)
    ).fetchone()
    return None if row is None else str(row[0])
