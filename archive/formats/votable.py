"""The VOTable document around the rows: fields, reference systems, status, error documents.

Elements are built as trees and cut where the rows go; the rows themselves are `votable_rows`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree

from ..declare.columns import Field
from ..declare.semantics import CooSys, TimeSys
from ..declare.types import Type
from .document import Document
from .packing import EXTREMES
from .xmltext import clean

__all__ = [
    "NAMESPACE",
    "VERSION",
    "Skeleton",
    "ending",
    "error_document",
    "field_ids",
    "in_namespace",
    "info",
    "is_wide",
    "last_status",
    "skeleton",
]

# VOTable 1.5, appendix: the namespace has stayed 1.3's. Version 1.4 is what every validator in use knows.
NAMESPACE = "http://www.ivoa.net/xml/VOTable/v1.3"
VERSION = "1.4"

# Up to 1.4 the schema has names of its own where the refframe vocabulary, which 1.5 uses, has others.
_SYSTEMS_1_4 = {
    "FK4": "eq_FK4",
    "FK5": "eq_FK5",
    "ECLIPTIC": "ecl_FK5",
    "GALACTIC": "galactic",
    "SUPER_GALACTIC": "supergalactic",
}

_BINARY = frozenset({"BINARY", "BINARY2"})
_ROWS, _STATUS = "rows", "status"


@dataclass(frozen=True, slots=True)
class Skeleton:
    """The document in three parts: rows go between `head` and `middle`, the last status before `tail`."""

    head: bytes
    middle: bytes
    tail: bytes


def field_ids(fields: tuple[Field, ...]) -> tuple[str, ...]:
    """The XML ID of each field: its name as far as that is allowed, unique in any letter case."""
    taken: set[str] = set()
    return tuple(_unique(field.name, taken) for field in fields)


def _unique(name: str, taken: set[str]) -> str:
    stem = re.sub(r"[^A-Za-z0-9_.-]", "_", name)
    if not re.match(r"[A-Za-z_]", stem):
        stem = f"_{stem}"
    wanted, count = stem, 1
    while wanted.lower() in taken:
        count += 1
        wanted = f"{stem}_{count}"
    taken.add(wanted.lower())
    return wanted


def skeleton(fields: tuple[Field, ...], document: Document, serialization: str | None) -> Skeleton:
    """The document of a result; `serialization` is TABLEDATA, BINARY or BINARY2, None for no data at all."""
    # Services that say the same around all their rows do it by the same Document; an ADQL query is another.
    make = _kept if document.query is None and not document.late_resources else _made
    return make(fields, document, serialization)


@lru_cache(maxsize=64)
def _kept(fields: tuple[Field, ...], document: Document, serialization: str | None) -> Skeleton:
    return _made(fields, document, serialization)


def _made(fields: tuple[Field, ...], document: Document, serialization: str | None) -> Skeleton:
    root = _element("VOTABLE", version=VERSION)
    if document.title:
        _add(root, "DESCRIPTION").text = clean(document.title)
    results = _add(root, "RESOURCE", type="results")
    if document.description:
        _add(results, "DESCRIPTION").text = clean(document.description)
    if document.standard_id:
        results.append(info("standardID", document.standard_id))
    results.append(info("QUERY_STATUS", "OK"))
    if document.query is not None:
        results.append(info("QUERY", document.query))
    results.extend(info(*entry) for entry in document.infos)
    results.extend(in_namespace(element) for element in document.params)
    _table(results, fields, document, serialization)
    results.append(etree.Comment(_STATUS))
    root.extend(in_namespace(element) for element in document.extra_resources)
    etree.indent(root)
    text = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    head, _, rest = text.partition(b"<!--rows-->")
    if serialization is None:
        head, rest = b"", text
    middle, _, tail = rest.partition(b"<!--status-->")
    return Skeleton(head, middle, tail + b"\n")


def ending(parts: Skeleton, status: bytes, document: Document) -> Iterator[bytes]:
    """What follows the rows: `status` is an INFO, if there is anything to say."""
    end = parts.middle + status + parts.tail
    if document.late_resources is None:
        yield end
        return
    last = b"</VOTABLE>\n"
    yield end.removesuffix(last)
    for resource in document.late_resources():
        yield etree.tostring(resource, encoding="UTF-8") + b"\n"  # inherits the namespace, as `last_status`
    yield last


def _table(
    results: etree._Element, fields: tuple[Field, ...], document: Document, serialization: str | None
) -> None:
    ids = field_ids(fields)
    systems = _systems(results, fields, {*(i.lower() for i in ids), *_ids_within(document.extra_resources)})
    table = _add(results, "TABLE", name=clean(document.table_name), utype=document.table_utype or None)
    for field, xml_id in zip(fields, ids, strict=True):
        table.append(_field(field, xml_id, systems, serialization))
    if serialization is not None:
        data = _add(_add(table, "DATA"), serialization)
        if serialization != "TABLEDATA":
            data = _add(data, "STREAM", encoding="base64")
        data.append(etree.Comment(_ROWS))


def _systems(
    results: etree._Element, fields: tuple[Field, ...], taken: set[str]
) -> dict[CooSys | TimeSys, str]:
    """Writes each reference system that a field names, once, and gives the ID it got."""
    ids: dict[CooSys | TimeSys, str] = {}
    for system in (system for field in fields for system in (field.coosys, field.timesys)):
        if system is None or system in ids:
            continue
        ids[system] = _unique(system.id, taken)
        match system:
            case CooSys():
                name = _SYSTEMS_1_4.get(system.system, system.system)
                _add(results, "COOSYS", ID=ids[system], system=name, epoch=system.epoch)
            case TimeSys():
                _add(
                    results,
                    "TIMESYS",
                    ID=ids[system],
                    timescale=system.timescale,
                    refposition=system.refposition,
                    timeorigin=system.timeorigin,
                )
    return ids


def is_wide(type_: Type) -> bool:
    """Whether BINARY and BINARY2 have to send a column as unicodeChar.

    Up to VOTable 1.5 a `char` is ASCII, and in bytes readers keep to it: astropy 8.0 refuses others, STIL 4.1
    takes them for Latin-1. What has an xtype, times and regions, is ASCII.
    """
    return type_.is_text and type_.xtype is None


def _arraysize(type_: Type, serialization: str | None) -> str | None:
    """The published arraysize, except where readers would stumble over it."""
    # The length before an array like "2x*" counts numbers for STIL, pairs for astropy: both read "*" alike.
    size = type_.published_arraysize
    return "*" if serialization in _BINARY and size and "x" in size and size.endswith("*") else size


def _field(
    field: Field, xml_id: str, systems: dict[CooSys | TimeSys, str], serialization: str | None
) -> etree._Element:
    type_ = field.type
    system = field.coosys or field.timesys
    element = _element(
        "FIELD",
        ID=xml_id,
        name=clean(field.name),
        datatype="unicodeChar" if serialization in _BINARY and is_wide(type_) else type_.datatype,
        arraysize=_arraysize(type_, serialization),
        unit=clean(field.unit) or None,
        ucd=field.ucd or None,
        utype=field.utype or None,
        xtype=type_.xtype,
        ref=None if system is None else systems[system],
    )
    if field.description:
        _add(element, "DESCRIPTION").text = clean(field.description)
    # Only BINARY has no other way to say NULL; inside an array no serialization has one.
    if type_.datatype in EXTREMES and (serialization == "BINARY" or type_.is_array):
        _add(element, "VALUES", null=str(EXTREMES[type_.datatype]))
    return element


def info(name: str, value: str, text: str | None = None) -> etree._Element:
    """An INFO in the namespace, with a text when there is more to say than its value."""
    element = _element("INFO", name=clean(name), value=clean(value))
    if text is not None:
        element.text = clean(text)
    return element


def last_status(value: str, text: str | None = None) -> bytes:
    """The INFO that follows a TABLE which did not end well (DALI 1.2, 4.4.1)."""
    element = etree.Element("INFO", name="QUERY_STATUS", value=value)  # inherits the namespace where it lands
    if text is not None:
        element.text = clean(text)
    return etree.tostring(element, encoding="UTF-8")


def error_document(message: str, infos: Iterable[tuple[str, str]] = ()) -> bytes:
    """DALI's error document: a VOTable with nothing but the status and what went wrong.

    `infos` are what else a protocol wants to be said.
    """
    root = _element("VOTABLE", version=VERSION)
    results = _add(root, "RESOURCE", type="results")
    results.append(info("QUERY_STATUS", "ERROR", message))
    results.extend(info(name, value) for name, value in infos)
    etree.indent(root)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True) + b"\n"


def _element(tag: str, **attributes: str | None) -> etree._Element:
    given = {name: value for name, value in attributes.items() if value is not None}
    return etree.Element(f"{{{NAMESPACE}}}{tag}", given, nsmap={None: NAMESPACE})


def _add(parent: etree._Element, tag: str, **attributes: str | None) -> etree._Element:
    element = _element(tag, **attributes)
    parent.append(element)
    return element


def in_namespace(element: etree._Element) -> etree._Element:
    """A copy of an element whose unqualified tags are VOTable's."""
    tag = element.tag
    if isinstance(tag, str) and tag.startswith("{"):
        qualified = copy.deepcopy(element)
        qualified.tail = None
        return qualified
    if not isinstance(tag, str):
        return copy.deepcopy(element)
    built = _element(tag, **{str(name): str(value) for name, value in element.attrib.items()})
    built.text = element.text
    built.extend(in_namespace(child) for child in element)
    return built


def _ids_within(elements: Iterable[etree._Element]) -> Iterator[str]:
    for element in elements:
        ids = (part.get("ID") for part in element.iter())
        yield from (xml_id.lower() for xml_id in ids if xml_id)
