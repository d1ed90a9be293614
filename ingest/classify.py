"""What a file is: raw frame, calibration, ancillary file, catalogue, or a dataset that ObsCore describes.

Here belong the rules, from the surest to the weakest evidence; each verdict states its reason, which is
published when a file is kept without a row. docs/operators/ingest.md tells them in words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from archive.pixels.wavelengths import wavelength_axis
from archive.tablefiles.fits_scan import FitsFile, Hdu

from .footprint import celestial
from .keywords import Keywords
from .positions import icrs_position
from .spectra import is_spectral_table
from .times import observed

__all__ = ["TABLES_ONLY", "Kind", "Product", "Verdict", "classify"]

TABLES_ONLY = "tables only, and no PRODCATG"


class Kind(Enum):
    """What becomes of a file; all are kept with their headers."""

    RAW_SCIENCE = "raw science frame"  # rows in dbo.raw and ivoa.ObsCore
    RAW_OTHER = "raw frame that is not science"  # a row in dbo.raw
    DATASET = "dataset"  # a row in ivoa.ObsCore
    KEPT = "kept"  # no row


class Product(Enum):
    """ObsCore's dataproduct_type."""

    IMAGE = "image"
    CUBE = "cube"
    SPECTRUM = "spectrum"
    VISIBILITY = "visibility"
    MEASUREMENTS = "measurements"


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: Kind
    reason: str = ""
    product: Product | None = None


_OF_PRODCATG = {
    "IMAGE": Product.IMAGE,
    "MEFIMAGE": Product.IMAGE,
    "SPECTRUM": Product.SPECTRUM,
    "CUBE": Product.CUBE,
    "VISIBILITY": Product.VISIBILITY,
    "SRCTBL": Product.MEASUREMENTS,
    "CATALOG": Product.MEASUREMENTS,
    "MCATALOG": Product.MEASUREMENTS,
    "CATALOGTILE": Product.MEASUREMENTS,
}
# Words of PRO CATG. A science word wins: TARGET_CAL_INT is a calibrated target, CALIB_CAL_INT a calibrator.
_SCIENCE_WORDS = frozenset("SCI SCIENCE OBJ OBJECT TARGET OBS FOV FLUXCAL COADD COADDED COMBINED".split())
_CALIBRATION_WORDS = frozenset(
    """ARC BADPIX BIAS BPM CALIB CALIBRATOR DARK DETLIN DISP DISPERSION FLAT FLATS GAIN LAMP LINE LINES
    LINEARITY LSF MASTER MASK ORDER ORDERS RESPONSE SKYFLAT SLITMAP STANDARD STD TRACE WAVE WAVECAL""".split()
)
_CALIBRATION_IMAGETYP = re.compile(
    r".*\b(bias|dark|zero|flat|dflat|sflat|skyflat|domeflat|comp|comparison|arc|lamp|focus|calib\w*|weight\w*)\b.*",
    re.IGNORECASE,
)
_COMPANION_NAME = re.compile(
    r".*[._-](weight|weights|wht|conf|confidence|mask|flag|flags|bpm|rms|rmsmap|expmap|varmap|segmentation)"
    r"(\.fits?|\.fts)?(\.(gz|fz|z|bz2))?",
    re.IGNORECASE,
)


def classify(file: FitsFile, keywords: Keywords, name: str) -> Verdict:
    """The verdict on a file; `name` is its name on disk."""
    category = (keywords.text("PRODCATG") or "").upper()
    frame = (keywords.text("ESO DPR CATG") or "").upper()
    if category.startswith("ANCILLARY"):
        return Verdict(Kind.KEPT, f"ancillary file of a product ({category})")
    if _is_raw(file, keywords):
        if frame == "SCIENCE":
            return Verdict(Kind.RAW_SCIENCE, product=_technique(keywords))
        return Verdict(Kind.RAW_OTHER, f"raw frame of category {frame}")
    # A master flat may say PRODCATG = 'science.image'; what was observed is told by DPR CATG.
    if frame and frame != "SCIENCE":
        return Verdict(Kind.KEPT, f"reduced calibration (DPR CATG = {frame})")
    if category.startswith("SCIENCE."):
        return Verdict(Kind.DATASET, product=_OF_PRODCATG.get(category.split(".")[1]))
    calibration = _calibration(keywords, name)
    if calibration:
        return Verdict(Kind.KEPT, calibration)
    return _by_content(file, keywords)


def _is_raw(file: FitsFile, keywords: Keywords) -> bool:
    """An exposure as the instrument wrote it: named and classified by the observatory, and not reduced.

    HARPS' own pipeline marks its products by DRS keywords; a file of one dimension is an extracted one.
    """
    if keywords.text("ESO DPR CATG") is None or keywords.text("ARCFILE", "ORIGFILE") is None:
        return False
    if keywords.text("PRODCATG", "PROCSOFT") or keywords.has(r"ESO (PRO|DRS) .*"):
        return False
    images = [hdu for hdu in file.hdus if hdu.is_image]
    return not images or any(len(hdu.shape) > 1 for hdu in images)


def _technique(keywords: Keywords) -> Product | None:
    """What a raw frame will become, by DPR TECH."""
    words = set(re.split(r"[,.]", (keywords.text("ESO DPR TECH") or "").upper()))
    if "INTERFEROMETRY" in words:
        return Product.VISIBILITY
    if "IFU" in words:
        return Product.CUBE
    if words & {"SPECTRUM", "ECHELLE", "MOS", "MXU", "SLIT", "LSS"}:
        return Product.SPECTRUM
    if words & {"IMAGE", "POLARIMETRY", "CORONOGRAPHY", "SAM"}:
        return Product.IMAGE
    return None


def _calibration(keywords: Keywords, name: str) -> str | None:
    """Why a reduced file is no science; None when nothing says so."""
    category = (keywords.text("ESO PRO CATG") or "").upper()
    words = set(re.split(r"[_\s]", category))
    if words & _CALIBRATION_WORDS and not words & _SCIENCE_WORDS:
        return f"reduced calibration (PRO CATG = {category})"
    # GRAVITY's pipeline writes F into science products when the raw frames lacked DPR CATG.
    if keywords.flag("ESO PRO SCIENCE") is False and not words & _SCIENCE_WORDS:
        return "reduced calibration (PRO SCIENCE = F)"
    kind = keywords.text("IMAGETYP", "OBSTYPE", "FRAMETYP") or ""
    if _CALIBRATION_IMAGETYP.fullmatch(kind) and not keywords.text("ESO PRO CATG"):
        return f"calibration (IMAGETYP = {kind})"
    if _COMPANION_NAME.fullmatch(name):
        return "weight map or mask, by its name"
    return None


def _by_content(file: FitsFile, keywords: Keywords) -> Verdict:
    """Datasets of any origin, by what is in them."""
    if any(hdu.name in {"OI_VIS", "OI_VIS2", "OI_T3"} for hdu in file.hdus):
        return Verdict(Kind.DATASET, product=Product.VISIBILITY)
    if any(hdu.is_table and is_spectral_table(hdu.header) for hdu in file.hdus):
        return _if_observed(keywords, False, Product.SPECTRUM)
    images = [hdu for hdu in file.hdus if hdu.is_image]
    if not images:
        tables = any(hdu.is_table for hdu in file.hdus)
        return Verdict(Kind.KEPT, TABLES_ONLY if tables else "no data")
    best = next((hdu for hdu in images if celestial(hdu.view)), images[0])
    product = _of_image(best, keywords)
    if product is None:
        return Verdict(Kind.KEPT, "its axes are neither wavelength nor sky")
    return _if_observed(keywords, celestial(best.view), product)


def _of_image(hdu: Hdu, keywords: Keywords) -> Product | None:
    axis = wavelength_axis(hdu.view, hdu.view.integer("NAXIS") or 0)
    if celestial(hdu.view):
        deep = axis is not None and hdu.shape[axis.number - 1] > 1
        return Product.CUBE if deep else Product.IMAGE
    if axis is not None:
        return Product.SPECTRUM
    flat = len(hdu.shape) == 1 or hdu.shape[1:] == (1,) * (len(hdu.shape) - 1)
    if flat:
        return None
    # A cross-correlation function runs along velocity, whatever the frame it was computed from was.
    if (hdu.view.text("CTYPE1") or "").lower() in {"km/s", "m/s", "%"}:
        return None
    return _technique(keywords) or Product.IMAGE


def _if_observed(keywords: Keywords, placed: bool, product: Product) -> Verdict:
    """Only what has a place, a time or an instrument can be found; a title is not enough."""
    if placed or icrs_position(keywords) or observed(keywords) or keywords.text("INSTRUME"):
        return Verdict(Kind.DATASET, product=product)
    return Verdict(Kind.KEPT, "no position, time or instrument in the header")
