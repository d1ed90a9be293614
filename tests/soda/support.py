"""Files made for cutting, sources that count what is read, and astropy's opinion on cut-outs."""

from __future__ import annotations

import io
import warnings
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
from astropy.io import fits
from astropy.nddata import Cutout2D
from astropy.utils.exceptions import AstropyUserWarning
from astropy.wcs import WCS, FITSFixedWarning

from archive.declare.regions import Region
from archive.pixels import Extent, Selection, cut

NOTE = "Cut out of TEST by CIRCLE=1 2 3"


class CountingBytes:
    """A source that knows how many bytes were read of it, and how often."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.count = 0
        self.reads = 0
        self.largest = 0

    @property
    def size(self) -> int:
        return len(self.content)

    def read(self, offset: int, length: int) -> bytes:
        piece = self.content[offset : offset + length]
        self.count += len(piece)
        self.reads += 1
        self.largest = max(self.largest, len(piece))
        return piece

    def file(self) -> BinaryIO:
        return io.BytesIO(self.content)


def written(*hdus: Any, **options: Any) -> bytes:
    """The bytes of a file with these HDUs; a primary one is put before extensions."""
    first = [] if isinstance(hdus[0], fits.PrimaryHDU) else [fits.PrimaryHDU()]
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyUserWarning)
        fits.HDUList([*first, *hdus]).writeto(buffer, **options)
    return buffer.getvalue()


def header(values: Mapping[str, object]) -> fits.Header:
    made = fits.Header()
    for keyword, value in values.items():
        made[keyword] = value
    return made


def pixels(*shape: int, dtype: str = "f4") -> np.ndarray[Any, Any]:
    """Every pixel different; `shape` as numpy has it, bytes in the order of FITS."""
    return np.arange(np.prod(shape)).reshape(shape).astype(f">{dtype}")


def circle(lon: float, lat: float, radius: float) -> Region:
    return Region(circles=((lon, lat, radius),))


def cut_bytes(content: bytes, *regions: Region, **more: Any) -> bytes | None:
    extent = more.pop("extent", Extent())
    made = cut(CountingBytes(content), Selection(regions, **more), extent, NOTE)
    if made is None:
        return None
    whole = b"".join(made.chunks())
    assert len(whole) == made.size
    return whole


def opened(content: bytes | None) -> fits.HDUList:
    """The HDUs of a cut-out, whose structure and checksums are looked at."""
    assert content is not None and len(content) % 2880 == 0
    hdus = fits.open(io.BytesIO(content), checksum=True, do_not_scale_image_data=True)
    hdus.verify("exception")
    return hdus


def cut_hdus(content: bytes, *regions: Region, **more: Any) -> fits.HDUList:
    return opened(cut_bytes(content, *regions, **more))


def world(hdu: Any, hdus: Any = None) -> WCS:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FITSFixedWarning)
        warnings.simplefilter("ignore", AstropyUserWarning)
        return WCS(hdu.header, hdus)


def place(whole: Any, part: Any) -> tuple[tuple[int, int], ...]:
    """First and last + 1 of the pixels of an image that its cut-out has, told by the reference pixels."""
    spans = []
    for axis in range(1, whole.header["NAXIS"] + 1):
        low = round(whole.header.get(f"CRPIX{axis}", 0.0) - part.header.get(f"CRPIX{axis}", 0.0))
        spans.append((low, low + part.header[f"NAXIS{axis}"]))
    return tuple(spans)


def assert_agrees(
    whole: Any, part: Any, *, whole_file: Any = None, part_file: Any = None
) -> tuple[tuple[int, int], ...]:
    """The cut-out has the pixels and the coordinates of astropy's Cutout2D at the same place."""
    spans = place(whole, part)
    section = tuple(slice(*span) for span in reversed(spans))
    assert part.data.dtype.str[1:] == whole.data.dtype.str[1:]
    # Bytes, as no NaN equals another one.
    assert part.data.tobytes() == whole.data[section].astype(part.data.dtype).tobytes()
    ours = world(part, part_file).celestial
    theirs = world(whole, whole_file).celestial
    axes = _sky_axes(whole, whole_file)
    (x0, x1), (y0, y1) = spans[axes[0]], spans[axes[1]]
    plane = np.zeros((whole.shape[-1 - axes[1]], whole.shape[-1 - axes[0]]), "u1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyUserWarning)
        cutout = Cutout2D(plane, ((x0 + x1 - 1) / 2, (y0 + y1 - 1) / 2), (y1 - y0, x1 - x0), wcs=theirs)
    assert cutout.data.shape == (y1 - y0, x1 - x0)
    corners = np.array([[0, 0], [x1 - x0 - 1, 0], [0, y1 - y0 - 1], [x1 - x0 - 1, y1 - y0 - 1]], dtype=float)
    found = ours.all_pix2world(corners, 0)
    np.testing.assert_allclose(
        found, theirs.all_pix2world(corners + np.array([x0, y0]), 0), rtol=0, atol=1e-10
    )
    if whole_file is None:
        # Cutout2D leaves maps of distortions where they were.
        np.testing.assert_allclose(found, cutout.wcs.all_pix2world(corners, 0), rtol=0, atol=1e-10)
    return spans


def _sky_axes(hdu: Any, hdus: Any) -> tuple[int, int]:
    """From 0, in the order of the file."""
    axes = world(hdu, hdus).wcs
    first, second = sorted((axes.lng, axes.lat))
    return first, second
