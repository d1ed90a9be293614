"""What the links service says it can do (DataLink 1.1, 2.2)."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from ...declare.addresses import LINKS_TYPE
from ...declare.parameters import Parameter
from .. import vosi
from ..descriptors import DATALINK
from ..xml import E, optional, typed

__all__ = ["datalink_capabilities"]


def datalink_capabilities(site: str, base_url: str, parameters: Iterable[Parameter]) -> bytes:
    interface = E.interface(
        typed("vs:ParamHTTP"),
        {"role": "std"},
        E.accessURL(f"{base_url}/links", use="base"),
        E.queryType("GET"),
        E.queryType("POST"),
        E.resultType(LINKS_TYPE),
        *(_parameter(parameter) for parameter in parameters),
    )
    return vosi.capabilities(
        [
            E.capability({"standardID": DATALINK}, interface),
            *vosi.standard_capabilities(base_url, ("capabilities", "availability")),
            vosi.whole_site(site),
        ]
    )


def _parameter(parameter: Parameter) -> etree._Element:
    return E.param(
        {"std": "true", "use": "optional"},
        E.name(parameter.name),
        E.description(parameter.description),
        *optional("ucd", parameter.ucd),
        E.dataType("integer" if parameter.type.is_integer else "string"),
    )
