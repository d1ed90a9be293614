"""Uploads by the programs that people use: pyvo, STILTS, astroquery's way of asking."""

from __future__ import annotations

import io
import subprocess

import numpy as np
import pytest
import pyvo
from astropy import units
from astropy.table import MaskedColumn, Table


@pytest.fixture
def table() -> Table:
    made = Table({"id": np.arange(5, dtype="i4"), "name": ["a", "b", "c", "d", "é"]})
    made["ra"] = MaskedColumn([10.0, 20.0, 30.0, 40.0, 50.0], mask=[0, 0, 0, 0, 1], unit=units.deg)
    return made


@pytest.fixture(scope="module")
def tap(service) -> pyvo.dal.TAPService:
    return pyvo.dal.TAPService(str(service.base_url).rstrip("/"))


def test_pyvo(tap, table):
    assert tap.upload_methods
    result = tap.search("SELECT * FROM TAP_UPLOAD.mine ORDER BY id", uploads={"mine": table}).to_table()
    assert list(result["id"]) == [0, 1, 2, 3, 4]
    assert list(result["name"]) == ["a", "b", "c", "d", "é"]
    assert result["ra"].unit == units.deg
    assert list(np.ma.getmaskarray(result["ra"]))[4] or np.isnan(result["ra"][4])
    joined = tap.run_sync(
        "SELECT a.id FROM TAP_UPLOAD.one AS a JOIN TAP_UPLOAD.two AS b ON a.id = b.id WHERE a.ra > 15",
        uploads={"one": table, "two": table[2:]},
    )
    assert sorted(joined["id"]) == [2, 3]


def test_a_result_of_pyvo_is_sent_back(tap, table):
    first = tap.search("SELECT TOP 50 id, ra, dec FROM sky.stars ORDER BY id")
    again = tap.search(
        "SELECT COUNT(*) AS n FROM sky.stars JOIN TAP_UPLOAD.s USING (id)", uploads={"s": first}
    )
    assert list(again["n"]) == [50]


@pytest.mark.parametrize("form", ["TABLEDATA", "BINARY", "BINARY2"])
def test_stilts(service, tmp_path, table, form):
    table.write(tmp_path / "mine.vot", format="votable")
    command = [
        "stilts", "tapquery", f"tapurl={str(service.base_url).rstrip('/')}", "sync=true", "nupload=1",
        f"upload1={tmp_path / 'mine.vot'}", "upname1=mine", f"upvotformat={form}", "ofmt=csv", "out=-",
        "adql=SELECT id, name, ra FROM TAP_UPLOAD.mine ORDER BY id",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.splitlines() == ["id,name,ra", "0,a,10.0", "1,b,20.0", "2,c,30.0", "3,d,40.0", "4,é,"]


def test_as_astroquery_sends_it(service, table):
    """TapPlus: FORMAT instead of RESPONSEFORMAT, and a file part named like the table."""
    document = io.BytesIO()
    table.write(document, format="votable")
    form = {
        "REQUEST": "doQuery", "LANG": "ADQL", "FORMAT": "csv", "tapclient": "x", "PHASE": "RUN",
        "QUERY": "SELECT COUNT(*) AS n FROM tap_upload.mine", "UPLOAD": "mine,param:mine",
    }  # fmt: skip
    answer = service.post("/sync", data=form, files={"mine": ("mine.xml", document.getvalue(), "text/plain")})
    assert answer.text.split() == ["n", "5"]
