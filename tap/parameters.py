"""The parameters of a TAP query (TAP 1.1, 2.7)."""

from __future__ import annotations

from archive.declare.parameters import Parameter
from archive.protocol.dali import MAXREC, RESPONSEFORMAT, RUNID

__all__ = ["LANG", "QUERY", "QUERY_PARAMETERS", "REQUEST"]

REQUEST = Parameter(
    "REQUEST", "What to do, from TAP 1.0; it can be left out.", values=("doQuery",), default="doQuery"
)
LANG = Parameter("LANG", "Language of the query.", values=("ADQL", "ADQL-2.0", "ADQL-2.1"))
QUERY = Parameter("QUERY", "The query.")

QUERY_PARAMETERS = (REQUEST, LANG, QUERY, RESPONSEFORMAT, MAXREC, RUNID)
