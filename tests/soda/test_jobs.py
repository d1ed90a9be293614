"""Cut-outs as jobs: one result for each combination, and texts where there is nothing to cut."""

from __future__ import annotations

import time
import xml.etree.ElementTree as ET

import pytest

from tests.soda.files import CENTRE
from tests.soda.support import opened
from tests.xsd import validate

IMAGE, PACKED, CUBE = (f"ADP.2026-01-01T00:00:0{n}.000" for n in (1, 2, 4))
RA, DEC = CENTRE
UWS = {"uws": "http://www.ivoa.net/xml/UWS/v1.0"}
HREF = "{http://www.w3.org/1999/xlink}href"


def _done(site, form, phase="COMPLETED"):
    """The document of a job that has ended."""
    made = site.client.post("/soda/async", data={**form, "PHASE": "RUN"})
    assert made.status_code == 303, made.text
    address, end = made.headers["Location"], time.monotonic() + 60
    while time.monotonic() < end:
        document = site.client.get(address, params={"WAIT": "10"})
        job = ET.fromstring(document.content)
        if job.find("uws:phase", UWS).text not in {"QUEUED", "EXECUTING"}:
            break
    validate(document.content)
    assert job.find("uws:phase", UWS).text == phase, document.text
    return job


def _results(site, form):
    job = _done(site, form)
    return {
        result.get("id"): site.client.get(result.get(HREF))
        for result in job.findall("uws:results/uws:result", UWS)
    }


def test_one_result(site):
    form = {"ID": site.did(IMAGE), "CIRCLE": f"{RA} {DEC} 0.0101"}
    ((id, response),) = _results(site, form).items()
    assert id == "result"
    assert response.headers["Content-Type"] == "application/fits"
    assert f"{IMAGE}_cutout.fits" in response.headers["Content-Disposition"]
    assert response.content == site.sync(**form).content


def test_every_combination(site):
    form = {
        "ID": [site.did(CUBE), site.did(IMAGE)],
        "CIRCLE": [f"{RA} {DEC} 0.0101", f"{RA} {DEC} 0.0051", "10 20 1"],
        "BAND": ["4.2e-7 4.3e-7", "4.9e-7 5.9e-7"],
    }
    results = _results(site, form)
    assert list(results) == [f"result-{n}" for n in range(1, 13)]
    shapes = [
        opened(response.content)[0].shape
        if response.headers["Content-Type"] == "application/fits"
        else response.text
        for response in results.values()
    ]
    assert shapes[:4] == [(11, 21, 21), (10, 21, 21), (11, 11, 11), (10, 11, 11)]
    assert all(text.startswith("UsageError: ivo://archive.example/ID?ADP") for text in shapes[4:6])
    # Nothing is known of the image's wavelengths.
    assert all("nothing is known of its wavelength" in text for text in shapes[6:])
    assert results["result-5"].headers["Content-Type"] == "text/plain; charset=utf-8"


def test_unknown_and_whole_files(site):
    results = _results(site, {"ID": ["nothing", site.did(PACKED), "ivo://other.example/ID?x"]})
    assert results["result-1"].text.startswith("UsageError: the archive has no file nothing")
    assert results["result-2"].content == (site.originals / "packed.fits.gz").read_bytes()
    assert results["result-2"].headers["Content-Type"] == "application/gzip"
    assert results["result-3"].text.startswith("UsageError: ID: the archive has no dataset")


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({}, "ID: is missing"),
        ({"ID": IMAGE, "CIRCLE": "1 2"}, "CIRCLE: a circle of 2 numbers"),
        ({"ID": ["a"] * 101, "CIRCLE": ["1 2 3"] * 10}, "more than 1000 cut-outs"),
    ],
    ids=str,
)
def test_wrong_parameters(site, form, message):
    job = _done(site, form, "ERROR")
    assert message in job.find("uws:errorSummary/uws:message", UWS).text


def test_states_are_one_result(site):
    results = _results(site, {"ID": IMAGE, "POL": ["I", "Q"]})
    assert [response.text[:10] for response in results.values()] == ["UsageError"]
