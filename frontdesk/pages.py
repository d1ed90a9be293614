"""The pages people see: what is here, how to ask for it, and one page for every table.

HTML is built as a tree, so that nothing a catalogue says about itself can become markup. Every page
works without its script and loads nothing from elsewhere. What the data access services answer is
not made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from lxml import etree, html
from lxml.html.builder import E

from archive.config import Config
from archive.declare import Catalogue, Example, Schema, Table
from archive.declare.parameters import Parameter
from archive.formats import FORMATS
from archive.protocol import Service
from archive.protocol.xml import clean

__all__ = ["front_page", "heading", "page", "table_page"]

_ROWS_OFFERED = (100, 1000, 10_000)
_Node = etree._Element | str

# Cassiopeia with the new star of 1572, which Tycho saw and measured.
_EMBLEM = """
<svg viewBox="0 0 40 40" role="img" aria-label="Cassiopeia with the new star of 1572">
<polyline class="path" points="5,12 13,25 20,17 28,27 35,13"/>
<circle class="star" cx="5" cy="12" r="1.4"/><circle class="star" cx="13" cy="25" r="1.7"/>
<circle class="star" cx="20" cy="17" r="1.7"/><circle class="star" cx="28" cy="27" r="1.5"/>
<circle class="star" cx="35" cy="13" r="1.2"/>
<path class="nova" d="M19 1.5 20 5.3 23.8 6.3 20 7.3 19 11.1 18 7.3 14.2 6.3 18 5.3z"/></svg>
"""


def front_page(
    config: Config, catalogue: Catalogue, services: Iterable[Service], rows: Mapping[str, int | None]
) -> bytes:
    """The page at /; `rows` are the numbers of rows by table name."""
    shown = tuple(services)
    return page(
        config.title,
        heading(
            config.title, "An archive of the Virtual Observatory: query it here, or from your own programs."
        ),
        E.h2("Ask"),
        _query_form(f"{config.base_url}/tap/sync", catalogue),
        E.h2("Services"),
        *(part for service in shown for part in _service(service)),
        *_programs(f"{config.base_url}/tap"),
        E.h3("Transfers"),
        E.p(E.a("Files on their way", href="/transfers"), " from the observatory to this archive."),
        E.h2({"id": "tables"}, "Tables"),
        *(part for schema in _by_interest(catalogue.schemas) for part in _schema(schema, rows)),
    )


def table_page(config: Config, table: Table, rows: int | None) -> bytes:
    """What a table and its columns mean."""
    return page(
        f"{table.name} - {config.title}",
        heading(table.name, clean(table.title or config.title)),
        E.p(clean(table.published_description)),
        E.p(
            {"class": "links"},
            f"{_count(rows)} {'row' if rows == 1 else 'rows'} · " if rows is not None else "",
            E.a("all tables", href="/#tables"),
        ),
        E.div({"class": "listing"}, _columns(table)),
        *_table_keys(table),
        *(part for example in table.examples for part in _example_block(example)),
    )


def page(title: str, *content: _Node) -> bytes:
    """Any page of the site."""
    document = E.html(
        {"lang": "en"},
        E.head(
            E.meta(charset="utf-8"),
            E.meta(name="viewport", content="width=device-width, initial-scale=1"),
            E.title(clean(title)),
            E.link(rel="icon", href="/static/emblem.svg", type="image/svg+xml"),
            E.link(rel="stylesheet", href="/static/desk.css"),
            E.script({"src": "/static/desk.js", "defer": "defer"}),
        ),
        E.body(_way(), *content, E.footer("Served by Uraniborg")),
    )
    return bytes(html.tostring(document, doctype="<!DOCTYPE html>", encoding="utf-8"))


def _way() -> etree._Element:
    """The same for everybody: whoever has not logged in is asked to when he goes there."""
    return E.nav({"aria-label": "Site"}, E.a("archive", href="/"), E.a("account", href="/account"))


def heading(title: str, line: str) -> etree._Element:
    return E.header(html.fragment_fromstring(_EMBLEM), E.div(E.h1(clean(title)), E.p(line)))


def _query_form(address: str, catalogue: Catalogue) -> etree._Element:
    examples = catalogue.examples
    first = examples[0].query if examples else "SELECT table_name, description FROM tap_schema.tables"
    formats = [E.option("table here", value="html")]
    formats += [E.option(known.name, value=known.aliases[0]) for known in FORMATS if known.name != "HTML"]
    return E.form(
        {"class": "query", "action": "/tap/sync", "method": "get"},
        E.input(type="hidden", name="LANG", value="ADQL"),
        E.div(
            {"class": "ask"},
            E.textarea(
                {
                    "name": "QUERY",
                    "spellcheck": "false",
                    "aria-label": "Query in ADQL",
                    "autocomplete": "off",
                },
                clean(first),
            ),
            E.ul({"class": "examples", "aria-label": "Example queries"}, *map(_example_choice, examples)),
        ),
        E.div(
            {"class": "bar"},
            E.button({"class": "main", "name": "run", "type": "submit", "title": "Ctrl+Enter"}, "Run"),
            E.button({"name": "stop", "type": "button", "disabled": "disabled"}, "Stop"),
            E.label("at most ", E.select({"name": "MAXREC"}, *map(_rows_option, _ROWS_OFFERED)), " rows"),
            E.label("as ", E.select({"name": "RESPONSEFORMAT"}, *formats)),
        ),
        E.p({"id": "status", "role": "status"}),
        E.div({"id": "rows", "class": "rows", "role": "region", "aria-label": "Result", "tabindex": "0"}),
    )


def _rows_option(rows: int) -> etree._Element:
    return E.option(
        f"{rows:,}", value=str(rows), **({"selected": "selected"} if rows == _ROWS_OFFERED[1] else {})
    )


def _example_choice(example: Example) -> etree._Element:
    """The example to read; the script turns it into a button that runs it."""
    return E.li(
        {"data-query": clean(example.query), "data-about": clean(example.description)},
        E.details(E.summary(clean(example.name)), E.pre(clean(example.query))),
    )


def _service(service: Service) -> list[etree._Element]:
    links: list[_Node] = []
    for name, address in service.links:
        links += [" · " if links else "", E.a(name, href=address)]
    return [
        E.h3(service.name),
        E.p(service.description),
        E.div({"class": "copyable", "data-copy": ""}, E.code(service.address)),
        E.p({"class": "links"}, *links),
        *([_parameters(service.parameters)] if service.parameters else []),
    ]


def _parameters(parameters: Iterable[Parameter]) -> etree._Element:
    lines = [
        E.tr(E.td(" = ".join(parameter.names)), E.td(parameter.type.adql), E.td(_meaning(parameter)))
        for parameter in parameters
    ]
    head = E.tr(E.th("parameter"), E.th("type"), E.th("what it means"))
    table = E.div({"class": "listing"}, E.table(E.thead(head), E.tbody(*lines)))
    return E.details({"class": "links"}, E.summary("parameters"), table)


def _meaning(parameter: Parameter) -> str:
    values = f" One of {', '.join(parameter.values)}." if parameter.values else ""
    return clean(f"{parameter.description}{values}")


def _programs(address: str) -> list[etree._Element]:
    python = (
        "import pyvo\n"
        f'archive = pyvo.dal.TAPService("{address}")\n'
        'result = archive.search("SELECT TOP 10 * FROM ivoa.ObsCore")\n'
        "print(result.to_table())"
    )
    stilts = (
        f"stilts tapquery tapurl={address} sync=true \\\n"
        "    adql='SELECT TOP 10 * FROM ivoa.ObsCore' ofmt=text"
    )
    return [
        E.h3("From Python"),
        _block(python),
        E.h3("From a shell"),
        _block(stilts),
        E.h3("From TOPCAT"),
        E.p("Menu VO, Table Access Protocol (TAP) Query; paste the address above into TAP URL."),
    ]


def _block(text: str) -> etree._Element:
    return E.div({"class": "block", "data-copy": ""}, E.pre(text))


def _by_interest(schemas: Iterable[Schema]) -> list[Schema]:
    """What is about the sky comes before what is about tables."""
    return sorted(schemas, key=lambda schema: schema.name == "tap_schema")


def _schema(schema: Schema, rows: Mapping[str, int | None]) -> list[etree._Element]:
    if not schema.tables:
        return []
    lines = [
        E.tr(
            E.td(E.a(table.name, href=f"/tables/{quote(table.name)}")),
            E.td({"class": "number"}, _count(rows.get(table.name))),
            E.td({"class": "wide"}, clean(table.title or table.description)),
        )
        for table in schema.tables
    ]
    head = E.tr(E.th("table"), E.th({"class": "number"}, "rows"), E.th({"class": "wide"}, "what it holds"))
    return [
        E.h3(schema.name, E.small(clean(schema.title or schema.description))),
        E.div({"class": "listing tables"}, E.table(E.thead(head), E.tbody(*lines))),
    ]


def _count(rows: int | None) -> str:
    return "" if rows is None else f"{rows:,}"


def _columns(table: Table) -> etree._Element:
    head = E.tr(
        E.th("column"), E.th("type"), E.th("unit"), E.th({"class": "wide"}, "UCD"), E.th("what it holds")
    )
    lines = [
        E.tr(
            E.td(clean(column.adql_name)),
            E.td(column.type.adql),
            E.td(column.unit),
            E.td({"class": "wide"}, column.ucd),
            E.td(clean(column.published_description)),
        )
        for column in table.columns
    ]
    return E.table(E.thead(head), E.tbody(*lines))


def _table_keys(table: Table) -> list[etree._Element]:
    if not table.keys:
        return []
    lines = [
        E.tr(
            E.td(", ".join(key.columns)),
            E.td(E.a(key.target, href=f"/tables/{quote(key.target)}")),
            E.td(", ".join(key.target_columns)),
            E.td({"class": "wide"}, clean(key.description)),
        )
        for key in table.keys
    ]
    head = E.tr(E.th("columns"), E.th("point to"), E.th("columns there"), E.th({"class": "wide"}, "meaning"))
    return [E.h2("Keys"), E.div({"class": "listing"}, E.table(E.thead(head), E.tbody(*lines)))]


def _example_block(example: Example) -> list[etree._Element]:
    return [
        E.h3(clean(example.name)),
        *([E.p(clean(example.description))] if example.description else []),
        _block(clean(example.query)),
    ]
