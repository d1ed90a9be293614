"""What a VOTable announces, looked at before a reader believes it.

astropy allocates the rows that are announced, and opens whatever address a STREAM names, also on this
machine. Here belongs what is refused without reading the data; the data are read in `votable_tables`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from math import prod
from typing import BinaryIO
from xml.parsers import expat

__all__ = ["announced_fault"]

# Bytes that a table may take in memory, in any case and for every byte of its document: empty cells of
# arrays of a fixed size are the honest ones that grow most.
_ANYWAY = 1 << 30
_GROWTH = 64
_DEEPEST = 200  # elements within each other
_BYTES = {"short": 2, "int": 4, "long": 8, "unicodeChar": 4, "float": 4, "double": 8, "floatComplex": 8}


class _Refused(Exception):
    pass


class _Look:
    """Follows a document as far as elements and their attributes go."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._depth = 0
        self._width = self._rows = self._announced = 0
        self._before = 0  # bytes of the tables before this one, which are held at the same time
        self._held = 0  # rows for which there will be memory

    def begin(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Refused("its elements are nested without end")
        match name.rpartition(":")[2]:
            case "TABLE":
                self._before += self._width * self._held
                self._width = self._rows = self._held = 0
                self._announced = _number(attributes.get("nrows", ""))
            case "FIELD":
                self._width += _width(attributes)
            case "DATA" if self._announced > self._size:
                # No serialisation within a document has rows of no bytes.
                raise _Refused(f"{self._announced} rows are announced in {self._size} bytes")
            case "DATA":
                self._check(max(self._announced, 1))
            case "TR":
                self._rows += 1
                self._check(self._rows)
            case "STREAM" if "href" in attributes:
                raise _Refused("its data lie elsewhere, in a STREAM with href")

    def end(self, _name: str) -> None:
        self._depth -= 1

    def _check(self, rows: int) -> None:
        self._held = max(self._held, rows)
        if self._before + self._width * rows > max(_ANYWAY, _GROWTH * self._size):
            raise _Refused("its rows would take more memory than a document of its size explains")


def announced_fault(document: BinaryIO) -> str | None:
    """Why the document must not be read; None also when it is no XML, which its reader explains better."""
    look = _Look(document.seek(0, os.SEEK_END))
    document.seek(0)
    parser = expat.ParserCreate()
    parser.StartElementHandler = look.begin
    parser.EndElementHandler = look.end
    try:
        parser.ParseFile(document)
    except _Refused as refused:
        return str(refused)
    except (expat.ExpatError, ValueError, LookupError):
        return None
    return None


def _width(attributes: Mapping[str, str]) -> int:
    """Bytes of a FIELD in a row as far as its size is fixed."""
    axes = attributes.get("arraysize", "1").removesuffix("*").rstrip("x").split("x")
    return _BYTES.get(attributes.get("datatype", ""), 8) * prod(_number(axis) or 1 for axis in axes)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 20 else 0
