"""Results in memory, and the values that formats find hard."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from archive.declare.columns import Field
from archive.declare.semantics import ICRS, MJD_UTC, UTC
from archive.declare.types import (
    BOOLEAN,
    DOUBLE,
    FLOAT,
    INTEGER,
    LONG,
    POINT,
    REGION,
    SHORT,
    TEXT,
    TIMESTAMP,
    UNSIGNED_BYTE,
    array_of,
    char,
)
from archive.errors import ArchiveError
from archive.formats import Document, Encoding, encode
from archive.formats.registry import FORMATS, Format

Rows = Sequence[Sequence[Any]]

NAN, INFINITY = float("nan"), float("inf")


class MemoryResult:
    """Batches given beforehand; `failure` is raised after the last of them, as a broken query would."""

    def __init__(
        self,
        fields: Sequence[Field],
        batches: Sequence[pa.RecordBatch],
        overflowed: bool = False,
        failure: ArchiveError | None = None,
    ) -> None:
        self.fields = tuple(fields)
        self.overflowed = overflowed
        self.taken = 0
        self._batches = batches
        self._failure = failure

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._batches:
            self.taken += 1
            yield batch
        if self._failure is not None:
            raise self._failure


def batch_of(fields: Sequence[Field], rows: Rows) -> pa.RecordBatch:
    columns = [pa.array([row[i] for row in rows], field.type.arrow) for i, field in enumerate(fields)]
    return pa.RecordBatch.from_arrays(columns, names=[str(i) for i in range(len(fields))])


def result_of(fields: Sequence[Field], rows: Rows, size: int = 2, **more: Any) -> MemoryResult:
    """The rows in batches of `size`, so that every test crosses the borders between batches."""
    batches = [batch_of(fields, rows[i : i + size]) for i in range(0, len(rows), size)]
    return MemoryResult(fields, batches, **more)


def format_of(encoding: Encoding) -> Format:
    return next(known for known in FORMATS if known.encoding is encoding)


def encoded(
    encoding: Encoding, fields: Sequence[Field], rows: Rows, document: Document | None = None, **more: Any
) -> bytes:
    stream = encode(format_of(encoding), result_of(fields, rows, **more), document or Document())
    content = b"".join(stream)
    assert stream.length in (None, len(content))
    stream.close()
    return content


FIELDS = (
    Field("obs_id", LONG, ucd="meta.id;meta.main", description="Number of the <observation>"),
    Field("flag", BOOLEAN),
    Field("byte", UNSIGNED_BYTE),
    Field("short", SHORT),
    Field("integer", INTEGER, unit="s"),
    Field("s_ra", DOUBLE, unit="deg", ucd="pos.eq.ra", utype="obscore:Char.SpatialAxis", coosys=ICRS),
    Field("mag", FLOAT, unit="mag"),
    Field("name", TEXT, description="Any & all text"),
    Field("code", char(3)),
    Field("date_obs", TIMESTAMP, timesys=UTC),
    Field("position", POINT, unit="deg", coosys=ICRS),
    Field("matrix", array_of(FLOAT, "2x3")),
    Field("counts", array_of(INTEGER, "*")),
    Field("fluxes", array_of(DOUBLE, "*")),
    Field("marks", array_of(BOOLEAN, "*")),
    Field("s_region", REGION, coosys=ICRS),
    Field("t_min", DOUBLE, unit="d", timesys=MJD_UTC),
)

_TIME = datetime.datetime.fromisoformat("2026-01-02T03:04:05")

# One row with every value, one with nothing, and rows of extremes.
ROWS: Rows = (
    (
        1, True, 7, -5, 30, 10.68470833, 4.36, "M31 & friends", "abc", _TIME, [10.5, 41.25],
        [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [1, 2, 3], [0.5, -0.25], [True, False],
        "POLYGON ICRS 10 40 11 40 11 41", 61042.5,
    ),
    (None,) * len(FIELDS),
    (
        2**63 - 1, False, 255, 2**15 - 1, 2**31 - 1, 1.7976931348623157e308, 3.4028235e38,
        "«Ünïcodé» Ωμέγα 星 🔭", "äöü", _TIME.replace(microsecond=678000), [359.999999999, -90.0],
        [-0.5] * 6, [2**31 - 1, 0], [5e-324], [False], "UNION ICRS (CIRCLE 1 2 3 POSITION 4 5)", 0.1,
    ),
    (
        -(2**63) + 1, True, 0, -(2**15) + 1, -(2**31) + 1, -INFINITY, INFINITY,
        'quote " comma , semicolon ; <tag> ]]> back\\slash', "x", _TIME.replace(microsecond=678901),
        [0.0, 0.0], [1e-30] * 6, [-1], [INFINITY, -INFINITY], [True, True, True],
        "CIRCLE ICRS 1 2 0.5", -1e-300,
    ),
)  # fmt: skip
