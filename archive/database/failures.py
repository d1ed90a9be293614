"""What the database's refusals mean to whoever asked: drivers' exceptions into the archive's errors.

A message for users is PostgreSQL's primary message alone: statement, detail and context would show
SQL that nobody typed.
"""

from __future__ import annotations

import re

from adbc_driver_manager import dbapi

from ..errors import ArchiveError, Busy, QueryFailed

__all__ = ["busy", "from_adbc", "from_stream", "is_lost"]

_PRIMARY = ("PG_DIAG_MESSAGE_PRIMARY", b"PG_DIAG_MESSAGE_PRIMARY")
# SQLSTATE classes and codes of a server that cannot answer now: no connection or too many of them, shutting
# down, a lock not given in time (PostgreSQL, appendix A).
_UNAVAILABLE = ("08", "53300", "57P0", "55P03")


def busy() -> Busy:
    return Busy("the database cannot answer at this moment", hint="try again in a moment")


def is_lost(error: dbapi.Error) -> bool:
    """Whether the connection is gone, and the same statement may succeed on another."""
    state = error.sqlstate
    return state.startswith(("08", "57P0")) if state else isinstance(error, dbapi.OperationalError)


def from_adbc(error: dbapi.Error) -> ArchiveError:
    """The meaning of an exception raised when a query was sent."""
    if is_lost(error) or (error.sqlstate or "").startswith(_UNAVAILABLE):
        return busy()
    for name, value in error.details or ():
        if name in _PRIMARY:
            return QueryFailed(f"the query failed: {value.decode('utf-8', 'replace')}")
    return QueryFailed(_sentence(str(error)))


def from_stream(error: OSError) -> ArchiveError:
    """The meaning of an exception from within a result: Arrow's stream passes on no more than a text."""
    return QueryFailed(_sentence(str(error)))


def _sentence(text: str) -> str:
    """The primary message out of "[libpq] ...: ERROR:  message" and the lines after it."""
    found = re.search(r"[A-Z]{5,}:  (.*)", text)
    return "the query failed: " + (found[1] if found else text.splitlines()[0] if text else "no reason given")
