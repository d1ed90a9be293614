"""Celestial frames: coordinates as headers give them, turned into ICRS, galactic and ecliptic degrees.

FK5 of any equinox, galactic and ecliptic coordinates differ from ICRS by a rotation, which is taken from
astropy once and then applied as a matrix. FK4 has elliptic aberration in it and goes through astropy.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import erfa
import numpy as np
import numpy.typing as npt
from astropy import units
from astropy.coordinates import (
    FK4,
    FK5,
    ICRS,
    BarycentricMeanEcliptic,
    CartesianRepresentation,
    Galactic,
    SkyCoord,
)

__all__ = [
    "Degrees",
    "Frame",
    "ecliptic",
    "fk_frame",
    "frame_of",
    "from_vectors",
    "galactic",
    "to_icrs",
    "to_vectors",
    "turned",
]

Degrees = npt.NDArray[np.float64]


def to_vectors(lon: Degrees, lat: Degrees) -> Degrees:
    """Unit vectors, shape (n, 3), of positions in degrees."""
    lam, phi = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def from_vectors(vectors: Degrees) -> tuple[Degrees, Degrees]:
    """Longitudes in [0, 360) and latitudes, in degrees, of vectors of any length."""
    x, y, z = vectors[..., 0], vectors[..., 1], vectors[..., 2]
    lon = np.degrees(np.arctan2(y, x)) % 360.0
    # A tiny negative angle modulo 360 is 360 itself.
    return np.where(lon >= 360.0, 0.0, lon), np.degrees(np.arctan2(z, np.hypot(x, y)))


@dataclass(frozen=True, slots=True)
class Frame:
    """A frame of astropy's; `to_icrs` turns its vectors, None where it takes more than a rotation."""

    astropy: Any
    to_icrs: Degrees | None


@lru_cache
def fk_frame(system: str | None, equinox: float | None) -> Frame:
    """The frame of RADESYS and EQUINOX, with the defaults of FITS 4.0, 8.3: FK4 before 1984, then FK5; ICRS
    when neither is there."""
    name = (system or "").upper()
    if name.startswith("FK4") or (not name and equinox is not None and equinox < 1984.0):
        return frame_of(FK4(equinox=f"B{1950.0 if equinox is None else equinox}"))
    if name == "FK5" or (not name and equinox is not None):
        return frame_of(FK5(equinox=f"J{2000.0 if equinox is None else equinox}"))
    return frame_of(ICRS())


def frame_of(frame: Any) -> Frame:
    """A frame of astropy's with its rotation, if it has one."""
    if isinstance(frame, ICRS):
        return Frame(frame, np.eye(3))
    if isinstance(frame, FK5):
        return Frame(frame, _fk5_rotation(frame.equinox.jyear_str))
    if isinstance(frame, Galactic):
        return Frame(frame, _rotation("galactic").T)
    if isinstance(frame, BarycentricMeanEcliptic):
        return Frame(frame, _rotation("ecliptic").T)
    return Frame(frame, None)


def to_icrs(frame: Frame, lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Positions in ICRS, degrees."""
    if frame.to_icrs is not None:
        return from_vectors(to_vectors(lon, lat) @ frame.to_icrs.T)
    with warnings.catch_warnings():
        # Dates before 1960 are "dubious years" to ERFA, whose leap seconds begin then.
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        icrs = SkyCoord(lon * units.deg, lat * units.deg, frame=frame.astropy).icrs
    return np.asarray(icrs.ra.deg), np.asarray(icrs.dec.deg)


def galactic(ra: float, dec: float) -> tuple[float, float]:
    """Galactic longitude and latitude of an ICRS position, degrees."""
    return _turned(ra, dec, "galactic")


def ecliptic(ra: float, dec: float) -> tuple[float, float]:
    """Mean ecliptic longitude and latitude (J2000.0) of an ICRS position, degrees."""
    return _turned(ra, dec, "ecliptic")


def _turned(ra: float, dec: float, name: str) -> tuple[float, float]:
    lon, lat = turned(np.array(ra), np.array(dec), name)
    return float(lon), float(lat)


def turned(ra: Degrees, dec: Degrees, name: str) -> tuple[Degrees, Degrees]:
    """Of many ICRS positions the "galactic" or "ecliptic" longitudes and latitudes, degrees."""
    return from_vectors(to_vectors(ra, dec) @ _rotation(name).T)


@lru_cache
def _rotation(name: str) -> Degrees:
    """The matrix from ICRS to another frame."""
    frame = {"galactic": Galactic(), "ecliptic": BarycentricMeanEcliptic(equinox="J2000")}[name]
    return _matrix(ICRS(), frame)


@lru_cache
def _fk5_rotation(equinox: str) -> Degrees:
    return _matrix(FK5(equinox=equinox), ICRS())


def _matrix(source: Any, target: Any) -> Degrees:
    """The images of the three axes, as columns."""
    axes = source.realize_frame(CartesianRepresentation(np.eye(3)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        images = axes.transform_to(target).cartesian.xyz.value
    return np.asarray(images, dtype=np.float64)
