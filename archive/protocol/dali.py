"""What the data access protocols have in common (DALI 1.1): their standard parameters and row limits."""

from __future__ import annotations

from ..config import Config
from ..declare.parameters import Arguments, Parameter
from ..declare.types import LONG

__all__ = ["MAXREC", "RESPONSEFORMAT", "RUNID", "row_limit"]

RESPONSEFORMAT = Parameter(
    "RESPONSEFORMAT",
    "Format of the result: a media type or a short name such as votable, csv, fits, parquet, json.",
    aliases=("FORMAT",),
)
MAXREC = Parameter(
    "MAXREC",
    "Most rows wanted. 0 asks for the metadata alone; more than the service's limit is the limit.",
    type=LONG,
    minimum=0,
)
RUNID = Parameter("RUNID", "A name by which the caller wants to find the request again in the service's log.")


def row_limit(arguments: Arguments, config: Config) -> int:
    """Rows to send at most (DALI 1.1, 3.4.4: a larger MAXREC is clipped, no error)."""
    wanted = arguments.integer(MAXREC)
    return config.default_rows if wanted is None else min(wanted, config.hard_rows)
