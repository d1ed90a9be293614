"""Callers of the archive: who they are, their roles, and how far what they have sent with a request goes.

Nobody needs an account for what is public; whoever sends a wrong credential is told so, and never taken
for an anonymous caller. Operators' tokens from the environment are read here; accounts are `accounts`'.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..errors import ConfigurationError, Unauthenticated
from ..query.viewer import Viewer
from ..query.visits import Visit
from .credentials import Basic, Bearer, read_authorization

__all__ = ["ANONYMOUS", "EVERY_SCOPE", "NAME", "Caller", "Callers", "Role", "Scope", "digest"]

VARIABLE = "URANIBORG_TOKENS"

# A name becomes part of that of a schema, so it is as strict as one.
NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_SHORTEST_TOKEN = 16


class Role(StrEnum):
    """What an account may do besides what every user may. PI, Co-I and delegate are rights on runs."""

    USER = "user"
    PHASE3 = "phase3"
    QC = "qc"
    OPERATOR = "operator"
    ADMINISTRATOR = "administrator"
    SERVICE = "service"


class Scope(StrEnum):
    """What a token may be used for. It never goes further than its owner's own rights."""

    READ = "read"
    WRITE = "write"
    DELIVER = "deliver"
    ACCOUNT = "account"
    ADMIN = "admin"


EVERY_SCOPE = frozenset(Scope)
_COMMANDING = frozenset({Role.OPERATOR, Role.ADMINISTRATOR})


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody with a `name`; the anonymous caller has none.

    `keys`: the runs and programmes that he has rights on, sorted; `token`: the public id of the token that
    he sent, for the records of who did what; `visit`: the request, which is no part of who he is.
    """

    name: str = ""
    roles: frozenset[Role] = frozenset()
    scopes: frozenset[Scope] = EVERY_SCOPE
    keys: tuple[str, ...] = ()
    token: str = ""
    full_name: str = ""
    visit: Visit | None = field(default=None, compare=False)

    @property
    def is_anonymous(self) -> bool:
        return not self.name

    @property
    def is_operator(self) -> bool:
        """Whether he acts as one: a token without the scope `admin` makes an operator a common user."""
        return Scope.ADMIN in self.scopes and not self.roles.isdisjoint(_COMMANDING)

    @property
    def viewer(self) -> Viewer:
        return Viewer(self.name, self.is_operator, self.keys, self.visit)


ANONYMOUS = Caller()


class Callers:
    """Everybody who has a token from the environment."""

    def __init__(self, tokens: Mapping[str, str]) -> None:
        """`tokens` by name."""
        self._digests = {digest(token): Caller(name) for name, token in tokens.items()}

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Callers:
        """From URANIBORG_TOKENS: `name:token`, several separated by blanks; ConfigurationError for else."""
        tokens: dict[str, str] = {}
        for pair in environment.get(VARIABLE, "").split():
            name, colon, token = pair.partition(":")
            if not NAME.fullmatch(name) or not colon or name in tokens:
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
        match read_authorization(authorization):
            case None:
                return ANONYMOUS
            case Bearer(token):
                caller = self.owner(token)
            case Basic(name, password):
                caller = self.owner(password)
                caller = caller if caller is not None and caller.name == name else None
        if caller is None:
            raise Unauthenticated("the token is not known here", hint="ask the archive's operator for one")
        return caller

    def owner(self, token: str) -> Caller | None:
        """Whose token it is; None for nobody's. A dictionary is asked for a digest, so time tells nothing."""
        return self._digests.get(digest(token)) if self._digests else None

    def __iter__(self) -> Iterator[Caller]:
        return iter(self._digests.values())


def digest(secret: str) -> bytes:
    """What is kept of a token: it is random, and so needs no salt."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()
