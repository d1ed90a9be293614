"""The parameters of a TAP query (TAP 1.1, 2.7)."""

from __future__ import annotations

from archive.declare.parameters import Parameter
from archive.protocol.dali import MAXREC, RESPONSEFORMAT, RUNID

__all__ = ["LANG", "QUERY", "QUERY_PARAMETERS", "REQUEST", "UPLOAD"]

REQUEST = Parameter(
    "REQUEST", "What to do, from TAP 1.0; it can be left out.", values=("doQuery",), default="doQuery"
)
LANG = Parameter("LANG", "Language of the query.", values=("ADQL", "ADQL-2.0", "ADQL-2.1"))
QUERY = Parameter("QUERY", "The query.")
UPLOAD = Parameter(
    "UPLOAD",
    "Tables to send along, as name,uri pairs separated by semicolons; the uri is param:part for a file in the"
    " request. The query calls them TAP_UPLOAD.name.",
    multiple=True,
    cumulative=True,
)

QUERY_PARAMETERS = (REQUEST, LANG, QUERY, RESPONSEFORMAT, MAXREC, RUNID, UPLOAD)
