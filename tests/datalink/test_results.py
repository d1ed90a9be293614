"""Which results of TAP queries come with the descriptor of the links service."""

from __future__ import annotations

import time

import httpx
import pytest
from lxml import etree

from tests.datalink.small_archive import IMAGE

SPACE = {"v": "http://www.ivoa.net/xml/VOTable/v1.3"}
DID = "obs_publisher_did"


def refs(content: bytes) -> list[str]:
    """The columns that the descriptor takes its identifiers from."""
    root = etree.fromstring(content)
    ids = set(root.xpath("//v:FIELD/@ID", namespaces=SPACE))
    found = root.xpath("v:RESOURCE[@utype='adhoc:service']/v:GROUP/v:PARAM/@ref", namespaces=SPACE)
    assert ids.issuperset(found)
    return found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM ivoa.ObsCore", [DID]),
        ("SELECT dp_id, obs_publisher_did FROM ivoa.ObsCore", [DID]),
        ('SELECT dp_id, obs_publisher_did AS "the DID" FROM ivoa.ObsCore', ["the_DID"]),
        ("SELECT dp_id FROM ivoa.ObsCore", ["dp_id"]),
        ("SELECT raw.*, 1 AS n FROM dbo.raw", ["dp_id"]),
        ("SELECT archive_id FROM phase3v2.files", ["archive_id"]),
        ("SELECT d FROM (SELECT obs_publisher_did AS d FROM ivoa.ObsCore) AS q", ["d"]),
        ("WITH q AS (SELECT dp_id FROM dbo.raw) SELECT dp_id FROM q", ["dp_id"]),
        ("SELECT dp_id FROM dbo.raw UNION SELECT dp_id FROM ivoa.ObsCore", ["dp_id"]),
        ("SELECT dp_id FROM dbo.raw UNION SELECT obs_id FROM ivoa.ObsCore", []),
        ("SELECT dp_id || 'x' AS dp_id FROM dbo.raw", []),
        ("SELECT 'a' AS obs_publisher_did FROM dbo.raw", []),
        ("SELECT target_name FROM ivoa.ObsCore", []),
        ("SELECT table_name FROM tap_schema.tables", []),
    ],
)
def test_where_rows_stand_for_datasets(site: httpx.Client, query: str, expected: list[str]) -> None:
    answer = site.post("/tap/sync", data={"LANG": "ADQL", "QUERY": query})
    assert answer.status_code == 200, answer.text
    assert refs(answer.content) == expected


def test_other_peoples_identifiers_are_not_ours(site: httpx.Client) -> None:
    query = {"LANG": "ADQL", "QUERY": "SELECT dp_id, obs_publisher_did FROM ivoa.ObsCore"}
    files = {"t": ("t.vot", site.post("/tap/sync", data=query).content, "application/x-votable+xml")}
    data = {
        "LANG": "ADQL",
        "QUERY": "SELECT dp_id, obs_publisher_did FROM tap_upload.t",
        "UPLOAD": "t,param:t",
    }
    answer = site.post("/tap/sync", data=data, files=files)
    assert answer.status_code == 200, answer.text
    assert refs(answer.content) == []


def test_the_binary_serializations_have_it_too(site: httpx.Client) -> None:
    for format_ in ("votable/b2", "votable/b"):
        data = {"LANG": "ADQL", "QUERY": f"SELECT {DID} FROM ivoa.ObsCore", "RESPONSEFORMAT": format_}
        assert refs(site.post("/tap/sync", data=data).content) == [DID]


def test_results_of_jobs_have_it_too(site: httpx.Client) -> None:
    data = {"LANG": "ADQL", "QUERY": f"SELECT {DID} FROM ivoa.ObsCore", "PHASE": "RUN"}
    job = site.post("/tap/async", data=data).headers["location"]
    deadline = time.monotonic() + 60
    while site.get(f"{job}/phase").text not in {"COMPLETED", "ERROR"} and time.monotonic() < deadline:
        time.sleep(0.1)
    assert refs(site.get(f"{job}/results/result").content) == [DID]
    site.delete(job)


def test_what_the_descriptor_takes_leads_to_links(site: httpx.Client) -> None:
    data = {"LANG": "ADQL", "RESPONSEFORMAT": "json", "QUERY": f"SELECT {DID}, dp_id FROM ivoa.ObsCore"}
    rows = site.post("/tap/sync", data=data).json()["data"]
    assert IMAGE in {row[1] for row in rows}
    for identifiers in zip(*rows, strict=True):
        found = site.post("/datalink/links", data={"ID": identifiers, "RESPONSEFORMAT": "json"}).json()[
            "data"
        ]
        assert {row[0] for row in found} == set(identifiers)
