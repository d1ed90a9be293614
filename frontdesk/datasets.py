"""/dataset/<dp_id>: a page that shows people one file: a picture, what is known of it, where its links lead.

Everything on it can be had from the services; where things are is told by the links document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lxml import etree
from lxml.html.builder import E
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.access import Caller
from archive.database import Cancellation
from archive.declare import Table
from archive.declare.addresses import file_url, header_page_url, links_url
from archive.declare.identifiers import publisher_did
from archive.errors import NotFound
from archive.protocol import Archive
from archive.protocol.answering import caller_of
from archive.protocol.datalink.answer import LinksAnswer
from archive.protocol.table_reader import TableReader
from archive.protocol.xml import clean

from .desk import html_response
from .pages import heading, page

__all__ = ["dataset_routes"]

_MOST_LINKS = 500
# Where a file may be described, the best description first.
_TABLES = ("ivoa.ObsCore", "dbo.raw")
_PICTURES = ("#preview", "#preview-image", "#preview-plot")
_TERMS = "http://www.ivoa.net/rdf/datalink/core"


def dataset_routes(archive: Archive) -> list[Route]:
    async def answer(request: Request) -> Response:
        dp_id, caller = request.path_params["dp_id"], caller_of(request)
        return html_response(await run_in_threadpool(_dataset_page, archive, dp_id, caller))

    return [Route("/dataset/{dp_id:path}", answer)]


def _dataset_page(archive: Archive, dp_id: str, caller: Caller) -> bytes:
    links = _links(archive, dp_id, caller)
    if not links or any(link["error_message"] for link in links[:1]):
        raise NotFound(f"the archive has no dataset {dp_id[:200]}")
    config = archive.config
    described = _description(archive, dp_id, caller)
    title = str((described[1].get("obs_title") if described else None) or dp_id)
    shown: list[etree._Element] = []
    if not links[0]["link_authorized"] and links[0]["access_url"]:
        shown.append(_refusal(caller))
    elif picture := next((link["access_url"] for link in links if link["semantics"] in _PICTURES), None):
        shown.append(E.img({"class": "preview", "src": picture, "alt": f"Preview of {clean(dp_id)}"}))
    if described:
        shown += _values(*described)
    addresses: list[etree._Element | str] = [
        E.a("download", href=file_url(config.base_url, dp_id)),
        " · ",
        E.a("header", href=header_page_url(config.base_url, dp_id)),
        " · ",
        E.a("links for programs", href=links_url(config.base_url, config.authority, dp_id)),
    ]
    return page(
        f"{dp_id} - {config.title}",
        heading(dp_id, clean(title)),
        E.p({"class": "links"}, *addresses),
        *shown,
        E.h2("What belongs to it"),
        _listing(links),
    )


def _refusal(caller: Caller) -> etree._Element:
    """Instead of a picture; until when, the row of the file tells."""
    if caller.is_anonymous:
        return E.p(
            "This file is not public yet. Those who have rights on it ", E.a("log in", href="/login"), "."
        )
    return E.p("This file is not public yet, and you have no rights on it.")


def _links(archive: Archive, dp_id: str, caller: Caller) -> list[Mapping[str, Any]]:
    identifier = publisher_did(archive.config.authority, dp_id)
    answer = LinksAnswer(archive, caller, [identifier], _MOST_LINKS, Cancellation())
    return [row for batch in answer for row in batch.to_pylist()]


def _description(archive: Archive, dp_id: str, caller: Caller) -> tuple[Table, Mapping[str, Any]] | None:
    """The row of the first table that has one."""
    catalogue = archive.database.catalogue_of(caller.name)
    reader = TableReader(archive.database, archive.config, caller, Cancellation())
    for name in _TABLES:
        table = catalogue.find(name)
        if table is None:
            continue
        columns = tuple(column.name for column in table.columns)
        for row in reader.having(name, columns, dp_id=[dp_id]):
            return table, row
    return None


def _values(table: Table, row: Mapping[str, Any]) -> list[etree._Element]:
    lines = [
        E.tr(
            E.td(column.name),
            E.td(_shown(row[column.name])),
            E.td(column.unit),
            E.td(clean(column.description)),
        )
        for column in table.columns
        if row[column.name] is not None
    ]
    head = E.tr(E.th("column"), E.th("value"), E.th("unit"), E.th("meaning"))
    about = E.p(
        {"class": "links"},
        "From ",
        E.a(table.name, href=f"/tables/{table.name}"),
        ", without what is not known.",
    )
    return [
        E.h2("What is known of it"),
        about,
        E.div({"class": "listing"}, E.table(E.thead(head), E.tbody(*lines))),
    ]


def _shown(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    if isinstance(value, float):
        return f"{value:.10g}"
    return clean(str(value))


def _listing(links: Sequence[Mapping[str, Any]]) -> etree._Element:
    """The rows that lead somewhere; services are for programs."""
    lines = [
        E.tr(
            E.td(E.a(link["semantics"].lstrip("#"), href=_meaning(link["semantics"]))),
            E.td(E.a(clean(link["description"] or link["access_url"]), href=link["access_url"])),
            E.td(clean((link["content_type"] or "").partition(";")[0])),
            E.td(
                {"class": "number"}, "" if link["content_length"] is None else f"{link['content_length']:,}"
            ),
        )
        for link in links
        if (link["access_url"] or "").startswith(("http://", "https://"))
    ]
    head = E.tr(E.th("role"), E.th("what"), E.th("type"), E.th({"class": "number"}, "bytes"))
    return E.div({"class": "listing"}, E.table(E.thead(head), E.tbody(*lines)))


def _meaning(semantics: str) -> str:
    return _TERMS + semantics if semantics.startswith("#") else semantics
