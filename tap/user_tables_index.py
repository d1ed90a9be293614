"""Indexes on tables that users keep, made by jobs (YouCat's /table-update, which pyvo's create_index uses).

Which column means what is decided here; making the index is the database's work.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from archive.declare.columns import Column
from archive.declare.parameters import Parameter, parse_arguments
from archive.declare.tables import Table
from archive.errors import BadParameter, Cancelled
from archive.protocol import Archive
from archive.protocol.uws import Job, JobResult, Output, Stop

from .user_tables import full_name, quota_of

__all__ = ["TableUpdates"]

TABLE = Parameter("TABLE", "The table, one of your own.")
INDEX = Parameter(
    "INDEX",
    "The column to index, or several separated by commas; a pair of longitude and latitude gets an index for"
    " positions.",
)
UNIQUE = Parameter("UNIQUE", "Whether no value may occur twice.", values=("true", "false"), default="false")

_NAME = re.compile(r'\s*("(?:[^"]|"")+"|[^",]+?)\s*(?:,|$)')
_COORDINATES = ("pos.eq", "pos.galactic", "pos.ecliptic", "pos.az")


class TableUpdates:
    """The kind of job behind /table-update."""

    name = "table-update"
    parameters: tuple[Parameter, ...] = (TABLE, INDEX, UNIQUE)

    def __init__(self, archive: Archive) -> None:
        self._archive = archive

    def run(self, job: Job, _files: Mapping[str, Path], output: Output, stop: Stop) -> JobResult:
        arguments = parse_arguments(self.parameters, job.parameters)
        caller = self._archive.accounts.acting_for(job.owner, job.scopes)
        written = arguments.text(INDEX)
        if written is None:
            raise BadParameter(INDEX.name, "is missing")
        name = full_name(caller, arguments.text(TABLE) or "")
        unique = arguments.text(UNIQUE) == "true"
        with self._archive.database.user_tables(caller.name) as tables:
            stop.call(tables.cancel)
            if stop.reason is not None:
                raise Cancelled("the index is not wanted any more")
            known = tables.need(name)
            columns = _columns(known.table, written)
            table = _with_index(known.table, columns, unique=unique)
            tables.index(known, table, columns if unique else (), quota_of(self._archive.config))
        output.write(f"{name} has an index on {', '.join(columns)}\n".encode())
        return JobResult({"Content-Type": "text/plain; charset=utf-8"}, "index.txt")

    def is_reference(self, _name: str, _value: str) -> bool:
        return False


def _columns(table: Table, written: str) -> tuple[str, ...]:
    """The names of the columns that are meant: delimited ones exactly, others in any letter case."""
    columns: list[str] = []
    place = 0
    while place < len(written):
        found = _NAME.match(written, place)
        if found is None:
            raise BadParameter(INDEX.name, f"{written[:100]!r} is no list of columns")
        columns.append(_column(table, found[1]).name)
        place = found.end()
    if not columns or len(set(columns)) < len(columns):
        raise BadParameter(INDEX.name, "a column is named twice" if columns else "no column is named")
    return tuple(columns)


def _column(table: Table, written: str) -> Column:
    exact = written[1:-1].replace('""', '"') if written.startswith('"') else written
    alike = [
        c for c in table.columns if c.name == exact or (exact == written and c.name.lower() == exact.lower())
    ]
    if not alike:
        has = ", ".join(c.name for c in table.columns[:50])
        raise BadParameter(
            INDEX.name, f"{table.name} has no column {exact[:100]}", hint=f"its columns are {has}"
        )
    column = next((c for c in alike if c.name == exact), alike[0])
    if column.type.is_array:
        raise BadParameter(INDEX.name, f"column {column.name} holds arrays, which have no order")
    return column


def _with_index(table: Table, columns: tuple[str, ...], *, unique: bool) -> Table:
    """The declaration with the index; one that must be unique is told apart from it."""
    if len(columns) == 2 and not unique and all(_is_coordinate(table.by_name[name]) for name in columns):
        lon, lat = columns
        return replace(table, positions=tuple(dict.fromkeys((*table.positions, (lon, lat)))))
    if unique:
        return table
    if len(columns) > 1:
        return replace(table, indexes=tuple(dict.fromkeys((*table.indexes, columns))))
    kept = [replace(c, indexed=c.indexed or c.name == columns[0]) for c in table.columns]
    return replace(table, columns=tuple(kept))


def _is_coordinate(column: Column) -> bool:
    return column.type.is_numeric and (column.unit == "deg" or column.ucd.startswith(_COORDINATES))
