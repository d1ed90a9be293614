"""From values to shades: limits as IRAF's zscale chooses them, and a stretch for faint and bright alike."""

from __future__ import annotations

import warnings

import numpy as np
import numpy.typing as npt
from astropy.visualization import AsinhStretch, ZScaleInterval

from .binning import Pixels

__all__ = ["shades"]

_SAMPLE = 100_000
_STRETCH = AsinhStretch(0.1)
# Of the brightest values, which zscale alone would burn out.
_BRIGHTEST = 99.7


def shades(values: Pixels) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """Shades from 0 to 255, and where there is a value at all."""
    known = np.isfinite(values)
    if not known.any():
        return np.zeros(values.shape, np.uint8), known
    low, high = _limits(values[known])
    scaled = np.clip((np.where(known, values, low) - low) / (high - low), 0.0, 1.0)
    stretched = np.asarray(_STRETCH(scaled))
    return np.asarray(np.rint(255 * stretched), np.uint8), known


def _limits(values: Pixels) -> tuple[float, float]:
    sample = values[:: max(len(values) // _SAMPLE, 1)]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        # The fit of a line to a handful of values, or to equal ones.
        warnings.simplefilter("ignore")
        low, high = ZScaleInterval().get_limits(sample)
    brightest = float(np.percentile(sample, _BRIGHTEST))
    low, high = float(low), max(float(high), brightest)
    if not high > low:
        low, high = float(sample.min()), float(sample.max())
    return (low, high) if high > low else (low - 1.0, low + 1.0)
