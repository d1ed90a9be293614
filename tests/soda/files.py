"""Files of an archive that can be cut: an image, a packed one, a compressed one, a cube, spectra, events.

Each is named by its ARCFILE, as raw frames and Phase 3 products are.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable

import numpy as np
from astropy.io import fits

from tests.soda.support import header, pixels, written

__all__ = ["BAND", "CENTRE", "FILES"]

CENTRE = (150.0, 2.0)
BAND = (4.0e-7, 4.99e-7)

_SKY = {
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRVAL1": CENTRE[0],
    "CRVAL2": CENTRE[1],
    "CRPIX1": 100.0,
    "CRPIX2": 100.0,
    "CDELT1": -0.001,
    "CDELT2": 0.001,
    "RADESYS": "ICRS",
}


def _keywords(dp_id: str, category: str) -> dict[str, object]:
    return {
        "ARCFILE": f"{dp_id}.fits",
        "PRODCATG": category,
        "INSTRUME": "TESTCAM",
        "TELESCOP": "ESO-VLT-U1",
        "OBJECT": "FIELD",
        "MJD-OBS": 60000.0,
        "MJD-END": 60000.01,
        "EXPTIME": 864.0,
        "DATE-OBS": "2023-02-25T00:00:00",
    }


def _image() -> bytes:
    cards = _keywords("ADP.2026-01-01T00:00:01.000", "SCIENCE.IMAGE") | _SKY
    return written(fits.PrimaryHDU(pixels(200, 220), header(cards)), checksum=True)


def _packed() -> bytes:
    cards = _keywords("ADP.2026-01-01T00:00:02.000", "SCIENCE.IMAGE") | _SKY
    return gzip.compress(written(fits.PrimaryHDU(pixels(200, 220, dtype="i4"), header(cards))), 1)


def _compressed() -> bytes:
    cards = _keywords("ADP.2026-01-01T00:00:03.000", "SCIENCE.IMAGE")
    image = fits.CompImageHDU(pixels(200, 220, dtype="i4"), header(_SKY), compression_type="RICE_1")
    return written(fits.PrimaryHDU(header=header(cards)), image)


def _cube() -> bytes:
    cards = _keywords("ADP.2026-01-01T00:00:04.000", "SCIENCE.CUBE.IFS") | _SKY
    cards |= {"CTYPE3": "WAVE", "CUNIT3": "nm", "CRVAL3": 400.0, "CRPIX3": 1.0, "CDELT3": 1.0}
    return written(fits.PrimaryHDU(pixels(100, 120, 110), header(cards)))


def _spectrum() -> bytes:
    cards = _keywords("ADP.2026-01-01T00:00:05.000", "SCIENCE.SPECTRUM")
    cards |= {"RA": CENTRE[0], "DEC": CENTRE[1], "WAVELMIN": 400.0, "WAVELMAX": 499.9, "SPEC_RES": 5000.0}
    wave = np.linspace(400.0, 499.9, 1000)
    columns = [
        fits.Column("WAVE", "1000D", unit="nm", array=[wave]),
        fits.Column("FLUX", "1000E", unit="erg/cm^2/s/nm", array=[np.arange(1000)]),
        fits.Column("ERR", "1000E", array=[np.ones(1000)]),
    ]
    table = fits.BinTableHDU.from_columns(columns, header({"NELEM": 1000, "TDMIN1": 400.0}), name="SPECTRUM")
    return written(fits.PrimaryHDU(header=header(cards)), table)


FILES: dict[str, Callable[[], bytes]] = {
    "image.fits": _image,
    "packed.fits.gz": _packed,
    "compressed.fits.fz": _compressed,
    "cube.fits": _cube,
    "spectrum.fits": _spectrum,
}
