"""What follows from rows of inputs for the rights on files, in the transaction that writes them.

A run tells how long its files are proprietary, and rows of runs under embargo are hidden from the beginning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pyarrow as pa

from archive.access.clock import derive_abstracts, derive_files, files_of, lock_rights
from archive.access.hidden_rows import are_embargoes, hide_rows, hide_written, record_runs
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
    connection: Connection, input_id: str, batches: Batches, tables: Iterable[Table], *, is_fits: bool = False
) -> None:
    """Brings dates and embargoes in line with the rows that were just written of an input.

    `tables` are all of the archive: those of files show their dates, and parts of rows are hidden with them.
    """
    published = list(tables)
    runs = _values(batches, RUN.name, "run_id")
    if runs:
        derive_files(connection, files_of(connection, runs), published)
    programmes = _values(batches, ABSTRACT.name, "programme_id")
    if programmes:
        derive_abstracts(connection, programmes)
    if not is_fits:
        record_runs(connection, input_id, published, batches)
    if are_embargoes(connection):
        hide_written(connection, published, batches)
        if not is_fits:
            hide_rows(connection, published, files=[input_id])


def _values(batches: Batches, table: str, column: str) -> list[str]:
    found = {value for batch in batches.get(table, ()) for value in batch.column(column).to_pylist()}
    return sorted(str(value) for value in found if value is not None)
