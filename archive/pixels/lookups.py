"""What coordinates of an image look up in other HDUs: tables of -TAB, and maps of distortions.

The maps (Calabretta et al. 2004, as HST's pipeline writes them) say in pixels where they lie on the image, so
that they have to move when it is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from astropy.io import fits

from ..errors import UnreadableFile, UsageError
from .cards import Cards
from .hdus import CARD, Bytes, Hdu
from .parts import Part, changed
from .sections import Box, copy
from .worlds import lookups_of

__all__ = ["loaded", "moved", "shifts_of"]

_MOST = 64 << 20  # bytes of one table that is looked up
_VERSION = re.compile(rb"(DP|D2IM)(\d) *= *'EXTVER *: *(\d+)")
_NAMES = {b"DP": "WCSDVARR", b"D2IM": "D2IMARR"}

Shifts = Mapping[tuple[str, int], tuple[int, ...]]


def loaded(source: Bytes, hdus: Sequence[Hdu], image: Hdu) -> list[Any]:
    """The HDUs that an image's coordinates refer to, as astropy has them."""
    names = lookups_of(image)
    return [_as_astropy(source, hdu) for hdu in hdus if hdu.name in names] if names else []


def _as_astropy(source: Bytes, hdu: Hdu) -> Any:
    if hdu.padded_bytes > _MOST:
        raise UnreadableFile(f"the coordinates refer to HDU {hdu.index}, which is too large to be looked up")
    kind = fits.BinTableHDU if hdu.is_table else fits.ImageHDU
    return kind.fromstring(hdu.raw + source.read(hdu.offset, hdu.padded_bytes))


def shifts_of(images: Mapping[Hdu, Box]) -> dict[tuple[str, int], tuple[int, ...]]:
    """By how many pixels each map has to move, by its EXTNAME and EXTVER, when these images are cut."""
    shifts: dict[tuple[str, int], tuple[int, ...]] = {}
    for image, box in images.items():
        low = tuple(span[0] for span in box)
        for key in _maps(image):
            if shifts.setdefault(key, low) != low:
                raise UsageError(
                    f"several images of the file share the distortion map {key[0]},{key[1]}, and would be cut"
                    " at different places",
                    hint="ask for the whole file",
                )
    return shifts


def _maps(image: Hdu) -> Iterator[tuple[str, int]]:
    for start in range(0, len(image.raw), CARD):
        if found := _VERSION.match(image.raw[start : start + CARD]):
            yield _NAMES[found[1]], int(found[3])


def moved(source: Bytes, hdu: Hdu, shifts: Shifts) -> Part | None:
    """A map at its new place; None when the HDU is none."""
    shift = shifts.get((hdu.name, hdu.header.integer("EXTVER") or 1))
    if shift is None or not any(shift):
        return None
    cards = Cards.of(hdu)
    for axis, low in enumerate(shift):
        if axis < len(hdu.shape):
            cards.change(f"CRVAL{axis + 1}", lambda place, low=low: float(place - low))  # type: ignore[misc]
    return changed(cards, hdu.data_bytes, lambda: copy(source, hdu.offset, hdu.data_bytes))
