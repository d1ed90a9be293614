"""The compiled library: its structures and functions as ctypes sees them, and whether it is used at all.

Mirrors `native/interface.hpp` and `native/reader.hpp`; what the functions do is said there. Without the
library, or with URANIBORG_WIRE=pure in the environment, everything works without it, but slower.
"""

from __future__ import annotations

import ctypes
import logging
import os
from enum import IntEnum
from functools import lru_cache

from .build import LIBRARY, fingerprint

__all__ = [
    "ArrowColumn",
    "Column",
    "Outcome",
    "Output",
    "Reader",
    "Reading",
    "Span",
    "Style",
    "Survey",
    "compiled",
    "span",
]

_log = logging.getLogger("uraniborg")


class Outcome(IntEnum):
    OK = 0
    MALFORMED = 1
    WRONG_LENGTH = 2
    NOT_A_BYTE = 3
    NO_MEMORY = 4


class Reading(IntEnum):
    END = 0
    FULL = 1
    WAITING = 2
    TOO_SMALL = 3
    LOST = 4
    FAILED = 5
    UNREADABLE = 6


class Span(ctypes.Structure):
    """Refers to bytes that Python must keep."""

    _fields_ = (("data", ctypes.c_char_p), ("length", ctypes.c_int64))


def span(text: str | None) -> Span:
    """A text, or none."""
    encoded = None if text is None else text.encode()
    return Span(encoded, -1 if encoded is None else len(encoded))


class Column(ctypes.Structure):
    _fields_ = (
        ("kind", ctypes.c_uint8),
        ("array", ctypes.c_uint8),
        ("form", ctypes.c_uint8),
        ("written", ctypes.c_uint8),
        ("link", ctypes.c_uint8),
        ("size", ctypes.c_int32),
        ("width", ctypes.c_int32),
        ("missing", ctypes.c_int64),
        ("null", Span),
        ("absent", Span),
    )


class Style(ctypes.Structure):
    _fields_ = (
        ("escape", ctypes.c_uint8),
        *(
            (name, Span)
            for name in (
                "nan",
                "infinity",
                "minus_infinity",
                "negative_zero",
                "quote",
                "yes",
                "no",
                "opening",
                "separator",
                "closing",
                "before",
                "between",
                "after",
            )
        ),
    )


class Survey(ctypes.Structure):
    _fields_ = (
        ("has_null", ctypes.c_uint8),
        ("has_number", ctypes.c_uint8),
        ("longest", ctypes.c_int64),
        ("total", ctypes.c_int64),
        ("least", ctypes.c_int64),
        ("greatest", ctypes.c_int64),
    )


class ArrowColumn(ctypes.Structure):
    _fields_ = (
        ("valid", ctypes.c_void_p),
        ("values", ctypes.c_void_p),
        ("offsets", ctypes.c_void_p),
        ("elements_valid", ctypes.c_void_p),
        ("nulls", ctypes.c_int64),
        ("element_nulls", ctypes.c_int64),
    )


class Output(ctypes.Structure):
    _fields_ = (
        ("data", ctypes.c_void_p),
        ("length", ctypes.c_int64),
        ("capacity", ctypes.c_int64),
        ("scratch", ctypes.c_void_p),
        ("scratch_capacity", ctypes.c_int64),
        ("pending", ctypes.c_uint8 * 4),
        ("pending_length", ctypes.c_int32),
        ("column", ctypes.c_int32),
        ("value", ctypes.c_int64),
    )


class Reader(ctypes.Structure):
    _fields_ = (
        ("connection", ctypes.c_void_p),
        ("get_copy_data", ctypes.c_void_p),
        ("consume_input", ctypes.c_void_p),
        ("free_memory", ctypes.c_void_p),
        ("socket", ctypes.c_int32),
        ("begun", ctypes.c_int32),
        ("row", ctypes.c_void_p),
        ("row_length", ctypes.c_int32),
        ("row_header", ctypes.c_int32),
        ("buffer", ctypes.c_void_p),
        ("capacity", ctypes.c_int64),
        ("used", ctypes.c_int64),
        ("rows", ctypes.c_int64),
        ("first_row", ctypes.c_int64),
        ("flowing", ctypes.c_int32),
    )


_COLUMNS = (ctypes.POINTER(Column), ctypes.c_int32)
_ROWS = (ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)  # where, bytes, how many
_WHOLE = ctypes.c_int32
_OUTPUT = ctypes.POINTER(Output)
_PARAMETERS = {
    "wire_read": (ctypes.POINTER(Reader), ctypes.c_int32, ctypes.c_int32),
    "wire_text": (*_COLUMNS, ctypes.POINTER(Style), *_ROWS, _WHOLE, _OUTPUT),
    "wire_binary": (*_COLUMNS, *_ROWS, _WHOLE, _OUTPUT),
    "wire_base64": (*_COLUMNS, ctypes.c_int32, *_ROWS, _WHOLE, _OUTPUT),
    "wire_survey": (*_COLUMNS, *_ROWS, _WHOLE, ctypes.POINTER(Survey), _OUTPUT),
    "wire_arrow": (*_COLUMNS, *_ROWS, ctypes.POINTER(ArrowColumn), _OUTPUT),
}


def compiled() -> ctypes.CDLL | None:
    """The library, if there is one and the environment does not forbid it."""
    return None if os.environ.get("URANIBORG_WIRE") == "pure" else _loaded()


@lru_cache
def _loaded() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(str(LIBRARY))
        library.wire_source.restype = ctypes.c_char_p
        made_from: bytes = library.wire_source()
    except (OSError, AttributeError) as error:
        _log.info("results are written without compiled code: %s", error)
        return None
    if not made_from.endswith(fingerprint().encode()):
        _log.info("results are written without compiled code: %s is out of date", LIBRARY.name)
        return None
    for name, parameters in _PARAMETERS.items():
        function = getattr(library, name)
        function.argtypes, function.restype = parameters, ctypes.c_int32
    library.wire_forget.argtypes, library.wire_forget.restype = (ctypes.POINTER(Reader),), None
    library.wire_release.argtypes, library.wire_release.restype = (_OUTPUT,), None
    return library
