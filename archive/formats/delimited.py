"""CSV (RFC 4180) and tab-separated values: a line of names, then the rows.

NULL is an empty field; in CSV an empty text is "" in quotes. Neither format has a place for a status: an
error breaks the stream off, and an overflow is not marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ..declare.types import Type
from ..wire import Escape
from .document import Result
from .lines import Lines, text_rows
from .text import Style, byte_set, contains_any, joined

__all__ = ["encode_csv", "encode_tsv"]

_NEEDS_QUOTES = byte_set(b'",\r\n')
_TSV_ESCAPES = (("\\", r"\\"), ("\t", r"\t"), ("\n", r"\n"), ("\r", r"\r"))
_TSV_SPECIAL = byte_set(b"\\\t\n\r")


def _quoted(column: Any) -> Any:
    """CSV: quotes around what holds a delimiter, and around the empty text, which is not NULL."""
    empty = pc.equal(pc.binary_length(column), pa.scalar(0, pa.int32()))
    if contains_any(column, _NEEDS_QUOTES):
        special = pc.or_(empty, pc.match_substring_regex(column, '[",\r\n]'))
    elif pc.any(empty).as_py():
        special = empty
    else:
        return column
    quoted = joined('"', pc.replace_substring(column, '"', '""'), '"')
    return pc.if_else(special, quoted, column)


def _escaped(column: Any) -> Any:
    """TSV: its media type forbids tabs and line ends inside fields, so they become backslash escapes."""
    if not contains_any(column, _TSV_SPECIAL):
        return column
    for character, escape in _TSV_ESCAPES:
        if contains_any(column, byte_set(character.encode())):
            column = pc.replace_substring(column, character, escape)
    return column


def _missing(type_: Type) -> str:
    """A NULL inside an array."""
    return "NaN" if type_.datatype in {"float", "double"} else "null"


_CSV = Lines(Style(Escape.CSV, _quoted, _missing), before="", between=",", after="\r\n")
_TSV = Lines(Style(Escape.TSV, _escaped, _missing), before="", between="\t", after="\n")


def encode_csv(result: Result) -> Iterator[bytes]:
    """text/csv;header=present"""
    return _encode(result, _CSV)


def encode_tsv(result: Result) -> Iterator[bytes]:
    """text/tab-separated-values"""
    return _encode(result, _TSV)


def _encode(result: Result, lines: Lines) -> Iterator[bytes]:
    names = [field.name for field in result.fields]
    if not all(map(str.isidentifier, names)):  # few are not, and for the others Arrow takes 0.1 ms
        names = lines.style.escape(pa.array(names, pa.string())).to_pylist()
    yield (lines.between.join(names) + lines.after).encode()
    for _, text in text_rows(result, lines):
        yield text
