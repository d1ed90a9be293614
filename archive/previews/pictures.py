"""Images as pictures: all detectors of an exposure together on the sky, north up and east to the left.

What has no usable coordinates is shown as it is stored, with the first row at the bottom.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import NotFound, UnreadableFile
from ..pixels.hdus import Bytes, Hdu
from ..pixels.worlds import Sky, sky_of
from .binning import Binned, Pixels, binned_plane, block_size

__all__ = ["Reader", "image_picture", "shown_images"]

# What is in an HDU beside the science data (ESO's and HST's names, HDUCLAS2, weights of SExtractor).
_BESIDE = re.compile(
    r".*(ERR|STAT|DQ|QUAL|MASK|BPM|WEIGHT|WHT|CONF|VAR|SIGMA|SIG\b|CTX|EXP|FLAG|COVER|SAMP|TIME\b).*",
    re.IGNORECASE,
)
_MOST_IMAGES = 100  # of one exposure; MUSE has 24 and OmegaCAM 32
_WIDEST = 60.0  # degrees, beyond which a plane is no picture of the sky
_LARGEST_PIXEL = 8  # a pixel of a small image is shown as large as this
_NARROWEST = 4  # times as long as high at most: orders of a spectrum are made higher
Reader = Callable[[Hdu, int], Binned]


@dataclass(frozen=True)
class _Placed:
    hdu: Hdu
    sky: Sky
    corners: Pixels  # unit vectors


def shown_images(hdus: Sequence[Hdu]) -> list[Hdu]:
    """The images that are the dataset, as far as their names tell; NotFound when there is none."""
    images = [hdu for hdu in hdus if hdu.is_image and min([*hdu.shape[:2], 2][:2]) > 1 and len(hdu.shape) > 1]
    science = [hdu for hdu in images if not _BESIDE.fullmatch(hdu.name)]
    chosen = science or images
    if not chosen:
        raise NotFound("it has no image of two dimensions")
    # A cube beside its white-light image is a cube, and images of one shape are detectors of one camera.
    largest = max(chosen, key=lambda hdu: (len(hdu.shape), np.prod(hdu.shape)))
    same = [hdu for hdu in chosen if len(hdu.shape) == len(largest.shape)]
    return same[:_MOST_IMAGES]


def first_plane(source: Bytes) -> Reader:
    def read(hdu: Hdu, factor: int) -> Binned:
        return binned_plane(source, hdu, (0,) * (len(hdu.shape) - 2), factor)

    return read


def image_picture(source: Bytes, images: Sequence[Hdu], size: int, read: Reader | None = None) -> Pixels:
    """Values of a picture at most `size` wide and high, the top row first; `read` makes images small."""
    reader = read or first_plane(source)
    placed = [one for hdu in images if (one := _placed(hdu)) is not None]
    if placed:
        picture = _on_sky(placed, size, reader)
        if picture is not None:
            return picture
    largest = max(images, key=lambda hdu: int(np.prod(hdu.shape[:2])))
    return _enlarged(reader(largest, block_size(largest, size)).values[::-1], size)


def _enlarged(values: Pixels, size: int) -> Pixels:
    height, width = values.shape
    times = min(max(size // max(height, width), 1), _LARGEST_PIXEL)
    up, across = (
        times * max(long // (_NARROWEST * short), 1) for long, short in ((width, height), (height, width))
    )
    return np.repeat(np.repeat(values, up, axis=0), across, axis=1)


def _placed(hdu: Hdu) -> _Placed | None:
    try:
        sky = sky_of(hdu)
        if sky is None or sky.axes != (0, 1):
            return None
        width, height = sky.shape
        edges = np.array(
            [(-0.5, -0.5), (width - 0.5, -0.5), (width - 0.5, height - 0.5), (-0.5, height - 0.5)]
        )
        corners = sky.directions(edges)
    except UnreadableFile:
        return None
    return _Placed(hdu, sky, corners) if np.isfinite(corners).all() else None


def _on_sky(placed: Sequence[_Placed], size: int, read: Reader) -> Pixels | None:
    """All images on the plane that touches the sky in their middle; None when that makes no picture."""
    corners = np.concatenate([one.corners for one in placed])
    middle = corners.mean(axis=0)
    length = float(np.linalg.norm(middle))
    if length < np.cos(np.radians(_WIDEST / 2)):
        return None
    middle /= length
    east, north = _axes(middle)
    along = corners @ middle
    x, y = corners @ east / along, corners @ north / along
    extent = max(float(np.ptp(x)), float(np.ptp(y)))
    if not 0 < extent < 2 * np.tan(np.radians(_WIDEST / 2)):
        return None
    step = max(extent / size, min(_pixel(one) for one in placed) / _LARGEST_PIXEL)
    width, height = (max(int(np.ceil(float(np.ptp(axis)) / step - 1e-6)), 1) for axis in (x, y))
    columns = x.max() - step * (np.arange(width) + 0.5)
    lines = y.max() - step * (np.arange(height) + 0.5)
    picture = np.full((height, width), np.nan)
    for one in placed:
        small = read(one.hdu, max(int(step / _pixel(one)), 1))
        _draw(picture, one, small, (columns, lines), (middle, east, north))
    return picture


def _axes(middle: Pixels) -> tuple[Pixels, Pixels]:
    """Unit vectors to the east and to the north of a direction."""
    east = np.array([-middle[1], middle[0], 0.0])
    norm = float(np.linalg.norm(east))
    east = east / norm if norm > 1e-12 else np.array([0.0, 1.0, 0.0])
    return east, np.cross(middle, east)


def _pixel(one: _Placed) -> float:
    """The side of a pixel in radians: of a square of the same area as the mean one."""
    first, second, third, fourth = one.corners
    across = float(np.linalg.norm(second - first) + np.linalg.norm(third - fourth)) / 2
    up = float(np.linalg.norm(fourth - first) + np.linalg.norm(third - second)) / 2
    width, height = one.sky.shape
    return math.sqrt(max(across * up, 1e-30) / (width * height))


def _draw(
    picture: Pixels,
    one: _Placed,
    small: Binned,
    places: tuple[Pixels, Pixels],
    frame: tuple[Pixels, Pixels, Pixels],
) -> None:
    """Puts an image where it lies; a band of lines at a time, as coordinates take room."""
    columns, lines = places
    middle, east, north = frame
    band = max(1_000_000 // max(len(columns), 1), 1)
    for start in range(0, len(lines), band):
        chosen = lines[start : start + band]
        x, y = (grid.ravel() for grid in np.meshgrid(columns, chosen))
        directions = middle + x[:, None] * east + y[:, None] * north
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        pixels = one.sky.pixels(directions)
        with np.errstate(invalid="ignore"):
            blocks = np.floor((pixels + 0.5) / small.factor)
            inside = (pixels >= -0.5).all(axis=1) & (pixels < np.array(one.sky.shape) - 0.5).all(axis=1)
        found = np.flatnonzero(inside)
        column, line = blocks[found].astype(np.int64).T
        values = small.values[line, column]
        known = np.isfinite(values)
        picture[start : start + len(chosen)].reshape(-1)[found[known]] = values[known]
