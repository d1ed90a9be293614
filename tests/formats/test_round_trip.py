"""What goes in comes out, in every format: by independent readers, up to the losses that are documented."""

from __future__ import annotations

import csv
import io
import math
import struct
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.declare.columns import Field
from archive.declare.types import (
    BOOLEAN,
    CIRCLE,
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
    Type,
    array_of,
    char,
)
from archive.formats import Encoding
from archive.formats.columns import fixed_length
from tests.formats.losses import carried
from tests.formats.readers import read, read_votable_by_astropy
from tests.formats.samples import FIELDS, ROWS, Rows, encoded

ENCODINGS = pytest.mark.parametrize("encoding", Encoding, ids=lambda encoding: encoding.name)


def comparable(value: Any, type_: Type) -> Any:
    """Values made equal when they are the same number to the last bit; NaN is NaN, whichever."""
    if isinstance(value, list):
        return [comparable(item, type_) for item in value]
    if value is None or type_.datatype not in {"float", "double"}:
        return value
    if math.isnan(value):
        return "NaN"
    return struct.pack("f" if type_.datatype == "float" else "d", value)


def check(encoding: Encoding, fields: tuple[Field, ...], rows: Rows) -> None:
    got = read(encoding, encoded(encoding, fields, rows), fields)
    assert len(got) == len(rows)
    for index, field in enumerate(fields):
        type_ = field.type
        wanted = [comparable(carried(encoding, type_, row[index]), type_) for row in rows]
        assert [comparable(row[index], type_) for row in got] == wanted, field


@ENCODINGS
def test_every_type_and_its_extremes(encoding: Encoding) -> None:
    check(encoding, FIELDS, ROWS)


@ENCODINGS
def test_a_result_without_rows(encoding: Encoding) -> None:
    check(encoding, FIELDS, ())


@ENCODINGS
def test_a_column_with_nothing_but_null(encoding: Encoding) -> None:
    check(encoding, FIELDS, [(None,) * len(FIELDS)] * 5)


_INTEGERS = {
    UNSIGNED_BYTE: st.integers(0, 255),
    SHORT: st.integers(-(2**15), 2**15 - 1),
    INTEGER: st.integers(-(2**31), 2**31 - 1),
    LONG: st.integers(-(2**63), 2**63 - 1),
}
_FLOATS = {FLOAT: st.floats(width=32), DOUBLE: st.floats()}
_TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
_SCALARS: dict[Type, st.SearchStrategy[Any]] = {
    BOOLEAN: st.booleans(),
    **_INTEGERS,
    **_FLOATS,
    TEXT: _TEXT,
    char(3): _TEXT,
    REGION: _TEXT,
    TIMESTAMP: st.datetimes(),
}


def _fixed(element: Type, size: int) -> st.SearchStrategy[Any]:
    return st.lists(st.none() | _SCALARS[element], min_size=size, max_size=size)


_VALUES: dict[Type, st.SearchStrategy[Any]] = _SCALARS | {
    POINT: _fixed(DOUBLE, 2),
    CIRCLE: _fixed(DOUBLE, 3),
    array_of(SHORT, "2"): _fixed(SHORT, 2),
    array_of(BOOLEAN, "3"): _fixed(BOOLEAN, 3),
    array_of(FLOAT, "2x2"): _fixed(FLOAT, 4),
    array_of(LONG, "*"): st.lists(st.none() | _SCALARS[LONG], max_size=4),
    array_of(UNSIGNED_BYTE, "*"): st.lists(st.none() | _SCALARS[UNSIGNED_BYTE], max_size=4),
    array_of(BOOLEAN, "*"): st.lists(st.none() | st.booleans(), max_size=4),
    array_of(DOUBLE, "5*"): st.lists(st.none() | _SCALARS[DOUBLE], max_size=5),
}


@st.composite
def tables(draw: st.DrawFn) -> tuple[tuple[Field, ...], Rows]:
    types = draw(st.lists(st.sampled_from(list(_VALUES)), min_size=1, max_size=10))
    row = st.tuples(*(st.none() | _VALUES[type_] for type_ in types))
    fields = tuple(Field(f"c{i}", type_) for i, type_ in enumerate(types))
    return fields, draw(st.lists(row, max_size=5))


@ENCODINGS
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(table=tables())
def test_random_tables(encoding: Encoding, table: tuple[tuple[Field, ...], Rows]) -> None:
    check(encoding, *table)


@pytest.mark.parametrize("encoding", [Encoding.TABLEDATA, Encoding.BINARY, Encoding.BINARY2])
def test_astropy_reads_every_votable(encoding: Encoding) -> None:
    """astropy masks NaN like NULL, has no mask for text and strips it in TABLEDATA: no more is lost."""
    got = read_votable_by_astropy(encoded(encoding, FIELDS, ROWS))
    for index, field in enumerate(FIELDS):
        wanted = [by_astropy(encoding, field.type, row[index]) for row in ROWS]
        assert [comparable(row[index], field.type) for row in got] == wanted, field


def by_astropy(encoding: Encoding, type_: Type, value: Any) -> Any:
    value = carried(encoding, type_, value)
    if type_.datatype == "char":
        return (value or "").strip() if encoding is Encoding.TABLEDATA else value or ""
    if value is None and type_.is_array:
        value = [None] * (fixed_length(type_) or 0)
    return [_unmasked(item, type_) for item in value] if type_.is_array else _unmasked(value, type_)


def _unmasked(value: Any, type_: Type) -> Any:
    value = comparable(value, type_)
    return None if value == "NaN" else value


def test_the_csv_module_reads_the_csv() -> None:
    content = encoded(Encoding.CSV, FIELDS, ROWS).decode()
    names, *rows = csv.reader(io.StringIO(content, newline=""), strict=True)
    assert names == [field.name for field in FIELDS]
    name = names.index("name")
    assert [row[name] for row in rows] == [row[name] or "" for row in ROWS]
    assert {len(row) for row in rows} == {len(FIELDS)}
