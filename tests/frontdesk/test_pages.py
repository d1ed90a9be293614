"""The pages: complete, self-contained, and safe whatever a catalogue says about itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from lxml import html

import frontdesk
from archive.config import Config
from archive.declare.builtin import builtin_schemas
from archive.declare.catalogue import Catalogue
from archive.declare.columns import Column
from archive.declare.tables import Example, Schema, Table
from archive.declare.types import TEXT
from archive.protocol import Service, Style
from frontdesk.pages import front_page, table_page

STATIC = Path(frontdesk.__file__).parent / "static"

NASTY = "<script>alert('x')</script> & \"quotes\" \x00"
TABLE = Table(
    "nasty.things",
    (Column("<b>bold</b>", TEXT, description=NASTY),),
    description=NASTY,
    title=NASTY,
    examples=(Example("nasty", NASTY, f"SELECT '{NASTY}'", NASTY),),
)
CATALOGUE = Catalogue((*builtin_schemas(), Schema("nasty", (TABLE,), NASTY)))
CONFIG = Config(title=NASTY, public_url="https://archive.example/")
SERVICE = Service(
    "TAP",
    "Queries",
    "/tap",
    "https://archive.example/tap",
    (),
    Style.VOTABLE,
    links=(("tables", "/tap/tables"),),
)


@pytest.fixture(scope="module")
def front():
    return front_page(CONFIG, CATALOGUE, [SERVICE], {"ivoa.ObsCore": 1234567, "dbo.raw": None})


def test_front_page_says_what_is_here(front):
    tree = html.fromstring(front)
    assert tree.xpath("string(//title)").startswith("<script>")
    assert "https://archive.example/tap" in tree.xpath("//*[@data-copy]/code/text()")
    assert tree.xpath("//a[@href='/tap/tables']")
    rows = {row[0].text_content(): row[1].text_content() for row in tree.xpath("//tbody/tr")}
    assert rows["ivoa.ObsCore"] == "1,234,567"
    assert rows["dbo.raw"] == ""
    assert len(tree.xpath("//*[@data-query]")) == len(CATALOGUE.examples)


def test_front_page_works_without_its_script(front):
    (form,) = html.fromstring(front, base_url="https://archive.example/").forms
    assert form.action.endswith("/tap/sync")
    fields = dict(form.fields)
    assert fields["LANG"] == "ADQL"
    assert fields["QUERY"] == CATALOGUE.examples[0].query
    assert fields["RESPONSEFORMAT"] == "html"
    assert int(fields["MAXREC"]) > 0


@pytest.mark.parametrize("name", ["ivoa.ObsCore", "dbo.raw", "tap_schema.columns"])
def test_table_page_has_every_column(name):
    table = CATALOGUE.table(name)
    tree = html.fromstring(table_page(CONFIG, table, 3))
    assert [row[0].text_content() for row in tree.xpath("(//table)[1]/tbody/tr")] == [
        column.adql_name for column in table.columns
    ]
    for key in table.keys:
        assert tree.xpath(f"//a[@href='/tables/{key.target}']")


@pytest.mark.parametrize("page", ["front", "table"])
def test_nothing_becomes_markup_and_nothing_comes_from_elsewhere(front, page):
    document = front if page == "front" else table_page(CONFIG, TABLE, None)
    tree = html.fromstring(document)
    assert [script.get("src") for script in tree.iter("script")] == ["/static/desk.js"]
    assert not list(tree.iter("b", "style", "iframe"))
    loaded = tree.xpath("//script/@src | //link/@href | //img/@src")
    assert set(loaded) == {"/static/desk.css", "/static/desk.js", "/static/emblem.svg"}
    assert all((STATIC / Path(name).name).is_file() for name in loaded)
    assert not re.search(r"\son\w+=", document.decode())
    assert b"\x00" not in document
