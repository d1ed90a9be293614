"""Service descriptors: how a result tells its reader which services can do something with its rows.

Here belong the element RESOURCE of DataLink 1.1, 4, and the descriptors that many services send: the one
of the links service, and a service's description of itself. Descriptors of a dataset, with the limits of
its values, are made by the service that they describe.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from ..declare.addresses import LINKS_TYPE
from ..declare.parameters import Parameter
from ..declare.types import TEXT, Type
from .xml import clean

__all__ = [
    "DATALINK",
    "Input",
    "ServiceDescriptor",
    "links_descriptor",
    "self_description",
]

DATALINK = "ivo://ivoa.net/std/DataLink#links-1.1"


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a service: a PARAM.

    `ref` is the XML ID of the FIELD whose value is sent; without it `value` is sent as it is, and an empty
    one is the user's to fill in. `minimum` and `maximum` of shapes and intervals are texts like their values
    (SODA 1.0, 4).
    """

    name: str
    type: Type = TEXT
    unit: str = ""
    ucd: str = ""
    description: str = ""
    value: str = ""
    ref: str = ""
    options: tuple[str, ...] = ()
    minimum: str | float | None = None
    maximum: str | float | None = None

    @classmethod
    def of(cls, parameter: Parameter, value: str = "") -> Input:
        """A declared parameter of ours."""
        return cls(
            parameter.name,
            parameter.type,
            unit=parameter.unit,
            ucd=parameter.ucd,
            description=parameter.description,
            value=value,
            options=parameter.values,
            minimum=parameter.minimum,
            maximum=parameter.maximum,
        )

    def put(self, group: etree._Element) -> None:
        """Adds the PARAM to a group."""
        param = etree.SubElement(group, "PARAM", self._attributes())
        if self.description:
            etree.SubElement(param, "DESCRIPTION").text = clean(self.description)
        if values := self._values():
            listed = etree.SubElement(param, "VALUES")
            for name, value in values:
                etree.SubElement(listed, name, value=clean(value))

    def _attributes(self) -> dict[str, str]:
        type_ = self.type
        said = {
            "name": self.name,
            "datatype": type_.datatype,
            "arraysize": type_.published_arraysize,
            "xtype": type_.xtype,
            "unit": self.unit,
            "ucd": self.ucd,
            "ref": self.ref,
        }
        return {name: clean(text) for name, text in said.items() if text} | {"value": clean(self.value)}

    def _values(self) -> list[tuple[str, str]]:
        limits = {"MIN": self.minimum, "MAX": self.maximum}
        said = [(name, _text(limit)) for name, limit in limits.items() if limit is not None]
        return said + [("OPTION", option) for option in self.options]


def _text(limit: str | float) -> str:
    if isinstance(limit, str):
        return limit
    return str(int(limit)) if float(limit).is_integer() else repr(limit)


@dataclass(frozen=True, slots=True)
class ServiceDescriptor:
    """A service that can be called with values of a row, of the user, or fixed ones (DataLink 1.1, 4.1).

    `id` is the XML ID by which links refer to it; `example_urls` are whole calls that give a result;
    `is_self` when it is the service that sends the document.
    """

    id: str
    access_url: str
    standard_id: str = ""
    inputs: tuple[Input, ...] = ()
    content_type: str = ""
    resource_identifier: str = ""
    example_urls: tuple[str, ...] = ()
    description: str = ""
    name: str = ""
    is_self: bool = False

    def element(self) -> etree._Element:
        """The RESOURCE, without a namespace: `Document.extra_resources` take it as it is."""
        # Clients that know only DataLink 1.0 pass over adhoc:this, and do not take it for a service to be
        # called with the rows (DataLink 1.1, 4.4).
        utype = "adhoc:this" if self.is_self else "adhoc:service"
        resource = etree.Element("RESOURCE", {"type": "meta", "utype": utype, "ID": self.id})
        if self.name:
            resource.set("name", clean(self.name))
        if self.description:
            etree.SubElement(resource, "DESCRIPTION").text = clean(self.description)
        said = (
            ("accessURL", self.access_url),
            ("standardID", self.standard_id),
            ("resourceIdentifier", self.resource_identifier),
            ("contentType", self.content_type),
            *(("exampleURL", url) for url in self.example_urls),
        )
        for name, value in said:
            if value:
                attributes = {"name": name, "datatype": "char", "arraysize": "*", "value": clean(value)}
                etree.SubElement(resource, "PARAM", attributes)
        group = etree.SubElement(resource, "GROUP", name="inputParams")
        for one in self.inputs:
            one.put(group)
        return resource


def links_descriptor(base_url: str, ref: str) -> ServiceDescriptor:
    """The links service, for every result with a column of publisher DIDs, whose XML ID is `ref`."""
    return ServiceDescriptor(
        "datalink",
        f"{base_url}/datalink/links",
        DATALINK,
        (Input("ID", ucd="meta.id;meta.main", description="Publisher DID of the dataset", ref=ref),),
        content_type=LINKS_TYPE,
        name="links",
        description="Everything that belongs to a dataset: the file, previews, calibrations, what it was "
        "made of and what was made of it, documents, cut-outs.",
    )


def self_description(address: str, standard_id: str, parameters: Sequence[Parameter]) -> ServiceDescriptor:
    """The service that sends the document, so that its parameters make a form (DataLink 1.1, 4.4)."""
    return ServiceDescriptor(
        "this",
        address,
        standard_id,
        tuple(Input.of(parameter) for parameter in parameters),
        name="this",
        description="The service that gave this answer, with everything that it can be asked.",
        is_self=True,
    )
