"""What previews show, checked against what was painted into the files."""

from __future__ import annotations

import io

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS
from lxml import etree
from PIL import Image

from archive.errors import NotFound, UnreadableFile
from archive.previews import Form, make_preview

CENTRE = (187.25, 41.5)  # degrees


class Memory:
    def __init__(self, content: bytes) -> None:
        self.content = content
        self.size = len(content)

    def read(self, offset: int, length: int) -> bytes:
        return self.content[offset : offset + length]


def source(*hdus: fits.PrimaryHDU | fits.ImageHDU | fits.CompImageHDU | fits.BinTableHDU) -> Memory:
    output = io.BytesIO()
    fits.HDUList(list(hdus)).writeto(output)
    return Memory(output.getvalue())


def preview(file: Memory, size: int = 256, form: Form = Form.PNG) -> Image.Image:
    return Image.open(io.BytesIO(make_preview(file, form, size)))


def header(width: int, height: int, angle: float = 0.0, scale: float = 2.0, centre=CENTRE) -> fits.Header:
    """North turned by an angle in degrees from up, `scale` in arcseconds; east to the left."""
    world = WCS(naxis=2)
    world.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    world.wcs.crval = centre
    world.wcs.crpix = [(width + 1) / 2, (height + 1) / 2]
    cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    world.wcs.cd = scale / 3600 * np.array([[-cos, sin], [sin, cos]])
    return world.to_header()


def noise(*shape: int) -> np.ndarray:
    return np.random.default_rng(1572).normal(100.0, 5.0, shape).astype(np.float32)


def brightest(picture: Image.Image) -> tuple[float, float]:
    """Column and line of the middle of the brightest pixels, as parts of width and height."""
    shades = np.asarray(picture.convert("LA"))[..., 0].astype(float)
    shades[np.asarray(picture.convert("LA"))[..., 1] == 0] = 0
    lines, columns = np.nonzero(shades >= shades.max())
    return float(columns.mean() / shades.shape[1]), float(lines.mean() / shades.shape[0])


@pytest.mark.parametrize("angle", [0.0, 90.0, 180.0, 30.0, -75.0])
def test_north_is_up_and_east_left(angle):
    image, told = noise(400, 400), header(400, 400, angle)
    # A star to the north-east of the middle.
    x, y = WCS(told).all_world2pix([[CENTRE[0] + 0.05 / np.cos(np.radians(CENTRE[1])), CENTRE[1] + 0.03]], 0)[
        0
    ]
    image[round(y) - 15 : round(y) + 16, round(x) - 15 : round(x) + 16] = 5000.0
    picture = preview(source(fits.PrimaryHDU(image, told)))
    column, line = brightest(picture)
    turned = abs(np.cos(np.radians(angle))) + abs(np.sin(np.radians(angle)))
    extent = 400 * 2.0 / 3600 * turned  # degrees
    assert column == pytest.approx(0.5 - 0.05 / extent, abs=0.02)
    assert line == pytest.approx(0.5 - 0.03 / extent, abs=0.02)


def test_detectors_are_shown_where_they_lie():
    """Four of them around a gap, the one in the south-west with a star; their weights are not shown."""
    parts = [fits.PrimaryHDU()]
    for number, (east, north) in enumerate([(1, 1), (-1, 1), (1, -1), (-1, -1)]):
        centre = (CENTRE[0] + east * 0.06 / np.cos(np.radians(CENTRE[1])), CENTRE[1] + north * 0.06)
        data = noise(180, 180)
        if (east, north) == (-1, -1):
            data[75:105, 75:105] = 9000.0
        parts.append(fits.ImageHDU(data, header(180, 180, 90.0 * number, centre=centre), f"CHIP{number}"))
        parts.append(fits.ImageHDU(1e9 + data, header(180, 180, centre=centre), f"WEIGHT{number}"))
    picture = preview(source(*parts))
    column, line = brightest(picture)
    assert (column, line) == (pytest.approx(0.77, abs=0.03), pytest.approx(0.77, abs=0.03))
    alpha = np.asarray(picture)[..., 1]
    middle = alpha.shape[0] // 2
    assert (alpha[middle - 2 : middle + 2] == 0).all() and (alpha > 0).mean() > 0.7


def test_pixels_as_they_are_without_coordinates():
    data = np.zeros((50, 100), np.int16)
    data[:5, :10] = 1000  # at the bottom left
    picture = preview(source(fits.PrimaryHDU(data)))
    assert picture.size == (200, 100)  # small pixels are enlarged by whole numbers
    column, line = brightest(picture)
    assert column < 0.1 and line > 0.9


def test_blank_scaled_and_infinite_values():
    data = np.full((100, 100), 7, np.int32)
    data[:50] = -999
    data[60:70, 60:70] = 50
    hdu = fits.ImageHDU(data)
    hdu.header.update({"BLANK": -999, "BSCALE": 0.5, "BZERO": 10.0})
    blanked = np.asarray(preview(source(fits.PrimaryHDU(), hdu)))
    assert (blanked[len(blanked) // 2 + 2 :, :, 1] == 0).all() and (blanked[:100, :, 1] > 0).all()
    floats = noise(64, 64)
    floats[10:20] = np.nan
    floats[30:33] = np.inf
    assert (np.asarray(preview(source(fits.PrimaryHDU(floats))))[..., 1] == 0).mean() == pytest.approx(
        13 / 64
    )


def test_nothing_but_blanks():
    picture = preview(source(fits.PrimaryHDU(np.full((20, 20), np.nan, np.float32))))
    assert np.asarray(picture)[..., 1].max() == 0


def test_tile_compressed_like_the_plain_one():
    data = np.random.default_rng(3).poisson(50.0, (300, 500)).astype(np.int16)
    plain = preview(source(fits.PrimaryHDU(), fits.ImageHDU(data, header(500, 300))))
    packed = preview(source(fits.PrimaryHDU(), fits.CompImageHDU(data, header(500, 300))))
    assert np.array_equal(np.asarray(plain), np.asarray(packed))


def test_large_images_become_small():
    picture = preview(source(fits.PrimaryHDU(noise(3000, 1000))), size=100)
    assert max(picture.size) <= 100


def cube() -> fits.PrimaryHDU:
    data = noise(60, 40, 50)
    data[30] += 500.0
    told = header(50, 40)
    told.update(
        {
            "CTYPE3": "AWAV",
            "CUNIT3": "Angstrom",
            "CRVAL3": 4800.0,
            "CRPIX3": 1.0,
            "CDELT3": 1.25,
            "BUNIT": "Jy",
        }
    )
    data[:, 30:35, 5:10] += 300.0  # a star in the north-east
    return fits.PrimaryHDU(data, told)


def test_cube_is_light_and_spectrum():
    picture = preview(source(cube()), size=600)
    assert picture.width <= 600 and picture.width > 1.5 * picture.height
    left = picture.crop((0, 0, 230, picture.height)).convert("L")
    shades = np.asarray(left).astype(int)
    # White paper above and below aside, the star is brightest in its corner.
    rows = np.flatnonzero((shades < 255).all(axis=1))
    light = shades[rows.min() : rows.max() + 1] if len(rows) else shades
    assert light[: len(light) // 2, :115].mean() > light[len(light) // 2 :, 115:].mean()


def test_spectrum_as_plot():
    wavelength = np.linspace(480.0, 930.0, 5000)
    flux = np.ones(5000)
    flux[2500] = -20.0  # a line one pixel wide
    flux[10:20] = np.nan
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column("WAVE", "5000D", "nm", array=wavelength[None]),
            fits.Column("FLUX", "5000D", "Jy", array=flux[None]),
            fits.Column("ERR", "5000D", "Jy", array=flux[None]),
        ]
    )
    file = source(fits.PrimaryHDU(), table)
    drawing = etree.fromstring(make_preview(file, Form.SVG, 800))
    words = drawing.xpath("//*[local-name()='text']/text()")
    assert "wavelength [nm]" in words and "flux [Jy]" in words
    assert {"500", "600", "700", "800", "900"} <= set(words)
    curve = drawing.xpath("//*[local-name()='polyline']/@points")[-1].split()
    lowest = max(curve, key=lambda point: float(point.split(",")[1]))
    left, right = 80.0, 790.0
    assert left < float(lowest.split(",")[0]) < right
    picture = preview(file, 800)
    assert picture.size == (800, 500)
    assert preview(file, 800, Form.JPEG).format == "JPEG"


def test_image_of_one_line_is_a_spectrum():
    told = fits.Header(
        {"CTYPE1": "WAVE", "CUNIT1": "Angstrom", "CRVAL1": 4000.0, "CDELT1": 0.5, "CRPIX1": 1.0}
    )
    drawing = make_preview(source(fits.PrimaryHDU(noise(3000), told)), Form.SVG, 400)
    assert b"polyline" in drawing


def orders_of_crires() -> fits.BinTableHDU:
    names = ("02_01", 1.5, 1.6), ("03_01", 1.9, 2.0)
    columns = []
    for name, low, high in names:
        wavelengths, fluxes = np.linspace(low, high, 300) * 1e3, np.full(300, 5.0)
        wavelengths[:3] = np.nan
        columns += [
            fits.Column(f"{name}_SPEC", "1D", array=fluxes),
            fits.Column(f"{name}_ERR", "1D", array=fluxes),
            fits.Column(f"{name}_WL", "1D", array=wavelengths),
        ]
    return fits.BinTableHDU.from_columns(columns, name="CHIP1.INT1")


def test_orders_are_lines_of_one_plot():
    primary = fits.PrimaryHDU()
    primary.header["INSTRUME"] = "CRIRES"
    drawing = etree.fromstring(make_preview(source(primary, orders_of_crires()), Form.SVG, 400))
    assert "wavelength [nm]" in drawing.xpath("//*[local-name()='text']/text()")
    first, second = (line.split() for line in drawing.xpath("//*[local-name()='polyline']/@points")[-2:])
    ends = [float(points[place].split(",")[0]) for points in (first, second) for place in (0, -1)]
    # Between 1600 and 1900 nm there is nothing.
    assert ends == sorted(ends) and ends[2] - ends[1] > 2 * (ends[1] - ends[0])


def test_few_rows_are_a_spectrum_and_what_belongs_to_it():
    told = fits.Header({"CTYPE1": "WAVE", "CUNIT1": "nm", "CRVAL1": 400.0, "CDELT1": 0.5, "CRPIX1": 1.0})
    assert b"polyline" in make_preview(source(fits.PrimaryHDU(noise(5, 800), told)), Form.SVG, 400)
    with pytest.raises(NotFound, match="not drawn in lines"):
        make_preview(source(fits.PrimaryHDU(noise(50, 800), told)), Form.SVG, 400)


@pytest.mark.parametrize(
    ("file", "form", "error", "reason"),
    [
        (Memory(b"<html>"), Form.PNG, UnreadableFile, "not FITS"),
        (source(fits.PrimaryHDU()), Form.PNG, NotFound, "no image of two dimensions"),
        (source(fits.PrimaryHDU(noise(9, 9))), Form.SVG, NotFound, "not drawn in lines"),
        (Memory(source(fits.PrimaryHDU(noise(99, 99))).content[:9000]), Form.PNG, UnreadableFile, "cut off"),
    ],
)
def test_what_has_no_preview(file, form, error, reason):
    with pytest.raises(error, match=reason):
        make_preview(file, form, 256)
