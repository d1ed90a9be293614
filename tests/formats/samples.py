"""Results in memory, among them one with every type and the values that formats find hard."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa

from archive.database.copybinary import encode as copy_binary
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
from archive.wire import Chunk
from tests.hard_values import MATRIX, rows_of

Rows = Sequence[Sequence[Any]]


class MemoryResult:
    """Batches given beforehand, which compiled code gets as PostgreSQL would send them.

    `failure` is raised after the last of them, as a broken query would.
    """

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

    def chunks(self) -> Iterator[Chunk]:
        for batch in self:
            if batch.num_rows:
                columns = zip(batch.columns, self.fields, strict=True)
                sent = copy_binary([column.cast(field.type.arrow) for column, field in columns])
                yield Chunk(memoryview(sent), batch.num_rows)


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
    Field("matrix", MATRIX),
    Field("counts", array_of(INTEGER, "*")),
    Field("fluxes", array_of(DOUBLE, "*")),
    Field("marks", array_of(BOOLEAN, "*")),
    Field("s_region", REGION, coosys=ICRS),
    Field("t_min", DOUBLE, unit="d", timesys=MJD_UTC),
)

ROWS: Rows = rows_of(field.type for field in FIELDS)
