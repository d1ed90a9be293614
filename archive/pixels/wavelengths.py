"""Spectral coordinates as headers write them, and the vacuum wavelengths, in metres, that they stand for.

All of the standard's (FITS 4.0, 8.4), and the ways in which older spectra say it: a unit in CTYPE1, IRAF's
LINEAR with its unit in WAT1_001 or only in that of the flux. As they stand: nothing is corrected for the
observer's motion.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from astropy import units

from ..errors import UnreadableFile
from ..store import Header

__all__ = [
    "IN_AIR",
    "SpectralAxis",
    "Values",
    "as_wavelengths",
    "axis_values",
    "is_decimal_log",
    "legacy_unit",
    "legacy_values",
    "named_unit",
    "rest_wavelength",
    "spectral_type",
    "step",
    "to_si",
    "vacuum",
    "wave_scale",
    "wavelength_axis",
]

Values = npt.NDArray[np.float64]

# Pipelines of these calibrate against line lists in air and do not say so.
IN_AIR = frozenset({"HARPS", "UVES"})

_LIGHT = 299_792_458.0
_PLANCK = 6.626_070_15e-34
# FITS 4.0, table 25; the type may be followed by an algorithm, as in WAVE-LOG.
_SPECTRAL = re.compile(r"(WAVE|AWAV|FREQ|ENER|WAVN|VRAD|VOPT|ZOPT|VELO|BETA)(?:-(\w{3}))?")
_LEGACY = re.compile(r"LINEAR|LAMBDA|WAVELENGTH.*|ANGSTROM|MULTISPE|", re.IGNORECASE)
_IN_TYPE = re.compile(r"\b(Angstroms?|Ang|nm|um|microns?)\b", re.IGNORECASE)
_WAT_UNIT = re.compile(r"units=(\w+)", re.IGNORECASE)
_PER_ANGSTROM = re.compile(r"/\s*(A|Ang|Angstrom)\b")
_COLLOQUIAL = {
    "a": "Angstrom",
    "ang": "Angstrom",
    "angstroms": "Angstrom",
    "microns": "um",
    "nanometer": "nm",
}
_SI = {"FREQ": "Hz", "ENER": "J", "WAVN": "1/m", "VRAD": "m/s", "VOPT": "m/s", "VELO": "m/s"}
_SI |= {"ZOPT": "", "BETA": ""}


@dataclass(frozen=True, slots=True)
class SpectralAxis:
    """`number` is counted from 1; `quantity` the four letters of CTYPE, empty for old spectra."""

    number: int
    quantity: str
    algorithm: str


def spectral_type(ctype: str | None) -> tuple[str, str] | None:
    """Quantity and algorithm of one of the standard's spectral types; None for what is none."""
    found = _SPECTRAL.fullmatch((ctype or "").upper())
    return None if found is None else (found[1], found[2] or "")


def wavelength_axis(header: Header, naxis: int) -> SpectralAxis | None:
    """The axis along which the wavelength runs.

    Old spectra say LINEAR, a unit, or nothing: then it is the first axis, if a unit can be found.
    """
    for number in range(1, naxis + 1):
        if found := spectral_type(header.text(f"CTYPE{number}")):
            return SpectralAxis(number, *found)
    legacy = naxis > 0 and _LEGACY.fullmatch(header.text("CTYPE1") or "")
    if legacy and legacy_unit(header) is not None and step(header, 1):
        return SpectralAxis(1, "", "")
    return None


def step(header: Header, axis: int) -> float | None:
    """The increment per pixel, in whichever way it is written; None when it is missing or 0."""
    found = header.number(f"CD{axis}_{axis}")
    if found is None:
        delta = header.number(f"CDELT{axis}")
        factor = header.number(f"PC{axis}_{axis}")
        found = None if delta is None else delta * (1.0 if factor is None else factor)
    return found or None


def axis_values(header: Header, axis: int, pixels: Values, *, logarithmic: bool = False) -> Values:
    """The coordinates of pixels (from 1, integers at their centres) along a straight or logarithmic axis."""
    reference = header.number(f"CRVAL{axis}") or 0.0
    offset = (pixels - (header.number(f"CRPIX{axis}") or 0.0)) * (step(header, axis) or math.nan)
    # FITS 4.0, equation 19.
    logarithmic = logarithmic and reference != 0.0
    return np.asarray(reference * np.exp(offset / reference) if logarithmic else reference + offset)


def to_si(unit: str | None, quantity: str) -> float | None:
    """The factor that turns values of an axis into SI units; None when the unit is unknown."""
    if unit is None:
        # FITS 4.0, table 25: SI units are the default.
        return 1.0
    try:
        return float(units.Unit(_COLLOQUIAL.get(unit.lower(), unit)).to(units.Unit(_SI.get(quantity, "m"))))
    except (ValueError, TypeError, units.UnitConversionError):
        return None


def wave_scale(unit: str) -> float | None:
    """Metres per unit of wavelength, also as it is written colloquially."""
    return to_si(unit.lower() if unit.islower() else unit, "WAVE")


def rest_wavelength(header: Header) -> float | None:
    """In metres, from RESTWAV, RESTFRQ or RESTFREQ."""
    frequency = header.number("RESTFRQ") or header.number("RESTFREQ")
    return header.number("RESTWAV") or (_LIGHT / frequency if frequency else None)


def as_wavelengths(values: Values, quantity: str, rest: float | None = None) -> Values:
    """Spectral coordinates in SI units as vacuum wavelengths; NaN where there is none.

    Raises UnreadableFile for velocities and shifts of no known rest wavelength.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        beta = values / _LIGHT
        match quantity:
            case "WAVE":
                return values
            case "AWAV":
                return vacuum(values)
            case "FREQ" | "ENER" | "WAVN":
                factor = {"FREQ": _LIGHT, "ENER": _PLANCK * _LIGHT, "WAVN": 1.0}[quantity]
                return np.where(values > 0.0, factor / values, np.nan)
            case "VOPT" if rest:
                return rest * (1.0 + beta)
            case "ZOPT" if rest:
                return rest * (1.0 + values)
            case "VRAD" if rest:
                return np.where(beta < 1.0, rest / (1.0 - beta), np.nan)
            case "VELO" | "BETA" if rest:
                beta = values if quantity == "BETA" else beta
                return np.asarray(rest * np.sqrt((1.0 + beta) / (1.0 - beta)))
    raise UnreadableFile(f"a spectral axis of {quantity} without a rest wavelength")


def vacuum(air: Values | np.float64) -> Values:
    """Vacuum wavelengths of those in air; Morton (2000), as the IAU's standard. Unchanged below 200 nm."""
    with np.errstate(divide="ignore", invalid="ignore"):
        waves = (1e-6 / air) ** 2
        turned = air * (1.0 + 8.34254e-5 + 2.406147e-2 / (130.0 - waves) + 1.5998e-4 / (38.9 - waves))
        return np.where(air > 2e-7, turned, air)


# --- old spectra ------------------------------------------------------------------------------------------


def named_unit(header: Header) -> str | None:
    """The unit of an old axis: from CUNIT1, a unit in CTYPE1, IRAF's WAT1, or the unit of the flux."""
    named = _IN_TYPE.search(header.text("CTYPE1") or "")
    wat = _WAT_UNIT.search(header.text("WAT1_001") or "")
    candidates = (
        header.text("CUNIT1"),
        named[1].lower() if named else None,
        wat[1].lower() if wat else None,
        "Angstrom" if _PER_ANGSTROM.search(header.text("BUNIT") or "") else None,
    )
    return next((text for text in candidates if text), None)


def legacy_unit(header: Header) -> float | None:
    """Metres per unit of an old axis."""
    unit = named_unit(header)
    return None if unit is None else wave_scale(unit)


def is_decimal_log(header: Header) -> bool:
    """As IRAF marks it by DC-FLAG = 1, and SDSS, whose spectra have such, by WFITTYPE."""
    return header.integer("DC-FLAG") == 1 or (header.text("WFITTYPE") or "").upper().startswith("LOG")


def legacy_values(header: Header, pixels: Values, *, in_air: bool) -> Values:
    """Wavelengths along the first axis of an old spectrum; `in_air`: though it does not say so."""
    values = axis_values(header, 1, pixels)
    if is_decimal_log(header):
        values = 10.0 ** np.where(values < 20.0, values, np.nan)
    values = values * (legacy_unit(header) or math.nan)
    in_air = in_air or (header.text("AIRORVAC") or "").lower() == "air"
    return vacuum(values) if in_air else values
