"""pyvo and STILTS find spectra, load them, and have nothing to complain about."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path

import httpx
import pytest
import pyvo
from astropy import units as u
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.table import Table
from astropy.time import Time
from pyvo.dal.exceptions import DALQueryError

from tests.ssa.spectra import POINTS

STAR = "ADP.2020-06-26T11:14:15.799"


@pytest.fixture(scope="module")
def service(site: str) -> pyvo.dal.SSAService:
    return pyvo.dal.SSAService(f"{site}/ssa/query")


def test_pyvo_searches(service: pyvo.dal.SSAService) -> None:
    found = service.search(
        pos=SkyCoord(150.0, 2.0, unit="deg"),
        diameter=0.1 * u.deg,
        band=[400, 450] * u.nm,
        time=Time(["2009-06-01", "2009-07-01"]),
        format="all",
    )
    assert {record["dp_id"] for record in found} == {STAR} and len(found) == 4
    record = service.search(pos=(150.0, 2.0), diameter=0.1)[0]
    assert (record.ra, record.dec) == pytest.approx((150.0, 2.0), abs=1e-4)
    assert record.title == "Star, the bright UVES spectrum"
    assert record.format == "application/fits"


def test_pyvo_loads_what_it_found(service: pyvo.dal.SSAService) -> None:
    archived = service.search(pos=(150.0, 2.0), diameter=0.1, format="native")[0]
    with fits.open(io.BytesIO(httpx.get(archived.getdataurl()).content)) as file:
        assert file[0].header["PRODCATG"] == "SCIENCE.SPECTRUM"
    delivered = service.search(pos=(150.0, 2.0), diameter=0.1, format="votable")[0]
    table = Table.read(io.BytesIO(delivered.getdataset().read()), format="votable")
    assert len(table) == POINTS and table["wavelength"].unit == u.AA


def test_pyvo_follows_links(service: pyvo.dal.SSAService) -> None:
    record = service.search(pos=(150.0, 2.0), diameter=0.1)[0]
    semantics = [link.semantics for link in record.getdatalink()]
    assert "#this" in semantics


def test_pyvo_reads_the_metadata(service: pyvo.dal.SSAService) -> None:
    columns = {column.name: column for column in service.columns}
    assert columns["em_min"].unit == u.m and columns["access_url"].utype == "ssa:Access.Reference"


def test_pyvo_tells_what_was_wrong(service: pyvo.dal.SSAService) -> None:
    with pytest.raises(DALQueryError, match="'blueish' is no number"):
        service.search(BAND="blueish")


# VOUnits has the units in which most spectra are written, and deprecates them.
pytestmark = pytest.mark.filterwarnings("ignore:The unit '.*' has been deprecated")


def stilts(*arguments: str) -> str:
    run = subprocess.run(["stilts", *arguments], capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return run.stdout + run.stderr


@pytest.mark.parametrize("path", ["/ssa/query?FORMAT=all", "/ssa/query?FORMAT=METADATA", f"/spectrum/{STAR}"])
def test_votlint_finds_nothing(site: str, path: str) -> None:
    told = stilts("votlint", f"votable={site}{path}").splitlines()
    assert [line for line in told if 'xtype value "adql:REGION"' not in line] == []


def test_coneskymatch_finds_spectra(site: str, tmp_path: Path) -> None:
    targets = tmp_path / "targets.csv"
    targets.write_text("ra,dec\n150.0,2.0\n150.0,-30.0\n10.0,10.0\n")
    out = stilts(
        "coneskymatch",
        "servicetype=ssa",
        f"serviceurl={site}/ssa/query?",
        f"in={targets}",
        "ifmt=csv",
        "ra=ra",
        "dec=dec",
        "sr=0.05",
        "dataformat=",
        "find=all",
        "ocmd=keepcols dp_id",
        "ofmt=csv",
    )
    found = [line for line in out.splitlines() if not line.startswith("WARNING")]
    assert found == ["dp_id", STAR, "HARPS.2003-12-13T06:19:48.371_s1d_A"]
