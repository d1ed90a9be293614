"""What the readers of catalogue files hand over: columns with what the file says of them, rows in batches.

The readers are `catalogues_parquet`, `_text`, `_fits` and `_votable`; `catalogues_columns` makes a
declaration of what they found, and `catalogues` puts the rows into the database.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from archive.declare import CooSys
from archive.declare.types import TIMESTAMP, Type
from archive.errors import UnreadableFile

__all__ = [
    "ROW_BYTES",
    "Source",
    "SourceColumn",
    "batch_rows",
    "first_refused",
    "fixed_lists",
    "of_several",
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


@dataclass(frozen=True)
class Source:
    """One table in one file.

    `batches` gives arrays in the order of `columns` and in their Arrow types; it may be called once.
    `rows` is None where only reading tells. `remarks` name what could not be taken over.
    """

    path: Path
    columns: tuple[SourceColumn, ...]
    batches: Callable[[], Iterator[Arrays]]
    rows: int | None = None
    description: str = ""
    remarks: tuple[str, ...] = field(default=())

    def unreadable(self, reason: str, *, row: int | None = None, column: str = "") -> UnreadableFile:
        """The error that names file, row (from 1) and column."""
        return unreadable(self.path, reason, row=row, column=column)


def unreadable(path: Path, reason: str, *, row: int | None = None, column: str = "") -> UnreadableFile:
    # The name only: what was compressed is read from a temporary copy elsewhere.
    place = "".join([f", row {row}" if row else "", f", column {column}" if column else ""])
    return UnreadableFile(f"{path.name}{place}: {reason}")


def of_several(source: Source, tables: int) -> Source:
    """The source, with a remark when its file has further tables."""
    if tables < 2:
        return source
    remark = f"the first of {tables} tables is taken; {source.path.name}#NUMBER names another"
    return replace(source, remarks=(remark, *source.remarks))


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
