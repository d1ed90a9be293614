"""Catalogues in FITS tables: binary ones with all their column types, ASCII ones, STILTS' fits-plus.

Rows are decoded here from the mapped file, a batch at a time, after the FITS Standard 4.0, section 7.3;
astropy reads the headers. Unsigned integers become the next larger type, bits booleans, complex numbers
pairs. NULL are TNULL, blank logicals, NaN, and texts that begin with a NUL.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from astropy.io import fits

from ..declare.types import (
    BOOLEAN,
    DOUBLE,
    FLOAT,
    INTEGER,
    LONG,
    SHORT,
    TEXT,
    TIMESTAMP,
    UNSIGNED_BYTE,
    Type,
    array_of,
)
from ..errors import UnreadableFile
from .fits_ascii import ascii_source
from .fits_scan import scan
from .source import (
    ROW_BYTES,
    Arrays,
    Member,
    Source,
    SourceColumn,
    batch_rows,
    fixed_lists,
    timestamps,
    unreadable,
    without_nan,
)
from .votable_tables import described_tables

__all__ = ["fits_members"]

_TFORM = re.compile(r"(\d*)([LXBIJKAEDCMPQ])([LXBIJKAEDCM]?)")
# Letter: bytes of one element, numpy's type, the column's.
_ELEMENTS: dict[str, tuple[int, str, Type]] = {
    "L": (1, "u1", BOOLEAN),
    "X": (1, "u1", BOOLEAN),
    "B": (1, "u1", UNSIGNED_BYTE),
    "I": (2, ">i2", SHORT),
    "J": (4, ">i4", INTEGER),
    "K": (8, ">i8", LONG),
    "A": (1, "S1", TEXT),
    "E": (4, ">f4", FLOAT),
    "D": (8, ">f8", DOUBLE),
    "C": (8, ">f4", FLOAT),
    "M": (16, ">f8", DOUBLE),
}
_DESCRIPTORS = {"P": ">i4", "Q": ">i8"}
# TZERO by which unsigned integers (and signed bytes) are written, and the type that holds them.
_OFFSETS: dict[tuple[str, float], Type] = {
    ("B", -128.0): SHORT,
    ("I", 2.0**15): INTEGER,
    ("J", 2.0**31): LONG,
    ("K", 2.0**63): LONG,
}

Rows = npt.NDArray[np.void]


@dataclass(frozen=True)
class _Form:
    """How a column's cells are written: TFORM, TDIM, TNULL, TSCAL and TZERO."""

    letter: str
    repeat: int
    descriptor: str = ""  # P or Q for arrays of variable length
    shape: tuple[int, ...] = ()
    null: int | None = None
    scale: float = 1.0
    zero: float = 0.0

    @property
    def width(self) -> int:
        """Bytes in the row."""
        if self.descriptor:
            return 2 * np.dtype(_DESCRIPTORS[self.descriptor]).itemsize * min(self.repeat, 1)
        if self.letter == "X":
            return (self.repeat + 7) // 8
        return self.repeat * _ELEMENTS[self.letter][0]

    @property
    def type(self) -> Type | None:
        """The column's type; None for what no type can hold."""
        if self.letter == "A":
            return None if len(self.shape) > 1 or (self.descriptor and self.shape) else TEXT
        element = self._element
        if self.descriptor:
            return array_of(element, "2x*" if self.letter in "CM" else "*")
        axes = list(self.shape) if self.shape else [self.repeat]
        axes = [2, *axes] if self.letter in "CM" else axes
        if axes[-1] == 1 and len(axes) > 1:
            axes.pop()
        return element if axes == [1] else array_of(element, "x".join(map(str, axes)))

    @property
    def _element(self) -> Type:
        if (self.letter, self.zero) in _OFFSETS and self.scale == 1.0:
            return _OFFSETS[self.letter, self.zero]
        if self.letter in "BIJK" and self.is_scaled:
            return DOUBLE
        return _ELEMENTS[self.letter][2]

    @property
    def is_scaled(self) -> bool:
        return self.scale != 1.0 or self.zero != 0.0


def fits_members(path: Path, told: Sequence[SourceColumn] = ()) -> list[Member]:
    """Tables with columns, by the numbers of their extensions (from 1) and EXTNAME.

    `told` is what somebody else says of the columns of a table that has as many.
    """
    _check_structure(path)
    with _reading(path), fits.open(path, memmap=True, disable_image_compression=True) as hdus:
        described = _fits_plus(hdus)
        members = [
            Member(
                number,
                (str(hdu.header.get("EXTNAME", "")).strip(),),
                int(hdu.header["NAXIS2"]),
                partial(
                    _opened,
                    path,
                    hdu.header.copy(),
                    hdu.fileinfo()["datLoc"],
                    described.get(number, told),
                    _keywords(hdus[0].header, hdu.header),
                ),
            )
            for number, hdu in _tables(hdus)
        ]
    if not members:
        raise unreadable(path, "there is no table in the file")
    return members


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield
        except (OSError, ValueError, TypeError, KeyError, IndexError, fits.VerifyError) as cause:
            raise unreadable(path, f"not readable as FITS: {cause}") from cause


def _opened(
    path: Path, header: Any, where: int, described: Sequence[SourceColumn], keywords: Mapping[str, object]
) -> Source:
    with _reading(path):
        return replace(_source(path, header, where, described), keywords=keywords)


def _keywords(primary: Any, header: Any) -> dict[str, object]:
    """The values of both headers, the table's before the primary's; a card that is none is left out."""
    found: dict[str, object] = {}
    for card in (*primary.cards, *header.cards):
        with suppress(fits.VerifyError, ValueError):
            if isinstance(card.value, str | int | float):
                found[card.keyword] = card.value
    return found


def _check_structure(path: Path) -> None:
    """astropy would count as many axes as a header likes to announce."""
    try:
        scan(path)
    except UnreadableFile as cause:
        raise unreadable(path, cause.message) from cause


def _tables(hdus: Any) -> list[tuple[int, Any]]:
    """Tables with columns, by the numbers of their extensions."""
    return [
        (number, hdu)
        for number, hdu in enumerate(hdus)
        if hdu.header.get("XTENSION", "").strip() in {"BINTABLE", "TABLE"}
        and not hdu.header.get("ZIMAGE")
        and hdu.header.get("TFIELDS", 0) > 0
    ]


def _fits_plus(hdus: Any) -> dict[int, list[SourceColumn]]:
    """The columns of each extension, as STILTS writes them into the primary HDU (VOTMETA = T)."""
    primary = hdus[0]
    if not primary.header.get("VOTMETA") or primary.data is None:
        return {}
    try:
        tables = described_tables(np.asarray(primary.data, np.uint8).tobytes())
    except UnreadableFile:
        return {}  # the headers say enough, as they do for everybody who takes it for plain FITS
    return {number: columns for number, (columns, _) in enumerate(tables, 1)}


def _source(path: Path, header: Any, where: int, described: Sequence[SourceColumn]) -> Source:
    rows, width = int(header["NAXIS2"]), int(header["NAXIS1"])
    needed = where + rows * width + int(header.get("PCOUNT", 0))
    held = path.stat().st_size
    if held < needed:
        raise unreadable(path, f"truncated: {needed} bytes are announced and {held} are there")
    if header["XTENSION"].strip() == "TABLE":
        return ascii_source(path, header, where)
    columns: list[SourceColumn] = []
    decoders: list[_Decoder] = []
    remarks: list[str] = []
    offset = 0
    heap = where + int(header.get("THEAP", rows * width))
    for number in range(1, int(header["TFIELDS"]) + 1):
        form = _form(path, header, number)
        column = _column(header, number, form.type or TEXT)
        if form.type is None or form.width == 0:
            kind = "arrays of texts" if form.letter == "A" and form.width else "a column without values"
            remarks.append(f"column {column.name} is left out: there is no column type for {kind}")
        else:
            given = described[number - 1] if len(described) == int(header["TFIELDS"]) else None
            column = column if given is None else _with(column, given)
            columns.append(column)
            decoders.append(_Decoder(form, column, offset, heap))
        offset += form.width
    if offset > width:
        raise unreadable(path, f"the columns take {offset} bytes of a row, and NAXIS1 is {width}")
    if not columns:
        raise unreadable(path, "no column can be stored")
    size = batch_rows(width)

    def batches() -> Iterator[Arrays]:
        if rows == 0:
            return
        file = np.memmap(path, np.uint8, mode="r")
        start = 0
        while start < rows:
            count = min(size, rows - start)
            begin = where + start * width
            block = file[begin : begin + count * width].reshape(count, width)
            # Rows that share the arrays of others can stand for far more bytes than the file has.
            count = min(decoder.fitting(block) for decoder in decoders)
            yield [decoder.decoded(path, start, block[:count], file) for decoder in decoders]
            start += count

    description = " ".join(str(header.get(key, "")).strip() for key in ("TITLE",)).strip()
    return Source(path, tuple(columns), batches, rows, description, tuple(remarks))


def _form(path: Path, header: Any, number: int) -> _Form:
    text = str(header.get(f"TFORM{number}", "")).strip().upper()
    found = _TFORM.match(text)
    if found is None:
        raise unreadable(path, f"TFORM{number} = {text!r} is no format of a column")
    repeat = int(found[1]) if found[1] else 1
    letter, descriptor = found[2], ""
    if letter in _DESCRIPTORS:
        letter, descriptor = found[3] or "B", letter
    dims = re.fullmatch(r"\(\s*(\d+(?:\s*,\s*\d+)*)\s*\)", str(header.get(f"TDIM{number}", "")).strip())
    shape = tuple(int(axis) for axis in dims[1].split(",")) if dims else ()
    if shape and int(np.prod(shape)) != repeat:
        shape = ()
    null = header.get(f"TNULL{number}")
    return _Form(
        letter,
        repeat,
        descriptor,
        shape,
        null if isinstance(null, int) and letter in "BIJK" else None,
        float(header.get(f"TSCAL{number}", 1.0)),
        float(header.get(f"TZERO{number}", 0.0)),
    )


def _column(header: Any, number: int, type_: Type) -> SourceColumn:
    def text(*keywords: str) -> str:
        for keyword in keywords:
            if value := str(header.get(f"{keyword}{number}", "")).strip():
                return value
        return ""

    comment = header.comments[f"TTYPE{number}"] if f"TTYPE{number}" in header else ""
    # Comments that writers put by themselves say nothing.
    usual = re.fullmatch(
        r"(label for (column|field)|column name|name of column).*|\s*|.*field\s*\d+", comment, re.I
    )
    return SourceColumn(
        text("TTYPE"),
        type_,
        unit=text("TUNIT"),
        ucd=text("TUCD", "TBUCD"),
        utype=text("TUTYP", "TUTYPE"),
        description=text("TCOMM", "TDESC") or ("" if usual else comment),
    )


def _with(column: SourceColumn, given: SourceColumn) -> SourceColumn:
    """The column as the VOTable beside it describes it; the name may be cut in the header."""
    have, want = column.type, given.type
    same = have.datatype == want.datatype and want.arraysize in {have.arraysize, "*"}
    return replace(given, type=want if same or (have == TEXT and want == TIMESTAMP) else have)


@dataclass(frozen=True)
class _Decoder:
    """Reads one column out of a block of rows."""

    form: _Form
    column: SourceColumn
    offset: int
    heap: int

    def decoded(self, path: Path, start: int, block: npt.NDArray[np.uint8], file: Any) -> pa.Array:
        try:
            cells = np.ascontiguousarray(block[:, self.offset : self.offset + self.form.width])
            return self._varying(cells, file) if self.form.descriptor else self._fixed(cells)
        except (pa.ArrowException, ValueError, IndexError, OverflowError) as cause:
            raise unreadable(path, str(cause), row=start + 1, column=self.column.name) from cause

    def fitting(self, block: npt.NDArray[np.uint8]) -> int:
        """How many of the rows, one at least, make a batch of bounded size."""
        if not self.form.descriptor:
            return len(block)
        cells = np.ascontiguousarray(block[:, self.offset : self.offset + self.form.width])
        lengths = cells.view(_DESCRIPTORS[self.form.descriptor]).reshape(-1, 2)[:, 0].astype("f8")
        sizes = np.cumsum(lengths * _ELEMENTS[self.form.letter][0])
        return max(1, int(np.searchsorted(sizes, 4 * ROW_BYTES)))

    def _fixed(self, cells: npt.NDArray[np.uint8]) -> pa.Array:
        form, type_ = self.form, self.column.type
        if form.letter == "A":
            texts = _texts(cells)
            return timestamps(texts) if type_ == TIMESTAMP else texts
        if form.letter == "X":
            bits = np.unpackbits(cells, axis=1)[:, : form.repeat].astype(bool).ravel()
            values = pa.array(bits)
        else:
            values = self._values(cells.ravel())
        if type_.is_array:
            return fixed_lists(values, len(values) // max(len(cells), 1), type_)
        return without_nan(values) if type_ in {FLOAT, DOUBLE} else values

    def _values(self, raw: npt.NDArray[np.uint8]) -> pa.Array:
        """Elements in the type of the column's elements."""
        form = self.form
        if form.letter == "L":
            return pa.array(raw == ord("T"), mask=(raw != ord("T")) & (raw != ord("F")))
        numbers = raw.view(_ELEMENTS[form.letter][1])
        hidden = None if form.null is None else numbers == form.null
        target = self.column.type.element.arrow if self.column.type.is_array else self.column.type.arrow
        if (form.letter, form.zero) in _OFFSETS and form.scale == 1.0:
            numbers = self._unsigned(numbers, hidden)
        elif form.is_scaled and form.letter in "BIJKED":
            numbers = numbers * form.scale + form.zero
        plain = np.ascontiguousarray(numbers).astype(numbers.dtype.newbyteorder("="), copy=False)
        return pa.array(plain, mask=hidden).cast(target)

    def _unsigned(self, numbers: Any, hidden: Any) -> Any:
        if self.form.letter != "K":
            return numbers.astype("i8") + int(self.form.zero)
        # The sign bit stands for 2**63; what does not fit a signed integer is refused.
        beyond = numbers >= 0 if hidden is None else (numbers >= 0) & ~hidden
        if beyond.any():
            raise OverflowError(f"an unsigned integer of 64 bits beyond {2**63 - 1}")
        return numbers.astype("i8") ^ np.int64(-(2**63))

    def _varying(self, cells: npt.NDArray[np.uint8], file: Any) -> pa.Array:
        """Arrays out of the heap: each cell has their length and place."""
        form = self.form
        pairs = cells.view(_DESCRIPTORS[form.descriptor]).astype("i8").reshape(-1, 2)
        size = _ELEMENTS[form.letter][0]
        pieces, lengths = [], []
        for length, place in pairs.tolist():
            taken = (length + 7) // 8 if form.letter == "X" else length * size
            begin = self.heap + place
            if length < 0 or begin < self.heap or begin + taken > len(file):
                raise IndexError("an array lies outside the file")
            piece = file[begin : begin + taken]
            if form.letter == "X":
                piece = np.unpackbits(piece)[:length]
            pieces.append(piece)
            lengths.append(length * 2 if form.letter in "CM" else length)
        if form.letter == "A":
            texts = pa.array([_text(piece.tobytes()) for piece in pieces], pa.string())
            return timestamps(texts) if self.column.type == TIMESTAMP else texts
        flat = np.concatenate(pieces) if pieces else np.empty(0, np.uint8)
        values = pa.array(flat.astype(bool)) if form.letter == "X" else self._values(flat)
        offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32))
        return pa.ListArray.from_arrays(offsets, values)


def _texts(cells: npt.NDArray[np.uint8]) -> pa.Array:
    width = cells.shape[1]
    return pa.array([_text(value) for value in cells.view(f"S{width}").ravel().tolist()], pa.string())


def _text(raw: bytes) -> str | None:
    """A text up to its first NUL, without trailing blanks; NULL when it begins with a NUL (7.3.3.1)."""
    plain = raw.split(b"\0", 1)[0]
    if not plain:
        return None
    plain = plain.rstrip()
    try:
        return plain.decode("utf-8")
    except UnicodeDecodeError:
        return plain.decode("latin-1")
