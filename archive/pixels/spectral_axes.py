"""The wavelengths along the first axis of an image, in the many ways that spectra write them.

FITS' own types (FITS 4.0, table 25) as far as they are straight or logarithmic, and the old ones: a unit in
CTYPE1, IRAF's LINEAR with its unit in WAT1_001 or only in that of the flux.
"""

from __future__ import annotations

from ..store import Header
from .spectral_columns import Axis, Form, Medium, Quantity
from .units import vo_unit
from .wavelengths import IN_AIR, is_decimal_log, named_unit, spectral_type, step, wavelength_axis

__all__ = ["image_axis", "medium_of", "unit_of_axis"]

_QUANTITIES = {
    "": (Quantity.WAVELENGTH, "m"),
    "WAVE": (Quantity.WAVELENGTH, "m"),
    "AWAV": (Quantity.WAVELENGTH, "m"),
    "FREQ": (Quantity.FREQUENCY, "Hz"),
    "ENER": (Quantity.ENERGY, "J"),
    "WAVN": (Quantity.WAVENUMBER, "m**-1"),
}


def image_axis(header: Header) -> Axis | None:
    """The first axis, if wavelengths or the like run along it in steps that are understood here."""
    axis = wavelength_axis(header, 1)
    if axis is None or axis.quantity not in _QUANTITIES or axis.algorithm not in {"", "LOG"}:
        return None
    value, increment = header.number("CRVAL1"), step(header, 1)
    # IRAF's MULTISPE has its wavelengths in a language of its own, in other cards.
    if value is None or not increment or (header.text("CTYPE1") or "").upper() == "MULTISPE":
        return None
    form = Form.LOG if axis.algorithm else Form.LINEAR
    if is_decimal_log(header):
        form = Form.DECIMAL_LOG
    if (form is Form.LOG and value <= 0.0) or (form is Form.DECIMAL_LOG and abs(value) > 20.0):
        return None
    return Axis(header.number("CRPIX1") or 0.0, value, increment, form)


def unit_of_axis(header: Header, primary: Header, axis: Axis) -> tuple[Quantity, Axis, str, Medium]:
    """What runs along an axis that `image_axis` has found: quantity, the axis, unit, medium."""
    standard = spectral_type(header.text("CTYPE1"))
    if standard is None:
        unit = named_unit(header) or ""
        unit = vo_unit("Angstrom" if unit in {"A", "a"} else unit)
        return Quantity.WAVELENGTH, axis, unit, medium_of(header, primary)
    quantity, si = _QUANTITIES[standard[0]]
    unit = vo_unit(header.text("CUNIT1") or "") or si
    medium = Medium.AIR if standard[0] == "AWAV" else Medium.VACUUM
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
    return Medium.AIR if primary.text("INSTRUME") in IN_AIR else Medium.UNKNOWN
