"""Whether two FITS files hold the same data, packed in different ways.

Files packed by gzip, compress or bzip2 are the same when they unpack to the same bytes. Tile compression
(.fz) writes headers anew, so there it is the HDUs that must agree: the cards, but for those that tell how
the file is written, and every bit of the data. What was compressed with a loss is another file.
"""

from __future__ import annotations

import warnings
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
from astropy.io import fits

from archive.errors import UnreadableFile
from archive.store import Card
from archive.tablefiles.fits_scan import ASTROPY_FAILURES, FitsFile, Hdu, scan
from archive.tablefiles.streams import Packing, open_stream, packing
from archive.tablefiles.unpacking import unpacked

__all__ = ["is_same_data"]

_CHUNK = 1 << 20
_MOST_PIXELS = 1 << 30  # bytes of one tile-compressed image that are unpacked for a comparison
_OF_WRITING = frozenset(
    "SIMPLE XTENSION EXTEND PCOUNT GCOUNT BITPIX NAXIS CHECKSUM DATASUM LONGSTRN".split()
    + [f"NAXIS{axis}" for axis in range(1, 10)]
)
# What cfitsio writes into every file it makes.
_STANDARD_COMMENTS = ("FITS (Flexible Image Transport System)", "and Astrophysics', volume 376")
_NO_NAME = "COMPRESSED_IMAGE"


def is_same_data(one: Path, other: Path) -> bool:
    """False also when one of the files cannot be read, and for two plain files, whose checksums tell."""
    try:
        if (packing(one), packing(other)) != (Packing.NONE, Packing.NONE) and _same_bytes(one, other):
            return True
        return _has_same_hdus(one, other)
    except (UnreadableFile, *ASTROPY_FAILURES):
        return False


def _same_bytes(one: Path, other: Path) -> bool:
    with open_stream(one) as first, open_stream(other) as second:
        while (block := first.read(_CHUNK)) == second.read(_CHUNK):
            if not block:
                return True
    return False


def _has_same_hdus(one: Path, other: Path) -> bool:
    files = scan(one), scan(other)
    if _is_tiled(files[0]) == _is_tiled(files[1]) and not _is_tiled(files[0]):
        return False
    pairs = list(zip_longest(*map(_told, files)))
    if any(None in pair or _cards(pair[0]) != _cards(pair[1]) for pair in pairs):
        return False
    with warnings.catch_warnings(), unpacked(one) as first, unpacked(other) as second:
        warnings.simplefilter("ignore")
        with _opened(first) as mine, _opened(second) as others:
            return all(_pixels(mine, a) == _pixels(others, b) for a, b in pairs)


def _is_tiled(file: FitsFile) -> bool:
    return any(hdu.header.flag("ZIMAGE") for hdu in file.hdus)


def _told(file: FitsFile) -> list[Hdu]:
    """HDUs without a first one that says nothing, which tile compression needs and plain files may lack."""
    first, *others = file.hdus
    return [*others] if others and not first.shape and not _cards(first)[1] else [first, *others]


def _cards(hdu: Hdu) -> tuple[object, list[Card]]:
    """What the image is made of, and all cards but those that follow from how the file is written."""
    cards = [card for card in hdu.view.cards if card.keyword not in _OF_WRITING and not _is_formal(card)]
    # Writers move BZERO and BSCALE; equal keywords keep their order.
    cards.sort(key=lambda card: card.keyword)
    return (hdu.view.integer("BITPIX"), hdu.shape, hdu.is_table), cards


def _is_formal(card: Card) -> bool:
    text = str(card.value if card.value is not None else card.comment).strip()
    if card.keyword == "COMMENT":
        return text.startswith(_STANDARD_COMMENTS)
    return (card.keyword == "" and not text) or (card.keyword == "EXTNAME" and text == _NO_NAME)


def _opened(path: Path) -> Any:
    return fits.open(path, memmap=True, do_not_scale_image_data=True)


def _pixels(hdus: Any, hdu: Hdu) -> bytes:
    """The data as a plain file has them; UnreadableFile when they are too many."""
    found = hdus[hdu.index]
    if not hdu.header.flag("ZIMAGE"):
        place = found.fileinfo()
        with open(place["file"].name, "rb") as file:
            file.seek(place["datLoc"])
            return file.read(found.size)
    if int(np.prod(hdu.shape)) * abs(hdu.view.integer("BITPIX") or 8) // 8 > _MOST_PIXELS:
        raise UnreadableFile("too large to be compared")
    values = found.data
    return bytes(values.astype(values.dtype.newbyteorder(">"), copy=False).tobytes())
