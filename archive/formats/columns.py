"""Record batches made ready for every encoder: bounded slices, declared types, values every format has.

Here belongs what all formats need alike. How a value is spelled stays with `text` and `packing`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..declare.columns import Field
from ..declare.types import Type
from ..errors import DeclarationError
from .document import Result

__all__ = [
    "Rows",
    "fixed_length",
    "is_timestamp",
    "list_lengths",
    "list_values",
    "prepare",
    "slices",
    "unique_names",
]

# Bounds of what is encoded at once: rows, and bytes of Arrow data. Text grows severalfold on its way, and
# Arrow's offsets within one array end at 2 GiB.
_MOST_ROWS = 65536
_MOST_BYTES = 8 << 20

# No VO format can write PostgreSQL's infinite timestamps, which arrive as the extremes of int64 or near.
_YEAR_LIMITS = tuple(
    int(np.datetime64(text, "us").astype("i8")) for text in ("-99999-01-01", "99999-12-31T23:59:59.999999")
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a result: `count` of them, one Arrow array per field."""

    count: int
    columns: tuple[Any, ...]


def slices(result: Result) -> Iterator[Rows]:
    """The rows of a result in pieces of bounded size; none of them is empty."""
    for batch in result:
        rows = batch.num_rows
        if not rows:
            continue
        step = min(_MOST_ROWS, max(1, rows * _MOST_BYTES // max(batch.nbytes, 1)))
        for start in range(0, rows, step):
            yield prepare(batch if step >= rows else batch.slice(start, step), result.fields)


def prepare(batch: Any, fields: tuple[Field, ...]) -> Rows:
    """A batch with each column in its declared type, timestamps in bounds, arrays as long as declared."""
    return Rows(batch.num_rows, tuple(_column(batch.column(i), field) for i, field in enumerate(fields)))


def _column(column: Any, field: Field) -> Any:
    if column.type != field.type.arrow:
        column = column.cast(field.type.arrow)
    if is_timestamp(field.type):
        return _bounded_timestamps(column)
    if field.type.is_array:
        _check_lengths(column, field)
    if field.type.datatype == "unsignedByte":
        _check_bytes(list_values(column) if field.type.is_array else column, field)
    return column


def _bounded_timestamps(column: Any) -> Any:
    """Timestamps with everything outside the years -99999 to 99999, infinity foremost, turned NULL."""
    microseconds = column.cast(pa.int64())
    first, last = _YEAR_LIMITS
    extremes = pc.min_max(microseconds).as_py()
    if extremes["min"] is None or (extremes["min"] >= first and extremes["max"] <= last):
        return column
    inside = pc.and_(pc.greater_equal(microseconds, first), pc.less_equal(microseconds, last))
    return pc.if_else(inside, column, pa.scalar(None, column.type))


def _check_lengths(column: Any, field: Field) -> None:
    declared = fixed_length(field.type)
    if declared is None:
        return
    extremes = pc.min_max(pc.list_value_length(column)).as_py()
    for length in (extremes["min"], extremes["max"]):
        if length is not None and length != declared:
            raise DeclarationError(
                f"column {field.name}: an array of {length} values where {field.type.arraysize} were declared"
            )


def _check_bytes(column: Any, field: Field) -> None:
    """PostgreSQL stores unsigned bytes in two: what does not fit would come out as another number."""
    extremes = pc.min_max(column).as_py()
    if extremes["min"] is not None and not 0 <= extremes["min"] <= extremes["max"] <= 255:
        raise DeclarationError(f"column {field.name}: a value outside 0 to 255, declared as an unsigned byte")


def is_timestamp(type_: Type) -> bool:
    return type_.numpy == "M8[us]"


def fixed_length(type_: Type) -> int | None:
    """The number of elements of every value of an array type ("2x3": 6); None when it varies."""
    if type_.arraysize is None or type_.arraysize.endswith("*"):
        return None
    return math.prod(int(length) for length in type_.arraysize.split("x"))


def list_lengths(column: Any) -> np.ndarray[Any, np.dtype[np.int32]]:
    """Elements of each array of a list column; 0 for NULL."""
    lengths: np.ndarray[Any, np.dtype[np.int32]] = (
        pc.list_value_length(column).fill_null(0).to_numpy(zero_copy_only=False)
    )
    return lengths


def list_values(column: Any) -> Any:
    """The elements of a list column one after the other; NULL arrays have none, whatever lies beneath."""
    return pc.list_flatten(column)


def unique_names(given: Sequence[str]) -> tuple[str, ...]:
    """Names for readers that look columns up by name: a repeated one, in any letter case, gets a number."""
    taken = {name.lower() for name in given}
    seen: set[str] = set()
    names = []
    for wanted in given:
        name, count = wanted, 1
        while name.lower() in (seen if count == 1 else taken | seen):
            count += 1
            name = f"{wanted}_{count}"
        seen.add(name.lower())
        names.append(name)
    return tuple(names)
