"""FITS tables in ASCII (FITS Standard 4.0, section 7.2): fixed columns of text, numbers among them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from ..declare.types import DOUBLE, LONG, TEXT, Type
from .source import Arrays, Source, SourceColumn, batch_rows, first_refused, unreadable

__all__ = ["ascii_source"]

_TFORM = re.compile(r"([AIFED])(\d+)(?:\.(\d+))?")


@dataclass(frozen=True)
class _Field:
    """Where a column stands in the row, and how its numbers are written."""

    letter: str
    begin: int
    width: int
    decimals: int
    null: str
    scale: float
    zero: float

    @property
    def type(self) -> Type:
        if self.letter == "A":
            return TEXT
        return LONG if self.letter == "I" and (self.scale, self.zero) == (1.0, 0.0) else DOUBLE

    def values(self, block: npt.NDArray[np.uint8]) -> pa.Array:
        raw = np.ascontiguousarray(block[:, self.begin : self.begin + self.width]).view(f"S{self.width}")
        texts = pa.array([value.decode("latin-1") for value in raw.ravel().tolist()], pa.string())
        plain = pc.utf8_rtrim_whitespace(texts) if self.letter == "A" else pc.utf8_trim_whitespace(texts)
        hidden = pc.equal(plain, self.null.strip()) if self.null.strip() else pc.equal(plain, "")
        plain = pc.if_else(hidden, None, plain)
        if self.letter == "A":
            return plain
        # A blank number is zero (7.2.5), a D stands for E.
        plain = pc.if_else(pc.equal(plain, ""), "0", plain)
        numbers = pc.replace_substring(pc.utf8_upper(plain), "D", "E")
        if self.type == LONG:
            return numbers.cast(pa.int64())
        whole = pc.invert(pc.match_substring(numbers, "."))
        scaled = numbers.cast(pa.float64())
        if self.letter != "I" and self.decimals:
            # Without a decimal point the last digits are the fraction.
            scaled = pc.if_else(whole, pc.divide(scaled, 10.0**self.decimals), scaled)
        return pc.add(pc.multiply(scaled, self.scale), self.zero)


def ascii_source(path: Path, header: Any, where: int) -> Source:
    """The table that `header` describes and whose rows begin at byte `where`."""
    rows, width = int(header["NAXIS2"]), int(header["NAXIS1"])
    fields = [_field(path, header, number) for number in range(1, int(header["TFIELDS"]) + 1)]
    columns = tuple(
        SourceColumn(
            str(header.get(f"TTYPE{number}", "")).strip(),
            field.type,
            unit=str(header.get(f"TUNIT{number}", "")).strip(),
            ucd=str(header.get(f"TUCD{number}", "")).strip(),
            description=str(header.get(f"TCOMM{number}", "")).strip(),
        )
        for number, field in enumerate(fields, 1)
    )
    size = batch_rows(width)

    def batches() -> Iterator[Arrays]:
        if rows == 0:
            return
        file = np.memmap(path, np.uint8, mode="r")
        for start in range(0, rows, size):
            count = min(size, rows - start)
            begin = where + start * width
            block = file[begin : begin + count * width].reshape(count, width)
            yield [
                _read(path, start, column, field, block)
                for column, field in zip(columns, fields, strict=True)
            ]

    return Source(path, columns, batches, rows)


def _field(path: Path, header: Any, number: int) -> _Field:
    text = str(header.get(f"TFORM{number}", "")).strip().upper()
    found = _TFORM.fullmatch(text)
    if found is None:
        raise unreadable(path, f"TFORM{number} = {text!r} is no format of a column")
    begin, width = int(header[f"TBCOL{number}"]) - 1, int(found[2])
    if begin < 0 or begin + width > int(header["NAXIS1"]):
        raise unreadable(path, f"column {number} reaches beyond the row")
    return _Field(
        found[1],
        begin,
        width,
        int(found[3] or 0),
        str(header.get(f"TNULL{number}", "")),
        float(header.get(f"TSCAL{number}", 1.0)),
        float(header.get(f"TZERO{number}", 0.0)),
    )


def _read(
    path: Path, start: int, column: SourceColumn, field: _Field, block: npt.NDArray[np.uint8]
) -> pa.Array:
    try:
        return field.values(block)
    except pa.ArrowException as cause:
        row = start + first_refused(block, field.values) + 1
        raise unreadable(path, str(cause), row=row, column=column.name) from cause
