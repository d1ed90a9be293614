"""Cutting 100 x 100 pixels out of 10,000 x 10,000, beside astropy's Cutout2D on the same file.

Both begin with a file that nobody has opened and end with the bytes of a FITS file. The archive's bytes come
through its store, whose blocks are compared with their checksums; astropy maps the file.
"""

from __future__ import annotations

import io
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.utils.exceptions import AstropyUserWarning
from astropy.wcs import WCS

from archive.pixels import Extent, Selection, cut
from archive.store import FileVersion, Store, checksum
from archive.store.sources import ByteSource
from tests.benchmarks.figures import Figure, Figures
from tests.soda.support import circle, header

pytestmark = pytest.mark.bench

SIDE = 10_000
PLACE = (150.02, 2.03)
RADIUS = 0.005 - 1e-6  # 50 pixels
CARDS = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0,
    "CRPIX1": SIDE / 2, "CRPIX2": SIDE / 2, "CDELT1": -0.0001, "CDELT2": 0.0001,
}  # fmt: skip
SIP = {
    "CTYPE1": "RA---TAN-SIP", "CTYPE2": "DEC--TAN-SIP",
    "A_ORDER": 2, "A_2_0": 1e-8, "B_ORDER": 2, "B_0_2": -1e-8,
}  # fmt: skip


def _seconds(work: Callable[[], object], times: int = 15) -> float:
    work()
    taken = []
    for _ in range(times):
        begin = time.perf_counter()
        work()
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str, fits.HDUList], ByteSource]]:
    folder = tmp_path_factory.mktemp("cutouts")
    store = Store(folder / "store", "link")

    def keep(name: str, hdus: fits.HDUList) -> ByteSource:
        path = folder / name
        hdus.writeto(path)
        sha256 = checksum(path)
        content = store.keep(path, name, sha256)
        now = datetime.now(UTC)
        file = FileVersion(name, 1, name, content.place, sha256, content.bytes, "application/fits", "", now)
        return store.open(file)

    keep.folder = folder  # type: ignore[attr-defined]
    yield keep


def _ours(source: ByteSource) -> bytes:
    made = cut(source, Selection((circle(*PLACE, RADIUS),)), Extent(), "Cut out for a benchmark")
    assert made is not None
    return b"".join(made.chunks())


def _astropys(path: Path, hdu: int) -> bytes:
    with fits.open(path) as hdus:
        world = WCS(hdus[hdu].header)
        centre = SkyCoord(*PLACE, unit=units.deg)
        pixels = hdus[hdu].section if hdu else hdus[hdu].data
        if hdu:
            x, y = world.world_to_pixel(centre)
            low = round(float(x)) - 50, round(float(y)) - 50
            data, head = pixels[low[1] : low[1] + 100, low[0] : low[0] + 100], hdus[hdu].header
        else:
            part = Cutout2D(pixels, centre, (100, 100), wcs=world)
            data, head = part.data, hdus[hdu].header.copy()
            head.update(part.wcs.to_header(relax=True))
        buffer = io.BytesIO()
        fits.PrimaryHDU(data, head).writeto(buffer)
        return buffer.getvalue()


@pytest.mark.parametrize("case", ["float", "float, SIP", "tile-compressed"])
def test_image(kept, figures: Figures, case: str) -> None:
    cards = CARDS | (SIP if "SIP" in case else {})
    noise = np.random.default_rng(1).normal(1000.0, 10.0, (SIDE, SIDE)).astype("f4")
    if case == "tile-compressed":
        image = fits.CompImageHDU(noise.astype("i4"), header(cards), compression_type="RICE_1")
        hdus, number = fits.HDUList([fits.PrimaryHDU(), image]), 1
    else:
        hdus, number = fits.HDUList([fits.PrimaryHDU(noise, header(cards))]), 0
    name = f"{case}.fits"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyUserWarning)
        source = kept(name, hdus)
        shape = fits.HDUList.fromstring(_ours(source))[number].shape
        assert all(99 <= length <= 102 for length in shape)
        ours = _seconds(lambda: _ours(source))
        theirs = _seconds(lambda: _astropys(kept.folder / name, number))
    figures.add(
        Figure("cut-outs", f"100 x 100 of 10,000 x 10,000, {case}", ours, "s", theirs, "astropy", MOST[case])
    )


# How much longer than astropy: the region's outline is followed exactly, and blocks are checked.
MOST = {"float": 2.0, "float, SIP": 2.0, "tile-compressed": 2.0}


def test_section_of_a_cube(kept, figures: Figures) -> None:
    """20 x 20 pixels and all planes of a cube of 300 x 300 x 1,000: 360 MB."""
    third = {"CTYPE3": "WAVE", "CUNIT3": "m", "CRPIX3": 1.0, "CRVAL3": 5e-7, "CDELT3": 1e-10}
    cards = CARDS | {"CRPIX1": 150.0, "CRPIX2": 150.0} | third
    cube = np.random.default_rng(1).normal(size=(1000, 300, 300)).astype("f4")
    source = kept("cube.fits", fits.HDUList([fits.PrimaryHDU(cube, header(cards))]))
    selection = Selection((circle(150.0, 2.0, 0.001 - 1e-6),))

    def ours() -> bytes:
        made = cut(source, selection, Extent(), "Cut out for a benchmark")
        assert made is not None
        return b"".join(made.chunks())

    def theirs() -> bytes:
        with fits.open(kept.folder / "cube.fits") as hdus:
            x, y = WCS(hdus[0].header).celestial.world_to_pixel(SkyCoord(150.0, 2.0, unit=units.deg))
            low = round(float(x)) - 10, round(float(y)) - 10
            data = hdus[0].section[:, low[1] : low[1] + 20, low[0] : low[0] + 20]
            buffer = io.BytesIO()
            fits.PrimaryHDU(data, hdus[0].header).writeto(buffer)
            return buffer.getvalue()

    figures.add(
        Figure(
            "cut-outs",
            "20 x 20 of 300 x 300 x 1,000",
            _seconds(ours, 7),
            "s",
            _seconds(theirs, 7),
            "astropy",
            3.0,
        )
    )
