"""Rows of COPY BINARY as Arrow batches: by the compiled library, or a whole column at a time with numpy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from ..declare.columns import Field
from ..declare.types import Type
from .chunks import Chunk, unreadable
from .transcoding import Surveyed, Transcoder, transcoder

__all__ = ["decode"]

_Places = npt.NDArray[np.int64]
_Bytes = npt.NDArray[np.uint8]

_EPOCH = 946_684_800_000_000  # microseconds from Arrow's year 1970 to PostgreSQL's 2000
# PostgreSQL's infinities are beyond these; so are its last thirty years, which no other program can count.
_MOMENTS = (-(2**63) + 1, 2**63 - 1 - _EPOCH)
# By numpy's dtype of the element: the dtype on the wire, the type's number in pg_type.
_SENT = {
    "?": ("u1", 16),
    "i2": (">i2", 21),
    "i4": (">i4", 23),
    "i8": (">i8", 20),
    "f4": (">f4", 700),
    "f8": (">f8", 701),
    "M8[us]": (">i8", 1114),
}


def decode(fields: Sequence[Field], chunk: Chunk) -> pa.RecordBatch:
    """The chunk as a batch in the fields' types; infinite timestamps are NULL."""
    compiled = transcoder(fields)
    arrays = _walked(fields, chunk) if compiled is None else _built(compiled, fields, chunk)
    return pa.RecordBatch.from_arrays(
        arrays, schema=pa.schema([pa.field(field.name, field.type.arrow) for field in fields])
    )


# --- compiled -------------------------------------------------------------------------------------------


def _built(compiled: Transcoder, fields: Sequence[Field], chunk: Chunk) -> list[pa.Array]:
    surveys = compiled.survey(chunk)
    buffers = [
        _Buffers.of(field.type, chunk.rows, survey) for field, survey in zip(fields, surveys, strict=True)
    ]
    nulls = compiled.arrow(chunk, [buffer.addresses for buffer in buffers])
    return [
        buffer.array(field.type, chunk.rows, *counts)
        for buffer, field, counts in zip(buffers, fields, nulls, strict=True)
    ]


@dataclass(frozen=True, slots=True)
class _Buffers:
    """Memory for a column, as much as the survey says; all of it is zero in the beginning."""

    valid: _Bytes
    values: _Bytes
    offsets: _Bytes
    elements_valid: _Bytes
    count: int  # of elements

    @classmethod
    def of(cls, type_: Type, rows: int, survey: Surveyed) -> _Buffers:
        varies = type_.is_array or type_.is_text
        count = survey.total if varies else rows
        width = 1 if type_.is_text else np.dtype(type_.numpy).itemsize
        size = _bits(count) if type_.numpy == "?" else count * width
        return cls(
            np.zeros(_bits(rows), "u1"),
            np.zeros(size, "u1"),
            np.zeros(4 * (rows + 1) if varies else 0, "u1"),
            np.zeros(_bits(count) if type_.is_array else 0, "u1"),
            count,
        )

    @property
    def addresses(self) -> tuple[int, int, int, int]:
        return (
            self.valid.ctypes.data,
            self.values.ctypes.data,
            self.offsets.ctypes.data,
            self.elements_valid.ctypes.data,
        )

    def array(self, type_: Type, rows: int, nulls: int, element_nulls: int) -> pa.Array:
        valid = pa.py_buffer(self.valid) if nulls else None
        values, offsets = pa.py_buffer(self.values), pa.py_buffer(self.offsets)
        if type_.is_text:
            return pa.Array.from_buffers(type_.arrow, rows, [valid, offsets, values], nulls)
        if not type_.is_array:
            return pa.Array.from_buffers(type_.arrow, rows, [valid, values], nulls)
        elements_valid = pa.py_buffer(self.elements_valid) if element_nulls else None
        elements = pa.Array.from_buffers(
            type_.arrow.value_type, self.count, [elements_valid, values], element_nulls
        )
        return pa.Array.from_buffers(type_.arrow, rows, [valid, offsets], nulls, children=[elements])


def _bits(count: int) -> int:
    return (count + 7) // 8


# --- with numpy -----------------------------------------------------------------------------------------


def _walked(fields: Sequence[Field], chunk: Chunk) -> list[pa.Array]:
    try:
        return _columns(fields, chunk)
    except IndexError as cause:  # numpy's, for what lies beyond the end
        raise unreadable(fields) from cause


def _columns(fields: Sequence[Field], chunk: Chunk) -> list[pa.Array]:
    data = np.frombuffer(chunk.data, np.uint8)
    places = (_starts(fields, chunk) if chunk.starts is None else chunk.starts)[: chunk.rows]
    if (_numbers(data, places, ">i2") != len(fields)).any():
        raise unreadable(fields)
    places = places + 2
    arrays = []
    for number in range(len(fields)):
        lengths = _numbers(data, places, ">i4").astype(np.int64)
        places = places + 4
        ends = places + np.maximum(lengths, 0)
        if (lengths < -1).any() or (ends > len(data)).any():
            raise unreadable(fields)
        arrays.append(_column(data, _Cells(places, lengths), fields, number))
        places = ends
    if chunk.whole and places[-1] != len(data):
        raise unreadable(fields)
    return arrays


def _starts(fields: Sequence[Field], chunk: Chunk) -> _Places:
    """The places at which the rows begin, found by walking over every cell."""
    data, place, starts = chunk.data, 0, []
    for _ in range(chunk.rows):
        starts.append(place)
        place += 2
        for _ in fields:
            length = int.from_bytes(data[place : place + 4], "big", signed=True)
            place += 4 + max(length, 0)
        if place > len(data):
            raise unreadable(fields)
    return np.array(starts, np.int64)


@dataclass(frozen=True, slots=True)
class _Cells:
    """Where the bytes of a column's values begin, and how many each has; -1 for NULL."""

    places: _Places
    lengths: _Places

    @property
    def valid(self) -> npt.NDArray[np.bool_]:
        return self.lengths >= 0


def _numbers(data: _Bytes, places: _Places, dtype: str) -> npt.NDArray[Any]:
    """The numbers at some places; IndexError if one of them is not there."""
    width = np.dtype(dtype).itemsize
    taken: npt.NDArray[Any] = data[places[:, None] + np.arange(width)].view(dtype)
    return taken.reshape(len(places))


def _column(data: _Bytes, cells: _Cells, fields: Sequence[Field], number: int) -> pa.Array:
    type_ = fields[number].type
    try:
        if type_.is_text:
            return _texts(data, cells)
        if type_.is_array:
            return _arrays(data, cells, type_)
        return _scalars(data, cells, type_)
    except (IndexError, ValueError) as cause:
        raise unreadable(fields, number) from cause


def _scalars(data: _Bytes, cells: _Cells, type_: Type) -> pa.Array:
    dtype, _ = _SENT[type_.numpy]
    valid = cells.valid
    if (cells.lengths[valid] != np.dtype(dtype).itemsize).any():
        raise ValueError
    values = np.zeros(len(valid), np.dtype(dtype).newbyteorder("="))
    values[valid] = _numbers(data, cells.places[valid], dtype)
    if type_.numpy == "M8[us]":
        valid = valid & (values >= _MOMENTS[0]) & (values <= _MOMENTS[1])
        values = np.where(valid, values, -_EPOCH) + _EPOCH
        values = values.view("M8[us]")
    if type_.numpy == "?":
        values = values.astype(np.bool_)
    return pa.array(values, type_.arrow, mask=None if valid.all() else ~valid)


def _texts(data: _Bytes, cells: _Cells) -> pa.Array:
    lengths = np.maximum(cells.lengths, 0)
    ends = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    text = _gathered(data, cells.places, lengths)
    valid = cells.valid
    bits = None if valid.all() else pa.py_buffer(np.packbits(valid, bitorder="little"))
    return pa.Array.from_buffers(
        pa.string(), len(lengths), [bits, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(text)]
    )


def _gathered(data: _Bytes, places: _Places, lengths: _Places) -> _Bytes:
    """The bytes of all values, one after the other."""
    total = int(lengths.sum())
    inside = np.cumsum(lengths) - lengths
    return data[np.repeat(places - inside, lengths) + np.arange(total)]


def _arrays(data: _Bytes, cells: _Cells, type_: Type) -> pa.Array:
    """Arrays are rare and have a shape of their own each: they are taken apart one by one."""
    values: list[pa.Array | None] = []
    ends = [0]
    for place, length in zip(cells.places.tolist(), cells.lengths.tolist(), strict=True):
        elements = None if length < 0 else _elements(data[place : place + length], type_)
        values.append(elements)
        ends.append(ends[-1] + (0 if elements is None else len(elements)))
    present = [value for value in values if value is not None]
    flat = pa.concat_arrays(present) if present else pa.array([], type_.arrow.value_type)
    valid = cells.valid
    return pa.ListArray.from_arrays(
        pa.array(ends, pa.int32()),
        flat,
        type=type_.arrow,
        mask=None if valid.all() else pa.array(~valid),
    )


def _elements(value: _Bytes, type_: Type) -> pa.Array:
    """The elements of one array, whatever its dimensions."""
    header = value[:12].view(">i4")
    dimensions, oid = int(header[0]), int(header[2])
    if not 0 <= dimensions <= 6 or oid != _SENT[type_.numpy][1]:
        raise ValueError
    shape = value[12 : 12 + 8 * dimensions].view(">i4")[::2].tolist()
    if len(shape) != dimensions or min(shape, default=0) < 0:
        raise ValueError
    count = math.prod(shape) if dimensions else 0
    body = value[12 + 8 * dimensions :]
    width = np.dtype(_SENT[type_.numpy][0]).itemsize
    if count > len(body) // 4:
        raise ValueError
    if len(body) == count * (4 + width):
        places = np.arange(count, dtype=np.int64) * (4 + width)
    else:
        places = _element_places(body, count)
    lengths = _numbers(body, places, ">i4").astype(np.int64)
    if int((4 + np.maximum(lengths, 0)).sum()) != len(body) or (lengths < -1).any():
        raise ValueError
    return _scalars(body, _Cells(places + 4, lengths), type_.element)


def _element_places(body: _Bytes, count: int) -> _Places:
    """Where elements begin when some of them are NULL."""
    data, place, places = body.tobytes(), 0, []
    for _ in range(count):
        places.append(place)
        place += 4 + max(int.from_bytes(data[place : place + 4], "big", signed=True), 0)
    return np.array(places, np.int64)
