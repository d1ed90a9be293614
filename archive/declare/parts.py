"""Parts of tables: the columns for which one source speaks, when several tell of the same rows.

A row of a part leaves all other columns as they are. How it is written belongs to `archive.database`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from ..errors import DeclarationError
from .tables import Table

__all__ = ["Part", "part_of", "whole_table"]


@dataclass(frozen=True)
class Part(Table):
    """Some columns of a table, its primary key among them, under the table's name; `table` has them all."""

    table: Table | None = None


def part_of(table: Table, *columns: str) -> Part:
    """The part of a table that has these columns and the primary key.

    `PART.row(...)` makes its rows. Of a row that is there they change these columns only, and of those one
    that is not given becomes NULL, as in every row; a row that is not there gets NULL in all others. It tells
    nothing of wholes: no row is removed. Raises DeclarationError for columns that the table has not got, and
    when one that is never NULL is left out.
    """
    unknown = [name for name in columns if name not in table.by_name]
    if unknown:
        raise DeclarationError(f"table {table.name} has no column {', '.join(unknown)}")
    if not table.primary_key:
        raise DeclarationError(
            f"table {table.name} has no primary key, by which parts of rows belong together"
        )
    kept = {*table.primary_key, *columns}
    needed = [column.name for column in table.columns if not column.nullable and column.name not in kept]
    if needed:
        raise DeclarationError(
            f"a part of table {table.name} needs {', '.join(needed)}, which is never NULL",
            hint="name it too",
        )
    same = ("name", "description", "title", "primary_key", "history", "restricted")
    declared = {field.name: getattr(table, field.name) for field in fields(Table) if field.name in same}
    chosen = tuple(column for column in table.columns if column.name in kept)
    return Part(**declared, columns=chosen, table=table)


def whole_table(table: Table) -> Table:
    """The table of a part; any other is its own."""
    return table.table if isinstance(table, Part) and table.table is not None else table
