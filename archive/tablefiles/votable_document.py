"""A VOTable document followed from element to element: fields, coordinate systems, and where the data are.

Nothing is ever fetched and no entity expanded; what the cells and bytes of the data mean is told elsewhere.
Documents with several tables of data are refused, so that no one wonders which of them was taken.
"""

from __future__ import annotations

import re
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Callable
from functools import partial
from typing import IO, NoReturn
from xml.parsers import expat

import pyarrow as pa

from ..declare import CooSys, TimeSys
from ..errors import DeclarationError
from .votable_binary import BinaryRows
from .votable_cells import from_texts
from .votable_fields import VotField
from .votable_fits import EmbeddedFits

__all__ = ["Fault", "Table", "VOTableParser"]

_DEEPEST = 200  # elements within each other
_LONGEST_TAG = 4 << 20
_TEXT = 1 << 20  # bytes of text given at once
_SERIALISATIONS = {"TABLEDATA", "BINARY", "BINARY2", "FITS", "PARQUET"}
_LONGEST_DESCRIPTION = 10_000


class Fault(Exception):
    """What is wrong with a document, and the row and column where that is known."""

    def __init__(self, reason: str, row: int = 0, column: str = "") -> None:
        super().__init__(reason)
        self.reason, self.row, self.column = reason, row, column


class Table:
    """The table of a document as far as it is known; `ready` when its fields are."""

    def __init__(self) -> None:
        self.attributes: dict[str, str] = {}
        self.description = ""
        self.fields: list[VotField] = []
        self.ready = False
        self.batches: list[list[pa.Array]] = []
        self.rows = 0


class VOTableParser:
    """Feed it the bytes of a document, then `end` it; `table` fills up meanwhile. Raises Fault.

    `most_columns` FIELDs are read at most.
    """

    def __init__(self, most_columns: int, aside: Callable[[], IO[bytes]]) -> None:
        self.table = Table()
        self.coosys: dict[str, CooSys] = {}
        self.timesys: dict[str, TimeSys] = {}
        self.in_cells = False  # between the rows of TABLEDATA, or in one
        self._most_columns = most_columns
        self._path: list[str] = []
        self._meta_depth = 0  # of the RESOURCE that describes others, from 1
        self._text: list[str] = []
        self._found = False
        self._rows: list[list[str]] = []
        self._row: list[str] = []
        self._in_cell = False
        self.fits: EmbeddedFits | None = None
        self._aside = aside
        self._binary: BinaryRows | EmbeddedFits | None = None
        self._base64_rest = b""
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.buffer_size = _TEXT
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.EntityDeclHandler = self._entity
        parser.SkippedEntityHandler = self._skipped
        self._parser = parser
        self._fed = 0

    def feed(self, piece: bytes, *, last: bool = False) -> None:
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as cause:
            raise Fault(f"line {cause.lineno}: {expat.ErrorString(cause.code)}") from cause
        except (ValueError, LookupError) as cause:  # an encoding that does not exist, text that is none
            raise Fault(str(cause)) from cause
        except DeclarationError as cause:
            raise Fault(cause.message) from cause
        self._fed += len(piece)
        if self._fed - self._parser.CurrentByteIndex > _LONGEST_TAG:
            # The parser would look through all of it again with every piece.
            raise Fault("one of its tags or comments is too long")
        self._convert()

    def end(self) -> None:
        self.feed(b"", last=True)
        if not self._found:
            raise Fault("there is no table in it")

    def add_rows(self, columns: list[pa.Array]) -> None:
        """Cells (Arrow strings) of rows that somebody else took out of TABLEDATA, column by column."""
        self._cells(columns)

    # --- elements -------------------------------------------------------------------------------------

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        if self.in_cells:
            self._start_cell(name, attributes)
            return
        plain = name.rpartition(":")[2]
        self._path.append(plain)
        if len(self._path) > _DEEPEST:
            raise Fault("its elements are nested without end")
        self._text.clear()
        if len(self._path) == 1 and plain != "VOTABLE":
            raise Fault(f"it is {plain[:40]}, not VOTABLE")
        self._begin(plain, attributes)

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        match name:
            case "RESOURCE" if attributes.get("type") == "meta" and not self._meta_depth:
                self._meta_depth = len(self._path)
            case "COOSYS":
                self._coosys(attributes)
            case "TIMESYS":
                self._timesys(attributes)
            case "DESCRIPTION":
                self._parser.CharacterDataHandler = self._text.append
            case _ if self._meta_depth:
                pass
            case "TABLE":
                self._table(attributes)
            case "FIELD":
                self._field(attributes)
            case "VALUES" if self._path[-2] == "FIELD" and "null" in attributes:
                self.table.fields[-1].null = attributes["null"]
            case "STREAM" if "href" in attributes:
                raise Fault("its data lie elsewhere, in a STREAM with href")
            case "STREAM" if self._binary is not None:
                if attributes.get("encoding", "base64").strip().lower() != "base64":
                    raise Fault(f"its STREAM has the encoding {attributes['encoding'][:40]!r}, not base64")
                self._parser.CharacterDataHandler = self._stream
            case _ if name in _SERIALISATIONS and self._path[-2] == "DATA":
                self._data(name, attributes)

    def _end(self, name: str) -> None:
        if self.in_cells:
            self._end_cell(name)
            return
        plain = self._path.pop()
        match plain:
            case "DESCRIPTION":
                self._parser.CharacterDataHandler = None
                self._described(" ".join("".join(self._text).split())[:_LONGEST_DESCRIPTION])
            case "RESOURCE" if len(self._path) < self._meta_depth:
                self._meta_depth = 0
            case _ if self._meta_depth:
                pass
            case "STREAM" if self._binary is not None:
                self._parser.CharacterDataHandler = None
                self._end_stream()
            case "TABLE":
                self.table.ready = self._found = True

    def _table(self, attributes: dict[str, str]) -> None:
        if self._found:
            raise Fault("there are several tables in it; send each on its own")
        self.table.attributes = attributes

    def _field(self, attributes: dict[str, str]) -> None:
        if self._path[-2] != "TABLE" or self._found:
            return
        if len(self.table.fields) == self._most_columns:
            raise Fault(f"it has more than {self._most_columns} columns")
        try:
            self.table.fields.append(VotField(attributes))
        except DeclarationError as cause:
            raise Fault(cause.message, column=attributes.get("name", "")) from cause

    def _described(self, text: str) -> None:
        above = self._path[-1] if self._path else ""
        if self._found or self._meta_depth:
            return
        if above == "TABLE":
            self.table.description = text
        elif above == "FIELD" and self.table.fields:
            self.table.fields[-1].description = text

    def _data(self, serialisation: str, attributes: dict[str, str]) -> None:
        if not self.table.fields:
            raise Fault("its table has data but no columns")
        self.table.ready = True
        match serialisation:
            case "TABLEDATA":
                self.in_cells = True
                self._parser.CharacterDataHandler = None
            case "BINARY" | "BINARY2":
                self._binary = BinaryRows(self.table.fields, masked=serialisation == "BINARY2")
            case "FITS":
                self._binary = self.fits = EmbeddedFits(self._aside(), attributes.get("extnum"))
            case _:
                raise Fault(f"its data are in {serialisation}; send TABLEDATA, BINARY, BINARY2 or FITS")

    def _coosys(self, attributes: dict[str, str]) -> None:
        epoch = attributes.get("epoch") or attributes.get("equinox")
        if "ID" in attributes:
            self.coosys[attributes["ID"]] = CooSys(
                attributes["ID"], attributes.get("system", ""), epoch or None
            )

    def _timesys(self, attributes: dict[str, str]) -> None:
        if {"ID", "timescale", "refposition"} <= attributes.keys():
            self.timesys[attributes["ID"]] = TimeSys(
                attributes["ID"],
                attributes["timescale"],
                attributes["refposition"],
                attributes.get("timeorigin"),
            )

    def _entity(self, name: str, *_: object) -> NoReturn:
        raise Fault(f"it declares an entity, {name[:40]}")

    def _skipped(self, name: str, *_: object) -> NoReturn:
        raise Fault(f"it uses an entity that is not declared, {name[:40]}")

    # --- TABLEDATA ------------------------------------------------------------------------------------

    def _start_cell(self, name: str, attributes: dict[str, str]) -> None:
        match name.rpartition(":")[2]:
            case "TD" if not self._in_cell:
                if attributes.get("encoding"):
                    raise Fault("a cell with an encoding of its own is not read here")
                self._text.clear()
                self._in_cell = True
                self._parser.CharacterDataHandler = self._text.append
            case "TR" if not self._in_cell:
                self._row = []
            case other:
                raise Fault(f"line {self._parser.CurrentLineNumber}: {other[:40]} inside TABLEDATA")

    def _end_cell(self, name: str) -> None:
        match name.rpartition(":")[2]:
            case "TD":
                self._parser.CharacterDataHandler = None
                self._in_cell = False
                self._row.append("".join(self._text))
            case "TR":
                if len(self._row) != len(self.table.fields):
                    raise Fault(
                        f"there are {len(self._row)} cells in a row of {len(self.table.fields)} columns",
                        self.table.rows + len(self._rows) + 1,
                    )
                self._rows.append(self._row)
            case "TABLEDATA":
                self._convert()
                self.in_cells = False
                self._path.pop()

    def _convert(self) -> None:
        if self._rows:
            rows, self._rows = self._rows, []
            self._cells([pa.array(column, pa.string()) for column in zip(*rows, strict=True)])

    def _cells(self, columns: list[pa.Array]) -> None:
        arrays = []
        for field, cells in zip(self.table.fields, columns, strict=True):
            try:
                arrays.append(from_texts(field, cells))
            except (pa.ArrowException, ValueError) as cause:
                row = first_refused(cells, partial(from_texts, field))
                raise Fault(_reason(cause), self.table.rows + row + 1, field.name) from cause
        self._take(arrays)

    def _take(self, arrays: list[pa.Array]) -> None:
        self.table.rows += len(arrays[0])
        self.table.batches.append(arrays)

    # --- BINARY, BINARY2 and FITS ----------------------------------------------------------------------

    def _stream(self, text: str) -> None:
        assert self._binary is not None
        packed = self._base64_rest + text.encode("ascii", "replace").translate(None, b" \t\r\n")
        whole = len(packed) // 4 * 4
        self._base64_rest = packed[whole:]
        self._bytes(packed[:whole])

    def _bytes(self, packed: bytes) -> None:
        assert self._binary is not None
        try:
            arrays = self._binary.feed(a2b_base64(packed, strict_mode=True))
        except NotBase64 as cause:
            raise Fault(f"its STREAM is not base64: {cause}", self.table.rows + 1) from cause
        except (pa.ArrowException, ValueError) as cause:
            raise Fault(_reason(cause), self.table.rows + 1) from cause
        if arrays is not None:
            self._take(arrays)

    def _end_stream(self) -> None:
        assert self._binary is not None
        if self._base64_rest or self._binary.left:
            raise Fault("its STREAM ends within a row", self.table.rows + 1)


def first_refused(cells: pa.Array, convert: Callable[[pa.Array], object]) -> int:
    """The place, from 0, of the first cell that `convert`, which refused them all, refuses."""
    begin, end = 0, len(cells)
    while end - begin > 1:
        middle = (begin + end) // 2
        try:
            convert(cells[begin:middle])
            begin = middle
        except (pa.ArrowException, ValueError):
            end = middle
    return begin


def _reason(error: BaseException) -> str:
    return re.sub(r"^Failed to parse string: ", "cannot be read: ", str(error).partition("\n")[0])[:300]
