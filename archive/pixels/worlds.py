"""World coordinates of an image: which of its axes lie on the sky, and pixels to ICRS directions and back.

wcslib and astropy do the projections (with SIP, TPV, -TAB and lookup distortions); here their input is made
small and clean, and their frames are turned to ICRS. Spectral axes are the business of `spectral`.
"""

from __future__ import annotations

import logging
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import erfa
import numpy as np
import numpy.typing as npt
from astropy import log, units, wcs
from astropy.coordinates import (
    FK5,
    ICRS,
    BarycentricMeanEcliptic,
    CartesianRepresentation,
    Galactic,
    SkyCoord,
    Supergalactic,
)
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from astropy.wcs.utils import wcs_to_celestial_frame

from ..errors import UnreadableFile
from ..tablefiles.fits_scan import ASTROPY_FAILURES
from .hdus import CARD, Hdu

__all__ = ["Sky", "Vectors", "has_sky", "lookups_of", "sky_of", "vectors", "world_coordinates"]

Vectors = npt.NDArray[np.float64]

_LONGITUDE = re.compile(r"(RA--|[GES]LON)-\w{3}(-\w+)?")
_LATITUDE = re.compile(r"(DEC-|[GES]LAT)-\w{3}(-\w+)?")
_WORLD = re.compile(
    rb"(WCSAXES|C(TYPE|RVAL|RPIX|DELT|UNIT|ROTA)\d\d?|CD\d\d?_\d\d?|PC\d\d?_\d\d?|P[VS]\d\d?_\d\d?"
    rb"|LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|EPOCH|[AB]P?_(ORDER|DMAX|\d+_\d+)|WAT\d_\d{3}|MJD-OBS"
    rb"|DATE-OBS|RESTFRQ|RESTFREQ|RESTWAV|SPECSYS|(CPDIS|CPERR|CQDIS)\d|(DP|DQ)\d|D2IM\w*|AXISCORR) *[= ]"
)
# The plate solution of the Digitized Sky Survey, which wcslib refuses among further axes.
_PLATE = re.compile(rb"(AMD[XY]\d+|PPO\d|PLT\w+|CNPIX\d|[XY]PIXELSZ) *=")
# What astropy handles and not wcslib alone.
_DISTORTED = re.compile(rb"[AB]P?_ORDER|PV\d|CPDIS|D2IMDIS|D2IMARR|AXISCORR")
_LOOKUPS = {"WCSDVARR": "CPDIS", "D2IMARR": "D2IMDIS"}


def vectors(lon: npt.ArrayLike, lat: npt.ArrayLike) -> Vectors:
    """Unit vectors, shape (n, 3), of positions in degrees."""
    lam, phi = np.radians(lon), np.radians(lat)
    return np.stack([np.cos(phi) * np.cos(lam), np.cos(phi) * np.sin(lam), np.sin(phi)], axis=-1)


def _lonlat(directions: Vectors) -> tuple[Vectors, Vectors]:
    x, y, z = directions[..., 0], directions[..., 1], directions[..., 2]
    return np.degrees(np.arctan2(y, x)) % 360.0, np.degrees(np.arctan2(z, np.hypot(x, y)))


@dataclass(frozen=True)
class Sky:
    """The celestial part of an image's coordinates.

    `axes` are those of longitude and latitude, counted from 0, the one that comes first in the file first;
    pixels are pairs along them, counted from 0, with integers at their centres. `shape` along them too.
    """

    axes: tuple[int, int]
    shape: tuple[int, int]
    _world: Any
    _from_icrs: Callable[[Vectors], Vectors]
    _to_icrs: Callable[[Vectors], Vectors]

    def directions(self, pixels: Vectors) -> Vectors:
        """ICRS unit vectors; NaN where a pixel is not on the sky."""
        sky = self._world.all_pix2world(pixels, 0)
        lng, lat = self._world.wcs.lng, self._world.wcs.lat
        found = np.full((len(pixels), 3), np.nan)
        good = np.isfinite(sky).all(axis=1)
        if good.any():
            found[good] = self._to_icrs(vectors(sky[good, lng], sky[good, lat]))
        return found

    def pixels(self, directions: Vectors) -> Vectors:
        """Where ICRS unit vectors fall in or near the image; NaN for all others."""
        lng, lat = self._world.wcs.lng, self._world.wcs.lat
        lon, la = _lonlat(self._from_icrs(directions))
        sky = np.empty((len(directions), 2))
        sky[:, lng], sky[:, lat] = lon, la
        found = self._world.wcs_world2pix(sky, 0)
        if self._world.has_distortion:
            # The distortion is a polynomial or a table that means nothing far from the image.
            near = self._near(found, 0.25)
            found[~near] = np.nan
            if near.any():
                found[near] = self._world.all_world2pix(sky[near], 0, tolerance=1e-4, quiet=True)
        return np.asarray(found)

    def _near(self, pixels: Vectors, margin: float) -> npt.NDArray[np.bool_]:
        size = np.array(self.shape, dtype=np.float64)
        room = margin * size + 100.0
        with np.errstate(invalid="ignore"):
            return np.asarray(((pixels > -room) & (pixels < size + room)).all(axis=1))


def has_sky(hdu: Hdu) -> bool:
    return _celestial_axes(hdu) is not None


def _celestial_axes(hdu: Hdu) -> tuple[int, int] | None:
    """The axes of longitude and latitude, from 0."""
    types = [(hdu.header.text(f"CTYPE{axis + 1}") or "").upper() for axis in range(len(hdu.shape))]
    longitude = next((i for i, name in enumerate(types) if _LONGITUDE.fullmatch(name)), None)
    latitude = next((i for i, name in enumerate(types) if _LATITUDE.fullmatch(name)), None)
    return None if longitude is None or latitude is None else (longitude, latitude)


def sky_of(hdu: Hdu, lookups: Sequence[fits.hdu.base._ValidHDU] = ()) -> Sky | None:
    """The celestial coordinates of an image; None when it has none.

    `lookups`: the tables and images of the file that its coordinates may refer to (`lookups_of`). Raises
    UnreadableFile for coordinates that nobody understands.
    """
    found = _celestial_axes(hdu)
    if found is None:
        return None
    first, second = min(found), max(found)
    try:
        world = world_coordinates(hdu, lookups)
        if world.naxis != 2:
            world = world.sub([first + 1, second + 1])
        if world.wcs.lng < 0 or world.wcs.lat < 0:
            raise ValueError("the celestial axes depend on others")
        world.pixel_shape = (hdu.shape[first], hdu.shape[second])
        to_icrs, from_icrs = _frames(world)
    except ASTROPY_FAILURES as cause:
        reason = " ".join(str(cause).split())[:200]
        raise UnreadableFile(f"the coordinates of HDU {hdu.index} cannot be used: {reason}") from cause
    return Sky((first, second), (hdu.shape[first], hdu.shape[second]), world, from_icrs, to_icrs)


def world_coordinates(hdu: Hdu, lookups: Sequence[fits.hdu.base._ValidHDU] = ()) -> Any:
    """astropy's WCS of an image, all of its axes."""
    lines = [hdu.raw[start : start + CARD] for start in range(0, len(hdu.raw), CARD)]
    flat = len(hdu.shape) == 2 and any(line.startswith(b"AMDX1 ") for line in lines)
    cards = [line for line in lines if _WORLD.match(line) or (flat and _PLATE.match(line))]
    shape = [f"NAXIS{axis + 1:<3}= {length:>20}" for axis, length in enumerate(hdu.shape)]
    structure = [f"NAXIS   = {len(hdu.shape):>20}", *shape]
    block = b"".join([*(text.encode().ljust(CARD) for text in structure), *cards, b"END".ljust(CARD)])
    with warnings.catch_warnings(), _silence():
        # "RADECSYS is deprecated", "the unit was Angstroms": corrections that need nobody's attention.
        warnings.simplefilter("ignore", wcs.FITSFixedWarning)
        warnings.simplefilter("ignore", AstropyUserWarning)
        if lookups or any(_DISTORTED.match(line) for line in cards):
            fobj = fits.HDUList([fits.PrimaryHDU(), *lookups])
            return wcs.WCS(fits.Header.fromstring(block), fobj)
        # Straight to wcslib: astropy's own way through a Header takes five times as long.
        parameters = wcs.Wcsprm(header=block, relax=True)
        parameters.fix()
        parameters.set()
        world = wcs.WCS(naxis=parameters.naxis)
        world.wcs = parameters
        return world


def lookups_of(hdu: Hdu) -> frozenset[str]:
    """EXTNAMEs of the HDUs that an image's coordinates refer to: lookup distortions and -TAB."""
    names = {name for name, keyword in _LOOKUPS.items() if any(k.startswith(keyword) for k in hdu.header)}
    for axis in range(1, len(hdu.shape) + 1):
        if (hdu.header.text(f"CTYPE{axis}") or "").upper().endswith("-TAB"):
            names.add(hdu.header.text(f"PS{axis}_0") or "")
    return frozenset(names)


@contextmanager
def _silence() -> Iterator[None]:
    """Without astropy's advice on how SIP headers ought to be written, which it logs for each of them."""
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)


# --- frames -----------------------------------------------------------------------------------------------


def _frames(world: Any) -> tuple[Callable[[Vectors], Vectors], Callable[[Vectors], Vectors]]:
    """From the frame of the celestial axes to ICRS, and back."""
    frame = _frame(world)
    if isinstance(frame, ICRS):
        return _same, _same
    if isinstance(frame, FK5 | Galactic | BarycentricMeanEcliptic | Supergalactic):
        matrix = _rotation(_Key(frame))
        return (lambda directions: directions @ matrix.T), (lambda directions: directions @ matrix)
    # FK4 has elliptic aberration in it, which is no rotation.
    return (lambda d: _through_astropy(d, frame, ICRS())), (lambda d: _through_astropy(d, ICRS(), frame))


def _same(directions: Vectors) -> Vectors:
    return directions


def _frame(world: Any) -> Any:
    name = world.wcs.ctype[world.wcs.lng][:4]
    if name == "ELON":
        return BarycentricMeanEcliptic(equinox="J2000")
    if name == "SLON":
        return Supergalactic()
    return wcs_to_celestial_frame(world)


@dataclass(frozen=True)
class _Key:
    """A frame, equal to others of its kind and equinox."""

    frame: Any

    def _text(self) -> str:
        equinox = getattr(self.frame, "equinox", None)
        return f"{type(self.frame).__name__} {'' if equinox is None else equinox.jyear_str}"

    def __hash__(self) -> int:
        return hash(self._text())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._text() == other._text()


@lru_cache(maxsize=64)
def _rotation(key: _Key) -> Vectors:
    """The matrix from a frame to ICRS: the images of its axes, as columns."""
    axes = key.frame.realize_frame(CartesianRepresentation(np.eye(3)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        images = axes.transform_to(ICRS()).cartesian.xyz.value
    return np.asarray(images, dtype=np.float64)


def _through_astropy(directions: Vectors, source: Any, target: Any) -> Vectors:
    lon, lat = _lonlat(directions)
    with warnings.catch_warnings():
        # Dates before 1960 are "dubious years" to ERFA, whose leap seconds begin then.
        warnings.simplefilter("ignore", erfa.ErfaWarning)
        turned = SkyCoord(lon * units.deg, lat * units.deg, frame=source).transform_to(target)
    return vectors(turned.spherical.lon.deg, turned.spherical.lat.deg)
