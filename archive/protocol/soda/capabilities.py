"""What the cut-out service says it can do (SODA 1.0, 2.4)."""

from __future__ import annotations

from lxml import etree

from ...declare.parameters import Parameter
from .. import vosi
from ..xml import E, optional, typed
from .descriptor import SODA_ASYNC, SODA_SYNC
from .parameters import ID, SODA_PARAMETERS

__all__ = ["soda_capabilities"]


def soda_capabilities(base_url: str) -> bytes:
    return vosi.capabilities(
        [
            _capability(SODA_SYNC, f"{base_url}/sync"),
            _capability(SODA_ASYNC, f"{base_url}/async"),
            *vosi.standard_capabilities(base_url, ("capabilities", "availability")),
        ]
    )


def _capability(standard: str, address: str) -> etree._Element:
    return E.capability(
        {"standardID": standard},
        E.interface(
            typed("vs:ParamHTTP"),
            {"role": "std", "version": "1.0"},
            E.accessURL(address, use="full"),
            E.queryType("GET"),
            E.queryType("POST"),
            E.resultType("application/fits"),
            *(_parameter(parameter) for parameter in SODA_PARAMETERS),
        ),
    )


def _parameter(parameter: Parameter) -> etree._Element:
    std = "true" if parameter.ucd else "false"
    return E.param(
        {"std": std, "use": "required" if parameter is ID else "optional"},
        E.name(parameter.name),
        E.description(parameter.description),
        *optional("unit", parameter.unit),
        *optional("ucd", parameter.ucd),
        E.dataType("string" if parameter.type.is_text else "real", arraysize="*"),
    )
