"""What a declaration may say, and what is refused when it is made."""

from __future__ import annotations

import pytest

from archive.declare.catalogue import Catalogue
from archive.declare.columns import Column
from archive.declare.names import RESERVED_WORDS, adql_name, is_regular, physical_column, quote_identifier
from archive.declare.tables import Example, Key, Schema, Table
from archive.declare.types import (
    BOOLEAN,
    CIRCLE,
    DOUBLE,
    INTEGER,
    LONG,
    POINT,
    POLYGON,
    REGION,
    SHORT,
    TEXT,
    TIMESTAMP,
    UNSIGNED_BYTE,
    Type,
    array_of,
    char,
    find_type,
)
from archive.errors import DeclarationError, UnknownTable

STARS = Table(
    "cat.stars",
    (Column("id", LONG, nullable=False), Column("ra", DOUBLE, unit="deg"), Column("dec", DOUBLE, unit="deg")),
    "Stars",
    primary_key=("id",),
    positions=(("ra", "dec"),),
)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"name": ""}, "empty"),
        ({"name": " ra"}, "blanks"),
        ({"name": "a\nb"}, "control"),
        ({"name": "x" * 54}, "too long"),
        ({"name": "s_region__bounds"}, "hidden parts"),
        ({"unit": "o_unit"}, "not VOUnits"),
        ({"unit": "%"}, "not VOUnits"),
        ({"ucd": "meta.id;instr.grating"}, "UCD1+"),
        ({"ucd": "meta.id;obs;meta.number"}, "UCD1+"),
        ({"ucd": "POS_EQ_RA_MAIN"}, "UCD1+"),
    ],
)
def test_columns_that_are_refused(settings: dict[str, str], complaint: str) -> None:
    with pytest.raises(DeclarationError, match=complaint):
        Column(**{"name": "x", "type": DOUBLE} | settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"unit": "mas.yr**-1"},
        {"unit": "erg.s**-1.cm**-2.Angstrom**-1"},
        {"unit": "10**-20W"},
        {"ucd": "pos.eq.ra;meta.main"},
        {"ucd": "meta.id;obs.proposal"},
        {"name": "naïve name; DROP"},
        {"name": 'a "quoted" name'},
    ],
)
def test_columns_that_are_taken(settings: dict[str, str]) -> None:
    column = Column(**{"name": "x", "type": DOUBLE} | settings)
    assert all(getattr(column, name) == value for name, value in settings.items())


def test_a_keyword_ends_the_published_description() -> None:
    column = Column("dp_cat", TEXT, description="Category", keyword="HIERARCH ESO DPR CATG")
    assert column.field.description == "Category (Originating from FITS keyword: HIERARCH ESO DPR CATG)"


_ID = Column("id", LONG)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"columns": ()}, "no columns"),
        ({"columns": (_ID, _ID)}, "several columns called id"),
        ({"columns": (Column("ctid", TEXT), Column("ctid_", TEXT))}, "PostgreSQL"),
        ({"name": "stars"}, "schema.table"),
        ({"name": "cat.my stars"}, "schema.table"),
        ({"name": "cat.select"}, "schema.table"),
        ({"name": "pg_catalog.stars"}, "server"),
        ({"name": "archive.stars"}, "server"),
        ({"name": "cat." + "x" * 64}, "too long"),
        ({"kind": "index"}, "neither table nor view"),
        ({"primary_key": ("no",)}, "primary key"),
        ({"positions": (("id", "no"),)}, "position"),
        ({"positions": (("id", "name"),)}, "not a number"),
        ({"indexes": (("no",),)}, "index"),
        ({"keys": (Key(("no",), "cat.other", ("id",)),)}, "key"),
        ({"keys": (Key(("id",), "cat.other", ("id", "x")),)}, "unequal"),
    ],
)
def test_tables_that_are_refused(settings: dict[str, object], complaint: str) -> None:
    usual = {"name": "cat.stars", "columns": (_ID, Column("name", TEXT)), "description": ""}
    with pytest.raises(DeclarationError, match=complaint):
        Table(**usual | settings)


def test_indexed_columns_are_those_that_an_index_begins_with() -> None:
    table = Table(
        "cat.t",
        (
            *STARS.columns,
            Column("field", REGION),
            Column("mag", DOUBLE, indexed=True),
            Column("a", INTEGER),
            Column("b", INTEGER),
            Column("plain", TEXT),
        ),
        "",
        primary_key=("id",),
        positions=(("ra", "dec"),),
        indexes=(("a", "b"),),
    )
    flags = {column.name for column in table.columns if table.is_indexed(column.name)}
    assert flags == {"id", "ra", "dec", "field", "mag", "a"}
    assert table.regions == ("field",)


def test_rows_know_their_table() -> None:
    assert STARS.row(id=1, dec=2.0).values == (1, None, 2.0)
    with pytest.raises(DeclarationError, match="has no column parallax"):
        STARS.row(id=1, parallax=3.0)
    with pytest.raises(DeclarationError, match="a row needs id"):
        STARS.row(ra=1.0)


def test_examples_need_an_identifier_that_xml_takes() -> None:
    assert Example("a-cone", "A cone", "SELECT 1").id == "a-cone"
    with pytest.raises(DeclarationError, match="example id"):
        Example("a cone", "A cone", "SELECT 1")


# Names


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("ra", "ra"),
        ("dec", "dec"),
        ("RAJ2000", "RAJ2000"),
        ("size", '"size"'),
        ("Order", '"Order"'),
        ("distance", '"distance"'),
        ("_ra", '"_ra"'),
        ("2mass", '"2mass"'),
        ("B-V", '"B-V"'),
        ('a"b', '"a""b"'),
    ],
)
def test_names_as_queries_write_them(name: str, written: str) -> None:
    assert adql_name(name) == written
    assert is_regular(name) == (name == written)


def test_reserved_words_hold_those_of_sql_and_of_adql() -> None:
    assert {"SELECT", "SIZE", "TIMESTAMP", "TOP", "POINT", "OFFSET", "IN_UNIT", "ILIKE"} <= RESERVED_WORDS
    assert not {"RA", "DEC", "ID", "FLUX", "NAME"} & RESERVED_WORDS


def test_names_that_postgresql_keeps_for_itself_are_stored_otherwise() -> None:
    assert [physical_column(name) for name in ("ctid", "OID", "ra")] == ["ctid_", "OID_", "ra"]
    assert quote_identifier('a"b') == '"a""b"'


# Types


@pytest.mark.parametrize(
    ("triple", "expected"),
    [
        (("boolean", None, None), BOOLEAN),
        (("unsignedByte", None, None), UNSIGNED_BYTE),
        (("short", None, None), SHORT),
        (("int", None, None), INTEGER),
        (("long", None, None), LONG),
        (("double", None, None), DOUBLE),
        (("char", "*", None), TEXT),
        (("unicodeChar", "*", None), TEXT),
        (("char", "12*", None), char(12)),
        (("char", "12", None), char(12, fixed=True)),
        (("char", None, None), char(1, fixed=True)),
        (("char", "*", "timestamp"), TIMESTAMP),
        (("char", "19", "timestamp"), TIMESTAMP),
        (("char", "*", "adql:REGION"), REGION),
        (("double", "2", "point"), POINT),
        (("double", "3", "circle"), CIRCLE),
        (("double", "*", "polygon"), POLYGON),
        (("double", "3", "mine:thing"), array_of(DOUBLE, "3")),
        (("short", "2x3", None), array_of(SHORT, "2x3")),
    ],
)
def test_types_by_their_votable_triple(triple: tuple[str, str | None, str | None], expected: Type) -> None:
    assert find_type(*triple) == expected


@pytest.mark.parametrize("datatype", ["floatComplex", "doubleComplex", "bit", "nonsense"])
def test_types_the_archive_cannot_hold(datatype: str) -> None:
    with pytest.raises(DeclarationError, match=datatype):
        find_type(datatype)


@pytest.mark.parametrize(("element", "size"), [(TEXT, "3"), (TIMESTAMP, "3"), (DOUBLE, "x3"), (DOUBLE, "")])
def test_arrays_that_are_refused(element: Type, size: str) -> None:
    with pytest.raises(DeclarationError):
        array_of(element, size)


# Catalogue


def test_a_catalogue_finds_tables_in_any_letter_case() -> None:
    catalogue = Catalogue((Schema("cat", (STARS,), ""),))
    assert catalogue.find("CAT.Stars") is STARS
    assert catalogue.find("cat.galaxies") is None


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("cat.start", "did you mean cat.stars?"),
        ("stars", "did you mean cat.stars?"),
        ("other.stars", "did you mean cat.stars?"),
        ("xyz.abc", "tap_schema.tables"),
    ],
)
def test_a_catalogue_suggests_what_was_meant(name: str, hint: str) -> None:
    with pytest.raises(UnknownTable, match=name) as caught:
        Catalogue((Schema("cat", (STARS,), ""),)).table(name)
    assert hint in str(caught.value.hint)


def test_a_catalogue_checks_its_tables_against_each_other() -> None:
    astray = Table("cat.a", (_ID,), "", keys=(Key(("id",), "cat.stars", ("name",)),))
    with pytest.raises(DeclarationError, match="has no column 'name'"):
        Catalogue((Schema("cat", (STARS, astray), ""),))
    with pytest.raises(DeclarationError, match="not published"):
        Catalogue((Schema("cat", (astray,), ""),))
    with pytest.raises(DeclarationError, match="same name"):
        Catalogue((Schema("cat", (STARS,), ""), Schema("cat", (STARS,), "")))
    with pytest.raises(DeclarationError, match="does not belong"):
        Schema("dog", (STARS,), "")
