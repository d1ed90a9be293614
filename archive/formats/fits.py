"""FITS binary tables (FITS 4.0, 7.3): the one format that must know all rows before its first byte.

The rows are spooled to a temporary file while `fits_columns` notes how wide they are and what occurs in them.
Then the header is known, and the length of the whole file, and the rows are packed on their way out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from astropy.io import fits

from .columns import unique_names
from .document import Document, Result, Stream
from .fits_columns import FitsColumn, Survey, layout
from .fits_spool import Spool, disk_needed, open_spool

__all__ = ["encode_fits"]

_BLOCK = 2880


def encode_fits(result: Result, document: Document) -> Stream:
    """application/fits. Errors of the result are raised here, before anything is sent, and DiskFull."""
    with disk_needed():
        spool = open_spool(result)
    try:
        surveys = tuple(Survey(field) for field in result.fields)
        with disk_needed():
            count = spool.write(result, surveys)
        columns = tuple(layout(survey, count, i, spool.column) for i, survey in enumerate(surveys))
    except BaseException:
        spool.close()
        raise
    heap = sum(column.heap_bytes for column in columns)
    columns = tuple(column.with_wide_descriptors() for column in columns) if heap >= 2**31 else columns
    header = _header(result, document, columns, count, heap)
    data = count * sum(column.width for column in columns) + heap
    padding = -data % _BLOCK
    chunks = _chunks(header, columns, spool, padding)
    return Stream(chunks, len(header) + data + padding, spool.close)


def _chunks(header: bytes, columns: tuple[FitsColumn, ...], spool: Spool, padding: int) -> Iterator[bytes]:
    yield header
    yield from spool.rows(columns)
    if any(column.in_heap for column in columns):
        yield from spool.heap(columns)
    yield bytes(padding)


def _header(
    result: Result, document: Document, columns: tuple[FitsColumn, ...], count: int, heap: int
) -> bytes:
    primary = fits.Header([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)])
    table = fits.Header(
        [
            ("XTENSION", "BINTABLE"),
            ("BITPIX", 8),
            ("NAXIS", 2),
            ("NAXIS1", sum(column.width for column in columns), "bytes in a row"),
            ("NAXIS2", count, "rows"),
            ("PCOUNT", heap, "bytes in the heap"),
            ("GCOUNT", 1),
            ("TFIELDS", len(columns)),
            ("EXTNAME", _ascii(document.table_name)),
        ]
    )
    names = unique_names([_name(field.name) for field in result.fields])
    for number, (column, name) in enumerate(zip(columns, names, strict=True), 1):
        for keyword, value in column.cards(name):
            table.append((f"{keyword}{number}", _ascii(value) if isinstance(value, str) else value))
    table.append(("QSTATUS", "OVERFLOW" if result.overflowed else "OK", "was the result cut at MAXREC?"))
    query = () if document.query is None else (("QUERY", document.query),)
    for name, text, *_ in (*query, *document.infos):
        table.add_comment(_ascii(f"{name}: {text}"))
    return _text(primary) + _text(table)


def _text(header: Any) -> bytes:
    return str(header.tostring(sep="", endcard=True, padding=True)).encode("ascii")


def _name(text: str) -> str:
    """A name that fits into one card together with a number, as astropy wants it."""
    return _ascii(text).replace("'", "\\x27")[:60]


def _ascii(text: str) -> str:
    """Printable ASCII, all that header cards hold (FITS 4.0, 3.1); anything else as \\xe9, \\u03b1, \\n."""
    return "".join(c if " " <= c <= "~" else c.encode("unicode_escape").decode() for c in text)
