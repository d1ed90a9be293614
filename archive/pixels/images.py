"""An image cut to a box of its pixels: the header that is right for the rest, and the bytes.

Everything that counts in pixels moves along: reference pixels of all coordinate systems, IRAF's physical
coordinates, sections of the detector. Values stay as they are stored, scaled integers and blanks too.
A tile-compressed image comes out uncompressed: nothing is lost that way, and every program reads it.
"""

from __future__ import annotations

import re

from .cards import Cards
from .echelle import renumber
from .hdus import Bytes, Hdu
from .parts import Part, changed
from .sections import Box, box_bytes, read_section
from .tiles import read_tiles

__all__ = ["cut_image", "full_box"]

_REFERENCE = re.compile(r"CRPIX(\d+)([A-Z]?)")
# Sections of the image in its own pixels (IRAF's ccdproc); what lies outside the cut-out is left out.
_OWN_SECTIONS = ("DATASEC", "TRIMSEC", "BIASSEC", "AMPSEC")
_DETECTOR_SECTIONS = ("CCDSEC", "DETSEC")
_SECTION = re.compile(r"\s*\[\s*(\d+)\s*:\s*(\d+)\s*,\s*(\d+)\s*:\s*(\d+)\s*\]\s*")
# What tile compression adds to the header of an image, or replaces there (FITS 4.0, 10.1.1 and 10.1.2).
_OF_COMPRESSION = re.compile(
    r"Z(IMAGE|CMPTYPE|BITPIX|NAXIS\d*|TILE\d+|NAME\d+|VAL\d+|MASKCMP|QUANTIZ|DITHER0|SIMPLE|TENSION|EXTEND"
    r"|BLOCKED|PCOUNT|GCOUNT|HECKSUM|DATASUM|BLANK|SCALE|ZERO)|T(TYPE|FORM|UNIT|DISP|SCAL|ZERO|NULL|DIM)\d+"
    r"|TFIELDS|THEAP|[PG]COUNT|BITPIX|NAXIS\d*|XTENSION|CHECKSUM|DATASUM"
)


def full_box(hdu: Hdu) -> Box:
    return tuple((0, length) for length in hdu.shape)


def cut_image(source: Bytes, hdu: Hdu, box: Box, note: str) -> Part:
    """`note` goes into the HISTORY, with the pixels that were cut."""
    cards = Cards.of(hdu)
    if hdu.is_packed:
        _restore(cards, hdu)
    for axis, (low, high) in enumerate(box):
        cards.set(f"NAXIS{axis + 1}", high - low)
        if low:
            _shift(cards, axis + 1, low)
    _shift_sections(cards, hdu, box)
    if len(box) == 2:
        renumber(cards, hdu, box[1])
    pixels = ",".join(f"{low + 1}:{high}" for low, high in box)
    cards.history(f"{note}, pixels [{pixels}]")
    size = box_bytes(box, abs(hdu.bitpix) // 8)
    if hdu.is_packed:
        return changed(cards, size, lambda: read_tiles(source, hdu, box))
    item = abs(hdu.bitpix) // 8
    return changed(cards, size, lambda: read_section(source, hdu.offset, hdu.shape, item, box))


def _restore(cards: Cards, hdu: Hdu) -> None:
    """The header of the image inside a compressed one."""
    had_sums = "ZHECKSUM" in cards or "CHECKSUM" in cards
    cards.remove(_OF_COMPRESSION)
    primary = hdu.header.flag("ZSIMPLE") is True
    cards.begin(
        [
            ("SIMPLE", True, "") if primary else ("XTENSION", "IMAGE", "image extension"),
            ("BITPIX", hdu.bitpix, ""),
            ("NAXIS", len(hdu.shape), ""),
            *((f"NAXIS{axis + 1}", length, "") for axis, length in enumerate(hdu.shape)),
            *([] if primary else [("PCOUNT", 0, ""), ("GCOUNT", 1, "")]),
        ]
    )
    if had_sums:
        cards.set("CHECKSUM", "")


def _shift(cards: Cards, axis: int, low: int) -> None:
    """`low` pixels less along an axis."""
    references = [found for keyword in cards.keywords() if (found := _REFERENCE.fullmatch(keyword))]
    for found in references:
        if int(found[1]) == axis:
            cards.change(found[0], lambda pixel: float(pixel - low))
    for version in _versions_without_reference(cards, axis):
        # FITS 4.0, 8.2: it is 0 unless something else is said.
        cards.set(f"CRPIX{axis}{version}", float(-low), "reference pixel")
    cards.change(f"CNPIX{axis}", lambda pixel: pixel + low)
    if f"LTV{axis}" in cards:
        cards.change(f"LTV{axis}", lambda place: float(place - low))
    elif f"LTM{axis}_{axis}" in cards:
        cards.set(f"LTV{axis}", float(-low))


def _versions_without_reference(cards: Cards, axis: int) -> list[str]:
    versions = {
        found[1]
        for keyword in cards.keywords()
        if (found := re.fullmatch(rf"(?:CTYPE|CRVAL){axis}([A-Z]?)", keyword))
    }
    return sorted(version for version in versions if f"CRPIX{axis}{version}" not in cards)


def _shift_sections(cards: Cards, hdu: Hdu, box: Box) -> None:
    if len(box) < 2:
        return
    gone = []
    for keyword in (*_OWN_SECTIONS, *_DETECTOR_SECTIONS):
        text = cards.text(keyword)
        found = _SECTION.fullmatch(text) if text else None
        if found is None:
            continue
        x1, x2, y1, y2 = (int(number) for number in found.groups())
        if keyword in _OWN_SECTIONS:
            sides = [_own_side(x1, x2, *box[0]), _own_side(y1, y2, *box[1])]
        else:
            sides = [
                _detector_side(x1, x2, hdu.shape[0], *box[0]),
                _detector_side(y1, y2, hdu.shape[1], *box[1]),
            ]
        if None in sides:
            gone.append(keyword)
        else:
            cards.set(keyword, f"[{sides[0]},{sides[1]}]")
    if gone:
        cards.remove(re.compile("|".join(gone)))


def _own_side(first: int, last: int, low: int, high: int) -> str | None:
    """A section that may run backwards; pixels from 1, the cut's from 0 to `high` - 1."""
    begin, end = max(min(first, last), low + 1) - low, min(max(first, last), high) - low
    if begin > end:
        return None
    return f"{begin}:{end}" if first <= last else f"{end}:{begin}"


def _detector_side(first: int, last: int, length: int, low: int, high: int) -> str | None:
    """The place on the detector of an image that is all of that section, binned or not."""
    span = abs(last - first) + 1
    if span % length:
        return None
    binning = span // length
    if first <= last:
        return f"{first + low * binning}:{first + high * binning - 1}"
    return f"{first - low * binning}:{first - high * binning + 1}"
