"""VOTables for tests, written here letter by letter, so that nobody's writer tidies them up."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from xml.sax.saxutils import escape, quoteattr

import numpy as np
from astropy.table import Table

__all__ = ["binary", "field", "fits_table", "tabledata", "votable"]


def field(name: str, datatype: str, arraysize: str = "", inside: str = "", **attributes: str) -> str:
    attributes = {"name": name, "datatype": datatype} | attributes
    if arraysize:
        attributes["arraysize"] = arraysize
    written = " ".join(f"{key}={quoteattr(value)}" for key, value in attributes.items())
    return f"<FIELD {written}>{inside}</FIELD>"


def tabledata(rows: Sequence[Sequence[str]]) -> str:
    cells = ("".join(f"<TD>{escape(cell)}</TD>" for cell in row) for row in rows)
    return "<TABLEDATA>" + "".join(f"<TR>{row}</TR>\n" for row in cells) + "</TABLEDATA>"


def binary(data: bytes, serialisation: str = "BINARY2") -> str:
    packed = base64.encodebytes(data).decode()
    return f'<{serialisation}><STREAM encoding="base64">{packed}</STREAM></{serialisation}>'


def votable(fields: Sequence[str], data: str | None, before: str = "", after: str = "") -> bytes:
    """A document with one table; `before` and `after` stand around it in its RESOURCE."""
    body = "" if data is None else f"<DATA>{data}</DATA>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE>'
        f"{before}<TABLE>{''.join(fields)}{body}</TABLE>{after}</RESOURCE></VOTABLE>"
    ).encode()


def fits_table(**columns: object) -> bytes:
    """A FITS file with one table; of one column, n, unless others are given."""
    file = io.BytesIO()
    Table(columns or {"n": np.arange(1, 1001, dtype="i4")}).write(file, format="fits")
    return file.getvalue()
