"""How far a token goes: which scope a request needs, told by its method and path. The one place for that.

Whether its owner may do what he asks for at all, is decided where it is done.
"""

from __future__ import annotations

from ..errors import Forbidden
from .callers import Caller, Scope

__all__ = ["check_scope", "needed_scope"]

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_DELIVERING = ("/incoming",)
_ACCOUNT = ("/account",)
# Whoever has a token may end it, and ask whose it is.
_ANY = ("/auth",)
# Below any service's path: what makes, changes and removes tables and jobs.
_WRITING = frozenset({"tables", "user_tables", "load", "table-update", "async"})


def needed_scope(method: str, path: str) -> Scope | None:
    """None for what any token is good for. Of addresses that there are not, too: they may come tomorrow."""
    if _is_below(path, _ANY):
        return None
    if _is_below(path, _DELIVERING):
        return Scope.DELIVER
    if _is_below(path, _ACCOUNT):
        return Scope.ACCOUNT
    if method not in _SAFE and not _WRITING.isdisjoint(path.split("/")):
        return Scope.WRITE
    return Scope.READ


def _is_below(path: str, roots: tuple[str, ...]) -> bool:
    return any(path == root or path.startswith(f"{root}/") for root in roots)


def check_scope(caller: Caller, method: str, path: str) -> None:
    """Raises Forbidden when the caller's token does not go so far. Who sent none is held by no scope."""
    scope = needed_scope(method, path)
    if caller.is_anonymous or scope is None or scope in caller.scopes:
        return
    has = ", ".join(sorted(caller.scopes)) or "none"
    raise Forbidden(
        f"this needs a token with the scope {scope.value}; the scopes of the one you sent: {has}",
        hint="log in, or ask for a token that goes so far",
    )
