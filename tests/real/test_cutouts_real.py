"""Cut-outs of every real file with coordinates agree with astropy's Cutout2D on the whole file.

What is there is found out from the files. Packed ones are unpacked on the way, as the service does it.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy import units
from astropy.io import fits
from astropy.utils.exceptions import AstropyWarning
from astropy.wcs.utils import pixel_to_skycoord

from archive.pixels import Cutout, Extent, Selection, Unpacker, cut
from tests.soda.support import NOTE, CountingBytes, assert_agrees, circle, opened, world

pytestmark = [
    pytest.mark.real,
    pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyWarning"),
    pytest.mark.filterwarnings("ignore:ERFA function"),
]

# Where in an image circles are put, as fractions of its sides, and their radii in pixels.
_PLACES = ((0.5, 0.5, 10.3), (0.2, 0.7, 5.1), (0.98, 0.03, 7.7))


def _files() -> list[str]:
    folder = os.environ.get("URANIBORG_DATA")
    if folder is None:
        return []
    endings = (".fits", ".fits.gz", ".mt")
    root = Path(folder)
    return [str(p.relative_to(root)) for p in sorted(root.rglob("*")) if p.name.endswith(endings)]


def _read(name: str) -> bytes:
    return (Path(os.environ["URANIBORG_DATA"]) / name).read_bytes()


def _plain(content: bytes) -> bytes:
    unpack = {b"\x1f\x8b": gzip.decompress, b"BZ": bz2.decompress}.get(content[:2])
    return unpack(content) if unpack else content


@pytest.fixture(scope="module")
def unpacker(tmp_path_factory: pytest.TempPathFactory) -> Unpacker:
    return Unpacker(tmp_path_factory.mktemp("unpacked"), 1 << 30)


def _cut(unpacker: Unpacker, content: bytes, selection: Selection) -> bytes | None:
    key = hashlib.sha256(content).hexdigest()
    with unpacker.opened(CountingBytes(content), key) as source:
        made: Cutout | None = cut(source, selection, Extent(), NOTE)
        return None if made is None else b"".join(made.chunks())


def _open(content: bytes) -> fits.HDUList:
    return fits.HDUList.fromstring(content, do_not_scale_image_data=True)


def _on_the_sky(hdus: fits.HDUList) -> list[Any]:
    """The images whose coordinates astropy understands."""
    found = []
    for hdu in hdus:
        if isinstance(hdu, fits.PrimaryHDU | fits.ImageHDU) and len(hdu.shape) >= 2 and min(hdu.shape) > 0:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", AstropyWarning)
                try:
                    found += [hdu] if world(hdu).has_celestial else []
                except (ValueError, KeyError):
                    continue
    return found


@pytest.mark.parametrize("name", _files())
def test_circles(unpacker, name):
    content = _read(name)
    whole = _open(_plain(content))
    for image in _on_the_sky(whole):
        celestial = world(image).celestial
        height, width = image.shape[-2:]
        for across, up, radius in _PLACES:
            x, y = round(across * (width - 1)), round(up * (height - 1))
            centre = pixel_to_skycoord(x, y, celestial).icrs
            beside = pixel_to_skycoord(x + 1, y, celestial).icrs
            size = radius * float(centre.separation(beside).to_value(units.deg))
            region = circle(centre.ra.deg, centre.dec.deg, size)
            part = next(
                hdu
                for hdu in opened(_cut(unpacker, content, Selection((region,))))
                if hdu.name == image.name and len(hdu.shape) == len(image.shape)
            )
            spans = assert_agrees(image, part)[:2]
            for (low, high), place, length in zip(spans, (x, y), (width, height), strict=True):
                assert abs(low - max(place - radius, 0)) <= 2
                assert abs(high - min(place + radius + 1, length)) <= 2


_SPECTRA = {
    # Wavelengths in vacuum of what is cut, and how astropy reads those of the whole file, in metres.
    "pipeline/harps/HARPS.2003-12-13T06:19:48.371_s1d_A.fits.gz": ("air", 1e-10),
    "pipeline/uves/r.UVES.2011-08-11T232352.266-A01_0000.fits.gz": ("air", 1e-10),
    "pipeline/xshooter/XSHOOTER_VIS.fits.gz": ("vacuum", 1e-9),
    "pipeline/xshooter/DLA1_PA3_long_SCIENCE_TELLURIC_CORR.fits.gz": ("vacuum", 1e-9),
    "pipeline/fors/ref_sky_600B-check.fits.gz": ("vacuum", 1e-10),
}


def _in_air(waves: Any) -> Any:
    """Birch and Downs (1994), which is another formula than the archive's."""
    squares = (1e-6 / waves) ** 2
    return waves / (1 + 1e-8 * (8342.54 + 2406147 / (130 - squares) + 15998 / (38.9 - squares)))


@pytest.mark.parametrize("name", _SPECTRA)
def test_bands_of_axes(unpacker, name):
    medium, unit = _SPECTRA[name]
    content = _read(name)
    whole = _open(_plain(content))
    cards = whole[0].header
    count = cards["NAXIS1"]
    step = cards.get("CDELT1", cards.get("CD1_1"))
    stated = (cards["CRVAL1"] + (np.arange(count) + 1 - cards.get("CRPIX1", 1.0)) * step) * unit
    first, last = count // 3, count // 3 + 200
    low, high = stated[first], stated[last]
    if medium == "air":
        low, high = (_in_vacuum(value) for value in (low, high))
    hdus = opened(_cut(unpacker, content, Selection(band=(low, high))))
    assert len(hdus) == len(whole)
    for ours, theirs in zip(hdus, whole, strict=True):
        assert ours.data.tobytes() == theirs.data[..., first : last + 1].tobytes()


def _in_vacuum(air: float) -> float:
    """By iteration, as the formula goes the other way."""
    waves = air
    for _ in range(10):
        waves += air - _in_air(waves)
    return waves


@pytest.mark.parametrize("name", [n for n in _files() if n.startswith("phase3/spectrum/")])
def test_bands_of_phase_3_spectra(unpacker, name):
    content = _read(name)
    whole = fits.HDUList.fromstring(_plain(content))[1]
    unit = {"angstrom": 1e-10, "nm": 1e-9}[whole.columns[0].unit.lower()]
    waves = whole.data[whole.columns[0].name][0].astype(float) * unit
    first, last = len(waves) // 4, len(waves) // 4 + 99
    band = ((waves[first - 1] + waves[first]) / 2, (waves[last] + waves[last + 1]) / 2)
    if "obs.atmos" in whole.header.get("TUCD1", ""):
        # Those of UVES are in air.
        band = (_in_vacuum(band[0]), _in_vacuum(band[1]))
    part = opened(_cut(unpacker, content, Selection(band=band)))[1]
    assert part.header["NELEM"] == 100
    for column in whole.columns.names:
        ours, theirs = part.data[column][0], whole.data[column][0]
        assert ours.tobytes() == theirs[first : last + 1].tobytes()


def test_orders_of_crires(unpacker):
    content = _read("pipeline/crires/220325_1.fits.gz")
    whole = fits.HDUList.fromstring(_plain(content))
    waves = whole[1].data["04_01_WL"].astype(float)
    low, high = waves[1000] * 1e-9, waves[1009] * 1e-9
    hdus = opened(_cut(unpacker, content, Selection(band=(low, high))))
    (part,) = [hdu for hdu in hdus if hdu.name == whole[1].name]
    assert part.data["04_01_SPEC"].tobytes() == whole[1].data["04_01_SPEC"][1000:1010].tobytes()


def test_cube_of_muse_by_sky_and_band(unpacker):
    content = _read("phase3/cube/subcub_mosaic.fits.gz")
    whole = _open(_plain(content))
    data = whole["DATA"]
    centre = pixel_to_skycoord(12, 14, world(data).celestial).icrs
    spectral = world(data).spectral
    air = spectral.all_pix2world(np.array([100.0, 109.0]), 0)[0]
    band = tuple(_in_vacuum(value) for value in air)
    region = circle(centre.ra.deg, centre.dec.deg, 3.2 * 0.2 / 3600)
    hdus = opened(_cut(unpacker, content, Selection((region,), band=band)))
    for name in ("DATA", "STAT"):
        spans = assert_agrees(whole[name], hdus[name])
        assert spans == ((9, 16), (11, 18), (100, 110))
        found = world(hdus[name]).spectral.all_pix2world(np.arange(10.0), 0)[0]
        np.testing.assert_allclose(found, spectral.all_pix2world(np.arange(100.0, 110.0), 0)[0], rtol=1e-13)


def test_mosaic_packed_by_compress(unpacker):
    """No coordinates on the sky: it is unpacked, and there is nothing to cut by."""
    content = _read("raw/WFI-TEST.fits.Z")
    with unpacker.opened(CountingBytes(content), "wfi") as source:
        assert source.size > 140_000_000
        made = cut(source, Selection(band=(5e-7, 6e-7)), Extent(band=(4e-7, 5.5e-7)), NOTE)
        assert made is not None and made.size == source.size
        assert len(made.parts) == 9
