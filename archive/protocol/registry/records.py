"""VOResource records (VOResource 1.1, VODataService 1.2, VORegistry 1.1): what each of our resources says.

A `Published` is what the application wants registered; here it becomes an element. When a record was made
and changed is added when it is sent, so that the same content is the same element.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from math import ceil, floor

from lxml import etree

from ...database.coverage import Coverage
from ..xml import E, clean, optional, typed

__all__ = ["NAMESPACES", "RESOURCE", "Curation", "Published", "digest_of", "record_element"]

RESOURCE = "{http://www.ivoa.net/xml/RegistryInterface/v1.0}Resource"
NAMESPACES = {
    "ri": "http://www.ivoa.net/xml/RegistryInterface/v1.0",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "vr": "http://www.ivoa.net/xml/VOResource/v1.0",
    "vs": "http://www.ivoa.net/xml/VODataService/v1.1",
    "vg": "http://www.ivoa.net/xml/VORegistry/v1.0",
    "tr": "http://www.ivoa.net/xml/TAPRegExt/v1.0",
    "sia": "http://www.ivoa.net/xml/SIA/v1.1",
    "ssap": "http://www.ivoa.net/xml/SSA/v1.1",
    "cs": "http://www.ivoa.net/xml/ConeSearch/v1.0",
}
_LONGEST_SHORT_NAME = 16  # VOResource 1.1, 3.1.1
_PLANCK_TIMES_LIGHT = 1.98644586e-25  # joules times metres
# Lower ends of wavelengths (metres) of the messenger vocabulary's bands, which end where the next begins.
_BANDS = (
    ("Gamma-ray", 0.0),
    ("X-ray", 1e-11),
    ("EUV", 1e-8),
    ("UV", 1e-7),
    ("Optical", 3e-7),
    ("Infrared", 1e-6),
    ("Millimeter", 1e-4),
    ("Radio", 1e-2),
)


@dataclass(frozen=True, slots=True)
class Curation:
    """Who answers for what this archive publishes."""

    authority: str
    title: str
    publisher: str
    contact: str
    email: str
    address: str  # of the archive's front page

    def ivoid(self, path: str = "") -> str:
        return f"ivo://{self.authority}/{path}" if path else f"ivo://{self.authority}"


@dataclass(frozen=True, slots=True)
class Published:
    """A resource to be registered, at `path` below the authority.

    `kind` is its xsi:type. `capabilities` are elements as VOSI has them, `tables` a VOSI tableset, `related`
    pairs of a term of the vocabulary relationship_type and the path of a resource of ours; `more` are the
    elements that only its kind has.
    """

    path: str
    kind: str
    title: str
    description: str
    short_name: str = ""
    subjects: tuple[str, ...] = ("virtual-observatories",)
    reference_url: str = ""
    creators: tuple[str, ...] = ()
    content_type: str = "Archive"
    capabilities: tuple[etree._Element, ...] = ()
    facilities: tuple[str, ...] = ()
    instruments: tuple[str, ...] = ()
    coverage: Coverage | None = None
    tables: etree._Element | None = None
    related: tuple[tuple[str, str], ...] = ()
    more: tuple[etree._Element, ...] = field(default=())


def record_element(published: Published, curation: Curation) -> etree._Element:
    """The record without its dates."""
    record = etree.Element(RESOURCE, typed(published.kind), nsmap=NAMESPACES)
    record.extend(_core(published, curation))
    if published.kind in {"vr:Organisation", "vg:Authority"}:
        record.extend(published.more)
        return record
    record.append(E.rights("public", rightsURI=f"{curation.address}/#data"))
    record.extend(published.capabilities)
    if published.kind.startswith("vs:"):
        record.extend(E.facility(clean(name)) for name in published.facilities)
        record.extend(E.instrument(clean(name)) for name in published.instruments)
        record.extend(_coverage(published.coverage))
        record.extend(_tables(published.tables))
    record.extend(published.more)
    return record


def digest_of(record: etree._Element) -> str:
    """Changes with the record's content, and with nothing else."""
    return hashlib.sha256(etree.tostring(record, method="c14n")).hexdigest()


def _core(published: Published, curation: Curation) -> Iterator[etree._Element]:
    yield E.title(_token(published.title))
    yield from optional("shortName", _token(published.short_name)[:_LONGEST_SHORT_NAME].strip())
    yield E.identifier(curation.ivoid(published.path))
    yield E.curation(
        E.publisher(clean(curation.publisher), {"ivo-id": curation.ivoid("organisation")}),
        *(E.creator(E.name(_token(name))) for name in published.creators or (curation.publisher,)),
        E.contact(E.name(clean(curation.contact)), E.email(clean(curation.email))),
    )
    yield E.content(
        *(E.subject(clean(subject)) for subject in published.subjects),
        E.description(clean(published.description or published.title)),
        E.referenceURL(published.reference_url or f"{curation.address}/"),
        E.type(published.content_type),
        E.contentLevel("Research"),
        *(_relationship(*pair, curation) for pair in published.related),
    )


def _token(text: str) -> str:
    return " ".join(clean(text).split())


def _relationship(term: str, path: str, curation: Curation) -> etree._Element:
    other = curation.ivoid(path)
    return E.relationship(E.relationshipType(term), E.relatedResource(other, {"ivo-id": other}))


def _coverage(coverage: Coverage | None) -> Iterator[etree._Element]:
    """VODataService 1.2, 3.2: an ASCII MOC, days, joules."""
    if coverage is None or coverage == Coverage():
        return
    element = E.coverage()
    if coverage.spatial is not None:
        element.append(E.spatial(" ".join(coverage.spatial.replace(",", " ").split())))
    if coverage.temporal is not None:
        first, last = coverage.temporal
        # Whole days, so that UTC is near enough to the barycentric time that is wanted.
        element.append(E.temporal(f"{floor(first)} {ceil(last)}"))
    if coverage.spectral is not None and coverage.spectral[0] > 0:
        shortest, longest = coverage.spectral
        energies = (_PLANCK_TIMES_LIGHT / longest, _PLANCK_TIMES_LIGHT / shortest)
        element.append(E.spectral(" ".join(f"{energy:.5g}" for energy in energies)))
        element.extend(E.waveband(band) for band in _bands(shortest, longest))
    yield element


def _bands(shortest: float, longest: float) -> Iterable[str]:
    ends = (*(begin for _, begin in _BANDS[1:]), float("inf"))
    for (name, begin), end in zip(_BANDS, ends, strict=True):
        if shortest < end and longest >= begin:
            yield name


def _tables(tables: etree._Element | None) -> Iterator[etree._Element]:
    """A VOSI tableset as the element of a record, which has no namespace."""
    if tables is not None and len(tables):
        element = E.tableset()
        element.extend(tables)
        yield element
