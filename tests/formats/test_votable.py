"""The document around the rows: valid, complete, with its marks in the places DALI gives them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from lxml import etree

from archive.declare.columns import Field
from archive.declare.semantics import GALACTIC, ICRS, UTC, CooSys
from archive.declare.types import DOUBLE, INTEGER, LONG, TEXT, TIMESTAMP, array_of, char
from archive.errors import QueryFailed
from archive.formats import Document, Encoding, encode, error_document, field_ids
from tests.formats.readers import VOTABLE, parse, read_tabledata, read_votable_by_astropy
from tests.formats.samples import FIELDS, ROWS, MemoryResult, batch_of, encoded, format_of, result_of
from tests.xsd import validate

VOTABLES = pytest.mark.parametrize(
    "encoding", [Encoding.TABLEDATA, Encoding.BINARY, Encoding.BINARY2], ids=lambda encoding: encoding.name
)

DOCUMENT = Document(
    query="SELECT *\nFROM ivoa.ObsCore WHERE a < 'é & \"b\"' -- ]]>",
    infos=(("citation", "10.5281/zenodo.1"), ("standardID", "ivo://ivoa.net/std/TAP")),
    title="An <archive>",
    description="Rows & columns",
    table_name="ivoa.ObsCore",
)


def find(content: bytes, path: str) -> Sequence[etree._Element]:
    found = parse(content).xpath(path, namespaces={"v": VOTABLE.strip("{}")})
    assert isinstance(found, list)
    return found


def statuses(content: bytes) -> list[tuple[str | None, str | None]]:
    return [(info.get("value"), info.text) for info in find(content, "//v:INFO[@name='QUERY_STATUS']")]


@VOTABLES
def test_the_document_is_valid(encoding: Encoding) -> None:
    assert validate(encoded(encoding, FIELDS, ROWS, DOCUMENT)) == []
    assert validate(encoded(encoding, FIELDS, ROWS, DOCUMENT, overflowed=True)) == []
    assert validate(encoded(encoding, FIELDS, (), DOCUMENT)) == []


def test_what_the_document_says_about_itself() -> None:
    content = encoded(Encoding.TABLEDATA, FIELDS, ROWS, DOCUMENT)
    assert content.startswith(b"<?xml version='1.0' encoding='UTF-8'?>")
    [root] = find(content, "/v:VOTABLE")
    assert root.get("version") == "1.4"
    [results] = find(content, "/v:VOTABLE/v:RESOURCE")
    assert results.get("type") == "results"
    infos = [(i.get("name"), i.get("value")) for i in find(content, "/v:VOTABLE/v:RESOURCE/v:INFO")]
    assert infos == [("QUERY_STATUS", "OK"), ("QUERY", DOCUMENT.query), *DOCUMENT.infos]
    assert [d.text for d in find(content, "//v:DESCRIPTION")][:2] == ["An <archive>", "Rows & columns"]
    assert find(content, "//v:TABLE")[0].get("name") == "ivoa.ObsCore"


def test_fields_carry_their_metadata() -> None:
    fields = find(encoded(Encoding.TABLEDATA, FIELDS, ()), "//v:FIELD")
    for element, field in zip(fields, FIELDS, strict=True):
        assert element.get("name") == field.name
        assert element.get("datatype") == field.type.datatype
        assert (element.get("unit") or "") == field.unit
        assert (element.get("ucd") or "") == field.ucd
        assert (element.get("utype") or "") == field.utype
        assert element.get("xtype") == field.type.xtype
        assert (element.findtext(f"{VOTABLE}DESCRIPTION") or "") == field.description


def test_text_is_unbounded_so_that_no_reader_cuts_it() -> None:
    fields = (Field("a", char(3)), Field("b", char(3, fixed=True)), Field("c", TEXT))
    content = encoded(Encoding.TABLEDATA, fields, [("äöü", "äöü", "äöü")])
    assert [f.get("arraysize") for f in find(content, "//v:FIELD")] == ["*", "*", "*"]
    assert read_tabledata(content) == [("äöü", "äöü", "äöü")]


def test_binary_sends_free_text_as_unicode() -> None:
    """astropy takes `char` in BINARY for ASCII, STIL for Latin-1: unicodeChar all read."""
    for encoding in (Encoding.BINARY, Encoding.BINARY2):
        fields = {f.get("name"): f.get("datatype") for f in find(encoded(encoding, FIELDS, ()), "//v:FIELD")}
        assert (fields["name"], fields["code"]) == ("unicodeChar", "unicodeChar")
        assert (fields["date_obs"], fields["s_region"]) == ("char", "char")


def test_systems_are_declared_once_and_referred_to() -> None:
    fields = (
        Field("ra", DOUBLE, coosys=ICRS),
        Field("dec", DOUBLE, coosys=ICRS),
        Field("l", DOUBLE, coosys=GALACTIC),
        Field("pm", DOUBLE, coosys=CooSys("gaia", "ICRS", "J2016.0")),
        Field("icrs", TIMESTAMP, timesys=UTC),
    )
    content = encoded(Encoding.TABLEDATA, fields, ())
    assert validate(content) == []
    systems = {s.get("ID"): (s.get("system"), s.get("epoch")) for s in find(content, "//v:COOSYS")}
    # The column called icrs has the ID of that name; 1.4's schema knows "galactic" in small letters.
    assert systems == {"icrs_2": ("ICRS", None), "galactic": ("galactic", None), "gaia": ("ICRS", "J2016.0")}
    assert [f.get("ref") for f in find(content, "//v:FIELD")] == [
        "icrs_2",
        "icrs_2",
        "galactic",
        "gaia",
        "utc",
    ]
    [time] = find(content, "//v:TIMESYS")
    assert dict(time.attrib) == {"ID": "utc", "timescale": "UTC", "refposition": "TOPOCENTER"}


def test_names_may_repeat_and_be_anything_ids_may_not() -> None:
    names = ("ra", "RA", "ra", "ra_2", "1st", "größe µ", 'a "b" <c>', "-", "x" * 100)
    fields = tuple(Field(name, INTEGER) for name in names)
    ids = field_ids(fields)
    assert ids[:5] == ("ra", "RA_2", "ra_3", "ra_2_2", "_1st")
    assert len({xml_id.lower() for xml_id in ids}) == len(names)
    content = encoded(Encoding.TABLEDATA, fields, ())
    assert validate(content) == []
    assert [f.get("name") for f in find(content, "//v:FIELD")] == list(names)
    assert [f.get("ID") for f in find(content, "//v:FIELD")] == list(ids)


@VOTABLES
def test_arrays_of_several_dimensions_are_read_alike(encoding: Encoding) -> None:
    """Where the last dimension varies STIL counts numbers and astropy pairs, so BINARY declares them flat."""
    fields = (Field("a", array_of(INTEGER, "2x*")), Field("n", LONG))
    rows = [([1, 2, 3, 4], 1), ([5, 6], 2)]
    content = encoded(encoding, fields, rows)
    assert read_votable_by_astropy(content) == rows
    arraysize = find(content, "//v:FIELD")[0].get("arraysize")
    assert arraysize == ("2x*" if encoding is Encoding.TABLEDATA else "*")


@VOTABLES
def test_overflow_is_marked_behind_the_table(encoding: Encoding) -> None:
    content = encoded(encoding, FIELDS, ROWS, overflowed=True)
    assert statuses(content) == [("OK", None), ("OVERFLOW", None)]
    [last] = find(content, "//v:TABLE/following-sibling::v:INFO")
    assert last.get("value") == "OVERFLOW"


@VOTABLES
def test_a_complete_result_has_no_second_status(encoding: Encoding) -> None:
    assert statuses(encoded(encoding, FIELDS, ROWS)) == [("OK", None)]


@VOTABLES
def test_a_failure_is_marked_behind_the_table(encoding: Encoding) -> None:
    failure = QueryFailed("division by zero in a<b & c")
    content = encoded(encoding, FIELDS, ROWS, DOCUMENT, failure=failure)
    assert validate(content) == []
    assert statuses(content) == [("OK", None), ("ERROR", "division by zero in a<b & c")]
    [last] = find(content, "//v:TABLE/following-sibling::v:INFO")
    assert last.get("value") == "ERROR"


@VOTABLES
def test_an_array_longer_than_declared_is_an_error_and_no_corruption(encoding: Encoding) -> None:
    fields = (Field("p", array_of(DOUBLE, "2")),)
    content = encoded(encoding, fields, [([1.0, 2.0],), ([1.0, 2.0, 3.0],)], size=1)
    assert validate(content) == []
    assert statuses(content)[-1] == ("ERROR", "column p: an array of 3 values where 2 were declared")


@pytest.mark.parametrize("encoding", Encoding, ids=lambda encoding: encoding.name)
def test_the_head_leaves_before_the_first_row(encoding: Encoding) -> None:
    result = result_of(FIELDS, ROWS[:4])
    stream = encode(format_of(encoding), result, Document())
    if encoding is Encoding.FITS:
        assert result.taken == 2  # all of it: the header states the number of rows
    elif encoding is not Encoding.PARQUET:  # whose row groups collect several batches
        assert result.taken == 0
        assert next(stream)
        assert result.taken == 0
        assert next(stream)
        assert result.taken == 1
    stream.close()


def test_further_resources_follow_the_results() -> None:
    service = etree.fromstring(
        '<RESOURCE type="meta" utype="adhoc:service" ID="links"><PARAM name="standardID" datatype="char" '
        'arraysize="*" value="ivo://ivoa.net/std/DataLink#links-1.1"/><GROUP name="inputParams">'
        '<PARAM name="ID" datatype="char" arraysize="*" value="" ref="obs_id"/></GROUP></RESOURCE>'
    )
    qualified = etree.fromstring(f'<RESOURCE xmlns="{VOTABLE.strip("{}")}" type="meta" ID="icrs"/>')
    document = Document(extra_resources=(service, qualified))
    content = encoded(Encoding.BINARY2, FIELDS, ROWS, document, overflowed=True)
    assert validate(content) == []
    assert [r.get("type") for r in find(content, "/v:VOTABLE/v:RESOURCE")] == ["results", "meta", "meta"]
    assert find(content, "//v:GROUP/v:PARAM")[0].get("ref") == "obs_id"
    assert find(content, "//v:COOSYS")[0].get("ID") == "icrs_2"  # the ID is taken by the resource


def test_what_xml_cannot_carry_is_replaced_wherever_it_stands() -> None:
    bad = "a\x00b\x1fc\ufffed"
    good = "a�b�c�d"
    fields = (Field(bad, TEXT, description=bad, unit=bad),)
    document = Document(query=bad, infos=((bad, bad),), title=bad, description=bad, table_name=bad)
    content = encoded(Encoding.TABLEDATA, fields, [(bad,)], document)
    assert validate(content) == []
    assert read_tabledata(content) == [(good,)]
    assert find(content, "//v:FIELD")[0].get("name") == good
    assert validate(error_document(bad)) == []


def test_markup_in_values_is_text() -> None:
    text = "<TD>&amp;</TD>]]><!-- x -->\r\n\ttab"
    content = encoded(Encoding.TABLEDATA, (Field("t", TEXT),), [(text,)])
    assert read_tabledata(content) == [(text,)]


def test_null_values_are_declared_only_where_nothing_else_says_null() -> None:
    fields = (Field("i", LONG), Field("a", array_of(INTEGER, "*")))
    nulls = {
        encoding: {
            v.getparent().get("name"): v.get("null")
            for v in find(encoded(encoding, fields, ()), "//v:VALUES")
        }
        for encoding in (Encoding.TABLEDATA, Encoding.BINARY, Encoding.BINARY2)
    }
    inside = {"a": "-2147483648"}
    assert nulls == {
        Encoding.TABLEDATA: inside,
        Encoding.BINARY: {"i": "-9223372036854775808"} | inside,
        Encoding.BINARY2: inside,
    }


def test_the_error_document_is_dalis() -> None:
    content = error_document("no <such> column & so on")
    assert validate(content) == []
    assert statuses(content) == [("ERROR", "no <such> column & so on")]
    assert find(content, "/v:VOTABLE/v:RESOURCE[@type='results']/v:INFO")


def test_batches_in_another_arrow_type_are_cast() -> None:
    narrow = batch_of((Field("n", INTEGER),), [(1,), (None,)])
    result = MemoryResult((Field("n", LONG),), [narrow])
    content = b"".join(encode(format_of(Encoding.TABLEDATA), result, Document()))
    assert read_tabledata(content) == [(1,), (None,)]
