"""Rows of TABLEDATA that are all spelled like the first, as programs write them: taken apart as CSV.

The tags between cells and those between rows become one character each, and Arrow reads the rest. Whatever
is spelled otherwise is left to others.
"""

from __future__ import annotations

import re

import pyarrow as pa
from pyarrow import csv

__all__ = ["uniform_cells"]

_FIRST = re.compile(rb"\s*<TR>\s*<TD>")
_BETWEEN_CELLS = re.compile(rb"</TD>\s*<TD>")
_BETWEEN_ROWS = re.compile(rb"</TD>\s*</TR>\s*<TR>\s*<TD>")
_LAST = re.compile(rb"</TD>\s*</TR>\s*")
# Characters that XML has no place for, so that no cell has them either.
_CELL, _ROW = b"\x1f", b"\x1e"


def uniform_cells(block: bytes, count: int) -> list[pa.Array] | None:
    """The columns (Arrow strings) of whole rows of `count` cells, None when they are not all alike.

    `block` has no control characters but white space.
    """
    first, last = _FIRST.match(block), _LAST.match(block, max(block.rfind(b"</TD>"), 0))
    if first is None or last is None or last.end() != len(block):
        return None
    cells = block[first.end() : last.start()]
    if between := _BETWEEN_ROWS.search(cells):
        cells = cells.replace(between[0], _ROW)
    if between := _BETWEEN_CELLS.search(cells):
        cells = cells.replace(between[0], _CELL)
    # At the beginning Arrow would take U+FEFF for a mark of the encoding.
    if any(sign in cells for sign in (b"<", b"&", b"\n", b"\r")) or cells.startswith(b"\xef\xbb\xbf"):
        return None
    lines = cells.replace(_ROW, b"\n") + b"\n"
    try:
        table = csv.read_csv(
            pa.BufferReader(lines),
            csv.ReadOptions(
                use_threads=False, block_size=len(lines) + 1, column_names=[str(i) for i in range(count)]
            ),
            csv.ParseOptions(delimiter=_CELL.decode(), quote_char=False, ignore_empty_lines=False),
            csv.ConvertOptions(column_types={str(i): pa.string() for i in range(count)}),
        )
    except pa.ArrowInvalid:
        return None
    return [column.combine_chunks() for column in table.columns]
