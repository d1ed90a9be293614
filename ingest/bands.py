"""Passbands of filters whose names are known beyond doubt, and what instruments' keywords say of theirs.

A name that several systems use for different bands is not here: no wavelength is better than a wrong one.
"""

from __future__ import annotations

import re

__all__ = ["band_of", "bands_of"]

# Half-maximum limits in nm: Bessell (1990), Fukugita et al. (1996), Cohen et al. (2003), Tokunaga et al.
# (2002).
_BANDS = {
    "U": (333.0, 397.0),
    "B": (388.0, 481.0),
    "V": (507.0, 595.0),
    "R": (577.0, 728.0),
    "I": (731.0, 880.0),
    "u": (322.0, 382.0),
    "g": (409.0, 536.0),
    "r": (555.0, 680.0),
    "i": (689.0, 827.0),
    "z": (840.0, 975.0),
    "J": (1143.0, 1351.0),
    "H": (1501.0, 1791.0),
    "K": (2020.0, 2370.0),
    "Ks": (2008.0, 2305.0),
    "L'": (3420.0, 4120.0),
    "M'": (4570.0, 4790.0),
}
# 2MASS writes its three bands in small letters, which no other system uses for anything else.
_SPELLINGS = {"j": "J", "h": "H", "k": "Ks", "ks": "Ks", "KS": "Ks", "Kshort": "Ks", "Lp": "L'", "Mp": "M'"}
# ESO numbers its glass ("V#641", "V641", "i#705"), and marks the system ("g_SDSS", "u_SLOAN", "R_BESS").
_SUFFIX = re.compile(
    r"(#\d+(/\d+)?|(?<=[A-Za-z])\d{3}|_(SDSS|SLOAN|BESS|BESSEL|BESSELL|JOHNSON|SPECIAL))$", re.I
)


def band_of(name: str) -> tuple[float, float] | None:
    """The wavelengths in nm at which a well-known filter passes half its maximum."""
    bare = _SUFFIX.sub("", name.strip())
    return _BANDS.get(_SPELLINGS.get(bare, bare))


def bands_of(names: str) -> tuple[float, float] | None:
    """The range that all filters of a comma-separated list cover together; None if one of them is unknown."""
    bands = [band_of(name) for name in names.split(",")]
    known = [band for band in bands if band is not None]
    if not known or len(known) < len(bands):
        return None
    return min(band[0] for band in known), max(band[1] for band in known)
