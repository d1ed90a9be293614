"""The page at /cone for people: which tables can be searched by position, and how."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from lxml import etree, html
from lxml.html.builder import E

from archive.config import Config
from archive.protocol.xml import clean

from .cone_target import ConeTarget

__all__ = ["cone_address", "cone_page"]


def cone_address(base_url: str, name: str) -> str:
    return f"{base_url}/{quote(name)}"


def cone_page(config: Config, base_url: str, targets: Iterable[ConeTarget]) -> bytes:
    """`base_url` is that of all cone searches, without a slash at the end."""
    title = f"Cone search - {config.title}"
    example = "RA=204.254&DEC=-29.866&SR=0.5"
    page = E.html(
        {"lang": "en"},
        E.head(
            E.meta(charset="utf-8"),
            E.meta(name="viewport", content="width=device-width, initial-scale=1"),
            E.title(clean(title)),
            E.link(rel="icon", href="/static/emblem.svg", type="image/svg+xml"),
            E.link(rel="stylesheet", href="/static/desk.css"),
        ),
        E.body(
            E.h1("Cone search"),
            E.p(
                "What these tables have around a position: give an address to TOPCAT, pyvo or STILTS (Simple"
                " Cone Search), or add RA, DEC and SR in degrees to it, such as ",
                E.code(f"?{example}"),
                ".",
            ),
            E.div({"class": "listing"}, _listing(base_url, targets)),
            E.p({"class": "links"}, E.a("front page", href="/")),
        ),
    )
    return bytes(html.tostring(page, doctype="<!DOCTYPE html>", encoding="utf-8"))


def _listing(base_url: str, targets: Iterable[ConeTarget]) -> etree._Element:
    head = E.tr(E.th("table"), E.th("address"), E.th("position"), E.th({"class": "wide"}, "what it holds"))
    return E.table(E.thead(head), E.tbody(*(_line(base_url, target) for target in targets)))


def _line(base_url: str, target: ConeTarget) -> etree._Element:
    table, address = target.table, cone_address(base_url, target.table.name)
    return E.tr(
        E.td(E.a(clean(table.name), href=f"/tables/{quote(table.name)}")),
        E.td(E.code(address), " ", E.a("capabilities", href=f"{address}/capabilities")),
        E.td(clean(", ".join(target.position))),
        E.td({"class": "wide"}, clean(table.title or table.description)),
    )
