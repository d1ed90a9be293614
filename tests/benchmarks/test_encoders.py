"""How fast results become bytes, and in how much memory: the figures of docs/formats.md.

With compiled code from the form in which PostgreSQL sends rows, without it from Arrow batches.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from archive.database.copybinary import encode as copy_binary
from archive.declare.columns import Field
from archive.declare.types import DOUBLE, FLOAT, LONG, TEXT, TIMESTAMP
from archive.formats import Document, Encoding, encode
from archive.wire import Chunk
from tests.formats.samples import format_of

pytestmark = pytest.mark.bench

FIELDS = (
    Field("id", LONG),
    Field("ra", DOUBLE),
    Field("dec", DOUBLE),
    *(Field(f"mag{i}", FLOAT) for i in range(6)),
    Field("name", TEXT),
    Field("date_obs", TIMESTAMP),
)
ROWS_IN_BATCH = 10_000  # about 1 MiB, the hint given to the database driver

# CPU seconds for a million rows on a slow machine: compiled, pure.
LIMITS = {
    Encoding.BINARY2: (0.5, 1.2),
    Encoding.BINARY: (0.5, 1.2),
    Encoding.TABLEDATA: (1.2, 2.8),
    Encoding.CSV: (1.2, 2.4),
    Encoding.TSV: (1.2, 2.4),
    Encoding.JSON: (1.2, 2.4),
    Encoding.HTML: (1.2, 2.8),
    Encoding.FITS: (0.8, 2.4),
    Encoding.PARQUET: (1.2, 2.0),
}


@pytest.fixture(params=["compiled", "pure"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("URANIBORG_WIRE", request.param)
    return str(request.param)


def batch(rng: np.random.Generator) -> pa.RecordBatch:
    n = ROWS_IN_BATCH
    columns = [
        pa.array(rng.integers(0, 2**60, n)),
        pa.array(rng.random(n) * 360),
        pa.array(rng.random(n) * 180 - 90),
        *(pa.array(rng.random(n, dtype="f4") * 20, mask=rng.random(n) < 0.05) for _ in range(3)),
        *(pa.array(rng.random(n, dtype="f4") * 20) for _ in range(3)),
        pa.array([f"object-{number:013d}" for number in rng.integers(0, 2**40, n)]),
        pa.array(rng.integers(0, 2**50, n), pa.timestamp("us")),
    ]
    return pa.RecordBatch.from_arrays(columns, names=[field.name for field in FIELDS])


class Repeated:
    """A few batches again and again: a large result in little memory."""

    fields = FIELDS
    overflowed = False

    def __init__(self, batches: list[pa.RecordBatch], times: int) -> None:
        self._batches, self._times = batches, times

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        return (batch for _ in range(self._times) for batch in self._batches)


class Copied(Repeated):
    """The same as PostgreSQL would send it."""

    def __init__(self, batches: list[pa.RecordBatch], times: int) -> None:
        super().__init__(batches, times)
        self._chunks = [
            Chunk(memoryview(bytearray(copy_binary(piece.columns))), piece.num_rows)
            for batch in batches
            for piece in (batch.slice(start, 2000) for start in range(0, ROWS_IN_BATCH, 2000))
        ]

    def chunks(self) -> Iterator[Chunk]:
        return (chunk for _ in range(self._times) for chunk in self._chunks)


@pytest.fixture(scope="module")
def batches() -> list[pa.RecordBatch]:
    rng = np.random.default_rng(1)
    return [batch(rng) for _ in range(10)]


@pytest.mark.parametrize("encoding", Encoding, ids=lambda encoding: encoding.name)
def test_a_million_rows(encoding: Encoding, batches: list[pa.RecordBatch], way: str) -> None:
    kind = Copied if way == "compiled" else Repeated
    result = kind(batches, 10)
    seconds, size = [], 0
    for _ in range(4):
        start = time.process_time()
        size = sum(map(len, encode(format_of(encoding), result, Document())))
        seconds.append(time.process_time() - start)
    print(f"{encoding.name:10} {way:8} {min(seconds):5.2f} s {size / 2**20:6.0f} MB")
    assert min(seconds) < LIMITS[encoding][way == "pure"]


@pytest.mark.parametrize("encoding", Encoding, ids=lambda encoding: encoding.name)
def test_memory_does_not_grow_with_the_result(
    encoding: Encoding, batches: list[pa.RecordBatch], way: str
) -> None:
    kind = Copied if way == "compiled" else Repeated
    few, many = (peak(encoding, kind(batches, times)) for times in (4, 16))
    assert many < few + (8 << 20)


def peak(encoding: Encoding, result: Repeated) -> int:
    """Bytes in use at most: of Python and numpy by tracemalloc, of Arrow by its pool after each chunk."""
    arrow = 0
    tracemalloc.start()
    for _ in encode(format_of(encoding), result, Document()):
        arrow = max(arrow, pa.total_allocated_bytes())
    _, python = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return python + arrow
