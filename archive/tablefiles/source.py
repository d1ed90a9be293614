"""What the readers of table files hand over: columns with what the file says of them, rows in batches.

Each format has a module beside this one; `columns` makes a declaration of what they found. Who wants the
rows, and where they go, is no business of this room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..declare import CooSys, TimeSys
from ..declare.types import TIMESTAMP, Type
from ..errors import UnreadableFile

__all__ = [
    "ROW_BYTES",
    "Member",
    "Source",
    "SourceColumn",
    "batch_rows",
    "first_refused",
    "fixed_lists",
    "timestamps",
    "unreadable",
    "without_nan",
]

Arrays = list[pa.Array]

ROW_BYTES = 16 << 20  # of one batch, about
_MOST_ROWS = 65_536


@dataclass(frozen=True, slots=True)
class SourceColumn:
    """A column as its file describes it: name, unit and UCD in whatever dialect."""

    name: str
    type: Type
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    description: str = ""
    coosys: CooSys | None = None
    timesys: TimeSys | None = None


@dataclass(frozen=True)
class Source:
    """One table in one file.

    `batches` gives arrays in the order of `columns` and in their Arrow types; it may be called once.
    `rows` is None where only reading tells. `remarks` name what could not be taken over. `guessed`: the
    file declares no types, so that without rows nothing says that it is a table. `keywords`: FITS keywords
    of the file, where it is one, those of the table before those of the primary header.
    """

    path: Path
    columns: tuple[SourceColumn, ...]
    batches: Callable[[], Iterator[Arrays]]
    rows: int | None = None
    description: str = ""
    remarks: tuple[str, ...] = field(default=())
    guessed: bool = False
    keywords: Mapping[str, object] = field(default_factory=lambda: MappingProxyType({}))

    def unreadable(self, reason: str, *, row: int | None = None, column: str = "") -> UnreadableFile:
        """The error that names file, row (from 1) and column."""
        return unreadable(self.path, reason, row=row, column=column)


def unreadable(path: Path, reason: str, *, row: int | None = None, column: str = "") -> UnreadableFile:
    # The name only: what was compressed is read from a temporary copy elsewhere.
    place = "".join([f", row {row}" if row else "", f", column {column}" if column else ""])
    return UnreadableFile(f"{path.name}{place}: {reason}")


@dataclass(frozen=True)
class Member:
    """A table in a file, not yet looked into.

    `number` and `names` are what "#" after the name of the file takes; a file of one table has none.
    `open` may raise UnreadableFile, also when the file's other tables are readable.
    """

    number: int
    names: tuple[str, ...]
    rows: int | None
    open: Callable[[], Source]

    @property
    def label(self) -> str:
        """How the file calls it."""
        return next(filter(None, self.names), str(self.number))


def first_refused(array: Any, convert: Callable[[Any], object]) -> int:
    """The place, from 0, of the first value that `convert`, which refused the array, refuses."""
    begin, end = 0, len(array)
    while end - begin > 1:
        middle = (begin + end) // 2
        try:
            convert(array[begin:middle])
            begin = middle
        except (pa.ArrowException, ValueError, TypeError):
            end = middle
    return begin


def batch_rows(row_bytes: int) -> int:
    """How many rows make a batch of bounded size."""
    return max(1, min(_MOST_ROWS, ROW_BYTES // max(row_bytes, 1)))


def without_nan(array: pa.Array) -> pa.Array:
    """NULL in place of NaN, which is what catalogues mean by it; in PostgreSQL NaN exceeds every number."""
    return pc.if_else(pc.is_nan(array), pa.scalar(None, array.type), array)


def fixed_lists(values: Any, length: int, type_: Type) -> pa.Array:
    """A list array of rows of `length` elements from a flat numpy or Arrow array."""
    flat = values if isinstance(values, pa.Array) else pa.array(values)
    rows = len(flat) // length
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * length)
    return pa.ListArray.from_arrays(offsets, flat.cast(type_.arrow.value_type))


def timestamps(texts: pa.Array) -> pa.Array:
    """ISO 8601 texts as timestamps in UTC; raises pa.ArrowInvalid. Digits beyond microseconds are cut."""
    cut = pc.replace_substring_regex(texts, r"^([^.]*\.\d{6})\d*", r"\1")
    plain = pc.replace_substring_regex(pc.utf8_trim_whitespace(cut), r"(Z|[+-]00:?00)$", "")
    return pc.if_else(pc.equal(plain, ""), None, plain).cast(TIMESTAMP.arrow)
