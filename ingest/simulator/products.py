"""Reduced data of the simulated night, as Phase 3 wants them: stacked images with weight maps,
one-dimensional spectra, a small cube and a set of visibilities.

Keywords follow ESO's Science Data Products Standard; provenance names the raw frames by their dp_id.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import groupby

import numpy as np
from astropy.io import fits
from astropy.table import QTable
from astropy.wcs import WCS

from .calibrations import master_flat_id, master_flats
from .demonstration.weather import NIGHT
from .frames import celestial, chip_scale, paint
from .headers import TELESCOPES
from .observatory import SECOND, Exposure, ObservationBlock
from .pictures import png
from .readout import SMALL
from .spectra import continuum, wavelengths
from .times import dp_id, iso

__all__ = ["products"]

# A FITS file, or the bytes of a file of another kind.
Product = tuple[str, fits.HDUList | bytes]
SCALE = chip_scale(SMALL.hawki)  # degrees per pixel
_STACK = 2 * SMALL.hawki + 12  # pixels along a side: both chips, the gap and the jitter


def products(
    exposures: tuple[Exposure, ...], stars: QTable, random: np.random.Generator
) -> Iterator[Product]:
    """(file name, HDUs) of every product; numbered as archive identifiers ADP.<time of archiving>.

    Previews have the names by which products call them, and master calibrations their own identifiers.
    """
    archived = NIGHT + 3.0
    number = 0
    for name, made in _all(exposures, stars, random):
        if isinstance(made, bytes):
            yield name, made
            continue
        identifier = f"ADP.{iso(archived + number * 0.25 * SECOND)}"
        made[0].header["ARCFILE"] = (f"{identifier}.fits", "Archive file name")
        made[0].header["ORIGFILE"] = (name, "Name given by the pipeline")
        yield f"{identifier}.fits", made
        number += 1
    yield from master_flats(exposures)


def _all(exposures: tuple[Exposure, ...], stars: QTable, random: np.random.Generator) -> Iterator[Product]:
    science = [exposure for exposure in exposures if exposure.category == "SCIENCE"]
    ordered = sorted(science, key=_group)
    for (_, instrument, optics), group in groupby(ordered, key=_group):
        members = tuple(group)
        if instrument == "HAWKI":
            yield from _stack(members, optics, stars, random)
        else:
            yield _spectrum(members, random)
    blocks = {exposure.block for exposure in science if exposure.block and exposure.instrument == "HAWKI"}
    spiral = max(blocks, key=lambda block: block.target.dec)
    yield _cube(spiral, random)
    yield _visibilities(spiral, random)


def _group(exposure: Exposure) -> tuple[int, str, str]:
    return (exposure.block.id if exposure.block else 0), exposure.instrument, exposure.optics


def _common(members: tuple[Exposure, ...], category: str) -> fits.Header:
    """Keywords every product carries (Science Data Products Standard, section 2)."""
    first, block = members[0], members[0].block
    assert block is not None  # science exposures always belong to a block
    total = sum(exposure.exposure_time for exposure in members)
    header = fits.Header()
    header["PRODCATG"] = (category, "Data product category")
    header["ORIGIN"] = ("URANIBORG SIMULATOR", "Not an observation")
    header["TELESCOP"] = (TELESCOPES[first.instrument], "Telescope name")
    header["INSTRUME"] = (first.instrument, "Instrument name")
    header["OBJECT"] = (block.target.name, "Target designation")
    header["RA"] = (block.target.ra, "[deg] Image centre (J2000.0)")
    header["DEC"] = (block.target.dec, "[deg] Image centre (J2000.0)")
    header["RADESYS"] = ("FK5", "Coordinate system")
    header["EQUINOX"] = (2000.0, "Standard FK5")
    header["EXPTIME"] = (total, "[s] Total integration time per pixel")
    header["TEXPTIME"] = (total, "[s] Total integration time")
    header["MJD-OBS"] = (round(first.start, 8), "[d] Start of observations")
    header["MJD-END"] = (round(members[-1].end, 8), "[d] End of observations")
    header["DATE-OBS"] = (iso(first.start), "Start of observations (UTC)")
    header["PROG_ID"] = (block.run.id, "Run identification")
    header["OBID1"] = (block.id, "Observation block ID")
    header["NCOMBINE"] = (len(members), "Number of raw science frames")
    header["OBSTECH"] = (first.technique, "Technique of observation")
    header["PROCSOFT"] = ("uraniborg-simulator/1", "Data reduction software")
    header["REFERENC"] = ("", "Bibliographic reference")
    for number, exposure in enumerate(members, start=1):
        header[f"PROV{number}"] = (f"{dp_id(exposure)}.fits", "Originating raw frame")
    return header


def _stack(
    members: tuple[Exposure, ...], band: str, stars: QTable, random: np.random.Generator
) -> Iterator[Product]:
    block = members[0].block
    assert block is not None
    wcs = _centred_wcs(block.target.ra, block.target.dec, _STACK, SCALE)
    seconds = sum(exposure.exposure_time for exposure in members)
    pixels = paint(stars, band, wcs, seconds, (_STACK, _STACK)) + random.normal(0, 60, (_STACK, _STACK))
    header = _common(members, "SCIENCE.IMAGE")
    header.update(wcs.to_header())
    header["RADESYS"] = "FK5"
    header["FILTER"] = (band, "Filter name")
    header["BUNIT"] = ("adu", "Unit of the pixels")
    header["FLUXCAL"] = ("ABSOLUTE", "Flux calibration")
    header["PHOTSYS"] = ("VEGA", "Photometric system")
    header["PHOTZP"] = (25.0 + 2.5 * np.log10(seconds), "[mag] Zero point")
    header["PSF_FWHM"] = (round(2.355 * 1.2 * SCALE * 3600, 2), "[arcsec] Spatial resolution")
    header["ABMAGLIM"] = (21.3 if band == "J" else 20.6, "[mag] 5-sigma limit")
    weight, preview = f"{block.name}_{band}.weight.fits", f"{block.name}_{band}.png"
    picture = png(pixels)
    header["ASSON1"] = (weight, "Associated file")
    header["ASSOC1"] = ("ANCILLARY.WEIGHTMAP", "Category of the associated file")
    header["ASSON2"] = (preview, "Associated file")
    header["ASSOC2"] = ("ANCILLARY.PREVIEW", "Category of the associated file")
    header["ASSOM2"] = (hashlib.md5(picture, usedforsecurity=False).hexdigest(), "MD5 of that file")
    for count, exposure in enumerate(members, start=1):
        header[f"HIERARCH ESO PRO REC1 RAW{count} NAME"] = f"{dp_id(exposure)}.fits"
    header["HIERARCH ESO PRO REC1 CAL1 NAME"] = f"{master_flat_id(band)}.fits"
    yield f"{block.name}_{band}.fits", fits.HDUList([fits.PrimaryHDU(pixels.astype("f4"), header)])
    weights = _common(members, "ANCILLARY.WEIGHTMAP")
    weights.update(wcs.to_header())
    yield preview, picture
    yield weight, fits.HDUList([fits.PrimaryHDU(np.full((_STACK, _STACK), seconds, "f4"), weights)])


def _centred_wcs(ra: float, dec: float, size: int, scale: float) -> WCS:
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.cunit = ["deg", "deg"]
    wcs.wcs.crval = [ra, dec]
    wcs.wcs.crpix = [(size + 1) / 2, (size + 1) / 2]
    wcs.wcs.cd = np.array([[-scale, 0.0], [0.0, scale]])
    return wcs


def _spectrum(members: tuple[Exposure, ...], random: np.random.Generator) -> Product:
    block = members[0].block
    assert block is not None
    nanometres = wavelengths(256)
    flux = continuum(nanometres) * 2.0e-14
    error = np.full(flux.shape, 2.0e-16)
    header = _common(members, "SCIENCE.SPECTRUM")
    header["FLUXCAL"] = ("ABSOLUTE", "Flux calibration")
    header["WAVELMIN"] = (nanometres[0], "[nm] Shortest wavelength")
    header["WAVELMAX"] = (nanometres[-1], "[nm] Longest wavelength")
    header["SPEC_BIN"] = (nanometres[1] - nanometres[0], "[nm] Bin width")
    header["SPEC_RES"] = (440.0, "Resolving power")
    header["SPECSYS"] = ("TOPOCENT", "Frame of the spectral coordinates")
    header["SNR"] = (100.0, "Median signal to noise")
    header["APERTURE"] = (1.0 / 3600, "[deg] Slit width")
    columns = (
        ("WAVE", nanometres, "nm", "em.wl;obs.atmos"),
        (
            "FLUX",
            flux + random.normal(0, error),
            "erg cm**(-2) s**(-1) angstrom**(-1)",
            "phot.flux.density;em.wl",
        ),
        ("ERR", error, "erg cm**(-2) s**(-1) angstrom**(-1)", "stat.error;phot.flux.density;em.wl"),
    )
    table = fits.BinTableHDU.from_columns(
        [
            fits.Column(name, f"{values.size}D", unit, array=values[None, :])
            for name, values, unit, _ in columns
        ],
        name="SPECTRUM",
    )
    table.header["VOCLASS"] = ("SPECTRUM V1.0", "VO data model")
    for number, (_, _, _, ucd) in enumerate(columns, start=1):
        table.header[f"TUCD{number}"] = ucd
    return f"{block.name}.fits", fits.HDUList([fits.PrimaryHDU(header=header), table])


def _simulated(block: ObservationBlock, instrument: str, minutes: float) -> tuple[Exposure, ...]:
    """An exposure whose raw frame is not part of the night's folder."""
    return (Exposure(instrument, NIGHT + 0.30, "SCIENCE", "OBJECT", "IFU", "", minutes * 60, block=block),)


def _cube(block: ObservationBlock, random: np.random.Generator) -> Product:
    size, planes, step = 30, 40, 1.25e-10
    header = _common(_simulated(block, "MUSE", 40), "SCIENCE.CUBE.IFS")
    header["WAVELMIN"], header["WAVELMAX"] = 650.0, 650.0 + (planes - 1) * step * 1e9
    header["SPEC_RES"], header["SKY_RES"] = 2800.0, 0.8
    header["FLUXCAL"], header["ABMAGLIM"] = "ABSOLUTE", 23.0
    del header["PROV1"]
    cube = fits.ImageHDU(random.normal(100.0, 5.0, (planes, size, size)).astype("f4"), name="DATA")
    cube.header.update(celestial(_centred_wcs(block.target.ra, block.target.dec, size, 2.0 / 3600)))
    cube.header["CD3_3"] = step
    cube.header["CTYPE3"], cube.header["CUNIT3"] = "WAVE", "m"
    cube.header["CRPIX3"], cube.header["CRVAL3"] = 1.0, 650e-9
    cube.header["BUNIT"] = "10**(-20)erg/s/cm**2/Angstrom"
    return f"{block.name}_cube.fits", fits.HDUList([fits.PrimaryHDU(header=header), cube])


def _visibilities(block: ObservationBlock, random: np.random.Generator) -> Product:
    header = _common(_simulated(block, "PIONIER", 10), "SCIENCE.VISIBILITY")
    header["WAVELMIN"], header["WAVELMAX"], header["SPEC_RES"] = 1533.0, 1773.0, 40.0
    header["BASE_MIN"], header["BASE_MAX"], header["NUM_CHAN"] = 45.0, 129.0, 6
    del header["PROV1"]
    bands = np.linspace(1.533e-6, 1.773e-6, 6, dtype="f4")
    wavelength = fits.BinTableHDU.from_columns(
        [
            fits.Column("EFF_WAVE", "E", "m", array=bands),
            fits.Column("EFF_BAND", "E", "m", array=np.full(6, 4.8e-8, "f4")),
        ],
        name="OI_WAVELENGTH",
    )
    squared = random.uniform(0.2, 0.9, (6, 6))
    vis2 = fits.BinTableHDU.from_columns(
        [
            fits.Column("MJD", "D", "day", array=np.full(6, NIGHT + 0.30)),
            fits.Column("VIS2DATA", "6D", array=squared),
            fits.Column("VIS2ERR", "6D", array=squared * 0.05),
            fits.Column("UCOORD", "D", "m", array=random.uniform(-120, 120, 6)),
            fits.Column("VCOORD", "D", "m", array=random.uniform(-120, 120, 6)),
        ],
        name="OI_VIS2",
    )
    for hdu in (wavelength, vis2):
        hdu.header["OI_REVN"] = 1
        hdu.header["INSNAME"] = "PIONIER_Pnat(1.5332080/1.7732580)"
    return f"{block.name}_oidata.fits", fits.HDUList([fits.PrimaryHDU(header=header), wavelength, vis2])
