"""Stored files that only operators may have: the inputs of plugins that fill restricted tables.

A proposal says what a restricted table does, and more. FITS files are files of the archive whatever plugins
make of them, and none of these.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import psycopg

from ..config import Config
from ..database.restrictions import check_operator
from .callers import Caller

__all__ = ["check_file", "restricted_files"]


def restricted_files(connection: psycopg.Connection[Any], dp_ids: Iterable[str]) -> set[str]:
    """Those of the files that are restricted, in any version."""
    rows = connection.execute(
        "SELECT DISTINCT input_id FROM dfs.input_file WHERE restricted AND input_id = ANY (%s)",
        (sorted(set(dp_ids)),),
    )
    return {str(dp_id) for (dp_id,) in rows}


def check_file(connection: psycopg.Connection[Any], config: Config, caller: Caller, dp_id: str) -> None:
    """Raises Unauthenticated or Forbidden when the caller may not have a file."""
    if restricted_files(connection, [dp_id]):
        check_operator(config, caller.name, dp_id)
