"""Interferometry: target, times and channels of OIFITS files (Duvert, Young & Hummel 2017, A&A 597, A8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from archive.store import Header
from archive.tablefiles.fits_scan import Hdu

from .fits_tables import column_names, numbers, read_table, texts
from .frames import fk_frame, to_icrs
from .positions import on_sky
from .spectra import Coverage, coverage_of
from .times import Span

__all__ = ["Target", "is_wanted", "oifits_coverage", "oifits_span", "oifits_target"]

_WANTED = {"OI_TARGET", "OI_WAVELENGTH", "OI_VIS2"}


@dataclass(frozen=True, slots=True)
class Target:
    """Name and ICRS position (degrees) of the only target of a file."""

    name: str | None
    position: tuple[float, float] | None


def is_wanted(header: Header) -> bool:
    """The tables to be read: those that tell targets, wavelengths and times."""
    return header.text("EXTNAME") in _WANTED


def oifits_target(hdus: Sequence[Hdu]) -> Target | None:
    """The target of OI_TARGET; None when there is not exactly one."""
    found = list(_tables(hdus, "OI_TARGET", {"TARGET", "RAEP0", "DECEP0"}))
    if len(found) != 1 or len(found[0][0]) != 1:
        return None
    rows, columns = found[0]
    names = texts(rows, columns["TARGET"])
    ra, dec = numbers(rows, columns["RAEP0"]), numbers(rows, columns["DECEP0"])
    position = None
    if ra.size == dec.size == 1 and on_sky(ra[0], dec[0]):
        equinox = numbers(rows, columns["EQUINOX"]) if "EQUINOX" in columns else np.empty(0)
        known = equinox.size == 1 and 1800.0 < equinox[0] < 2200.0
        lon, lat = to_icrs(fk_frame(None, float(equinox[0]) if known else 2000.0), ra, dec)
        position = (float(lon[0]), float(lat[0]))
    return Target(names[0] or None if names else None, position)


def oifits_span(hdus: Sequence[Hdu], stated: Span | None) -> Span | None:
    """From the first to the last integration of OI_VIS2; what the header states when there is none.

    Calibrated visibilities often keep the header of the first of several exposures.
    """
    starts = [] if stated is None else [stated.start]
    ends = [] if stated is None else [stated.end]
    for rows, columns in _tables(hdus, "OI_VIS2", {"MJD", "INT_TIME"}):
        middle, half = numbers(rows, columns["MJD"]), numbers(rows, columns["INT_TIME"]) / 2.0 / 86400.0
        if middle.size != half.size:
            continue
        valid = (middle > 40_000.0) & (middle < 120_000.0) & (half >= 0.0) & (half < 1.0)
        if valid.any():
            starts.append(float((middle - half)[valid].min()))
            ends.append(float((middle + half)[valid].max()))
    return Span(min(starts), max(ends)) if starts else None


def oifits_coverage(hdus: Sequence[Hdu]) -> Coverage | None:
    """The channels of all OI_WAVELENGTH tables (metres), with half a band on either side."""
    limits: list[float] = []
    powers: list[float] = []
    channels = 0
    for rows, columns in _tables(hdus, "OI_WAVELENGTH", {"EFF_WAVE", "EFF_BAND"}):
        wave, band = numbers(rows, columns["EFF_WAVE"]), np.abs(numbers(rows, columns["EFF_BAND"]))
        if wave.size != band.size:
            continue
        valid = np.isfinite(wave) & np.isfinite(band) & (wave > 0.0)
        wave, band = wave[valid], band[valid]
        if wave.size:
            limits += (float((wave - band / 2).min()), float((wave + band / 2).max()))
            powers += (wave[band > 0.0] / band[band > 0.0]).tolist()
            channels = max(channels, wave.size)
    return coverage_of(limits, channels or None, float(np.median(powers)) if powers else None)


def _tables(hdus: Sequence[Hdu], name: str, needed: set[str]) -> Iterator[tuple[Any, Mapping[str, int]]]:
    """Rows, and numbers of columns by name, of the tables of one name that have the columns `needed`."""
    for hdu in hdus:
        columns = {column.upper(): number for number, column in column_names(hdu).items()}
        if hdu.name == name and needed <= columns.keys():
            rows = read_table(hdu)
            if rows is not None:
                yield rows, columns
