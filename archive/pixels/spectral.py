"""Which pixels of a spectral axis, or elements of a column, lie in a band: wavelengths in vacuum, in metres.

All of the standard's spectral coordinates (FITS 4.0, 8.4), the logarithmic and tabulated ones too, and the
ways in which older spectra say it. As they stand: nothing is corrected for the observer's motion.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from astropy import units
from astropy.io import fits

from ..errors import UnreadableFile
from ..store import Header
from ..tablefiles.fits_scan import ASTROPY_FAILURES
from .hdus import Hdu
from .worlds import world_coordinates

__all__ = [
    "Interval",
    "Values",
    "as_wavelengths",
    "overlapping",
    "spectral_axis",
    "spectral_pixels",
    "vacuum",
    "wave_scale",
]

Values = npt.NDArray[np.float64]
Interval = tuple[float, float]  # both ends belong to it

_LIGHT = 299_792_458.0
_PLANCK = 6.626_070_15e-34
# FITS 4.0, table 25; the type may be followed by an algorithm, as in WAVE-LOG.
_SPECTRAL = re.compile(r"(WAVE|AWAV|FREQ|ENER|WAVN|VRAD|VOPT|ZOPT|VELO|BETA)(-\w{3})?")
_LEGACY = re.compile(r"LINEAR|LAMBDA|WAVELENGTH.*|ANGSTROM|MULTISPE|", re.IGNORECASE)
_IN_TYPE = re.compile(r"\b(Angstroms?|Ang|nm|um|microns?)\b", re.IGNORECASE)
_WAT_UNIT = re.compile(r"units=(\w+)", re.IGNORECASE)
_COLLOQUIAL = {
    "a": "Angstrom",
    "ang": "Angstrom",
    "angstroms": "Angstrom",
    "microns": "um",
    "nanometer": "nm",
}
_SI = {"FREQ": "Hz", "ENER": "J", "WAVN": "1/m", "VRAD": "m/s", "VOPT": "m/s", "VELO": "m/s"}
_SI |= {"ZOPT": "", "BETA": ""}
# Pipelines that calibrate against line lists in air and do not say so.
_IN_AIR = {"HARPS", "UVES"}
_SLICE = 1 << 20  # pixels of an axis that are looked at together


@dataclass(frozen=True, slots=True)
class _Axis:
    """`quantity` is the four letters of CTYPE, empty for old spectra."""

    number: int  # from 1
    quantity: str
    algorithm: str


def spectral_axis(hdu: Hdu) -> int | None:
    """The axis of an image along which the wavelength runs, from 0."""
    axis = _axis(hdu.header, len(hdu.shape)) if hdu.is_image else None
    return None if axis is None else axis.number - 1


def _axis(header: Header, naxis: int) -> _Axis | None:
    """Old spectra say LINEAR, a unit, or nothing: then it is the first axis, if a unit can be found."""
    for number in range(1, naxis + 1):
        if found := _SPECTRAL.fullmatch((header.text(f"CTYPE{number}") or "").upper()):
            return _Axis(number, found[1], (found[2] or "")[1:])
    legacy = naxis > 0 and _LEGACY.fullmatch(header.text("CTYPE1") or "")
    if legacy and _legacy_unit(header) is not None and _step(header, 1):
        return _Axis(1, "", "")
    return None


def spectral_pixels(
    hdu: Hdu, band: Interval, lookups: Sequence[fits.hdu.base._ValidHDU] = ()
) -> tuple[int, int] | None:
    """First and last + 1 of the pixels along the spectral axis that the band touches; None for none."""
    axis = _axis(hdu.header, len(hdu.shape))
    assert axis is not None
    wavelengths = _function(hdu, axis, lookups)
    count = hdu.shape[axis.number - 1]
    first: int | None = None
    last = 0
    for start in range(0, count, _SLICE):
        stop = min(start + _SLICE, count)
        edges = wavelengths(np.arange(start + 0.5, stop + 1.0))
        touched = np.flatnonzero(overlapping(edges[:-1], edges[1:], band))
        if len(touched):
            first = start + int(touched[0]) if first is None else first
            last = start + int(touched[-1]) + 1
    return None if first is None else (first, last)


def overlapping(a: Values, b: Values, band: Interval) -> npt.NDArray[np.bool_]:
    """Which cells from `a` to `b`, in either order, have more in common with a band than an edge.

    A band of one value is in the cell that has it, or in the one that begins with it.
    """
    with np.errstate(invalid="ignore"):
        low, high = np.fmin(a, b), np.fmax(a, b)
        if band[0] == band[1]:
            return np.asarray((low <= band[0]) & (band[0] < high))
        return np.asarray((low < band[1]) & (band[0] < high))


def _function(
    hdu: Hdu, axis: _Axis, lookups: Sequence[fits.hdu.base._ValidHDU]
) -> Callable[[Values], Values]:
    """Wavelengths of places along an axis; pixels from 1 with integers at their centres."""
    header, number = hdu.header, axis.number
    _check_apart(header, number, len(hdu.shape), hdu.index)
    if not axis.quantity:
        in_air = hdu.instrument in _IN_AIR
        return lambda pixels: _legacy_values(header, pixels, in_air)
    rest = _rest_wavelength(header)
    if axis.algorithm in {"", "LOG"}:
        scale = _scale(header.text(f"CUNIT{number}"), axis.quantity)
        if scale is None:
            raise UnreadableFile(f"HDU {hdu.index}: nobody knows the unit {header.text(f'CUNIT{number}')!r}")

        def values(pixels: Values) -> Values:
            world = _axis_values(header, number, pixels, axis.algorithm == "LOG") * scale
            return as_wavelengths(world, axis.quantity, rest)

        return values
    try:
        world = world_coordinates(hdu, lookups).sub([number])
    except ASTROPY_FAILURES as cause:
        reason = " ".join(str(cause).split())[:200]
        raise UnreadableFile(f"HDU {hdu.index}: the spectral axis cannot be used: {reason}") from cause
    return lambda pixels: as_wavelengths(
        np.asarray(world.wcs_pix2world(pixels[:, np.newaxis], 1))[:, 0], axis.quantity, rest
    )


def _check_apart(header: Header, number: int, naxis: int, index: int) -> None:
    for other in range(1, naxis + 1):
        for name in (f"{{}}{number}_{other}", f"{{}}{other}_{number}"):
            if other != number and any(header.number(name.format(kind)) for kind in ("PC", "CD")):
                raise UnreadableFile(f"HDU {index}: the spectral axis depends on axis {other}")


def _step(header: Header, axis: int) -> float | None:
    """The increment per pixel, in whichever way it is written."""
    step = header.number(f"CD{axis}_{axis}")
    if step is None:
        delta = header.number(f"CDELT{axis}")
        factor = header.number(f"PC{axis}_{axis}")
        step = None if delta is None else delta * (1.0 if factor is None else factor)
    return step or None


def _axis_values(header: Header, axis: int, pixels: Values, logarithmic: bool = False) -> Values:
    reference = header.number(f"CRVAL{axis}") or 0.0
    offset = (pixels - (header.number(f"CRPIX{axis}") or 0.0)) * (_step(header, axis) or math.nan)
    # FITS 4.0, equation 19.
    logarithmic = logarithmic and reference != 0.0
    return np.asarray(reference * np.exp(offset / reference) if logarithmic else reference + offset)


def _scale(unit: str | None, quantity: str) -> float | None:
    """The factor that turns values of an axis into SI units; None when the unit is unknown."""
    if unit is None:
        # FITS 4.0, table 25: SI units are the default.
        return 1.0
    try:
        return float(units.Unit(_COLLOQUIAL.get(unit.lower(), unit)).to(units.Unit(_SI.get(quantity, "m"))))
    except (ValueError, TypeError, units.UnitConversionError):
        return None


def _rest_wavelength(header: Header) -> float | None:
    frequency = header.number("RESTFRQ") or header.number("RESTFREQ")
    return header.number("RESTWAV") or (_LIGHT / frequency if frequency else None)


def as_wavelengths(values: Values, quantity: str, rest: float | None = None) -> Values:
    """Spectral coordinates in SI units as vacuum wavelengths; NaN where there is none."""
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


def vacuum(air: Values) -> Values:
    """Vacuum wavelengths of those in air; Morton (2000), as the IAU's standard. Unchanged below 200 nm."""
    with np.errstate(divide="ignore", invalid="ignore"):
        waves = (1e-6 / air) ** 2
        turned = air * (1.0 + 8.34254e-5 + 2.406147e-2 / (130.0 - waves) + 1.5998e-4 / (38.9 - waves))
        return np.where(air > 2e-7, turned, air)


# --- old spectra ------------------------------------------------------------------------------------------


def _legacy_unit(header: Header) -> float | None:
    """Metres per unit of an old axis: from CUNIT1, a unit in CTYPE1, IRAF's WAT1, or the unit of the flux."""
    named = _IN_TYPE.search(header.text("CTYPE1") or "")
    wat = _WAT_UNIT.search(header.text("WAT1_001") or "")
    per_angstrom = re.search(r"/\s*(A|Ang|Angstrom)\b", header.text("BUNIT") or "")
    candidates = (
        header.text("CUNIT1"),
        named[1].lower() if named else None,
        wat[1].lower() if wat else None,
        "Angstrom" if per_angstrom else None,
    )
    unit = next((text for text in candidates if text), None)
    return None if unit is None else wave_scale(unit)


def wave_scale(unit: str) -> float | None:
    """Metres per unit of wavelength, also as it is written colloquially."""
    return _scale(_COLLOQUIAL.get(unit.lower(), unit.lower() if unit.islower() else unit), "WAVE")


def _legacy_values(header: Header, pixels: Values, in_air: bool) -> Values:
    values = _axis_values(header, 1, pixels)
    # IRAF marks a logarithmic axis by DC-FLAG = 1, and SDSS counts decimal logarithms.
    if header.integer("DC-FLAG") == 1 or (header.text("WFITTYPE") or "").upper().startswith("LOG"):
        values = 10.0 ** np.where(values < 20.0, values, np.nan)
    values = values * (_legacy_unit(header) or math.nan)
    in_air = in_air or (header.text("AIRORVAC") or "").lower() == "air"
    return vacuum(values) if in_air else values
