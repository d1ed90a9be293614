"""The wavelengths along the first axis of an image, in the many ways that spectra write them.

FITS' own types (FITS 4.0, table 25) as far as they are straight or logarithmic, and the old ones: a unit in
CTYPE1, IRAF's LINEAR with its unit in WAT1_001 or only in that of the flux.
"""

from __future__ import annotations

import re

from ..store import Header
from .spectral_columns import Axis, Form, Medium, Quantity
from .units import vo_unit

__all__ = ["image_axis", "medium_of", "unit_of_axis"]

_STANDARD = re.compile(r"(WAVE|AWAV|FREQ|ENER|WAVN)(-LOG)?")
_LEGACY = re.compile(r"LINEAR|LAMBDA|WAVELENGTH.*|ANGSTROM|", re.IGNORECASE)
_IN_TYPE = re.compile(r"\b(Angstroms?|Ang|nm|um|microns?)\b", re.IGNORECASE)
_WAT_UNIT = re.compile(r"units=(\w+)", re.IGNORECASE)
_PER_ANGSTROM = re.compile(r"/\s*(A|Ang|Angstrom)\b")
_QUANTITIES = {
    "WAVE": (Quantity.WAVELENGTH, "m"),
    "AWAV": (Quantity.WAVELENGTH, "m"),
    "FREQ": (Quantity.FREQUENCY, "Hz"),
    "ENER": (Quantity.ENERGY, "J"),
    "WAVN": (Quantity.WAVENUMBER, "m**-1"),
}
# Their pipelines calibrate against lists of lines in air and do not say so.
_IN_AIR = frozenset({"HARPS", "UVES"})


def image_axis(header: Header) -> Axis | None:
    """The first axis, if wavelengths or the like run along it in steps that are understood here."""
    kind = (header.text("CTYPE1") or "").upper()
    standard = _STANDARD.fullmatch(kind)
    if standard is None and (_LEGACY.fullmatch(kind) is None or not _legacy_unit(header)):
        return None
    value, step = header.number("CRVAL1"), _step(header)
    if value is None or not step:
        return None
    form = Form.LOG if standard and standard[2] else Form.LINEAR
    # IRAF marks a logarithmic axis by DC-FLAG = 1, and SDSS by WFITTYPE.
    if header.integer("DC-FLAG") == 1 or (header.text("WFITTYPE") or "").upper().startswith("LOG"):
        form = Form.DECIMAL_LOG
    if (form is Form.LOG and value <= 0.0) or (form is Form.DECIMAL_LOG and abs(value) > 20.0):
        return None
    return Axis(header.number("CRPIX1") or 0.0, value, step, form)


def unit_of_axis(header: Header, primary: Header, axis: Axis) -> tuple[Quantity, Axis, str, Medium]:
    """What runs along an axis that `image_axis` has found: quantity, the axis, unit, medium."""
    standard = _STANDARD.fullmatch((header.text("CTYPE1") or "").upper())
    if standard is None:
        return Quantity.WAVELENGTH, axis, _legacy_unit(header), medium_of(header, primary)
    quantity, si = _QUANTITIES[standard[1]]
    unit = vo_unit(header.text("CUNIT1") or "") or si
    medium = Medium.AIR if standard[1] == "AWAV" else Medium.VACUUM
    return quantity, axis, unit, medium


def medium_of(header: Header, primary: Header) -> Medium:
    """What the keywords tell of wavelengths that do not tell themselves."""
    for one in (header, primary):
        stated = (one.text("AIRORVAC") or "").lower()
        if stated in {"air", "vac", "vacuum"}:
            return Medium.AIR if stated == "air" else Medium.VACUUM
        in_vacuum = one.flag("VACUUM")
        if in_vacuum is not None:
            return Medium.VACUUM if in_vacuum else Medium.AIR
    return Medium.AIR if primary.text("INSTRUME") in _IN_AIR else Medium.UNKNOWN


def _step(header: Header) -> float | None:
    """The increment per pixel, in whichever way it is written."""
    step = header.number("CD1_1")
    if step is None:
        delta, factor = header.number("CDELT1"), header.number("PC1_1")
        step = None if delta is None else delta * (1.0 if factor is None else factor)
    return step or None


def _legacy_unit(header: Header) -> str:
    """In VOUnits: from CUNIT1, a unit in CTYPE1, IRAF's WAT1, or the unit of the flux; empty without any."""
    named = _IN_TYPE.search(header.text("CTYPE1") or "")
    wat = _WAT_UNIT.search(header.text("WAT1_001") or "")
    candidates = (
        header.text("CUNIT1"),
        named[1] if named else None,
        wat[1] if wat else None,
        "Angstrom" if _PER_ANGSTROM.search(header.text("BUNIT") or "") else None,
    )
    unit = next((text for text in candidates if text), "")
    return vo_unit("Angstrom" if unit in {"A", "a"} else unit)
