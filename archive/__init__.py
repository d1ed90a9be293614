"""The archive itself: declarations, the query path, storage, formats and what the protocols share.

What authors of plugins need is offered here by name. It is imported when it is first asked for (PEP 562), as
importing all of it takes seconds which `uraniborg --help` does not have.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .declare import GALACTIC, ICRS, MJD_UTC, UTC, Column, Example, Key, Record, Schema, Table
    from .declare.histories import history_table
    from .declare.parts import part_of
    from .declare.types import (
        BOOLEAN,
        CIRCLE,
        DOUBLE,
        FLOAT,
        INTEGER,
        INTERVAL,
        LONG,
        POINT,
        POLYGON,
        REGION,
        SHORT,
        TEXT,
        TIMESTAMP,
        array_of,
        char,
    )
    from .errors import ArchiveError, DeclarationError, UnreadableFile
    from .store import Header

__all__ = [
    "BOOLEAN",
    "CIRCLE",
    "DOUBLE",
    "FLOAT",
    "GALACTIC",
    "ICRS",
    "INTEGER",
    "INTERVAL",
    "LONG",
    "MJD_UTC",
    "POINT",
    "POLYGON",
    "REGION",
    "SHORT",
    "TEXT",
    "TIMESTAMP",
    "UTC",
    "ArchiveError",
    "Column",
    "DeclarationError",
    "Example",
    "Header",
    "Key",
    "Record",
    "Schema",
    "Table",
    "UnreadableFile",
    "array_of",
    "char",
    "history_table",
    "part_of",
]

_HOMES = {
    "ArchiveError": "errors",
    "DeclarationError": "errors",
    "Header": "store",
    "UnreadableFile": "errors",
    "history_table": "declare.histories",
    "part_of": "declare.parts",
    **dict.fromkeys(
        ("Column", "Example", "GALACTIC", "ICRS", "Key", "MJD_UTC", "Record", "Schema", "Table", "UTC"),
        "declare",
    ),
}

if not TYPE_CHECKING:  # so that a name which is not offered is an error for type checkers

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        home = import_module(f".{_HOMES.get(name, 'declare.types')}", __name__)
        return getattr(home, name)
