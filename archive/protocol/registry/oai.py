"""OAI-PMH 2.0: the answers as XML."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from lxml import etree

from ...database.published_records import PublishedRecord
from ..xml import clean
from .dublincore import dublin_core
from .records import Curation
from .verbs import MANAGED, Arguments, Listing, OaiError

__all__ = ["envelope", "failed", "formats", "header", "identification", "moment", "record", "sets", "token"]

# Always with a prefix, as the elements of a record have no namespace.
OAI = "http://www.openarchives.org/OAI/2.0/"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_FORMATS = {
    "ivo_vor": (
        "http://www.ivoa.net/xml/RegistryInterface/v1.0",
        "http://www.ivoa.net/xml/RegistryInterface/v1.0",
    ),
    "oai_dc": (
        "http://www.openarchives.org/OAI/2.0/oai_dc.xsd",
        "http://www.openarchives.org/OAI/2.0/oai_dc/",
    ),
}


def moment(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _add(parent: etree._Element, name: str, text: str | None = None, **attributes: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{OAI}}}{name}", attributes)
    if text is not None:
        element.text = clean(text)
    return element


def _root(address: str, arguments: Arguments | None) -> etree._Element:
    root = etree.Element(f"{{{OAI}}}OAI-PMH", nsmap={"oai": OAI, "xsi": _XSI})
    root.set(f"{{{_XSI}}}schemaLocation", f"{OAI} http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd")
    _add(root, "responseDate", moment(datetime.now(UTC)))
    request = _add(root, "request", address)
    if arguments is not None:
        request.set("verb", arguments.verb)
        for name, value in arguments.values.items():
            request.set(name, clean(value))
    return root


def _document(root: etree._Element) -> bytes:
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def envelope(address: str, arguments: Arguments, children: Iterable[etree._Element]) -> bytes:
    root = _root(address, arguments)
    _add(root, arguments.verb).extend(children)
    return _document(root)


def failed(address: str, arguments: Arguments | None, error: OaiError) -> bytes:
    """What went wrong; the arguments are not repeated where they are what is wrong (3.2)."""
    root = _root(address, None if error.code in {"badVerb", "badArgument"} else arguments)
    _add(root, "error", str(error), code=error.code)
    return _document(root)


def _loose(name: str, text: str | None = None) -> etree._Element:
    element = etree.Element(f"{{{OAI}}}{name}", nsmap={"oai": OAI})
    if text is not None:
        element.text = clean(text)
    return element


def identification(
    address: str, curation: Curation, earliest: datetime, own: PublishedRecord | None
) -> list[etree._Element]:
    children = [
        _loose("repositoryName", curation.title),
        _loose("baseURL", address),
        _loose("protocolVersion", "2.0"),
        _loose("adminEmail", curation.email),
        _loose("earliestDatestamp", moment(earliest)),
        _loose("deletedRecord", "persistent"),
        _loose("granularity", "YYYY-MM-DDThh:mm:ssZ"),
    ]
    if own is not None and own.document is not None:
        description = _loose("description")
        description.append(_resource(own))
        children.append(description)
    return children


def formats() -> list[etree._Element]:
    found = []
    for prefix, (schema, namespace) in _FORMATS.items():
        element = _loose("metadataFormat")
        _add(element, "metadataPrefix", prefix)
        _add(element, "schema", schema)
        _add(element, "metadataNamespace", namespace)
        found.append(element)
    return found


def sets() -> list[etree._Element]:
    element = _loose("set")
    _add(element, "setSpec", MANAGED)
    _add(element, "setName", "Records that this registry publishes")
    return [element]


def header(found: PublishedRecord) -> etree._Element:
    element = _loose("header")
    if found.document is None:
        element.set("status", "deleted")
    _add(element, "identifier", found.identifier)
    _add(element, "datestamp", moment(found.datestamp))
    _add(element, "setSpec", MANAGED)
    return element


def record(found: PublishedRecord, prefix: str) -> etree._Element:
    element = _loose("record")
    element.append(header(found))
    if found.document is not None:
        resource = _resource(found)
        _add(element, "metadata").append(resource if prefix == "ivo_vor" else dublin_core(resource))
    return element


def _resource(found: PublishedRecord) -> etree._Element:
    assert found.document is not None
    resource = etree.fromstring(found.document)
    resource.set("created", moment(found.created))
    resource.set("updated", moment(found.datestamp))
    resource.set("status", "active")
    return resource


def token(listing: Listing, sent: int, more: str) -> etree._Element:
    """`more` is empty with the last part of a list."""
    element = _loose("resumptionToken", more)
    element.set("completeListSize", str(listing.size))
    element.set("cursor", str(sent))
    return element
