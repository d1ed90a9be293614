"""A harvester of publishing registries, as a searchable one runs it (OAI-PMH 2.0, Registry Interfaces 1.1).

It keeps a mirror of what it has harvested, asks only for what has changed, and refuses what is not valid.
"""

from __future__ import annotations

import re

import httpx
from lxml import etree

from tests.xsd import validate

__all__ = ["OAI", "Harvester"]

OAI = {
    "oai": "http://www.openarchives.org/OAI/2.0/",
    "ri": "http://www.ivoa.net/xml/RegistryInterface/v1.0",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}


class Harvester:
    """`records` are the resources by identifier, `datestamps` those of all records, deleted ones too."""

    def __init__(self, client: httpx.Client, address: str) -> None:
        self._client = client
        self._address = address
        self.records: dict[str, etree._Element] = {}
        self.datestamps: dict[str, str] = {}
        self.requests = 0
        self._until = ""

    def ask(self, **arguments: str) -> etree._Element:
        answer = self._client.get(self._address, params=arguments)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/xml")
        assert validate(answer.content) == []
        self.requests += 1
        return etree.fromstring(answer.content)

    def harvest(self) -> set[str]:
        """Everything the first time, then what has changed since; the identifiers that came."""
        arguments = {"verb": "ListRecords", "metadataPrefix": "ivo_vor", "set": "ivo_managed"}
        if self._until:
            arguments["from"] = self._until
        came: set[str] = set()
        begun = ""
        while True:
            tree = self.ask(**arguments)
            # What is changed while a list is read belongs to the next harvest.
            begun = begun or str(tree.findtext("oai:responseDate", namespaces=OAI))
            error = tree.find("oai:error", OAI)
            if error is not None:
                assert error.get("code") == "noRecordsMatch"
                break
            for record in tree.iterfind(".//oai:record", OAI):
                came.add(self._keep(record))
            token = tree.findtext(".//oai:resumptionToken", namespaces=OAI)
            if not token:
                break
            arguments = {"verb": "ListRecords", "resumptionToken": token}
        self._until = re.sub(r"\.\d+Z$", "Z", begun)
        return came

    def _keep(self, record: etree._Element) -> str:
        header = record.find("oai:header", OAI)
        assert header is not None
        identifier = str(header.findtext("oai:identifier", namespaces=OAI))
        self.datestamps[identifier] = str(header.findtext("oai:datestamp", namespaces=OAI))
        if header.get("status") == "deleted":
            self.records.pop(identifier, None)
            return identifier
        resource = record.find("oai:metadata/ri:Resource", OAI)
        assert resource is not None and resource.findtext("identifier") == identifier
        self.records[identifier] = resource
        return identifier
