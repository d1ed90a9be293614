"""/tap_obs and /tap_cat as services: what they show and say of themselves, jobs, validators."""

from __future__ import annotations

import gc
import re
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import httpx
import pytest
from pyvo.dal import TAPService
from pyvo.utils.http import create_session

from archive.config import Config
from archive.database import Database
from archive.store import Store
from frontdesk.app import create_app
from tests.eso.conftest import Site
from tests.serving import listening, serving
from tests.tap.test_taplint import allowed
from tests.xsd import validate

# pyvo leaves connections whose answer it has not read to the end to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

SHOWN = {
    "tap_obs": {"ivoa", "dbo", "ist", "phase3v2", "util", "asm", "tap_schema"},
    "tap_cat": {"safcat", "tap_schema"},
}


@pytest.mark.parametrize("service", SHOWN)
def test_every_document_tells_of_the_same_tables(site: Site, service: str) -> None:
    document = httpx.get(f"{site.address}/{service}/tables").content
    validate(document)
    tables = {element.text for element in ElementTree.fromstring(document).iterfind("schema/table/name")}
    assert {str(name).partition(".")[0] for name in tables} == SHOWN[service]
    assert tables == {name for (name,) in site.rows("SELECT table_name FROM TAP_SCHEMA.tables", service)}
    columns = site.rows("SELECT DISTINCT table_name FROM TAP_SCHEMA.columns", service)
    assert tables == {name for (name,) in columns}
    with create_session() as session:
        assert tables == set(TAPService(f"{site.address}/{service}", session=session).tables.keys())
    schemas = site.rows("SELECT schema_name FROM TAP_SCHEMA.schemas", service)
    assert {name for (name,) in schemas} == SHOWN[service]
    keys = site.rows("SELECT key_id, from_table, target_table FROM TAP_SCHEMA.keys", service)
    assert {name for _, *ends in keys for name in ends} <= tables
    parts = site.rows("SELECT DISTINCT key_id FROM TAP_SCHEMA.key_columns", service)
    assert {key for key, *_ in keys} == {key for (key,) in parts}


@pytest.mark.parametrize(("service", "table"), [("tap_obs", "safcat.STARS_V2"), ("tap_cat", "dbo.raw")])
def test_tables_of_the_other_service_are_unknown(site: Site, service: str, table: str) -> None:
    assert "unknown table" in site.refusal(f"SELECT * FROM {table}", service)
    assert httpx.get(f"{site.address}/{service}/tables/{table}").status_code == 404
    assert site.rows(f"SELECT * FROM TAP_SCHEMA.tables WHERE table_name = '{table}'", service) == []


@pytest.mark.parametrize("service", SHOWN)
def test_capabilities_tell_esos_functions(site: Site, service: str) -> None:
    document = httpx.get(f"{site.address}/{service}/capabilities").content
    validate(document)
    text = document.decode()
    assert "ESO_INTERSECTION(region1 GEOMETRY, region2 GEOMETRY) -&gt; DOUBLE PRECISION" in text
    assert "ESO_DATEADD_SEC(seconds DOUBLE PRECISION, date TIMESTAMP) -&gt; TIMESTAMP" in text
    assert f"{site.address}/{service}</accessURL>" in text
    assert "table-load-sync" not in text
    assert "ESO_" not in httpx.get(f"{site.address}/tap/capabilities").text


@pytest.mark.parametrize("service", SHOWN)
def test_every_example_runs_and_the_profiles_find_something(site: Site, service: str) -> None:
    page = httpx.get(f"{site.address}/{service}/examples").text
    examples = re.findall('<div id="(.*?)".*?<pre property="query">(.*?)</pre>', page, re.DOTALL)
    assert sum(name.startswith("eso-") for name, _ in examples) >= 2
    for name, query in examples:
        text = query.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
        found = site.ask(text, service)
        assert found["metadata"]
        assert found["data"] or not name.startswith("eso-"), text


def test_jobs_speak_the_same_language(site: Site) -> None:
    [[frames]] = site.rows("SELECT COUNT(*) FROM dbo.raw WHERE instrument = 'HAWKI'", "tap")
    with create_session() as session:
        service = TAPService(f"{site.address}/tap_obs", session=session)
        found = service.run_async("SELECT COUNT(*) FROM dbo.raw WHERE instrument = 'hawki'")
        assert found["COUNT_ALL"][0] == frames
        job = service.submit_job("SELECT * FROM dbo.raw")
        identifier = job.url.rpartition("/")[2]
        assert session.get(f"{site.address}/tap_obs/async/{identifier}").status_code == 200
        assert session.get(f"{site.address}/tap/async/{identifier}").status_code == 404
        job.delete()
    gc.collect()


def test_uploads_join_in_any_letter_case(site: Site) -> None:
    table = (
        '<VOTABLE xmlns="http://www.ivoa.net/xml/VOTable/v1.3" version="1.4"><RESOURCE><TABLE>'
        '<FIELD name="who" datatype="char" arraysize="*"/><DATA><TABLEDATA>'
        "<TR><TD>hawki</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    )
    query = "SELECT COUNT(*) FROM dbo.raw JOIN TAP_UPLOAD.mine ON instrument = who"
    answer = httpx.post(
        f"{site.address}/tap_obs/sync",
        data={"LANG": "ADQL", "QUERY": query, "FORMAT": "json", "UPLOAD": "mine,param:file"},
        files={"file": table.encode()},
    )
    assert answer.json()["data"] == site.rows("SELECT COUNT(*) FROM dbo.raw WHERE instrument = 'HAWKI'")


def test_catalogues_are_described_with_what_is_known(site: Site) -> None:
    query = (
        "SELECT table_name, title, version, number_rows, number_columns, cat_id, publication_date, mjd_obs"
        " FROM TAP_SCHEMA.tables WHERE schema_name = 'safcat' ORDER BY table_name"
    )
    found = site.rows(query, "tap_cat")
    assert [row[:5] for row in found] == [
        ["safcat.SINGLE_V1", "SINGLE", 1, 5, 4],
        ["safcat.STARS_V1", "STARS", 1, 10, 4],
        ["safcat.STARS_V2", "STARS", 2, 20, 4],
    ]
    assert len({row[5] for row in found}) == 3
    assert all(row[6].startswith("20") and row[7] is None for row in found)


def test_passwords_in_the_address_stay_out_of_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "uraniborg"):
        answer = httpx.get(f"{site.address}/sso/oidc/token", params={"username": "tycho", "password": "hven"})
    assert answer.status_code == 401
    assert "hven" not in caplog.text + answer.text


def test_a_setting_switches_the_profile_off(database: Database, tmp_path: Path) -> None:
    listener = listening()
    config = Config(data_folder=tmp_path, port=listener.getsockname()[1], eso_profile=False)
    with serving(create_app(config, database, Store(tmp_path / "files")), listener) as address:
        assert httpx.get(f"{address}/tap_obs/capabilities").status_code == 404
        assert "tap_obs" not in httpx.get(f"{address}/").text
        assert httpx.get(f"{address}/tap/capabilities").status_code == 200


@pytest.mark.parametrize("service", SHOWN)
def test_taplint_has_nothing_to_report(site: Site, service: str) -> None:
    # Jobs and uploads are those of /tap, and STILTS looks for the table of ObsLocTAP in any service.
    stages = "-UWS -UPL" if service == "tap_obs" else "-UWS -UPL -LOC"
    command = ["stilts", "taplint", f"tapurl={site.address}/{service}", "report=EWF", f"stages={stages}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    assert "Totals:" in done.stdout
    reports = [line for line in done.stdout.splitlines() if line[:2] in {"E-", "W-", "F-"}]
    # The tables' own examples are looked at on /tap.
    others = [line for line in reports if not (line.startswith("W-EXA") and "example eso-" not in line)]
    assert [line for line in others if not allowed(line)] == []
