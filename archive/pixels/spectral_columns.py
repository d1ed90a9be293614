"""What is known of the columns of a spectrum before a number is read: role, unit, UCD, utype, place.

Utypes are those of the Spectrum data model 1.1, by which clients find the columns.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

import numpy as np
import numpy.typing as npt

from ..declare.columns import Field
from ..declare.types import DOUBLE, FLOAT, INTEGER, LONG, SHORT, Type

__all__ = ["Axis", "Column", "Form", "Layout", "Medium", "Quantity", "Role", "Series", "spectral_column"]

Numbers = npt.NDArray[np.generic]
_TYPES = {"u1": SHORT, "i2": SHORT, "i4": INTEGER, "i8": LONG, "f4": FLOAT, "f8": DOUBLE}
_DATA = "spec:Spectrum.Data"


class Role(Enum):
    """What a column is for; the value is what it is called in a delivered spectrum."""

    SPECTRAL = "wavelength"
    FLUX = "flux"
    ERROR = "error"
    QUALITY = "quality"
    OTHER = "other"


class Quantity(Enum):
    """The spectral coordinate; the value is its UCD."""

    WAVELENGTH = "em.wl"
    FREQUENCY = "em.freq"
    ENERGY = "em.energy"
    WAVENUMBER = "em.wavenumber"


class Medium(Enum):
    """In what wavelengths are measured."""

    AIR = "air"
    VACUUM = "vacuum"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Numbers at equal distances in the data of an HDU: bytes to the first, bytes from one to the next.

    `kind` is numpy's dtype. The value is `zero + scale * number`, unless the number is `null`;
    `decimal_log`: ten to the power of that.
    """

    hdu: int
    offset: int
    stride: int
    kind: str
    scale: float = 1.0
    zero: float = 0.0
    null: int | None = None
    decimal_log: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether the numbers are the values."""
        return self.scale == 1.0 and self.zero == 0.0 and self.null is None and not self.decimal_log

    @property
    def type(self) -> Type:
        return _TYPES[self.kind[-2:]] if self.is_plain else DOUBLE

    def values(self, numbers: Numbers) -> Numbers:
        if self.is_plain:
            return numbers
        with np.errstate(over="ignore", invalid="ignore"):
            values = self.zero + self.scale * numbers.astype(np.float64)
            if self.null is not None:
                values[numbers == self.null] = np.nan
            return np.asarray(10.0**values if self.decimal_log else values)


class Form(Enum):
    """How values run along an axis."""

    LINEAR = "linear"
    LOG = "-LOG"  # FITS 4.0, equation 19
    DECIMAL_LOG = "DC-FLAG = 1"  # IRAF and SDSS: the axis counts decimal logarithms


@dataclass(frozen=True, slots=True)
class Axis:
    """Values computed from the pixel: `value` at `pixel` (from 1), `step` per pixel there."""

    pixel: float
    value: float
    step: float
    form: Form = Form.LINEAR

    @property
    def type(self) -> Type:
        return DOUBLE

    def at(self, start: int, stop: int) -> npt.NDArray[np.float64]:
        """The values of pixels `start` to `stop`, counted from 0, without the last."""
        offset = (np.arange(start + 1, stop + 1, dtype=np.float64) - self.pixel) * self.step
        # A damaged header may make them infinite.
        with np.errstate(over="ignore", invalid="ignore"):
            match self.form:
                case Form.LINEAR:
                    return np.asarray(self.value + offset)
                case Form.LOG:
                    return np.asarray(self.value * np.exp(offset / self.value))
                case Form.DECIMAL_LOG:
                    return np.asarray(10.0 ** (self.value + offset))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a delivered spectrum; `unit` in VOUnits, `original_unit` as the file writes it.

    `quantity` and `medium` are told of the spectral column only.
    """

    name: str
    role: Role
    values: Series | Axis
    unit: str = ""
    ucd: str = ""
    utype: str = ""
    description: str = ""
    original_unit: str = ""
    quantity: Quantity | None = None
    medium: Medium = Medium.UNKNOWN

    @property
    def field(self) -> Field:
        unknown = f"; the file gives the unit {self.original_unit!r}" if self._is_unit_unknown else ""
        return Field(
            self.name,
            self.values.type,
            self.unit,
            self.ucd or _UCDS[self.role](self.unit),
            self.utype or _UTYPES.get(self.role, ""),
            (self.description or _DESCRIPTIONS[self.role]) + unknown,
        )

    @property
    def _is_unit_unknown(self) -> bool:
        return bool(self.original_unit) and not self.unit


@dataclass(frozen=True, slots=True)
class Layout:
    """A spectrum of `count` points, found in `hdu`; `columns` begin with the spectral one and the fluxes."""

    hdu: int
    count: int
    columns: tuple[Column, ...]

    @property
    def spectral(self) -> Column:
        return self.columns[0]

    @property
    def flux(self) -> Column:
        return self.columns[1]


def spectral_column(quantity: Quantity, values: Series | Axis, unit: str, medium: Medium) -> Column:
    name = quantity.name.lower()
    told = f" in {medium.value}" if medium is not Medium.UNKNOWN and quantity is Quantity.WAVELENGTH else ""
    return Column(
        name,
        Role.SPECTRAL,
        values,
        unit,
        # The word that ESO's Phase 3 standard adds for wavelengths in air.
        quantity.value + (";obs.atmos" if told and medium is Medium.AIR else ""),
        _UTYPES[Role.SPECTRAL],
        f"{name.capitalize()}{told}",
        quantity=quantity,
        medium=medium,
    )


def _flux_ucd(unit: str) -> str:
    lower = unit.lower()
    if "adu" in lower or "count" in lower or "electron" in lower:
        return "phot.count"
    if "jy" in lower or "hz" in lower:
        return "phot.flux.density;em.freq"
    return "phot.flux.density;em.wl"


_UCDS: dict[Role, Callable[[str], str]] = {
    Role.SPECTRAL: lambda unit: "em.wl",
    Role.FLUX: _flux_ucd,
    Role.ERROR: lambda unit: f"stat.error;{_flux_ucd(unit)}",
    Role.QUALITY: lambda unit: "meta.code.qual",
    Role.OTHER: lambda unit: "",
}
_UTYPES = {
    Role.SPECTRAL: f"{_DATA}.SpectralAxis.Value",
    Role.FLUX: f"{_DATA}.FluxAxis.Value",
    Role.ERROR: f"{_DATA}.FluxAxis.Accuracy.StatError",
    Role.QUALITY: f"{_DATA}.FluxAxis.Accuracy.QualityStatus",
}
_DESCRIPTIONS = {
    Role.SPECTRAL: "Spectral coordinate",
    Role.FLUX: "Flux",
    Role.ERROR: "Statistical error of the flux",
    Role.QUALITY: "Quality flags",
    Role.OTHER: "As in the file",
}
