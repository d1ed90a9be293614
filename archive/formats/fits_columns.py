"""How a column becomes a column of a FITS binary table: its form, its NULL value, its bytes.

A `Survey` watches the column's values while they are spooled; `layout` draws the conclusions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..declare.columns import Field
from ..wire import Surveyed
from .columns import fixed_length, list_lengths, list_values
from .packing import CODES, blocks, elements, text_bytes

__all__ = ["FitsColumn", "Survey", "layout"]

Numbers = np.ndarray[Any, Any]

_LETTERS = {
    "boolean": "L",
    "unsignedByte": "B",
    "short": "I",
    "int": "J",
    "long": "K",
    "float": "E",
    "double": "D",
    "char": "A",
}
_RANGES = {
    "unsignedByte": (0, 255),
    "short": (-(2**15), 2**15 - 1),
    "int": (-(2**31), 2**31 - 1),
    "long": (-(2**63), 2**63 - 1),
}
_WIDER = {"unsignedByte": "short", "short": "int", "int": "long"}

# Text wider than this goes to the heap when padding it would waste three quarters of the space. Not sooner:
# astropy drops blanks from text in the heap and refuses what is not ASCII there.
_WIDE_TEXT = 32768

_WINDOW = 65536


class Survey:
    """What occurs in a column: the widest text, the longest array, the extremes, whether there are NULLs."""

    def __init__(self, field: Field) -> None:
        self.field = field
        self.has_null = False
        self.longest = 0
        self.total = 0
        self.least: int | None = None
        self.greatest: int | None = None

    def see(self, column: Any) -> None:
        type_ = self.field.type
        if type_.datatype == "char":
            self._see_lengths(text_bytes(column, type_)[1])
            return
        if type_.is_array:
            self._see_lengths(list_lengths(column))
            # In the heap a NULL array is an empty one and takes no value of NULL.
            self.has_null |= column.null_count > 0 and fixed_length(type_) is not None
            column = list_values(column)
        self.has_null |= column.null_count > 0
        if type_.datatype in _RANGES:
            self._see_extremes(column)

    def add(self, found: Surveyed) -> None:
        """What compiled code has seen."""
        self.has_null |= found.has_null
        self.longest = max(self.longest, found.longest)
        self.total += found.total
        if found.least is not None and found.greatest is not None:
            self._see_numbers(found.least, found.greatest)

    def _see_lengths(self, lengths: Numbers) -> None:
        self.longest = max(self.longest, int(lengths.max()))
        self.total += int(lengths.sum(dtype="i8"))

    def _see_extremes(self, column: Any) -> None:
        extremes = pc.min_max(column).as_py()
        if extremes["min"] is not None:
            self._see_numbers(extremes["min"], extremes["max"])

    def _see_numbers(self, least: int, greatest: int) -> None:
        self.least = least if self.least is None else min(self.least, least)
        self.greatest = greatest if self.greatest is None else max(self.greatest, greatest)


@dataclass(frozen=True, slots=True)
class FitsColumn:
    """One column as it is written. `datatype` may be wider than the field's, where NULL found no free value.

    `repeat` counts elements (bytes for text) in the row, or the longest array when they lie in the heap.
    """

    field: Field
    datatype: str
    repeat: int
    null: int | None
    in_heap: bool
    heap_bytes: int
    descriptor: str = ">i4"

    @property
    def width(self) -> int:
        """Bytes in a row."""
        return 2 * np.dtype(self.descriptor).itemsize if self.in_heap else self.repeat * self._item

    @property
    def _item(self) -> int:
        return 1 if self.datatype == "char" else np.dtype(CODES[self.datatype]).itemsize

    def with_wide_descriptors(self) -> FitsColumn:
        """For heaps whose offsets need 64 bits."""
        return replace(self, descriptor=">i8")

    def cards(self, name: str) -> Iterator[tuple[str, str | int]]:
        """The keywords describing the column, without its number; STIL's names where FITS has none."""
        letter = _LETTERS[self.datatype]
        pointer = "P" if self.descriptor == ">i4" else "Q"
        yield "TTYPE", name
        yield "TFORM", f"1{pointer}{letter}({self.repeat})" if self.in_heap else f"{self.repeat}{letter}"
        arraysize = self.field.type.arraysize or ""
        if "x" in arraysize and not self.in_heap:
            yield "TDIM", f"({arraysize.replace('x', ',')})"
        if self.null is not None:
            yield "TNULL", self.null
        field = self.field
        facts = {
            "TUNIT": field.unit,
            "TUCD": field.ucd,
            "TUTYP": field.utype,
            "TXTYP": field.type.xtype,
            "TCOMM": field.description,
        }
        yield from ((keyword, value) for keyword, value in facts.items() if value)

    def packed(self, column: Any, used: int) -> tuple[Numbers, int]:
        """The column's part of the rows, and how many bytes it adds to a heap that has `used`."""
        if self.in_heap:
            return self._descriptors(column, used)
        if self.datatype == "char":
            return self._padded(column), 0
        if not self.field.type.is_array:
            return self._elements(column), 0
        missing = np.nan if self.datatype in {"float", "double"} else self.missing
        return blocks(column, self._elements(list_values(column)), self.repeat, missing), 0

    def heap(self, column: Any) -> bytes:
        """The column's part of the heap."""
        if self.datatype == "char":
            encoded, _ = text_bytes(column, self.field.type)
            return b"".join(encoded.to_pylist())
        return self._elements(list_values(column)).tobytes()

    @property
    def missing(self) -> int:
        """What is written for NULL, where it is a number."""
        return self.null or 0  # for a logical a zero byte is NULL (FITS 4.0, 7.3.3.1)

    def _elements(self, column: Any) -> Numbers:
        if self.datatype != self.field.type.datatype:
            column = column.cast(pa.int32() if self.datatype == "int" else pa.int64())
        return elements(column, self.datatype, self.missing)

    def _descriptors(self, column: Any, used: int) -> tuple[Numbers, int]:
        lengths = text_bytes(column, self.field.type)[1] if self.datatype == "char" else list_lengths(column)
        sizes = lengths.astype("i8") * self._item
        offsets = used + np.cumsum(sizes) - sizes
        return np.stack([lengths, offsets], axis=1).astype(self.descriptor), int(sizes.sum())

    def _padded(self, column: Any) -> Numbers:
        """Text filled up with blanks; NULL is all zero bytes (FITS 4.0, 7.3.3.1: a null string)."""
        text = text_bytes(column, self.field.type)[0].cast(pa.string())
        # "ascii" in that it counts bytes; UTF-8 passes through.
        filled = pc.ascii_rpad(text, self.repeat, " ").cast(pa.binary())
        _, ends, data = filled.buffers()
        start = int(np.frombuffer(ends, "i4")[filled.offset])
        padded = np.frombuffer(data, "u1")[start : start + len(column) * self.repeat]
        padded = padded.reshape(len(column), self.repeat)
        if column.null_count:
            padded = padded.copy()
            padded[column.is_null().to_numpy(zero_copy_only=False)] = 0
        return padded


def layout(survey: Survey, count: int, index: int, column: Callable[[int], Iterator[Any]]) -> FitsColumn:
    """How the surveyed column, the one at `index`, is written; `column` reads it once more if need be."""
    type_ = survey.field.type
    if type_.datatype == "char":
        wide = survey.longest > _WIDE_TEXT and survey.longest * count > 4 * survey.total
        return FitsColumn(survey.field, "char", max(survey.longest, 1), None, wide, survey.total * wide)
    datatype, null = type_.datatype, None
    if survey.has_null and datatype in _RANGES:
        datatype, null = _null_value(survey, lambda: column(index))
    if not type_.is_array:
        return FitsColumn(survey.field, datatype, 1, null, False, 0)
    size = fixed_length(type_)
    item = np.dtype(CODES[datatype]).itemsize
    if size is None:
        return FitsColumn(survey.field, datatype, survey.longest, null, True, survey.total * item)
    return FitsColumn(survey.field, datatype, size, null, False, 0)


def _null_value(survey: Survey, values: Callable[[], Iterator[Any]]) -> tuple[str, int]:
    """A number that stands for NULL because it does not occur, and the type that holds it."""
    datatype = survey.field.type.datatype
    first, last = _RANGES[datatype]
    if datatype != "unsignedByte" and (survey.least is None or survey.least > first):
        return datatype, first
    if survey.greatest is None or survey.greatest < last:
        return datatype, last
    for start in range(first, last + 1, _WINDOW):
        present = np.zeros(min(_WINDOW, last + 1 - start), "?")
        for column in values():
            flat = list_values(column) if survey.field.type.is_array else column
            numbers = flat.drop_null().to_numpy(zero_copy_only=False).astype("i8")
            inside = numbers[(numbers >= start) & (numbers < start + len(present))]
            present[inside - start] = True
        if not present.all():
            return datatype, start + int(present.argmin())
    wider = _WIDER[datatype]
    return wider, _RANGES[wider][0]
