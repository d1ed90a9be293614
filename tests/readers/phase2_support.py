"""Readers run on contents, and their rows as dictionaries."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from archive.declare import Record
from archive.plugins import Ingest, Input

__all__ = ["given", "read", "rows_of"]

RECEIVED = datetime.fromisoformat("2026-01-01T12:00:00")


def given(folder: Path, name: str, content: object) -> Input:
    """An input as the runner would give it; what is neither bytes nor text becomes JSON."""
    path = folder / name
    match content:
        case bytes():
            path.write_bytes(content)
        case str():
            path.write_text(content, encoding="utf-8")
        case _:
            path.write_text(json.dumps(content), encoding="utf-8")
    return Input(path, name, f"plugin.{name}", RECEIVED)


def read(plugin: Ingest, folder: Path, content: object, name: str = "input.json") -> list[Record]:
    return list(plugin.reader(given(folder, name, content)))


def rows_of(records: list[Record], table: str) -> list[dict[str, Any]]:
    """The rows of a table, without what is NULL."""
    return [
        {name: value for name, value in zip(one.table.by_name, one.values, strict=True) if value is not None}
        for one in records
        if one.table.name == table
    ]
