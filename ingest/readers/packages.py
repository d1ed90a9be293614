"""Instrument packages as JSON: what the Phase 2 API tells of one version of one instrument, in one document.

{"instrument": "UVES", "ipVersion": "116.07",
 "instrumentConstraints": {"observingConstraints": [{"name": "airmass", "type": "float",
     "range": {"min": 1.0, "max": 5.0}, "default": 1.6}, ...]},
 "templateSignatures": [{"templateName": "UVES_blue_acq_slit", "type": "acquisition",
     "parameters": [{"name": ..., "type": ..., "values": [...], "range": ..., "default": ...}]}, ...]}
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from archive.declare.dataflow.packages import (
    CONSTRAINTS,
    INSTRUMENT_PACKAGE,
    SIGNATURE_PARAMETER,
    TEMPLATE_SIGNATURE,
)
from archive.declare.tables import Record
from archive.errors import UnreadableFile
from archive.plugins import Accepts, Input

from ..declaring import plugin
from ..phase2_findings import follow_phase2
from .documents import Node, document
from .phase2_values import ip_version, value_of

__all__ = ["instrument_package"]

_VERSION = re.compile(rb'"ipVersion"\s*:')
_CONTENT = re.compile(rb'"(?:templateSignatures|instrumentConstraints)"\s*:')
_RANGE = re.compile(r"\s*([-+]?\d[\d.eE+-]{0,30}?)\s*\.\.\s*([-+]?\d[\d.eE+-]{0,30})\s*")


def _is_package(beginning: bytes) -> bool:
    return bool(_VERSION.search(beginning) and _CONTENT.search(beginning))


@plugin(
    "instrument-package",
    accepts=Accepts(names=("*.json",), looks=_is_package),
    tables=(INSTRUMENT_PACKAGE, TEMPLATE_SIGNATURE, SIGNATURE_PARAMETER),
    follows=follow_phase2,
)
def instrument_package(input: Input) -> Iterable[Record]:
    """Instrument packages: templates with parameters, and constraints, of one version of an instrument."""
    for node in document(input).records():
        yield from _package(node)


def _package(node: Node) -> Iterator[Record]:
    instrument = node.text("instrument", required=True)
    version = ip_version(node)
    if version is None:
        raise UnreadableFile(f"{node.path}.ipVersion is missing")
    signatures = {one.text("templateName", required=True): one for one in node.items("templateSignatures")}
    yield INSTRUMENT_PACKAGE.row(instrument=instrument, ip_version=version, template_count=len(signatures))
    for name, signature in signatures.items():
        yield TEMPLATE_SIGNATURE.row(
            instrument=instrument,
            ip_version=version,
            template_name=name,
            template_type=signature.text("type"),
            has_parameters="parameters" in signature,
            help=signature.text("help") or signature.text("minihelp"),
        )
        yield from _parameters(signature.items("parameters"), instrument, version, name)
    constraints = node.node("instrumentConstraints")
    if "observingConstraints" in constraints:
        yield TEMPLATE_SIGNATURE.row(
            instrument=instrument,
            ip_version=version,
            template_name=CONSTRAINTS,
            template_type="constraints",
            has_parameters=True,
        )
        yield from _parameters(constraints.items("observingConstraints"), instrument, version, CONSTRAINTS)


def _parameters(nodes: tuple[Node, ...], instrument: str, version: str, template: str) -> Iterator[Record]:
    told = {node.text("name", required=True): node for node in nodes}
    for number, (parameter, node) in enumerate(told.items(), 1):
        lowest, highest = _range(node)
        yield SIGNATURE_PARAMETER.row(
            instrument=instrument,
            ip_version=version,
            template_name=template,
            parameter=parameter,
            parameter_number=number,
            value_type=node.text("type"),
            default_value=value_of(node.any("default")).text,
            minimum=lowest,
            maximum=highest,
            allowed_values=_allowed(node),
            label=node.text("label"),
            help=node.text("help") or node.text("minihelp"),
        )


def _allowed(node: Node) -> str | None:
    values = node.items("values")
    texts = [value_of(one).text for one in values]
    return Node([text for text in texts if text is not None]).dumped() if values else None


def _range(node: Node) -> tuple[float | None, float | None]:
    """The lowest and the highest value of a range: an object, a text as "0..100", or several of them."""
    told = node.any("range")
    ranges = told.elements() if isinstance(told.value, list) else (told,)
    bounds = [_bounds(one) for one in ranges if one.value not in (None, "")]
    lowest = [low for low, _ in bounds if low is not None]
    highest = [high for _, high in bounds if high is not None]
    # One of several ranges without an end leaves all of them without.
    complete_below, complete_above = len(lowest) == len(bounds), len(highest) == len(bounds)
    return (
        min(lowest) if lowest and complete_below else None,
        max(highest) if highest and complete_above else None,
    )


def _bounds(node: Node) -> tuple[float | None, float | None]:
    if isinstance(node.value, dict):
        return node.number("min"), node.number("max")
    match = _RANGE.fullmatch(str(node.value)) if isinstance(node.value, str) else None
    if match is None:
        raise node.wrong("a range with min and max")
    ends = Node({"min": match[1], "max": match[2]}, node.path)
    return ends.number("min"), ends.number("max")
