"""Validation of the XML documents we emit against the published schemas, without a network.

Here belongs the choice of the schema and nothing of what a document should say beyond it. The schema files
lie in `tests/schemas/`, whose README tells where they come from.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

from lxml import etree

__all__ = ["validate"]

SCHEMAS = Path(__file__).parent / "schemas"

VOTABLE = "http://www.ivoa.net/xml/VOTable/v1.3"  # the namespace of VOTable 1.3, 1.4 and 1.5 alike

# In this order each schema imports only such as stand above it.
FILES = {
    "http://www.w3.org/XML/1998/namespace": "xml.xsd",
    "http://www.w3.org/1999/xlink": "xlink.xsd",
    "http://www.ivoa.net/xml/STC/stc-v1.30.xsd": "stc-v1.30.xsd",
    "http://www.ivoa.net/xml/VOResource/v1.0": "VOResource-v1.1.xsd",
    "http://www.ivoa.net/xml/VODataService/v1.1": "VODataService-v1.2.xsd",
    "http://www.ivoa.net/xml/TAPRegExt/v1.0": "TAPRegExt-v1.0-Erratum1.xsd",
    "http://www.ivoa.net/xml/SIA/v1.1": "SIA-v1.2.xsd",
    "http://www.ivoa.net/xml/SSA/v1.1": "SSA-v1.2.xsd",
    "http://www.ivoa.net/xml/ConeSearch/v1.0": "ConeSearch-v1.1.xsd",
    "http://www.ivoa.net/xml/VOSIAvailability/v1.0": "VOSIAvailability-v1.0.xsd",
    "http://www.ivoa.net/xml/VOSICapabilities/v1.0": "VOSICapabilities-v1.0.xsd",
    "http://www.ivoa.net/xml/VOSITables/v1.0": "VOSITables-v1.1.xsd",
    "http://www.ivoa.net/xml/UWS/v1.0": "UWS-v1.1.xsd",
    "http://www.ivoa.net/xml/VORegistry/v1.0": "VORegistry-v1.1.xsd",
    "http://www.ivoa.net/xml/RegistryInterface/v1.0": "RegistryInterface-v1.0.xsd",
    "http://purl.org/dc/elements/1.1/": "simpledc-2002-12-12.xsd",
    "http://www.openarchives.org/OAI/2.0/oai_dc/": "oai_dc-v2.0.xsd",
    "http://www.openarchives.org/OAI/2.0/": "OAI-PMH-v2.0.xsd",
}

# Where the schemas say that the others lie.
LOCATIONS = {
    "http://www.w3.org/2001/xml.xsd": "xml.xsd",
    "http://www.ivoa.net/xml/Xlink/xlink.xsd": "xlink.xsd",
    "http://www.ivoa.net/xml/STC/stc-v1.30.xsd": "stc-v1.30.xsd",
    "http://www.ivoa.net/xml/VOResource/v1.0": "VOResource-v1.1.xsd",
    "http://www.ivoa.net/xml/VOResource/VOResource-v1.0.xsd": "VOResource-v1.1.xsd",
    "http://docs.g-vo.org/schemata/VOResource.xsd": "VOResource-v1.1.xsd",
    "http://docs.g-vo.org/schemata/VODataService.xsd": "VODataService-v1.2.xsd",
    "http://vo.ari.uni-heidelberg.de/docs/schemata/simpledc20021212.xsd": "simpledc-2002-12-12.xsd",
    "./xml.xsd": "xml.xsd",
    "http://www.ivoa.net/xml/VODataService/v1.1": "VODataService-v1.2.xsd",
}


def validate(document: bytes) -> list[str]:
    """What is wrong with a document, one `line N: message` each; empty when it is valid.

    The schema follows from the root element: a VOTable's from its version, all others from the namespace.
    A namespace without a schema is a fault of the test, not of the document.
    """
    try:
        root = etree.fromstring(
            document, etree.XMLParser(no_network=True, resolve_entities=False, huge_tree=True)
        )
    except etree.XMLSyntaxError as fault:
        return [f"line {fault.lineno}: {fault.msg}"]
    name = etree.QName(root)
    if name.namespace == VOTABLE:
        schema = votable_schema(root.get("version", ""))
        if schema is None:
            return [
                f"line 1: a VOTable of version {root.get('version')!r} cannot have the namespace {VOTABLE}"
            ]
    elif name.namespace in FILES:
        schema = registry_schema()
    else:
        raise LookupError(f"no schema for the root element {root.tag!r}")
    schema.validate(root)
    return [f"line {entry.line}: {entry.message}" for entry in schema.error_log]


@functools.cache
def votable_schema(version: str) -> etree.XMLSchema | None:
    path = SCHEMAS / f"VOTable-v{version}.xsd"
    return etree.XMLSchema(etree.parse(path)) if version in {"1.3", "1.4", "1.5"} else None


@functools.cache
def registry_schema() -> etree.XMLSchema:
    """All schemas of the registry family at once: an `xsi:type` may come from any of them."""
    imports = "".join(
        f'<xs:import namespace="{namespace}" schemaLocation="{(SCHEMAS / file).as_uri()}"/>'
        for namespace, file in FILES.items()
    )
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(_Local())
    driver = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">{imports}</xs:schema>'
    return etree.XMLSchema(etree.fromstring(driver, parser))


class _Local(etree.Resolver):
    """Answers the schemas' published addresses with our copies."""

    def resolve(self, url: str | None, public_id: str | None, context: Any) -> Any:
        if url in LOCATIONS:
            return self.resolve_filename(str(SCHEMAS / LOCATIONS[url]), context)
        return None
