"""What cone searches say of themselves: valid capabilities whose test query has rows, and the page."""

from __future__ import annotations

import pytest
from lxml import etree, html

from tests.xsd import validate

XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


def capability(cone, table):
    answer = cone.get(f"/cone/{table}/capabilities")
    assert answer.status_code == 200, answer.text
    assert validate(answer.content) == []
    return etree.fromstring(answer.content)


@pytest.mark.parametrize("table", ["sky.stars", "odd.nameless", "odd.Doubled", "ivoa.ObsCore"])
def test_the_test_query_has_rows(cone, table):
    (search,) = capability(cone, table).xpath("//capability[@standardID='ivo://ivoa.net/std/ConeSearch']")
    assert search.get(f"{XSI}type") == "cs:ConeSearch"
    assert search.findtext("maxSR") == "180"
    assert search.findtext("verbosity") == "true"
    assert int(search.findtext("maxRecords")) > 0
    address = search.findtext("interface/accessURL")
    assert address.endswith(f"/cone/{table}?")
    test = search.find("testQuery")
    asked = {name.upper(): test.findtext(name) for name in ("ra", "dec", "sr", "verb")}
    answer = cone.get(address.rstrip("?"), params=asked | {"RESPONSEFORMAT": "csv"})
    assert len(answer.text.splitlines()) > 1


def test_a_table_without_rows_has_no_test_query(cone):
    assert capability(cone, "sky.targets").find(".//testQuery") is None


def test_availability(cone):
    answer = cone.get("/cone/sky.stars/availability")
    assert validate(answer.content) == []
    assert b"true" in answer.content


def test_the_page_lists_what_can_be_searched(cone):
    answer = cone.get("/cone")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = html.fromstring(answer.content)
    names = page.xpath("//tbody/tr/td[1]//text()")
    assert {"ivoa.ObsCore", "dbo.raw", "sky.stars", "odd.nameless"} <= set(names)
    assert not {"tap_schema.tables", "tap_schema.columns"} & set(names)
    assert cone.get("/cone/").status_code == 200
    for address in page.xpath("//tbody//a[text()='capabilities']/@href"):
        assert cone.get(address).status_code == 200
