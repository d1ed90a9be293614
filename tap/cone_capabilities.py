"""What a cone search says it can do (SimpleDALRegExt 1.2, 3.1)."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from archive.protocol import Archive, vosi
from archive.protocol.sampling import known_position
from archive.protocol.xml import E, clean, typed

from .cone_target import ConeTarget

__all__ = ["CONE_SEARCH", "cone_capabilities"]

CONE_SEARCH = "ivo://ivoa.net/std/ConeSearch"
_RADIUS = 0.01  # degrees, of the cone around a row that the test asks for


def cone_capabilities(archive: Archive, target: ConeTarget, address: str) -> bytes:
    interface = E.interface(
        typed("vs:ParamHTTP"),
        {"role": "std", "version": "1.03"},
        # Clients append their parameters (SCS 1.03, 2.1).
        E.accessURL(f"{address}?", use="base"),
        E.queryType("GET"),
        E.resultType("application/x-votable+xml"),
    )
    search = E.capability(
        {"standardID": CONE_SEARCH, **typed("cs:ConeSearch")},
        E.description(clean(f"Cone search in {target.table.name}")),
        interface,
        E.maxSR("180"),
        E.maxRecords(str(archive.config.hard_rows)),
        E.verbosity("true"),
        *_test_query(archive, target),
    )
    return vosi.capabilities([search, *vosi.standard_capabilities(address, ("capabilities", "availability"))])


def _test_query(archive: Archive, target: ConeTarget) -> Iterator[etree._Element]:
    place = known_position(archive, target.table, target.position)
    if place is not None:
        longitude, latitude = (f"{degrees:.6f}" for degrees in place)
        yield E.testQuery(E.ra(longitude), E.dec(latitude), E.sr(str(_RADIUS)), E.verb("1"))
