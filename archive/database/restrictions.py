"""Who may read what is restricted: the operators that the configuration names, and nobody else.

The one place where that is decided, for tables and for files. Which tables are restricted their declarations
tell; which role reads them is `server`'s.
"""

from __future__ import annotations

from ..config import Config
from ..errors import Forbidden, Unauthenticated

__all__ = ["check_operator", "is_operator"]


def is_operator(config: Config, user: str) -> bool:
    """`user` is the name that a token proved; "" is nobody."""
    return bool(user) and user in config.operators


def check_operator(config: Config, user: str, what: str) -> None:
    """Raises Unauthenticated or Forbidden unless the user may read `what`, a table or a file by its name."""
    if is_operator(config, user):
        return
    message = f"{what} is restricted: only operators of the archive may read it"
    if not user:
        raise Unauthenticated(message, hint="send the token of one")
    raise Forbidden(message, hint=f"{user} is none; the operators are named in the configuration")
