"""The documents about the service: valid, true, and agreeing with each other."""

from __future__ import annotations

import io

import pytest
from astropy.io.votable import parse
from lxml import etree

from archive.declare.builtin import builtin_schemas
from archive.declare.catalogue import Catalogue
from archive.formats import FORMATS
from archive.query import OPTIONAL_FEATURES, offered_functions
from tests.xsd import validate

XHTML = {"h": "http://www.w3.org/1999/xhtml"}


def xml(answer) -> etree._Element:
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    assert answer.headers["access-control-allow-origin"] == "*"
    assert validate(answer.content) == []
    return etree.fromstring(answer.content)


def test_capabilities_name_the_service_once(tap):
    tree = xml(tap.get("/capabilities"))
    (access,) = tree.xpath("capability[@standardID='ivo://ivoa.net/std/TAP']")
    assert access.xpath("interface/accessURL/text()") == [str(tap.base_url).rstrip("/")]
    assert access.xpath("language/version/text()") == ["2.1", "2.0"]
    assert access.xpath("dataModel/text()") == ["ObsCore-1.1"]
    assert access.xpath("uploadMethod/@ivo-id") == ["ivo://ivoa.net/std/TAPRegExt#upload-inline"]


@pytest.mark.parametrize("name", ["capabilities", "availability", "tables", "examples"])
def test_every_declared_document_is_there(tap, name):
    tree = xml(tap.get("/capabilities"))
    (address,) = tree.xpath(f"capability[contains(@standardID, '#{name}')]/interface/accessURL/text()")
    assert address == f"{str(tap.base_url).rstrip('/')}/{name}"
    for answer in (tap.get(address), tap.head(address)):
        assert answer.status_code == 200


def test_declared_features_are_those_of_the_language(tap):
    tree = xml(tap.get("/capabilities"))
    declared = {
        features.get("type"): tuple(features.xpath("feature/form/text()"))
        for features in tree.iter("languageFeatures")
    }
    offered = offered_functions(Catalogue(builtin_schemas()))
    forms = tuple(function.signature for function in offered)
    assert declared == {"ivo://ivoa.net/std/TAPRegExt#features-udf": forms, **OPTIONAL_FEATURES}


def test_every_declared_format_can_be_had_under_every_name(tap):
    tree = xml(tap.get("/capabilities"))
    query = {"LANG": "ADQL", "QUERY": "SELECT schema_name FROM tap_schema.schemas", "MAXREC": "1"}
    declared = tree.findall(".//outputFormat")
    assert len(declared) == len(FORMATS)
    for format_ in declared:
        media_type = format_.findtext("mime")
        for name in [media_type, *format_.xpath("alias/text()")]:
            answer = tap.get("/sync", params=query | {"RESPONSEFORMAT": name})
            assert answer.status_code == 200
            assert answer.headers["content-type"] == media_type


def test_availability(tap):
    tree = xml(tap.get("/availability"))
    assert tree.findtext("{*}available") == "true"


def test_tables_agree_with_tap_schema(tap):
    tree = xml(tap.get("/tables"))
    query = "SELECT table_name, column_name, datatype, arraysize, xtype FROM tap_schema.columns"
    answer = tap.get("/sync", params={"LANG": "ADQL", "QUERY": query, "MAXREC": "100000"})
    rows = {
        tuple("" if value is None else str(value) for value in row)
        for row in parse(io.BytesIO(answer.content)).get_first_table().to_table().filled("")
    }
    shown = {
        (
            table.findtext("name"),
            column.findtext("name"),
            column.findtext("dataType"),
            column.find("dataType").get("arraysize", ""),
            column.find("dataType").get("extendedType", ""),
        )
        for table in tree.iter("table")
        for column in table.iter("column")
    }
    assert rows == shown


def test_short_tables_and_one_table(tap):
    short = xml(tap.get("/tables", params={"detail": "min"}))
    assert not short.xpath("//column")
    for name in short.xpath("//table/name/text()"):
        one = xml(tap.get(f"/tables/{name}"))
        assert one.findtext("name") == name
        assert one.xpath("column")
    assert xml(tap.get("/tables/IVOA.obscore")).findtext("name") == "ivoa.ObsCore"


def test_unknown_detail(tap):
    assert tap.get("/tables", params={"detail": "most"}).status_code == 400


def test_examples_are_rdfa_and_run(tap):
    answer = tap.get("/examples")
    assert answer.headers["content-type"].startswith("application/xhtml+xml")
    tree = etree.fromstring(answer.content)
    examples = tree.xpath("//h:*[@typeof='example']", namespaces=XHTML)
    assert examples
    for example in examples:
        assert example.get("resource") == f"#{example.get('id')}"
        (query,) = example.xpath(".//h:*[@property='query']/text()", namespaces=XHTML)
        assert len(example.xpath(".//h:*[@property='name']", namespaces=XHTML)) == 1
        assert tap.get("/sync", params={"LANG": "ADQL", "QUERY": query, "MAXREC": "2"}).status_code == 200


def test_base_address_leads_to_the_front_page(tap):
    answer = tap.get("", follow_redirects=True)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
