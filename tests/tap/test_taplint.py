"""STILTS taplint over the demonstration archive: nothing to report but what it is too old to know."""

from __future__ import annotations

import subprocess

import httpx
import pytest

from archive import store as storage
from archive.config import Config
from archive.store import Store
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from frontdesk.demo import load_demonstration
from tests.serving import listening, serving

# Reports of Debian's STILTS 3.4.7 (2022) that are known to be wrong: the code, what it is about, and why.
ALLOWED = {
    (
        "E-CAP-KEYX",
        "#features-adql-conditional",
    ): "ADQL 2.1 (REC, December 2023) defines this feature type for "
    "COALESCE among its optional features; this STILTS has the list of an earlier draft, newer ones have it.",
}
# All instruments of the night have tables of their own, nothing came by the line from the mountain, the old
# monitors and those of other sites were asked for nothing, and to the store nothing has happened yet.
EMPTY = {
    "asm.historical_ambient_paranal",
    "asm.meteo_apex",
    "dfs.storage_event",
    "dfs.transfer",
    "ist.other",
}
# Their examples ask for what went wrong, or is under way.
QUIET = {"dfs.storage_event", "dfs.transfer", "dfs.input_file"}


@pytest.fixture(scope="module")
def demonstration(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory):
    """The address of the demonstration archive without anything that is not in the project."""
    folder = tmp_path_factory.mktemp("demonstration")
    listener = listening()
    # An archive that fetches nothing lacks #upload-http, which TAP 1.0 wants wherever there are uploads.
    config = Config(data_folder=folder, port=listener.getsockname()[1], upload_hosts=("127.0.0.1",))
    store = Store(folder / "files")
    with test_cluster.database(config=config) as database:
        with database.writer() as connection:
            storage.initialise(connection)
        assert load_demonstration(database, store, config, folder / "no frames", {}) == []
        with serving(create_app(config, database, store), listener) as address:
            yield address


def allowed(report: str) -> bool:
    return any(report.startswith(f"{code}-") and about in report for code, about in ALLOWED)


def test_taplint_has_nothing_to_report(demonstration):
    command = ["stilts", "taplint", f"tapurl={demonstration}/tap", "report=EWF"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert "Totals:" in done.stdout
    reports = [line for line in done.stdout.splitlines() if line[:2] in {"E-", "W-", "F-"}]
    assert [line for line in reports if not allowed(line)] == []
    # An allowance that is not needed any more has to go; newer versions need none.
    assert len(reports) in {0, len(ALLOWED)}


def test_every_example_finds_something(demonstration):
    with httpx.Client(base_url=f"{demonstration}/tap") as client:
        query = {"LANG": "ADQL", "RESPONSEFORMAT": "json"}
        empty = "SELECT table_name FROM tap_schema.tables WHERE nrows = 0"
        tables = client.get("/sync", params=query | {"QUERY": empty}).json()
        assert {name for (name,) in tables["data"]} == EMPTY
        page = client.get("/examples").text
        for text in page.split('<pre property="query">')[1:]:
            adql = text.partition("</pre>")[0].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
            answer = client.get("/sync", params=query | {"QUERY": adql})
            assert answer.json()["data"] or any(name in adql for name in QUIET), adql


def test_access_url_of_every_dataset_leads_to_its_links(demonstration):
    rows = _rows(demonstration, "SELECT obs_publisher_did, access_url, access_format FROM ivoa.ObsCore")
    assert rows
    for did, address, media_type in rows:
        answer = httpx.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
        assert f"<TD>{did}</TD>" in answer.text


def test_access_url_of_raw_frames_leads_to_the_file(demonstration):
    rows = _rows(demonstration, "SELECT access_url, datalink_url FROM dbo.raw")
    assert rows
    for address, links in rows:
        assert httpx.head(address).headers["content-type"] in {"image/fits", "application/fits"}
        assert httpx.head(links).headers["content-type"] == "application/x-votable+xml;content=datalink"
    assert httpx.get(rows[0][0]).content.startswith(b"SIMPLE  =")


def _rows(demonstration, query):
    parameters = {"LANG": "ADQL", "RESPONSEFORMAT": "json", "QUERY": query}
    return httpx.get(f"{demonstration}/tap/sync", params=parameters).json()["data"]


def test_stilts_is_served_as_the_greeting_says(demonstration):
    query = "SELECT TOP 5 * FROM safcat.simulated_stars"
    command = ["stilts", "tapquery", f"tapurl={demonstration}/tap", "sync=true", f"adql={query}", "ofmt=csv"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True)
    assert len(done.stdout.splitlines()) == 6
