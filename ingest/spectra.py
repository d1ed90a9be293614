"""Which wavelengths, in vacuum and in metres: from stated limits, axes, tables and interferometry.

Here belong the axes and columns; what filters pass is in `bands`. A range is told only when its unit is
certain.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from astropy import units
from astropy.wcs import WCSSUB_SPECTRAL

from archive.store import Header
from archive.tablefiles.fits_scan import ASTROPY_FAILURES, Hdu

from .fits_tables import column_names, numbers, read_table
from .footprint import world_coordinates
from .keywords import Keywords

__all__ = [
    "Coverage",
    "axis_coverage",
    "coverage_of",
    "is_spectral_table",
    "polarisation",
    "spectral_axis",
    "stated_coverage",
    "table_coverage",
    "vacuum",
]

_LIGHT = 299_792_458.0
_PLANCK = 6.626_070_15e-34
# Gamma rays of a TeV and radio waves of 10 MHz; a value outside is in another unit than it says.
_SHORTEST, _LONGEST = 1e-18, 30.0
# FITS 4.0, table 25; the type may be followed by an algorithm, as in WAVE-LOG.
_SPECTRAL = re.compile(r"(WAVE|AWAV|FREQ|ENER|WAVN|VRAD|VOPT|ZOPT|VELO)(-\w{3})?")
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
_WAVE_COLUMN = re.compile(r"WAVE|WAVELENGTH|LAMBDA|WL|WAVE_AIR|WAVE_VAC|LOGLAM|\w+_WL", re.IGNORECASE)
_FLUX_COLUMN = re.compile(r"FLUX\w*|SPEC|INTENSITY|COUNTS|\w+_SPEC", re.IGNORECASE)
_STOKES = {1: "I", 2: "Q", 3: "U", 4: "V", -1: "RR", -2: "LL", -3: "RL", -4: "LR"}
_STOKES |= {-5: "XX", -6: "YY", -7: "XY", -8: "YX"}
# ObsCore 1.1, B.6.6: the order in which pol_states lists them.
_STOKES_ORDER = ("I", "Q", "U", "V", "RR", "LL", "RL", "LR", "XX", "YY", "XY", "YX")


@dataclass(frozen=True, slots=True)
class Coverage:
    """Shortest and longest wavelength (m, vacuum), spectral elements, resolving power."""

    shortest: float
    longest: float
    elements: int | None = None
    resolving_power: float | None = None


def coverage_of(
    wavelengths: Iterable[float], elements: int | None = None, resolving_power: float | None = None
) -> Coverage | None:
    """The range of wavelengths (m) without those that can be none."""
    valid = [w for w in wavelengths if math.isfinite(w) and _SHORTEST < w < _LONGEST]
    return Coverage(min(valid), max(valid), elements, resolving_power) if len(valid) > 1 else None


def vacuum(air: float) -> float:
    """Vacuum wavelength (m) of one in air; Morton (2000), as the IAU's standard. Unchanged below 200 nm."""
    if not 2e-7 < air < _LONGEST:
        return air
    waves = (1e-6 / air) ** 2
    return air * (1.0 + 8.34254e-5 + 2.406147e-2 / (130.0 - waves) + 1.5998e-4 / (38.9 - waves))


def stated_coverage(keywords: Keywords) -> Coverage | None:
    """WAVELMIN and WAVELMAX (nm, vacuum) of ESO's Phase 3 standard, SPEC_RES with them."""
    low, high = keywords.number("WAVELMIN"), keywords.number("WAVELMAX")
    if low is None or high is None or not 0.0 < low <= high:
        return None
    return Coverage(low / 1e9, high / 1e9, keywords.integer("NELEM", "NUM_CHAN"), keywords.number("SPEC_RES"))


def spectral_axis(header: Header) -> int | None:
    """The number (from 1) of the axis along which the wavelength runs.

    Old spectra say LINEAR, a unit, or nothing: then it is the first axis, if a unit can be found.
    """
    axes = range(1, (header.integer("NAXIS") or 0) + 1)
    for axis in axes:
        if _SPECTRAL.fullmatch((header.text(f"CTYPE{axis}") or "").upper()):
            return axis
    legacy = len(axes) > 0 and _LEGACY.fullmatch(header.text("CTYPE1") or "")
    return 1 if legacy and _legacy_unit(header) is not None and _step(header, 1) else None


def axis_coverage(hdu: Hdu, *, in_air: bool = False) -> Coverage | None:
    """The range of the spectral axis of an image, from the centre of its first pixel to that of its last.

    `in_air`: the wavelengths of an old spectrum, which does not tell itself, are those in air.
    """
    header = hdu.view
    axis = spectral_axis(header)
    if axis is None:
        return None
    count = hdu.shape[axis - 1]
    match = _SPECTRAL.fullmatch((header.text(f"CTYPE{axis}") or "").upper())
    if match is None:
        return coverage_of(_legacy_values(header, count, in_air), count)
    if match[2] in {None, "-LOG"}:
        values = [_axis_value(header, axis, pixel, match[2] == "-LOG") for pixel in (1, count)]
        scale = _scale(header.text(f"CUNIT{axis}"), match[1])
        values = [value * scale for value in values] if scale else []
    else:
        values = _wcslib_values(header, count)
    rest = _rest_wavelength(header)
    return coverage_of((_as_wavelength(value, match[1], rest) for value in values), count)


def _step(header: Header, axis: int) -> float | None:
    """The increment per pixel, in whichever way it is written."""
    step = header.number(f"CD{axis}_{axis}")
    if step is None:
        delta = header.number(f"CDELT{axis}")
        factor = header.number(f"PC{axis}_{axis}")
        step = None if delta is None else delta * (1.0 if factor is None else factor)
    return step or None


def _axis_value(header: Header, axis: int, pixel: int, logarithmic: bool) -> float:
    reference = header.number(f"CRVAL{axis}") or 0.0
    offset = (pixel - (header.number(f"CRPIX{axis}") or 0.0)) * (_step(header, axis) or math.nan)
    # FITS 4.0, equation 19.
    return reference * math.exp(offset / reference) if logarithmic and reference else reference + offset


def _scale(unit: str | None, quantity: str) -> float | None:
    """The factor that turns values of an axis into SI units; None when the unit is unknown."""
    si = {"FREQ": "Hz", "ENER": "J", "WAVN": "1/m", "VRAD": "m/s", "VOPT": "m/s", "VELO": "m/s", "ZOPT": ""}
    if unit is None:
        # FITS 4.0, table 25: SI units are the default.
        return 1.0
    try:
        return float(units.Unit(_COLLOQUIAL.get(unit.lower(), unit)).to(units.Unit(si.get(quantity, "m"))))
    except (ValueError, TypeError, units.UnitConversionError):
        return None


def _wcslib_values(header: Header, count: int) -> list[float]:
    try:
        world = world_coordinates(header).sub([WCSSUB_SPECTRAL])
        return [float(value) for value in world.wcs_pix2world([[1.0], [float(count)]], 1)[:, 0]]
    except ASTROPY_FAILURES:
        return []


def _rest_wavelength(header: Header) -> float | None:
    frequency = header.number("RESTFRQ") or header.number("RESTFREQ")
    return header.number("RESTWAV") or (_LIGHT / frequency if frequency else None)


def _as_wavelength(value: float, quantity: str, rest: float | None) -> float:
    """A spectral coordinate in SI units as vacuum wavelength in metres; NaN when it has none."""
    beta = value / _LIGHT
    match quantity:
        case "WAVE":
            return value
        case "AWAV":
            return vacuum(value)
        case "FREQ" | "ENER" | "WAVN" if value > 0.0:
            return {"FREQ": _LIGHT, "ENER": _PLANCK * _LIGHT, "WAVN": 1.0}[quantity] / value
        case "VOPT" if rest:
            return rest * (1.0 + beta)
        case "ZOPT" if rest:
            return rest * (1.0 + value)
        case "VRAD" if rest and beta < 1.0:
            return rest / (1.0 - beta)
        case "VELO" if rest and abs(beta) < 1.0:
            return rest * math.sqrt((1.0 + beta) / (1.0 - beta))
    return math.nan


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
    if unit is None:
        return None
    return _scale(_COLLOQUIAL.get(unit.lower(), unit.lower() if unit.islower() else unit), "WAVE")


def _legacy_values(header: Header, count: int, in_air: bool) -> list[float]:
    scale = _legacy_unit(header)
    values = [_axis_value(header, 1, pixel, False) for pixel in (1, count)]
    # IRAF marks a logarithmic axis by DC-FLAG = 1, and SDSS counts decimal logarithms.
    if header.integer("DC-FLAG") == 1 or (header.text("WFITTYPE") or "").upper().startswith("LOG"):
        values = [10.0**value if value < 20.0 else math.nan for value in values]
    in_air = in_air or (header.text("AIRORVAC") or "").lower() == "air"
    values = [value * (scale or math.nan) for value in values]
    return [vacuum(value) for value in values] if in_air else values


def is_spectral_table(header: Header) -> bool:
    """A table with columns of wavelength and of flux. A list of lines has no flux."""
    names = [name for _, name in Keywords([header]).numbered("TTYPE")]
    return any(_WAVE_COLUMN.fullmatch(n) for n in names) and any(_FLUX_COLUMN.fullmatch(n) for n in names)


def table_coverage(tables: Sequence[Hdu], default_unit: str | None) -> Coverage | None:
    """The range of all columns of wavelengths; `default_unit` for those that have none of their own."""
    limits: list[float] = []
    elements = 0
    for hdu in tables:
        rows = read_table(hdu)
        for number, name in column_names(hdu).items():
            if rows is None or not _WAVE_COLUMN.fullmatch(name):
                continue
            values = numbers(rows, number)
            unit = hdu.header.text(f"TUNIT{number}") or default_unit
            if name.upper() == "LOGLAM":
                values, unit = 10.0**values, unit if default_unit else "Angstrom"
            scale = None if unit is None else _scale(unit, "WAVE")
            values = values[np.isfinite(values) & (values > 0.0)]
            if scale is not None and values.size:
                limits += (float(values.min()) * scale, float(values.max()) * scale)
                elements += values.size
    return coverage_of(limits, elements or None)


def polarisation(header: Header) -> tuple[str, ...]:
    """The states along a STOKES axis, in ObsCore's order; empty without one."""
    for axis in range(1, (header.integer("NAXIS") or 0) + 1):
        if (header.text(f"CTYPE{axis}") or "").upper() == "STOKES":
            count = header.integer(f"NAXIS{axis}") or 0
            codes = [_axis_value(header, axis, pixel, False) for pixel in range(1, min(count, 12) + 1)]
            states = {_STOKES.get(round(code)) for code in codes if math.isfinite(code)}
            return tuple(state for state in _STOKES_ORDER if state in states)
    return ()
