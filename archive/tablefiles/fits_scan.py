"""The HDUs of a FITS file: every header, and the data of those tables that are asked for.

Ten times as fast as opening the file with astropy, which remains the second opinion for files whose
structure this scanner refuses. Here belongs where headers and data lie (FITS 4.0, section 3.3); what
cards mean is told by `archive.store`, what the values mean by the modules that harvest.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning

from ..errors import UnreadableFile
from ..store import Card, Header, data_bytes, parse_header
from ..store.cards import CARD
from .streams import Stream, open_stream

__all__ = ["ASTROPY_FAILURES", "FitsFile", "Hdu", "scan", "uncompressed"]

# What astropy raises over damaged headers, besides what it means to raise.
ASTROPY_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    TypeError,
    ValueError,
    fits.VerifyError,
)
_BLOCK = 2880
# Bytes of one file's tables that are held in memory; spectra and visibilities have far fewer.
_MOST_DATA = 256 << 20
# Bounds for files made to exhaust the memory; a few kilobytes can unpack to millions of empty HDUs.
_MOST_HDUS = 10_000
_MOST_HEADERS = 64 << 20
_MOST_PROBLEMS = 100  # of one HDU, told one by one
# What tile compression adds to the header of an image, or replaces there (FITS 4.0, 10.1.1 and 10.1.2).
_OF_COMPRESSION = re.compile(
    r"Z(IMAGE|CMPTYPE|BITPIX|NAXIS\d*|TILE\d+|NAME\d+|VAL\d+|MASKCMP|QUANTIZ|DITHER0|SIMPLE|TENSION|EXTEND"
    r"|BLOCKED|PCOUNT|GCOUNT|HECKSUM|DATASUM)|T(TYPE|FORM|UNIT|DISP)\d+|TFIELDS|THEAP|[PG]COUNT|BITPIX"
    r"|NAXIS\d*|XTENSION"
)
# A header of 30,000 cards is a damaged one: the END card is missing and the data are being read.
_LONGEST_HEADER = 30_000 * 80


@dataclass(frozen=True, slots=True)
class Hdu:
    """One HDU. `header` is as stored; `view` is the same unless the image is tile-compressed, and then
    describes the image inside. `data` is None unless it was asked for."""

    index: int
    header: Header
    view: Header
    data: bytes | None = None

    @property
    def name(self) -> str:
        return self.view.text("EXTNAME") or ""

    @property
    def is_image(self) -> bool:
        """An image with pixels."""
        kind = self.view.text("XTENSION") or "IMAGE"
        return kind in {"IMAGE", "IUEIMAGE"} and min(self.shape, default=0) > 0

    @property
    def is_table(self) -> bool:
        return self.view.text("XTENSION") in {"BINTABLE", "TABLE", "A3DTABLE"}

    @property
    def shape(self) -> tuple[int, ...]:
        """NAXIS1, NAXIS2, ...: the fastest axis first."""
        naxis = self.view.integer("NAXIS") or 0
        return tuple(self.view.integer(f"NAXIS{axis}") or 0 for axis in range(1, naxis + 1))


@dataclass(frozen=True, slots=True)
class FitsFile:
    """What was found: HDUs in order, and everything that was wrong but did not hinder."""

    hdus: tuple[Hdu, ...]
    problems: tuple[str, ...] = ()

    @property
    def primary(self) -> Hdu:
        """The HDU with the observation's keywords: the first one, unless a packed image took its place.

        fpack leaves an empty primary HDU and moves the primary header into the first extension.
        """
        if len(self.hdus) > 1 and not self.hdus[0].shape and self.hdus[1].header.flag("ZSIMPLE"):
            return self.hdus[1]
        return self.hdus[0]


class _EndIsMissing(Exception):
    """A header has no END card, so nobody knows where its data begin; astropy can guess."""


def scan(path: Path, wanted: Callable[[Header], bool] = lambda header: False) -> FitsFile:
    """All HDUs of a file, packed or not. `wanted` chooses the tables whose data are read.

    Raises UnreadableFile with the reason when the file is none, or is cut off within its data.
    """
    try:
        with open_stream(path) as stream:
            return _scan(stream, wanted)
    except _EndIsMissing as cause:
        return _second_opinion(path, str(cause))


def _scan(stream: Stream, wanted: Callable[[Header], bool]) -> FitsFile:
    hdus: list[Hdu] = []
    problems: list[str] = []
    room, spoken = _MOST_DATA, 0
    for raw in _headers(stream, problems):
        spoken += len(raw)
        if spoken > _MOST_HEADERS or len(hdus) == _MOST_HDUS:
            raise UnreadableFile(f"its headers take more than {_MOST_HEADERS >> 20} MiB or {_MOST_HDUS} HDUs")
        header = parse_header(raw)
        problems += _told(len(hdus), header.problems)
        size = data_bytes(header)
        keep = wanted(header) and 0 < size <= room
        room -= size if keep else 0
        data = stream.read(size) if keep else None
        there = len(data) if data is not None else stream.skip(size)
        if there < size:
            raise UnreadableFile(f"truncated: HDU {len(hdus)} announces {size} bytes of data and has {there}")
        padding = -size % _BLOCK
        if stream.skip(padding) < padding:
            problems.append("the last block is not filled up")
        hdus.append(Hdu(len(hdus), header, uncompressed(header), data))
    return FitsFile(tuple(hdus), tuple(dict.fromkeys(problems)))


def _told(number: int, problems: Sequence[str]) -> Iterator[str]:
    yield from (f"HDU {number}: {problem}" for problem in problems[:_MOST_PROBLEMS])
    if len(problems) > _MOST_PROBLEMS:
        yield f"HDU {number}: {len(problems) - _MOST_PROBLEMS} further problems"


def _headers(stream: Stream, problems: list[str]) -> Iterator[bytes]:
    """The bytes of header after header; between two of them the caller passes over the data."""
    block = stream.read(_BLOCK)
    count = 0
    if not block:
        raise UnreadableFile("the file is empty")
    if not block.startswith(b"SIMPLE"):
        raise UnreadableFile("not FITS: it does not begin with SIMPLE")
    while block:
        parts = [block]
        length = len(block)
        while not _has_end(parts[-1]):
            parts.append(stream.read(_BLOCK))
            length += _BLOCK
            if len(parts[-1]) < _BLOCK and count:
                raise UnreadableFile(f"truncated: the file ends within the header of HDU {count}")
            if length > _LONGEST_HEADER and count:
                raise UnreadableFile(f"malformed: the header of HDU {count} has no END card")
            if len(parts[-1]) < _BLOCK or length > _LONGEST_HEADER:
                raise _EndIsMissing("the header of HDU 0 has no END card")
        yield b"".join(parts)
        count += 1
        block = stream.read(_BLOCK)
        if block and not block.startswith(b"XTENSION"):
            if block.strip(b"\0 "):
                problems.append("something that is no FITS extension follows the last HDU")
            return


def _has_end(block: bytes) -> bool:
    start = block.find(b"END")
    while start >= 0:
        if start % CARD == 0 and not block[start + 3 : start + CARD].strip(b" \0"):
            return True
        start = block.find(b"END", start + 1)
    return False


def uncompressed(header: Header) -> Header:
    """The header of the image inside a tile-compressed one (FITS 4.0, 10.1); any other as it is."""
    naxis = header.integer("ZNAXIS")
    if not header.flag("ZIMAGE") or naxis is None or not 0 <= naxis <= 999:
        return header
    replaced = {
        name: header.get(f"Z{name}")
        for name in ("BITPIX", "NAXIS", "PCOUNT", "GCOUNT", *(f"NAXIS{axis}" for axis in range(1, 10)))
    }
    replaced["XTENSION"] = None if header.flag("ZSIMPLE") else "IMAGE"
    cards = [Card(name, value) for name, value in replaced.items() if value is not None]
    cards += (card for card in header.cards if not _OF_COMPRESSION.fullmatch(card.keyword))
    return Header(tuple(cards), header.raw, header.problems)


def _second_opinion(path: Path, reason: str) -> FitsFile:
    """The first HDU as astropy reads it, for a header without END; what follows nobody can find."""
    try:
        with warnings.catch_warnings(), open_stream(path) as stream:
            warnings.simplefilter("ignore", AstropyUserWarning)
            warnings.simplefilter("ignore", fits.verify.VerifyWarning)
            content = stream.read(_LONGEST_HEADER)
            # Not by opening the file: astropy would count the axes of a damaged header for ever.
            data_bytes(parse_header(content))
            text = fits.Header.fromfile(BytesIO(content), endcard=False).tostring()
    except ASTROPY_FAILURES as cause:
        raise UnreadableFile(f"malformed: {reason}") from cause
    header = parse_header(text.encode("latin-1", "replace"))
    if header.integer("NAXIS") is None:
        raise UnreadableFile(f"malformed: {reason}")
    return FitsFile((Hdu(0, header, uncompressed(header)),), (f"malformed, read by astropy: {reason}",))
