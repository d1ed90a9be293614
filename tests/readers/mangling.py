"""Inputs made worse in every place: what a reader has to answer with rows or with an error that tells."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from itertools import islice, product
from pathlib import Path
from typing import Any

from archive.database import records_batch
from archive.errors import UnreadableFile
from archive.plugins import Ingest
from tests.readers.phase2_support import read

__all__ = ["WRONG", "survives", "truncated", "wrong_places"]

# What may stand where something else should.
WRONG: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**63,
    1e999,
    "",
    "\0\ud800x",
    "x" * 3000,
    "0001-01-01T00:00:00+23:00",
    [],
    [[1, "a", None, {}]],
    {},
    {"a": {"b": [1]}},
)


def wrong_places(document: Any, every: int = 1, wrong: Sequence[Any] = WRONG) -> Iterator[Any]:
    """Copies of a JSON value in which one place has one of these values: every so many of all of them."""
    for path, value in islice(product(_paths(document, ()), wrong), 0, None, every):
        mangled = copy.deepcopy(document)
        holder = mangled
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = value
        yield mangled


def truncated(content: bytes, step: int) -> Iterator[bytes]:
    """The content cut off after every so many bytes."""
    for length in range(0, len(content), step):
        yield content[:length]


def survives(plugin: Ingest, folder: Path, content: object, name: str) -> bool:
    """True when there were rows that fit their tables, False when it was refused; anything else is raised."""
    try:
        records = read(plugin, folder, content, name)
        for table in plugin.tables:
            records_batch(table, [record for record in records if record.table is table])
    except UnreadableFile as refused:
        assert 0 < len(str(refused)) < 2000, name
        return False
    return True


def _paths(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, inner in members:
        yield (*path, key)
        yield from _paths(inner, (*path, key))
