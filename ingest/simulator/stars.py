"""The simulated sky: a star catalogue, from which the frames are painted too.

One seeded draw gives a sparse all-sky population and a cluster around every target, so that cones,
crossmatches and detections in the images all agree with each other.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from pathlib import Path

import erfa
import numpy as np
from astropy import units
from astropy.io import fits
from astropy.table import QTable
from numpy.typing import NDArray

from .observatory import Target

__all__ = ["draw_stars", "within", "write_catalogue"]

ALL_SKY = 20_000
PER_TARGET = 400
EPOCH = 2016.0

_UCDS = {
    "source_id": ("meta.id;meta.main", "Identifier of the star"),
    "ra": ("pos.eq.ra;meta.main", "Right ascension, ICRS, at epoch 2016.0"),
    "dec": ("pos.eq.dec;meta.main", "Declination, ICRS, at epoch 2016.0"),
    "pmra": ("pos.pm;pos.eq.ra", "Proper motion in right ascension, times cos(dec)"),
    "pmdec": ("pos.pm;pos.eq.dec", "Proper motion in declination"),
    "parallax": ("pos.parallax", "Absolute parallax; absent for the faintest stars"),
    "jmag": ("phot.mag;em.IR.J", "J magnitude"),
    "ksmag": ("phot.mag;em.IR.K", "Ks magnitude"),
    "field": ("meta.id;obs.field", "Name of the target whose field the star was drawn for"),
}


def draw_stars(random: np.random.Generator, targets: Iterable[Target]) -> QTable:
    """All stars, as columns with units; positions ICRS in degrees, magnitudes Vega."""
    fields = [("", ALL_SKY, _whole_sky(random, ALL_SKY))]
    fields += [(target.name, PER_TARGET, _cluster(random, target, PER_TARGET)) for target in targets]
    ra = np.concatenate([position[0] for _, _, position in fields])
    dec = np.concatenate([position[1] for _, _, position in fields])
    count = len(ra)
    # Counts grow with magnitude as 10**(0.3 m), between 8 and 20 mag.
    bright, faint = 10 ** (0.3 * 8), 10 ** (0.3 * 20)
    jmag = np.log10(bright + random.random(count) * (faint - bright)) / 0.3
    parallax = random.gamma(1.5, 0.6, count)
    table = QTable()
    table["source_id"] = np.arange(count, dtype="i8") + 1_576_000_000_000
    table["ra"] = ra * units.deg
    table["dec"] = dec * units.deg
    table["pmra"] = random.normal(0, 8, count) * units.Unit("mas / yr")
    table["pmdec"] = random.normal(0, 8, count) * units.Unit("mas / yr")
    table["parallax"] = np.where(jmag < 19, parallax, np.nan) * units.mas
    table["jmag"] = jmag.astype("f4") * units.mag
    table["ksmag"] = (jmag - random.normal(0.6, 0.2, count)).astype("f4") * units.mag
    table["field"] = np.repeat([name for name, _, _ in fields], [n for _, n, _ in fields])
    return table


def _whole_sky(random: np.random.Generator, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return random.uniform(0, 360, count), np.degrees(np.arcsin(random.uniform(-1, 1, count)))


def _cluster(
    random: np.random.Generator, target: Target, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions scattered by 0.05 degrees around the target."""
    north, east = random.normal(0, 0.05, (2, count))
    dec = target.dec + north
    return (target.ra + east / np.cos(np.radians(dec))) % 360.0, dec


def within(stars: QTable, ra: float, dec: float, radius: float) -> NDArray[np.bool_]:
    """Which of the stars lie in a cone, degrees."""
    vectors = erfa.s2c(np.radians(stars["ra"].value), np.radians(stars["dec"].value))
    cosines = vectors @ erfa.s2c(math.radians(ra), math.radians(dec))
    return np.asarray(cosines > math.cos(math.radians(radius)))


def write_catalogue(stars: QTable, path: Path) -> None:
    """The catalogue as a FITS table with UCDs and comments, as Phase 3 catalogues have them."""
    hdu = fits.table_to_hdu(stars)
    hdu.header["EXTNAME"] = "PHASE3CATALOG"
    hdu.header["EPOCH"] = (EPOCH, "Epoch of the positions, Julian years")
    for number, name in enumerate(stars.colnames, start=1):
        ucd, comment = _UCDS[name]
        hdu.header[f"TUCD{number}"] = ucd
        hdu.header[f"TCOMM{number}"] = comment
    fits.HDUList([fits.PrimaryHDU(), hdu]).writeto(path, overwrite=True)
