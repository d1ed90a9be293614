"""Tile-compressed images (FITS 4.0, 10): the tiles that a section touches, and no others, unpacked.

Neighbouring tiles become a small compressed image of their own, which astropy unpacks; so all of its
algorithms are known here, and none is written again.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from math import prod

import numpy as np
import numpy.typing as npt
from astropy.io import fits
from astropy.io.fits.hdu.compressed._compression import CfitsioException
from astropy.utils.exceptions import AstropyUserWarning

from ..errors import UnreadableFile, UsageError
from ..tablefiles.fits_scan import ASTROPY_FAILURES
from .cards import Cards, padding
from .hdus import BLOCK, Bytes, Hdu
from .sections import PIECE, Box

__all__ = ["read_tiles", "tile_span"]

_DESCRIPTOR = re.compile(r"(\d*)([PQ])([LXBIJKAEDCM]).*")
_COLUMN = re.compile(r"(\d*)([LXBIJKAEDCMPQ]).*")
_WIDTHS = {"L": 1, "X": 1, "B": 1, "I": 2, "J": 4, "K": 8, "A": 1, "E": 4, "D": 8, "C": 8, "M": 16}
_WIDTHS |= {"P": 8, "Q": 16}
# What a small image of some tiles has in its header besides its size.
_KEPT = re.compile(
    r"XTENSION|BITPIX|NAXIS1?|GCOUNT|TFIELDS|T(TYPE|FORM|SCAL|ZERO|NULL)\d+|ZIMAGE|ZCMPTYPE|ZBITPIX|ZNAXIS"
    r"|ZTILE\d+|Z(NAME|VAL)\d+|ZQUANTIZ|ZMASKCMP|ZBLANK|ZSCALE|ZZERO|BSCALE|BZERO|BLANK"
)
_MOST_SLAB = 512 << 20  # bytes of tiles that have to be in memory together
_GAP = 256 << 10
_DTYPES = {8: ">u1", 16: ">i2", 32: ">i4", 64: ">i8", -32: ">f4", -64: ">f8"}


@dataclass(frozen=True)
class _Tiling:
    """How an image is divided: `tile` and `count` of tiles along each axis, the fastest first."""

    hdu: Hdu

    @cached_property
    def tile(self) -> tuple[int, ...]:
        shape = self.hdu.shape
        # FITS 4.0, 10.1.1: by default a tile is a row.
        default = (shape[0], *(1 for _ in shape[1:]))
        sizes = tuple(self.hdu.header.integer(f"ZTILE{i + 1}") or default[i] for i in range(len(shape)))
        if min(sizes) < 1:
            raise UnreadableFile(f"HDU {self.hdu.index} has tiles of no size: {sizes}")
        return tuple(min(size, length) for size, length in zip(sizes, shape, strict=True))

    @cached_property
    def count(self) -> tuple[int, ...]:
        return tuple(-(-n // t) for n, t in zip(self.hdu.shape, self.tile, strict=True))

    def touched(self, box: Box) -> Box:
        """First and last + 1 of the tiles along each axis."""
        return tuple((low // t, -(-high // t)) for (low, high), t in zip(box, self.tile, strict=True))

    def pixels(self, axis: int, first: int, last: int) -> tuple[int, int]:
        """The pixels of some tiles along an axis."""
        return first * self.tile[axis], min(last * self.tile[axis], self.hdu.shape[axis])

    @cached_property
    def is_dithered(self) -> bool:
        """Then a tile's values depend on its number, which has to be kept (FITS 4.0, 10.2.1)."""
        return (self.hdu.header.text("ZQUANTIZ") or "").startswith("SUBTRACTIVE_DITHER")


def tile_span(hdu: Hdu, box: Box) -> int:
    """How many tiles a section touches."""
    return prod(last - first for first, last in _Tiling(hdu).touched(box))


def read_tiles(source: Bytes, hdu: Hdu, box: Box) -> Iterator[bytes]:
    """The bytes of a section as an uncompressed image would have them."""
    tiling = _Tiling(hdu)
    tiles = tiling.touched(box)
    slow = max([1, *(axis for axis, size in enumerate(tiling.tile) if size > 1)])
    item = abs(hdu.bitpix) // 8
    if len(hdu.shape) == 1:
        _check_room(item * (tiles[0][1] - tiles[0][0]) * tiling.tile[0])
        yield _cut(_Slab(source, tiling, tiles).read(), tiling, tiles, box)
        return
    line = item * prod(high - low for low, high in box[:slow])
    _check_room(line * tiling.tile[slow])
    together = max(PIECE // (line * tiling.tile[slow]), 1)
    for outer in product(*(range(*tiles[axis]) for axis in reversed(range(slow + 1, len(tiles))))):
        fixed = tuple((index, index + 1) for index in reversed(outer))
        for first in range(*tiles[slow], together):
            span = (first, min(first + together, tiles[slow][1]))
            slab = (*tiles[:slow], span, *fixed)
            yield _cut(_Slab(source, tiling, slab).read(), tiling, slab, box)


def _check_room(size: int) -> None:
    if size > _MOST_SLAB:
        raise UsageError(
            "so large a part of an image with such tiles does not fit into the memory",
            hint="ask for a smaller one, or for the whole file",
        )


def _cut(pixels: npt.NDArray[np.generic], tiling: _Tiling, tiles: Box, box: Box) -> bytes:
    """The part of unpacked tiles that lies in the box."""
    slices = []
    for axis, (first, last) in enumerate(tiles):
        start, stop = tiling.pixels(axis, first, last)
        slices.append(slice(max(box[axis][0], start) - start, min(box[axis][1], stop) - start))
    return pixels[tuple(reversed(slices))].tobytes()


@dataclass(frozen=True)
class _Slab:
    """A block of tiles, unpacked together."""

    source: Bytes
    tiling: _Tiling
    tiles: Box

    def read(self) -> npt.NDArray[np.generic]:
        """Its pixels, the slowest axis first, as FITS stores them."""
        extents = [self.tiling.pixels(axis, *span) for axis, span in enumerate(self.tiles)]
        shape = tuple(stop - start for start, stop in reversed(extents))
        pixels = np.empty(shape, _DTYPES[self.tiling.hdu.bitpix])
        for run in self._runs():
            places = []
            for axis, span in enumerate(run):
                start, stop = self.tiling.pixels(axis, *span)
                places.append(slice(start - extents[axis][0], stop - extents[axis][0]))
            pixels[tuple(reversed(places))] = self._unpacked(run)
        return pixels

    def _runs(self) -> Iterator[Box]:
        """Blocks of tiles in consecutive rows, or all at once where their numbers do not matter."""
        if not self.tiling.is_dithered:
            yield self.tiles
            return
        joined = 1
        while joined < len(self.tiles) and all(
            span == (0, count)
            for span, count in zip(self.tiles[:joined], self.tiling.count[:joined], strict=True)
        ):
            joined += 1
        outer = [range(*span) for span in reversed(self.tiles[joined:])]
        for indices in product(*outer):
            yield (*self.tiles[:joined], *((index, index + 1) for index in reversed(indices)))

    def _numbers(self, run: Box) -> npt.NDArray[np.int64]:
        """The rows of a run, from 0, in the order of its tiles."""
        numbers = np.zeros(1, dtype=np.int64)
        for axis in reversed(range(len(run))):
            stride = prod(self.tiling.count[:axis])
            steps = np.arange(*run[axis], dtype=np.int64) * stride
            numbers = (numbers[:, np.newaxis] + steps[np.newaxis, :]).ravel()
        return numbers

    def _unpacked(self, run: Box) -> npt.NDArray[np.generic]:
        numbers = self._numbers(run)
        hdu = self.tiling.hdu
        rows, heap = _rows(self.source, hdu, numbers)
        shape = [np.diff(self.tiling.pixels(axis, *span))[0] for axis, span in enumerate(run)]
        content = _small_image(hdu, rows, heap, [int(n) for n in shape], int(numbers[0]))
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", AstropyUserWarning)
                with fits.open(io.BytesIO(content), do_not_scale_image_data=True) as hdus:
                    return np.asarray(hdus[1].data)
        except (CfitsioException, *ASTROPY_FAILURES) as cause:
            raise UnreadableFile(f"the tiles of HDU {hdu.index} cannot be unpacked: {cause}") from cause


def _small_image(hdu: Hdu, rows: bytes, heap: bytes, shape: list[int], first: int) -> bytes:
    cards = Cards.of(hdu)
    cards.keep(_KEPT)
    cards.set("NAXIS2", len(rows) // (hdu.header.integer("NAXIS1") or 1))
    for axis, length in enumerate(shape):
        cards.set(f"ZNAXIS{axis + 1}", length)
    cards.set_after("NAXIS2", "PCOUNT", len(heap))
    seed = hdu.header.integer("ZDITHER0")
    if seed:
        # The row's number is added to it, and 10,000 seeds are there.
        cards.set("ZDITHER0", (seed - 1 + first) % 10_000 + 1)
    data = rows + heap
    empty = b"".join(
        f"{text:80}".encode() for text in ("SIMPLE  =                    T", "BITPIX  =                    8")
    )
    empty += f"{'NAXIS   =                    0':80}{'END':80}".encode()
    return empty.ljust(BLOCK) + cards.encoded() + data + padding(len(data))


def _rows(source: Bytes, hdu: Hdu, numbers: npt.NDArray[np.int64]) -> tuple[bytes, bytes]:
    """Rows of the table of tiles, and the bytes that they point to, brought close together."""
    header = hdu.header
    width, count = header.integer("NAXIS1") or 0, header.integer("NAXIS2") or 0
    if not len(numbers) or numbers.max() >= count:
        raise UnreadableFile(f"HDU {hdu.index} has {count} tiles, which are too few")
    rows = _gathered(source, hdu.offset, numbers, width)
    start = hdu.offset + (header.integer("THEAP") or width * count)
    heap = bytearray()
    for column, letter, element in _descriptors(hdu):
        kind = np.dtype(">i4" if letter == "P" else ">i8")
        pairs = np.ndarray((len(numbers), 2), kind, rows, column, (width, kind.itemsize))
        lengths = pairs[:, 0].astype(np.int64) * element
        places = pairs[:, 1].astype(np.int64)
        if (lengths < 0).any() or (places < 0).any() or start + int((places + lengths).max()) > source.size:
            raise UnreadableFile(f"HDU {hdu.index}: tiles lie outside the file")
        begin = len(heap)
        heap += _pieces(source, start, places, lengths)
        pairs[:, 1] = begin + np.concatenate([[0], np.cumsum(lengths)[:-1]])
    return bytes(rows), bytes(heap)


def _gathered(source: Bytes, offset: int, numbers: npt.NDArray[np.int64], width: int) -> bytearray:
    """Rows of a table by their numbers, which ascend; those near each other are read in one go."""
    rows = bytearray()
    for first, last in _near(numbers * width, np.full(len(numbers), width)):
        content = source.read(
            offset + int(numbers[first]) * width, int(numbers[last] - numbers[first] + 1) * width
        )
        for number in numbers[first : last + 1] - numbers[first]:
            rows += content[int(number) * width : (int(number) + 1) * width]
    return rows


def _pieces(
    source: Bytes, start: int, places: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
) -> bytes:
    """Bytes of the heap, in the order of `places`."""
    found: dict[int, bytes] = {}
    order = np.argsort(places, kind="stable")
    for first, last in _near(places[order], lengths[order]):
        chosen = order[first : last + 1]
        low, high = int(places[chosen].min()), int((places[chosen] + lengths[chosen]).max())
        content = source.read(start + low, high - low)
        for i in chosen:
            found[int(i)] = content[int(places[i]) - low : int(places[i] + lengths[i]) - low]
    return b"".join(found[i] for i in range(len(places)))


def _near(places: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """First and last of the ascending places that are worth reading in one go."""
    first = 0
    for i in range(1, len(places) + 1):
        if i == len(places) or places[i] - (places[i - 1] + lengths[i - 1]) > _GAP:
            yield first, i - 1
            first = i


def _descriptors(hdu: Hdu) -> Iterator[tuple[int, str, int]]:
    """Columns of variable length: offset in the row, P or Q, bytes of an element."""
    offset = 0
    for number in range(1, (hdu.header.integer("TFIELDS") or 0) + 1):
        form = (hdu.header.text(f"TFORM{number}") or "").strip()
        found = _COLUMN.match(form)
        if found is None:
            raise UnreadableFile(f"HDU {hdu.index}: TFORM{number} = {form!r}")
        repeat = int(found[1] or 1)
        if (described := _DESCRIPTOR.match(form)) and repeat:
            yield offset, described[2], _WIDTHS[described[3]]
        offset += (repeat + 7) // 8 if found[2] == "X" else repeat * _WIDTHS[found[2]]
