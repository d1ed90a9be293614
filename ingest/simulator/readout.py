"""How detectors turn light into numbers, and those into HDUs: sizes, noise, bias level, converter.

No light is made here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

__all__ = ["BIAS_LEVEL", "FULL", "READ_NOISE", "SMALL", "Detectors", "extension", "primary", "read_out"]

BIAS_LEVEL = 200.0  # counts
READ_NOISE = 4.0  # counts, as all converters give one count for an electron
SATURATION = 60_000
# Pipelines of ESO take real numbers only, and astropy would write whole ones.
_SCALES = {"BSCALE": 1.0, "BZERO": 32768.0}


@dataclass(frozen=True, slots=True)
class Detectors:
    """How large the simulated detectors are: `hawki` pixels along a side of each of the four chips,
    `fors2` rows and columns of its one chip, and real pixels of UVES (binned 2 x 2) along one simulated one.

    Fields of view and spectral ranges are those of the instruments; small detectors have larger pixels.
    """

    hawki: int
    fors2: tuple[int, int]
    uves: int


SMALL = Detectors(hawki=128, fors2=(96, 256), uves=8)
FULL = Detectors(hawki=2048, fors2=(1034, 2048), uves=1)


def read_out(electrons: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.uint16]:
    """Photon and read-out noise, bias level and the converter's range."""
    counts = random.poisson(electrons) + random.normal(BIAS_LEVEL, READ_NOISE, electrons.shape)
    return np.clip(np.rint(counts), 0, SATURATION).astype("u2")


def primary(counts: NDArray[np.uint16], header: fits.Header) -> fits.PrimaryHDU:
    hdu = fits.PrimaryHDU(_signed(counts), header)
    hdu.header.update(_SCALES)
    return hdu


def extension(counts: NDArray[np.uint16], header: fits.Header, name: str) -> fits.ImageHDU:
    hdu = fits.ImageHDU(_signed(counts), header, name=name)
    hdu.header.update(_SCALES)
    return hdu


def _signed(counts: NDArray[np.uint16]) -> NDArray[np.int16]:
    """As FITS stores 16 bits without a sign (FITS 4.0, 5.2.5)."""
    return (counts.astype("i4") - 32768).astype("i2")
