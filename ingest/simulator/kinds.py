"""What an exposure is of, told from its DPR TYPE: instruments order the words in ways of their own."""

from __future__ import annotations

from enum import Enum, auto

from .observatory import Exposure

__all__ = ["Kind", "kind_of"]


class Kind(Enum):
    BIAS = auto()
    DARK = auto()
    FLAT = auto()  # a lamp's continuum, or the sky in twilight
    ORDER = auto()  # the same through a short slit
    FORMAT = auto()  # an arc lamp through a short slit
    ARC = auto()
    STAR = auto()  # objects and standard stars


_WORDS = {
    "BIAS": Kind.BIAS,
    "DARK": Kind.DARK,
    "ORDERDEF": Kind.ORDER,
    "ORDER": Kind.ORDER,
    "FMTCHK": Kind.FORMAT,
    "WAVE": Kind.ARC,
    "FLAT": Kind.FLAT,
    "TWILIGHT": Kind.FLAT,
    "LAMP": Kind.FLAT,
}


def kind_of(exposure: Exposure) -> Kind:
    """Words that say more come first: "LAMP,WAVE" is an arc, "LAMP,FLAT" a flat."""
    words = exposure.type.split(",")
    return next((kind for word, kind in _WORDS.items() if word in words), Kind.STAR)
