"""Pixels of the raw frames: HAWK-I mosaics of four chips with stars, FORS2 exposures, lamps of others.

Small detectors keep field of view and gaps, so footprints are those of the real instruments.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from astropy.io import fits
from astropy.table import QTable
from astropy.wcs import WCS
from numpy.typing import NDArray

from .headers import raw_header
from .kinds import Kind, kind_of
from .observatory import Exposure
from .readout import SMALL, Detectors, extension, primary, read_out
from .setups import HAWKI_DETECTORS, hawki_chip_cards
from .spectra import continuum, wavelengths
from .stars import within
from .uves import uves_frame

__all__ = ["BANDS", "celestial", "chip_scale", "chip_wcs", "paint", "raw_frame", "sensitivity"]

_REAL = 2048  # pixels along a side of a chip of HAWK-I
FIELD = 0.1064 * _REAL / 3600  # degrees along the same
BANDS = {"J": ("jmag", 1.258e-6, 0.154e-6), "Ks": ("ksmag", 2.146e-6, 0.324e-6)}
# Electrons per second of a star of magnitude 0.
ZERO_POINT = 2.0e9
SKY = 50.0  # electrons per second and pixel
DARK_CURRENT = 0.5  # electrons per second and pixel
TWILIGHT = 12_000.0  # electrons in a flat: its exposure time follows the twilight
_SEEING = 0.3 / 3600  # standard deviation of a star's image, degrees
_FINEST = 1.2  # pixels: no image is sharper
_SENSITIVITY_SEED = 1572


@dataclass(frozen=True, slots=True)
class _Place:
    """Of a real chip in the mosaic: its first pixel, in pixels of chip 1, its scale, its turn (radians)."""

    x: float
    y: float
    scale: float
    turn: float


# As measured on the sky, in the order in which they stand in files: chip 3 is the upper right one.
_PLACES = {
    1: _Place(0.0, 0.0, 1.0, 0.0),
    2: _Place(2202.75, 2.52, 0.999893, -8.2458e-4),
    4: _Place(7.36, 2189.67, 0.999541, 3.3954e-4),
    3: _Place(2207.25, 2191.08, 0.999849, 5.7963e-4),
}
_CENTRE = (2127.5, 2119.4)


def chip_scale(pixels: int) -> float:
    """Degrees per pixel of a chip of HAWK-I with that many along a side."""
    return FIELD / pixels


def chip_wcs(ra: float, dec: float, chip: int, pixels: int = SMALL.hawki) -> WCS:
    """Tangential projection of chip 1 to 4 of the mosaic centred at (ra, dec), degrees."""
    place = _PLACES[chip]
    # From pixels of the chip to those of the mosaic, and from there to the sky: east is left.
    turned = np.array([[place.scale, place.turn], [-place.turn, place.scale]])
    centre = np.linalg.solve(turned, np.subtract(_CENTRE, (place.x, place.y)))
    step = _REAL / pixels
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.cd = chip_scale(pixels) * np.diag([-1.0, 1.0]) @ turned
    wcs.wcs.crpix = (centre - 0.5) / step + 0.5
    wcs.wcs.radesys = "FK5"
    wcs.wcs.equinox = 2000.0
    return wcs


def paint(stars: QTable, band: str, wcs: WCS, seconds: float, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Electrons of all stars on the pixel grid: Gaussian images of the seeing, or of little over a pixel."""
    image = np.zeros(shape)
    width = max(_FINEST, _SEEING / abs(wcs.wcs.cd[1, 1]))
    reach = int(np.ceil(6 * width))
    # A tangential projection maps the far hemisphere too; only stars within the field are wanted.
    ra, dec = wcs.wcs.crval
    near = stars[within(stars, ra, dec, 1.0)]
    x, y = wcs.all_world2pix(near["ra"].value, near["dec"].value, 0)
    inside = (x > -reach) & (y > -reach) & (x < shape[1] + reach) & (y < shape[0] + reach)
    column = BANDS.get(band, BANDS["Ks"])[0]
    electrons = ZERO_POINT * seconds * 10 ** (-0.4 * near[column].value[inside].astype("f8"))
    for x_star, y_star, flux in zip(x[inside], y[inside], electrons, strict=True):
        rows = np.arange(max(0, int(y_star) - reach), min(shape[0], int(y_star) + reach + 1))
        columns = np.arange(max(0, int(x_star) - reach), min(shape[1], int(x_star) + reach + 1))
        profile = np.outer(_bell(rows - y_star, width), _bell(columns - x_star, width))
        image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] += flux * profile
    return image


def _bell(distances: NDArray[np.float64], width: float) -> NDArray[np.float64]:
    profile: NDArray[np.float64] = np.exp(-(distances**2) / (2 * width**2)) / (np.sqrt(2 * np.pi) * width)
    return profile


@cache
def sensitivity(chip: int, pixels: int) -> NDArray[np.float64]:
    """Of each pixel of a chip of HAWK-I, about 1: pixels differ by a percent, and corners get less light."""
    random = np.random.default_rng((_SENSITIVITY_SEED, chip))
    offsets = np.linspace(-1, 1, pixels)
    vignetting = 1 - 0.03 * (offsets[:, None] ** 2 + offsets**2)
    return vignetting * random.normal(1.0, 0.01, (pixels, pixels))


def raw_frame(
    exposure: Exposure, stars: QTable, random: np.random.Generator, detectors: Detectors = SMALL
) -> fits.HDUList:
    """The exposure as the instrument would have written it."""
    match exposure.instrument:
        case "HAWKI":
            return _hawki(exposure, stars, random, detectors)
        case "UVES":
            return uves_frame(exposure, random, detectors)
        case "FORS2":
            return _fors2(exposure, random, detectors)
        case _:
            return _lamp(exposure)


# --- HAWK-I ------------------------------------------------------------------------------------------


def _hawki(
    exposure: Exposure, stars: QTable, random: np.random.Generator, detectors: Detectors
) -> fits.HDUList:
    hdus = fits.HDUList([fits.PrimaryHDU(header=raw_header(exposure, detectors))])
    for chip in HAWKI_DETECTORS:
        header = fits.Header()
        if exposure.block is not None:
            header = celestial(_pointing(exposure, chip, detectors))
        header.extend(hawki_chip_cards(exposure, chip, detectors))
        electrons = _mosaic_light(exposure, chip, stars, detectors)
        hdus.append(extension(read_out(electrons, random), header, f"CHIP{chip}.INT1"))
    return hdus


def _pointing(exposure: Exposure, chip: int, detectors: Detectors) -> WCS:
    assert exposure.block is not None  # only blocks point at the sky
    target = exposure.block.target
    return chip_wcs(target.ra + exposure.offset[0], target.dec + exposure.offset[1], chip, detectors.hawki)


def celestial(wcs: WCS) -> fits.Header:
    """With CDi_j, which the instrument writes: pipelines correct them, and would leave others as they are."""
    header = wcs.to_header()
    for name in ("PC1_1", "PC1_2", "PC2_1", "PC2_2", "CDELT1", "CDELT2"):
        header.remove(name, ignore_missing=True)
    (header["CD1_1"], header["CD1_2"]), (header["CD2_1"], header["CD2_2"]) = wcs.wcs.cd.tolist()
    return header


def _mosaic_light(exposure: Exposure, chip: int, stars: QTable, detectors: Detectors) -> NDArray[np.float64]:
    """Electrons of one chip: the shutter's dark, twilight, or sky and stars."""
    pixels = detectors.hawki
    dark = np.full((pixels, pixels), DARK_CURRENT * exposure.exposure_time)
    match kind_of(exposure):
        case Kind.BIAS | Kind.DARK:
            return dark
        case Kind.STAR:
            light = np.full((pixels, pixels), SKY * exposure.exposure_time)
            if exposure.block is not None:
                wcs = _pointing(exposure, chip, detectors)
                light += paint(stars, exposure.optics, wcs, exposure.exposure_time, light.shape)
        case _:
            light = np.full((pixels, pixels), TWILIGHT * (1 + 0.1 * (exposure.number - 1)))
    return dark + light * sensitivity(chip, pixels)


# --- FORS2 and others --------------------------------------------------------------------------------


def _fors2(exposure: Exposure, random: np.random.Generator, detectors: Detectors) -> fits.HDUList:
    """One chip, dispersion along x; the spectrum is a smooth continuum with the Balmer lines."""
    height, width = detectors.fors2
    seconds = exposure.exposure_time
    electrons = np.full((height, width), 2.0 + seconds * 0.3)
    match kind_of(exposure):
        case Kind.BIAS | Kind.DARK:
            electrons = np.full((height, width), seconds * 0.001)
        case Kind.STAR if exposure.optics:
            rows = np.arange(height)[:, None]
            profile = np.exp(-((rows - height / 2) ** 2) / (2 * (height / 48) ** 2))
            electrons = electrons + profile * continuum(wavelengths(width)) * seconds * 20
        case Kind.STAR:
            pass  # an image of nothing but sky
        case Kind.ARC | Kind.FORMAT:
            spacing = 23 * width // SMALL.fors2[1]
            electrons = electrons + 5000.0 * (np.arange(width) % spacing == spacing // 3)
        case Kind.FLAT | Kind.ORDER:
            electrons = electrons + 20_000.0
    return fits.HDUList([primary(read_out(electrons, random), raw_header(exposure, detectors))])


def _lamp(exposure: Exposure) -> fits.HDUList:
    """Lines at regular distances on a small detector; dark when the shutter was closed."""
    pixels = np.full((48, 64), 200, "u2")
    pixels[:, 3::8] += np.uint16(min(exposure.exposure_time * 100, 30_000))
    return fits.HDUList([primary(pixels, raw_header(exposure))])
