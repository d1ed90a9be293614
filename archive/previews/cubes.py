"""Cubes as two things: the white light, all planes together, and the mean spectrum.

Of a cube of thousands of planes some hundreds are read, at equal distances.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from ..pixels.hdus import Bytes, Hdu
from ..pixels.spectral import spectral_axis
from .binning import Binned, Pixels, binned_plane
from .plots import Curve

__all__ = ["White", "depth_axis", "white_light"]

_MOST_PLANES = 400


@dataclass(frozen=True)
class White:
    """The mean of the planes, and of each plane the mean of its pixels."""

    image: Binned
    spectrum: Curve


def depth_axis(hdu: Hdu) -> int | None:
    """The axis, from 0, along which a cube is deep: the spectral one, else the third; None for flat ones."""
    axis = spectral_axis(hdu)
    if axis is not None and axis >= 2:
        return axis if hdu.shape[axis] > 1 else None
    return next((axis for axis in range(2, len(hdu.shape)) if hdu.shape[axis] > 1), None)


def white_light(source: Bytes, hdu: Hdu, axis: int, factor: int) -> White:
    depth = hdu.shape[axis]
    chosen = np.unique(np.linspace(0, depth - 1, min(depth, _MOST_PLANES)).round().astype(int))
    sums: Pixels | None = None
    counts: Pixels | None = None
    means = []
    for index in chosen.tolist():
        plane = tuple(index if other == axis else 0 for other in range(2, len(hdu.shape)))
        values = binned_plane(source, hdu, plane, factor).values
        known = np.isfinite(values)
        if sums is None or counts is None:
            sums, counts = np.zeros(values.shape), np.zeros(values.shape)
        sums[known] += values[known]
        counts += known
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # a plane without any value
            means.append(float(np.nanmean(values)))
    assert sums is not None and counts is not None
    mean = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return White(Binned(mean, factor), _spectrum(hdu, axis, chosen, np.array(means)))


def _spectrum(hdu: Hdu, axis: int, planes: Pixels, means: Pixels) -> Curve:
    """Against the values of the axis where it is linear, else against the number of the plane."""
    header, number = hdu.header, axis + 1
    kind, unit = (header.text(f"{name}{number}") or "" for name in ("CTYPE", "CUNIT"))
    step = header.number(f"CD{number}_{number}") or header.number(f"CDELT{number}")
    start, reference = header.number(f"CRVAL{number}"), header.number(f"CRPIX{number}")
    if step and start is not None and reference is not None and "-" not in kind:
        x = start + (planes + 1 - reference) * step
        label = f"{kind.lower() or 'axis ' + str(number)} [{unit}]" if unit else kind.lower()
    else:
        x, label = planes + 1.0, "plane"
    brightness = header.text("BUNIT")
    return Curve(x, means, means, label, f"mean [{brightness}]" if brightness else "mean")
