"""Tile-compressed images: the same pixels as astropy unpacks, and only the tiles that are needed."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from archive.pixels import Extent, Selection, cut
from tests.soda.support import NOTE, CountingBytes, circle, cut_hdus, header, opened, pixels, written

SKY = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0,
    "CRPIX1": 100.0, "CRPIX2": 90.0, "CDELT1": -0.001, "CDELT2": 0.001,
}  # fmt: skip
REGION = circle(150.01, 2.02, 0.0123)


def _noise(*shape: int) -> np.ndarray[Any, Any]:
    return np.random.default_rng(1).normal(1000.0, 30.0, shape).astype(">f4")


def _with_holes() -> np.ndarray[Any, Any]:
    data = _noise(180, 200)
    data[100:110, :] = np.nan
    return data


IMAGES = {"i2": pixels(180, 200, dtype="i2"), "i4": pixels(180, 200, dtype="i4"), "f4": _noise(180, 200)}
IMAGES |= {
    "u1": pixels(180, 200, dtype="u1"),
    "nan": _with_holes(),
    "mask": pixels(180, 200, dtype="i2") & 255,
}


@pytest.mark.parametrize("tiles", [None, (32, 32), (7, 50), (180, 200)], ids=str)
@pytest.mark.parametrize(
    ("kind", "algorithm", "options"),
    [
        ("i2", "RICE_1", {}),
        ("i4", "RICE_1", {}),
        ("u1", "RICE_1", {}),
        ("i2", "GZIP_1", {}),
        ("i4", "GZIP_2", {}),
        ("mask", "PLIO_1", {}),
        ("i4", "HCOMPRESS_1", {}),
        ("f4", "RICE_1", {}),
        ("f4", "RICE_1", {"quantize_method": 1, "dither_seed": 9990}),
        ("f4", "RICE_1", {"quantize_method": 2, "dither_seed": 1}),
        ("f4", "HCOMPRESS_1", {"quantize_method": 1, "dither_seed": 5}),
        ("f4", "GZIP_2", {"quantize_level": 0.0}),
        ("nan", "RICE_1", {"quantize_method": 2, "dither_seed": 17}),
        ("nan", "GZIP_1", {"quantize_level": 0.0}),
    ],
    ids=str,
)
def test_same_pixels(kind, algorithm, options, tiles):
    if algorithm == "HCOMPRESS_1" and (tiles is None or tiles == (7, 50)):
        tiles = (45, 64)
    image = fits.CompImageHDU(
        IMAGES[kind], header(SKY), compression_type=algorithm, tile_shape=tiles, **options
    )
    content = written(fits.PrimaryHDU(), image)
    whole = fits.open(io.BytesIO(content))[1].data
    part = cut_hdus(content, REGION)[1]
    x, y = round(100.0 - part.header["CRPIX1"]), round(90.0 - part.header["CRPIX2"])
    expected = whole[y : y + part.shape[0], x : x + part.shape[1]]
    assert part.shape[0] in {25, 26}
    np.testing.assert_array_equal(part.data, expected)
    assert part.data.dtype.itemsize == expected.dtype.itemsize
    assert not any(keyword.startswith("Z") for keyword in part.header)


def test_scaled_integers_stay_scaled():
    """BZERO and BLANK are as they were, and so are the stored numbers."""
    data = pixels(180, 200, dtype="i4") % 60000
    image = fits.CompImageHDU(data.astype("u2"), header(SKY), compression_type="RICE_1")
    content = written(fits.PrimaryHDU(), image)
    part = cut_hdus(content, REGION)[1]
    assert (part.header["BITPIX"], part.header["BZERO"]) == (16, 32768)
    x, y = round(100.0 - part.header["CRPIX1"]), round(90.0 - part.header["CRPIX2"])
    unscaled = part.data.astype(int) + 32768
    np.testing.assert_array_equal(unscaled, data[y : y + part.shape[0], x : x + part.shape[1]])


def test_cube_of_tiles():
    cards = SKY | {"CTYPE3": "WAVE", "CUNIT3": "nm", "CRVAL3": 500.0, "CRPIX3": 1.0, "CDELT3": 1.0}
    cube = pixels(9, 180, 200, dtype="i4")
    for tiles in (None, (2, 50, 64), (9, 180, 200)):
        image = fits.CompImageHDU(cube, header(cards), compression_type="GZIP_1", tile_shape=tiles)
        part = cut_hdus(written(fits.PrimaryHDU(), image), REGION, band=(5.029e-7, 5.051e-7))[1]
        x, y = round(100.0 - part.header["CRPIX1"]), round(90.0 - part.header["CRPIX2"])
        expected = cube[3:6, y : y + part.shape[1], x : x + part.shape[2]]
        np.testing.assert_array_equal(part.data, expected)


def test_image_that_fpack_moved_is_the_primary_one_again():
    image = fits.CompImageHDU(pixels(180, 200, dtype="i2"), header(SKY | {"OBJECT": "M 17"}))
    content = written(fits.PrimaryHDU(), image, fits.ImageHDU(pixels(180, 200), header(SKY), name="ERR"))
    # A card for a card: the name that astropy gives takes the place of what fpack writes.
    place = content.index(b"EXTNAME = 'COMPRESSED_IMAGE'")
    moved = content[:place] + b"ZSIMPLE =                    T".ljust(80) + content[place + 80 :]
    hdus = opened(_cut(CountingBytes(moved)))
    assert len(hdus) == 2
    assert hdus[0].shape == hdus["ERR"].shape == (25, 25)
    assert hdus[0].header["OBJECT"] == "M 17"
    assert "XTENSION" not in hdus[0].header


def test_only_tiles_that_are_needed_are_read():
    noise = np.random.default_rng(2).integers(0, 2**31, (2000, 2000)).astype(">i4")
    cards = SKY | {"CRPIX1": 1000.0, "CRPIX2": 1000.0}
    for tiles, most in ((None, 0.05), ((100, 100), 0.08)):
        image = fits.CompImageHDU(noise, header(cards), compression_type="GZIP_1", tile_shape=tiles)
        source = CountingBytes(written(fits.PrimaryHDU(), image))
        assert opened(_cut(source, circle(150.0, 2.0, 0.01)))[1].shape == (21, 21)
        assert source.count < most * source.size


def _cut(source: CountingBytes, region: Any = REGION) -> bytes:
    made = cut(source, Selection((region,)), Extent(), NOTE)
    assert made is not None
    return b"".join(made.chunks())
