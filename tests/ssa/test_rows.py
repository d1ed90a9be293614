"""Rows of dbo.ssa come and go with those of ivoa.ObsCore."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from archive.config import Config
from archive.database import Database
from archive.declare.ssa import SSA
from archive.store import initialise
from ingest.harvest import harvest
from ingest.publication import Publication
from tests.ingest.support import write
from tests.ssa.spectra import image, phase3, slit, take_in, xshooter

CONFIG = Config(authority="archive.example", public_url="https://archive.example")


def row(folder: Path, content: bytes, name: str = "x.fits") -> dict[str, object] | None:
    found = harvest(write(folder, name, content), Publication.of(CONFIG))
    for record in found.records:
        if record.table is SSA:
            return dict(zip(SSA.by_name, record.values, strict=True))
    return None


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (phase3({"CONTNORM": True}), {"FLUXCALIB": "normalized", "TARGETNAME": "Star, the bright"}),
        (phase3({"FLUXCAL": "UNCALIBRATED"}), {"FLUXCALIB": "uncalibrated"}),
        (phase3(), {"em_stat_error": None, "SPECRP": 45000.0, "em_resolution": 450.1e-9 / 45000.0}),
        (phase3({"SPEC_ERR": 0.002, "SPEC_BIN": 0.1}), {"em_stat_error": 2e-12, "em_binsize": 1e-10}),
        (phase3(), {"s_region": "CIRCLE ICRS 150.00000000 2.00000000 0.000250", "APERTURE": 0.0005}),
        (image({"BUNIT": "ADU"}), {"FLUXCALIB": "uncalibrated", "APERTURE": None, "flux_ucd": "phot.count"}),
        (image(), {"SNR": 20.0, "REDSHIFT": 17.9 / 299792.458, "data_model": "native"}),
        (image({"ESO TEL TARG RADVEL": 0.0, "OBJTYPE": "STAR"}), {"REDSHIFT": None, "TARGETCLASS": "STAR"}),
        (xshooter(), {"em_unit": "nm", "length": 1000, "bandpass": "Optical", "REDSHIFT": 3.0}),
    ],
)
def test_values(tmp_path: Path, content: bytes, told: dict[str, object]) -> None:
    values = row(tmp_path, content)
    assert values is not None
    for name, value in told.items():
        if isinstance(value, float):
            assert values[name] == pytest.approx(value), name
        elif name == "s_region":
            assert str(values[name]).startswith("CIRCLE ICRS 1") and str(values[name]).endswith("0.00025")
        else:
            assert values[name] == value, name


def test_a_slit_spectrum_has_no_row(tmp_path: Path) -> None:
    assert row(tmp_path, slit()) is None


def test_ingested_again_rows_are_replaced(fresh_database: Database, tmp_path: Path) -> None:
    def rows() -> list[tuple[object, ...]]:
        with fresh_database.writer() as connection:
            found = connection.execute(
                'SELECT s.dp_id, s."TARGETNAME", s."SNR", o.obs_publisher_did = s."PUBDID"'
                " FROM dbo.ssa s JOIN ivoa.obscore o USING (dp_id)"
            )
            return found.fetchall()

    with fresh_database.writer() as connection:
        initialise(connection)
    config = replace(CONFIG, data_folder=tmp_path)
    named = {"ARCFILE": "ADP.2020-01-01T00:00:00.000.fits"}
    path = write(tmp_path, "star.fits", phase3(named))
    take_in(fresh_database, tmp_path, config, path)
    assert rows() == [("ADP.2020-01-01T00:00:00.000", "Star, the bright", 54.5, True)]
    take_in(fresh_database, tmp_path, config, write(tmp_path, "star.fits", phase3(named | {"SNR": 60.0})))
    assert rows() == [("ADP.2020-01-01T00:00:00.000", "Star, the bright", 60.0, True)]
    take_in(fresh_database, tmp_path, config, write(tmp_path, "star.fits", slit().replace(b"slit", b"SLIT")))
    assert len(rows()) == 1
