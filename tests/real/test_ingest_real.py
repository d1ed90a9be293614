"""Every real FITS file is taken in, or kept with a true reason; positions are those of astropy."""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest

from archive.config import Config
from archive.database import Database
from archive.declare.raw import RAW
from archive.declare.regions import parse_region
from archive.store import Store, read_headers
from archive.tablefiles.fits_scan import scan
from archive.tablefiles.streams import is_fits
from archive.testing import ClusterForTests
from ingest import Outcome, Publication, harvest, ingest_paths
from ingest.classify import Kind
from ingest.harvest import believed
from ingest.instrument_rows import instrument_record
from ingest.keywords import Keywords
from ingest.publication import fitted
from ingest.raw_rows import raw_values

pytestmark = pytest.mark.real

PUBLICATION = Publication(
    "archive.example", "https://archive.example", None, datetime.fromisoformat("2026-01-01")
)
_CENTRE = re.compile(r"centre ([\d.]+) (-?[\d.]+), ([\d.]+) arcsec/px")

# Files that have no row, by what the archive says of them.
TABLES = "tables only, and no PRODCATG"
BARE = "no position, time or instrument in the header"
NO_AXIS = "its axes are neither wavelength nor sky"
KEPT = {
    "calib/flat_20120410_H_56089_1.fits.gz": "reduced calibration (DPR CATG = CALIB)",
    "calib/flat_20120411_V641.fits.gz": "reduced calibration (DPR CATG = CALIB)",
    "phase3/image/ADP.2016-06-01T14:07:30.135.fits.gz": "ancillary file of a product "
    "(ANCILLARY.IMAGE.WHITELIGHT)",
    "pipeline/harps/HARPS.2003-12-12T21:42:45.093_blaze_A.fits.gz": "reduced calibration (DPR CATG = CALIB)",
    "pipeline/harps/HARPS.2003-12-12T21:47:59.366_wave_A.fits.gz": "reduced calibration (DPR CATG = CALIB)",
    "pipeline/harps/HARPS.2003-12-13T06:19:48.371_bis_M2_A.fits.gz": NO_AXIS,
    "pipeline/harps/HARPS.2003-12-13T06:19:48.371_ccf_M2_A.fits.gz": NO_AXIS,
    "raw/SmallFile.fits.gz": BARE,
}


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(os.environ["URANIBORG_DATA"])


@pytest.fixture(scope="module")
def manifest(folder: Path) -> list[dict[str, str]]:
    with (folder / "MANIFEST.csv").open(encoding="utf-8") as file:
        return [row for row in csv.DictReader(file) if row["check"].startswith("astropy opens")]


@pytest.fixture(scope="module")
def loaded(
    test_cluster: ClusterForTests, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Database]:
    store = Store(tmp_path_factory.mktemp("store"))
    with test_cluster.database() as database:
        summary = ingest_paths(database, store, Config(), [folder])
        assert summary.failures == []
        again = ingest_paths(database, store, Config(), [folder])
        assert again.counts == {Outcome.UNCHANGED: summary.total}
        yield database


def test_every_file_is_known(loaded: Database, folder: Path, manifest: list[dict[str, str]]) -> None:
    with loaded.writer() as connection:
        sources = {
            str(source): (str(outcome), reason)
            for source, outcome, reason in connection.execute(
                "SELECT path, outcome, reason FROM archive.ingest_outcome"
            )
        }
    fits_files = {row["path"] for row in manifest}
    assert {str((folder / name).absolute()) for name in fits_files} == sources.keys()
    for name in fits_files:
        outcome, reason = sources[str((folder / name).absolute())]
        if outcome == "stored":
            expected = (
                KEPT.get(name)
                or {"moc": "tables only, and no PRODCATG", "hips": KEPT["raw/SmallFile.fits.gz"]}[
                    name.partition("/")[0]
                ]
            )
            assert reason == expected
        else:
            assert (outcome, reason) == ("ingested", None)
            assert name not in KEPT


def test_what_is_not_fits_is_told_by_content(folder: Path, manifest: list[dict[str, str]]) -> None:
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and is_fits(path)}
    assert found == {row["path"] for row in manifest}


def test_raw_frames_and_datasets(loaded: Database) -> None:
    with loaded.writer() as connection:
        raw = connection.execute("SELECT dp_id, dp_cat FROM dbo.raw ORDER BY 1").fetchall()
        types = dict(
            connection.execute("SELECT dataproduct_type, count(*) FROM ivoa.obscore GROUP BY 1").fetchall()
        )
        unplaced = connection.execute(
            "SELECT count(*) FROM ivoa.obscore WHERE s_region__bounds IS NULL"
        ).fetchone()
    assert raw == [
        ("EFOSC.2012-08-09T13:24:08.520", "CALIB"),
        ("EMMI.2004-02-04T11:26:37.851", "CALIB"),
        ("ISAAC.2006-04-13T06:32:38.944", "SCIENCE"),
        ("WFI.2001-10-27T20:34:26.543", "CALIB"),
    ]
    assert types == {"image": 79, "visibility": 25, "spectrum": 25, "cube": 1}
    assert unplaced == (0,)


def test_positions_are_those_of_the_manifest(folder: Path, manifest: list[dict[str, str]]) -> None:
    checked = 0
    for row in manifest:
        match = _CENTRE.search(row["wcs"])
        found = harvest(folder / row["path"], PUBLICATION)
        if match is None or found.kind is Kind.KEPT:
            continue
        record = next(record for record in found.records if record.table.base_name == "ObsCore")
        values = dict(zip((c.name for c in record.table.columns), record.values, strict=True))
        ra, dec, scale = (float(number) for number in match.groups())
        # The manifest has no rotation from FK5 to ICRS in it: 0.02 arcseconds, besides five decimals.
        assert abs(float(str(values["s_dec"])) - dec) < 1.2e-5
        assert abs(float(str(values["s_ra"])) - ra) * np.cos(np.radians(dec)) < 1.2e-5
        assert float(str(values["s_pixel_scale"])) == pytest.approx(scale, rel=3e-3)
        lon, lat, radius = parse_region(str(values["s_region"])).bounds()
        assert abs(lat - dec) < 0.2 * radius and abs(lon - ra) * np.cos(np.radians(dec)) < 0.2 * radius
        checked += 1
    assert checked == 79


def test_footprints_contain_their_centres(loaded: Database) -> None:
    with loaded.writer() as connection:
        outside = connection.execute(
            "SELECT dp_id FROM ivoa.obscore WHERE s_pixel_scale IS NOT NULL AND NOT EXISTS (SELECT FROM "
            "unnest(s_region__polygons) AS part WHERE spoint(radians(s_ra), radians(s_dec)) <@ part)"
        ).fetchall()
    assert outside == []


def test_wavelengths_and_times(loaded: Database) -> None:
    with loaded.writer() as connection:
        bare = connection.execute(
            "SELECT dp_id FROM ivoa.obscore WHERE dataproduct_type IN ('spectrum', 'visibility', 'cube') "
            "AND (em_min IS NULL OR em_max <= em_min OR t_min IS NULL OR t_max <= t_min OR s_ra IS NULL)"
        ).fetchall()
        limits = connection.execute(
            "SELECT em_min * 1e9, em_max * 1e9 FROM ivoa.obscore WHERE dp_id = '220325_1'"
        ).fetchone()
    assert bare == []
    assert limits is not None and limits == pytest.approx((1945.9, 2501.0), abs=0.1)


def test_headers_are_kept_byte_for_byte(loaded: Database, folder: Path) -> None:
    with loaded.writer() as connection:
        (header,) = read_headers(connection, "tst0013")
    assert (folder / "raw" / "tst0013.mt").read_bytes().startswith(header.raw)
    assert header.number("ESO INS FILT-CUTON") == 1.94


# --- provenance, instruments, keywords ----------------------------------------------------------------------


def test_products_are_linked_to_what_they_were_made_of(loaded: Database) -> None:
    """Those that are there: HARPS' spectra name their calibrations; the raw frames are not in the set."""
    night = "HARPS.2003-12-13T06:19:48.371"
    blaze, wave = "HARPS.2003-12-12T21:42:45.093_blaze_A", "HARPS.2003-12-12T21:47:59.366_wave_A"
    with loaded.writer() as connection:
        links = connection.execute(
            "SELECT archive_id, source_file FROM phase3v2.provenance JOIN phase3v2.files"
            " ON product_file = file_id ORDER BY 1, 2"
        ).fetchall()
        waiting = connection.execute(
            "SELECT count(*) FROM archive.file_reference WHERE dp_id = 'ADP.2016-07-15T08:22:40.678'"
            " AND target IS NULL AND name LIKE 'XSHOO.2012-10-15T%'"
        ).fetchone()
        category = connection.execute(
            "SELECT category, name FROM phase3v2.files WHERE archive_id = 'ADP.2016-07-15T08:22:40.678'"
        ).fetchone()
    kinds = ("bis_M2_A", "ccf_M2_A", "e2ds_A", "s1d_A")
    # The second recipe names what the first one made.
    telluric = ("DLA1_PA3_long_SCIENCE_TELLURIC_CORR", "XSHOOTER_VIS")
    assert links == [telluric, *((f"{night}_{kind}", source) for kind in kinds for source in (blaze, wave))]
    assert waiting == (4,)
    assert category == ("SCIENCE.SPECTRUM", "J2349-3712_nir.fits")


# Products keep the keywords of the raw frames they were made of, so that these are headers of instruments.
INSTRUMENTS = {
    "calib/arc_20120808_Gr13_OG530_slit1.0.fits.gz": (
        "ist.efosc",
        {"ins_gris1_name": "Gr#13", "ins_filt1_name": "OG530", "det_binx": 2, "det_out1_conad": 1.1},
    ),
    "pipeline/harps/HARPS.2003-12-13T06:19:48.371_e2ds_A.fits.gz": (
        "ist.harps",
        {"ins_det1_tmmean": 0.5, "ins_lamp5_name": "THAR2", "ins_lamp5_st": True, "det_out1_ron": 6.08},
    ),
    "pipeline/uves/r.UVES.2011-08-11T232352.266-A01_0000.fits.gz": (
        "ist.uves",
        {"ins_path": "BLUE", "ins_slit2_wid": 0.9, "tel_ia_fwhm": 1.45, "ins_filt2_name": "HER_5"},
    ),
    "pipeline/xshooter/XSHOOTER_VIS.fits.gz": (
        "ist.xshooter",
        {"ins_opti4_name": "1.2x11", "ins_adc1_mode": "AUTO", "tel_ambi_temp": 12.02, "seq_arm": "VIS"},
    ),
    "pipeline/fors/ref_sky_600B-check.fits.gz": (
        "ist.other",  # FORS1
        {"ins_gris1_name": "GRIS_600B", "det_binx": 1, "ins_pixscale": 0.2, "det_read_mode": "normal"},
    ),
    "phase3/cube/subcub_mosaic.fits.gz": (
        "ist.muse",
        {"ins_drot_posang": 42.0, "ins_temp11_val": 13.76, "ins_mode": "WFM-NOAO-N", "det_read_curid": 1},
    ),
}


@pytest.mark.parametrize(("name", "expected"), INSTRUMENTS.items(), ids=lambda value: str(value)[:40])
def test_keywords_of_real_instruments_become_columns(
    folder: Path, name: str, expected: tuple[str, dict[str, object]]
) -> None:
    keywords = Keywords([hdu.view for hdu in believed(scan(folder / name))])
    problems: list[str] = []
    frame = fitted(RAW, raw_values(keywords, "frame", 1, PUBLICATION), problems)
    record = instrument_record(keywords, frame, problems, PUBLICATION.instruments)
    found = dict(zip(record.table.by_name, record.values, strict=True))
    assert (record.table.name, problems) == (expected[0], [])
    assert {column: found[column] for column in expected[1]} == expected[1]
    assert sum(value is not None for value in found.values()) > 20


def test_every_file_with_headers_can_be_searched_by_keyword(loaded: Database) -> None:
    with loaded.writer() as connection:
        files = connection.execute("SELECT count(DISTINCT dp_id) FROM archive.header").fetchone()
        known = connection.execute("SELECT count(*) FROM adql.header_keywords").fetchone()
        found = connection.execute(
            "SELECT f FROM adql.files_with('ESO INS GRIS1 NAME', 'Gr#13') AS f"
        ).fetchall()
        seeing = connection.execute(
            "SELECT adql.keyword_number('ISAAC.2006-04-13T06:32:38.944', 'ESO TEL AMBI FWHM START')"
        ).fetchone()
    assert known == files
    assert ("EFOSC.2012-08-09T13:24:08.520",) in found
    assert seeing == (0.83,)
