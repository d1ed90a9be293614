"""Pixels of the raw frames: HAWK-I mosaics of four chips with stars, FORS2 long-slit exposures, lamps.

Detectors are reduced in size (HAWK-I 128 pixels a side instead of 2048) but keep their field of view
and gaps, so footprints are those of the real instruments.
"""

from __future__ import annotations

import numpy as np
from astropy.io import fits
from astropy.table import QTable
from astropy.wcs import WCS
from numpy.typing import NDArray

from .headers import raw_header
from .plan import GUESTS, Exposure

__all__ = ["BANDS", "CHIP", "chip_wcs", "paint", "raw_frame"]

CHIP = 128  # pixels along a side
SCALE = 0.1064 * 2048 / CHIP / 3600  # degrees per pixel: HAWK-I's field in fewer pixels
GAP = 15.0 / 3600  # degrees between the chips
FULL_WELL = 60_000
BANDS = {"J": ("jmag", 1.258e-6, 0.154e-6), "Ks": ("ksmag", 2.146e-6, 0.324e-6)}
# Electrons per second of a star of magnitude 0 on these large pixels.
ZERO_POINT = 2.0e9
# Chips in HAWK-I's order: lower left, lower right, upper right, upper left.
_QUADRANTS = ((-1, -1), (1, -1), (1, 1), (-1, 1))


def chip_wcs(ra: float, dec: float, chip: int) -> WCS:
    """Tangential projection of chip 1 to 4 of the mosaic centred at (ra, dec), degrees."""
    across, up = _QUADRANTS[chip - 1]
    half_gap = GAP / SCALE / 2
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.cd = np.array([[-SCALE, 0.0], [0.0, SCALE]])
    # The mosaic's centre as seen from the chip: beyond the edge that faces it.
    wcs.wcs.crpix = [
        CHIP + 0.5 + half_gap if across < 0 else 0.5 - half_gap,
        CHIP + 0.5 + half_gap if up < 0 else 0.5 - half_gap,
    ]
    wcs.wcs.radesys = "FK5"
    wcs.wcs.equinox = 2000.0
    return wcs


def paint(stars: QTable, band: str, wcs: WCS, seconds: float, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Electrons of all stars on the pixel grid; Gaussian images of 1.2 pixels sigma."""
    image = np.zeros(shape)
    x, y = wcs.all_world2pix(stars["ra"].value, stars["dec"].value, 0)
    # A tangential projection maps the far hemisphere too; only stars within the field are wanted.
    near = np.abs(stars["dec"].value - wcs.wcs.crval[1]) < 1
    inside = near & (x > -4) & (y > -4) & (x < shape[1] + 3) & (y < shape[0] + 3)
    electrons = ZERO_POINT * seconds * 10 ** (-0.4 * stars[BANDS[band][0]].value[inside].astype("f8"))
    rows, columns = np.mgrid[0 : shape[0], 0 : shape[1]]
    for x_star, y_star, flux in zip(x[inside], y[inside], electrons, strict=True):
        profile = np.exp(-((columns - x_star) ** 2 + (rows - y_star) ** 2) / (2 * 1.2**2))
        image += flux / (2 * np.pi * 1.2**2) * profile
    return image


def raw_frame(exposure: Exposure, stars: QTable, random: np.random.Generator) -> fits.HDUList:
    """The exposure as the instrument would have written it."""
    if exposure.instrument == "HAWKI":
        return _hawki(exposure, stars, random)
    if exposure.instrument in GUESTS:
        return _lamp(exposure)
    return _fors2(exposure, random)


def _hawki(exposure: Exposure, stars: QTable, random: np.random.Generator) -> fits.HDUList:
    hdus = fits.HDUList([fits.PrimaryHDU(header=raw_header(exposure))])
    for chip in (1, 2, 3, 4):
        sky = 50.0 * exposure.exposure_time if exposure.optics else 5.0
        electrons = np.full((CHIP, CHIP), sky)
        header = fits.Header()
        if exposure.block is not None:
            target = exposure.block.target
            wcs = chip_wcs(target.ra + exposure.offset[0], target.dec + exposure.offset[1], chip)
            electrons += paint(stars, exposure.optics, wcs, exposure.exposure_time, electrons.shape)
            header = wcs.to_header()
        hdu = fits.ImageHDU(_read_out(electrons, random), header, name=f"CHIP{chip}.INT1")
        hdu.header["HIERARCH ESO DET CHIP ID"] = (f"ESO-Hawaii2RG-{chip}", "Detector chip identification")
        hdus.append(hdu)
    return hdus


def _fors2(exposure: Exposure, random: np.random.Generator) -> fits.HDUList:
    """One chip, dispersion along x; the spectrum is a smooth continuum with the Balmer lines."""
    height, width = 96, 256
    electrons = np.full((height, width), 2.0 + exposure.exposure_time * 0.3)
    rows = np.arange(height)[:, None]
    if exposure.type == "OBJECT":
        profile = np.exp(-((rows - 48.0) ** 2) / (2 * 2.0**2))
        electrons = electrons + profile * continuum(wavelengths(width)) * exposure.exposure_time * 20
    elif exposure.type == "WAVE,LAMP":
        electrons = electrons + 5000.0 * (np.arange(width) % 23 == 7)
    elif exposure.type == "FLAT,LAMP":
        electrons = electrons + 20_000.0
    return fits.HDUList([fits.PrimaryHDU(_read_out(electrons, random), raw_header(exposure))])


def _lamp(exposure: Exposure) -> fits.HDUList:
    """Lines at regular distances on a small detector; dark when the shutter was closed."""
    pixels = np.full((48, 64), 200, "u2")
    pixels[:, 3::8] += np.uint16(min(exposure.exposure_time * 100, 30_000))
    return fits.HDUList([fits.PrimaryHDU(pixels, raw_header(exposure))])


def wavelengths(count: int) -> NDArray[np.float64]:
    """Wavelengths of GRIS_300V, nanometres in air, evenly spaced over `count` pixels."""
    return np.linspace(445.0, 865.0, count)


def continuum(nanometres: NDArray[np.float64]) -> NDArray[np.float64]:
    """A hot star's relative flux with hydrogen lines in absorption."""
    flux = (550.0 / nanometres) ** 3
    for line in (486.13, 656.28):
        flux = flux * (1 - 0.5 * np.exp(-((nanometres - line) ** 2) / (2 * 2.5**2)))
    return flux


def _read_out(electrons: NDArray[np.float64], random: np.random.Generator) -> NDArray[np.uint16]:
    """Photon and read-out noise, bias level and the converter's range."""
    counts = random.poisson(electrons) + random.normal(200.0, 4.0, electrons.shape)
    return np.clip(np.rint(counts), 0, FULL_WELL).astype("u2")
