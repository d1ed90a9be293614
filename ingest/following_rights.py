"""What follows from rows of inputs for the rights on files, in the transaction that writes them.

A run tells how long its files are proprietary, and rows of runs under embargo are hidden from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa

from archive.access.clock import derive_abstracts, derive_files, files_of, lock_rights
from archive.access.rows_of_files import hide_rows, names_files
from archive.declare.dataflow.phase1 import ABSTRACT, RUN
from archive.declare.tables import Table
from archive.store import Connection

__all__ = ["follow_rights", "lock_for"]

Batches = Mapping[str, Iterable[pa.RecordBatch]]


def lock_for(connection: Connection, tables: Iterable[Table]) -> None:
    """What has to be waited for before rows of these tables are written."""
    names = {table.name for table in tables}
    lock_rights(connection, alone=RUN.name in names)


def follow_rights(
    connection: Connection, tables: Sequence[Table], batches: Batches, published: Iterable[Table]
) -> None:
    """Brings dates and embargoes in line with the rows of `tables` that were just written.

    `published` are all tables of the archive: those of files show their dates.
    """
    runs = _values(batches, RUN.name, "run_id")
    if runs:
        derive_files(connection, files_of(connection, runs), published)
    programmes = _values(batches, ABSTRACT.name, "programme_id")
    if programmes:
        derive_abstracts(connection, programmes)
    hiding = [
        table for table in tables if table.hides and not table.hidden_at_first and table.name in batches
    ]
    if not hiding or not _are_embargoes(connection):
        return
    for table in hiding:
        if names_files(table):
            column = table.hides if table.hides != "run_id" else "dp_id"
            hide_rows(connection, [table], files=_values(batches, table.name, column))
        else:
            hide_rows(connection, [table], keys=_values(batches, table.name, table.hides))


def _are_embargoes(connection: Connection) -> bool:
    row = connection.execute("SELECT EXISTS (SELECT FROM archive.protection WHERE hidden_until > now())")
    return row.fetchone() == (True,)


def _values(batches: Batches, table: str, column: str) -> list[str]:
    found = {value for batch in batches.get(table, ()) for value in batch.column(column).to_pylist()}
    return sorted(str(value) for value in found if value is not None)
