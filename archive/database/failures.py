"""What the database's refusals mean to whoever asked: libpq's results into the archive's errors.

A message for users is PostgreSQL's primary message alone: statement, detail and context would show
SQL that nobody typed.
"""

from __future__ import annotations

from psycopg import pq

from ..errors import ArchiveError, Busy, DiskFull, QueryFailed

__all__ = ["busy", "from_result", "is_lost"]

# SQLSTATE classes and codes of a server that cannot answer now: no connection or too many of them, shutting
# down, a lock not given in time (PostgreSQL, appendix A).
_UNAVAILABLE = ("08", "53300", "57P0", "55P03")
_LATER = "try again later, or ask for less"


def busy() -> Busy:
    return Busy("the database cannot answer at this moment", hint="try again in a moment")


def is_lost(result: pq.abc.PGresult) -> bool:
    """Whether the connection is gone, and the same statement may succeed on another.

    libpq makes a result without SQLSTATE when it finds the connection broken.
    """
    state = _state(result)
    return not state or state.startswith(("08", "57P0"))


def from_result(result: pq.abc.PGresult) -> ArchiveError:
    """The meaning of a result that is an error."""
    match _state(result):
        case state if state.startswith(_UNAVAILABLE):
            return busy()
        case "53400":  # the only limit of a configuration that a query can meet is temp_file_limit
            return QueryFailed(
                "the query needs more disk space for what lies between than one query may have",
                hint="constrain it so that fewer rows are sorted, grouped or joined, or leave out ORDER BY",
            )
        case "53200":
            return QueryFailed(
                "the query needs more memory than one query may have",
                hint="join fewer tables at once, and compute less from what is computed in subqueries",
            )
        case "53100":
            return DiskFull("the database has no room left on its disk for this query", hint=_LATER)
    primary = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"no reason given"
    return QueryFailed(f"the query failed: {primary.decode('utf-8', 'replace')}")


def _state(result: pq.abc.PGresult) -> str:
    return (result.error_field(pq.DiagnosticField.SQLSTATE) or b"").decode("ascii", "replace")
