"""The XML of VOSI and the registry: namespaces, and elements made from Python values.

Documents are trees of lxml's; this module only saves them the spelling of prefixes. Elements of the
registry family have no namespace of their own, only the roots and the types do.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from lxml import etree
from lxml.builder import ElementMaker

__all__ = ["XML_TYPE", "E", "clean", "document", "optional", "root", "typed"]

E = ElementMaker()
XML_TYPE = "text/xml; charset=utf-8"

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_PREFIXES = {
    "xsi": _XSI,
    "vr": "http://www.ivoa.net/xml/VOResource/v1.0",
    "vs": "http://www.ivoa.net/xml/VODataService/v1.1",
    "tr": "http://www.ivoa.net/xml/TAPRegExt/v1.0",
    "sia": "http://www.ivoa.net/xml/SIA/v1.1",
    "ssap": "http://www.ivoa.net/xml/SSA/v1.1",
    "cs": "http://www.ivoa.net/xml/ConeSearch/v1.0",
}
# XML 1.0, 2.2: what is no Char cannot be written at all, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def root(namespace: str, name: str, children: Iterable[etree._Element], **attributes: str) -> etree._Element:
    """A document's root element `vosi:name`, with all prefixes that its children may use."""
    element = etree.Element(etree.QName(namespace, name), attributes, nsmap={"vosi": namespace, **_PREFIXES})
    element.extend(children)
    return element


def typed(name: str) -> dict[str, str]:
    """The attribute that says of which type an element is: `xsi:type="name"`."""
    return {f"{{{_XSI}}}type": name}


def optional(name: str, text: str) -> list[etree._Element]:
    """The element if there is something to say, else nothing."""
    return [E(name, clean(text))] if text else []


def clean(text: str) -> str:
    """The text without the characters that XML cannot hold."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)


def document(element: etree._Element) -> bytes:
    return etree.tostring(element, xml_declaration=True, encoding="UTF-8", pretty_print=True)
