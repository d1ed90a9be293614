"""Who may follow a link: what is said of it in link_auth and link_authorized (DataLink 1.1, 3.2.12).

The one place where that is decided for links; whether a file is really handed out, its own service decides.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ...access import Caller, Guarded

__all__ = ["LinkAuth", "Permission", "permission"]


class LinkAuth(Enum):
    """Whether a link wants to know who follows it."""

    ANONYMOUS_ONLY = "false"
    OPTIONAL = "optional"
    REQUIRED = "true"


@dataclass(frozen=True, slots=True)
class Permission:
    """`authorized`: whether this caller may follow the link, as far as can be foretold."""

    auth: LinkAuth
    authorized: bool


_PUBLIC = Permission(LinkAuth.OPTIONAL, True)


def permission(caller: Caller, guarded: Guarded | None) -> Permission:
    """For links to a file, its previews and cut-outs; `guarded` is None when it is everybody's."""
    return _PUBLIC if guarded is None else Permission(LinkAuth.REQUIRED, guarded.is_open_to(caller))
