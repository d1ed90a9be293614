"""The page at /cone: which tables can be searched by position, and how. The searches are tap's."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote

from lxml import etree
from lxml.html.builder import E

from archive.config import Config
from archive.protocol.xml import clean
from tap.cone_target import ConeTarget, cone_address

from .pages import heading, page

__all__ = ["cone_page"]

_EXAMPLE = "?RA=204.254&DEC=-29.866&SR=0.5"


def cone_page(config: Config, targets: Iterable[ConeTarget]) -> bytes:
    return page(
        f"Cone search - {config.title}",
        heading("Cone search", "What a table has around a position."),
        E.p(
            "Give the address of a table to TOPCAT, pyvo or STILTS (Simple Cone Search), or add RA, DEC and"
            " SR in degrees to it, such as ",
            E.code(_EXAMPLE),
            ".",
        ),
        E.p({"class": "links"}, E.a("front page", href="/")),
        E.div({"class": "listing tables"}, _listing(f"{config.base_url}/cone", targets)),
    )


def _listing(base_url: str, targets: Iterable[ConeTarget]) -> etree._Element:
    head = E.tr(E.th("table"), E.th("position"), E.th("what it holds"), E.th({"class": "wide"}, "address"))
    return E.table(E.thead(head), E.tbody(*(_line(base_url, target) for target in targets)))


def _line(base_url: str, target: ConeTarget) -> etree._Element:
    table, address = target.table, cone_address(base_url, target.table.name)
    return E.tr(
        E.td(E.a(clean(table.name), href=f"/tables/{quote(table.name)}")),
        E.td(clean(", ".join(target.position))),
        E.td(clean(table.title or table.description)),
        E.td({"class": "wide"}, E.code(address), " ", E.a("capabilities", href=f"{address}/capabilities")),
    )
