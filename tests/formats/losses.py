"""What becomes of a value in each format: docs/formats.md in the form of a function."""

from __future__ import annotations

import datetime
import math
import re
from typing import Any

from archive.declare.types import Type
from archive.formats import Encoding
from archive.formats.columns import fixed_length
from archive.formats.packing import EXTREMES
from tests.formats.readers import iso

NAN = float("nan")

VOTABLE = {Encoding.TABLEDATA, Encoding.BINARY, Encoding.BINARY2}
MARKUP = {Encoding.TABLEDATA, Encoding.HTML}
NAN_FOR_NULL = {Encoding.TABLEDATA, Encoding.BINARY, Encoding.FITS}
EMPTY_IS_NULL = {Encoding.TABLEDATA, Encoding.CSV, Encoding.TSV, Encoding.HTML}

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def carried(encoding: Encoding, type_: Type, value: Any) -> Any:
    """The value that comes out when `value` goes in."""
    if type_.is_array:
        return _array(encoding, type_, value)
    if type_.datatype == "char":
        return _text(encoding, type_, value)
    return _scalar(encoding, type_, value, encoding is Encoding.BINARY)


def _array(encoding: Encoding, type_: Type, value: Any) -> Any:
    if value is None:
        size = fixed_length(type_)
        if encoding in NAN_FOR_NULL and size is not None:
            return [NAN if type_.datatype in {"float", "double"} else None] * size
        return [] if encoding in {Encoding.BINARY, Encoding.FITS} else None
    if not value and encoding in EMPTY_IS_NULL:
        return None
    return [_element(encoding, type_, item) for item in value]


def _element(encoding: Encoding, type_: Type, value: Any) -> Any:
    if value is None and type_.datatype in {"float", "double"}:
        return None if encoding in {Encoding.JSON, Encoding.PARQUET} else NAN
    return _scalar(encoding, type_, value, encoding in VOTABLE)


def _scalar(encoding: Encoding, type_: Type, value: Any, extreme_is_null: bool) -> Any:
    if type_.datatype in {"float", "double"}:
        if value is None:
            return NAN if encoding in NAN_FOR_NULL else None
        return None if encoding is Encoding.JSON and not math.isfinite(value) else value
    return None if extreme_is_null and value == EXTREMES.get(type_.datatype) else value


def _text(encoding: Encoding, type_: Type, value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        value = iso(value)
    if value is None:
        return "" if encoding in {Encoding.BINARY, Encoding.FITS} else None
    if encoding in MARKUP:
        value = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", value)
    if encoding in {Encoding.BINARY, Encoding.BINARY2} and type_.xtype is not None:
        value = re.sub("[^\x00-\x7f]", "?", value)
    if encoding is Encoding.FITS:
        value = value.rstrip()
    return None if not value and encoding in MARKUP | {Encoding.TSV} else value
