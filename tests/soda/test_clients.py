"""Cut-outs by pyvo, from a query through links to pixels, and as STILTS and the schemas see the service."""

from __future__ import annotations

import subprocess
import xml.etree.ElementTree as ET
from typing import Any

import astropy.units as u
import pytest
import pyvo
from astropy.io import fits
from pyvo.dal.adhoc import DatalinkResults, SodaQuery

from archive.protocol.soda import soda_descriptor
from tests.soda.files import CENTRE
from tests.soda.support import assert_agrees, opened
from tests.xsd import validate

# pyvo leaves its connections to the collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

IMAGE, CUBE, SPECTRUM = (f"ADP.2026-01-01T00:00:0{n}.000" for n in (1, 4, 5))
CIRCLE = (CENTRE[0] * u.deg, CENTRE[1] * u.deg, 0.0101 * u.deg)


@pytest.fixture
def vocabulary(monkeypatch: pytest.MonkeyPatch) -> None:
    """pyvo asks a server far away which terms are narrower than others."""
    narrower: dict[str, Any] = {"terms": {}}
    monkeypatch.setattr("pyvo.dal.adhoc.vocabularies.get_vocabulary", lambda _name: narrower)


def _links(site, dp_id):
    return DatalinkResults.from_result_url(f"{site.url}/datalink/links?ID={site.did(dp_id)}")


def test_first_process_of_links(site):
    stream = _links(site, IMAGE).get_first_proc().process(circle=CIRCLE)
    part = opened(stream.read())[0]
    whole = fits.HDUList.fromstring((site.originals / "image.fits").read_bytes())[0]
    assert assert_agrees(whole, part) == ((89, 110), (89, 110))


def test_every_process(site):
    for dp_id, more in ((IMAGE, {"circle": CIRCLE}), (CUBE, {"band": (4.2e-7, 4.3e-7) * u.m})):
        (proc,) = _links(site, dp_id).iter_procs()
        names = {parameter.name for parameter in proc.input_params}
        assert {"ID", "CIRCLE", "POLYGON", "POS"} <= names
        assert opened(proc.process(**more).read())[0].data.size


def test_processed_record_of_a_query(site):
    """SodaRecordMixin: straight from the row to the pixels, by the descriptor in the links."""
    (row,) = pyvo.dal.TAPService(f"{site.url}/tap").search(
        f"SELECT * FROM ivoa.ObsCore WHERE dp_id = '{CUBE}'"
    )
    part = opened(row.processed(circle=CIRCLE, band=(4.2e-7, 4.3e-7)).read())[0]
    assert part.shape == (11, 21, 21)
    corners = [149.99, 1.99, 150.01, 1.99, 150.0, 2.01] * u.deg
    assert opened(row.processed(polygon=corners).read())[0].shape == (100, 21, 21)
    rectangle = [149.9901, 150.0099, 1.9901, 2.0099] * u.deg
    assert opened(row.processed(range=rectangle).read())[0].shape[0] == 100


def test_soda_query_with_frequencies(site):
    links = _links(site, SPECTRUM)
    row = links.get_first_proc()
    query = SodaQuery.from_resource(row, links.get_adhocservice_by_id(row.service_def))
    query.band = (7.0e14, 7.1e14) * u.Hz
    table = opened(query.execute_stream().read())["SPECTRUM"].data
    assert table["WAVE"].min() >= 422.2 and table["WAVE"].max() <= 428.3


def test_jobs_by_pyvo(site):
    job = pyvo.dal.AsyncTAPJob.create(
        f"{site.url}/soda", "", ID=site.did(IMAGE), CIRCLE=f"{CENTRE[0]} {CENTRE[1]} 0.0101"
    )
    job.run()
    job.wait(phases={"COMPLETED", "ERROR"}, timeout=60)
    assert job.phase == "COMPLETED"
    assert opened(site.client.get(job.result_uri).content)[0].shape == (21, 21)
    job.delete()


def test_stilts_reads_a_cut_spectrum(site, tmp_path):
    path = tmp_path / "cut.fits"
    path.write_bytes(site.sync(ID=SPECTRUM, BAND="4.2e-7 4.3e-7").content)
    command = ["stilts", "tpipe", f"in={path}", "ifmt=fits", "cmd=explodeall", "omode=count"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert "rows: 1" in done.stdout


def test_capabilities_and_availability(site):
    capabilities = site.client.get("/soda/capabilities")
    validate(capabilities.content)
    found = {c.get("standardID"): c for c in ET.fromstring(capabilities.content)}
    assert {"ivo://ivoa.net/std/SODA#sync-1.0", "ivo://ivoa.net/std/SODA#async-1.0"} < found.keys()
    sync = found["ivo://ivoa.net/std/SODA#sync-1.0"].find("interface")
    assert sync.find("accessURL").text == f"{site.url}/soda/sync"
    names = {parameter.find("name").text for parameter in sync.findall("param")}
    assert {"ID", "POS", "CIRCLE", "POLYGON", "BAND", "TIME", "POL", "RESPONSEFORMAT"} <= names
    validate(site.client.get("/soda/availability").content)
    assert site.client.head("/soda/capabilities").status_code == 200


def test_descriptor_tells_the_limits():
    row = {
        "obs_publisher_did": "ivo://archive.example/ID?x",
        "dataproduct_type": "cube",
        "s_region": "POLYGON ICRS 10 20 10.5 20 10.5 20.5 10 20.5",
        "em_min": 4e-7,
        "em_max": 9e-7,
        "t_min": 60000.0,
        "t_max": 60000.5,
        "pol_states": "/I/Q/",
    }
    descriptor = soda_descriptor("https://archive.example", row, id="soda-7")
    assert descriptor is not None
    assert (descriptor.id, descriptor.access_url) == ("soda-7", "https://archive.example/soda/sync")
    inputs = {one.name: one for one in descriptor.inputs}
    assert inputs["ID"].value == row["obs_publisher_did"]
    assert inputs["POLYGON"].maximum == "10 20 10.5 20 10.5 20.5 10 20.5"
    ra, dec, radius = map(float, inputs["CIRCLE"].maximum.split())
    assert (ra, dec) == pytest.approx((10.25, 20.25), abs=0.01) and 0.33 < radius < 0.36
    assert (inputs["BAND"].minimum, inputs["BAND"].maximum) == ("4e-07", "9e-07")
    assert inputs["POL"].options == ("I", "Q")
    assert inputs["POS"].maximum is None


@pytest.mark.parametrize(
    ("row", "names"),
    [
        ({"dataproduct_type": "image", "s_region": "CIRCLE ICRS 1 2 3", "em_min": 1.0, "em_max": 2.0},
         ["ID", "POS", "CIRCLE", "POLYGON"]),
        ({"dataproduct_type": "image", "s_region": "POSITION ICRS 1 2"}, None),
        ({"dataproduct_type": "spectrum", "em_min": 4e-7, "em_max": 5e-7}, ["ID", "BAND"]),
        ({"dataproduct_type": "spectrum", "em_min": 4e-7, "em_max": 4e-7}, None),
        ({"dataproduct_type": "event", "t_min": 1.0, "t_max": 2.0}, ["ID", "TIME"]),
        ({"dataproduct_type": "visibility", "em_min": 4e-7, "em_max": 5e-7}, None),
        ({"dataproduct_type": None}, None),
    ],
    ids=str,
)  # fmt: skip
def test_descriptor_by_type(row, names):
    descriptor = soda_descriptor("https://x", {"obs_publisher_did": "ivo://x/ID?y", **row})
    assert (None if descriptor is None else [one.name for one in descriptor.inputs]) == names


def test_links_are_readable_by_the_schema(site):
    document = site.client.get("/datalink/links", params={"ID": [site.did(IMAGE), site.did(CUBE)]})
    validate(document.content)
    assert document.content.count(b"SODA#sync-1.0") == 2
