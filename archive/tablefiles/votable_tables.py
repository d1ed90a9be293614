"""All tables of a VOTable, of any version and serialisation, read by astropy.

astropy reads the rows of a table at once, so that memory grows with the file; big catalogues had better
come as FITS or Parquet. Documents of one table that strangers send are read by `votable`, row by row.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any
from xml.parsers.expat import ExpatError

import numpy as np
import pyarrow as pa
from astropy.io import votable

from ..declare.types import BOOLEAN, DOUBLE, FLOAT, TEXT, TIMESTAMP, Type, array_of, find_type
from ..errors import DeclarationError
from .columns import coosys_of
from .source import (
    Arrays,
    Member,
    Source,
    SourceColumn,
    batch_rows,
    timestamps,
    unreadable,
    without_nan,
)
from .votable_announced import announced_fault

__all__ = ["described_tables", "votable_members"]

# What astropy raises for documents it cannot make sense of; its VOTable errors are SyntaxErrors.
_UNREADABLE = (
    SyntaxError,
    ExpatError,
    OSError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    EOFError,
    MemoryError,
    RecursionError,
)
_COMPLEX = {"floatComplex": FLOAT, "doubleComplex": DOUBLE}


def votable_members(path: Path) -> list[Member]:
    """Tables with columns, numbered from 1 as all TABLE elements are; the document is parsed once."""
    document = _parsed(path, path)
    members = [
        Member(
            number,
            (table.name or "", table.ID or ""),
            len(table.array),
            partial(_source, path, document, table),
        )
        for number, table in enumerate(document.iter_tables(), 1)
        if table.fields
    ]
    if not members:
        raise unreadable(path, "the VOTable has no table")
    return members


def described_tables(content: bytes) -> list[tuple[list[SourceColumn], str]]:
    """The columns and the description of each table of a document, which need not have data."""
    document = _parsed(Path("metadata"), io.BytesIO(content))
    return [
        ([_column(document, field, _type(field) or TEXT) for field in table.fields], _description(table))
        for table in document.iter_tables()
    ]


def _parsed(path: Path, source: Any) -> Any:
    with path.open("rb") if isinstance(source, Path) else io.BytesIO(source.getvalue()) as file:
        if fault := announced_fault(file):
            raise unreadable(path, f"not readable as VOTable: {fault}")
    with warnings.catch_warnings():
        # What validators would say of real files; here only what cannot be read matters.
        warnings.simplefilter("ignore")
        try:
            return votable.parse(source if isinstance(source, io.BytesIO) else str(source), verify="ignore")
        except _UNREADABLE as cause:
            raise unreadable(path, f"not readable as VOTable: {_reason(cause)}") from cause


def _reason(error: BaseException) -> str:
    """astropy's words without the path of the file, which may be that of a temporary copy."""
    text = " ".join(str(error).split()) or type(error).__name__
    return re.sub(r"^\S*?:(\d+|\?):(\d+|\?): ", _place, text)


def _place(found: re.Match[str]) -> str:
    return "" if found[1] == "?" else f"line {found[1]}: "


def _description(table: Any) -> str:
    return " ".join(str(table.description or "").split())


def _source(path: Path, document: Any, table: Any) -> Source:
    array = table.array
    columns: list[SourceColumn] = []
    places: list[int] = []
    remarks: list[str] = []
    for place, field in enumerate(table.fields):
        type_ = _type(field)
        if type_ is None:
            kind = f"{field.datatype}[{field.arraysize}]" if field.arraysize else field.datatype
            remarks.append(f"column {field.name} is left out: there is no column type for {kind}")
            continue
        columns.append(_column(document, field, type_))
        places.append(place)
    if not columns:
        raise unreadable(path, "no column can be stored")
    names = array.dtype.names or ()
    size = batch_rows(array.dtype.itemsize)

    def batches() -> Iterator[Arrays]:
        for start in range(0, len(array), size):
            rows = array[start : start + size]
            yield [
                _converted(path, start, column, rows[names[place]])
                for column, place in zip(columns, places, strict=True)
            ]

    return Source(path, tuple(columns), batches, len(array), _description(table), tuple(remarks))


def _column(document: Any, field: Any, type_: Type) -> SourceColumn:
    return SourceColumn(
        field.name or field.ID or "",
        type_,
        unit="" if field.unit is None else _unit(field.unit),
        ucd=field.ucd or "",
        utype=field.utype or "",
        description=str(field.description or ""),
        coosys=_coosys(document, field.ref),
    )


def _unit(unit: Any) -> str:
    # Units that astropy could parse come back in its own spelling, which is generic.
    return str(unit)


def _coosys(document: Any, reference: str | None) -> Any:
    if not reference:
        return None
    for system in document.iter_coosys():
        if reference == system.ID:
            return coosys_of(system.system or "", system.epoch)
    return None


def _type(field: Any) -> Type | None:
    """The column type for a FIELD; complex numbers are pairs, bits booleans. None when there is none."""
    size = field.arraysize if field.arraysize not in {None, "", "1"} else None
    if field.datatype in _COMPLEX:
        return array_of(_COMPLEX[field.datatype], f"2x{size}" if size else "2")
    if field.datatype == "bit":
        return array_of(BOOLEAN, size) if size else BOOLEAN
    try:
        found = find_type(field.datatype, size, field.xtype)
    except DeclarationError:
        return None
    # Lengths are often wrong in real files, and nothing is gained by keeping them.
    return TEXT if found.is_text and found.xtype is None else found


def _converted(path: Path, start: int, column: SourceColumn, values: Any) -> pa.Array:
    type_ = column.type
    mask = np.ma.getmaskarray(values)
    try:
        if type_.is_text or type_ == TIMESTAMP:
            texts = pa.array([_text(value, hidden) for value, hidden in zip(values.data, mask, strict=True)])
            texts = texts.cast(pa.string())
            return timestamps(texts) if type_ == TIMESTAMP else texts
        if type_.is_array:
            return pa.array([_elements(value) for value in values], type_.arrow)
        plain = pa.array(values.data, mask=mask).cast(type_.arrow)
        return without_nan(plain) if type_ in {FLOAT, DOUBLE} else plain
    except (pa.ArrowException, ValueError, TypeError) as cause:
        raise unreadable(path, str(cause), row=start + 1, column=column.name) from cause


def _text(value: Any, hidden: Any) -> str | None:
    if hidden is np.True_ or value is None:
        return None
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return text.rstrip("\0") or None


def _elements(value: Any) -> list[Any] | None:
    """The elements of one cell, first axis fastest as VOTable has them; NULL when none is given."""
    if value is None or value is np.ma.masked:
        return None
    cell = np.ma.asarray(value)
    if cell.dtype.kind == "c":
        pairs = np.stack([cell.data.real, cell.data.imag], axis=-1)
        cell = np.ma.masked_array(pairs, np.stack([np.ma.getmaskarray(cell)] * 2, axis=-1))
    if cell.size == 0 or np.ma.getmaskarray(cell).all():
        return None
    elements: list[Any] = cell.ravel().tolist()
    return elements
