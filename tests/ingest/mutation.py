"""Damaged files by the thousand: bytes, values and cards of good ones changed at random."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np

from archive.errors import UnreadableFile
from ingest import Publication, harvest
from tests.ingest.support import RAW, TAN, image, table

_VALUES = (
    b"                 NaN",
    b"               1E999",
    b"                  -1",
    b"                   0",
    b"99999999999999999999",
    b"                   T",
    b"'text'              ",
    b"'\xe9\x00\xff'              ",
    b"'no end of it       ",
    b"                    ",
)


def originals() -> list[bytes]:
    """One file of each kind that is read in its own way."""
    target = {"TARGET": (["alp_Eri"], None), "RAEP0": ([24.4], "deg"), "DECEP0": ([-57.2], "deg")}
    channels = {"EFF_WAVE": (np.array([1.6e-6], "f4"), "m"), "EFF_BAND": (np.array([1e-7], "f4"), "m")}
    visibilities = {"MJD": ([57353.2], "day"), "INT_TIME": ([86.4], "s")}
    cube = TAN | {"CTYPE3": "WAVE-F2W", "CUNIT3": "nm", "CRVAL3": 500.0, "CRPIX3": 1.0, "CDELT3": 1.0}
    sip = TAN | {
        "CTYPE1": "RA---TAN-SIP",
        "CTYPE2": "DEC--TAN-SIP",
        "A_ORDER": 2,
        "A_0_2": 1e-3,
        "B_ORDER": 2,
    }
    packed = {"ZIMAGE": True, "ZSIMPLE": True, "ZBITPIX": 16, "ZNAXIS": 2, "ZNAXIS1": 9, "ZNAXIS2": 9}
    old = {"DATE-OBS": "13/05/93", "RA": "12:29:29.3", "DEC": "-21:13:16", "TM-START": 69932.0}
    return [
        image(RAW | TAN, (9, 9)),
        image({}, ()) + image(sip, (9, 9), first=False) + image(TAN, (9, 9), first=False),
        image(cube, (3, 3, 9)),
        image(old | {"CTYPE1": "LINEAR", "CUNIT1": "nm", "CRVAL1": 400.0, "CDELT1": 1.0}, (99,)),
        image({"PRODCATG": "SCIENCE.SPECTRUM", "WAVELMIN": 300.0, "WAVELMAX": 400.0}, ())
        + table({"WAVE": ([[300.0, 400.0]], "nm"), "FLUX": ([[1.0, 1.0]], "Jy")}, "SPECTRUM"),
        image({}, ())
        + table(target, "OI_TARGET")
        + table(channels, "OI_WAVELENGTH")
        + table(visibilities, "OI_VIS2"),
        image({}, ()) + image(TAN | packed, (9, 9), first=False),
    ]


def mutated(chance: random.Random, content: bytes) -> bytes:
    damaged = bytearray(content)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(damaged) or 1)
        start = place // 80 * 80
        match chance.randrange(5):
            case 0:
                damaged[place : place + 1] = bytes([chance.randrange(256)])
            case 1:
                damaged[start + 10 : start + 30] = chance.choice(_VALUES)
            case 2:
                other = chance.randrange(len(damaged) or 1) // 80 * 80
                damaged[start : start + 80] = damaged[other : other + 80].ljust(80)
            case 3:
                del damaged[start : start + 80]
            case _:
                del damaged[chance.randrange(len(damaged) or 1) + 2880 :]
    return bytes(damaged)


def harvest_mutated(folder: Path, publication: Publication, count: int, seed: int) -> tuple[int, int]:
    """How many damaged files were read, and how many were refused; anything else is an exception."""
    chance = random.Random(seed)
    good = originals()
    path = folder / "damaged.fits"
    read = refused = 0
    for _ in range(count):
        path.write_bytes(mutated(chance, chance.choice(good)))
        try:
            harvest(path, publication)
        except UnreadableFile:
            refused += 1
        else:
            read += 1
    return read, refused
