"""Declarations survive the way into the database and back."""

from __future__ import annotations

import json
import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archive.declare.builtin import builtin_schemas
from archive.declare.columns import Column
from archive.declare.names import RESERVED_WORDS
from archive.declare.semantics import GALACTIC, ICRS, MJD_UTC, UTC, CooSys
from archive.declare.serialise import table_from_json, table_to_json
from archive.declare.tables import Example, Key, Table
from archive.declare.types import (
    BOOLEAN,
    CIRCLE,
    DOUBLE,
    FLOAT,
    INTEGER,
    INTERVAL,
    LONG,
    POINT,
    POLYGON,
    REGION,
    SHORT,
    TEXT,
    TIMESTAMP,
    UNSIGNED_BYTE,
    array_of,
    char,
)
from archive.errors import DeclarationError

SCALARS = (BOOLEAN, UNSIGNED_BYTE, SHORT, INTEGER, LONG, FLOAT, DOUBLE)
GEOMETRIES = (POINT, CIRCLE, POLYGON, INTERVAL, REGION)
TYPES = st.one_of(
    st.sampled_from((*SCALARS, *GEOMETRIES, TEXT, TIMESTAMP)),
    st.builds(array_of, st.sampled_from(SCALARS), st.sampled_from(("2", "*", "10*", "2x3", "4x*"))),
    st.builds(char, st.integers(1, 500), fixed=st.booleans()),
)
WORDS = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=12).map(
    lambda word: "t" + word
)
NAMES = WORDS.filter(lambda word: word.upper() not in RESERVED_WORDS)
TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=30)
COLUMNS = st.builds(
    Column,
    name=st.one_of(NAMES, st.sampled_from(("size", "B-V", 'odd "name"', "größe", "ctid"))),
    type=TYPES,
    unit=st.sampled_from(("", "deg", "mas.yr**-1", "10**-20W")),
    ucd=st.sampled_from(("", "pos.eq.ra;meta.main", "phot.mag")),
    utype=TEXTS,
    description=TEXTS,
    keyword=TEXTS,
    nullable=st.booleans(),
    indexed=st.booleans(),
    principal=st.booleans(),
    std=st.booleans(),
    coosys=st.sampled_from((None, ICRS, GALACTIC, CooSys("gaia", "ICRS", "J2016.0"))),
    timesys=st.sampled_from((None, UTC, MJD_UTC)),
)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    columns = draw(st.lists(COLUMNS, min_size=1, max_size=6, unique_by=lambda column: column.name))
    names = st.sampled_from([column.name for column in columns])
    numbers = [column.name for column in columns if column.type.is_numeric]
    some = st.lists(names, min_size=1, max_size=2, unique=True).map(tuple)
    pairs = st.tuples(st.sampled_from(numbers), st.sampled_from(numbers)) if numbers else st.nothing()
    return Table(
        f"{draw(NAMES)}.{draw(NAMES)}",
        tuple(columns),
        draw(TEXTS),
        title=draw(TEXTS),
        utype=draw(TEXTS),
        kind=draw(st.sampled_from(("table", "view"))),
        primary_key=draw(st.one_of(st.just(()), some)),
        keys=tuple(
            Key(own, "cat.other", own, draw(TEXTS), draw(st.booleans()))
            for own in draw(st.lists(some, max_size=2))
        ),
        positions=tuple(draw(st.lists(pairs, max_size=2))) if numbers else (),
        indexes=tuple(draw(st.lists(some, max_size=2))),
        covering=tuple(draw(st.lists(st.tuples(some, some), max_size=2))),
        examples=tuple(Example(f"example-{i}", draw(TEXTS), draw(TEXTS), draw(TEXTS)) for i in range(2)),
    )


@settings(max_examples=200, deadline=None)
@given(tables())
def test_any_table_comes_back(table: Table) -> None:
    assert table_from_json(table_to_json(table)) == table


@pytest.mark.parametrize("table", [table for schema in builtin_schemas() for table in schema.tables])
def test_builtin_tables_come_back(table: Table) -> None:
    assert table_from_json(table_to_json(table)) == table


def test_the_text_is_short() -> None:
    text = table_to_json(Table("cat.stars", (Column("ra", DOUBLE, unit="deg"),), "Stars"))
    assert json.loads(text) == {
        "version": 1,
        "name": "cat.stars",
        "description": "Stars",
        "columns": [{"name": "ra", "type": ["double", None, None], "unit": "deg"}],
    }


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"version": 99}', '{"version":1,"name":"cat.t"}'])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(DeclarationError, match="not the declaration of a table"):
        table_from_json(text)
