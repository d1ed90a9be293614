"""Rows that are not what they should be: complained about, by compiled code and Python alike, never worse."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator

import numpy as np
import pytest

from archive.declare.columns import Field
from archive.declare.types import (
    BOOLEAN,
    DOUBLE,
    INTEGER,
    LONG,
    TEXT,
    TIMESTAMP,
    UNSIGNED_BYTE,
    Type,
    array_of,
)
from archive.errors import ArchiveError, DeclarationError
from archive.formats import Document, Encoding, encode
from archive.wire import Chunk, decode
from tests.formats.samples import FIELDS, ROWS, format_of, result_of


@pytest.fixture(autouse=True, params=["compiled", "pure"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("URANIBORG_WIRE", request.param)
    return str(request.param)


def cell(value: bytes | None) -> bytes:
    return struct.pack(">i", -1) if value is None else struct.pack(">i", len(value)) + value


def row(*cells: bytes) -> bytes:
    return struct.pack(">h", len(cells)) + b"".join(cells)


def array(oid: int, *elements: bytes | None, dimensions: tuple[int, ...] = ()) -> bytes:
    sizes = dimensions or (len(elements),)
    head = struct.pack(">iii", len(sizes), 1, oid) + b"".join(struct.pack(">ii", size, 1) for size in sizes)
    return head + b"".join(map(cell, elements))


LONG_CELL = cell(bytes(8))
FLOATS = array_of(DOUBLE, "*")


@pytest.mark.parametrize(
    ("type_", "data"),
    [
        (LONG, b""),
        (LONG, b"\0"),
        (LONG, row()),
        (LONG, row(LONG_CELL, LONG_CELL)),
        (LONG, row(cell(bytes(4)))),
        (LONG, row(cell(b""))),
        (LONG, row(LONG_CELL)[:-1]),
        (LONG, row(LONG_CELL) + b"\0"),
        (LONG, row(struct.pack(">i", -2))),
        (LONG, row(struct.pack(">i", 2**31 - 1))),
        (LONG, b"\xff\xff"),
        (BOOLEAN, row(cell(bytes(2)))),
        (UNSIGNED_BYTE, row(cell(bytes(1)))),
        (TIMESTAMP, row(cell(bytes(4)))),
        (TEXT, row(struct.pack(">i", 5) + b"abc")),
        (TEXT, row(struct.pack(">i", 2**31 - 1) + b"abc")),
        (FLOATS, row(cell(b""))),
        (FLOATS, row(cell(bytes(11)))),
        (FLOATS, row(cell(array(700, bytes(8))))),
        (FLOATS, row(cell(array(701, bytes(4))))),
        (FLOATS, row(cell(array(701, bytes(8)) + b"\0"))),
        (FLOATS, row(cell(array(701, bytes(8), dimensions=(2,))))),
        (FLOATS, row(cell(array(701, bytes(8), bytes(8), dimensions=(1,))))),
        (FLOATS, row(cell(array(701, dimensions=(2**31 - 1,))))),
        (FLOATS, row(cell(array(701, dimensions=(2**16,) * 6)))),
        (FLOATS, row(cell(array(701, dimensions=(-1,))))),
        (FLOATS, row(cell(struct.pack(">iii", 7, 0, 701) + bytes(56)))),
        (FLOATS, row(cell(struct.pack(">iii", -1, 0, 701)))),
    ],
)
def test_what_does_not_fit_is_refused(type_: Type, data: bytes) -> None:
    for starts in (None, np.zeros(1, np.int64)):
        with pytest.raises(DeclarationError):
            decode((Field("x", type_),), Chunk(memoryview(data), 1, starts))


class Given:
    """A result of which the database sent these bytes."""

    overflowed = False

    def __init__(self, fields: tuple[Field, ...], data: bytes, rows: int) -> None:
        self.fields = fields
        self._chunk = Chunk(memoryview(data), rows)

    def chunks(self) -> Iterator[Chunk]:
        yield self._chunk

    def __iter__(self) -> Iterator[object]:
        yield decode(self.fields, self._chunk)


def damaged(rng: random.Random, data: bytes) -> bytes:
    """With some bytes changed, lost or doubled, lengths foremost."""
    spoilt = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(spoilt))
        match rng.randrange(5):
            case 0:
                spoilt[place] = rng.randrange(256)
            case 1:
                spoilt[place] ^= 1 << rng.randrange(8)
            case 2:
                spoilt[place : place + 4] = struct.pack(
                    ">i", rng.choice((-1, -2, 0, 1, 2**31 - 1, 2**30, 65536))
                )
            case 3:
                del spoilt[place : place + rng.randint(1, 8)]
            case 4:
                spoilt[place:place] = spoilt[place : place + rng.randint(1, 40)]
        if not spoilt:
            break
    return bytes(spoilt)


def survives(count: int, seed: int) -> None:
    """Damaged rows in every format: a document or a complaint, and memory in proportion to what was sent."""
    rng = random.Random(seed)
    [chunk] = result_of(FIELDS, ROWS, size=len(ROWS)).chunks()
    whole = bytes(chunk.data)
    formats = [format_of(encoding) for encoding in Encoding]
    complaints = 0
    for _ in range(count):
        result = Given(FIELDS, damaged(rng, whole), chunk.rows)
        try:
            size = sum(map(len, encode(rng.choice(formats), result, Document(tells_errors=False))))
        except ArchiveError:
            complaints += 1
        except ValueError:
            continue  # broken UTF-8, which PostgreSQL never sends, and pyarrow finds out late
        else:
            assert size < 1 << 20
    assert complaints > count // 4


def test_damaged_rows_are_survived() -> None:
    survives(400, seed=1)


@pytest.mark.soak
def test_damaged_rows_are_survived_for_long() -> None:
    survives(200_000, seed=2)


def test_broken_characters_are_survived() -> None:
    for text in (
        b"\xff",
        b"\xc3",
        b"\xe2\x82",
        b"\xf0\x9f\x92",
        b"a\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xef\xbf",
    ):
        for encoding in (Encoding.BINARY2, Encoding.TABLEDATA, Encoding.JSON, Encoding.CSV):
            result = Given((Field("t", TEXT), Field("n", INTEGER)), row(cell(text), cell(bytes(4))), 1)
            try:
                assert b"".join(encode(format_of(encoding), result, Document(tells_errors=False)))
            except (ArchiveError, UnicodeDecodeError):
                assert encoding is Encoding.BINARY2
