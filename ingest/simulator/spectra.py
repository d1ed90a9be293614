"""Light taken apart: spectra of the simulated targets and lamps, wavelengths in nanometres in air."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

__all__ = ["arc_lines", "continuum", "halogen", "wavelengths", "write_lines"]

Values = NDArray[np.float64]

# Of a thorium-argon lamp, Angstrom in air: those of NOAO's atlas that stand apart at a resolution of 15000.
_LINES = Path(__file__).with_name("thorium.csv")
_STRENGTH_SEED = 1590


def wavelengths(count: int) -> Values:
    """Wavelengths of GRIS_300V, evenly spaced over `count` pixels."""
    return np.linspace(445.0, 865.0, count)


def continuum(nanometres: Values) -> Values:
    """A hot star's relative flux with hydrogen lines in absorption."""
    flux = (550.0 / nanometres) ** 3
    for line in (388.91, 397.01, 410.17, 434.05, 486.13, 656.28):
        flux = flux * (1 - 0.5 * np.exp(-((nanometres - line) ** 2) / (2 * 2.5**2)))
    return flux


def halogen(nanometres: Values) -> Values:
    """A lamp without lines, 1 at 550 nm: a black body of 3200 K behind a filter against its red."""
    exponent = 1.4388e7 / 3200.0
    body = nanometres**-4.0 / np.expm1(exponent / nanometres)
    return np.asarray(np.sqrt(body / (550.0**-4.0 / np.expm1(exponent / 550.0))))


@cache
def arc_lines() -> tuple[Values, Values]:
    """Wavelengths of the lamp's lines with their strengths, which are drawn: 1 is typical, 100 the most."""
    with _LINES.open(encoding="ascii", newline="") as file:
        found = np.array([float(row["angstrom"]) for row in csv.DictReader(file)]) / 10
    strengths = 10 ** np.random.default_rng(_STRENGTH_SEED).triangular(-1.0, 0.0, 2.0, len(found))
    return found, strengths


def write_lines(path: Path) -> None:
    """The lamp's lines as the table that pipelines identify them by (LINE_REFER_TABLE of UVES)."""
    found, strengths = arc_lines()
    columns = [
        fits.Column("WAVE", "D", "Angstrom", array=found * 10),
        fits.Column("STRENGTH", "D", array=strengths),
    ]
    primary = fits.PrimaryHDU()
    primary.header["INSTRUME"] = ("UVES", "Instrument name")
    primary.header["HIERARCH ESO PRO CATG"] = ("LINE_REFER_TABLE", "Category of the product")
    fits.HDUList([primary, fits.BinTableHDU.from_columns(columns, name="LINES")]).writeto(
        path, overwrite=True
    )
