"""Images made small while they are read: means of blocks of pixels, a few megabytes in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..errors import UnreadableFile
from ..pixels.hdus import Bytes, Hdu
from ..pixels.sections import Box, read_section
from ..pixels.tiles import read_tiles

__all__ = ["Binned", "Pixels", "binned_plane", "block_size"]

Pixels = npt.NDArray[np.float64]

_KINDS = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


@dataclass(frozen=True)
class Binned:
    """Means of blocks of `factor` by `factor` pixels, NaN where there is no value; the bottom row first."""

    values: Pixels
    factor: int


def block_size(hdu: Hdu, size: int) -> int:
    """How many pixels go into one along each side, that the longer one has at most `size` left."""
    return max(-(-max(hdu.shape[:2]) // size), 1)


def binned_plane(source: Bytes, hdu: Hdu, plane: tuple[int, ...], factor: int) -> Binned:
    """A plane of an image of two or more axes; `plane` are the pixels along all axes but the first two."""
    width, height = hdu.shape[:2]
    box: Box = ((0, width), (0, height), *((index, index + 1) for index in plane))
    rows = [_means(strip, factor) for strip in _strips(source, hdu, box, width, factor)]
    if len(rows) != -(-height // factor):
        raise UnreadableFile(f"the data of HDU {hdu.index} are cut off")
    return Binned(np.stack(rows), factor)


def _strips(source: Bytes, hdu: Hdu, box: Box, width: int, lines: int) -> Iterator[Pixels]:
    """`lines` rows of the image after the other, the last ones perhaps fewer."""
    kind = np.dtype(_KINDS[hdu.bitpix])
    if hdu.is_packed:
        pieces = read_tiles(source, hdu, box)
    else:
        pieces = read_section(source, hdu.offset, hdu.shape, kind.itemsize, box)
    length = width * lines * kind.itemsize
    pending = bytearray()
    for piece in pieces:
        pending += piece
        whole = len(pending) // length * length
        for start in range(0, whole, length):
            yield _values(hdu, bytes(pending[start : start + length]), kind, width)
        del pending[:whole]
    if pending:
        yield _values(hdu, bytes(pending), kind, width)


def _values(hdu: Hdu, content: bytes, kind: np.dtype[np.generic], width: int) -> Pixels:
    """As FITS means them (4.0, 5.3 and 4.4.2.5): scaled, blanks as NaN."""
    stored = np.frombuffer(content, kind).reshape(-1, width)
    values = stored.astype(np.float64)
    blank = hdu.header.integer("ZBLANK" if hdu.is_packed else "BLANK")
    if blank is None and hdu.is_packed:
        blank = hdu.header.integer("BLANK")
    if blank is not None and hdu.bitpix > 0:
        values[stored == blank] = np.nan
    scale, zero = hdu.header.number("BSCALE"), hdu.header.number("BZERO")
    if scale not in {None, 1.0}:
        values *= scale
    if zero:
        values += zero
    values[~np.isfinite(values)] = np.nan
    return np.asarray(values)


def _means(strip: Pixels, factor: int) -> Pixels:
    """One row of means."""
    if factor == 1:
        return np.asarray(strip[0])
    lines, width = strip.shape
    blocks = -(-width // factor)
    padded = np.full((lines, blocks * factor), np.nan)
    padded[:, :width] = strip
    grouped = padded.reshape(lines, blocks, factor)
    known = np.isfinite(grouped)
    counts = known.sum(axis=(0, 2))
    sums = np.where(known, grouped, 0.0).sum(axis=(0, 2))
    return np.asarray(np.divide(sums, counts, out=np.full(blocks, np.nan), where=counts > 0))
