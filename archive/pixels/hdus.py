"""Where the HDUs of a FITS file lie, found by reading headers alone and passing over the data.

The file is anything that gives bytes by offset and length; packed files are unpacked before
(`archive.pixels.unpacking`). What was scanned at ingest is not asked: a cut-out is made of what is delivered.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Protocol

from ..errors import UnreadableFile
from ..store import Header, parse_header

__all__ = ["BLOCK", "CARD", "Bytes", "Hdu", "read_hdus"]

BLOCK, CARD = 2880, 80

_GULP = 10 * BLOCK
# A header of 30,000 cards is a damaged one; and so are more headers than these.
_LONGEST_HEADER = 30_000 * CARD
_MOST_HDUS = 10_000
_MOST_AXES = 999  # FITS 4.0, 4.4.1.1
_BITPIX = frozenset({8, 16, 32, 64, -32, -64})
_END = re.compile(rb"END {77}")
# What tells the structure, the coordinates and the columns. Most of an observatory's cards are others, and
# parsing them would take ten times as long.
_RELEVANT = re.compile(
    rb"SIMPLE|XTENSION|BITPIX|NAXIS|PCOUNT|GCOUNT|GROUPS|EXT(NAME|VER|LEVEL)|INHERIT|INSTRUME|BUNIT|TELESCOP"
    rb"|Z(IMAGE|CMPTYPE|BITPIX|NAXIS|TILE|NAME|VAL|QUANTIZ|DITHER0|SIMPLE|TENSION|BLANK|SCALE|ZERO|MASKCMP)"
    rb"|T(FIELDS|TYPE|FORM|UNIT|UCD|UTYP|SCAL|ZERO|NULL|DIM|HEAP)|THEAP|BSCALE|BZERO|BLANK"
    rb"|WCSAXES|C(TYPE|RVAL|RPIX|DELT|UNIT|ROTA|NPIX)\d|CD\d|PC\d|P[VS]\d|LONPOLE|LATPOLE|RADESYS|RADECSYS"
    rb"|EQUINOX|EPOCH|[AB]P?_(ORDER|DMAX|\d)|CPDIS|CPERR|DP\d|CQDIS|DQ\d|D2IM|AXISCORR|WAT\d_|MJD|B?JDREF|DATE"
    rb"|TIME|TREF|REST|SPECSYS|VELOSYS|SSYSOBS|DC-FLAG|WFITTYPE|AIRORVAC|LT[VM]\d|AMD[XY]|PPO|PLT|[XY]PIXELSZ"
)


class Bytes(Protocol):
    """What is read: a file's bytes by their place. `archive.store` has sources of this kind."""

    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes:
        """Short only at the end."""


@dataclass(frozen=True, eq=False)
class Hdu:
    """One HDU. `raw` are the bytes of its header in whole blocks; the data begin at `offset`.

    `header` has only those cards that tell of structure, coordinates and columns. `instrument` is what
    INSTRUME says here or else in the primary header.
    """

    index: int
    raw: bytes
    offset: int
    primary: Hdu | None = None

    @cached_property
    def header(self) -> Header:
        cards = (self.raw[start : start + CARD] for start in range(0, len(self.raw), CARD))
        return parse_header(b"".join(card for card in cards if _RELEVANT.match(card)))

    @cached_property
    def data_bytes(self) -> int:
        """Without padding."""
        return _data_size(self.header, self.index)

    @property
    def padded_bytes(self) -> int:
        return self.data_bytes + -self.data_bytes % BLOCK

    @property
    def instrument(self) -> str | None:
        named = self.header.text("INSTRUME")
        return self.primary.instrument if named is None and self.primary is not None else named

    @property
    def name(self) -> str:
        return self.header.text("EXTNAME") or ""

    @property
    def is_packed(self) -> bool:
        """A tile-compressed image (FITS 4.0, 10.1)."""
        return self.header.flag("ZIMAGE") is True

    @property
    def is_image(self) -> bool:
        """An image with pixels, also a tile-compressed one."""
        if self.is_packed:
            return min(self.shape, default=0) > 0
        kind = self.header.text("XTENSION") or "IMAGE"
        groups = self.header.flag("GROUPS") is True and self.shape[:1] == (0,)
        return kind in {"IMAGE", "IUEIMAGE"} and min(self.shape, default=0) > 0 and not groups

    @property
    def is_table(self) -> bool:
        return self.header.text("XTENSION") in {"BINTABLE", "A3DTABLE"} and not self.is_packed

    @cached_property
    def shape(self) -> tuple[int, ...]:
        """NAXIS1, NAXIS2, ... of the image that is seen: the fastest axis first."""
        prefix = "Z" if self.is_packed else ""
        naxis = self.header.integer(f"{prefix}NAXIS") or 0
        return tuple(self.header.integer(f"{prefix}NAXIS{axis}") or 0 for axis in range(1, naxis + 1))

    @property
    def bitpix(self) -> int:
        """Of the image that is seen."""
        return self.header.integer("ZBITPIX" if self.is_packed else "BITPIX") or 0


def read_hdus(source: Bytes) -> tuple[Hdu, ...]:
    """All HDUs of a file; UnreadableFile says why it is none, or that it is cut off."""
    hdus: list[Hdu] = []
    offset = 0
    while offset < source.size and len(hdus) < _MOST_HDUS:
        raw = _header(source, offset, len(hdus))
        if raw is None:
            break
        hdu = Hdu(len(hdus), raw, offset + len(raw), hdus[0] if hdus else None)
        if hdu.offset + hdu.data_bytes > source.size:
            raise UnreadableFile(f"the file is cut off in the data of HDU {hdu.index}")
        hdus.append(hdu)
        offset = hdu.offset + hdu.padded_bytes
    if not hdus:
        raise UnreadableFile("the file is empty")
    return tuple(hdus)


def _header(source: Bytes, offset: int, number: int) -> bytes | None:
    """The blocks up to END; None for what follows the last HDU and is none (FITS 4.0, 3.5)."""
    content = bytearray()
    while len(content) <= _LONGEST_HEADER:
        gulp = source.read(offset + len(content), _GULP)
        if not content and not gulp.startswith(b"SIMPLE" if number == 0 else b"XTENSION"):
            if number == 0:
                raise UnreadableFile("not FITS: it does not begin with SIMPLE")
            return None
        start = max(len(content) - CARD, 0)
        content += gulp
        for found in _END.finditer(content, start):
            if found.start() % CARD == 0:
                return bytes(content[: -(-found.end() // BLOCK) * BLOCK])
        if len(gulp) < _GULP:
            break
    raise UnreadableFile(f"the header of HDU {number} has no END card")


def _check_packed(header: Header, number: int) -> None:
    """FITS 4.0, 10.1.1. Everything that reads the image counts its axes, and multiplies by its bits."""
    axes = header.integer("ZNAXIS")
    if header.integer("ZBITPIX") not in _BITPIX or axes is None or not 0 <= axes <= _MOST_AXES:
        raise UnreadableFile(f"HDU {number} says neither ZBITPIX nor ZNAXIS")


def _data_size(header: Header, number: int) -> int:
    """FITS 4.0, equations 1, 2 and 4."""
    bitpix, naxis = header.integer("BITPIX"), header.integer("NAXIS")
    if bitpix not in _BITPIX or naxis is None or not 0 <= naxis <= _MOST_AXES:
        raise UnreadableFile(f"HDU {number} says neither BITPIX nor NAXIS")
    if header.flag("ZIMAGE") is True:
        _check_packed(header, number)
    if naxis == 0:
        return 0
    axes = [header.integer(f"NAXIS{axis}") for axis in range(1, naxis + 1)]
    lengths = [axis for axis in axes if axis is not None and axis >= 0]
    if len(lengths) < naxis:
        raise UnreadableFile(f"HDU {number} has axes of no length: {axes}")
    if lengths[0] == 0 and header.flag("GROUPS"):
        lengths = lengths[1:]
    groups = header.integer("GCOUNT")
    size = (
        abs(bitpix)
        // 8
        * (1 if groups is None else groups)
        * (prod(lengths) + (header.integer("PCOUNT") or 0))
    )
    if size < 0:
        raise UnreadableFile(f"HDU {number} has less than no data")
    return size
