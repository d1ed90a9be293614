"""What the service says it can do: SSA's part of SimpleDALRegExt 1.2."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree

from archive.declare import Catalogue
from archive.protocol import Archive, vosi
from archive.protocol.sampling import known_position
from archive.protocol.xml import E, typed

__all__ = ["SSA", "ssa_capabilities"]

SSA = "ivo://ivoa.net/std/SSA"
_FRAMES = ("ICRS", "FK5", "FK4", "GALACTIC_II", "SUPER_GALACTIC", "ECLIPTIC")
_WIDEST = 180.0  # degrees
_SIZE = 0.01  # degrees, of the circle that the test asks for
_DOCUMENTS = ("capabilities", "availability")


def ssa_capabilities(archive: Archive, catalogue: Catalogue, base_url: str, address: str) -> bytes:
    """The test query asks for the surroundings of a spectrum that is there."""
    config = archive.config
    interface = E.interface(
        typed("vs:ParamHTTP"),
        {"role": "std", "version": "1.1"},
        # Clients append their parameters.
        E.accessURL(f"{address}?", use="base"),
        E.queryType("GET"),
        E.queryType("POST"),
        E.resultType("application/x-votable+xml"),
    )
    access = E.capability(
        {"standardID": SSA, **typed("ssap:SimpleSpectralAccess")},
        interface,
        E.complianceLevel("full"),
        E.dataSource("pointed"),
        E.dataSource("survey"),
        E.creationType("archival"),
        *(E.supportedFrame(frame) for frame in _FRAMES),
        E.maxSearchRadius(f"{_WIDEST:g}"),
        E.maxRecords(str(config.hard_rows)),
        E.defaultMaxRecords(str(config.default_rows)),
        *_test_query(archive, catalogue),
    )
    return vosi.capabilities([access, *vosi.standard_capabilities(base_url, _DOCUMENTS)])


def _test_query(archive: Archive, catalogue: Catalogue) -> Iterator[etree._Element]:
    table = catalogue.find("dbo.ssa")
    place = None if table is None else known_position(archive, table, ("s_ra", "s_dec"))
    if place is not None:
        longitude, latitude = (f"{degrees:.6f}" for degrees in place)
        yield E.testQuery(
            E.pos(E.long(longitude), E.lat(latitude), E.refframe("ICRS")),
            E.size(f"{_SIZE:g}"),
            E.queryDataCmd(f"POS={longitude},{latitude}&SIZE={_SIZE:g}"),
        )
