"""What a request sends to prove who asks: the Authorization header, read strictly and not yet believed."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass

from ..errors import Unauthenticated

__all__ = ["Basic", "Bearer", "Credential", "read_authorization"]

# No credential of ours is longer, whatever its password; a server's limit on headers is above it.
_LONGEST = 8192


@dataclass(frozen=True, slots=True)
class Bearer:
    """RFC 6750."""

    token: str


@dataclass(frozen=True, slots=True)
class Basic:
    """RFC 7617, in UTF-8. The password may be a token."""

    name: str
    password: str


Credential = Bearer | Basic


def read_authorization(header: str | None) -> Credential | None:
    """None without a header; raises Unauthenticated for one that cannot be read."""
    if header is None:
        return None
    scheme, _, credentials = header.strip().partition(" ")
    if len(credentials) > _LONGEST:
        raise Unauthenticated(f"the credentials are longer than {_LONGEST} characters")
    match scheme.lower():
        case "bearer":
            return Bearer(credentials.strip())
        case "basic":
            return _basic(credentials)
        case _:
            raise Unauthenticated(
                "this way to identify oneself is not known here",
                hint="use a Bearer token, or Basic with name and password",
            )


def _basic(credentials: str) -> Basic:
    try:
        decoded = base64.b64decode(credentials.strip(), validate=True).decode("utf-8")
    except (binascii.Error, ValueError) as cause:
        raise Unauthenticated("the Basic credentials cannot be read") from cause
    name, _, password = decoded.partition(":")
    return Basic(name, password)
