"""Cells of TABLEDATA, which are texts, as Arrow arrays of the types of their columns.

An empty cell is NULL (VOTable 1.5, 5.1), and so is the magic value of VALUES. NaN as a scalar is NULL too:
in PostgreSQL it would exceed every number.
"""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..declare.types import TIMESTAMP
from .source import timestamps, without_nan
from .votable_fields import VotField

__all__ = ["check_lengths", "from_texts", "lists"]

_WORDS = {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False, "?": None, "": None}
_LARGEST = 2**31 - 1  # elements of a cell
_BITS: dict[str, bool | None] = {"0": False, "1": True}


def from_texts(field: VotField, cells: pa.Array) -> pa.Array:
    """A column from its cells (Arrow strings). Raises pa.ArrowInvalid and ValueError."""
    if field.is_text or field.type == TIMESTAMP:
        texts = _without(cells, "")
        texts = texts if field.null is None else _without(texts, field.null)
        return timestamps(texts) if field.type == TIMESTAMP else texts
    texts = _without(pc.utf8_trim_whitespace(cells), "")
    if not field.type.is_array:
        return _values(field, texts)
    if field.datatype == "bit":
        # 101 and 1 0 1 are both written.
        digits = pc.replace_substring_regex(texts, r"\s", "")
        texts = pc.utf8_trim_whitespace(pc.replace_substring_regex(digits, r"(.)", r"\1 "))
    tokens = pc.split_pattern_regex(texts, r"[\s,]+")
    counts = pc.fill_null(pc.list_value_length(tokens), 0)
    values = _values(field, tokens.flatten(), inside=True)
    return check_lengths(field, lists(values, np.asarray(counts), np.asarray(texts.is_valid())))


def lists(values: pa.Array, counts: np.ndarray, valid: np.ndarray) -> pa.Array:
    """An array of lists of that many elements each, NULL where not valid."""
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=pa.array(~valid))


def check_lengths(field: VotField, column: pa.Array) -> pa.Array:
    """The column; raises ValueError when a cell has not as many elements as its FIELD says."""
    wanted, size = field.count, field.size
    if wanted is None and (field.type.arraysize or "").isdecimal():
        wanted = int(field.type.arraysize or "")  # a point is two numbers, whatever its FIELD leaves open
    per = 2 if field.is_complex else 1
    lengths = pc.list_value_length(column)
    if lengths.null_count == len(lengths):
        return column
    if wanted is not None:
        wrong = pc.not_equal(lengths, wanted * per)
    elif size is not None and size not in {"*"}:
        *axes, last = size.removesuffix("*").split("x")
        slice_ = math.prod(int(axis) for axis in axes) * per
        if not 0 < slice_ <= _LARGEST or (last and slice_ * int(last) > _LARGEST):
            raise ValueError(f"no cell has the size {size[:80]}")
        wrong = pc.not_equal(pc.multiply(pc.divide(lengths, slice_), slice_), lengths)
        if last:
            wrong = pc.or_(wrong, pc.greater(lengths, slice_ * int(last)))
    else:
        return column
    row = pc.index(pc.fill_null(wrong, False), True).as_py()
    if row >= 0:
        raise ValueError(f"{lengths[row].as_py()} numbers do not fill an array of size {size}")
    return column


def _values(field: VotField, texts: pa.Array, *, inside: bool = False) -> pa.Array:
    """Scalars, or the elements of all arrays, from texts without blanks around them."""
    type_ = field.type.arrow.value_type if field.type.is_array else field.type.arrow
    if field.null is not None and not pa.types.is_boolean(type_):
        texts = _without(texts, field.null.strip())
    if pa.types.is_boolean(type_):
        return _booleans(texts, _BITS if field.datatype == "bit" else _WORDS)
    if pa.types.is_floating(type_):
        numbers = _floats(texts, type_)
        return numbers if inside else without_nan(numbers)
    numbers = _integers(texts, type_)
    if field.datatype == "unsignedByte" and len(numbers):
        extremes = pc.min_max(numbers).as_py()
        if extremes["min"] is not None and not 0 <= extremes["min"] <= extremes["max"] <= 255:
            raise ValueError("an unsigned byte holds 0 to 255")
    return numbers


def _without(texts: pa.Array, nothing: str) -> pa.Array:
    return pc.if_else(pc.equal(texts, nothing), pa.scalar(None, texts.type), texts)


def _booleans(texts: pa.Array, words: dict[str, bool | None]) -> pa.Array:
    encoded = texts.dictionary_encode()
    try:
        meanings = [words[word.lower()] for word in encoded.dictionary.to_pylist()]
    except KeyError as unknown:
        raise ValueError(f"{unknown.args[0][:80]!r} is neither true nor false") from None
    return pa.array(meanings, pa.bool_()).take(encoded.indices)


def _floats(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    try:
        return texts.cast(type_)
    except pa.ArrowInvalid:
        # A plus sign is what Arrow does not know.
        return pc.replace_substring_regex(texts, r"^\+", "").cast(type_)


def _integers(texts: pa.Array, type_: pa.DataType) -> pa.Array:
    try:
        return texts.cast(type_)
    except pa.ArrowInvalid:
        plain = pc.replace_substring_regex(texts, r"^\+", "")
        if pc.any(pc.match_substring_regex(plain, "^-?0[xX]")).as_py():
            return pa.array([None if text is None else _integer(text) for text in plain.to_pylist()], type_)
        return plain.cast(type_)


def _integer(text: str) -> int:
    number = int(text, 16) if text[:3].lower().lstrip("-").startswith("0x") else int(text)
    if number.bit_length() > 64:  # of which Arrow would say something else than of one of 64
        raise ValueError(f"{text[:80]!r} is beyond all integers")
    return number
