"""Spelling, value by value, where a standard or a reader is particular about it."""

from __future__ import annotations

import datetime
from typing import Any

import pyarrow as pa
import pytest

from archive.declare.columns import Field
from archive.declare.types import (
    BOOLEAN,
    DOUBLE,
    FLOAT,
    LONG,
    TEXT,
    TIMESTAMP,
    UNSIGNED_BYTE,
    Type,
    array_of,
)
from archive.errors import DeclarationError
from archive.formats import Encoding
from archive.formats.columns import prepare, slices
from archive.formats.packing import utf16_bytes
from archive.formats.text import timestamp_text
from tests.formats.samples import MemoryResult, encoded
from tests.hard_values import INFINITY, NAN

T, C, J, TAB = Encoding.TABLEDATA, Encoding.CSV, Encoding.JSON, Encoding.TSV


@pytest.mark.parametrize(
    ("encoding", "type_", "value", "spelled"),
    [
        (T, DOUBLE, NAN, "<TD>NaN</TD>"),
        (T, DOUBLE, None, "<TD>NaN</TD>"),
        (T, DOUBLE, INFINITY, "<TD>+Inf</TD>"),
        (T, DOUBLE, -INFINITY, "<TD>-Inf</TD>"),
        (T, DOUBLE, -0.0, "<TD>-0</TD>"),
        (T, DOUBLE, 1e20, "<TD>1e+20</TD>"),
        (T, FLOAT, 0.1, "<TD>0.1</TD>"),
        (T, BOOLEAN, True, "<TD>T</TD>"),
        (T, BOOLEAN, None, "<TD></TD>"),
        (T, LONG, None, "<TD></TD>"),
        (T, LONG, 2**63 - 1, "<TD>9223372036854775807</TD>"),
        (T, array_of(DOUBLE, "2"), [1.5, INFINITY], "<TD>1.5 +Inf</TD>"),
        (T, array_of(DOUBLE, "2"), None, "<TD>NaN NaN</TD>"),
        (T, array_of(LONG, "*"), [1, None], "<TD>1 -9223372036854775808</TD>"),
        (T, array_of(BOOLEAN, "*"), [True, None], "<TD>T ?</TD>"),
        (C, DOUBLE, NAN, "NaN"),
        (C, DOUBLE, -INFINITY, "-Infinity"),
        (C, BOOLEAN, False, "false"),
        (C, TEXT, "", '""'),
        (C, TEXT, "plain", "plain"),
        (C, TEXT, 'say "a, b"', '"say ""a, b"""'),
        (C, TEXT, "two\nlines", '"two\nlines"'),
        (C, array_of(DOUBLE, "*"), [1.0, 2.5], "1 2.5"),
        (C, array_of(LONG, "*"), [1, None], "1 null"),
        (TAB, TEXT, "a\tb\nc\\d", r"a\tb\nc\\d"),
        (J, DOUBLE, NAN, "[null]"),
        (J, DOUBLE, -0.0, "[-0.0]"),
        (J, LONG, 2**63 - 1, "[9223372036854775807]"),
        (J, TEXT, 'a"b\\c\x01é', '["a\\"b\\\\c\\u0001é"]'),
        (J, array_of(DOUBLE, "*"), [1.0, NAN], "[[1,null]]"),
    ],
)
def test_spelling(encoding: Encoding, type_: Type, value: Any, spelled: str) -> None:
    assert spelled in encoded(encoding, (Field("x", type_),), [(value,)]).decode()


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-02T03:04:05",
        "2026-01-02T03:04:05.120",
        "2026-01-02T03:04:05.120001",
        "1969-12-31T23:59:59.000001",
        "0001-01-01T00:00:00",
        "9999-12-31T23:59:59.999999",
    ],
)
def test_timestamps_have_a_fraction_only_when_it_says_something(text: str) -> None:
    for company in ([], [None], ["2000-01-01T00:00:00"], ["2000-01-01T00:00:00.000001"]):
        texts = [*company, text]
        moments = [value and datetime.datetime.fromisoformat(value) for value in texts]
        assert timestamp_text(pa.array(moments, pa.timestamp("us"))).to_pylist() == texts


# Microseconds since 1970 of moments that Python's datetime cannot hold.
_YEAR_12026, _YEAR_MINUS_43, _ONE_BC = (
    317_336_745_600_000_000,
    -63_517_996_799_500_000,
    -62_135_596_800_000_001,
)


@pytest.mark.parametrize(
    ("microseconds", "text"),
    [
        (_YEAR_12026, "+12026-01-01T00:00:00"),
        (_YEAR_MINUS_43, "-00043-03-13T00:00:00.500"),
        (_ONE_BC, "0000-12-31T23:59:59.999999"),
    ],
)
def test_far_dates_have_a_sign(microseconds: int, text: str) -> None:
    column = pa.array([microseconds, None, 0], pa.int64()).cast(pa.timestamp("us"))
    assert timestamp_text(column).to_pylist() == [text, None, "1970-01-01T00:00:00"]


@pytest.mark.parametrize("value", [2**63 - 1, -(2**63), -(2**63) + 946_684_800_000_000, 2**62])
def test_infinite_timestamps_are_null(value: int) -> None:
    column = pa.array([value, 0, None], pa.int64()).cast(pa.timestamp("us"))
    batch = pa.RecordBatch.from_arrays([column], names=["t"])
    [prepared] = prepare(batch, (Field("t", TIMESTAMP),)).columns
    assert prepared.is_valid().to_pylist() == [False, True, False]


def test_bytes_out_of_range_are_refused_not_wrapped() -> None:
    with pytest.raises(DeclarationError, match="outside 0 to 255"):
        encoded(Encoding.FITS, (Field("b", UNSIGNED_BYTE),), [(256,)])


@pytest.mark.parametrize("texts", [["abc", "", None], ["é", "a🔭b", "星", None, "z"], [None], ["", ""]])
def test_utf16_is_pythons(texts: list[str | None]) -> None:
    column = pa.array(["skipped", *texts], pa.string()).slice(1)
    encoded_, lengths = utf16_bytes(column)
    wanted = [(text or "").encode("utf-16-be") for text in texts]
    assert encoded_.to_pylist() == wanted
    assert lengths.tolist() == [len(text) // 2 for text in wanted]


def test_big_batches_are_cut() -> None:
    rows = 200_000
    batch = pa.RecordBatch.from_arrays([pa.array(range(rows), pa.int64())], names=["n"])
    pieces = list(slices(MemoryResult((Field("n", LONG),), [batch])))
    assert sum(piece.count for piece in pieces) == rows
    assert max(piece.count for piece in pieces) <= 65536
    wide = pa.RecordBatch.from_arrays([pa.array(["x" * 100_000] * 1000)], names=["t"])
    pieces = list(slices(MemoryResult((Field("t", TEXT),), [wide])))
    assert max(piece.count for piece in pieces) <= 100


def test_lists_cut_out_of_longer_ones_keep_their_values() -> None:
    """Arrow slices share their buffers; offsets must be respected everywhere."""
    field = Field("a", array_of(LONG, "*"))
    batch = pa.RecordBatch.from_arrays([pa.array([[1], [2, 3], None, [4]])], names=["a"]).slice(1)
    [text] = slices(MemoryResult((field,), [batch]))
    assert text.columns[0].to_pylist() == [[2, 3], None, [4]]
