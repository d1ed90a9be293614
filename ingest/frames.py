"""Celestial frames: coordinates as headers give them, turned into ICRS, galactic and ecliptic degrees.

FK5 of any equinox, galactic and ecliptic coordinates differ from ICRS by a rotation, which is taken from
astropy once and then applied as a matrix. FK4 has elliptic aberration in it and goes through astropy.
"""

from __future__ import annotations

import warnings
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

__all__ = ["Degrees", "ecliptic", "fk_frame", "from_vectors", "galactic", "to_icrs", "to_vectors"]

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


def fk_frame(system: str | None, equinox: float | None) -> Any:
    """The frame of RADESYS and EQUINOX, with the defaults of FITS 4.0, 8.3: FK4 before 1984, then FK5; ICRS
    when neither is there."""
    name = (system or "").upper()
    if name.startswith("FK4") or (not name and equinox is not None and equinox < 1984.0):
        return FK4(equinox=f"B{1950.0 if equinox is None else equinox}")
    if name == "FK5" or (not name and equinox is not None):
        return FK5(equinox=f"J{2000.0 if equinox is None else equinox}")
    return ICRS()


def to_icrs(frame: Any, lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Positions of an astropy frame in ICRS, degrees."""
    if isinstance(frame, ICRS):
        return from_vectors(to_vectors(lon, lat))
    if isinstance(frame, FK5):
        matrix = _fk5_rotation(frame.equinox.jyear_str)
        return from_vectors(to_vectors(lon, lat) @ matrix.T)
    if isinstance(frame, Galactic):
        return from_vectors(to_vectors(lon, lat) @ _rotation("galactic"))
    if isinstance(frame, BarycentricMeanEcliptic):
        return from_vectors(to_vectors(lon, lat) @ _rotation("ecliptic"))
    with warnings.catch_warnings():
        # Dates before 1960 are "dubious years" to ERFA, whose leap seconds begin then.
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        icrs = SkyCoord(lon * units.deg, lat * units.deg, frame=frame).icrs
    return np.asarray(icrs.ra.deg), np.asarray(icrs.dec.deg)


def galactic(ra: float, dec: float) -> tuple[float, float]:
    """Galactic longitude and latitude of an ICRS position, degrees."""
    return _turned(ra, dec, "galactic")


def ecliptic(ra: float, dec: float) -> tuple[float, float]:
    """Mean ecliptic longitude and latitude (J2000.0) of an ICRS position, degrees."""
    return _turned(ra, dec, "ecliptic")


def _turned(ra: float, dec: float, name: str) -> tuple[float, float]:
    lon, lat = from_vectors(to_vectors(np.array(ra), np.array(dec)) @ _rotation(name).T)
    return float(lon), float(lat)


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
