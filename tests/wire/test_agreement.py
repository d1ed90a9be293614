"""Compiled code and Python write the same: every format, every type, values at the edges and at random."""

from __future__ import annotations

import base64
import io
import math
import re
import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.declare.columns import Field
from archive.declare.types import (
    BOOLEAN,
    DOUBLE,
    FLOAT,
    INTEGER,
    LONG,
    REGION,
    SHORT,
    TEXT,
    TIMESTAMP,
    UNSIGNED_BYTE,
    Type,
    array_of,
)
from archive.errors import DeclarationError
from archive.formats import Encoding
from archive.wire import Chunk, decode
from tests.formats.samples import FIELDS, ROWS, MemoryResult, encoded, result_of


def written(way: str, encoding: Encoding, fields: Sequence[Field], rows: Any, **more: Any) -> Any:
    """The document, in a form that does not depend on how many rows were encoded at once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("URANIBORG_WIRE", way)
        content = encoded(encoding, fields, rows, **more)
    if encoding is Encoding.PARQUET:
        return repr(pq.read_table(io.BytesIO(content)).to_pylist())
    if encoding in {Encoding.BINARY, Encoding.BINARY2}:
        head, text, tail = re.split(rb'(?<=encoding="base64">)|(?=</STREAM>)', content)
        return head, base64.b64decode(text, validate=False), tail
    return content


def agree(encoding: Encoding, fields: Sequence[Field], rows: Any, **more: Any) -> None:
    assert written("compiled", encoding, fields, rows, **more) == written(
        "pure", encoding, fields, rows, **more
    )


every_format = pytest.mark.parametrize("encoding", Encoding, ids=lambda encoding: encoding.name)


@every_format
@pytest.mark.parametrize("size", [1, 2, 100])
def test_hard_values(encoding: Encoding, size: int) -> None:
    agree(encoding, FIELDS, ROWS, size=size)


# --- floating numbers ------------------------------------------------------------------------------------


def doubles() -> list[float]:
    """Random bits, powers of ten and their neighbours, integers, and what is hard to print."""
    rng = np.random.default_rng(7)
    bits = rng.integers(-(2**63), 2**63 - 1, 40_000).view("f8")
    powers = [10.0**exponent for exponent in range(-323, 309)]
    near = [math.nextafter(power, direction) for power in powers for direction in (0.0, math.inf)]
    small = [mantissa * 2.0**exponent for mantissa in (1, 3, 5) for exponent in range(-1074, 971, 7)]
    rounded = rng.random(20_000) * 360
    decimals = [*rounded.round(3).tolist(), *(rounded - 180).round(6).tolist()]
    plain = [float(number) for number in range(-20, 2000)]
    hard = [5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 9007199254740993.0, 0.1 + 0.2, -0.0]
    return [*bits.tolist(), *powers, *near, *small, *rounded.tolist(), *decimals, *plain, *hard]


@pytest.mark.parametrize("encoding", [Encoding.CSV, Encoding.JSON], ids=lambda encoding: encoding.name)
def test_floating_numbers_have_the_same_digits(encoding: Encoding) -> None:
    numbers = doubles()
    agree(encoding, (Field("x", DOUBLE),), [(number,) for number in numbers], size=len(numbers))
    bits = np.random.default_rng(8).integers(0, 2**32, 60_000, dtype="u4").view("f4")
    with np.errstate(over="ignore", invalid="ignore"):
        singles = np.concatenate([bits, np.array(numbers).astype("f4")]).tolist()
    agree(encoding, (Field("x", FLOAT),), [(number,) for number in singles], size=len(singles))


# --- anything at all -------------------------------------------------------------------------------------

_TEXTS = st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12
) | st.sampled_from(
    [
        "",
        "https://a.b/c?d=e&f",
        "http://x",
        "javascript:1",
        "\ufffe\uffff",
        "\ufdd0ï",
        "🔭",
        "\r\n",
        '""',
        "a,b",
        "\\t\t",
    ]
)
_VALUES: dict[Type, st.SearchStrategy[Any]] = {
    BOOLEAN: st.booleans(),
    UNSIGNED_BYTE: st.integers(0, 255),
    SHORT: st.integers(-(2**15), 2**15 - 1),
    INTEGER: st.integers(-(2**31), 2**31 - 1),
    LONG: st.integers(-(2**63), 2**63 - 1),
    FLOAT: st.floats(width=32),
    DOUBLE: st.floats(),
    TEXT: _TEXTS,
    REGION: _TEXTS,
    # As far as PostgreSQL goes, which is farther than any format.
    TIMESTAMP: st.integers(-210_866_803_200_000_000, 2**63 - 2)
    | st.integers(-210_866_803_200_000_000, 253_402_300_799_999_999)
    | st.integers(-10, 10).map(lambda days: days * 86_400_000_000),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[Field, ...], list[tuple[Any, ...]]]:
    types: list[Type] = []
    values: list[st.SearchStrategy[Any]] = []
    for _ in range(draw(st.integers(1, 10))):
        type_ = draw(st.sampled_from(list(_VALUES)))
        value = _VALUES[type_]
        if not type_.is_text and type_ is not TIMESTAMP and draw(st.booleans()):
            size = draw(st.sampled_from(["*", "2", "2x2"]))
            bounds = {"*": (0, 5), "2": (2, 2), "2x2": (4, 4)}[size]
            value = st.lists(st.none() | value, min_size=bounds[0], max_size=bounds[1])
            type_ = array_of(type_, size)
        types.append(type_)
        values.append(st.none() | value)
    fields = tuple(Field("access_url" if type_ is TEXT else f"c{i}", type_) for i, type_ in enumerate(types))
    return fields, draw(st.lists(st.tuples(*values), max_size=8))


@every_format
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)
@given(table=tables(), size=st.integers(1, 9))
def test_any_table(encoding: Encoding, table: tuple[tuple[Field, ...], Any], size: int) -> None:
    agree(encoding, *table, size=size)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=tables(), kept=st.integers(1, 8))
def test_decoding(table: tuple[tuple[Field, ...], Any], kept: int) -> None:
    """Rows in the form of COPY, a part of them taken, become the same batches."""
    fields, rows = table
    if not rows:
        return
    result = result_of(fields, rows, size=len(rows))
    [chunk] = result.chunks()
    [batch] = list(result)
    for part in (chunk, chunk.first(kept)):
        batches = []
        for way in ("compiled", "pure"):
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("URANIBORG_WIRE", way)
                batches.append(decode(fields, part))
                batches[-1].validate(full=True)
        wanted = pa.RecordBatch.from_arrays(batch.columns, schema=batches[0].schema).slice(0, part.rows)
        assert bits(batches[0]) == bits(batches[1]) == bits(wanted)


def bits(batch: pa.RecordBatch) -> list[Any]:
    """Values by their bits, so that NaN equals itself and zero is not minus zero."""

    def plain(value: Any) -> Any:
        if isinstance(value, list):
            return [plain(item) for item in value]
        return struct.pack("d", value) if isinstance(value, float) else value

    columns = []
    for column in batch.columns:
        if pa.types.is_timestamp(column.type):
            column = column.cast(pa.int64())
        columns.append([plain(value) for value in column.to_pylist()])
    return columns


# --- complaints ------------------------------------------------------------------------------------------


@every_format
@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        (UNSIGNED_BYTE, 256, "column x: a value outside 0 to 255, declared as an unsigned byte"),
        (UNSIGNED_BYTE, -1, "column x: a value outside 0 to 255, declared as an unsigned byte"),
        (array_of(DOUBLE, "2x3"), [1.0] * 5, "column x: an array of 5 values where 2x3 were declared"),
    ],
)
def test_the_same_complaints(encoding: Encoding, type_: Type, value: Any, message: str) -> None:
    complaints = []
    for way in ("compiled", "pure"):
        try:
            content = written(way, encoding, (Field("x", type_),), [(value,)])
        except DeclarationError as error:
            complaints.append(str(error))
        else:
            complaints.append(message if message in str(content) else str(content))
    assert complaints == [message, message]


@pytest.mark.parametrize("sent", [-(2**63), -(2**63) + 1, 2**63 - 1, 2**63 - 2, 2**63 - 946_684_800_000_001])
def test_moments_that_nobody_can_count(sent: int) -> None:
    data = memoryview(struct.pack(">hiq", 1, 8, sent))
    seen = []
    for way in ("compiled", "pure"):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("URANIBORG_WIRE", way)
            seen.append(
                decode((Field("t", TIMESTAMP),), Chunk(data, 1)).column(0).cast(pa.int64()).to_pylist()
            )
    assert seen[0] == seen[1]


def test_rows_beyond_those_wanted_are_not_looked_at() -> None:
    result = MemoryResult((Field("n", LONG),), [])
    data = struct.pack(">hiq", 1, 8, 7) + b"rubbish"
    assert decode(result.fields, Chunk(memoryview(data), 1, whole=False)).column(0).to_pylist() == [7]
    with pytest.raises(DeclarationError):
        decode(result.fields, Chunk(memoryview(data), 1))
