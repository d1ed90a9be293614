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
from astropy.wcs import WCSSUB_SPECTRAL

from archive.errors import UnreadableFile
from archive.pixels.wavelengths import (
    Values,
    as_wavelengths,
    axis_values,
    legacy_values,
    rest_wavelength,
    to_si,
    wavelength_axis,
)
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
    "stated_coverage",
    "table_coverage",
]

# Gamma rays of a TeV and radio waves of 10 MHz; a value outside is in another unit than it says.
_SHORTEST, _LONGEST = 1e-18, 30.0
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


def stated_coverage(keywords: Keywords) -> Coverage | None:
    """WAVELMIN and WAVELMAX (nm, vacuum) of ESO's Phase 3 standard, SPEC_RES with them."""
    low, high = keywords.number("WAVELMIN"), keywords.number("WAVELMAX")
    if low is None or high is None or not 0.0 < low <= high:
        return None
    return Coverage(low / 1e9, high / 1e9, keywords.integer("NELEM", "NUM_CHAN"), keywords.number("SPEC_RES"))


def axis_coverage(hdu: Hdu, *, in_air: bool = False) -> Coverage | None:
    """The range of the spectral axis of an image, from the centre of its first pixel to that of its last.

    `in_air`: the wavelengths of an old spectrum, which does not tell itself, are those in air.
    """
    header = hdu.view
    axis = wavelength_axis(header, header.integer("NAXIS") or 0)
    if axis is None:
        return None
    count = hdu.shape[axis.number - 1]
    ends = np.array([1.0, count])
    if not axis.quantity:
        return coverage_of(legacy_values(header, ends, in_air=in_air).tolist(), count)
    if axis.algorithm in {"", "LOG"}:
        scale = to_si(header.text(f"CUNIT{axis.number}"), axis.quantity) or math.nan
        values = axis_values(header, axis.number, ends, logarithmic=axis.algorithm == "LOG") * scale
    else:
        values = _wcslib_values(header, ends)
    try:
        waves = as_wavelengths(values, axis.quantity, rest_wavelength(header))
    except UnreadableFile:  # velocities of a line that nobody names
        return None
    return coverage_of(waves.tolist(), count)


def _wcslib_values(header: Header, pixels: Values) -> Values:
    try:
        world = world_coordinates(header).sub([WCSSUB_SPECTRAL])
        return np.asarray(world.wcs_pix2world(pixels[:, np.newaxis], 1))[:, 0]
    except ASTROPY_FAILURES:
        return np.full(len(pixels), np.nan)


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
            scale = None if unit is None else to_si(unit, "WAVE")
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
            codes = axis_values(header, axis, np.arange(1.0, min(count, 12) + 1)).tolist()
            states = {_STOKES.get(round(code)) for code in codes if math.isfinite(code)}
            return tuple(state for state in _STOKES_ORDER if state in states)
    return ()
