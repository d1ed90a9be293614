"""What /tap/sync accepts, and how it says no: always a VOTable, always the right status."""

from __future__ import annotations

import io

import httpx
import pytest
from astropy.io.votable import parse

FROM = "FROM tap_schema.schemas"
QUERY = f"SELECT schema_name {FROM} ORDER BY schema_name"
TYPE = "application/x-votable+xml"


def names(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [str(name) for name in parse(io.BytesIO(answer.content)).get_first_table().array["schema_name"]]


def failure(answer: httpx.Response) -> str:
    """The text of an error document, which is checked to be one."""
    assert answer.headers["content-type"] == "application/x-votable+xml"
    assert answer.headers["access-control-allow-origin"] == "*"
    resource = parse(io.BytesIO(answer.content)).resources[0]
    assert resource.type == "results"
    (status,) = (info for info in resource.infos if info.name == "QUERY_STATUS")
    assert status.value == "ERROR"
    return str(status.content)


@pytest.mark.parametrize(
    "parameters",
    [
        {"LANG": "ADQL", "QUERY": QUERY},
        {"lang": "ADQL-2.0", "query": QUERY},
        {"Lang": "ADQL-2.1", "Query": QUERY, "REQUEST": "doQuery", "VERSION": "1.0"},
        {"LANG": "ADQL", "QUERY": QUERY, "request": "DOQUERY", "RUNID": "night 1", "nobody": "knows"},
    ],
)
def test_get_post_and_multipart_say_the_same(tap, parameters):
    got = names(tap.get("/sync", params=parameters))
    assert {"dbo", "ivoa", "tap_schema"} <= set(got)
    assert names(tap.post("/sync", data=parameters)) == got
    assert names(tap.post("/sync", files={name: (None, value) for name, value in parameters.items()})) == got


@pytest.mark.parametrize(
    ("parameters", "status", "message"),
    [
        ({"LANG": "ADQL"}, 400, "QUERY: is missing"),
        ({"QUERY": QUERY}, 400, "LANG: is missing"),
        ({"LANG": "ADQL", "QUERY": ""}, 400, "QUERY: is missing"),
        ({"LANG": "SQL", "QUERY": QUERY}, 400, "LANG: 'SQL' is not known here"),
        ({"LANG": "ADQL", "QUERY": [QUERY, QUERY]}, 400, "QUERY: given 2 times"),
        ({"LANG": "ADQL", "QUERY": QUERY, "REQUEST": "getCapabilities"}, 400, "REQUEST"),
        ({"LANG": "ADQL", "QUERY": QUERY, "MAXREC": "-1"}, 400, "MAXREC: -1 is less than 0"),
        ({"LANG": "ADQL", "QUERY": QUERY, "MAXREC": "many"}, 400, "MAXREC: 'many' is not an integer"),
        ({"LANG": "ADQL", "QUERY": QUERY, "RESPONSEFORMAT": "papyrus"}, 400, "RESPONSEFORMAT"),
        ({"LANG": "ADQL", "QUERY": QUERY, "FORMAT": "image/png"}, 400, "RESPONSEFORMAT"),
        ({"LANG": "ADQL", "QUERY": "SELEKT 1"}, 400, "line 1, column 1"),
        ({"LANG": "ADQL", "QUERY": "SELECT nothing FROM tap_schema.schemas"}, 400, "nothing"),
        ({"LANG": "ADQL", "QUERY": "SELECT * FROM pg_catalog.pg_authid"}, 400, "unknown table"),
        ({"LANG": "ADQL", "QUERY": f"SELECT 1/(schema_index - schema_index) {FROM}"}, 400, "zero"),
        ({"LANG": "ADQL", "QUERY": "SELECT '\x00' FROM tap_schema.schemas"}, 400, ""),
        ({"LANG": "ADQL", "QUERY": "x" * 1_000_001}, 413, "1000000"),
    ],
)
def test_refusals(tap, parameters, status, message):
    answer = tap.post("/sync", data=parameters)
    assert message in failure(answer)
    assert answer.status_code == status


def test_errors_stay_votables_whatever_the_format(tap):
    for wanted in ("csv", "json", "html", "parquet"):
        answer = tap.get("/sync", params={"LANG": "ADQL", "QUERY": "SELECT", "RESPONSEFORMAT": wanted})
        assert failure(answer)


@pytest.mark.parametrize("sent", [b"LANG=ADQL&QUERY=%FF", b"LANG=ADQL&QUERY=\xff"])
def test_undecodable_text(tap, sent):
    answer = tap.post("/sync", content=sent, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert "UTF-8" in failure(answer)
    assert answer.status_code == 400


def test_request_beyond_the_limit(tap):
    answer = tap.post("/sync", data={"QUERY": "x" * 5_000_000})
    assert answer.status_code == 413
    assert failure(answer)


@pytest.mark.parametrize("path", ["/nothing", "/async/nothing", "/sync/x", "/tables/no.such_table"])
def test_unknown_paths(tap, path):
    answer = tap.get(path)
    assert answer.status_code == 404
    assert failure(answer)


def test_wrong_method(tap):
    answer = tap.put("/sync")
    assert answer.status_code == 405
    assert failure(answer)


def test_html_only_when_asked_for(tap):
    parameters = {"LANG": "ADQL", "QUERY": QUERY}
    java = {"Accept": "text/html, image/gif, image/jpeg, */*; q=0.2"}
    assert names(tap.get("/sync", params=parameters, headers=java))
    answer = tap.get("/sync", params=parameters | {"RESPONSEFORMAT": "html"})
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(
    ("wanted", "content_type"),
    [
        ("votable", "application/x-votable+xml"),
        (f"{TYPE}; serialization=TABLEDATA", f"{TYPE};serialization=TABLEDATA"),
        ("text/xml", "text/xml"),
        ("csv", "text/csv;header=present"),
        ("text/csv", "text/csv"),
        ("TSV", "text/tab-separated-values"),
        ("fits", "application/fits"),
        ("parquet", "application/vnd.apache.parquet"),
        ("json", "application/json"),
    ],
)
def test_media_types(tap, wanted, content_type):
    answer = tap.get("/sync", params={"LANG": "ADQL", "QUERY": QUERY, "RESPONSEFORMAT": wanted})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == content_type


def test_head_answers_like_get_without_running(tap):
    slow = "SELECT COUNT(*) FROM " + ", ".join(f"tap_schema.columns {name}" for name in "abcd")
    answer = tap.head("/sync", params={"LANG": "ADQL", "QUERY": slow, "FORMAT": "csv"}, timeout=5)
    assert answer.status_code == 200
    assert answer.content == b""
    assert answer.headers["content-type"].startswith("text/csv")
    assert tap.head("/sync", params={"LANG": "ADQL", "QUERY": "SELECT"}).status_code == 400
