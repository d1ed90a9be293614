"""VOTable's three serializations of rows: TABLEDATA, BINARY and BINARY2 (VOTable 1.5, 5)."""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow.compute as pc

from ..declare.columns import Field
from ..declare.types import Type
from ..errors import ArchiveError
from ..wire import ColumnForm, Escape, Form, Transcoder, transcoder
from .columns import Rows, fixed_length, list_lengths, list_values, slices
from .document import Document, Result, copied
from .lines import Lines, text_rows
from .packing import EXTREMES, RowPacker, blocks, element_bytes, elements, text_bytes, utf16_bytes
from .text import NOT_ASCII, Style, contains_any
from .votable import ending, is_wide, last_status, skeleton
from .xmltext import escape

__all__ = ["encode_binary", "encode_tabledata"]


def _missing(type_: Type) -> str:
    """A NULL inside an array in TABLEDATA."""
    if type_.datatype == "boolean":
        return "?"
    return str(EXTREMES[type_.datatype]) if type_.datatype in EXTREMES else "NaN"


TABLEDATA = Style(Escape.XML, escape, _missing, infinity="+Inf", minus_infinity="-Inf", true="T", false="F")


def encode_tabledata(result: Result, document: Document) -> Iterator[bytes]:
    """A VOTable whose rows are elements TR; the head leaves before the first row is there."""
    parts = skeleton(result.fields, document, "TABLEDATA")
    yield parts.head
    status = b""
    try:
        for _, text in text_rows(result, _LINES):
            yield text
        if result.overflowed:
            status = last_status("OVERFLOW")
    except ArchiveError as error:
        if not document.tells_errors:
            raise
        status = last_status("ERROR", str(error))
    yield from ending(parts, status, document)


def _null(type_: Type) -> str:
    """NULL is an empty cell in TABLEDATA, except where STIL's votlint demands a number.

    That is in floating columns, where it is NaN, and in arrays of fixed length, each element of them.
    """
    if type_.datatype in {"float", "double"} and not type_.is_array:
        return "NaN"
    size = fixed_length(type_) if type_.is_array else None
    return "" if size is None else " ".join([_missing(type_)] * size)


_LINES = Lines(TABLEDATA, before="<TR><TD>", between="</TD><TD>", after="</TD></TR>\n", null=_null)


def encode_binary(result: Result, document: Document, *, masked: bool) -> Iterator[bytes]:
    """A VOTable in BINARY2 (`masked`: rows begin with flags of NULL) or in BINARY."""
    parts = skeleton(result.fields, document, "BINARY2" if masked else "BINARY")
    yield parts.head
    status = b""
    packing = _Packing()
    source = copied(result)
    compiled = _transcoder(result.fields) if source is not None else None
    try:
        if compiled is not None and source is not None:
            for chunk in source.chunks():
                yield compiled.base64(chunk, masked=masked)
        else:
            for rows in slices(result):
                yield packing.base64(_packed_rows(rows, result.fields, masked))
        if result.overflowed:
            status = last_status("OVERFLOW")
    except ArchiveError as error:
        if not document.tells_errors:
            raise
        status = last_status("ERROR", str(error))
    rest = packing.rest if compiled is None else compiled.rest
    yield binascii.b2a_base64(rest)
    yield from ending(parts, status, document)


def _transcoder(fields: tuple[Field, ...]) -> Transcoder | None:
    types = [field.type for field in fields]
    forms = [ColumnForm(missing=_substitute(type_), form=_text_form(type_)) for type_ in types]
    return transcoder(fields, forms, [fixed_length(type_) for type_ in types])


def _text_form(type_: Type) -> Form:
    return Form.COUNTED_UTF16 if is_wide(type_) else Form.COUNTED_ASCII


def _substitute(type_: Type) -> int:
    """What stands for a NULL that is no floating number."""
    return ord("?") if type_.datatype == "boolean" else EXTREMES.get(type_.datatype, 0)


class _Packing:
    """Base64 turns three bytes into four characters; what is left over waits in `rest` for the next rows."""

    def __init__(self) -> None:
        self.rest = b""

    def base64(self, packed: memoryview) -> bytes:
        whole = (len(self.rest) + len(packed)) // 3 * 3 - len(self.rest)
        if whole < 0:
            self.rest += packed
            return b""
        encoded = binascii.b2a_base64(self.rest + packed[:whole])
        self.rest = bytes(packed[whole:])
        return encoded


def _packed_rows(rows: Rows, fields: tuple[Field, ...], masked: bool) -> memoryview:
    packer = RowPacker(rows.count)
    if masked:
        packer.fixed(_null_flags(rows))
    for column, field in zip(rows.columns, fields, strict=True):
        _pack(packer, column, field.type)
    return packer.join()


def _null_flags(rows: Rows) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """One bit for each column, the most significant first (VOTable 1.5, 5.4)."""
    flags = np.zeros((rows.count, (len(rows.columns) + 7) // 8), "u1")
    for i, column in enumerate(rows.columns):
        if column.null_count:
            is_null = column.is_null().to_numpy(zero_copy_only=False)
            flags[:, i >> 3] |= is_null.astype("u1") << (7 - (i & 7))
    return flags


def _pack(packer: RowPacker, column: Any, type_: Type) -> None:
    if type_.datatype == "char":
        encoded, lengths = utf16_bytes(column) if is_wide(type_) else text_bytes(_ascii(column, type_), type_)
        packer.fixed(lengths.astype(">i4"))
        packer.variable(encoded)
        return
    missing = _substitute(type_)
    if not type_.is_array:
        packer.fixed(elements(column, type_.datatype, missing))
        return
    values = elements(list_values(column), type_.datatype, missing)
    size = fixed_length(type_)
    if size is None:
        lengths = list_lengths(column)
        packer.fixed(lengths.astype(">i4"))
        packer.variable(element_bytes(values, lengths))
    else:
        packer.fixed(blocks(column, values, size, np.nan if values.dtype.kind == "f" else missing))


def _ascii(column: Any, type_: Type) -> Any:
    """Text of a `char` column in BINARY: astropy refuses the table at the first byte that is not ASCII."""
    if type_.is_text and contains_any(column, NOT_ASCII):
        return pc.replace_substring_regex(column, "[^\\x00-\\x7f]", "?")
    return column
