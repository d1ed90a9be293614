"""Values as big-endian bytes, and rows assembled from them: BINARY, BINARY2 and FITS share this.

Runs of columns of fixed width become one packed structured array; columns of varying width are spliced in by
one Arrow kernel. There is no loop over rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..declare.types import TEXT, Type
from .columns import is_timestamp
from .text import timestamp_text

__all__ = [
    "CODES",
    "EXTREMES",
    "RowPacker",
    "blocks",
    "element_bytes",
    "elements",
    "text_bytes",
    "utf16_bytes",
]

Numbers = np.ndarray[Any, Any]

# Big-endian dtype of one element, by VOTable datatype.
CODES = {
    "boolean": "u1",
    "unsignedByte": "u1",
    "short": ">i2",
    "int": ">i4",
    "long": ">i8",
    "float": ">f4",
    "double": ">f8",
}

# UTF-16 units that begin with each byte of UTF-8.
_UNITS = np.array([1] * 0x80 + [0] * 0x40 + [1] * 0x30 + [2] * 0x10, "u1")

_NOTHING = pa.scalar(b"", pa.binary())

# The value standing for NULL where a format needs one and the data are not known beforehand.
EXTREMES = {"unsignedByte": 255, "short": -(2**15), "int": -(2**31), "long": -(2**63)}


class RowPacker:
    """Collects the columns of some rows, left to right, and joins them row by row."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._run: list[Numbers] = []
        self._parts: list[Any] = []

    def fixed(self, values: Numbers) -> None:
        """A column of `count` values, or of `count` equally long arrays, in the dtype they are written in."""
        self._run.append(values)

    def variable(self, values: Any) -> None:
        """A column of byte strings (Arrow binary, without NULLs), written as they are."""
        self._end_run()
        self._parts.append(values)

    def join(self) -> memoryview:
        """The rows' bytes."""
        if not self._parts:
            return memoryview(self._packed().tobytes())
        self._end_run()
        joined = pc.binary_join_element_wise(*self._parts, _NOTHING)
        _, offsets, data = joined.buffers()
        end = int(np.frombuffer(offsets, "i4")[self._count])
        return memoryview(data)[:end]

    def _packed(self) -> Numbers:
        dtype = np.dtype([(f"c{i}", v.dtype, v.shape[1:]) for i, v in enumerate(self._run)])
        packed = np.empty(self._count, dtype)
        for i, values in enumerate(self._run):
            packed[f"c{i}"] = values
        return packed

    def _end_run(self) -> None:
        if self._run:
            packed = self._packed()
            width = packed.dtype.itemsize
            ends = np.arange(0, (self._count + 1) * width, width, dtype="i4")
            self._parts.append(_binary(self._count, ends, packed))
            self._run = []


def _binary(count: int, ends: Numbers, data: Numbers) -> Any:
    return pa.Array.from_buffers(pa.binary(), count, [None, pa.py_buffer(ends), pa.py_buffer(data)])


def text_bytes(column: Any, type_: Type) -> tuple[Any, Numbers]:
    """UTF-8 of a column of text or timestamps (Arrow binary, empty for NULL), and the length of each."""
    text = timestamp_text(column) if is_timestamp(type_) else column
    if text.null_count:
        text = text.fill_null("")
    encoded = text.cast(pa.binary())
    return encoded, pc.binary_length(encoded).to_numpy(zero_copy_only=False)


def utf16_bytes(column: Any) -> tuple[Any, Numbers]:
    """Text in UTF-16, big-endian (Arrow binary, empty for NULL), and the number of 16-bit units of each."""
    encoded, lengths = text_bytes(column, TEXT)
    _, offsets, data = encoded.buffers()
    bounds = np.frombuffer(offsets, "i4")[encoded.offset : encoded.offset + len(encoded) + 1]
    utf8 = np.frombuffer(data or b"", "u1")[bounds[0] : bounds[-1]]
    if not len(utf8) or utf8.max() < 0x80:
        return element_bytes(utf8.astype(">u2"), lengths), lengths
    # In UTF-8 a character begins with any byte but 10xxxxxx; those from 11110xxx on need two units.
    units = np.concatenate([np.zeros(1, "i4"), np.cumsum(_UNITS[utf8], dtype="i4")])
    lengths = np.diff(units[bounds - bounds[0]])
    utf16 = np.frombuffer(utf8.tobytes().decode().encode("utf-16-be"), ">u2")
    return element_bytes(utf16, lengths), lengths


def elements(column: Any, datatype: str, missing: int) -> Numbers:
    """Scalars, or the flattened elements of arrays, as numpy; NULL is `missing`, NaN for floating numbers.

    Booleans come as the characters T and F; theirs `missing` is a character too.
    """
    if datatype == "boolean":
        values = np.where(column.fill_null(False).to_numpy(zero_copy_only=False), ord("T"), ord("F"))
        if column.null_count:
            values[column.is_null().to_numpy(zero_copy_only=False)] = missing
        return values.astype("u1")
    if column.null_count:
        column = column.fill_null(float("nan") if datatype in {"float", "double"} else missing)
    values = column.to_numpy(zero_copy_only=False)
    encoded: Numbers = values.astype(CODES[datatype])
    return encoded


def element_bytes(values: Numbers, lengths: Numbers) -> Any:
    """Arrays of varying length as Arrow binary: `values` are all elements, `lengths` their numbers by row."""
    ends = np.concatenate([np.zeros(1, "i4"), np.cumsum(lengths * values.dtype.itemsize, dtype="i4")])
    return _binary(len(lengths), ends, values)


def blocks(column: Any, values: np.ndarray[Any, Any], size: int, missing: float) -> np.ndarray[Any, Any]:
    """The elements of arrays of equal length as rows of `size`; NULL arrays are filled with `missing`."""
    if not column.null_count:
        return values.reshape(-1, size)
    filled = np.full((len(column), size), missing, values.dtype)
    filled[column.is_valid().to_numpy(zero_copy_only=False)] = values.reshape(-1, size)
    return filled
