"""Who may read what is restricted: operators of the archive, and nobody else.

The one place where that is decided, for tables and for files. Which tables are restricted their declarations
tell; which role reads them is `server`'s, and who is an operator `archive.access`'s.
"""

from __future__ import annotations

from ..errors import Forbidden, Unauthenticated
from ..query.viewer import Viewer

__all__ = ["check_operator"]


def check_operator(viewer: Viewer, what: str) -> None:
    """Raises Unauthenticated or Forbidden unless he may read `what`, a table or a file by its name."""
    if viewer.operator:
        return
    message = f"{what} is restricted: only operators of the archive may read it"
    if not viewer.user:
        raise Unauthenticated(message, hint="log in as one, or send the token of one")
    raise Forbidden(message, hint=f"{viewer.user} is none")
