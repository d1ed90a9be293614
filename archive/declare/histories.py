"""Tables that keep every version of the rows of another: what changed, when, and by which input."""

from __future__ import annotations

from dataclasses import replace

from .columns import Column
from .semantics import UTC
from .tables import Key, Table
from .types import INTEGER, TEXT, TIMESTAMP

__all__ = ["BOOKKEEPING", "history_table"]

_VERSION = Column(
    "row_version",
    INTEGER,
    ucd="meta.version",
    nullable=False,
    principal=True,
    description="Number of the version of this row, from 1; the highest is the present one",
)
_FROM = Column(
    "valid_from",
    TIMESTAMP,
    ucd="time.start",
    timesys=UTC,
    nullable=False,
    indexed=True,
    principal=True,
    description="When the archive learnt of this version, UTC",
)
_TO = Column(
    "valid_to",
    TIMESTAMP,
    ucd="time.end",
    timesys=UTC,
    principal=True,
    description="When another version took its place, or it was removed, UTC; NULL for the present one",
)
_INPUT = Column(
    "input_id",
    TEXT,
    ucd="meta.id;meta.file",
    description="The input that told of it: input_id of dfs.input_file",
)
BOOKKEEPING = (_VERSION, _FROM, _TO, _INPUT)


def history_table(table: Table, description: str) -> Table:
    """The table named by `table.history`: the same columns, and those of BOOKKEEPING in front.

    A version is as hidden as the row was when it was written, until somebody says otherwise.
    """
    columns = tuple(replace(column, folded=False) for column in table.columns)
    key = Key(table.primary_key, table.name, table.primary_key, "The present version")
    return Table(
        table.history,
        (*BOOKKEEPING, *columns),
        description,
        title=f"{table.title or table.name}: all versions",
        primary_key=(*table.primary_key, _VERSION.name),
        keys=(key,),
        restricted=table.restricted,
        hides=table.hides,
        hidden_with=table.hidden_with,
        hidden_at_first=table.hidden_at_first,
    )
