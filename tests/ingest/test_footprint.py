"""Outlines on the sky, against astropy's own mapping of the corners."""

from __future__ import annotations

import warnings
from itertools import pairwise

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS

from archive.declare.regions import Polygon
from archive.store import Header
from archive.tablefiles.fits_scan import Hdu
from ingest.footprint import Footprint, image_footprint
from ingest.frames import to_vectors
from tests.ingest.support import TAN, hdu, header, image

CD = {key: value for key, value in TAN.items() if not key.startswith("CDELT")}
WORLDS = {
    "TAN": TAN,
    "SIN": TAN | {"CTYPE1": "RA---SIN", "CTYPE2": "DEC--SIN", "CROTA2": 30.0},
    "CD": CD | {"CD1_1": -8e-4, "CD1_2": 6e-4, "CD2_1": 6e-4, "CD2_2": 8e-4},
    "PC": TAN | {"PC1_1": 0.8, "PC1_2": -0.6, "PC2_1": 0.6, "PC2_2": 0.8},
    "north to the right": CD | {"CD1_1": 0.0, "CD1_2": 1e-3, "CD2_1": 1e-3, "CD2_2": 0.0},
    "across RA = 0": TAN | {"CRVAL1": 0.001},
    "the pole": TAN | {"CRVAL2": 89.999},
    "south pole": TAN | {"CRVAL1": 17.0, "CRVAL2": -90.0},
    "galactic": TAN | {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"},
    "ecliptic": TAN | {"CTYPE1": "ELON-TAN", "CTYPE2": "ELAT-TAN"},
    "FK5": TAN | {"RADESYS": "FK5", "EQUINOX": 2000.0},
    "FK5 of 1975": TAN | {"RADESYS": "FK5", "EQUINOX": 1975.0},
    "FK4": TAN | {"RADESYS": "FK4", "EQUINOX": 1950.0},
    "only an equinox": TAN | {"EQUINOX": 1950.0},
    "latitude first": TAN | {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "CRVAL1": 2.0, "CRVAL2": 150.0},
    "TPV": TAN | {"CTYPE1": "RA---TPV", "CTYPE2": "DEC--TPV", "PV1_1": 1.0, "PV2_1": 1.0, "PV1_2": 0.01},
    "degrees spelled out": TAN | {"CUNIT1": "degree", "CUNIT2": "degree"},
    "plate carrée": TAN | {"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR", "CRVAL1": 0.0, "CRVAL2": 0.0},
}
SIP = {"CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP", "A_ORDER": 2, "B_ORDER": 2}
SIP |= {"A_0_2": 2e-3, "B_2_0": 2e-3}


def footprint(*headers: Header) -> Footprint | None:
    problems: list[str] = []
    found = image_footprint([Hdu(n, one, one) for n, one in enumerate(headers)], problems)
    assert problems == []
    return found


def expected_corners(values: dict[str, object], shape: tuple[int, int]) -> SkyCoord:
    """The corners of the image by astropy's high-level interface."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        cards = {"NAXIS": 2, "NAXIS1": shape[0], "NAXIS2": shape[1], **values}
        world = WCS(fits.Header(cards))
        x = np.array([-0.5, shape[0] - 0.5, shape[0] - 0.5, -0.5])
        y = np.array([-0.5, -0.5, shape[1] - 0.5, shape[1] - 0.5])
        if "ELON" in str(values["CTYPE1"]):
            lon, lat = world.all_pix2world(x, y, 0)
            return SkyCoord(lon * units.deg, lat * units.deg, frame="barycentricmeanecliptic").icrs
        return world.pixel_to_world(x, y).icrs


def contains(polygon: Polygon, ra: float, dec: float) -> bool:
    """For convex polygons that turn to the left as seen from inside the sphere."""
    corners = to_vectors(*np.array([*polygon, polygon[0]]).T)
    point = to_vectors(np.array(ra), np.array(dec))
    return all(float(np.cross(a, b) @ point) <= 1e-15 for a, b in pairwise(corners))


@pytest.mark.parametrize("name", WORLDS)
def test_corners_agree_with_astropy(name: str) -> None:
    found = footprint(header(WORLDS[name]))
    assert found is not None
    (polygon,) = found.region.polygons
    corners = SkyCoord(*np.array(polygon).T, unit="deg")
    for corner in expected_corners(WORLDS[name], (100, 50)):
        assert corner.separation(corners).min().arcsec < 1e-3
    assert len(polygon) == 4
    assert contains(polygon, found.ra, found.dec)
    assert abs(found.pixel_scale - 3.6) < 0.05
    assert abs(found.diameter - np.hypot(0.1, 0.05)) < 2e-3
    lat_first = name == "latitude first"
    assert found.shape == ((50, 100) if lat_first else (100, 50))


def test_the_centre_is_the_middle_of_the_image() -> None:
    found = footprint(header(TAN))
    assert found is not None
    assert (found.ra, found.dec) == pytest.approx((150.0, 2.0), abs=1e-9)


def test_distorted_sides_get_more_corners() -> None:
    values = TAN | SIP
    found = footprint(header(values))
    assert found is not None
    (polygon,) = found.region.polygons
    assert len(polygon) > 4
    corners = SkyCoord(*np.array(polygon).T, unit="deg")
    for corner in expected_corners(values, (100, 50)):
        assert corner.separation(corners).min().arcsec < 1e-3


def test_celestial_axes_among_others() -> None:
    axes = {"CTYPE1": "STOKES", "CTYPE2": "FREQ", "CTYPE3": "RA---TAN", "CTYPE4": "DEC--TAN", "CRPIX3": 50.5}
    axes |= {"CRVAL1": 1.0, "CRVAL2": 1.4e9, "CRVAL3": 150.0, "CRVAL4": 2.0, "CRPIX4": 25.5, "CRPIX1": 1.0}
    axes |= {"CDELT1": 1.0, "CDELT2": 1e6, "CDELT3": -1e-3, "CDELT4": 1e-3, "CRPIX2": 1.0}
    cube, plain = footprint(header(axes, (4, 8, 100, 50))), footprint(header(TAN))
    assert cube is not None and plain is not None
    assert cube.region == plain.region and cube.shape == (100, 50)


def test_a_mosaic_is_a_union_and_equal_outlines_count_once() -> None:
    other = TAN | {"CRVAL1": 150.2}
    found = footprint(header(TAN), header(other), header(TAN))
    assert found is not None
    assert len(found.region.polygons) == 2
    assert (found.ra, found.dec) == pytest.approx((150.1, 2.0), abs=1e-4)
    assert found.diameter == pytest.approx(np.hypot(0.3, 0.05), rel=1e-2)
    assert found.region.stcs().startswith("UNION ICRS (POLYGON ")


def test_images_without_celestial_coordinates_are_passed_over() -> None:
    pixels = {"CTYPE1": "PIXEL", "CTYPE2": "PIXEL", "CRVAL1": 1.0, "CRVAL2": 1.0}
    assert footprint(header({}), header(pixels), header({"CTYPE1": "LINEAR"}, (9,))) is None
    mixed, plain = footprint(header(pixels), header(TAN)), footprint(header(TAN))
    assert mixed is not None and plain is not None and mixed.region == plain.region


def test_the_whole_sky() -> None:
    for projection in ("CAR", "AIT", "MOL"):
        values = TAN | {"CTYPE1": f"RA---{projection}", "CTYPE2": f"DEC--{projection}", "CRVAL2": 0.0}
        values |= {"CRPIX1": 180.5, "CRPIX2": 90.5, "CDELT1": -1.0, "CDELT2": 1.0}
        found = footprint(header(values, (360, 180)))
        assert found is not None
        assert found.region.circles == ((0.0, 90.0, 90.0), (0.0, -90.0, 90.0))


def test_a_wide_map_is_a_circle() -> None:
    values = TAN | {"CTYPE1": "RA---ZEA", "CTYPE2": "DEC--ZEA", "CDELT1": -1.0, "CDELT2": 1.0, "CRPIX2": 50.5}
    found = footprint(header(values, (100, 100)))
    assert found is not None
    ((lon, lat, radius),) = found.region.circles
    assert (lon, lat) == pytest.approx((150.0, 2.0), abs=0.5) and 70.0 < radius < 90.0


UNUSABLE = {
    "not a number": TAN | {"CRVAL1": float("nan")},
    "text": TAN | {"CRVAL1": "150 deg"},
    "singular": CD | {"CD1_1": 0.0, "CD1_2": 0.0, "CD2_1": 0.0, "CD2_2": 0.0},
    "one axis of two projections": TAN | {"CTYPE2": "DEC--SIN"},
    "pixels of a degree": TAN | {"CDELT1": -1.0, "CDELT2": 1.0, "CRPIX1": 0.0, "CRPIX2": 0.0},
    "unknown unit": TAN | {"CUNIT1": "furlong", "CUNIT2": "furlong"},
}


@pytest.mark.parametrize("name", UNUSABLE)
def test_unusable_coordinates_are_a_problem_and_no_crash(name: str) -> None:
    problems: list[str] = []
    shape = (4000, 4000) if name == "pixels of a degree" else (100, 50)
    assert image_footprint([hdu(UNUSABLE[name], shape)], problems) is None
    assert problems[0].startswith("HDU 0: no footprint: ")


def test_an_hdu_without_pixels_has_no_footprint() -> None:
    assert image_footprint([hdu(TAN, ()), hdu(TAN, (0,))], []) is None
    assert image(TAN, ()).startswith(b"SIMPLE")
