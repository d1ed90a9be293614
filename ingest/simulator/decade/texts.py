"""Texts, times and whole tables of many rows at once, as Arrow has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from archive.declare.tables import Table

__all__ = ["Batch", "batch", "batch_of_dicts", "joined", "timestamps", "words", "written"]


Batch = tuple[Table, pa.RecordBatch]


def batch(table: Table, rows: int, values: Mapping[str, object]) -> Batch:
    """Columns that have no values are NULL; a value that is no array holds for all rows."""
    arrays = []
    for column in table.columns:
        value = values.get(column.name)
        if isinstance(value, np.ndarray):
            value = pa.array(value)
        if isinstance(value, pa.Array):
            arrays.append(value.cast(column.type.arrow))
        else:
            arrays.append(pa.repeat(pa.scalar(value, column.type.arrow), rows))
    return table, pa.RecordBatch.from_arrays(arrays, names=[column.name for column in table.columns])


def batch_of_dicts(table: Table, rows: Iterable[Mapping[str, Any]]) -> Batch:
    listed = list(rows)
    names = {name for row in listed for name in row}
    return batch(
        table,
        len(listed),
        {name: pa.array([row.get(name) for row in listed], table.by_name[name].type.arrow) for name in names},
    )


def timestamps(moments: NDArray[np.int64]) -> pa.Array:
    """Of milliseconds since 1970; NULL where they are negative."""
    return pa.array(moments * 1000, mask=moments < 0).cast(pa.timestamp("us"))


def written(moments: NDArray[np.int64]) -> pa.Array:
    """As 2026-03-14T00:00:00.000, of milliseconds since 1970."""
    text = pa.array(moments).cast(pa.timestamp("ms")).cast(pa.string())
    return joined(pc.utf8_slice_codeunits(text, 0, 10), "T", pc.utf8_slice_codeunits(text, 11, 23))


def joined(*parts: pa.Array | str) -> pa.Array:
    """Texts one after the other, row by row."""
    return cast("pa.Array", pc.binary_join_element_wise(*parts, ""))


def words(choices: Sequence[str | None], places: NDArray[np.int64]) -> pa.Array:
    """The word at its place for each row."""
    return pa.array(choices, pa.string()).take(pa.array(places))
