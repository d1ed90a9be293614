"""JSON as ESO's archive and its users' scripts have it: {"metadata": [...], "data": [[...], ...], ...}.

JSON has no NaN and no infinity: both become null. After the data stands the status, "OK" or "OVERFLOW"; a
failure breaks the document off, so that no parser takes it for complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pyarrow.compute as pc

from ..declare.columns import Field
from ..declare.types import Type
from ..wire import Escape
from .document import Document, Result
from .lines import Lines, text_rows
from .text import Style, byte_set, contains_any

__all__ = ["encode_json"]

_ESCAPES = (("\\", r"\\"), ('"', r"\""), ("\n", r"\n"), ("\r", r"\r"), ("\t", r"\t"))
_CONTROLS = byte_set(bytes(range(0x20)))
_SPECIAL = _CONTROLS | byte_set(b'"\\')


def _escaped(column: Any) -> Any:
    if not contains_any(column, _SPECIAL):
        return column
    for character, escape in _ESCAPES:
        if contains_any(column, byte_set(character.encode())):
            column = pc.replace_substring(column, character, escape)
    if contains_any(column, _CONTROLS):
        for code in range(0x20):
            column = pc.replace_substring(column, chr(code), f"\\u{code:04x}")
    return column


# A zero of a floating column stays one with its sign: -0 would be read as the integer 0.
_JSON = Style(
    Escape.JSON,
    _escaped,
    lambda type_: "null",
    quote='"',
    nan=None,
    infinity=None,
    minus_infinity=None,
    negative_zero="-0.0",
    opening="[",
    separator=",",
    closing="]",
)


def _null(type_: Type) -> str:
    return "null"


_LINES = Lines(_JSON, before="[", between=",", after="],\n", null=_null)


def encode_json(result: Result, document: Document) -> Iterator[bytes]:
    """application/json; numbers of all types are JSON numbers, int64 in full."""
    opening = {"metadata": [_metadata(field) for field in result.fields]}
    if document.query is not None:
        opening |= {"query": document.query}  # type: ignore[dict-item]  # a text beside the list
    yield json.dumps(opening, ensure_ascii=False)[:-1].encode() + b',\n"data": ['
    before = b"\n"
    for _, text in text_rows(result, _LINES):
        yield before + text[:-2]
        before = b",\n"
    status = "OVERFLOW" if result.overflowed else "OK"
    yield f'\n],\n"query_status": "{status}"}}\n'.encode()


def _metadata(field: Field) -> dict[str, str | None]:
    return {
        "name": field.name,
        "datatype": field.type.datatype,
        "arraysize": field.type.published_arraysize,
        "xtype": field.type.xtype,
        "unit": field.unit or None,
        "ucd": field.ucd or None,
        "utype": field.utype or None,
        "description": field.description or None,
    }
