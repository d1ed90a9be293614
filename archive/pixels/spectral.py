"""Which pixels of a spectral axis, or elements of a column, lie in a band: wavelengths in vacuum, in metres.

All axes that `wavelengths` understands, and the tabulated ones too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
from astropy.io import fits

from ..errors import UnreadableFile
from ..store import Header
from ..tablefiles.fits_scan import ASTROPY_FAILURES
from .hdus import Hdu
from .wavelengths import (
    IN_AIR,
    SpectralAxis,
    Values,
    as_wavelengths,
    axis_values,
    legacy_values,
    rest_wavelength,
    to_si,
    wavelength_axis,
)
from .worlds import world_coordinates

__all__ = ["Interval", "overlapping", "spectral_axis", "spectral_pixels"]

Interval = tuple[float, float]  # both ends belong to it

_SLICE = 1 << 20  # pixels of an axis that are looked at together


def spectral_axis(hdu: Hdu) -> int | None:
    """The axis of an image along which the wavelength runs, from 0."""
    axis = wavelength_axis(hdu.header, len(hdu.shape)) if hdu.is_image else None
    return None if axis is None else axis.number - 1


def spectral_pixels(
    hdu: Hdu, band: Interval, lookups: Sequence[fits.hdu.base._ValidHDU] = ()
) -> tuple[int, int] | None:
    """First and last + 1 of the pixels along the spectral axis that the band touches; None for none."""
    axis = wavelength_axis(hdu.header, len(hdu.shape))
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
    hdu: Hdu, axis: SpectralAxis, lookups: Sequence[fits.hdu.base._ValidHDU]
) -> Callable[[Values], Values]:
    """Wavelengths of places along an axis; pixels from 1 with integers at their centres."""
    header, number = hdu.header, axis.number
    _check_apart(header, number, len(hdu.shape), hdu.index)
    if not axis.quantity:
        in_air = hdu.instrument in IN_AIR
        return lambda pixels: legacy_values(header, pixels, in_air=in_air)
    rest = rest_wavelength(header)
    if axis.algorithm in {"", "LOG"}:
        scale = to_si(header.text(f"CUNIT{number}"), axis.quantity)
        if scale is None:
            raise UnreadableFile(f"HDU {hdu.index}: nobody knows the unit {header.text(f'CUNIT{number}')!r}")

        def values(pixels: Values) -> Values:
            world = axis_values(header, number, pixels, logarithmic=axis.algorithm == "LOG") * scale
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
