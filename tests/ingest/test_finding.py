"""Catalogues among other files: found by their content, named after their files."""

from __future__ import annotations

import gzip
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table

from ingest import find_catalogues
from tests.ingest.support import TAN, image, write

STARS = Table({"ra": [1.0], "dec": [2.0]})


def _fits_table(path: Path, **cards: str) -> Path:
    hdu = fits.table_to_hdu(STARS)
    hdus = fits.HDUList([fits.PrimaryHDU(), hdu])
    hdus[0].header.update(cards)
    hdus.writeto(path)
    return path


def _votable(path: Path) -> bytes:
    STARS.write(path / "x.xml", format="votable")
    content = (path / "x.xml").read_bytes()
    (path / "x.xml").unlink()
    return content


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("catalogues", "moc", "ivoa", "2 MASS"):
        (tmp_path / name).mkdir()
    votable = _votable(tmp_path)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "catalogues" / "Gaia-DR3.v2.parquet")
    (tmp_path / "2 MASS" / "select.xml").write_bytes(votable)
    (tmp_path / "ivoa" / "1.vot.gz").write_bytes(gzip.compress(votable))
    _fits_table(tmp_path / "moc" / "P-SDSS9-r.fits")
    _fits_table(tmp_path / "moc" / "P_SDSS9_r.fits")
    _fits_table(tmp_path / "sources.fits", PRODCATG="SCIENCE.SRCTBL")
    # And what is no catalogue.
    _fits_table(tmp_path / "moc" / "arc.fits", **{"HIERARCH ESO PRO CATG": "DISP_COEFF"})
    write(tmp_path, "image.fits", image(TAN))
    (tmp_path / "alert.xml").write_text("<voe:VOEvent/>")
    (tmp_path / "cut.fits").write_bytes(b"SIMPLE  =")
    (tmp_path / "notes.txt").write_text("a,b\n1,2\n")
    (tmp_path / "empty").write_bytes(b"")
    return tmp_path


def test_catalogues_by_content_and_their_names(folder: Path) -> None:
    found = {name: path.name for name, path in find_catalogues(folder)}
    assert found == {
        "safcat.gaia_dr3_v2": "Gaia-DR3.v2.parquet",
        "t_2_mass.select_table": "select.xml",
        "ivoa_files.t_1": "1.vot.gz",
        "moc.p_sdss9_r": "P-SDSS9-r.fits",
        "moc.p_sdss9_r_2": "P_SDSS9_r.fits",
        "safcat.sources": "sources.fits",
    }
