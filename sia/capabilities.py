"""What the image services say they can do (SimpleDALRegExt 1.2, 3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from lxml import etree

from archive.declare import Catalogue
from archive.protocol import Archive, vosi
from archive.protocol.sampling import known_position
from archive.protocol.xml import E, optional, typed
from archive.query.build import one_of

__all__ = ["SIA_1", "SIA_2", "sia1_capabilities", "sia2_capabilities"]

SIA_1 = "ivo://ivoa.net/std/SIA"
SIA_2 = "ivo://ivoa.net/std/SIA#query-2.0"
_SIZE = 0.01  # degrees, of the region around an image's centre that the test asks for
_DOCUMENTS = ("capabilities", "availability")


def sia2_capabilities(archive: Archive, catalogue: Catalogue, base_url: str) -> bytes:
    """The test query asks for the surroundings of an image that is there."""
    place = _known_image(archive, catalogue)
    test = urlencode({"POS": f"CIRCLE {place[0]} {place[1]} {_SIZE}"}) if place else ""
    interface = E.interface(
        typed("vs:ParamHTTP"),
        {"role": "std", "version": "2.0"},
        E.accessURL(f"{base_url}/query", use="base"),
        *optional("testQueryString", test),
    )
    return vosi.capabilities(
        [
            # SIA 2.0 can do without an extension, and clients of it know none.
            E.capability({"standardID": SIA_2}, interface),
            *vosi.standard_capabilities(base_url, (*_DOCUMENTS, "examples")),
            vosi.whole_site(archive.config.base_url),
        ]
    )


def sia1_capabilities(archive: Archive, catalogue: Catalogue, base_url: str) -> bytes:
    """The test query asks for the surroundings of an image that is there."""
    interface = E.interface(
        typed("vs:ParamHTTP"),
        {"role": "std", "version": "1.0"},
        # Clients append their parameters (SIA 1.0, 4.1).
        E.accessURL(f"{base_url}/query?", use="base"),
        E.queryType("GET"),
        E.resultType("text/xml;content=x-votable"),
    )
    access = E.capability(
        {"standardID": SIA_1, **typed("sia:SimpleImageAccess")},
        interface,
        E.imageServiceType("Pointed"),
        E.maxRecords(str(archive.config.hard_rows)),
        *_test_query(archive, catalogue),
    )
    return vosi.capabilities([access, *vosi.standard_capabilities(base_url, _DOCUMENTS)])


def _test_query(archive: Archive, catalogue: Catalogue) -> Iterator[etree._Element]:
    place = _known_image(archive, catalogue)
    if place is not None:
        longitude, latitude = place
        size = str(_SIZE)
        yield E.testQuery(
            E.pos(E.long(longitude), E.lat(latitude)), E.size(E.long(size), E.lat(size)), E.verb("1")
        )


def _known_image(archive: Archive, catalogue: Catalogue) -> tuple[str, str] | None:
    """Longitude and latitude of the centre of some image, in degrees, as they are written."""
    table = catalogue.find("ivoa.ObsCore")
    if table is None:
        return None
    images = one_of(table, "dataproduct_type", ("image",))
    place = known_position(archive, table, ("s_ra", "s_dec"), images)
    return None if place is None else (f"{place[0]:.6f}", f"{place[1]:.6f}")
