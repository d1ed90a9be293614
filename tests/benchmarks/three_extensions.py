"""A night of raw frames in files of 42 kB: a long primary header, then three small images with coordinates.

The primary header has 83 to 283 cards, most of them hierarchical; every file is another exposure. Written
card by card, because what is measured is how such files are read.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.ingest.support import card, header_bytes

__all__ = ["write_night"]

EXTENSIONS, SIDE = 3, 52
_BEGIN = datetime(2026, 3, 1, 23, tzinfo=UTC)
_DATA = -(-2 * SIDE * SIDE // 2880) * 2880


def write_night(folder: Path, count: int, seed: int = 1) -> list[Path]:
    """`count` frames in `folder`, 100 to a folder; the paths in the order in which a walk finds them."""
    source = random.Random(seed)
    paths = []
    for number in range(count):
        inside = folder / f"{number // 100:03}"
        inside.mkdir(parents=True, exist_ok=True)
        path = inside / f"{number:06}.fits"
        path.write_bytes(_frame(number, source))
        paths.append(path)
    return paths


def _frame(number: int, source: random.Random) -> bytes:
    ra, dec = source.uniform(0.0, 360.0), source.uniform(-80.0, 20.0)
    parts = [_primary(number, ra, dec, source)]
    for chip in range(1, EXTENSIONS + 1):
        parts += [_extension(chip, ra, dec), source.randbytes(2 * SIDE * SIDE).ljust(_DATA, b"\0")]
    return b"".join(parts)


def _primary(number: int, ra: float, dec: float, source: random.Random) -> bytes:
    begin = _BEGIN + timedelta(seconds=30 * number)
    moment = begin.replace(tzinfo=None).isoformat(timespec="milliseconds")
    cards = [
        _said("SIMPLE", True, "Standard FITS"),
        _said("BITPIX", 8, "number of bits per data pixel"),
        _said("NAXIS", 0, "number of data axes"),
        _said("EXTEND", True, "FITS dataset may contain extensions"),
        _said("ORIGIN", "ESO-PARANAL", ""),
        _said("DATE", moment, "Date this file was written"),
        _said("TELESCOP", "ESO-VLT-U4", "ESO <TEL>"),
        _said("INSTRUME", "HAWKI", "Instrument used"),
        _said("OBJECT", f"field {number // 20}", "Target description"),
        _said("RA", ra, "[deg] pointing"),
        _said("DEC", dec, "[deg] pointing"),
        _said("EQUINOX", 2000.0, "Standard FK5"),
        _said("RADECSYS", "FK5", "Coordinate reference frame"),
        _said("EXPTIME", 10.0, "Integration time"),
        _said("MJD-OBS", 61100.9583333 + number * 30 / 86400, "Obs start"),
        _said("DATE-OBS", f"{moment}0", "Observing date"),
        _said("PI-COI", "UNKNOWN", "PI-COI name"),
        _said("ARCFILE", f"HAWKI.{moment}.fits", "Archive File Name"),
        _said("ORIGFILE", f"HAWKI_{number:06}.fits", "Original File Name"),
        _said("ESO DPR CATG", "SCIENCE", "Observation category"),
        _said("ESO DPR TYPE", "OBJECT", "Observation type"),
        _said("ESO DPR TECH", "IMAGE,JITTER", "Observation technique"),
        _said("ESO INS FILT1 NAME", "Ks", "Filter name"),
        _said("ESO TPL ID", "HAWKI_img_obs_AutoJitter", "Template signature ID"),
        _said("ESO TPL START", moment[:19], "TPL start time"),
        _said("ESO OBS ID", 200000 + number // 20, "Observation block ID"),
        _said("ESO OBS PROG ID", "116.20AB.001", "ESO program identification"),
    ]
    wanted = source.randint(83, 283)
    for index in range(wanted - len(cards)):
        name = f"ESO INS SENS{index // 4 + 1}"
        match index % 4:
            case 0:
                cards.append(_said(f"{name} NAME", f"Temperature {index}", "Sensor common name"))
            case 1:
                cards.append(_said(f"{name} VAL", round(source.gauss(150.0, 80.0), 3), "[K] value"))
            case 2:
                cards.append(_said(f"{name} STAT", source.random() < 0.99, "Sensor state"))
            case _:
                cards.append(_said(f"{name} COUNT", source.randrange(100000), "Samples"))
    return header_bytes(cards)


def _extension(chip: int, ra: float, dec: float) -> bytes:
    step = 0.106 / 3600 * 2048 / SIDE
    offset = 150 * (chip - 2)
    values = {
        "CTYPE1": "RA---TAN",
        "CTYPE2": "DEC--TAN",
        "CRVAL1": ra,
        "CRVAL2": dec,
        "CRPIX1": SIDE / 2 + offset,
        "CRPIX2": SIDE / 2,
        "CUNIT1": "deg",
        "CUNIT2": "deg",
        "CD1_1": -step,
        "CD1_2": 0.0,
        "CD2_1": 0.0,
        "CD2_2": step,
    }
    cards = [
        _said("XTENSION", "IMAGE", "IMAGE extension"),
        _said("BITPIX", 16, "number of bits per data pixel"),
        _said("NAXIS", 2, "number of data axes"),
        _said("NAXIS1", SIDE, "length of data axis 1"),
        _said("NAXIS2", SIDE, "length of data axis 2"),
        _said("PCOUNT", 0, "required keyword"),
        _said("GCOUNT", 1, "required keyword"),
        _said("EXTNAME", f"CHIP{chip}.INT1", "Extension name"),
        *(_said(keyword, value, "") for keyword, value in values.items()),
        _said("ESO DET CHIP ID", f"ESO-{chip}", "Detector ID"),
        _said("ESO DET CHIP NX", SIDE, "Pixels in X"),
        _said("ESO DET CHIP NY", SIDE, "Pixels in Y"),
        _said("ESO DET CHIP GAIN", 1.7 + chip / 10, "Gain in e-/ADU"),
    ]
    return header_bytes(cards)


def _said(keyword: str, value: object, comment: str) -> str:
    """A card in fixed format, with as much of its comment as there is room for."""
    name, _, text = card(keyword, value).partition("= ")
    text = text.rstrip()
    text = text.ljust(20) if text.startswith("'") else text.rjust(20)
    return f"{name}= {text}{f' / {comment}' if comment else ''}"[:80]
