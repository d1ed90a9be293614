"""Raw frames of UVES: orders of flat fields, arcs and stars on one blue or two red chips, binned 2 x 2."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from astropy.io import fits
from numpy.typing import NDArray

from .echelle import PIXELS_ACROSS, Arm, Chip, Order, orders, setting_of
from .headers import raw_header
from .kinds import Kind, kind_of
from .observatory import Exposure
from .readout import Detectors, extension, primary, read_out
from .setups import UVES_BINNING, UVES_SCALES, UVES_SCANS, slit_length, uves_chip_cards
from .spectra import arc_lines, continuum, halogen

__all__ = ["uves_frame"]

Image = NDArray[np.float64]
# Spectrum of an order on its pixels, electrons for each binned pixel.
Spectrum = Callable[[Order], Image]

_LINE_WIDTH = 2.2  # standard deviation, unbinned pixels
_SEEING_WIDTH = 0.45  # standard deviation, arcsec
_DARK_CURRENT = 0.5 / 3600  # electrons per second and binned pixel
_SCATTERED = 0.002  # of the light of an order, between the orders


def uves_frame(exposure: Exposure, random: np.random.Generator, detectors: Detectors) -> fits.HDUList:
    """The blue chip is in the primary HDU; the upper and the lower red one are in extensions."""
    setting = setting_of(exposure)
    header = raw_header(exposure, detectors)
    pixels = [read_out(_raw(exposure, chip, detectors), random) for chip in setting.chips]
    if setting.arm is Arm.BLUE:
        return fits.HDUList([primary(pixels[0], header)])
    hdus = fits.HDUList([fits.PrimaryHDU(header=header)])
    for chip, counts in zip(setting.chips, pixels, strict=True):
        of_chip = fits.Header(uves_chip_cards(chip, setting, detectors))
        hdus.append(extension(counts, of_chip, chip.value[0]))
    return hdus


def _raw(exposure: Exposure, chip: Chip, detectors: Detectors) -> Image:
    """Electrons as they are read: along the orders is up or down, with prescan and overscan at the sides."""
    light = _light(exposure, chip, detectors) + _DARK_CURRENT * exposure.exposure_time
    # Blue frames are turned by a right angle, red ones flipped about the falling diagonal.
    turned = light.T[::-1, :] if chip is Chip.BLUE else light.T[::-1, ::-1]
    scan = UVES_SCANS // detectors.uves
    return np.pad(turned, ((0, 0), (scan, scan)))


def _light(exposure: Exposure, chip: Chip, detectors: Detectors) -> Image:
    step = UVES_BINNING * detectors.uves
    image = np.zeros((PIXELS_ACROSS // step, chip.pixels_along // step))
    kind, seconds = kind_of(exposure), exposure.exposure_time
    setting = setting_of(exposure)
    scale = UVES_SCALES[setting.arm] * step
    match kind:
        case Kind.BIAS | Kind.DARK:
            return image
        case Kind.FLAT | Kind.ORDER:
            spectrum, profile = _lamp(seconds), _through(slit_length(exposure) / scale)
        case Kind.ARC | Kind.FORMAT:
            spectrum, profile = _arc(seconds, step), _through(slit_length(exposure) / scale)
        case Kind.STAR:
            spectrum, profile = _star(seconds), _seen(_SEEING_WIDTH / scale)
    for order in orders(setting, chip):
        _draw(image, order, spectrum(order), profile, step)
    return image


def _draw(image: Image, order: Order, spectrum: Image, profile: Callable[[Image], Image], step: int) -> None:
    """Add one order: at each place along it the spectrum, across it the profile."""
    height, width = image.shape
    along = _binned(spectrum, step)[:width]
    centre = (_binned(order.y, step)[:width] + 0.5) / step - 0.5
    lowest = max(0, int(centre.min()) - 60)
    rows = np.arange(lowest, min(height, int(centre.max()) + 60))[:, None]
    image[rows[:, 0]] += along * (profile(rows - centre) + _SCATTERED * np.exp(-np.abs(rows - centre) / 15))


def _binned(values: Image, step: int) -> Image:
    means: Image = values[: len(values) // step * step].reshape(-1, step).mean(axis=1)
    return means


# --- across the orders -------------------------------------------------------------------------------


def _through(slit: float) -> Callable[[Image], Image]:
    """A slit's image of that many pixels with edges half a pixel soft."""
    return lambda distance: 1 / (1 + np.exp(np.minimum(4 * (np.abs(distance) - slit / 2), 99)))


def _seen(width: float) -> Callable[[Image], Image]:
    broad = max(width, 0.6)
    return lambda distance: np.exp(-(distance**2) / (2 * broad**2))


# --- along the orders --------------------------------------------------------------------------------


def _lamp(seconds: float) -> Spectrum:
    return lambda order: 800.0 * seconds * order.blaze * halogen(order.wavelengths)


def _star(seconds: float) -> Spectrum:
    return lambda order: 8.0 * seconds * order.blaze * continuum(order.wavelengths)


def _arc(seconds: float, step: int) -> Spectrum:
    """Lines of the lamp as the slit's images, where the order has their wavelengths."""
    lines, strengths = arc_lines()
    width = max(_LINE_WIDTH, 0.6 * step)

    def spectrum(order: Order) -> Image:
        found = (lines > order.wavelengths[0]) & (lines < order.wavelengths[-1])
        pixels = np.arange(len(order.wavelengths), dtype="f8")
        centres = np.interp(lines[found], order.wavelengths, pixels)
        shapes = np.exp(-((pixels - centres[:, None]) ** 2) / (2 * width**2))
        light: Image = strengths[found] @ shapes
        return 40.0 * seconds * order.blaze * light

    return spectrum
