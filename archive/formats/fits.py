"""FITS binary tables (FITS 4.0, 7.3): the one format that must know all rows before its first byte.

The rows are spooled to a temporary file as Arrow batches while `fits_columns` notes how wide they are and
what occurs in them. Then the header is known, and the length of the whole file, and the rows are packed on
their way out. Disk space is needed for about the size of the result; memory for one batch.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from typing import IO, Any

import pyarrow as pa
from astropy.io import fits

from ..declare.columns import Field
from .columns import slices, unique_names
from .document import Document, Result, Stream
from .fits_columns import FitsColumn, Survey, layout
from .packing import RowPacker

__all__ = ["encode_fits"]

_BLOCK = 2880

# What is packed at once: a text column is as wide as its longest value.
_MOST_BYTES = 8 << 20


class _Spool:
    """Record batches in a temporary file without a name, to be read as often as needed."""

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self._schema = pa.schema([(f"c{i}", field.type.arrow) for i, field in enumerate(fields)])
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="uraniborg-fits-")  # noqa: SIM115  # closed by close

    def write(self, result: Result, surveys: tuple[Survey, ...]) -> int:
        """Takes in the whole result; the number of its rows."""
        count = 0
        with pa.ipc.new_stream(self._file, self._schema) as writer:
            for rows in slices(result):
                for survey, column in zip(surveys, rows.columns, strict=True):
                    survey.see(column)
                writer.write_batch(pa.RecordBatch.from_arrays(list(rows.columns), schema=self._schema))
                count += rows.count
        return count

    def __iter__(self) -> Iterator[Any]:
        self._file.seek(0)
        return iter(pa.ipc.open_stream(self._file))

    def parts(self, width: int) -> Iterator[Any]:
        """The batches, cut so that rows of `width` bytes fill no more than a few megabytes."""
        rows = max(1, _MOST_BYTES // width)
        for batch in self:
            yield from (batch.slice(start, rows) for start in range(0, batch.num_rows, rows))

    def column(self, index: int) -> Iterator[Any]:
        return (batch.column(index) for batch in self)

    def close(self) -> None:
        self._file.close()


def encode_fits(result: Result, document: Document) -> Stream:
    """application/fits. Errors of the result are raised here, before anything is sent."""
    spool = _Spool(result.fields)
    try:
        surveys = tuple(Survey(field) for field in result.fields)
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


def _chunks(header: bytes, columns: tuple[FitsColumn, ...], spool: _Spool, padding: int) -> Iterator[bytes]:
    yield header
    used = 0
    width = sum(column.width for column in columns)
    for batch in spool.parts(width):
        packer = RowPacker(batch.num_rows)
        for column, values in zip(columns, batch.columns, strict=True):
            packed, grown = column.packed(values, used)
            packer.fixed(packed)
            used += grown
        yield bytes(packer.join())
    # The heap lies in the same order in which its offsets were counted: batch by batch, column by column.
    if any(column.in_heap for column in columns):
        for batch in spool.parts(width):
            for column, values in zip(columns, batch.columns, strict=True):
                if column.in_heap:
                    yield column.heap(values)
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
    for name, text in (*query, *document.infos):
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
