"""Independent readers of every format, all giving rows of plain Python values.

Where a library would throw away what the bytes do carry (astropy's VOTable reader strips text and cannot tell
NULL from NaN), `struct` and `lxml` read the bytes here; the libraries have tests of their own.
"""

from __future__ import annotations

import base64
import datetime
import io
import json
import math
import struct
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from astropy.io import fits
from astropy.io.votable import parse_single_table
from lxml import etree

from archive.declare.columns import Field
from archive.formats import Encoding

VOTABLE = "{http://www.ivoa.net/xml/VOTable/v1.3}"
_STRUCT = {
    "boolean": "c",
    "unsignedByte": "B",
    "short": "h",
    "int": "i",
    "long": "q",
    "float": "f",
    "double": "d",
}
_BOOLEANS = {"T": True, "F": False, "true": True, "false": False, "?": None}

Row = tuple[Any, ...]


def parse(content: bytes) -> etree._Element:
    return etree.fromstring(content, etree.XMLParser(huge_tree=True))


# --- VOTable ----------------------------------------------------------------------------------------------


def read_tabledata(content: bytes) -> list[Row]:
    root = parse(content)
    fields = list(root.iter(f"{VOTABLE}FIELD"))
    return [
        tuple(_cell(cell.text or "", field) for cell, field in zip(row, fields, strict=True))
        for row in root.iter(f"{VOTABLE}TR")
    ]


def _cell(text: str, field: etree._Element) -> Any:
    datatype = field.get("datatype", "")
    if datatype == "char":
        return text or None
    null = field.find(f"{VOTABLE}VALUES")
    values = [_word(word, datatype, null) for word in text.split()]
    if field.get("arraysize"):
        return values if text else None
    return values[0] if values else None


def _word(word: str, datatype: str, null: etree._Element | None) -> Any:
    if datatype == "boolean":
        return _BOOLEANS[{"T": "T", "F": "F", "?": "?"}[word]]
    if datatype in {"float", "double"}:
        return float(word)
    return None if null is not None and word == null.get("null") else int(word)


def read_binary(content: bytes) -> list[Row]:
    """BINARY and BINARY2, byte by byte as VOTable 1.5, 5.3 and 5.4 describe them."""
    root = parse(content)
    [stream] = root.iter(f"{VOTABLE}STREAM")
    fields = list(root.iter(f"{VOTABLE}FIELD"))
    masked = stream.getparent().tag == f"{VOTABLE}BINARY2"
    data = io.BytesIO(base64.b64decode(stream.text or ""))
    size = len(data.getbuffer())
    rows = []
    while data.tell() < size:
        flags = int.from_bytes(data.read((len(fields) + 7) // 8), "big") if masked else 0
        shift = (len(fields) + 7) // 8 * 8 - 1
        values = [_binary_value(data, field) for field in fields]
        rows.append(tuple(None if flags >> (shift - i) & 1 else v for i, v in enumerate(values)))
    return rows


def _binary_value(data: io.BytesIO, field: etree._Element) -> Any:
    datatype, arraysize = field.get("datatype", ""), field.get("arraysize")
    variable = arraysize is not None and arraysize.endswith("*")
    if variable:
        [length] = struct.unpack(">i", data.read(4))
    else:
        length = math.prod(int(n) for n in (arraysize or "1").split("x"))
    if datatype == "char":
        return data.read(length).decode("ascii")
    if datatype == "unicodeChar":
        return data.read(2 * length).decode("utf-16-be")
    code = _STRUCT[datatype]
    values = list(struct.unpack(f">{length}{code}", data.read(length * struct.calcsize(f">{code}"))))
    if datatype == "boolean":
        values = [_BOOLEANS[value.decode()] for value in values]
    null = field.find(f"{VOTABLE}VALUES")
    if null is not None:
        values = [None if str(value) == null.get("null") else value for value in values]
    return values if arraysize is not None else values[0]


def read_votable_by_astropy(content: bytes) -> list[Row]:
    """What astropy and pyvo users get; masked values are None, NaN among them."""
    with warnings.catch_warnings():
        # W55: astropy wants unicodeChar where TABLEDATA says char for UTF-8, and reads it all the same.
        warnings.filterwarnings("ignore", message=".*W55.*")
        return masked_rows(parse_single_table(io.BytesIO(content)).array)


def masked_rows(array: Any) -> list[Row]:
    """The rows of a masked array of astropy's or pyvo's."""
    return list(zip(*([_plain(value) for value in array[name]] for name in array.dtype.names), strict=True))


def _plain(value: Any) -> Any:
    if value is np.ma.masked:
        return None
    if isinstance(value, np.ma.MaskedArray):
        return [None if item is None else _plain(item) for item in np.ma.ravel(value, order="C").tolist()]
    if isinstance(value, np.ndarray):
        return [_plain(item) for item in value.ravel().tolist()]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and math.isnan(value) else value


# --- text -------------------------------------------------------------------------------------------------


def read_csv(content: bytes, fields: Sequence[Field]) -> list[Row]:
    return [_text_row(cells, fields) for cells in _csv_records(content.decode())[1:]]


def _csv_records(text: str) -> list[list[str | None]]:
    """RFC 4180, telling an empty field (None) from an empty text in quotes, which the csv module does not."""
    records: list[list[str | None]] = []
    record: list[str | None] = []
    position = 0
    while position < len(text):
        if text[position] == '"':
            value, position = _quoted(text, position + 1)
            record.append(value)
        else:
            end = min(i for i in (text.find(",", position), text.find("\r\n", position)) if i >= 0)
            record.append(text[position:end] or None)
            position = end
        if text[position] == ",":
            position += 1
        else:
            assert text[position : position + 2] == "\r\n"
            position += 2
            records.append(record)
            record = []
    return records


def _quoted(text: str, position: int) -> tuple[str, int]:
    value = ""
    while True:
        end = text.index('"', position)
        value += text[position:end]
        if text[end + 1 : end + 2] != '"':
            return value, end + 1
        value += '"'
        position = end + 2


def read_tsv(content: bytes, fields: Sequence[Field]) -> list[Row]:
    lines = content.decode().split("\n")
    assert lines[-1] == ""
    return [_text_row([cell or None for cell in line.split("\t")], fields, tabs=True) for line in lines[1:-1]]


def _unescaped(text: str) -> str:
    pieces = text.split("\\\\")
    return "\\".join(p.replace("\\t", "\t").replace("\\n", "\n").replace("\\r", "\r") for p in pieces)


def _text_row(cells: Sequence[str | None], fields: Sequence[Field], tabs: bool = False) -> Row:
    return tuple(
        None if cell is None else _text_value(cell, field, tabs)
        for cell, field in zip(cells, fields, strict=True)
    )


def _text_value(cell: str, field: Field, tabs: bool) -> Any:
    if field.type.datatype == "char":
        return _unescaped(cell) if tabs else cell
    convert: Callable[[str], Any]
    match field.type.datatype:
        case "boolean":
            convert = _BOOLEANS.__getitem__
        case "float" | "double":
            convert = float
        case _:
            convert = int
    if field.type.is_array:
        return [None if word == "null" else convert(word) for word in cell.split()]
    return convert(cell)


def read_json(content: bytes) -> list[Row]:
    return [tuple(row) for row in json.loads(content)["data"]]


def read_html(content: bytes, fields: Sequence[Field]) -> list[Row]:
    rows = etree.HTML(content).iter("tr")
    cells = [["".join(td.itertext()) or None for td in row.iter("td")] for row in rows]
    return [_text_row(row, fields) for row in cells[1:]]


# --- binary files -----------------------------------------------------------------------------------------


def read_fits(content: bytes) -> list[Row]:
    """By astropy, with TNULL and the null logical applied."""
    with fits.open(io.BytesIO(content), logical_as_bytes=True) as hdus:
        hdus.verify("exception")
        table = hdus[1]
        columns = [_fits_column(table, column) for column in table.columns]
    return list(zip(*columns, strict=True))


def _fits_column(table: Any, column: Any) -> list[Any]:
    return [_fits_value(value, column) for value in table.data[column.name]]


def _fits_value(value: Any, column: Any) -> Any:
    logical = "L" in column.format
    if isinstance(value, np.ndarray):
        return [_fits_value(item, column) for item in value.ravel()]
    if logical:
        return {b"T": True, b"F": False, b"\0": None, b"": None}[bytes(value)]
    if isinstance(value, str | bytes):
        # Which white space astropy has stripped already depends on whether the text is ASCII.
        return (value if isinstance(value, str) else value.decode()).rstrip()
    number = value.item()
    return None if column.null is not None and number == column.null else number


def read_parquet(content: bytes) -> list[Row]:
    table = pq.read_table(io.BytesIO(content))
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def read(encoding: Encoding, content: bytes, fields: Sequence[Field]) -> list[Row]:
    """The rows of a document; numbers, text and lists as the format has them, times as text."""
    match encoding:
        case Encoding.TABLEDATA:
            return read_tabledata(content)
        case Encoding.BINARY | Encoding.BINARY2:
            return read_binary(content)
        case Encoding.CSV:
            return read_csv(content, fields)
        case Encoding.TSV:
            return read_tsv(content, fields)
        case Encoding.JSON:
            return read_json(content)
        case Encoding.HTML:
            return read_html(content, fields)
        case Encoding.FITS:
            return read_fits(content)
        case Encoding.PARQUET:
            return [tuple(iso(value) for value in row) for row in read_parquet(content)]


def iso(value: Any) -> Any:
    """Times as the text formats spell them."""
    if not isinstance(value, datetime.datetime):
        return value
    text = value.isoformat(timespec="auto")
    return text.removesuffix("000") if "." in text else text
