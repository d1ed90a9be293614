"""Reads a catalogue file as `uraniborg load` would, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archive.declare import Table
from archive.tablefiles.opening import open_catalogue
from ingest.catalogues import read_declaration

__all__ = ["read", "remarks_on"]


def read(path: Path) -> tuple[Table, dict[str, list[Any]]]:
    """The declaration, and the values of each column."""
    table = read_declaration("cat.t", path)
    values: dict[str, list[Any]] = {column.name: [] for column in table.columns}
    with open_catalogue(path) as source:
        for arrays in source.batches():
            for column, array in zip(table.columns, arrays, strict=True):
                assert array.type == column.type.arrow
                values[column.name] += array.to_pylist()
        rows = [len(column) for column in values.values()]
        assert set(rows) == {source.rows if source.rows is not None else rows[0]}
    return table, values


def remarks_on(path: Path) -> tuple[str, ...]:
    with open_catalogue(path) as source:
        return source.remarks
