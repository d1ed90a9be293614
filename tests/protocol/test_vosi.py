"""The VOSI documents are valid and say what the declarations say."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree

from archive.declare.builtin import builtin_schemas
from archive.declare.catalogue import Catalogue
from archive.declare.columns import Column
from archive.declare.tables import Key, Schema, Table
from archive.declare.types import BOOLEAN, DOUBLE, LONG, POINT, TEXT, TIMESTAMP, array_of, char
from archive.protocol import vosi
from archive.protocol.health import Health
from tests.xsd import validate

UP = datetime(2026, 1, 2, tzinfo=UTC)
ODD = Table(
    "odd.things",
    (
        Column("id", LONG, nullable=False),
        Column("size", DOUBLE, unit="deg", ucd="phys.angSize", description="Größe <of> it & more"),
        Column("two words", TEXT),
        Column('a"quote', char(20)),
        Column("when", TIMESTAMP),
        Column("where", POINT),
        Column("flags", array_of(BOOLEAN, "2x3")),
    ),
    description="Everything that needs quoting",
    title="Odd & sods",
    utype="ivo://example/odd#1.0",
    primary_key=("id",),
    kind="view",
)
PARTS = Table(
    "odd.parts",
    (Column("thing", LONG, indexed=True),),
    description="Parts\x00 of things",
    keys=(Key(("thing",), "odd.things", ("id",), "the thing"),),
)
CATALOGUE = Catalogue((*builtin_schemas(), Schema("odd", (ODD, PARTS), "Odd things", utype="u:x")))


@pytest.mark.parametrize("columns", [True, False])
def test_tableset_is_valid(columns):
    document = vosi.tableset(CATALOGUE, columns=columns, rows={"odd.things": 7})
    assert validate(document) == []
    tree = etree.fromstring(document)
    assert tree.xpath("//nrows/text()") == ["7"]
    assert tree.xpath("string(//table[nrows]/name)") == "odd.things"
    assert tree.xpath("//table/name/text()") == [table.name for table in CATALOGUE if not table.restricted]
    assert bool(tree.xpath("//column")) == columns
    # Short descriptions too: pyvo never asks for them again.
    assert tree.xpath("string(//table[name='odd.things']/title)") == "Odd & sods"


@pytest.mark.parametrize("table", tuple(CATALOGUE), ids=lambda table: table.name)
def test_one_table_is_valid(table):
    document = vosi.one_table(table)
    assert validate(document) == []
    assert etree.fromstring(document).xpath("column/name/text()") == [c.adql_name for c in table.columns]


def test_columns_say_what_is_declared():
    tree = etree.fromstring(vosi.one_table(ODD))
    assert tree.get("type") == "view"
    assert tree.xpath("column/name/text()")[1:4] == ['"size"', '"two words"', '"a""quote"']
    assert tree.xpath("string(column[2]/description)") == "Größe <of> it & more"
    assert tree.xpath("column[1]/flag/text()") == ["indexed", "primary"]
    types = [(e.text, e.get("arraysize"), e.get("extendedType")) for e in tree.iterfind("column/dataType")]
    assert types == [
        ("long", None, None),
        ("double", None, None),
        ("char", "*", None),
        ("char", "*", None),
        ("char", "*", "timestamp"),
        ("double", "2", "point"),
        ("boolean", "2x3", None),
    ]


def test_keys_and_characters_that_xml_lacks():
    tree = etree.fromstring(vosi.one_table(PARTS))
    assert tree.xpath("string(foreignKey/targetTable)") == "odd.things"
    assert tree.xpath("string(foreignKey/fkColumn/targetColumn)") == "id"
    assert tree.xpath("string(description)") == "Parts� of things"


@pytest.mark.parametrize(
    "state",
    [
        Health(True, (), UP),
        Health(False, ("the database does not answer", "and <more>\x00"), UP),
        Health(True, ("a new disk",), UP, datetime(2026, 3, 1, 12, tzinfo=UTC)),
        Health(False, (), UP, datetime(2026, 3, 1, 12, tzinfo=UTC), datetime(2026, 3, 2, tzinfo=UTC)),
    ],
)
def test_availability(state):
    document = vosi.availability(state)
    assert validate(document) == []
    tree = etree.fromstring(document)
    assert tree.findtext("{*}available") == str(state.available).lower()
    assert tree.findtext("{*}upSince") == "2026-01-02T00:00:00Z"
    assert tree.findtext("{*}downAt") == ("2026-03-01T12:00:00Z" if state.down_at else None)
    assert tree.findtext("{*}backAt") == ("2026-03-02T00:00:00Z" if state.back_at else None)
    notes = [note.text.replace("\N{REPLACEMENT CHARACTER}", "\x00") for note in tree.iterfind("{*}note")]
    assert tuple(notes) == state.notes


def test_standard_capabilities_are_valid():
    assert validate(vosi.capabilities(vosi.standard_capabilities("http://example.org/tap"))) == []
