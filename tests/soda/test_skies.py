"""Circles and polygons cut out of images of every projection, frame and distortion, compared with astropy."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs.utils import wcs_to_celestial_frame

from archive.declare.regions import Region, repaired
from archive.errors import UsageError
from tests.soda.support import assert_agrees, circle, cut_bytes, cut_hdus, header, pixels, world, written

_SIZE = (120, 100)  # NAXIS1, NAXIS2


def _cards(projection: str = "TAN", **more: object) -> dict[str, object]:
    return {
        "CTYPE1": f"RA---{projection}",
        "CTYPE2": f"DEC--{projection}",
        "CRVAL1": 150.0,
        "CRVAL2": 2.0,
        "CRPIX1": 60.5,
        "CRPIX2": 40.25,
        "CDELT1": -0.001,
        "CDELT2": 0.001,
        **more,
    }


_ROTATED = {"CD1_1": -0.0008, "CD1_2": 0.0006, "CD2_1": 0.0006, "CD2_2": 0.0008}
_SIP = {
    "A_ORDER": 2, "A_2_0": 3e-5, "A_0_2": 1e-5, "A_1_1": -2e-5,
    "B_ORDER": 2, "B_2_0": -2e-5, "B_0_2": 4e-5, "B_1_1": 1e-5,
}  # fmt: skip
_TPV = {"PV1_1": 1.0, "PV1_4": 0.3, "PV1_7": 0.2, "PV2_1": 1.0, "PV2_4": -0.2, "PV2_7": 0.5}

FLAVOURS: dict[str, dict[str, object]] = {
    "TAN": _cards(),
    "SIN with CD": _cards("SIN", **_ROTATED),
    "PC": _cards(PC1_1=0.8, PC1_2=-0.6, PC2_1=0.6, PC2_2=0.8),
    "CROTA": _cards(CROTA2=37.0),
    "SIP": {**_cards("TAN-SIP", **_ROTATED), **_SIP},
    "TPV": {**_cards("TPV", **_ROTATED), **_TPV},
    "SCAMP": {**_cards("TAN", **_ROTATED), **_TPV},
    "ZPN": _cards("ZPN", PV2_1=1.0, PV2_3=40.0),
    "RA across 0": _cards(CRVAL1=0.01),
    "north pole inside": _cards(CRVAL1=33.0, CRVAL2=89.99),
    "south pole inside": _cards("ARC", CRVAL1=200.0, CRVAL2=-89.97, **_ROTATED),
    "galactic": _cards() | {"CTYPE1": "GLON-CAR", "CTYPE2": "GLAT-CAR", "CRVAL1": 0.01, "CRVAL2": 0.0},
    "ecliptic": _cards() | {"CTYPE1": "ELON-TAN", "CTYPE2": "ELAT-TAN"},
    "supergalactic": _cards() | {"CTYPE1": "SLON-TAN", "CTYPE2": "SLAT-TAN"},
    "FK5 of 1975": _cards(RADESYS="FK5", EQUINOX=1975.0),
    "FK4": _cards(RADESYS="FK4", EQUINOX=1950.0),
    "declination first": _cards() | {
        "CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "CRVAL1": 2.0, "CRVAL2": 150.0,
    },
    "no CRPIX": {k: v for k, v in _cards().items() if not k.startswith("CRPIX")},
    "whole sky": _cards("AIT", CRVAL1=0.0, CRVAL2=0.0, CDELT1=-3.0, CDELT2=1.8, CRPIX1=60.5, CRPIX2=50.5),
    "HEALPix": _cards("HPX", CRVAL1=0.0, CRVAL2=0.0, CDELT1=-3.0, CDELT2=1.8, CRPIX1=60.5, CRPIX2=50.5),
}  # fmt: skip
PLACES = {"inside": (70.0, 60.0, 9.3), "at a corner": (3.0, 2.0, 8.0), "small": (33.3, 44.4, 0.01)}


def _image(cards: dict[str, object]) -> Any:
    return fits.PrimaryHDU(pixels(_SIZE[1], _SIZE[0]), header(cards))


def _sky(image: Any, x: Any, y: Any) -> SkyCoord:
    coordinates = world(image)
    values = coordinates.all_pix2world(np.stack([np.ravel(x), np.ravel(y)], axis=1), 0)
    lng, lat = coordinates.wcs.lng, coordinates.wcs.lat
    frame: Any = (
        wcs_to_celestial_frame(coordinates)
        if coordinates.wcs.ctype[lng][:4]
        not in {
            "ELON",
            "SLON",
        }
        else {"ELON": "barycentricmeanecliptic", "SLON": "supergalactic"}[coordinates.wcs.ctype[lng][:4]]
    )
    return SkyCoord(values[:, lng] * units.deg, values[:, lat] * units.deg, frame=frame).icrs


def _around(image: Any, x: float, y: float, radius: float) -> tuple[SkyCoord, float]:
    """A place, and so many pixels there in degrees."""
    places = _sky(image, [x, x + 1.0], [y, y])
    return places[0], radius * float(places[0].separation(places[1]).deg)


def _held(
    image: Any, centre: SkyCoord, radius: float, around: tuple[float, float], reach: int = 30
) -> tuple[Any, Any]:
    """The pixels of which a sample, 3 x 3 of each, lies in the circle; within `reach` of a place."""
    steps = (np.arange(3) - 1) / 3
    spans = [
        np.arange(max(round(place) - reach, 0), min(round(place) + reach + 1, length))
        for place, length in zip(around, _SIZE, strict=True)
    ]
    x, y = np.meshgrid(*((span[:, None] + steps).ravel() for span in spans))
    places = _sky(image, x, y)
    with np.errstate(invalid="ignore"):
        inside = places.cartesian.xyz.value.T @ centre.cartesian.xyz.value >= np.cos(np.radians(radius))
    xs, ys = np.rint(x.ravel()[inside]), np.rint(y.ravel()[inside])
    return (int(xs.min()), int(xs.max()) + 1), (int(ys.min()), int(ys.max()) + 1)


@pytest.mark.parametrize(("flavour", "place"), list(product(FLAVOURS, PLACES)))
@pytest.mark.filterwarnings("ignore::astropy.wcs.FITSFixedWarning")
@pytest.mark.filterwarnings("ignore:ERFA function")
def test_circle(flavour, place):
    image = _image(FLAVOURS[flavour])
    x, y, size = PLACES[place]
    if flavour in {"whole sky", "HEALPix"} and place == "at a corner":
        x, y = 30.0, 30.0  # its corners are not on the sky
    centre, radius = _around(image, x, y, size)
    (part,) = cut_hdus(written(image), circle(centre.ra.deg, centre.dec.deg, radius))
    spans = assert_agrees(image, part)
    if place == "small":
        assert spans == ((33, 34), (44, 45))
        return
    for (low, high), (least, most) in zip(spans, _held(image, centre, radius, (x, y)), strict=True):
        assert least - 1 <= low <= least
        assert most <= high <= most + 1


def test_history_and_other_cards_stay():
    image = _image(
        FLAVOURS["TAN"] | {"OBJECT": "M 17", "HIERARCH ESO DPR CATG": "SCIENCE", "COMMENT": "as it was"}
    )
    content = written(image)
    (part,) = cut_hdus(content, circle(150.0, 2.0, 0.005))
    assert part.header["OBJECT"] == "M 17"
    assert part.header["ESO DPR CATG"] == "SCIENCE"
    history = " ".join(str(part.header["HISTORY"]).split())
    assert history == "Cut out of TEST by CIRCLE=1 2 3, pixels [56:65,35:45]"
    raw, cut = content[:2880], cut_bytes(content, circle(150.0, 2.0, 0.005))
    assert cut is not None
    kept = [raw[i : i + 80] for i in range(0, 2880, 80) if raw[i : i + 80].strip()]
    changed = [card[:8].decode().strip() for card in kept if card not in cut]
    assert changed == ["NAXIS1", "NAXIS2", "CRPIX1", "CRPIX2"]


@pytest.mark.parametrize(
    "place", [(170.0, 2.0), (330.0, -2.0), (150.0, 2.0 + 0.2), (150.0 - 0.2, 2.0)], ids=str
)
@pytest.mark.parametrize("flavour", ["TAN", "SIP", "TPV", "SIN with CD"])
def test_nothing_of_it(flavour, place):
    image = written(_image(FLAVOURS[flavour]))
    assert cut_bytes(image, circle(*place, 0.0005)) is None


def test_more_than_the_image_is_the_image():
    image = _image(FLAVOURS["TAN"])
    for radius in (0.2, 20.0, 90.0):
        (part,) = cut_hdus(written(image), circle(150.0, 2.0, radius))
        assert part.data.tobytes() == image.data.tobytes()


def test_half_the_sky_ends_where_it_ends():
    """A circle so large that its edge is a line across the image."""
    image = _image(FLAVOURS["TAN"])
    (part,) = cut_hdus(written(image), circle(150.0, -60.0, 62.0))
    assert assert_agrees(image, part) == ((0, 120), (0, 40))


def test_polygon_is_cut_to_its_box():
    image = _image(FLAVOURS["SIN with CD"])
    corners = [(30.0, 20.0), (80.0, 30.0), (50.0, 70.0)]
    places = _sky(image, *zip(*corners, strict=True))
    region = Region(polygons=(tuple(zip(places.ra.deg, places.dec.deg, strict=True)),))
    (part,) = cut_hdus(written(image), repaired(region)[0])
    assert assert_agrees(image, part) == ((30, 81), (20, 71))


def test_concave_polygon_and_one_around_the_pole():
    image = _image(FLAVOURS["north pole inside"])
    outline = tuple((float(lon), 89.97 if lon % 60 else 89.96) for lon in range(0, 360, 30))
    (part,) = cut_hdus(written(image), repaired(Region(polygons=(outline,)))[0])
    centre = SkyCoord(0.0 * units.deg, 90.0 * units.deg)
    spans = assert_agrees(image, part)
    for (low, high), (least, most) in zip(spans, _held(image, centre, 0.04, (60.0, 50.0), 80), strict=True):
        assert least - 2 <= low <= least + 6
        assert most - 6 <= high <= most + 2


def test_union_and_intersection():
    image = _image(FLAVOURS["TAN"])
    content = written(image)
    first, second = _around(image, 20.0, 20.0, 3.0), _around(image, 60.0, 70.0, 5.0)
    circles = tuple((c.ra.deg, c.dec.deg, r) for c, r in (first, second))
    (both,) = cut_hdus(content, Region(circles=circles))
    assert assert_agrees(image, both) == ((17, 66), (17, 76))
    assert cut_bytes(content, *(Region(circles=(one,)) for one in circles)) is None
    wide = circle(*circles[1][:2], 0.02)
    (common,) = cut_hdus(content, Region(circles=(circles[1],)), wide)
    assert assert_agrees(image, common) == ((55, 66), (65, 76))


def test_cube_with_the_sky_behind_wavelength():
    cards = {"CTYPE1": "WAVE", "CRVAL1": 5e-7, "CDELT1": 1e-9, "CRPIX1": 1.0, "CUNIT1": "m"}
    sky = {k[:-1] + str(int(k[-1]) + 1): v for k, v in _cards().items()}
    image = fits.PrimaryHDU(pixels(100, 120, 7), header(cards | sky))
    (part,) = cut_hdus(written(image), circle(150.0, 2.0, 0.005), band=(5.02e-7, 5.03e-7))
    spans = assert_agrees(image, part)
    assert spans == ((2, 4), (55, 65), (34, 45))


def test_multi_extension_file_keeps_what_overlaps():
    def chip(name, ra, **more):
        return fits.ImageHDU(pixels(50, 70), header(_cards(CRVAL1=ra, **more)), name=name)

    bare = fits.ImageHDU(pixels(50, 70, dtype="i2"), name="MASK")
    table = fits.BinTableHDU.from_columns([fits.Column("X", "J", array=[1, 2])], name="LIST")
    content = written(
        fits.PrimaryHDU(header=header({"OBJECT": "FIELD"})),
        chip("WEST", 150.0),
        bare.copy(),
        chip("EAST", 151.0),
        bare.copy(),
        table,
    )
    hdus = cut_hdus(content, circle(151.0, 2.0, 0.003))
    assert [hdu.name for hdu in hdus] == ["PRIMARY", "EAST", "MASK", "LIST"]
    assert hdus[0].header["OBJECT"] == "FIELD"
    assert hdus["MASK"].shape == hdus["EAST"].shape
    assert hdus["MASK"].data.tobytes() == bare.data[place_of(hdus["EAST"])].tobytes()
    assert list(hdus["LIST"].data["X"]) == [1, 2]


def place_of(part: Any) -> tuple[slice, slice]:
    x, y = round(60.5 - part.header["CRPIX1"]), round(40.25 - part.header["CRPIX2"])
    return slice(y, y + part.shape[0]), slice(x, x + part.shape[1])


def test_primary_image_that_is_not_wanted_is_emptied():
    content = written(
        fits.PrimaryHDU(pixels(50, 50), header(_cards(CRVAL1=10.0, OBJECT="A"))),
        fits.ImageHDU(pixels(50, 70), header(_cards())),
    )
    hdus = cut_hdus(content, circle(150.0, 2.0, 0.003))
    assert hdus[0].data is None
    assert hdus[0].header["OBJECT"] == "A"
    assert "CRVAL1" not in hdus[0].header
    assert hdus[1].shape == (7, 6)


def test_what_has_no_sky_is_asked_as_a_whole():
    content = written(fits.PrimaryHDU(pixels(5, 5)))
    with pytest.raises(UsageError, match="no axis of position"):
        cut_bytes(content, circle(1.0, 2.0, 3.0))
