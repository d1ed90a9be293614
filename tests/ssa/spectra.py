"""Spectra made by hand in the layouts that pipelines write, and how they are taken in and served."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
from astropy.io import fits

from archive import store as storage
from archive.config import Config
from archive.database import Database
from archive.store import Store
from frontdesk.app import create_app
from ingest import Summary, ingest_paths
from tests.ingest.support import write
from tests.serving import listening, serving

COMMON = {
    "TELESCOP": "ESO-VLT-U2",
    "INSTRUME": "UVES",
    "RA": 150.0,
    "DEC": 2.0,
    "EQUINOX": 2000.0,
    "RADESYS": "FK5",
}
POINTS = 1000
AIR = np.linspace(4000.0, 5000.0, POINTS)


def hdus(*made: fits.PrimaryHDU | fits.ImageHDU | fits.BinTableHDU) -> bytes:
    file = BytesIO()
    fits.HDUList(list(made)).writeto(file)
    return file.getvalue()


def phase3(values: Mapping[str, object] | None = None, **table: object) -> bytes:
    """One row of arrays, as ESO's standard for data products wants it; fluxes that count up."""
    primary = fits.PrimaryHDU()
    for keyword, value in {
        **COMMON,
        "PRODCATG": "SCIENCE.SPECTRUM",
        "OBJECT": "Star, the bright",
        "ORIGFILE": "star.fits",
        "MJD-OBS": 55000.25,
        "MJD-END": 55000.5,
        "EXPTIME": 3600.0,
        "TEXPTIME": 3600.0,
        "DATE": "2020-06-23T03:32:35",
        "WAVELMIN": 400.1,
        "WAVELMAX": 500.1,
        "SPEC_RES": 45000.0,
        "SNR": 54.5,
        "FLUXCAL": "ABSOLUTE",
        "CONTNORM": False,
        "SPECSYS": "TOPOCENT",
        "PROG_ID": "081.D-0904(A)",
        **(values or {}),
    }.items():
        primary.header[keyword] = value
    flux = np.arange(POINTS, dtype=">f4")
    unit = "10**(-16)erg.cm**(-2).s**(-1).angstrom**(-1)"
    form = f"{POINTS}E"
    columns = [
        fits.Column("WAVE", f"{POINTS}D", "angstrom", array=[AIR]),
        fits.Column("FLUX_REDUCED", form, "adu", array=[10 * flux]),
        fits.Column("ERR_REDUCED", form, "adu", array=[np.full(POINTS, 3.0)]),
        fits.Column("FLUX", form, unit, array=[flux]),
        fits.Column("ERR", form, unit, array=[np.full(POINTS, 0.5)]),
    ]
    extension = fits.BinTableHDU.from_columns(columns, name="SPECTRUM")
    told = {
        "TUTYP1": "spec:Data.SpectralAxis.Value",
        "TUTYP2": "eso:Data.FluxAxis.Value",
        "TUTYP3": "eso:Data.FluxAxis.Accuracy.StatError",
        "TUTYP4": "spec:Data.FluxAxis.Value",
        "TUTYP5": "spec:Data.FluxAxis.Accuracy.StatError",
        "TUCD1": "em.wl;obs.atmos",
        "TUCD4": "phot.flux.density;em.wl;src.net;meta.main",
        "VOCLASS": "SPECTRUM V2.0",
        "APERTURE": 0.0005,
        **table,
    }
    for keyword, value in told.items():
        extension.header[keyword] = value
    return hdus(primary, extension)


def image(values: Mapping[str, object] | None = None, *more: fits.ImageHDU, dtype: str = ">f4") -> bytes:
    """An image of one dimension, as the pipelines of HARPS and UVES write it."""
    primary = fits.PrimaryHDU(np.arange(POINTS, dtype=dtype))
    for keyword, value in {
        **COMMON,
        "INSTRUME": "HARPS",
        "OBJECT": "Gl273",
        "DEC": -30.0,
        "MJD-OBS": 52986.26,
        "EXPTIME": 219.4,
        "CTYPE1": "Angstrom",
        "CRVAL1": 3781.75,
        "CDELT1": 0.01,
        "CRPIX1": 1.0,
        "BUNIT": "Relative Flux",
        "ESO TEL TARG RADVEL": 17.9,
        "ESO DRS SPE EXT SN1": 10.0,
        "ESO DRS SPE EXT SN2": 20.0,
        "ESO DRS SPE EXT SN3": 40.0,
        **(values or {}),
    }.items():
        primary.header[keyword if " " not in keyword else f"HIERARCH {keyword}"] = value
    return hdus(primary, *more)


def xshooter() -> bytes:
    """Errors and flags in extensions of their own."""
    errors = fits.ImageHDU(np.full(POINTS, 0.25, ">f4"), name="ERRS")
    flags = fits.ImageHDU(np.zeros(POINTS, ">i4"), name="QUAL")
    values = {
        "INSTRUME": "XSHOOTER",
        "OBJECT": "QSO",
        "RA": 0.01,
        "DEC": 88.0,
        "MJD-OBS": 55510.0,
        "CTYPE1": "LINEAR",
        "CUNIT1": "nm",
        "CRVAL1": 533.66,
        "CDELT1": 0.02,
        "BUNIT": "erg/s/cm2/Angstrom",
        "ESO TEL TARG RADVEL": 0.0,
        "REDSHIFT": 3.0,
        "EXTNAME": "FLUX",
    }
    return image(values, errors, flags)


def rows_table() -> bytes:
    """One row for each point, among columns of other things."""
    primary = fits.PrimaryHDU()
    for keyword, value in {
        **COMMON,
        "INSTRUME": "SDSS",
        "OBJECT": "J1",
        "MJD-OBS": 58000.0,
        "RA": 200.0,
    }.items():
        primary.header[keyword] = value
    columns = [
        fits.Column("flux", "E", "Jy", array=np.arange(POINTS)),
        fits.Column("name", "7A", array=["x"] * POINTS),
        fits.Column("loglam", "D", array=np.linspace(3.5, 3.9, POINTS)),
        fits.Column("and_mask", "I", array=np.arange(POINTS)),
    ]
    return hdus(primary, fits.BinTableHDU.from_columns(columns))


def slit() -> bytes:
    """A spectrum of two dimensions, which is none of SSA's."""
    primary = fits.PrimaryHDU(np.zeros((20, 100), ">f4"))
    values = {
        "OBJECT": "slit",
        "MJD-OBS": 55510.0,
        "CTYPE1": "WAVE",
        "CUNIT1": "nm",
        "CRVAL1": 500.0,
        "CDELT1": 1.0,
    }
    for keyword, value in {**COMMON, "INSTRUME": "FORS2", **values}.items():
        primary.header[keyword] = value
    return hdus(primary)


FILES = {
    "star.fits": phase3({"ARCFILE": "ADP.2020-06-26T11:14:15.799.fits"}),
    "HARPS.2003-12-13T06:19:48.371_s1d_A.fits": image(),
    "xshooter.fits.gz": xshooter(),
    "sdss.fits": rows_table(),
    "slit.fits": slit(),
}


def take_in(database: Database, folder: Path, config: Config, *paths: Path) -> Summary:
    return ingest_paths(database, Store(folder / "store"), config, paths)


@contextlib.contextmanager
def served(database: Database, folder: Path, files: Mapping[str, bytes], **settings: object) -> Iterator[str]:
    """The address of a site that holds `files`."""
    listener = listening()
    port = listener.getsockname()[1]
    base_url = f"http://localhost:{port}"
    config = replace(
        Config(data_folder=folder, port=port, public_url=base_url, authority="archive.example"), **settings
    )
    with database.writer() as connection:
        storage.initialise(connection)
    incoming = folder / "in"
    incoming.mkdir()
    for name, content in files.items():
        write(incoming, name, content)
    take_in(database, folder, config, incoming)
    with serving(create_app(config, database, Store(folder / "store")), listener):
        yield base_url
