"""Pointings: RA and DEC of a header as degrees, on the sky or not, and in ICRS when they are."""

from __future__ import annotations

import re

import numpy as np

from .frames import fk_frame, to_icrs
from .keywords import Keywords

__all__ = ["icrs_position", "on_sky", "written_position"]

# SDSS gives the centre of the plate in RA, the object of the fibre in RAOBJ. The last pairs are those of HST,
# of X-ray missions and of amateurs.
_PAIRS = (
    ("RAOBJ", "DECOBJ"),
    ("RA", "DEC"),
    ("RA_TARG", "DEC_TARG"),
    ("RA_OBJ", "DEC_OBJ"),
    ("OBJCTRA", "OBJCTDEC"),
)
_SEXAGESIMAL = re.compile(r"([+-]?)(\d{1,3})[: ](\d{1,2})[: ](\d{1,2}(?:\.\d*)?)")


def written_position(keywords: Keywords) -> tuple[float | None, float | None]:
    """RA and DEC in degrees as the header has them, also those off the sky (-596.5 for lamps)."""
    return _degrees(keywords, "RA", 15.0), _degrees(keywords, "DEC", 1.0)


def icrs_position(keywords: Keywords) -> tuple[float, float] | None:
    """The pointing in ICRS degrees; None when it is missing, off the sky or a placeholder, 0 0."""
    frame = fk_frame(keywords.text("RADESYS", "RADECSYS"), keywords.number("EQUINOX", "EPOCH"))
    for names in _PAIRS:
        ra, dec = _degrees(keywords, names[0], 15.0), _degrees(keywords, names[1], 1.0)
        if ra is not None and dec is not None and on_sky(ra, dec) and (ra, dec) != (0.0, 0.0):
            lon, lat = to_icrs(frame, np.array([ra]), np.array([dec]))
            return float(lon[0]), float(lat[0])
    return None


def on_sky(ra: float, dec: float) -> bool:
    """The limits within which the archive's geometry takes a pair of numbers for a position."""
    return -180.0 <= ra <= 360.0 and -90.0 <= dec <= 90.0


def _degrees(keywords: Keywords, name: str, sexagesimal_unit: float) -> float | None:
    number = keywords.number(name)
    if number is not None:
        return number
    match = _SEXAGESIMAL.fullmatch(keywords.text(name) or "")
    if match is None:
        return None
    value = float(match[2]) + float(match[3]) / 60.0 + float(match[4]) / 3600.0
    return (-value if match[1] == "-" else value) * sexagesimal_unit
