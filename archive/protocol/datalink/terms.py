"""What a link means: terms of the vocabularies, and which of them a file of some category is to another.

Categories are ESO's: PRODCATG and ASSOC of products, PRO CATG of reduced files, DPR CATG and DPR TYPE of raw
frames. Which files belong together is none of this module's business.
"""

from __future__ import annotations

import re
from enum import Enum

__all__ = ["PRODUCT_TYPES", "Term", "ancillary_term", "calibration_term", "source_term"]


class Term(Enum):
    """Terms of https://www.ivoa.net/rdf/datalink/core as links write them (DataLink 1.1, 3.2.6)."""

    THIS = "#this"
    PREVIEW = "#preview"
    PREVIEW_IMAGE = "#preview-image"
    PREVIEW_PLOT = "#preview-plot"
    THUMBNAIL = "#thumbnail"
    CUTOUT = "#cutout"
    PROCESSING = "#proc"
    AUXILIARY = "#auxiliary"
    WEIGHT = "#weight"
    ERROR = "#error"
    NOISE = "#noise"
    CALIBRATION = "#calibration"
    BIAS = "#bias"
    DARK = "#dark"
    FLAT = "#flat"
    PROGENITOR = "#progenitor"
    DERIVATION = "#derivation"
    CODERIVED = "#coderived"
    DETACHED_HEADER = "#detached-header"
    DOCUMENTATION = "#documentation"
    PACKAGE = "#package"


# ObsCore's dataproduct_type as terms of https://www.ivoa.net/rdf/product-type.
PRODUCT_TYPES = {
    name: f"#{name}"
    for name in ("image", "cube", "spectrum", "sed", "timeseries", "visibility", "event", "measurements")
}

_ANCILLARY = {
    "PREVIEW": Term.PREVIEW,
    "README": Term.DOCUMENTATION,
    "WEIGHTMAP": Term.WEIGHT,
    "VARMAP": Term.ERROR,
    "RMSMAP": Term.NOISE,
}
_PACKED = re.compile(r"\w*TAR|2DECHELLE\.TAR")

# Matched with the words of a category. The most special ones come first: a dark of a flat field is a dark.
_CALIBRATIONS = (
    (re.compile("BIAS(ES)?|ZERO"), Term.BIAS),
    (re.compile("DARKS?"), Term.DARK),
    (re.compile("[A-Z]*FLATS?"), Term.FLAT),
)


def ancillary_term(category: str | None) -> Term:
    """What a file of a product is to it, by its category such as ANCILLARY.WEIGHTMAP."""
    kind = (category or "").upper().removeprefix("ANCILLARY.")
    if _PACKED.fullmatch(kind):
        return Term.PACKAGE
    return _ANCILLARY.get(kind, Term.AUXILIARY)


def calibration_term(category: str | None) -> Term:
    """Which calibration a category or type such as MASTER_FLAT or "FLAT,LAMP" is."""
    words = re.split(r"[^A-Z]+", (category or "").upper())
    for pattern, term in _CALIBRATIONS:
        if any(pattern.fullmatch(word) for word in words):
            return term
    return Term.CALIBRATION


def source_term(source: Term | None, product: Term | None) -> Term:
    """What a source is to what was made of it; both are the calibration that they are, or None for science.

    A flat field is a calibration of an image, but what a master flat field was made from.
    """
    return Term.PROGENITOR if source is None or source is product else source
