"""Who asks: callers and how a request proves them. Rules about what a caller may see belong here too."""

from __future__ import annotations

from ..database.restrictions import check_operator, is_operator
from .callers import ANONYMOUS, CHALLENGE, Caller, Callers
from .files import check_file, restricted_files

__all__ = [
    "ANONYMOUS",
    "CHALLENGE",
    "Caller",
    "Callers",
    "check_file",
    "check_operator",
    "is_operator",
    "restricted_files",
]
