"""VOTables of any version, in all serialisations, plain or packed by gzip, in bounded memory.

What stands in the document is `votable_document`'s; here it is read piece by piece, and rows of TABLEDATA
that are written as everybody writes them are cut out without looking at every element.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from ..errors import TooLarge, UnreadableFile
from .source import Source, SourceColumn, unreadable
from .votable_document import Fault, VOTableParser
from .votable_fields import VotField
from .votable_uniform import uniform_cells

__all__ = ["open_votable"]

_PIECE = 1 << 20
_MOST_BYTES = 1 << 40
_LONGEST_ROW = 16 << 20  # bytes that are looked through again and again for its end
_ROWS_START, _ROWS_END = b"<TABLEDATA>", b"</TABLEDATA"
_ENTITIES = {"&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'", "&amp;": "&"}
_ENTITY = re.compile("&[^;]*;?")
_CONTROLS = bytes({*range(32)} - {*b"\t\n\r"})  # which XML has no place for
_UTF16 = (b"\xfe\xff", b"\xff\xfe", b"\0")
_OTHER = re.compile(rb"""<\?xml[^>]*encoding\s*=\s*["'](?!utf-?8["']|us-ascii["'])""", re.IGNORECASE)


@contextlib.contextmanager
def open_votable(
    path: Path, *, label: str = "", most_columns: int = 100_000, most_bytes: int = _MOST_BYTES
) -> Iterator[Source]:
    """The one table of a document; its columns are known at once, its rows come while they are read.

    `label` is what errors call it instead of the file's name, and `most_bytes` the size to which a packed
    document may grow. UnreadableFile says what is wrong, also while the rows are read; TooLarge that it is
    too big.
    """
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(_opened(path))
        path = Path(label.replace("/", "_")) if label else path
        parser = VOTableParser(
            most_columns, lambda: stack.enter_context(tempfile.NamedTemporaryFile(prefix="uraniborg-"))
        )
        reading = _Reading(path, file, parser, most_bytes)
        reading.until_ready()
        table = parser.table
        columns = tuple(_column(parser, field) for field in table.fields)
        if not columns:
            raise unreadable(path, "its table has no columns")
        if parser.fits is not None:
            reading.until_ended()
            yield parser.fits.source(path, columns, table.description)
            return
        yield Source(path, columns, reading.batches, None, table.description)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    with path.open("rb") as file:
        start = file.read(2)
        file.seek(0)
        if start != b"\x1f\x8b":
            yield file
            return
        with gzip.open(file) as unpacked:
            yield unpacked  # type: ignore[misc]


class _Reading:
    def __init__(self, path: Path, file: BinaryIO, parser: VOTableParser, most_bytes: int) -> None:
        self.parser = parser
        self._path, self._file = path, file
        self._left = self._most_bytes = most_bytes
        self._carry = b""
        self._plain = True  # rows may be cut out, as the document is in UTF-8
        self._begun = False
        self._pattern: re.Pattern[str] | None = None
        self._ended = False

    def until_ready(self) -> None:
        """Reads until the columns are known."""
        while not self.parser.table.ready and self._step():
            pass

    def until_ended(self) -> None:
        """Reads the rest, which has no rows to be handed over."""
        while self._step():
            pass

    def batches(self) -> Iterator[list[pa.Array]]:
        table = self.parser.table
        while True:
            batches, table.batches = table.batches, []
            yield from batches
            if not table.batches and not self._step():
                return

    def _step(self) -> bool:
        """Reads a piece further; False at the end."""
        if self._ended:
            return False
        try:
            piece = self._read()
            if piece:
                self._feed(piece)
                return True
            self._ended = True
            self._feed_rest()
            self.parser.end()
        except Fault as fault:
            raise self._unreadable(fault) from fault
        return bool(self.parser.table.batches)

    def _unreadable(self, fault: Fault) -> UnreadableFile:
        reason = fault.reason if fault.row else f"not readable as VOTable: {fault.reason}"
        return unreadable(self._path, reason, row=fault.row or None, column=fault.column)

    def _read(self) -> bytes:
        try:
            piece = self._file.read(_PIECE)
        except (OSError, EOFError, zlib.error) as cause:
            raise Fault(f"it cannot be unpacked: {cause}") from cause
        self._left -= len(piece)
        if self._left < 0:
            raise TooLarge(f"{self._path.name} is larger than {self._most_bytes} bytes when unpacked")
        if piece and not self._begun:
            self._begun = True
            self._plain = not _OTHER.search(piece[:200]) and not piece.startswith(_UTF16)
        return piece

    # The document goes to the parser, but for rows in TABLEDATA that look as they should.

    def _feed(self, piece: bytes) -> None:
        if not self._plain:
            self.parser.feed(piece)
            return
        self._carry += piece
        if not self.parser.in_cells:
            self._feed_until_rows()
        if self.parser.in_cells:
            self._feed_rows()

    def _feed_until_rows(self) -> None:
        while not self.parser.in_cells:
            found = self._carry.find(_ROWS_START)
            if found < 0:
                # What may be the beginning of the tag waits for the rest of it.
                end = max(len(self._carry) - len(_ROWS_START), 0)
                self.parser.feed(self._carry[:end])
                self._carry = self._carry[end:]
                return
            found += len(_ROWS_START)
            self.parser.feed(self._carry[:found])
            self._carry = self._carry[found:]

    def _feed_rows(self) -> None:
        end = self._carry.find(_ROWS_END)
        cut = self._carry.rfind(b"</TR>") + len(b"</TR>") if end < 0 else end
        if cut >= len(b"</TR>") or end >= 0:
            block, self._carry = self._carry[:cut], self._carry[cut:]
            if not self._cut_out(block):
                self._plain = False
                self.parser.feed(block)
        elif len(self._carry) > _LONGEST_ROW:
            self._plain = False
        if end >= 0 and self._plain:
            self._feed_rest()
            self._plain = False
        if not self._plain:
            self._feed_rest()

    def _feed_rest(self) -> None:
        rest, self._carry = self._carry, b""
        if rest:
            self.parser.feed(rest)

    def _cut_out(self, block: bytes) -> bool:
        """Takes the rows of a block; False when it has anything but plain rows in it."""
        if b"<!" in block or b"<?" in block or len(block.translate(None, _CONTROLS)) != len(block):
            return False
        count = len(self.parser.table.fields)
        if (columns := uniform_cells(block, count)) is not None:
            self.parser.add_rows(columns)
            return True
        try:
            text = block.decode("utf-8")
        except UnicodeDecodeError:
            return False
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if self._pattern is None:
            cell = r"\s*<TD(?:\s*/>|>([^<]*)</TD>)"
            self._pattern = re.compile(rf"<TR>{cell * count}\s*</TR>")
        rows = self._pattern.findall(text)
        if len(rows) != text.count("<TR") or text.count("<T") != len(rows) * (count + 1):
            return False
        if not rows:
            return not text.strip()
        cells = [list(rows)] if count == 1 else [list(column) for column in zip(*rows, strict=True)]
        if "&" in text:
            if any(entity not in _ENTITIES for entity in set(_ENTITY.findall(text))):
                return False
            cells = [[_plain(cell) for cell in column] for column in cells]
        self.parser.add_rows([pa.array(column, pa.string()) for column in cells])
        return True


def _plain(cell: str) -> str:
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], cell) if "&" in cell else cell


def _column(parser: VOTableParser, field: VotField) -> SourceColumn:
    attributes = field.attributes
    reference = attributes.get("ref", "")
    return SourceColumn(
        field.name,
        field.type,
        attributes.get("unit", "").strip(),
        attributes.get("ucd", "").strip(),
        attributes.get("utype", "").strip(),
        field.description,
        parser.coosys.get(reference),
        parser.timesys.get(reference),
    )
