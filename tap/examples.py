"""The examples document (DALI 1.1, 2.3; TAP 1.1, 2.4): XHTML with RDFa, from the declared Examples."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree
from lxml.builder import ElementMaker

from archive.declare import Example
from archive.protocol.xml import clean

__all__ = ["examples_document"]

_XHTML = "http://www.w3.org/1999/xhtml"
_VOCABULARY = "http://www.ivoa.net/rdf/examples#"
_E = ElementMaker(namespace=_XHTML, nsmap={None: _XHTML})


def examples_document(title: str, examples: Iterable[Example]) -> bytes:
    """Every query in it runs: the examples are tested with their tables."""
    page = _E.html(
        _E.head(_E.title(f"{title}: example queries")),
        _E.body(
            {"vocab": _VOCABULARY},
            _E.h1(f"{title}: example queries"),
            *(_example(example) for example in examples),
        ),
    )
    return etree.tostring(page, xml_declaration=True, encoding="UTF-8", doctype="<!DOCTYPE html>")


def _example(example: Example) -> etree._Element:
    return _E.div(
        {"id": example.id, "resource": f"#{example.id}", "typeof": "example"},
        _E.h2({"property": "name"}, clean(example.name)),
        *([_E.p(clean(example.description))] if example.description else []),
        _E.pre({"property": "query"}, clean(example.query)),
    )
