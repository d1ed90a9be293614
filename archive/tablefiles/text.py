"""Catalogues as text: ECSV, whose header gives types and units, and any CSV with a line of names.

What a plain CSV's columns hold is found by reading the file once before it is loaded: numbers, times and
truth values are taken as such when every value of the column can be.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any, TextIO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

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
from .astropy_header import LONGEST_HEADER, as_mapping, read_header, said
from .source import (
    Arrays,
    Source,
    SourceColumn,
    first_refused,
    timestamps,
    unreadable,
    without_nan,
)

__all__ = ["open_csv", "open_ecsv"]

_BLOCK = 1 << 20  # bytes read at once
_LONGEST_LINE = 4 << 20  # of names
_MOST_COLUMNS = 10_000  # many more than a table may have; each costs much memory while types are found
_SHOWN = 80  # characters of a wrong value
_DELIMITERS = ",\t;|"
# How tables write that there is no number; in a column of texts only the empty one is NULL.
_NO_VALUE = pa.array(["", "null", "none", "na", "n/a", "--", "\\n"])
_TRUTH = pa.array(["true", "false", "t", "f"])
_GUESSES = (LONG, DOUBLE, TIMESTAMP, BOOLEAN)

_ECSV_TYPES = {
    "bool": BOOLEAN,
    "int8": SHORT,
    "int16": SHORT,
    "int32": INTEGER,
    "int64": LONG,
    "uint8": UNSIGNED_BYTE,
    "uint16": INTEGER,
    "uint32": LONG,
    "uint64": LONG,
    "float16": FLOAT,
    "float32": FLOAT,
    "float64": DOUBLE,
    "float128": DOUBLE,
    "string": TEXT,
}


@dataclass(frozen=True)
class _Layout:
    """Where the rows begin and how they are written."""

    delimiter: str
    skipped: int  # lines before the line of names
    encoding: str


@contextmanager
def open_csv(
    path: Path, *, delimiter: str = "", known: Mapping[str, Type] = MappingProxyType({})
) -> Iterator[Source]:
    """`delimiter` where that is known, and the types of columns by their names."""
    layout = _layout(path)
    layout = replace(layout, delimiter=delimiter or layout.delimiter)
    names = _names(path, layout)
    types, rows = _guessed(path, layout, len(names))
    columns = tuple(
        SourceColumn(name, known.get(name, guess)) for name, guess in zip(names, types, strict=True)
    )
    yield Source(path, columns, lambda: _batches(path, layout, columns), rows, guessed=True)


@contextmanager
def open_ecsv(path: Path) -> Iterator[Source]:
    header, all_described, skipped = _ecsv_header(path)
    layout = _Layout(said(header, "delimiter") or " ", skipped, "utf8")
    columns, remarks, places = [], [], []
    for place, described in enumerate(all_described):
        type_ = _ecsv_type(described)
        if type_ is None:
            kind = said(described, "subtype") or described["datatype"]
            remarks.append(f"column {described['name']} is left out: there is no column type for {kind}")
            continue
        columns.append(_ecsv_column(described, type_))
        places.append(place)
    if not columns:
        raise unreadable(path, "no column can be stored")
    found = _names(path, layout)
    if found != [described["name"] for described in all_described]:
        raise unreadable(path, "the line of names differs from the names in the header")
    description = said(as_mapping(header.get("meta")), "description")
    yield Source(
        path,
        tuple(columns),
        lambda: _batches(path, layout, tuple(columns), places),
        description=description,
        remarks=tuple(remarks),
    )


# Reading


def _layout(path: Path) -> _Layout:
    with path.open("rb") as file:
        start = file.read(1 << 16)
    if b"\0" in start:
        raise unreadable(path, "neither a table that is known nor text")
    encoding = "utf8" if _is_utf8(path) else "latin-1"
    lines = start.decode(encoding, "replace").splitlines()
    skipped = next((number for number, line in enumerate(lines) if line.strip() and line[0] != "#"), None)
    if skipped is None:
        raise unreadable(path, "there is no line of column names")
    counts = {delimiter: lines[skipped].count(delimiter) for delimiter in _DELIMITERS}
    delimiter = max(counts, key=lambda sign: counts[sign])
    return _Layout(delimiter, skipped, encoding)


def _is_utf8(path: Path) -> bool:
    with path.open(encoding="utf-8") as file:
        try:
            while file.read(_BLOCK):
                pass
        except UnicodeDecodeError:
            return False
    return True


def _names(path: Path, layout: _Layout) -> list[str]:
    with path.open(encoding=layout.encoding.replace("utf8", "utf-8-sig"), newline="") as file:
        for _ in range(layout.skipped):
            file.readline()
        try:
            names = next(csv.reader(_bounded(file), delimiter=layout.delimiter), [])
        except csv.Error as cause:
            raise unreadable(path, f"the line of column names cannot be read: {cause}") from cause
    if not names:
        raise unreadable(path, "there is no line of column names")
    if len(names) > _MOST_COLUMNS:
        raise unreadable(path, f"there are {len(names)} columns; no table has more than {_MOST_COLUMNS}")
    return [name.strip() for name in names]


def _bounded(file: TextIO) -> Iterator[str]:
    """Lines, of which none fills the memory."""
    while line := file.readline(_LONGEST_LINE):
        if len(line) == _LONGEST_LINE:
            raise csv.Error("it has no end")
        yield line


def _texts(path: Path, layout: _Layout) -> Iterator[tuple[int, list[pa.Array]]]:
    """Blocks of rows with all values as text, and the number of rows before them."""
    count = len(_names(path, layout))
    keys = [str(number) for number in range(count)]
    read = pacsv.ReadOptions(
        use_threads=False,
        block_size=_BLOCK,
        skip_rows=layout.skipped + 1,
        column_names=keys,
        encoding=layout.encoding,
    )
    wrong: list[pacsv.InvalidRow] = []

    def remember(found: pacsv.InvalidRow) -> str:
        wrong.append(found)
        return "error"

    parse = pacsv.ParseOptions(
        delimiter=layout.delimiter, newlines_in_values=True, invalid_row_handler=remember
    )
    convert = pacsv.ConvertOptions(column_types=dict.fromkeys(keys, pa.string()), strings_can_be_null=False)
    row = 0
    try:
        # As an open file: by its name pyarrow would take an unpacked copy of a .gz for packed.
        with pa.OSFile(str(path)) as file, pacsv.open_csv(file, read, parse, convert) as reader:
            for batch in reader:
                yield row, batch.columns
                row += batch.num_rows
    except pa.ArrowInvalid as cause:
        if row == 0 and _is_without_rows(path, str(cause)):
            return
        if wrong:
            here = wrong[0].number
            reason = f"{wrong[0].actual_columns} values instead of {wrong[0].expected_columns}"
            raise unreadable(path, reason, row=None if here is None else here - layout.skipped - 1) from cause
        if "straddl" in str(cause):
            reason = f"a row is longer than {_BLOCK >> 20} MiB, or a quotation mark has no second one"
            raise unreadable(path, reason) from cause
        raise unreadable(path, str(cause)) from cause


def _is_without_rows(path: Path, complaint: str) -> bool:
    """Whether pyarrow complains that nothing follows the line of names, which may have no end of line."""
    short = path.stat().st_size < _BLOCK
    return "Empty CSV file" in complaint or ("Could not skip initial" in complaint and short)


def _batches(
    path: Path, layout: _Layout, columns: tuple[SourceColumn, ...], places: list[int] | None = None
) -> Iterator[Arrays]:
    chosen = range(len(columns)) if places is None else places
    for row, texts in _texts(path, layout):
        arrays = []
        for column, place in zip(columns, chosen, strict=True):
            try:
                arrays.append(_converted(texts[place], column.type))
            except (pa.ArrowException, ValueError, TypeError, RecursionError) as cause:
                wrong = first_refused(texts[place], partial(_converted, type_=column.type))
                reason = f"{texts[place][wrong].as_py()[:_SHOWN]!r} is no {column.type.adql}"
                raise unreadable(path, reason, row=row + wrong + 1, column=column.name) from cause
        yield arrays


def _converted(texts: pa.Array, type_: Type) -> pa.Array:
    """Values of the type; raises ArrowInvalid or, for arrays, ValueError."""
    if type_.is_text:
        return pc.if_else(pc.equal(texts, ""), None, texts)
    plain = _valued(texts)
    if type_ == TIMESTAMP:
        return timestamps(plain)
    if type_ == BOOLEAN:
        return _truth(plain)
    if type_.is_array:
        return pa.array([None if text is None else _list(text) for text in plain.to_pylist()], type_.arrow)
    numbers = plain.cast(type_.arrow)
    return without_nan(numbers) if type_ in {FLOAT, DOUBLE} else numbers


def _valued(texts: pa.Array) -> pa.Array:
    """The texts without blanks around them; NULL for those that say that there is no value."""
    plain = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.is_in(pc.utf8_lower(plain), _NO_VALUE), None, plain)


def _truth(texts: pa.Array) -> pa.Array:
    lower = pc.utf8_lower(texts)
    if pc.any(pc.invert(pc.is_in(lower.drop_null(), _TRUTH))).as_py():
        raise pa.ArrowInvalid("neither true nor false")
    return pc.starts_with(lower, "t")


def _list(text: str) -> Any:
    values = json.loads(text)
    while isinstance(values, list) and any(isinstance(value, list) for value in values):
        values = [element for value in values for element in value]
    return values


# Types


def _guessed(path: Path, layout: _Layout, count: int) -> tuple[list[Type], int]:
    """For each column the first of the guesses that all its values fit; columns without values are text.

    And the number of rows.
    """
    fitting = [list(_GUESSES) for _ in range(count)]
    filled = [False] * count
    rows = 0
    for before, texts in _texts(path, layout):
        rows = before + len(texts[0])
        for place, column in enumerate(texts):
            fitting[place] = [type_ for type_ in fitting[place] if _fits(column, type_)]
            filled[place] = filled[place] or bool(pc.any(pc.is_valid(_valued(column))).as_py())
    types = [
        left[0] if left and has_values else TEXT for left, has_values in zip(fitting, filled, strict=True)
    ]
    return types, rows


def _fits(texts: pa.Array, type_: Type) -> bool:
    try:
        _converted(texts, type_)
    except pa.ArrowException:
        return False
    return True


# ECSV


def _ecsv_header(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]], int]:
    """The header, its columns, and the number of lines before the line of names."""
    lines: list[str] = []
    length = 0
    with path.open(encoding="utf-8", errors="replace") as file:
        while (line := file.readline(LONGEST_HEADER)).startswith("#"):
            length += len(line)
            if length >= LONGEST_HEADER:
                raise unreadable(path, f"the ECSV header is longer than {LONGEST_HEADER >> 20} MiB")
            lines.append(line[1:].removeprefix(" ").rstrip("\n"))
    try:
        header, columns = read_header("\n".join(line for line in lines if not line.startswith("%")))
    except ValueError as cause:
        raise unreadable(path, f"the ECSV header cannot be read: {cause}") from cause
    if header.get("delimiter", " ") not in {" ", ","}:
        raise unreadable(path, "the ECSV header cannot be read: the delimiter is neither a blank nor a comma")
    return header, columns, len(lines)


def _ecsv_type(described: dict[str, Any]) -> Type | None:
    subtype = said(described, "subtype")
    if described["datatype"] == "string" and subtype:
        return _ecsv_array(subtype)
    return _ECSV_TYPES.get(described["datatype"])


def _ecsv_array(subtype: str) -> Type | None:
    """The type for "float64[3]", "int32[2,null]": in numpy's order, the last axis fastest."""
    element, bracket, shape = subtype.partition("[")
    if not bracket or _ECSV_TYPES.get(element, TEXT).is_text:
        return None
    axes = [axis.strip() for axis in shape.rstrip("]").split(",")]
    size = "x".join(reversed(axes)) if "null" not in axes else "*"
    return array_of(_ECSV_TYPES[element], size)


def _ecsv_column(described: dict[str, Any], type_: Type) -> SourceColumn:
    meta = as_mapping(described.get("meta"))
    return SourceColumn(
        described["name"],
        type_,
        unit=said(described, "unit"),
        ucd=said(meta, "ucd"),
        utype=said(meta, "utype"),
        description=said(described, "description"),
    )
