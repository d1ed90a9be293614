"""What the tests of the readers of a night's records share: their rows, and hostile inputs."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from archive.declare import Record, Table
from archive.errors import UnreadableFile
from archive.plugins import Ingest
from tests.readers import phase2_support
from tests.readers.phase2_support import given

__all__ = ["given", "rows_of", "survives"]


def rows_of(table: Table, records: Iterable[Record]) -> list[dict[str, Any]]:
    return phase2_support.rows_of(list(records), table.name)


def survives(plugin: Ingest, folder: Path, name: str, contents: Iterable[bytes]) -> int:
    """Reads every content; none raises anything but UnreadableFile. How many could be read."""
    read = 0
    for content in contents:
        try:
            records = list(plugin.reader(given(folder, name, content)))
        except UnreadableFile:
            continue
        assert {record.table for record in records} <= set(plugin.tables)
        read += 1
    return read
