"""ESO's own pipelines reduce what the simulator writes, with detectors as large as the real ones.

Of Debian's packages esorex, cpl-plugin-hawki and cpl-plugin-uves.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable, Table

from ingest.simulator.frames import DARK_CURRENT, ZERO_POINT, raw_frame, sensitivity
from ingest.simulator.observatory import SECOND, Conditions, Exposure, ObservationBlock, Run, Target
from ingest.simulator.readout import BIAS_LEVEL, FULL, READ_NOISE
from ingest.simulator.setups import HAWKI_DETECTORS
from ingest.simulator.spectra import write_lines
from ingest.simulator.stars import draw_stars

pytestmark = pytest.mark.soak

TARGET = Target("EG 274", 245.8908, -39.2297)
BLOCK = ObservationBlock(4300202, "EG274", Run("116.29CD.002", "White dwarfs", "KEPLER"), TARGET)
CONDITIONS = Conditions((1.10, 1.12), (0.6, 0.7))
AFTERNOON = 61112.8


@dataclass(frozen=True)
class Site:
    """Where frames are written and recipes leave their products."""

    folder: Path
    stars: QTable

    def frames(self, instrument: str, kind: str, count: int = 1, **setup: object) -> list[Path]:
        """Raw frames of calibrations, or of the target if they are of an object."""
        first = Exposure(instrument, AFTERNOON, "CALIB", kind, "ECHELLE", "TEMPLATE", 0.0)
        if instrument == "HAWKI" or kind == "BIAS":
            first = replace(first, technique="IMAGE")
        if kind.startswith("OBJECT"):
            first = replace(first, category="SCIENCE", block=BLOCK, conditions=CONDITIONS)
        paths = []
        for number in range(1, count + 1):
            written = sum(1 for _ in self.folder.glob("raw_*.fits"))
            start = first.start + 120 * written * SECOND
            one = replace(first, start=start, number=number, of=count, **setup)
            paths.append(self.folder / f"raw_{written:02}.fits")
            raw_frame(one, self.stars, np.random.default_rng(written), FULL).writeto(paths[-1])
        return paths

    def run(self, recipe: str, inputs: Iterable[tuple[Path, str]]) -> None:
        """Assert that a recipe takes its inputs, (file, tag), and ends well."""
        assert shutil.which("esorex"), "apt-get install esorex cpl-plugin-hawki cpl-plugin-uves"
        asked = self.folder / f"{recipe}.sof"
        asked.write_text("".join(f"{path} {tag}\n" for path, tag in inputs))
        here = f"--log-dir={self.folder}", f"--output-dir={self.folder}", "--msg-level=warning"
        done = subprocess.run(
            ["esorex", *here, recipe, str(asked)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=3000,
        )
        assert done.returncode == 0, f"{recipe}: {done.stdout[-3000:]}{done.stderr[-1000:]}"

    def product(self, category: str) -> Path:
        """The product that says so of itself."""
        return next(
            path
            for path in sorted(self.folder.glob("*.fits"), key=lambda path: -path.stat().st_mtime_ns)
            if fits.getheader(path).get("ESO PRO CATG") == category
        )


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path, draw_stars(np.random.default_rng(1576), [TARGET]))


def tagged(paths: Iterable[Path], tag: str) -> list[tuple[Path, str]]:
    return [(path, tag) for path in paths]


def test_hawki_darks_and_twilight_flats(site: Site) -> None:
    site.run("hawki_dark_combine", tagged(site.frames("HAWKI", "DARK", 3, dit=2.0), "DARK"))
    dark = site.product("MASTER_DARK")
    with fits.open(dark) as hdus:
        for hdu in hdus[1:]:
            assert hdu.data.shape == (2048, 2048)
            assert hdu.data.mean() == pytest.approx(BIAS_LEVEL + 2.0 * DARK_CURRENT, abs=0.1)
    flats = site.frames("HAWKI", "FLAT", 3, dit=2.0, optics="J")
    site.run("hawki_twilight_flat_combine", [*tagged(flats, "FLAT_TWILIGHT"), (dark, "MASTER_DARK")])
    with fits.open(site.product("MASTER_TWILIGHT_FLAT")) as hdus:
        for chip, hdu in zip(HAWKI_DETECTORS, hdus[1:], strict=True):
            seen, made = (image[8:-8:16, 8:-8:16] for image in (hdu.data, sensitivity(chip, 2048)))
            assert np.std(seen / seen.mean() - made / made.mean()) < 0.01
            assert np.corrcoef(seen.ravel(), made.ravel())[0, 1] > 0.8


@pytest.mark.parametrize(
    ("arm", "setting", "chips", "balmer"),
    [("BLUE", "437", ("BLUE",), (434.05,)), ("RED", "580", ("REDL", "REDU"), (486.13, 656.28))],
    ids=["blue", "red"],
)
def test_uves_from_bias_to_spectrum(
    arm: str, setting: str, chips: tuple[str, ...], balmer: tuple[float, ...], site: Site
) -> None:
    """The whole chain: where orders and lines are is found, and the star's spectrum is taken out."""
    lines = site.folder / "lines.fits"
    write_lines(lines)

    def known(*kinds: str) -> list[tuple[Path, str]]:
        return [(site.product(f"{kind}_{chip}"), f"{kind}_{chip}") for kind in kinds for chip in chips]

    def lamps(kind: str, tag: str, count: int = 1, seconds: float = 30.0) -> list[tuple[Path, str]]:
        return tagged(site.frames("UVES", kind, count, optics=setting, dit=seconds), f"{tag}_{arm}")

    site.run("uves_cal_mbias", tagged(site.frames("UVES", "BIAS", 3, detector=arm), f"BIAS_{arm}"))
    for path, _ in known("MASTER_BIAS"):
        assert fits.getdata(path).mean() == pytest.approx(BIAS_LEVEL, abs=0.1)
    site.run("uves_cal_predict", [*lamps("LAMP,FMTCHK", "ARC_LAMP_FORM"), (lines, "LINE_REFER_TABLE")])
    site.run("uves_cal_orderpos", [*lamps("LAMP,ORDERDEF", "ORDER_FLAT"), *known("ORDER_GUESS_TAB")])
    flats = lamps("LAMP,FLAT", "FLAT", 3)
    site.run("uves_cal_mflat", [*flats, *known("ORDER_TABLE", "MASTER_BIAS")])
    arc = [*lamps("LAMP,WAVE", "ARC_LAMP"), (lines, "LINE_REFER_TABLE")]
    site.run("uves_cal_wavecal", [*arc, *known("ORDER_TABLE", "LINE_GUESS_TAB", "MASTER_BIAS")])
    for path, _ in known("LINE_TABLE"):
        found = fits.getdata(path, 4)
        assert np.sum(found["NLinSol"] == 1) > 300
        assert np.std(found["Residual_pix"][found["NLinSol"] == 1]) < 0.1
    star = lamps("OBJECT,POINT", "SCI_POINT", seconds=600.0)
    site.run("uves_obs_scired", [*star, *known("ORDER_TABLE", "LINE_TABLE", "MASTER_BIAS", "MASTER_FLAT")])
    for (path, _), hydrogen in zip(known("RED_SCI_POINT"), balmer, strict=True):
        assert depth(path, hydrogen) == pytest.approx(0.5, abs=0.12)


def depth(spectrum: Path, nanometres: float) -> float:
    """Of an absorption line 6 nm wide: the flux in its middle as a part of that beside it.

    The pipeline writes zeros where no whole order reaches, in the red from 478 nm down.
    """
    flux, header = fits.getdata(spectrum, header=True)
    wavelengths = (header["CRVAL1"] + header["CDELT1"] * np.arange(flux.size)) / 10
    middle = np.median(flux[np.abs(wavelengths - nanometres) < 0.3])
    aside = flux[np.abs(np.abs(wavelengths - nanometres) - 9.0) < 0.5]
    return float(middle / np.median(aside[aside > 0]))


def test_hawki_science_with_astrometry_and_photometry(site: Site) -> None:
    """Positions and zero point come out of the images as they went in with the stars."""
    site.run("hawki_dark_combine", tagged(site.frames("HAWKI", "DARK", 3, dit=10.0), "DARK"))
    dark = (site.product("MASTER_DARK"), "MASTER_DARK")
    flats = tagged(site.frames("HAWKI", "FLAT", 3, dit=10.0, optics="J"), "FLAT_TWILIGHT")
    site.run("hawki_twilight_flat_combine", [*flats, dark])
    made = [(site.product(category), category) for category in ("MASTER_TWILIGHT_FLAT", "MASTER_CONF")]
    images = [
        image
        for offset in ((0.0, 0.0), (0.006, 0.0), (0.0, 0.006), (0.006, 0.006))
        for image in site.frames("HAWKI", "OBJECT", dit=10.0, ndit=6, optics="J", offset=offset)
    ]
    site.run("hawki_science_process", [*tagged(images, "OBJECT"), dark, *made, *hawki_tables(site)])
    with fits.open(site.product("JITTERED_IMAGE_SCI")) as hdus:
        for hdu in hdus[1:]:
            assert hdu.header["ESO DRS NUMBRMS"] > 50
            assert hdu.header["ESO DRS STDCRMS"] < 0.06  # arcsec
            assert hdu.header["ESO QC MAGZPT"] == pytest.approx(2.5 * np.log10(ZERO_POINT), abs=0.1)


def hawki_tables(site: Site) -> list[tuple[Path, str]]:
    """What the recipe wants to know: stars, filters, noise of the chips, and dust, of which there is none."""

    def written(tag: str, *hdus: fits.BinTableHDU, image: object = None) -> tuple[Path, str]:
        path = site.folder / f"{tag}.fits"
        fits.HDUList([fits.PrimaryHDU(image), *hdus]).writeto(path)
        return path, tag

    def table(**columns: object) -> fits.BinTableHDU:
        hdu = fits.table_to_hdu(Table(columns))
        hdu.name, hdu.header["PHOTOSYS"] = "simulated", "VEGA"
        return hdu

    field = site.stars[site.stars["field"] == TARGET.name]
    errors = np.full(len(field), 0.02, "f4")
    catalogue = {
        "RA": field["ra"].value,
        "Dec": field["dec"].value,
        "Jmag": field["jmag"].value,
        "e_Jmag": errors,
    }
    number = np.array([0.0], "f4")
    filters = table(
        filter_name=["J"],
        atm_extcoef=number,
        mag_offset=number,
        coleq_columns=["Jmag"],
        coleq_errcols=["e_Jmag"],
        coleq_coefs=["1.0"],
        gal_extcoef=number,
        default_zp=number + 23,
        default_zp_err=number + 0.1,
    )
    chips = [f"CHIP{chip}.INT1" for chip in HAWKI_DETECTORS]
    noise = table(EXTNAME=chips, READNOISE=np.full(4, READ_NOISE, "f4"), GAIN=np.ones(4, "f4"))
    return [
        *(written(f"MASTER_LOCAL_CATALOGUE_{use}", table(**catalogue)) for use in ("ASTROM", "PHOTOM")),
        written("PHOTCAL_TAB", filters),
        written("MASTER_READGAIN", noise),
        *(written(f"SCHLEGEL_MAP_{half}", image=np.zeros((16, 16), "f4")) for half in ("NORTH", "SOUTH")),
    ]
