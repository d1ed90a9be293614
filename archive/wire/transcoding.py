"""The compiled way from rows to a format's bytes: what it has to be told, and its complaints.

A `Transcoder` serves one result. It is there only if the library is; whoever uses it must have another way.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from enum import IntEnum
from typing import assert_never

import numpy as np

from ..declare.columns import Field
from ..declare.types import Type
from ..errors import DeclarationError
from . import library
from .chunks import Chunk, unreadable
from .library import Outcome, Output, compiled, span

__all__ = ["ColumnForm", "Escape", "Form", "Kind", "Surveyed", "TextStyle", "Transcoder", "transcoder"]


class Kind(IntEnum):
    """What a value is, or each of an array's elements. The numbers are those of `native/interface.hpp`."""

    BOOLEAN = 0
    BYTE = 1
    SHORT = 2
    INTEGER = 3
    LONG = 4
    FLOAT = 5
    DOUBLE = 6
    TEXT = 7
    TIMESTAMP = 8

    @classmethod
    def named(cls, datatype: str) -> Kind:
        """The kind that VOTable calls so."""
        return _KINDS[datatype]

    @classmethod
    def of(cls, type_: Type) -> Kind:
        return cls.TIMESTAMP if type_.numpy == "M8[us]" else _KINDS[type_.datatype]


_KINDS = {
    "boolean": Kind.BOOLEAN,
    "unsignedByte": Kind.BYTE,
    "short": Kind.SHORT,
    "int": Kind.INTEGER,
    "long": Kind.LONG,
    "float": Kind.FLOAT,
    "double": Kind.DOUBLE,
    "char": Kind.TEXT,
}


class Form(IntEnum):
    """How binary formats write text: after its length, or filled up with blanks."""

    COUNTED = 0
    COUNTED_ASCII = 1
    COUNTED_UTF16 = 2
    PADDED = 3


class Escape(IntEnum):
    """Which characters of text are special, and what becomes of them."""

    XML = 0
    CSV = 1
    TSV = 2
    JSON = 3


@dataclass(frozen=True, slots=True)
class ColumnForm:
    """How one column is written.

    For text formats: `null` for NULL, `absent` for NULL inside an array, `link` to make web addresses links.
    For binary formats: the number `missing` for NULL, text in `form` (PADDED to `width` bytes), integers as
    wide as `written` says.
    """

    null: str = ""
    absent: str = ""
    link: bool = False
    missing: int = 0
    form: Form = Form.COUNTED
    width: int = 0
    written: Kind | None = None


@dataclass(frozen=True, slots=True)
class TextStyle:
    """How a text format spells values, in the order of `native/interface.hpp`; None is written as NULL."""

    escape: Escape
    nan: str | None
    infinity: str | None
    minus_infinity: str | None
    negative_zero: str
    quote: str
    yes: str
    no: str
    opening: str
    separator: str
    closing: str
    before: str
    between: str
    after: str


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What occurs in a column; numbers only where it has integers, lengths where it has text or arrays."""

    has_null: bool
    longest: int
    total: int
    least: int | None
    greatest: int | None


def transcoder(
    fields: Sequence[Field], forms: Sequence[ColumnForm] = (), sizes: Sequence[int | None] = ()
) -> Transcoder | None:
    """None without the compiled library. `sizes`: elements of arrays whose lengths are to be checked."""
    loaded = compiled()
    return None if loaded is None else Transcoder(loaded, fields, forms, sizes)


class Transcoder:
    """Writes chunk after chunk of one result; every method takes the next one."""

    def __init__(
        self,
        loaded: ctypes.CDLL,
        fields: Sequence[Field],
        forms: Sequence[ColumnForm],
        sizes: Sequence[int | None],
    ) -> None:
        self._library = loaded
        self._fields = tuple(fields)
        self._columns = (library.Column * len(fields))(
            *(
                _column(field.type, form, size)
                for field, form, size in zip(
                    fields, forms or [ColumnForm()] * len(fields), sizes or [None] * len(fields), strict=True
                )
            )
        )
        self._output = Output()
        self._free = weakref.finalize(self, loaded.wire_release, self._output)

    def text(self, chunk: Chunk, style: TextStyle) -> bytes:
        first, *spelled = astuple(style)
        given = library.Style(first, *map(span, spelled))
        self._call("wire_text", ctypes.byref(given), *_rows(chunk))
        return self._written()

    def binary(self, chunk: Chunk) -> bytes:
        self._call("wire_binary", *_rows(chunk))
        return self._written()

    def base64(self, chunk: Chunk, *, masked: bool) -> bytes:
        """Bytes that do not fill a group of three wait for the next chunk, and at last for `rest`.

        `masked` rows begin with one bit for each column that is NULL.
        """
        self._call("wire_base64", int(masked), *_rows(chunk))
        return self._written()

    @property
    def rest(self) -> bytes:
        return bytes(self._output.pending[: self._output.pending_length])

    def survey(self, chunk: Chunk) -> list[Surveyed]:
        surveys = (library.Survey * len(self._fields))()
        self._call("wire_survey", *_rows(chunk), surveys)
        return [
            Surveyed(
                bool(found.has_null),
                found.longest,
                found.total,
                found.least if found.has_number else None,
                found.greatest if found.has_number else None,
            )
            for found in surveys
        ]

    def arrow(self, chunk: Chunk, buffers: Sequence[tuple[int, int, int, int]]) -> list[tuple[int, int]]:
        """Fills the buffers at these addresses; for each column the NULLs, and those inside arrays."""
        arrays = (library.ArrowColumn * len(buffers))(*(library.ArrowColumn(*where) for where in buffers))
        address, size, rows, _ = _rows(chunk)
        self._call("wire_arrow", address, size, rows, arrays)
        return [(array.nulls, array.element_nulls) for array in arrays]

    def _call(self, name: str, *arguments: object) -> None:
        function = getattr(self._library, name)
        outcome = Outcome(function(self._columns, len(self._fields), *arguments, ctypes.byref(self._output)))
        match outcome:
            case Outcome.OK:
                return
            case Outcome.MALFORMED:
                raise unreadable(self._fields, self._output.column)
            case Outcome.WRONG_LENGTH:
                field = self._fields[self._output.column]
                raise DeclarationError(
                    f"column {field.name}: an array of {self._output.value} values where"
                    f" {field.type.arraysize} were declared"
                )
            case Outcome.NOT_A_BYTE:
                field = self._fields[self._output.column]
                raise DeclarationError(
                    f"column {field.name}: a value outside 0 to 255, declared as an unsigned byte"
                )
            case Outcome.NO_MEMORY:
                raise MemoryError
            case _:
                assert_never(outcome)

    def _written(self) -> bytes:
        return ctypes.string_at(self._output.data, self._output.length) if self._output.length else b""


def _column(type_: Type, form: ColumnForm, size: int | None) -> library.Column:
    kind = Kind.of(type_)
    return library.Column(
        kind=kind,
        array=type_.is_array,
        form=form.form,
        written=kind if form.written is None else form.written,
        link=form.link,
        size=-1 if size is None else size,
        width=form.width,
        missing=form.missing,
        null=span(form.null),
        absent=span(form.absent),
    )


def _rows(chunk: Chunk) -> tuple[int, int, int, int]:
    """Where the rows are while the chunk lives, their bytes and number, and whether there may be no more."""
    # By numpy: ctypes' own ways make cycles, which keep the memory until the garbage collector comes by.
    address: int = np.frombuffer(chunk.data, np.uint8).ctypes.data
    return address, len(chunk.data), chunk.rows, int(chunk.whole)
