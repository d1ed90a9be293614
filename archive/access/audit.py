"""The one call by which a road to bytes asks whether somebody may have them, and records that he got them.

A record is written in the transaction in which the right to a file was found, before the first byte goes out:
whatever happens to the server afterwards, it is there. What is public leaves no record, and costs nothing.
Queries that show hidden rows are recorded where they are run, in `archive.database`.
"""

from __future__ import annotations

from typing import Any

import psycopg

from ..database.releases import record_release
from ..declare.dataflow.downloads import Road
from .callers import Caller
from .files import Guarded, check_file

__all__ = ["release"]


def release(connection: psycopg.Connection[Any], caller: Caller, dp_id: str, road: Road) -> Guarded | None:
    """Lets a file, or what is made of it, go to a caller; who commits the transaction may send it.

    Raises Unauthenticated, Forbidden or NotFound when he may not have it, as `check_file` does. What he may
    have and others may not is recorded, unless he wants no more than to know about it (HEAD).
    Returns what keeps the file from others, None when it is everybody's.
    """
    guarded = check_file(connection, caller, dp_id)
    if guarded is not None and (caller.visit is None or caller.visit.content):
        # What was made of runs of several programmes concerns the people of each.
        several = guarded.programme is None and len(guarded.runs) > 1
        for key in guarded.runs if several else (guarded.key,):
            record_release(connection, caller.viewer, road, key, dp_id=dp_id)
    return guarded
