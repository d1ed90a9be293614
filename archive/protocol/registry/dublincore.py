"""A record in Dublin Core, which every OAI-PMH repository must offer (OAI-PMH 2.0, 2.5)."""

from __future__ import annotations

from lxml import etree

__all__ = ["dublin_core"]

_OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
_DC = "http://purl.org/dc/elements/1.1/"
# Where VOResource has what Dublin Core wants (VOResource 1.1, appendix B).
_PLACES = {
    "title": "title",
    "creator": "curation/creator/name",
    "subject": "content/subject",
    "description": "content/description",
    "publisher": "curation/publisher",
    "type": "content/type",
    "identifier": "identifier",
    "relation": "content/relationship/relatedResource",
    "rights": "rights",
}


def dublin_core(resource: etree._Element) -> etree._Element:
    element = etree.Element(f"{{{_OAI_DC}}}dc", nsmap={"oai_dc": _OAI_DC, "dc": _DC})
    for name, path in _PLACES.items():
        for found in resource.findall(path):
            etree.SubElement(element, f"{{{_DC}}}{name}").text = found.text
    etree.SubElement(element, f"{{{_DC}}}date").text = resource.get("updated")
    return element
