"""Rows of BINARY and BINARY2 as Arrow arrays (VOTable 1.5, 5.3 and 5.4).

Where all cells have one size, rows are taken apart by numpy alone; else one loop over the rows finds where
each cell begins, and numpy does the rest.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..declare.types import TIMESTAMP
from .source import timestamps, without_nan
from .votable_cells import check_lengths, lists
from .votable_fields import VotField

__all__ = ["BinaryRows"]

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_TRUE, _FALSE = np.frombuffer(b"Tt1", np.uint8), np.frombuffer(b"Ff0", np.uint8)
_CODES = {
    "boolean": "u1",
    "unsignedByte": "u1",
    "short": ">i2",
    "int": ">i4",
    "long": ">i8",
    "float": ">f4",
    "double": ">f8",
    "floatComplex": ">f4",
    "doubleComplex": ">f8",
}


@dataclass(frozen=True, slots=True)
class _Cells:
    """One column in a buffer: where its cells begin, their bytes and elements, and which are NULL."""

    data: Bytes
    places: Places
    sizes: Places
    counts: Places
    null: Mask

    @property
    def payload(self) -> Bytes:
        """The bytes of all cells, one after the other."""
        if len(self.sizes) and (self.sizes == self.sizes[0]).all():
            places = (self.places[:, None] + np.arange(int(self.sizes[0]))).reshape(-1)
        else:
            begins = np.cumsum(self.sizes) - self.sizes
            places = np.repeat(self.places - begins, self.sizes) + np.arange(int(self.sizes.sum()))
        found: Bytes = self.data[places]
        return found


class BinaryRows:
    """Takes a stream of bytes apart; `masked` for BINARY2, whose rows begin with a bit for each NULL."""

    def __init__(self, fields: list[VotField], *, masked: bool) -> None:
        self._fields = fields
        self._mask = (len(fields) + 7) // 8 if masked else 0
        self._rest = b""
        # Bytes of fixed cells before each cell of varying size, and after the last one.
        self._gaps: list[int] = []
        self._varying: list[VotField] = []
        gap = self._mask
        for field in fields:
            if field.count is None:
                self._gaps.append(gap)
                self._varying.append(field)
                gap = 0
            else:
                gap += field.bytes_of(field.count)
        self._tail = gap

    @property
    def left(self) -> int:
        """Bytes of a row that has no end yet."""
        return len(self._rest)

    def feed(self, piece: bytes) -> list[pa.Array] | None:
        """The complete rows among what came so far; None where there is none. Raises ValueError."""
        buffer = self._rest + piece if self._rest else piece
        rows, places, counts, end = self._found(buffer)
        self._rest = buffer[end:]
        if not rows:
            return None
        return self._columns(np.frombuffer(buffer, np.uint8), rows, places, counts)

    def _found(self, buffer: bytes) -> tuple[int, list[Places], list[Places], int]:
        """How many rows, where the stretches between varying cells begin, their counts, the end of it all."""
        if not self._varying:
            width = self._tail
            if width == 0:
                raise ValueError("the rows have no bytes")
            rows = len(buffer) // width
            return rows, [np.arange(rows, dtype=np.int64) * width], [], rows * width
        found, numbers, end = self._walked(buffer)
        stretches = len(self._varying) + 1
        rows = len(found) // stretches
        places = np.array(found, np.int64).reshape(rows, stretches)
        counts = np.array(numbers, np.int64).reshape(rows, stretches - 1)
        return rows, list(places.T), list(counts.T), end

    def _walked(self, buffer: bytes) -> tuple[list[int], list[int], int]:
        unpack = struct.Struct(">i").unpack_from
        steps = list(zip(self._gaps, self._varying, strict=True))
        sizes = [field.bytes_of(8) / 8 for field in self._varying]
        found: list[int] = []
        numbers: list[int] = []
        row, end = 0, len(buffer)
        while True:
            place, begun, counted = row, len(found), len(numbers)
            found.append(place)
            for (gap, field), size in zip(steps, sizes, strict=True):
                place += gap
                if place + 4 > end:
                    break
                (count,) = unpack(buffer, place)
                if count < 0:
                    raise ValueError(f"a cell of {field.name} has {count} elements")
                place += 4 + (int(count * size) if size >= 1 else (count + 7) // 8)
                numbers.append(count)
                found.append(place)
            else:
                place += self._tail
                if place <= end:
                    row = place
                    continue
            del found[begun:], numbers[counted:]
            return found, numbers, row

    def _columns(self, data: Bytes, rows: int, places: list[Places], counts: list[Places]) -> list[pa.Array]:
        columns = []
        stretch, offset = 0, self._mask
        for number, field in enumerate(self._fields):
            null = self._nulls(data, places[0], number)
            if field.count is None:
                begins = places[stretch] + offset + 4
                sizes = places[stretch + 1] - begins
                cells = _Cells(data, begins, sizes, counts[stretch], null)
                stretch, offset = stretch + 1, 0
            else:
                width = field.bytes_of(field.count)
                full = np.full(rows, field.count, np.int64)
                cells = _Cells(data, places[stretch] + offset, np.full(rows, width, np.int64), full, null)
                offset += width
            columns.append(_converted(field, cells, empty_is_null=not self._mask))
        return columns

    def _nulls(self, data: Bytes, rows: Places, number: int) -> Mask:
        if not self._mask:
            return np.zeros(len(rows), bool)
        null: Mask = (data[rows + number // 8] >> (7 - number % 8)) & 1 == 1
        return null


def _converted(field: VotField, cells: _Cells, *, empty_is_null: bool) -> pa.Array:
    if field.is_text:
        texts = _texts(field, cells)
        null = cells.null
        if empty_is_null or field.type == TIMESTAMP:
            null = null | np.asarray(pc.equal(texts, ""))
        if field.null is not None:
            null = null | np.asarray(pc.equal(texts, field.null))
        texts = pc.if_else(pa.array(null), pa.scalar(None, pa.string()), texts)
        return timestamps(texts) if field.type == TIMESTAMP else texts
    values = _elements(field, cells)
    if not field.type.is_array:
        values = pc.if_else(pa.array(cells.null), pa.scalar(None, values.type), values)
        return without_nan(values) if pa.types.is_floating(values.type) else values
    per = 2 if field.is_complex else 1
    # Without a mask an array of no elements is how NULL is written.
    valid = ~(cells.null | (cells.counts == 0)) if empty_is_null else ~cells.null
    column = lists(values, cells.counts * per, valid)
    return check_lengths(field, column)


def _elements(field: VotField, cells: _Cells) -> pa.Array:
    """The elements of all cells, one after the other."""
    payload = cells.payload
    if field.datatype == "bit":
        return pa.array(_bits(field, cells, payload))
    values = payload.view(_CODES[field.datatype])
    if field.datatype == "boolean":
        true = np.isin(values, _TRUE)
        return pa.array(true, mask=~(true | np.isin(values, _FALSE)))
    type_ = field.type.arrow.value_type if field.type.is_array else field.type.arrow
    array = pa.array(values.astype(values.dtype.newbyteorder("="))).cast(type_)
    if field.null is not None:
        magic = pa.scalar(field.null.strip()).cast(type_)
        array = pc.if_else(pc.equal(array, magic), pa.scalar(None, type_), array)
    return array


def _bits(field: VotField, cells: _Cells, payload: Bytes) -> Mask:
    if field.size in {None, "1"}:
        single: Mask = payload != 0  # whichever of the eight it is
        return single
    bits = np.unpackbits(payload).astype(bool)
    # Each cell is filled up to whole bytes.
    begins = (np.cumsum(cells.sizes) - cells.sizes) * 8
    inside = np.cumsum(cells.counts) - cells.counts
    kept: Mask = bits[np.repeat(begins - inside, cells.counts) + np.arange(int(cells.counts.sum()))]
    return kept


def _texts(field: VotField, cells: _Cells) -> pa.Array:
    """Texts up to the first NUL, which ends those shorter than their cell."""
    payload = cells.payload.tobytes()
    ends = np.cumsum(cells.sizes)
    if field.datatype == "unicodeChar" and (units := cells.payload.view(">u2")).max(initial=0) < 0x80:
        payload, ends = units.astype(np.uint8).tobytes(), ends // 2
    elif field.datatype == "unicodeChar":
        begins = ends - cells.sizes
        texts = [
            payload[begin:end].decode("utf-16-be", "replace").partition("\0")[0]
            for begin, end in zip(begins.tolist(), ends.tolist(), strict=True)
        ]
        return pa.array(texts, pa.string())
    offsets = np.zeros(len(ends) + 1, np.int32)
    offsets[1:] = ends
    raw = pa.BinaryArray.from_buffers(
        pa.binary(), len(ends), [None, pa.py_buffer(offsets), pa.py_buffer(payload)]
    )
    if b"\0" in payload:
        raw = pc.replace_substring_regex(raw, r"(?s)\x00.*", "")
    try:
        return raw.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array([_decoded(text) for text in raw.to_pylist()], pa.string())


def _decoded(text: bytes) -> str:
    """VOTable's char is ASCII or UTF-8; what is neither was written in a Western encoding."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("latin-1")
