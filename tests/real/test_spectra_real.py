"""Real spectra of HARPS, UVES, X-shooter, FORS and Phase 3, delivered as astropy reads the files."""

from __future__ import annotations

import gzip
import io
import os
import warnings
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import pytest
from astropy.io import fits
from astropy.table import Table
from astropy.utils.exceptions import AstropyWarning

from archive.testing import ClusterForTests
from tests.ssa.spectra import served

pytestmark = [pytest.mark.real, pytest.mark.filterwarnings("ignore:The unit '.*' has been deprecated")]

PHASE3 = (
    "phase3/spectrum/ADP.2020-06-26T11:14:15.799.fits.gz",
    "phase3/spectrum/ADP.2020-06-26T11:14:16.096.fits.gz",
    "phase3/spectrum/ADP.2020-06-26T11:14:16.300.fits.gz",
    "phase3/spectrum/XShooter_XQ100.fits.gz",
)
# Of each the first and the last wavelength, as its header has them.
IMAGES = {
    "pipeline/harps/HARPS.2003-12-13T06:19:48.371_s1d_A.fits.gz": (3781.75, 6913.23, "Angstrom"),
    "pipeline/uves/r.UVES.2011-08-11T232352.266-A01_0000.fits.gz": (3732.05623, 4999.73838, "Angstrom"),
    "pipeline/xshooter/XSHOOTER_VIS.fits.gz": (533.66, 1020.0, "nm"),
    "pipeline/xshooter/DLA1_PA3_long_SCIENCE_TELLURIC_CORR.fits.gz": (533.66, 1020.0, "nm"),
    "pipeline/fors/ref_sky_600B-check.fits.gz": (3634.928, 6053.402, "Angstrom"),
}
OTHERS = (
    "pipeline/harps/HARPS.2003-12-13T06:19:48.371_e2ds_A.fits.gz",
    "pipeline/harps/HARPS.2003-12-13T06:19:48.371_ccf_M2_A.fits.gz",
    "pipeline/other/sample_sdss.fits.gz",
    "pipeline/crires/220325_1.fits.gz",
)


def content(name: str) -> bytes:
    return (Path(os.environ["URANIBORG_DATA"]) / name).read_bytes()


@pytest.fixture(scope="module")
def client(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Every second file is stored unpacked."""
    files = {}
    for number, name in enumerate((*PHASE3, *IMAGES, *OTHERS)):
        base = Path(name).name
        # `served` packs what has a packed file's name.
        files[base if number % 2 else base.removesuffix(".gz")] = gzip.decompress(content(name))
    folder = tmp_path_factory.mktemp("spectra")
    with (
        test_cluster.database() as database,
        served(database, folder, files) as address,
        httpx.Client(base_url=address, timeout=60) as client,
    ):
        yield client


def dp_id(name: str) -> str:
    if "XQ100" in name:
        return "ADP.2016-07-15T08:22:40.678"
    return Path(name).name.removesuffix(".gz").removesuffix(".fits")


def spectrum(client: httpx.Client, name: str, form: str) -> Table:
    response = client.get(f"/spectrum/{dp_id(name)}", params={"FORMAT": form})
    assert response.status_code == 200, response.text
    if form == "votable":
        return Table.read(io.BytesIO(response.content), format="votable")
    return Table.read(io.BytesIO(response.content), format="fits", hdu=1)


@pytest.mark.parametrize("form", ["votable", "fits"])
@pytest.mark.parametrize("name", PHASE3)
def test_phase_3(client: httpx.Client, name: str, form: str) -> None:
    found = spectrum(client, name, form)
    with fits.open(io.BytesIO(gzip.decompress(content(name)))) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", AstropyWarning)
        row = file[1].data[0]
        error = "ERR" if "ERR" in row.array.names else "ERR_FLUX"
        for column, original in (("wavelength", "WAVE"), ("flux", "FLUX"), ("error", error)):
            np.testing.assert_array_equal(np.asarray(found[column]), row[original])
        others = [column for column in row.array.names if column not in {"WAVE", "FLUX", error, "QUAL"}]
        for column in others:
            np.testing.assert_array_equal(np.asarray(found[column]), row[column])


@pytest.mark.parametrize("form", ["votable", "fits"])
@pytest.mark.parametrize("name", IMAGES)
def test_images(client: httpx.Client, name: str, form: str) -> None:
    first, last, unit = IMAGES[name]
    found = spectrum(client, name, form)
    with fits.open(io.BytesIO(gzip.decompress(content(name)))) as file:
        np.testing.assert_array_equal(np.asarray(found["flux"]), file[0].data)
        if "ERRS" in file:
            np.testing.assert_array_equal(np.asarray(found["error"]), file["ERRS"].data)
    assert found["wavelength"][0] == pytest.approx(first, rel=1e-8)
    assert found["wavelength"][-1] == pytest.approx(last, rel=1e-7)
    assert str(found["wavelength"].unit) == unit


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_not_one_dimensional(client: httpx.Client, name: str) -> None:
    assert client.get(f"/spectrum/{dp_id(name)}").status_code == 404


def test_a_search_finds_them(client: httpx.Client) -> None:
    asked = {"POS": "237.9995,32.9485", "SIZE": "0.01", "RESPONSEFORMAT": "csv", "SPECRP": "40000/"}
    lines = client.get("/ssa/query", params=asked).text.splitlines()
    assert sorted(line.split(",")[0] for line in lines[1:]) == [dp_id(PHASE3[0]), dp_id(PHASE3[2])]
