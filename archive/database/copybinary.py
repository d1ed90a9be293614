"""Arrow arrays as the bytes of PostgreSQL's COPY BINARY, without a loop over rows.

Each column gives one cell per row: a length and that many bytes, big-endian. The cells are laid out
column by column and scattered to their places in the rows with numpy. Which column goes into which
table is no business of this module.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["END", "START", "encode"]

START = b"PGCOPY\n\xff\r\n\0" + bytes(8)
END = b"\xff\xff"

_Bytes = npt.NDArray[np.uint8]

_EPOCH = np.int64(946_684_800_000_000)  # microseconds from Arrow's year 1970 to PostgreSQL's 2000
# Element type of an array: its number in pg_type.
_OIDS = {
    pa.bool_(): 16,
    pa.int64(): 20,
    pa.int16(): 21,
    pa.int32(): 23,
    pa.float32(): 700,
    pa.float64(): 701,
}


@dataclass(frozen=True, slots=True)
class _Cells:
    """One column: the lengths of the cells (-1 for NULL), and the bytes of those that are not NULL."""

    lengths: npt.NDArray[np.int64]
    payload: _Bytes


def encode(columns: Sequence[pa.Array]) -> bytes:
    """The rows of some columns of equal length, without `START` and `END`.

    Types are those of `archive.declare.types`: what else there is must have been cast to them.
    """
    rows = len(columns[0])
    cells = [_cells(column) for column in columns]
    sizes = np.full(rows, 2, np.int64)
    for cell in cells:
        sizes += 4 + np.maximum(cell.lengths, 0)
    places = np.cumsum(sizes) - sizes
    out = np.empty(int(sizes.sum()), np.uint8)
    _scatter(out, places, _big_endian(np.full(rows, len(columns), np.int64), ">i2"))
    places += 2
    for cell in cells:
        _scatter(out, places, _big_endian(cell.lengths, ">i4"))
        places += 4
        lengths = np.maximum(cell.lengths, 0)
        inside = np.cumsum(lengths) - lengths  # where each cell begins in the payload
        out[np.repeat(places - inside, lengths) + np.arange(len(cell.payload))] = cell.payload
        places += lengths
    return out.tobytes()


def _scatter(out: _Bytes, places: npt.NDArray[np.int64], rows: _Bytes) -> None:
    """Writes rows[i] at places[i]."""
    out[places[:, None] + np.arange(rows.shape[1])] = rows


def _big_endian(values: npt.NDArray[np.generic], dtype: str) -> _Bytes:
    width = np.dtype(dtype).itemsize
    return np.ascontiguousarray(values.astype(dtype)).view(np.uint8).reshape(len(values), width)


def _cells(column: pa.Array) -> _Cells:
    type_ = column.type
    valid = np.asarray(column.is_valid())
    if pa.types.is_string(type_):
        return _texts(column, valid)
    if pa.types.is_list(type_):
        return _arrays(column)
    present = column.drop_null()
    values: npt.NDArray[Any]
    if pa.types.is_boolean(type_):
        values = np.asarray(present).astype(np.uint8)
    elif pa.types.is_timestamp(type_):
        values = np.asarray(present.cast(pa.int64())) - _EPOCH
    else:
        values = np.asarray(present)
    payload = _big_endian(values, values.dtype.newbyteorder(">").str)
    width = values.dtype.itemsize
    return _Cells(np.where(valid, width, -1).astype(np.int64), payload.reshape(-1))


def _texts(column: pa.Array, valid: npt.NDArray[np.bool_]) -> _Cells:
    present = column.drop_null()
    _, offsets, data = present.buffers()
    ends = np.frombuffer(offsets, np.int32)[present.offset : present.offset + len(present) + 1]
    if len(present) == 0 or data is None:
        return _Cells(np.where(valid, 0, -1).astype(np.int64), np.empty(0, np.uint8))
    lengths = np.full(len(column), -1, np.int64)
    lengths[valid] = np.diff(ends)
    return _Cells(lengths, np.frombuffer(data, np.uint8)[ends[0] : ends[-1]])


def _arrays(column: pa.Array) -> _Cells:
    cells = [None if value is None else _array(value) for value in _values(column)]
    lengths = np.fromiter((-1 if cell is None else len(cell) for cell in cells), np.int64, len(cells))
    return _Cells(lengths, np.frombuffer(b"".join(cell for cell in cells if cell), np.uint8))


def _values(column: pa.Array) -> list[pa.Array | None]:
    return [scalar.values if scalar.is_valid else None for scalar in column]


def _array(values: pa.Array) -> bytes:
    """PostgreSQL's binary form of a one-dimensional array: header, then elements like cells."""
    oid = _OIDS[values.type]
    if len(values) == 0:
        return struct.pack(">iii", 0, 0, oid)
    header = struct.pack(">iiiii", 1, int(values.null_count > 0), oid, len(values), 1)
    elements = _cells(values)
    if values.null_count == 0:
        width = len(elements.payload) // len(values)
        rows = np.empty((len(values), 4 + width), np.uint8)
        rows[:, :4] = _big_endian(elements.lengths, ">i4")
        rows[:, 4:] = elements.payload.reshape(len(values), width)
        return header + rows.tobytes()
    # Rows of one column are what COPY has, but for the two bytes before each.
    whole, pieces, place = encode([values]), [], 0
    for length in np.maximum(elements.lengths, 0):
        pieces.append(whole[place + 2 : place + 6 + int(length)])
        place += 6 + int(length)
    return header + b"".join(pieces)
