"""Spectra as they are delivered: what astropy reads is what the file holds."""

from __future__ import annotations

import io

import httpx
import numpy as np
import pytest
from astropy import units as u
from astropy.io import fits
from astropy.io.votable import parse
from astropy.table import QTable, Table

from tests.ssa.spectra import AIR, POINTS
from tests.xsd import validate

# VOUnits has the units in which most spectra are written, and deprecates them.
pytestmark = pytest.mark.filterwarnings("ignore:The unit '.*' has been deprecated")
STAR = "/spectrum/ADP.2020-06-26T11:14:15.799"
FLUX = u.Unit(1e-16 * u.erg / u.cm**2 / u.s / u.AA)


@pytest.mark.parametrize(
    "form", ["votable", "application/x-votable+xml;serialization=TABLEDATA", "votable/b2"]
)
def test_votable(client: httpx.Client, form: str) -> None:
    response = client.get(STAR, params={"FORMAT": form})
    assert response.headers["content-type"].startswith("application/x-votable+xml")
    assert validate(response.content) == []
    (resource,) = parse(io.BytesIO(response.content)).resources
    table = resource.tables[0]
    assert table.utype == "spec:Spectrum"
    found = table.to_table()
    np.testing.assert_array_equal(found["wavelength"], AIR)
    np.testing.assert_array_equal(found["flux"], np.arange(POINTS))
    assert (found["wavelength"].unit, u.Unit(found["flux"].unit)) == (u.AA, FLUX)
    utypes = {field.name: field.utype for field in table.fields}
    assert utypes["wavelength"] == "spec:Spectrum.Data.SpectralAxis.Value"
    assert utypes["flux"] == "spec:Spectrum.Data.FluxAxis.Value"
    assert utypes["error"] == "spec:Spectrum.Data.FluxAxis.Accuracy.StatError"


def test_what_the_votable_tells(client: httpx.Client) -> None:
    (resource,) = parse(io.BytesIO(client.get(STAR).content)).resources
    told = {param.utype.removeprefix("spec:Spectrum."): param.value for param in resource.params}
    assert told["Dataset.DataModel"] == "Spectrum-1.1"
    assert told["Target.Name"] == "Star, the bright"
    assert list(told["Target.Pos"]) == pytest.approx([150.0, 2.0], abs=1e-4)
    assert told["Char.SpectralAxis.Coverage.Bounds.Start"] == pytest.approx(400.1e-9)
    assert told["Char.TimeAxis.Coverage.Location.Value"] == 55000.375
    assert told["Char.FluxAxis.Calibration"] == "absolute"
    assert told["Curation.PublisherDID"] == "ivo://archive.example/ID?ADP.2020-06-26T11:14:15.799"
    assert told["CoordSys.SpaceFrame.Name"] == "ICRS"
    assert "Access.Reference" not in told


def test_fits(client: httpx.Client) -> None:
    response = client.get(STAR, params={"FORMAT": "fits"})
    assert response.headers["content-type"] == "application/fits"
    assert (
        int(response.headers["content-length"]) == len(response.content) and len(response.content) % 2880 == 0
    )
    with fits.open(io.BytesIO(response.content)) as file:
        file.verify("exception")
        header = file[1].header
        assert (header["VOCLASS"], header["TTYPE1"], header["TUCD1"]) == (
            "SPECTRUM V1.1",
            "wavelength",
            "em.wl;obs.atmos",
        )
        assert header["TUTYP2"] == "spec:Spectrum.Data.FluxAxis.Value"
        assert (header["OBJECT"], header["SPEC_RES"], header["DS_IDPUB"]) == (
            "Star, the bright",
            45000.0,
            "ivo://archive.example/ID?ADP.2020-06-26T11:14:15.799",
        )
        assert (header["WAVELMIN"], header["MJD-OBS"]) == (pytest.approx(400.1), 55000.25)
        np.testing.assert_array_equal(file[1].data["flux"], np.arange(POINTS))
    found = QTable.read(io.BytesIO(response.content), format="fits", hdu=1)
    assert found["wavelength"].unit == u.AA and found["flux"].unit == FLUX
    np.testing.assert_array_equal(found["error"].value, np.full(POINTS, 0.5))


@pytest.mark.parametrize("dp_id", ["HARPS.2003-12-13T06:19:48.371_s1d_A", "xshooter", "sdss"])
def test_both_forms_agree(client: httpx.Client, dp_id: str) -> None:
    """Also for a file that is stored packed."""
    votable = Table.read(io.BytesIO(client.get(f"/spectrum/{dp_id}").content), format="votable")
    table = Table.read(io.BytesIO(client.get(f"/spectrum/{dp_id}?FORMAT=fits").content), format="fits", hdu=1)
    assert votable.colnames == table.colnames and len(table) == POINTS
    for name in table.colnames:
        np.testing.assert_array_equal(votable[name], table[name])
        assert votable[name].unit == table[name].unit


def test_the_numbers_alone(client: httpx.Client) -> None:
    response = client.get("/spectrum/xshooter", params={"FORMAT": "csv"})
    lines = response.text.splitlines()
    assert lines[0] == "wavelength,flux,error,quality" and len(lines) == POINTS + 1
    assert [float(value) for value in lines[1].split(",")] == [533.66, 0.0, 0.25, 0.0]


def test_head_names_and_errors(client: httpx.Client) -> None:
    head = client.head(STAR, params={"FORMAT": "fits"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-disposition"] == 'attachment; filename="ADP.2020-06-26T11_14_15.799.fits"'
    assert client.get("/spectrum/slit").status_code == 404
    missing = client.get("/spectrum/nothing")
    assert missing.status_code == 404 and "no one-dimensional spectrum" in missing.text
    assert missing.headers["content-type"].startswith("text/plain")
    wrong = client.get(STAR, params={"FORMAT": "docx"})
    assert wrong.status_code == 400 and "FORMAT: unknown format 'docx'" in wrong.text
