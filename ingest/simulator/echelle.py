"""Where light falls on the detectors of UVES: two gratings crossed, after Ballester & Rosa 1997.

Wavelengths are nanometres in air. Pixels are unbinned and counted from 0: x along the orders with growing
wavelength, y across them. How the detectors are read out, and what shines on them, is told in `uves`.
The model: A&AS 126, 563.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import cache

import numpy as np
from numpy.typing import NDArray

from .observatory import Exposure

__all__ = ["PIXELS_ACROSS", "Arm", "Chip", "Order", "Setting", "orders", "setting_of"]

Values = NDArray[np.float64]

PIXELS_ACROSS = 2048
_PIXEL = 15e-6  # metres
_SAMPLES = 600  # along an order, between which positions are interpolated
# Air in the spectrograph: hectopascal and Celsius.
PRESSURE, TEMPERATURE = 743.6, 11.4


class Arm(Enum):
    """Values: INS PATH, grooves of the echelle per nm, its incidence, angle at the cross disperser,
    rotation of the detectors (all degrees)."""

    BLUE = ("BLUE", 41.59e-6, 75.9, 46.0, -0.10)
    RED = ("RED", 31.6e-6, 74.57, 45.336, 0.30)

    @property
    def grooves(self) -> float:
        return self.value[1]

    @property
    def incidence(self) -> float:
        return float(np.radians(self.value[2]))

    @property
    def crossing(self) -> float:
        return float(np.radians(self.value[3]))

    @property
    def rotation(self) -> float:
        return float(np.radians(self.value[4]))


class Chip(Enum):
    """Values: DET CHIP ID, its name, unbinned pixels along the orders."""

    BLUE = ("CCD-44b", "EEV-2k4k-1", 3000)
    RED_UPPER = ("CCID-20", "MITLL CCID-20", 4096)
    RED_LOWER = ("CCD-44", "EEV CCD-44", 4096)

    @property
    def pixels_along(self) -> int:
        return self.value[2]


@dataclass(frozen=True, slots=True)
class Setting:
    """A standard setting: `wavelength` (nm) at the centre, grating with its grooves per nm.

    `centres` are the pixels on which that wavelength falls, or would fall, of each chip in `chips`.
    """

    wavelength: float
    arm: Arm
    grating: str
    grooves: float
    centres: tuple[tuple[float, float], ...]

    @property
    def chips(self) -> tuple[Chip, ...]:
        """In the order in which they stand in the file."""
        return (Chip.BLUE,) if self.arm is Arm.BLUE else (Chip.RED_UPPER, Chip.RED_LOWER)


_DISPERSERS = {
    "CD#1": (Arm.BLUE, 1000.0e-6, ((1355.0, 1030.0),)),
    "CD#2": (Arm.BLUE, 660.0e-6, ((1350.0, 1023.0),)),
    "CD#3": (Arm.RED, 600.0e-6, ((1852.0, -52.0), (1852.0, 2098.0))),
    "CD#4": (Arm.RED, 312.5e-6, ((1834.0, -49.0), (1835.0, 2104.0))),
}
_GRATINGS = {
    346.0: "CD#1",
    390.0: "CD#2",
    437.0: "CD#2",
    520.0: "CD#3",
    564.0: "CD#3",
    580.0: "CD#3",
    600.0: "CD#3",
    760.0: "CD#4",
    860.0: "CD#4",
}
SETTINGS = {
    wavelength: Setting(wavelength, arm, grating, grooves, centres)
    for wavelength, grating in _GRATINGS.items()
    for arm, grooves, centres in [_DISPERSERS[grating]]
}


def setting_of(exposure: Exposure) -> Setting:
    """By the central wavelength that `optics` tells; the usual one of the arm if nothing, as of a bias."""
    if exposure.optics:
        return SETTINGS[float(exposure.optics)]
    return SETTINGS[580.0] if exposure.detector == Arm.RED.name else SETTINGS[437.0]


@dataclass(frozen=True, slots=True)
class Order:
    """One order on one chip: for each x (unbinned pixel) its place across, wavelength, and blaze (0 to 1)."""

    number: int
    y: Values
    wavelengths: Values
    blaze: Values


def orders(setting: Setting, chip: Chip) -> Iterator[Order]:
    """All orders that touch the chip, from the red end to the blue one."""
    return iter(_orders(setting, chip))


@cache
def _orders(setting: Setting, chip: Chip) -> tuple[Order, ...]:
    found = (_order(setting, chip, number) for number in range(55, 175))
    return tuple(one for one in found if one.y.max() > -20 and one.y.min() < PIXELS_ACROSS + 20)


def _order(setting: Setting, chip: Chip, number: int) -> Order:
    arm = setting.arm
    blazing = 2 * np.sin(arm.incidence) / (number * arm.grooves)
    blazing *= _refraction(blazing)
    # A little more than what diffracts to both neighbours' blaze falls on the chip.
    wavelengths = blazing * (1 + np.linspace(-1.3, 1.3, _SAMPLES) / number)
    x, y = _positions(setting, chip, number, wavelengths)
    pixels = np.arange(chip.pixels_along, dtype="f8")
    on_pixels = np.interp(pixels, x, wavelengths)
    return Order(
        number,
        np.interp(pixels, x, y),
        on_pixels,
        np.sinc(number * (1 - blazing / on_pixels)) ** 2,
    )


def _positions(setting: Setting, chip: Chip, number: int, wavelengths: Values) -> tuple[Values, Values]:
    arm = setting.arm
    vacuum = wavelengths / _refraction(wavelengths)
    echelle = np.arcsin(np.clip(number * arm.grooves * vacuum - np.sin(arm.incidence), -1, 0.999))
    centre = setting.wavelength / _refraction(np.array(setting.wavelength))
    half = arm.crossing / 2
    incidence = np.arcsin(setting.grooves * centre / (2 * np.cos(half))) + half
    crossed = np.arcsin(setting.grooves * vacuum - np.sin(incidence))
    focal = _focal_length(arm, vacuum) / _PIXEL
    along = focal * np.tan(echelle - arm.incidence)
    across = -focal * np.tan(incidence - crossed - arm.crossing)
    cosine, sine = np.cos(arm.rotation), np.sin(arm.rotation)
    x, y = setting.centres[setting.chips.index(chip)]
    # Those centres are counted from 1.
    return x - 1 + along * cosine + across * sine, y - 1 - along * sine + across * cosine


def _refraction(wavelengths: Values) -> Values:
    """Index of dry air (Edlén 1953), scaled to the spectrograph's pressure and temperature."""
    wavenumber = 1e6 / wavelengths**2  # squared, per square micrometre
    torr = PRESSURE / 1.33322
    dense = 64.328 + 29498.1 / (146.0 - wavenumber) + 255.4 / (41.0 - wavenumber)
    thin = torr * (1 + 1e-6 * (1.049 - 0.0157 * TEMPERATURE) * torr)
    return 1 + 1e-6 * dense * thin / (720.883 * (1 + 0.003661 * TEMPERATURE))


def _focal_length(arm: Arm, wavelengths: Values) -> Values:
    """Of the camera, metres."""
    terms: tuple[float, ...]
    match arm:
        case Arm.BLUE:
            terms = (5.3961886e-7, -7.9597882e-4, 0.41122805, 287.89644)
        case Arm.RED:
            terms = (6.0172051e-13, -2.5623231e-9, 4.3585543e-6, -3.7286381e-3, 1.6289971, 210.06767)
    return np.polyval(terms, wavelengths) / 1000
