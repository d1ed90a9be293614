"""What users do with the tables that they keep: create, replace, add rows to, drop and share them.

Plain blocking calls, each all or nothing. What HTTP has to do with it is `user_tables_http`'s.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from archive.access import Caller
from archive.config import Config
from archive.database.user_tables import Quota, UserTable, sweep, user_schema
from archive.declare.columns import Column
from archive.declare.names import check_table_name
from archive.declare.tables import Table
from archive.declare.types import TIMESTAMP, Type
from archive.errors import (
    DeclarationError,
    Forbidden,
    TooLarge,
    Unauthenticated,
    UnreadableFile,
    UsageError,
)
from archive.protocol import Archive
from archive.protocol.requests import ReceivedFile
from archive.tablefiles import Source, declared
from archive.tablefiles.columns import unit_of
from archive.tablefiles.source import timestamps

from .user_tables_definition import indexed_columns
from .user_tables_files import Content, content_of, open_body

__all__ = ["Kept", "UserTableWork", "full_name", "quota_of"]

_USER = re.compile(r"[a-z][a-z0-9_]{0,29}")
# A table takes about what its batches take in memory, unless its texts pack well.
_PACKED = 4
_SPARE = 64 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a table; `remarks` tell what is otherwise than it was sent."""

    table: UserTable
    replaced: bool = False
    remarks: tuple[str, ...] = ()


def quota_of(config: Config) -> Quota:
    return Quota(config.user_tables_bytes, config.user_tables)


def full_name(caller: Caller, written: str) -> str:
    """The published name of a table of the caller's, written with or without its schema.

    Raises Unauthenticated without a caller, Forbidden for every other schema, and UsageError for what is
    no name.
    """
    if caller.is_anonymous:
        raise Unauthenticated("only users who identify themselves keep tables", hint="send your token")
    own = user_schema(caller.name)
    schema, dot, base = written.rpartition(".")
    if dot and schema.lower() != own:
        raise Forbidden(f"{written[:100]} is in no schema of yours", hint=f"yours is {own}")
    name = f"{own}.{base}"
    try:
        check_table_name(name)
    except DeclarationError as cause:
        raise UsageError(cause.message, hint=cause.hint) from cause
    return name


class UserTableWork:
    """All of it for one archive."""

    def __init__(self, archive: Archive) -> None:
        self._config = archive.config
        self._database = archive.database
        self._quota = quota_of(archive.config)

    def list(self, caller: Caller) -> Sequence[UserTable]:
        with self._database.user_tables(caller.name) as tables:
            return tables.all()

    def one(self, caller: Caller, name: str) -> UserTable:
        with self._database.user_tables(caller.name) as tables:
            return tables.need(name)

    def check_room(self, caller: Caller, name: str) -> None:
        """Before a table is sent: raises when there is no room for it anyway."""
        with self._database.writer() as connection:
            sweep(connection)
        with self._database.user_tables(caller.name) as tables:
            tables.prepare(name, self._quota)

    def put(self, caller: Caller, name: str, body: ReceivedFile) -> Kept:
        """Keeps the table of a body as `name`, in place of the one that has the name, if any."""
        content = content_of(body)
        with _told(), open_body(body, content, self._config) as source:
            if source.guessed and source.rows == 0:
                raise UsageError("there is no row below the line of column names, so nothing tells types")
            table, remarks = declared(name, source.columns, source.description or f"A table of {caller.name}")
            if content is Content.DEFINITION:
                table = _indexed(table, source, indexed_columns(body.path))
            with self._database.user_tables(caller.name) as tables:
                free = tables.free_bytes(self._quota, replaced=name)
                batches = _batches(source, table.columns, self._config, free)
                kept, replaced = tables.keep(table, batches, self._quota)
        return Kept(kept, replaced, (*source.remarks, *remarks))

    def append(self, caller: Caller, name: str, body: ReceivedFile) -> Kept:
        """Adds the rows of a body, whose columns must be among those of the table."""
        with self._database.user_tables(caller.name) as tables:
            known = tables.need(name)
        content = content_of(body)
        if content is Content.DEFINITION:
            raise UsageError("a definition has no rows", hint="send a table")
        with _told(), open_body(body, content, self._config, _types(known.table)) as source:
            columns = _matched(known.table, source)
            with self._database.user_tables(caller.name) as tables:
                batches = _batches(source, columns, self._config, tables.free_bytes(self._quota))
                return Kept(tables.append(known, batches, self._quota))

    def drop(self, caller: Caller, name: str) -> None:
        with self._database.user_tables(caller.name) as tables:
            tables.drop(name)

    def share(self, caller: Caller, name: str, *, public: bool | None, readers: str | None) -> UserTable:
        """What is None stays as it is; `readers` are names separated by blanks or commas."""
        named = None if readers is None else re.split(r"[\s,]+", readers.strip()) if readers.strip() else []
        wrong = [reader for reader in named or () if not _USER.fullmatch(reader)]
        if wrong:
            raise UsageError(f"READERS: {wrong[0][:40]!r} is no name of a user")
        with self._database.user_tables(caller.name) as tables:
            known = tables.need(name)
            return tables.share(
                name,
                public=known.public if public is None else public,
                readers=known.readers if named is None else named,
            )


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with a file is its sender's business here."""
    try:
        yield
    except (UnreadableFile, DeclarationError) as cause:
        raise UsageError(cause.message, hint=cause.hint) from cause


def _indexed(table: Table, source: Source, wanted: set[str]) -> Table:
    """The table with indexes on the columns that the definition flags."""
    paired = {name for pair in table.positions for name in pair}
    columns = tuple(
        replace(column, indexed=given.name in wanted and column.name not in paired)
        for column, given in zip(table.columns, source.columns, strict=True)
    )
    return replace(table, columns=columns)


# --- rows for a table that is there -----------------------------------------------------------------------


def _types(table: Table) -> Mapping[str, Type]:
    """The types by what a line of names may call the columns."""
    return {
        name: column.type
        for column in table.columns
        for name in (column.name, column.name.lower(), column.name.upper())
    }


def _matched(table: Table, source: Source) -> tuple[Column, ...]:
    """The table's column for each of the source's; UsageError for what does not fit."""
    matched: list[Column] = []
    for given in source.columns:
        alike = [c for c in table.columns if c.name.lower() == given.name.strip().lower()]
        column = next((c for c in alike if c.name == given.name), alike[0] if alike else None)
        if column is None:
            has = ", ".join(c.name for c in table.columns[:50])
            raise UsageError(f"{table.name} has no column {given.name[:100]}", hint=f"its columns are {has}")
        if column in matched:
            raise UsageError(f"column {column.name} comes twice")
        _check_unit(column, given.unit)
        _check_kind(column, given.type)
        matched.append(column)
    return tuple(matched)


def _check_unit(column: Column, given: str) -> None:
    unit = unit_of(given)
    if unit and column.unit and unit != column.unit:
        raise UsageError(f"column {column.name} is in {column.unit}, not in {unit}")


def _check_kind(column: Column, given: Type) -> None:
    """Numbers may be of other sizes, and times may be texts; nothing else is taken for something else."""
    own = column.type
    sizes = own.arraysize == given.arraysize or "*" in (own.arraysize or "")
    if own.is_array or given.is_array:
        fits = own.is_array and given.is_array and sizes
    else:
        fits = own.is_text == given.is_text or (own == TIMESTAMP and given.is_text)
    if not fits:
        raise UsageError(f"column {column.name} is {_said(own)}, not {_said(given)}")


def _said(type_: Type) -> str:
    return f"{type_.datatype}[{type_.arraysize}]" if type_.is_array else type_.adql


def _batches(
    source: Source, columns: Sequence[Column], config: Config, free_bytes: int
) -> Iterator[pa.RecordBatch]:
    names = [column.name for column in columns]
    rows = size = 0
    for arrays in source.batches():
        fitted = [_fitted(source, c, array, rows) for c, array in zip(columns, arrays, strict=True)]
        rows += len(arrays[0])
        if rows > config.upload_rows:
            raise TooLarge(f"there are more than {config.upload_rows} rows")
        size += sum(array.nbytes for array in fitted)
        if size > _PACKED * max(free_bytes, 0) + _SPARE:
            raise TooLarge("the table is far larger than the room that you have left")
        yield pa.RecordBatch.from_arrays(fitted, names=names)


def _fitted(source: Source, column: Column, array: pa.Array, row: int) -> pa.Array:
    """The values in the column's type; UnreadableFile names a row with one that does not fit."""
    type_ = column.type
    try:
        if type_ == TIMESTAMP and pa.types.is_string(array.type):
            return timestamps(array)
        fitted = array if array.type == type_.arrow else array.cast(type_.arrow)
    except pa.ArrowException as cause:
        raise source.unreadable(str(cause), row=row + 1, column=column.name) from cause
    if type_.is_array and (type_.arraysize or "").isdigit():
        others = pc.not_equal(pc.list_value_length(fitted), int(type_.arraysize or 0))
        wrong = pc.index(pc.fill_null(others, False), True).as_py()
        if wrong >= 0:
            reason = f"not {type_.arraysize} elements"
            raise source.unreadable(reason, row=row + wrong + 1, column=column.name)
    return fitted
