"""The generic writer: the rows of one input, of any tables, in the caller's transaction.

How a table takes them is `database.upsert`'s business. Here is decided which wholes an input has: see
`told_by`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime

import pyarrow as pa

from ..database import Changes, lock_tables, records_batch, upsert
from ..declare.parts import Part
from ..declare.tables import Record, Table
from ..store import Connection

__all__ = ["Written", "told_by", "write_batches", "write_input"]

# What became of the rows of each table, by its name.
Written = dict[str, Changes]


def write_input(
    connection: Connection,
    records: Iterable[Record],
    *,
    tables: Iterable[Table] = (),
    input_id: str,
    moment: datetime,
) -> Written:
    """Writes records by their primary keys; the same ones twice change nothing, whatever their order.

    `tables` are those of the plugin: such as have no record, but are parts of a whole that has, lose their
    rows of it. `input_id` and `moment` (UTC unless it has a zone) are kept with every version of a row.
    Raises UnreadableFile for what does not fit its table; then the transaction must be rolled back.
    """
    grouped: dict[str, list[Record]] = {}
    known = {table.name: table for table in tables}
    for record in records:
        known.setdefault(record.table.name, record.table)
        grouped.setdefault(record.table.name, []).append(record)
    batches = {name: [records_batch(known[name], rows, exact=True)] for name, rows in grouped.items()}
    return write_batches(connection, list(known.values()), batches, input_id=input_id, moment=moment)


def write_batches(
    connection: Connection,
    tables: Sequence[Table],
    batches: Mapping[str, Iterable[pa.RecordBatch]],
    *,
    input_id: str,
    moment: datetime,
) -> Written:
    """The same for rows as batches in the tables' types, by the tables' names; they are run through twice."""
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    concerned = [table for table in tables if table.name in batches or table.whole]
    lock_tables(connection, concerned)
    written: Written = {}
    for table in concerned:
        wholes = list(_wholes(table, tables, batches))
        rows = batches.get(table.name, ())
        if wholes or table.name in batches:
            written[table.name] = upsert(connection, table, rows, wholes, input_id=input_id, moment=moment)
    return written


def told_by(table: Table, whole: Table) -> bool:
    """Whether a row of `table` tells that the input has all rows of `whole` which are of the same whole.

    So do rows that are the whole themselves (their primary key is its name) and rows of its other parts.
    A row that only mentions it, such as the item of a container that names an OB, does not, and no part of a
    row does.
    """
    if isinstance(table, Part):
        return False
    names = set(whole.whole)
    return bool(names) and names in (set(table.primary_key), set(table.whole))


def _wholes(
    table: Table, tables: Iterable[Table], batches: Mapping[str, Iterable[pa.RecordBatch]]
) -> Iterator[pa.RecordBatch]:
    types = [table.by_name[name].type.arrow for name in table.whole]
    for other in tables:
        if other.name in batches and told_by(other, table):
            for batch in batches[other.name]:
                arrays = [
                    batch.column(name).cast(type_) for name, type_ in zip(table.whole, types, strict=True)
                ]
                named = pa.RecordBatch.from_arrays(arrays, names=list(table.whole))
                yield from (
                    pa.Table.from_batches([named]).group_by(list(table.whole)).aggregate([]).to_batches()
                )
