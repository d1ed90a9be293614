"""Examples of SIA 2.0 requests (DALI 1.1, 2.3): XHTML with RDFa, which programs read too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from lxml import etree
from lxml.builder import ElementMaker

from archive.protocol.xml import clean

from .capabilities import SIA_2

__all__ = ["EXAMPLES", "XHTML_TYPE", "examples_document"]

XHTML_TYPE = "application/xhtml+xml; charset=utf-8"
_XHTML = "http://www.w3.org/1999/xhtml"
_VOCABULARY = "http://www.ivoa.net/rdf/examples#"
_E = ElementMaker(namespace=_XHTML, nsmap={None: _XHTML})


@dataclass(frozen=True, slots=True)
class RequestExample:
    id: str
    name: str
    parameters: Mapping[str, str]


EXAMPLES = (
    RequestExample(
        "place",
        "Images and cubes that touch a circle",
        {"POS": "CIRCLE 204.254 -29.866 0.5", "MAXREC": "100"},
    ),
    RequestExample(
        "line-in-time",
        "Cubes with a wavelength in them, of one year",
        {"BAND": "656.46e-9", "TIME": "60676 61041", "DPTYPE": "cube"},
    ),
    RequestExample(
        "deep",
        "Long exposures of a field of a degree or more, calibrated",
        {"EXPTIME": "600 +Inf", "FOV": "1 +Inf", "CALIB": "2"},
    ),
    RequestExample("all-parameters", "What can be asked, and nothing else", {"MAXREC": "0"}),
)


def examples_document(title: str, address: str) -> bytes:
    """`address` is that of the queries."""
    heading = f"{title}: examples of image queries"
    page = _E.html(
        _E.head(_E.title(clean(heading))),
        _E.body({"vocab": _VOCABULARY}, _E.h1(clean(heading)), *(_example(one, address) for one in EXAMPLES)),
    )
    return etree.tostring(page, xml_declaration=True, encoding="UTF-8", doctype="<!DOCTYPE html>")


def _example(example: RequestExample, address: str) -> etree._Element:
    return _E.div(
        {"id": example.id, "resource": f"#{example.id}", "typeof": "example"},
        _E.h2({"property": "name"}, example.name),
        _E.p("By ", _E.a({"property": "capability", "href": SIA_2}, "SIA 2.0"), ":"),
        *(
            _E.dl(
                {"property": "generic-parameter", "typeof": "keyval"},
                _E.dt({"property": "key"}, name),
                _E.dd({"property": "value"}, value),
            )
            for name, value in example.parameters.items()
        ),
        _E.p(_E.a({"href": f"{address}?{urlencode(example.parameters)}"}, "ask")),
    )
