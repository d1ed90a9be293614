"""Values as text, whole columns at a time, for every format that writes text.

A `Style` says how one format spells what formats spell differently; `cells` applies it. No row is ever
touched by Python unless it holds a date outside the years 0 to 9999.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..declare.types import Type
from ..wire import Escape
from .columns import is_timestamp, list_lengths, list_values

__all__ = [
    "NOT_ASCII",
    "ByteSet",
    "Style",
    "byte_set",
    "cells",
    "contains_any",
    "joined",
    "joined_lines",
    "literal",
    "timestamp_text",
]

ByteSet = np.ndarray[Any, np.dtype[np.bool_]]

_SECOND, _MILLISECOND = 1_000_000, 1_000
# Within these years, 0 to 9999, a date has four digits and no sign.
_FOUR_DIGITS = tuple(
    int(np.datetime64(text, "us").astype("i8")) for text in ("0000-01-01", "9999-12-31T23:59:59.999999")
)


@dataclass(frozen=True, slots=True)
class Style:
    """How a format spells values.

    `escape` makes text safe, as compiled code does by `escaping`; `quote` stands around text and timestamps;
    `missing` is a NULL in an array.
    """

    escaping: Escape
    escape: Callable[[Any], Any]
    missing: Callable[[Type], str]
    nan: str | None = "NaN"
    infinity: str | None = "Infinity"
    minus_infinity: str | None = "-Infinity"
    negative_zero: str = "-0"
    quote: str = ""
    true: str = "true"
    false: str = "false"
    opening: str = ""
    separator: str = " "
    closing: str = ""


def byte_set(characters: bytes) -> ByteSet:
    """A table by which `contains_any` looks for single bytes."""
    table = np.zeros(256, "?")
    table[list(characters)] = True
    return table


NOT_ASCII = byte_set(bytes(range(0x80, 0x100)))


def contains_any(column: Any, bytes_: ByteSet) -> bool:
    """Whether any value of a text column holds one of the bytes; reads the column's buffer only."""
    _, offsets, data = column.buffers()
    if data is None or not len(column):
        return False
    bounds = np.frombuffer(offsets, "i4")[column.offset : column.offset + len(column) + 1]
    return bool(bytes_[np.frombuffer(data, "u1")[bounds[0] : bounds[-1]]].any())


def cells(column: Any, type_: Type, style: Style) -> Any:
    """A column as an Arrow array of strings, NULL where the value is NULL."""
    if type_.is_array:
        return _arrays(column, type_, style)
    if type_.datatype == "char":
        text = timestamp_text(column) if is_timestamp(type_) else style.escape(column)
        return joined(style.quote, text, style.quote) if style.quote else text
    return _scalars(column, type_, style)


def _scalars(column: Any, type_: Type, style: Style) -> Any:
    if type_.datatype == "boolean":
        return pc.if_else(column, literal(style.true), literal(style.false))
    text = column.cast(pa.string())
    if type_.datatype not in {"float", "double"}:
        return text
    values = (column.fill_null(0) if column.null_count else column).to_numpy(zero_copy_only=False)
    if not np.isfinite(values).all():
        signed = pc.if_else(pc.greater(column, 0), literal(style.infinity), literal(style.minus_infinity))
        text = pc.if_else(pc.is_inf(column), signed, text)
        text = pc.if_else(pc.is_nan(column), literal(style.nan), text)
    if style.negative_zero != "-0" and ((values == 0) & np.signbit(values)).any():
        text = pc.if_else(pc.equal(text, literal("-0")), literal(style.negative_zero), text)
    return text


@lru_cache
def literal(text: str | None) -> Any:
    """A text for Arrow's kernels, which take long to find out what type a Python string would have."""
    return pa.scalar(text, pa.string())


def joined(*parts: Any) -> Any:
    """Columns of text and single strings between them, joined row by row; NULL where one is NULL."""
    columns = [literal(part) if isinstance(part, str) else part for part in parts]
    return pc.binary_join_element_wise(*columns, literal(""))


def _arrays(column: Any, type_: Type, style: Style) -> Any:
    flat = list_values(column)
    elements = _scalars(flat, type_.element, style)
    if elements.null_count:
        # A number without a spelling of its own (JSON's NaN) is missing like a NULL.
        elements = elements.fill_null(literal(style.missing(type_)))
    ends = np.concatenate([np.zeros(1, "i4"), np.cumsum(list_lengths(column), dtype="i4")])
    text = pc.binary_join(
        pa.ListArray.from_arrays(pa.array(ends, pa.int32()), elements), literal(style.separator)
    )
    if style.opening:
        text = joined(style.opening, text, style.closing)
    return pc.if_else(column.is_valid(), text, literal(None)) if column.null_count else text


def joined_lines(columns: list[Any], before: str, between: str, after: str, null: str = "") -> bytes:
    """All rows as text: their cells with `between` in between, each row from `before` to `after`."""
    parts = [literal(before)]
    for column in columns:
        parts += [column, literal(between)]
    parts[-1] = literal(after)
    lines = pc.binary_join_element_wise(*parts, literal(""), null_handling="replace", null_replacement=null)
    _, offsets, data = lines.buffers()
    end = int(np.frombuffer(offsets, "i4")[len(lines)])
    return bytes(memoryview(data)[:end])


def timestamp_text(column: Any) -> Any:
    """ISO 8601 with T and without a zone: seconds, and as many of .mmm and .mmmuuu as are not zero.

    Years outside 0 to 9999 have a sign and at least five digits (FITS 4.0, 9.1.1); year 0 is 1 BC.
    """
    microseconds = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    fraction = microseconds % _SECOND
    whole, short = fraction == 0, fraction % _MILLISECOND == 0
    if whole.all():
        text = column.cast(pa.timestamp("s")).cast(pa.string())
    elif short.all():
        text = _cut(column.cast(pa.timestamp("ms")).cast(pa.string()), whole, 19)
    else:
        text = _cut(_cut(column.cast(pa.string()), short, 23), whole, 19)
    text = pc.binary_replace_slice(text, 10, 11, "T")
    far = (microseconds < _FOUR_DIGITS[0]) | (microseconds > _FOUR_DIGITS[1])
    if far.any():
        text = pc.replace_with_mask(
            text, pa.array(far), pa.array([_long_date(us) for us in microseconds[far]])
        )
    return text


def _cut(text: Any, which: Any, length: int) -> Any:
    """The text with some of its values cut to a length."""
    if not which.any():
        return text
    mask = pa.array(which)
    return pc.replace_with_mask(text, mask, pc.utf8_slice_codeunits(text.filter(mask), 0, length))


def _long_date(microseconds: np.int64) -> str:
    moment = np.datetime64(int(microseconds), "us")
    year = int(moment.astype("M8[Y]").astype("i8")) + 1970
    rest = str(moment)[-22:]
    text, fraction = f"{year:+06d}{rest[:-7]}", rest[-6:]
    if fraction == "000000":
        return text
    return f"{text}.{fraction.removesuffix('000')}"
