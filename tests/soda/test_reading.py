"""How much is read: of a file as large as any, no more than what is wanted, and little at a time."""

from __future__ import annotations

import numpy as np
import pytest
from astropy.io import fits

from archive.pixels import Extent, Selection, cut
from archive.pixels.sections import PIECE, read_section
from tests.soda.support import NOTE, CountingBytes, circle, header, pixels, written

SKY = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0, "CUNIT1": "deg",
    "CDELT1": -0.0001, "CDELT2": 0.0001,
}  # fmt: skip


class _Imagined:
    """A file of any size, of which only the header exists; the pixels are zeros."""

    def __init__(self, cards: dict[str, object], *shape: int) -> None:
        made = header({"SIMPLE": True, "BITPIX": -32, "NAXIS": len(shape)})
        for axis, length in enumerate(shape, 1):
            made[f"NAXIS{axis}"] = length
        made.update(header(cards))
        text = made.tostring().encode()
        self._header = text
        self.size = len(text) + -(-4 * int(np.prod(shape)) // 2880) * 2880
        self.count = self.largest = 0

    def read(self, offset: int, length: int) -> bytes:
        length = min(length, self.size - offset)
        self.count += length
        self.largest = max(self.largest, length)
        head = self._header[offset : offset + length]
        return head + bytes(length - len(head))


@pytest.mark.parametrize("side", [2_000, 20_000, 100_000])
def test_image(side):
    """100 x 100 pixels of an image of up to 40 GB."""
    source = _Imagined(SKY | {"CRPIX1": side / 2, "CRPIX2": side / 2}, side, side)
    made = cut(source, Selection((circle(150.0, 2.0, 0.005),)), Extent(), NOTE)
    assert made is not None
    assert made.size < 50_000
    assert sum(len(piece) for piece in made.chunks()) == made.size
    row = min(4 * side, 256 << 10)
    assert source.count < 102 * row + 200_000
    assert source.largest <= PIECE


def test_large_cut_of_a_cube_of_20_gigabytes():
    """What comes out is large; what is in memory is not."""
    third = {"CTYPE3": "WAVE", "CUNIT3": "m", "CRPIX3": 1.0, "CRVAL3": 5e-7, "CDELT3": 1e-10}
    source = _Imagined(SKY | {"CRPIX1": 600, "CRPIX2": 600} | third, 1200, 1200, 3500)
    assert source.size > 20e9
    made = cut(source, Selection((circle(150.0, 2.0, 0.03),), band=(5e-7, 5.02e-7)), Extent(), NOTE)
    assert made is not None
    assert made.size > 30_000_000
    assert max(len(piece) for piece in made.chunks()) <= 2 * PIECE
    assert source.count < 5 * made.size


def test_band_alone_reads_planes_in_one_go():
    third = {"CTYPE3": "WAVE", "CUNIT3": "m", "CRPIX3": 1.0, "CRVAL3": 5e-7, "CDELT3": 1e-10}
    source = _Imagined(SKY | third, 100, 100, 1000)
    made = cut(source, Selection(band=(5.5e-7, 5.51e-7)), Extent(), NOTE)
    assert made is not None
    assert sum(len(piece) for piece in made.chunks()) == made.size
    assert source.count < made.size + 100_000


@pytest.mark.parametrize(
    ("shape", "box"),
    [
        ((10,), ((2, 5),)),
        ((10, 8), ((2, 5), (3, 8))),
        ((10, 8), ((0, 10), (3, 8))),
        ((10, 8), ((0, 10), (0, 8))),
        ((5, 4, 6), ((1, 3), (0, 4), (2, 5))),
        ((5, 4, 6), ((0, 5), (0, 4), (2, 5))),
        ((5, 4, 6, 3), ((0, 5), (1, 4), (2, 3), (0, 2))),
        ((1, 4, 1, 3), ((0, 1), (1, 2), (0, 1), (1, 3))),
        ((300_000, 7), ((10, 20), (1, 6))),
        ((2_000_000, 2), ((5, 1_999_999), (0, 2))),
    ],
    ids=str,
)
def test_sections(shape, box):
    data = pixels(*reversed(shape), dtype="i4")
    source = CountingBytes(b"head" + data.tobytes() + b"tail")
    found = b"".join(read_section(source, 4, shape, 4, box))
    section = tuple(slice(*span) for span in reversed(box))
    assert found == data[section].tobytes()


def test_other_hdus_are_not_read():
    extensions = [
        fits.ImageHDU(pixels(500, 500), header(SKY | {"CRVAL1": 10.0 * n, "CRPIX1": 250, "CRPIX2": 250}))
        for n in range(12)
    ]
    source = CountingBytes(written(fits.PrimaryHDU(), *extensions))
    made = cut(source, Selection((circle(50.0, 2.0, 0.001),)), Extent(), NOTE)
    assert made is not None
    assert len(made.parts) == 2
    assert sum(len(piece) for piece in made.chunks()) == made.size
    assert source.count < 0.1 * source.size
