"""Rows into tables: records and Arrow batches fitted to a declaration, sent by COPY BINARY.

Regions are taken apart here for the hidden columns beside them; a text that no index can hold stays
in its column and is reported. Creating tables, indexes and catalogues belongs to `loading`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from math import inf

import numpy as np
import psycopg
import pyarrow as pa
from psycopg import sql

from ..declare.columns import Column
from ..declare.names import quote_identifier
from ..declare.regions import parse_region, repaired
from ..declare.tables import HIDDEN_FOR, Record, Table
from ..errors import ArchiveError, UnreadableFile
from ..query.storage import region_values
from . import ddl
from .bookkeeping import Connection
from .copybinary import END, START, encode

__all__ = [
    "STAGING",
    "Written",
    "copy_arrow",
    "copy_plain",
    "copy_records",
    "fitted",
    "insert_staged",
    "records_batch",
    "refusals",
    "replacing",
    "stage",
    "write_records",
]

_ROWS = 20_000  # encoded at once, to bound the memory
_LARGEST_REAL = float(np.finfo(np.float32).max)
_KEPT = 100  # problems told in full
_KNOWN_LENGTH = 4096  # characters of a region that is remembered
STAGING = "uraniborg_staging"  # the temporary table that `stage` makes

_Parts = tuple[str | None, ...]


@dataclass(slots=True)
class Written:
    """How many rows were written, and what was wrong with their regions (the first hundred problems)."""

    rows: int = 0
    faulty_regions: int = 0
    problems: list[str] = field(default_factory=list)

    def report(self, problem: str) -> None:
        self.faulty_regions += 1
        if len(self.problems) < _KEPT:
            self.problems.append(problem)


# --- the public ways in ------------------------------------------------------------------------------


def copy_records(connection: Connection, table: Table, records: Iterable[Record]) -> Written:
    """Adds new rows."""
    return copy_arrow(connection, table, iter([records_batch(table, list(records))]))


def copy_arrow(
    connection: Connection, table: Table, batches: Iterable[pa.RecordBatch], *, name: str | None = None
) -> Written:
    """Adds new rows to the table, or to one of the same shape called `name` in the same schema."""
    written = Written()
    target = ddl.qualified_name(table, name)
    with refusals(table):
        if table.regions or table.hidden_at_first:
            stage(connection, table, batches, written)
            insert_staged(connection, table, target, written)
        else:
            columns = [column.physical_name for column in table.columns]
            _copy(connection, target, columns, _plain(table, batches, written))
    return written


def write_records(connection: Connection, table: Table, records: Iterable[Record]) -> Written:
    """Adds rows, or replaces those that have the same primary key; of equal keys the last record stays."""
    if not table.primary_key:
        return copy_records(connection, table, records)
    places = [list(table.by_name).index(name) for name in table.primary_key]
    latest = {tuple(record.values[place] for place in places): record for record in records}
    written = Written()
    with refusals(table):
        stage(connection, table, iter([records_batch(table, list(latest.values()))]), written)
        insert_staged(connection, table, ddl.qualified_name(table), written, conflict=replacing(table))
    return written


def replacing(table: Table) -> str:
    """What an INSERT does with rows whose primary key is there already: it replaces them."""
    keys = [table.by_name[name].physical_name for name in table.primary_key]
    others = [name for name, _, _ in ddl.stored_columns(table) if name not in keys]
    listed = ", ".join(map(quote_identifier, keys))
    if not others:
        return f"ON CONFLICT ({listed}) DO NOTHING"
    changes = ", ".join(f"{quote_identifier(name)} = EXCLUDED.{quote_identifier(name)}" for name in others)
    return f"ON CONFLICT ({listed}) DO UPDATE SET {changes}"


# --- fitting values to the declaration ---------------------------------------------------------------


def records_batch(table: Table, records: Sequence[Record], *, exact: bool = False) -> pa.RecordBatch:
    """Records as one batch in the table's types; UnreadableFile names the column that does not fit.

    `exact` refuses also what Arrow would make fit: 1.5 for an integer, 1e300 for a REAL.
    """
    if any(len(record.values) != len(table.columns) for record in records):
        raise UnreadableFile(f"table {table.name}: a row has more or fewer values than there are columns")
    columns = list(zip(*(record.values for record in records), strict=True)) or [()] * len(table.columns)
    arrays = []
    for column, values in zip(table.columns, columns, strict=True):
        with _fitting(table, column):
            if exact:
                _check_exact(column, values)
            arrays.append(_array(column, values))
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in table.columns])


def _array(column: Column, values: Sequence[object]) -> pa.Array:
    type_ = column.type.arrow
    if pa.types.is_timestamp(type_):
        values = [datetime.fromisoformat(value) if isinstance(value, str) else value for value in values]
    return pa.array(values, type_)


def _check_exact(column: Column, values: Sequence[object]) -> None:
    if column.type.is_integer:
        for value in values:
            if isinstance(value, float | np.floating) and value != int(value):
                raise ValueError(f"{value} is no whole number")
    elif column.type.is_numeric and column.type.numpy == "f4":
        for value in values:
            if isinstance(value, int | float) and _LARGEST_REAL < abs(value) < inf:
                raise ValueError(f"{value} is too large")


def fitted(table: Table, batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch with exactly the table's columns and types; columns that are not there are NULL."""
    unknown = set(batch.schema.names) - table.by_name.keys()
    if unknown:
        raise UnreadableFile(f"table {table.name} has no column {', '.join(sorted(unknown))}")
    arrays = []
    for column in table.columns:
        if column.name not in batch.schema.names:
            arrays.append(pa.nulls(batch.num_rows, column.type.arrow))
            continue
        array = batch.column(column.name)
        with _fitting(table, column):
            arrays.append(array if array.type == column.type.arrow else array.cast(column.type.arrow))
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in table.columns])


@contextlib.contextmanager
def _fitting(table: Table, column: Column) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OverflowError, TypeError, ValueError) as cause:
        raise UnreadableFile(
            f"table {table.name}, column {column.name} ({column.type.adql}): {cause}"
        ) from cause


# --- COPY --------------------------------------------------------------------------------------------


@contextlib.contextmanager
def refusals(table: Table) -> Iterator[None]:
    """PostgreSQL's refusal of a row (NULL, a second equal key, a NUL in a text) as UnreadableFile.

    So are more columns than a table can have, and values too long for a page or an index.
    """
    try:
        yield
    except (
        psycopg.DataError,
        psycopg.IntegrityError,
        psycopg.errors.ProgramLimitExceeded,
        psycopg.errors.TooManyColumns,
    ) as cause:
        raise UnreadableFile(f"table {table.name}: {cause.diag.message_primary}") from cause


def copy_plain(
    connection: Connection, target: str, columns: Sequence[str], batches: Iterable[pa.RecordBatch]
) -> None:
    """Copies batches as they are into columns of just these types; `target` is a quoted name."""
    _copy(connection, target, columns, (batch.columns for batch in batches))


def _copy(
    connection: Connection, target: str, columns: Sequence[str], rows: Iterator[Sequence[pa.Array]]
) -> None:
    listed = ", ".join(map(quote_identifier, columns))
    with connection.cursor().copy(f"COPY {target} ({listed}) FROM STDIN (FORMAT binary)".encode()) as copy:
        copy.write(START)
        for arrays in rows:
            copy.write(encode(arrays))
        copy.write(END)


def _plain(table: Table, batches: Iterable[pa.RecordBatch], written: Written) -> Iterator[Sequence[pa.Array]]:
    for piece in _pieces(table, batches):
        yield piece.columns
        written.rows += piece.num_rows


def _pieces(table: Table, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        whole = fitted(table, batch)
        for start in range(0, whole.num_rows, _ROWS):
            yield whole.slice(start, _ROWS)


# --- regions -----------------------------------------------------------------------------------------


def stage(connection: Connection, table: Table, batches: Iterable[pa.RecordBatch], written: Written) -> None:
    """The rows in a temporary table, hidden columns as text: pg_sphere has no binary input."""
    hidden = {name for region in table.regions for name in ddl.hidden_columns(region)}
    columns = [(n, "text" if n in hidden else type_) for n, type_, _ in ddl.stored_columns(table)]
    connection.execute(
        sql.SQL("CREATE TEMP TABLE {} ({}) ON COMMIT DROP").format(
            sql.Identifier(STAGING),
            sql.SQL(", ").join(sql.SQL(f"{quote_identifier(name)} {type_}") for name, type_ in columns),
        )
    )
    _copy(connection, STAGING, [name for name, _ in columns], _expanded(table, batches, written))


def insert_staged(
    connection: Connection,
    table: Table,
    target: str,
    written: Written,
    *,
    conflict: str = "",
    order: str = "",
    keep: bool = False,
) -> None:
    """Puts the staged rows into their table; regions that pg_sphere refuses lose their hidden parts.

    The staged ones are dropped then, unless they are to be kept for more. What is hidden at first is so for
    its own key; for how long and for whom a row that is there already is hidden does not change.
    """
    regions = table.regions
    hidden = {name for region in regions for name in ddl.hidden_columns(region)}
    stored = [name for name, _, _ in ddl.stored_columns(table)]
    values = [
        f"{quote_identifier(name)}::{type_}" if name in hidden else quote_identifier(name)
        for name, type_, _ in ddl.stored_columns(table)
    ]
    if table.hidden_at_first:
        stored.append(HIDDEN_FOR)
        values.append(quote_identifier(table.by_name[table.hides].physical_name))
    listed = ", ".join(map(quote_identifier, stored))
    statement = (
        f"INSERT INTO {target} ({listed}) SELECT {', '.join(values)} FROM {STAGING} {order} {conflict}"
    ).encode()
    try:
        with connection.transaction() if regions else contextlib.nullcontext():
            connection.execute(statement)
    except (psycopg.DataError, psycopg.InternalError):
        if not regions:
            raise
        for region in regions:
            _drop_refused(connection, table, region, written)
        connection.execute(statement)
    if not keep:
        connection.execute(f"DROP TABLE {STAGING}")


def _drop_refused(connection: Connection, table: Table, region: str, written: Written) -> None:
    hidden = [quote_identifier(name) for name in ddl.hidden_columns(region)]
    text = quote_identifier(table.by_name[region].physical_name)
    nothing = ", ".join(f"{name} = NULL" for name in hidden)
    statement = (
        f"UPDATE {STAGING} SET {nothing} WHERE NOT archive.is_region({', '.join(hidden)}) RETURNING {text}"
    )
    for (value,) in connection.execute(statement.encode()).fetchall():
        written.report(f"{region}: pg_sphere does not take {value}")


def _expanded(
    table: Table, batches: Iterable[pa.RecordBatch], written: Written
) -> Iterator[Sequence[pa.Array]]:
    for piece in _pieces(table, batches):
        arrays = list(piece.columns)
        for region in table.regions:
            rows = [_parts(region, text, written) for text in piece.column(region).to_pylist()]
            for part in zip(*rows, strict=True):
                arrays.append(pa.array(part, pa.string()))
        yield arrays
        written.rows += piece.num_rows


def _parts(region: str, text: str | None, written: Written) -> _Parts:
    """The hidden columns' texts for one value."""
    nothing = (None,) * len(ddl.HIDDEN_TYPES)
    if text is None:
        return nothing
    try:
        return _known_parts(text) if len(text) <= _KNOWN_LENGTH else _parts_of(text)
    except ArchiveError as error:
        written.report(f"{region}: {text[:200]}: {error.message}")
        return nothing


def _parts_of(text: str) -> _Parts:
    values = region_values(repaired(parse_region(text))[0])
    return (values.bounds, values.points, values.circles, values.polygons)


# A file's region goes into several tables, and the frames of one field have the same.
_known_parts = lru_cache(maxsize=1024)(_parts_of)
