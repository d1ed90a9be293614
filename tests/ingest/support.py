"""Small FITS files made by hand: every card as it is wanted, also the wrong ones."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
from astropy.io import fits

from archive.store import Header, parse_header
from archive.tablefiles.fits_scan import Hdu
from ingest.keywords import Keywords

RAW = {
    "INSTRUME": "ISAAC",
    "TELESCOP": "ESO-VLT-U1",
    "ARCFILE": "ISAAC.2006-04-13T06:32:38.944.fits",
    "ORIGFILE": "ISAAC_SWI_SCI_0014.fits",
    "OBJECT": "PSR-J1740-3052",
    "RA": 265.20907,
    "DEC": -30.86916,
    "EQUINOX": 2000.0,
    "RADECSYS": "FK5",
    "DATE-OBS": "2006-04-13T06:32:38.9441",
    "MJD-OBS": 53838.27267296,
    "EXPTIME": 4.0,
    "ESO DPR CATG": "SCIENCE",
    "ESO DPR TYPE": "OBJECT",
    "ESO DPR TECH": "IMAGE,JITTER",
}
TAN = {
    "CTYPE1": "RA---TAN",
    "CTYPE2": "DEC--TAN",
    "CRVAL1": 150.0,
    "CRVAL2": 2.0,
    "CRPIX1": 50.5,
    "CRPIX2": 25.5,
    "CDELT1": -0.001,
    "CDELT2": 0.001,
}


def card(keyword: str, value: object) -> str:
    """One or several 80-character card images; keywords with blanks become hierarchical."""
    if isinstance(value, bool):
        text = "T" if value else "F"
    elif isinstance(value, str):
        text = "'" + value.replace("'", "''").ljust(8) + "'"
    else:
        text = repr(value).upper()
    name = f"HIERARCH {keyword} " if " " in keyword else keyword.ljust(8)
    return f"{name}= {text}".ljust(80)


def header_bytes(cards: Iterable[str]) -> bytes:
    text = "".join(line.ljust(80) for line in cards) + "END".ljust(80)
    return text.ljust(-(-len(text) // 2880) * 2880).encode("latin-1")


def image(
    values: Mapping[str, object] | None = None,
    shape: tuple[int, ...] = (100, 50),
    *,
    first: bool = True,
    lines: Iterable[str] = (),
) -> bytes:
    """An HDU with an image of 16-bit zeros; `shape` as NAXIS1, NAXIS2, ...; `lines` are card images."""
    start = card("SIMPLE", True) if first else card("XTENSION", "IMAGE")
    cards = [start, card("BITPIX", 16), card("NAXIS", len(shape))]
    cards += [card(f"NAXIS{axis}", length) for axis, length in enumerate(shape, 1)]
    if not first:
        cards += [card("PCOUNT", 0), card("GCOUNT", 1)]
    cards += [card(keyword, value) for keyword, value in (values or {}).items()]
    size = 2 * int(np.prod(shape)) if shape else 0
    return header_bytes([*cards, *lines]) + b"\0" * (-(-size // 2880) * 2880)


def table(columns: Mapping[str, tuple[object, str | None]], name: str = "") -> bytes:
    """A binary table HDU of columns (values, unit)."""
    made = []
    for column, (values, unit) in columns.items():
        array = np.asarray(values)
        length = "" if array.ndim == 1 else str(array.shape[1])
        code = {"f8": "D", "f4": "E", "i4": "J", "i2": "I"}.get(array.dtype.str[1:])
        form = f"{array.dtype.itemsize // 4}A" if code is None else length + code
        made.append(fits.Column(column, form, unit, array=array))
    file = BytesIO()
    fits.HDUList([fits.PrimaryHDU(), fits.BinTableHDU.from_columns(made, name=name or None)]).writeto(file)
    return file.getvalue()[2880:]


def write(folder: Path, name: str, *hdus: bytes) -> Path:
    """A file of these HDUs, packed when its name says so."""
    path = folder / name
    content = b"".join(hdus)
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def compress(content: bytes) -> bytes:
    """The format of the Unix program compress (.Z): LZW, codes of 9 to 16 bits, here without a reset."""
    codes: dict[bytes, int] = {bytes([value]): value for value in range(256)}
    bits, width, filled, group = 0, 9, 0, 0
    out = bytearray()

    def put(code: int) -> None:
        nonlocal bits, filled, group
        bits |= code << filled
        filled += width
        group += 1
        while filled >= 8:
            out.append(bits & 255)
            bits >>= 8
            filled -= 8

    def widen() -> None:
        # Codes of one width are written in groups of eight; what is left of a group is padding.
        nonlocal width, group, bits, filled
        while group % 8:
            put(0)
        width += 1
        group = 0

    following = 257
    word = b""
    for value in content:
        longer = word + bytes([value])
        if longer in codes:
            word = longer
            continue
        put(codes[word])
        if following < 1 << 16:
            if following >= 1 << width and width < 16:
                widen()
            codes[longer] = following
            following += 1
        word = bytes([value])
    if word:
        put(codes[word])
    while filled > 0:
        out.append(bits & 255)
        bits >>= 8
        filled -= 8
    return b"\x1f\x9d\x90" + bytes(out)


def header(values: Mapping[str, object], shape: tuple[int, ...] = (100, 50)) -> Header:
    return parse_header(image(values, shape))


def hdu(values: Mapping[str, object], shape: tuple[int, ...] = (100, 50)) -> Hdu:
    found = header(values, shape)
    return Hdu(0, found, found)


def keywords(values: Mapping[str, object]) -> Keywords:
    return Keywords([header(values)])
