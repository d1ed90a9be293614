"""What single instruments and pipelines are known to do: light paths, limits and units of their own.

Knowledge that no standard keyword carries belongs here, one rule each with where it was seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from archive.pixels.wavelengths import vacuum

from .bands import bands_of
from .keywords import Keywords
from .spectra import Coverage

__all__ = [
    "LightPath",
    "harps_orders",
    "instrument_coverage",
    "light_path",
    "wavelength_unit",
    "wavelengths_in_air",
]

# What an empty slot of a wheel is called.
_NOTHING = re.compile(r"(FREE|OPEN|OUT|NONE|CLEAR|EMPTY|NOT_USED|BLANK)\d*", re.IGNORECASE)
_DEVICE = re.compile(r"ESO INS (FILT|GRIS|GRAT|SLIT|OPTI)\d* NAME")


@dataclass(frozen=True, slots=True)
class LightPath:
    """Names of what stands in the beam, wheels in order, with commas between; None where there is nothing."""

    filters: str | None
    grisms: str | None
    gratings: str | None
    slits: str | None


def light_path(keywords: Keywords) -> LightPath:
    """From INS FILTi, GRISi, GRATi, SLITi and OPTIi; FORS2 writes "INS SLIT NAME" without a number.

    The TYPE of an OPTI wheel tells what stands in it, and AMBER has slits in wheels for grisms. Other TYPEs
    cannot be trusted: EFOSC2's grism 13 is a FILTER.
    """
    found: dict[str, list[str]] = {"FILT": [], "GRIS": [], "GRAT": [], "SLIT": []}
    for name in keywords.headers[0]:
        match = _DEVICE.fullmatch(name) if name.endswith("NAME") else None
        element = keywords.text(name) if match else None
        if match is None or element is None or _NOTHING.fullmatch(element):
            continue
        stated = (keywords.text(name.removesuffix("NAME") + "TYPE") or "").upper()[:4]
        kind = stated if match[1] == "OPTI" or stated == "SLIT" else match[1]
        if kind in found:
            found[kind].append(element)
    paths = {kind: ",".join(dict.fromkeys(elements)) or None for kind, elements in found.items()}
    return LightPath(paths["FILT"], paths["GRIS"], paths["GRAT"], paths["SLIT"])


def instrument_coverage(keywords: Keywords, path: LightPath) -> Coverage | None:
    """The wavelengths of a frame without a spectral axis, from the filter in the beam if it is well known."""
    on, off = keywords.number("ESO INS FILT-CUTON"), keywords.number("ESO INS FILT-CUTOFF")
    if on is not None and off is not None and 0.0 < on < off < 30.0:
        # La Silla's first infrared cameras (IRAC-2) wrote the limits of their filters in micrometres.
        return Coverage(on * 1e-6, off * 1e-6)
    if path.grisms or path.gratings:
        return None
    names = path.filters or keywords.text("FILTER", "FILTER1")
    band = bands_of(names) if names else None
    return Coverage(band[0] * 1e-9, band[1] * 1e-9) if band else None


def wavelength_unit(keywords: Keywords) -> str | None:
    """The unit of wavelength columns that have none: the CRIRES+ pipeline (cr2res) writes nanometres."""
    return "nm" if keywords.text("INSTRUME") == "CRIRES" else None


def wavelengths_in_air(keywords: Keywords) -> bool:
    """The pipelines of HARPS and UVES calibrate against line lists in air and do not say so."""
    return keywords.text("INSTRUME") in {"HARPS", "UVES"}


def harps_orders(keywords: Keywords, width: int, orders: int) -> Coverage | None:
    """The range of a HARPS e2ds frame (orders in rows): a polynomial in the pixel for each order, Å in air.

    Its coefficients are numbered through all orders in "ESO DRS CAL TH COEFF LLi".
    """
    degree = keywords.integer("ESO DRS CAL TH DEG LL")
    if degree is None or not 0 < degree < 10 or orders < 1:
        return None
    limits = []
    for order in (0, orders - 1):
        names = [f"ESO DRS CAL TH COEFF LL{order * (degree + 1) + power}" for power in range(degree + 1)]
        terms = [keywords.number(name) for name in names]
        for pixel in (0, width - 1):
            value = sum(term * pixel**power for power, term in enumerate(terms) if term is not None)
            limits.append(float(vacuum(np.float64(value * 1e-10))))
    if None in terms or not 1e-7 < min(limits) < max(limits) < 1e-4:
        return None
    return Coverage(min(limits), max(limits), width * orders)
