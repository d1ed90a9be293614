"""Callers of the archive, known by tokens that the operator hands out.

Nobody needs a token for what is public; whoever sends one that is wrong is told so, and never taken
for an anonymous caller. Tokens are secrets: they come from the environment only.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..errors import ConfigurationError, Unauthenticated

__all__ = ["ANONYMOUS", "CHALLENGE", "Caller", "Callers"]

VARIABLE = "URANIBORG_TOKENS"
# IVOA SSO 2.1: how a client that was refused can identify itself (RFC 9110, 11.6.1).
CHALLENGE = 'Bearer realm="Uraniborg", Basic realm="Uraniborg", charset="UTF-8"'

# A name becomes part of that of a schema, so it is as strict as one.
_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_SHORTEST_TOKEN = 16


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a `name`; the anonymous caller has none."""

    name: str = ""

    @property
    def is_anonymous(self) -> bool:
        return not self.name


ANONYMOUS = Caller()


class Callers:
    """Everybody who has a token."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        """`tokens` by name."""
        self._digests = {_digest(token): Caller(name) for name, token in tokens.items()}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Callers:
        """From URANIBORG_TOKENS: `name:token`, several separated by blanks; ConfigurationError for else."""
        tokens: dict[str, str] = {}
        for pair in environment.get(VARIABLE, "").split():
            name, colon, token = pair.partition(":")
            if not _NAME.fullmatch(name) or not colon or name in tokens:
                raise ConfigurationError(
                    f"{VARIABLE} names {name[:40]!r}, which is no name of its own",
                    hint="write name:token name:token ...; a name has small letters, digits and _",
                )
            if len(token) < _SHORTEST_TOKEN:
                raise ConfigurationError(
                    f"{VARIABLE}: the token of {name} is shorter than {_SHORTEST_TOKEN} characters",
                    hint="make one with: openssl rand -hex 24",
                )
            tokens[name] = token
        return cls(tokens)

    def of(self, authorization: str | None) -> Caller:
        """The caller an Authorization header proves: `Bearer token`, or `Basic` with name and token.

        Anonymous without a header; raises Unauthenticated for one that proves nobody.
        """
        if authorization is None:
            return ANONYMOUS
        scheme, _, credentials = authorization.strip().partition(" ")
        match scheme.lower():
            case "bearer":
                return self._proven(None, credentials.strip())
            case "basic":
                return self._proven(*_basic(credentials))
            case _:
                raise Unauthenticated(
                    "this way to identify oneself is not known here", hint="use a Bearer token"
                )

    def _proven(self, name: str | None, token: str) -> Caller:
        caller = self._digests.get(_digest(token), ANONYMOUS)
        # The dictionary was asked for a digest, so its timing tells nothing about a token.
        if caller.is_anonymous or (
            name is not None and not hmac.compare_digest(name.encode(), caller.name.encode())
        ):
            raise Unauthenticated("the token is not known here", hint="ask the archive's operator for one")
        return caller

    def __iter__(self) -> Iterator[Caller]:
        return iter(self._digests.values())


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def _basic(credentials: str) -> tuple[str, str]:
    """Name and password (RFC 7617)."""
    try:
        decoded = base64.b64decode(credentials, validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as cause:
        raise Unauthenticated("the Basic credentials cannot be read") from cause
    name, _, password = decoded.partition(":")
    return name, password
