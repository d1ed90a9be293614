"""docs/formats.md says what each format cannot carry; this asserts exactly that."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from archive.declare.columns import Field
from archive.declare.semantics import CooSys
from archive.declare.types import (
    BOOLEAN,
    DOUBLE,
    LONG,
    REGION,
    TEXT,
    TIMESTAMP,
    UNSIGNED_BYTE,
    Type,
    array_of,
)
from archive.formats import FORMATS, Document, Encoding, encode
from tests.formats.readers import read
from tests.formats.samples import MemoryResult, encoded, format_of
from tests.hard_values import INFINITY, NAN

PAGE = (Path(__file__).parents[2] / "docs/formats.md").read_text("utf-8")

_LEAST = -(2**63)
_TIMES = [datetime.datetime.fromisoformat(f"2026-01-02T03:04:05.67890{digit}") for digit in (1, 2)]


@dataclass(frozen=True)
class Infinite:
    """PostgreSQL's 'infinity' as it arrives: a number no Python datetime can hold."""


PAIRS: dict[str, tuple[Type, Any, Any]] = {
    "NULL and NaN": (DOUBLE, None, NAN),
    "NaN and infinity": (DOUBLE, NAN, INFINITY),
    "zero and minus zero": (DOUBLE, 0.0, -0.0),
    "neighbouring 64-bit integers": (LONG, 2**63 - 1, 2**63 - 2),
    "neighbouring floating numbers": (DOUBLE, 0.1, 0.1 + 2**-56),
    "NULL and the least integer": (LONG, None, _LEAST),
    "NULL and 255 as unsigned byte": (UNSIGNED_BYTE, None, 255),
    "NULL and false": (BOOLEAN, None, False),
    "NULL and the empty text": (TEXT, None, ""),
    "two letters beyond ASCII": (TEXT, "é", "è"),
    "two such letters in a region": (REGION, "CIRCLE é", "CIRCLE è"),
    "two control characters": (TEXT, "a\x01", "a\x02"),
    "carriage return and line feed": (TEXT, "a\rb", "a\nb"),
    "text with and without a blank at its end": (TEXT, "a", "a "),
    "microseconds of a time": (TIMESTAMP, *_TIMES),
    "NULL and an infinite time": (TIMESTAMP, None, Infinite()),
    "NULL and an empty array": (array_of(DOUBLE, "*"), None, []),
    "NULL and NaNs as array of fixed length": (array_of(DOUBLE, "2"), None, [NAN, NAN]),
    "NULL and NaN within an array": (array_of(DOUBLE, "*"), [None], [NAN]),
    "NULL and the least integer within an array": (array_of(LONG, "*"), [None], [_LEAST]),
    "NULL and false within an array": (array_of(BOOLEAN, "*"), [None], [False]),
}

METADATA: dict[str, tuple[Field, str]] = {
    "name": (Field("token", LONG), "token"),
    "description": (Field("x", LONG, description="token"), "token"),
    "unit": (Field("x", LONG, unit="token"), "token"),
    "ucd": (Field("x", LONG, ucd="token"), "token"),
    "utype": (Field("x", LONG, utype="token"), "token"),
    "xtype": (Field("x", REGION), "adql:REGION"),
    "coordinate and time systems": (Field("x", LONG, coosys=CooSys("token", "ICRS")), "token"),
}


def table(heading: str) -> dict[str, dict[Encoding, str]]:
    """A table of the page: what it says for each line and each format."""
    [text] = re.findall(rf"^(\| {heading} .*\n(?:\|.*\n)+)", PAGE, re.MULTILINE)
    head, _, *lines = ([cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines())
    encodings = [Encoding[name.upper()] for name in head[1:]]
    return {line[0]: dict(zip(encodings, line[1:], strict=True)) for line in lines}


def column(type_: Type, values: list[Any]) -> pa.Array:
    if type_ != TIMESTAMP:
        return pa.array(values, type_.arrow)
    ends = pa.array([2**63 - 1 if isinstance(value, Infinite) else None for value in values], pa.int64())
    times = pa.array([None if isinstance(value, Infinite) else value for value in values], type_.arrow)
    return pa.compute.coalesce(times, ends.cast(type_.arrow))


def told_apart(encoding: Encoding, type_: Type, one: Any, other: Any) -> bool:
    fields = (Field("x", type_),)
    batch = pa.RecordBatch.from_arrays([column(type_, [one, other])], names=["x"])
    content = b"".join(encode(format_of(encoding), MemoryResult(fields, [batch]), Document()))
    [[first], [second]] = read(encoding, content, fields)
    return repr(first) != repr(second)  # which knows NaN from NaN no more, but -0.0 from 0.0


def word(is_kept: bool) -> str:
    return "kept" if is_kept else "lost"


@pytest.mark.parametrize("distinction", PAIRS)
def test_a_distinction_is_kept_or_lost_as_the_page_says(distinction: str) -> None:
    kept = {
        encoding: "kept" if told_apart(encoding, *PAIRS[distinction]) else "lost" for encoding in Encoding
    }
    assert kept == table("distinction")[distinction]


def test_every_distinction_of_the_page_is_tested() -> None:
    assert table("distinction").keys() == PAIRS.keys()
    assert table("metadata").keys() == METADATA.keys() | {"query", "overflow"}


@pytest.mark.parametrize("what", METADATA)
def test_metadata_are_kept_or_lost_as_the_page_says(what: str) -> None:
    field, token = METADATA[what]
    kept = {
        encoding: "kept" if token.encode() in encoded(encoding, (field,), ()) else "lost"
        for encoding in Encoding
    }
    assert kept == table("metadata")[what]


def test_the_query_and_the_overflow_are_kept_or_lost_as_the_page_says() -> None:
    field = Field("x", LONG)
    for encoding in Encoding:
        page = {what: table("metadata")[what][encoding] for what in ("query", "overflow")}
        document = encoded(encoding, (field,), [(1,)], Document(query="SELECT token"))
        cut = encoded(encoding, (field,), [(1,)], Document(query="SELECT token"), overflowed=True)
        found = {"query": b"SELECT token" in document, "overflow": cut != document}
        assert {what: word(is_kept) for what, is_kept in found.items()} == page


def test_the_list_of_formats_is_the_registry() -> None:
    rows = re.findall(r"^\| ([^|]+) \| `(\S+)` \|([^|]*)\| `(\S+)` \|$", PAGE, re.MULTILINE)
    listed = [
        (name, alias, re.findall(r"`(\S+?)`", others), media_type) for name, alias, others, media_type in rows
    ]
    assert listed == [
        (known.name, known.aliases[0], [*known.aliases[1:], *known.other_media_types], known.media_type)
        for known in FORMATS
    ]
