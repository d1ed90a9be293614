"""Every resource of the tree of UWS 1.1: what it answers, in which type, valid by the schema."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from astropy.io.votable import parse
from lxml import etree

from tests.uws.support import ENDLESS, OVER, QUERY, UWS, as_user, ended, make, phase, run, tree
from tests.waiting import eventually
from tests.xsd import validate

XLINK = "{http://www.w3.org/1999/xlink}href"
XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def time_of(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_a_new_job_is_pending_and_complete(jobs):
    job = make(jobs, QUERY | {"RUNID": "night <42>", "MAXREC": "7"})
    answer = jobs.get(job)
    assert answer.headers["content-type"].startswith("text/xml")
    assert validate(answer.content) == []
    document = etree.fromstring(answer.content)
    assert document.tag == f"{UWS}job"
    assert document.get("version") == "1.1"
    assert job.endswith("/" + document.findtext(f"{UWS}jobId"))
    assert document.findtext(f"{UWS}phase") == "PENDING"
    assert document.findtext(f"{UWS}runId") == "night <42>"
    for name in ("ownerId", "quote", "startTime", "endTime"):
        assert document.find(f"{UWS}{name}").get(XSI_NIL) == "true"
    created = time_of(document.findtext(f"{UWS}creationTime"))
    assert abs(created - datetime.now(UTC)) < timedelta(minutes=5)
    assert time_of(document.findtext(f"{UWS}destruction")) - created == timedelta(days=7)
    assert document.findtext(f"{UWS}executionDuration") == "3600"
    sent = {p.get("id"): p.text for p in document.iter(f"{UWS}parameter")}
    assert sent == QUERY | {"RUNID": "night <42>", "MAXREC": "7"}
    assert jobs.get(f"{job}/results/result").status_code == 404
    assert jobs.get(f"{job}/error").status_code == 404


def test_each_resource_of_a_job(jobs):
    job = run(jobs, QUERY)
    assert ended(jobs, job) == "COMPLETED"
    document = tree(jobs, job)
    for name, element in (("executionduration", "executionDuration"), ("destruction", "destruction")):
        answer = jobs.get(f"{job}/{name}")
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.text == document.findtext(f"{UWS}{element}")
    assert jobs.get(f"{job}/phase").text == "COMPLETED"
    assert jobs.get(f"{job}/phase").headers["content-type"].startswith("text/plain")
    assert jobs.get(f"{job}/quote").text == jobs.get(f"{job}/owner").text == ""
    for name in ("parameters", "results"):
        answer = jobs.get(f"{job}/{name}")
        assert answer.headers["content-type"].startswith("text/xml")
        assert validate(answer.content) == []
        assert etree.fromstring(answer.content).tag == f"{UWS}{name}"
    assert jobs.head(job).status_code == 200
    assert jobs.get(f"{job}/nothing").status_code == 404
    assert jobs.put(f"{job}/phase").status_code == 405


def test_the_result_is_a_file(jobs):
    job = run(jobs, QUERY)
    assert ended(jobs, job) == "COMPLETED"
    (result,) = tree(jobs, job).iter(f"{UWS}result")
    assert result.get("id") == "result"
    assert result.get(XLINK) == f"{job}/results/result"
    answer = jobs.get(result.get(XLINK))
    assert answer.headers["content-type"] == result.get("mime-type") == "text/csv;header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="result.csv"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.content) == int(result.get("size")) == int(answer.headers["content-length"])
    assert answer.text.splitlines()[0] == "table_name"
    part = jobs.get(result.get(XLINK), headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.text) == (206, "table_name")
    again = jobs.get(result.get(XLINK), headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    head = jobs.head(result.get(XLINK))
    assert (head.content, head.headers["content-length"]) == (b"", answer.headers["content-length"])
    assert jobs.get(f"{job}/results/other").status_code == 404


@pytest.mark.parametrize("short", ["votable", "votable/td", "fits", "parquet", "json", "tsv", "html"])
def test_a_job_answers_as_sync_does(jobs, short):
    query = QUERY | {"RESPONSEFORMAT": short, "QUERY": "SELECT table_name, nrows FROM tap_schema.tables"}
    job = run(jobs, query)
    assert ended(jobs, job) == "COMPLETED"
    asynchronous, synchronous = jobs.get(f"{job}/results/result"), jobs.post("/sync", data=query)
    assert asynchronous.content == synchronous.content
    assert asynchronous.headers["content-type"] == synchronous.headers["content-type"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"QUERY": "SELECT nothing FROM tap_schema.tables"}, "nothing"),
        ({"QUERY": ""}, "QUERY: is missing"),
        ({"LANG": ""}, "LANG: is missing"),
        ({"MAXREC": "-3"}, "MAXREC"),
        ({"RESPONSEFORMAT": "papyrus"}, "papyrus"),
        ({"QUERY": "SELECT TOP 3 1/(column_index-column_index) FROM tap_schema.columns"}, "division by zero"),
    ],
)
def test_an_error_has_a_document(jobs, change, message):
    job = run(jobs, QUERY | change)
    assert ended(jobs, job) == "ERROR"
    document = tree(jobs, job)
    assert validate(etree.tostring(document)) == []
    summary = document.find(f"{UWS}errorSummary")
    assert (summary.get("type"), summary.get("hasDetail")) == ("fatal", "true")
    assert message in summary.findtext(f"{UWS}message")
    answer = jobs.get(f"{job}/error")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/x-votable+xml")
    (status,) = parse(io.BytesIO(answer.content)).resources[0].infos
    assert status.value == "ERROR"
    assert message in status.content
    assert jobs.get(f"{job}/results/result").status_code == 404
    assert list(document.iter(f"{UWS}result")) == []


def test_a_failure_in_the_middle_of_rows_is_an_error_and_no_half_result(jobs):
    columns = "tap_schema.columns"
    text = (
        f"SELECT a.description FROM (SELECT TOP 400 description FROM {columns}) AS a,"
        f" (SELECT TOP 400 std FROM {columns}) AS b, (SELECT TOP 8 utype FROM tap_schema.tables) AS c"
        f" UNION ALL SELECT CAST(1/(column_index - column_index) AS VARCHAR) FROM {columns}"
    )
    query = QUERY | {"QUERY": text, "RESPONSEFORMAT": "votable/td", "MAXREC": "20000000"}
    with jobs.stream("POST", "/sync", data=query) as answer:
        assert answer.status_code == 200, answer.read()
    job = run(jobs, query)
    assert ended(jobs, job) == "ERROR"
    assert "division by zero" in jobs.get(f"{job}/error").text
    assert jobs.get(f"{job}/results/result").status_code == 404


def test_parameters_change_while_pending_only(jobs):
    job = make(jobs, {"LANG": "ADQL", "query": "SELECT 1", "FORMAT": "csv", "nonsense": "ignored"})
    answer = jobs.post(f"{job}/parameters", data={"QUERY": QUERY["QUERY"], "runid": "second"})
    assert (answer.status_code, answer.headers["location"]) == (303, job)
    document = tree(jobs, job)
    sent = {p.get("id"): p.text for p in document.iter(f"{UWS}parameter")}
    assert sent == {"LANG": "ADQL", "QUERY": QUERY["QUERY"], "FORMAT": "csv", "RUNID": "second"}
    assert document.findtext(f"{UWS}runId") == "second"
    assert jobs.post(f"{job}/phase", data={"PHASE": "RUN"}).status_code == 303
    assert ended(jobs, job) == "COMPLETED"
    assert jobs.post(f"{job}/parameters", data={"QUERY": "SELECT 2"}).status_code == 403
    assert jobs.post(job, data={"QUERY": "SELECT 2"}).status_code == 400


def test_parameters_changed_at_the_same_time_are_all_kept(jobs):
    sent = {"LANG": "ADQL", "QUERY": QUERY["QUERY"], "FORMAT": "csv", "MAXREC": "2", "RUNID": "r"}
    for _ in range(4):
        job = make(jobs, {})
        with ThreadPoolExecutor(len(sent)) as threads:
            asked = [
                threads.submit(jobs.post, f"{job}/parameters", data={name: value})
                for name, value in sent.items()
            ]
            assert [one.result().status_code for one in asked] == [303] * len(sent)
        assert {p.get("id"): p.text for p in tree(jobs, job).iter(f"{UWS}parameter")} == sent


def test_odd_texts_survive(jobs):
    odd = "SELECT 'Størjeborg \u2609 \x01 \x00 <&]]> \N{PILE OF POO}'"
    job = make(jobs, {"LANG": "ADQL", "QUERY": odd, "RUNID": "a\x00b"})
    answer = jobs.get(job)
    assert validate(answer.content) == []
    assert "\N{PILE OF POO}" in tree(jobs, job).findtext(f".//{UWS}parameter[@id='QUERY']")
    jobs.post(f"{job}/phase", data={"PHASE": "RUN"})
    assert ended(jobs, job) == "ERROR"


def test_execution_duration_is_clipped_and_kept(jobs):
    job = make(jobs, QUERY | {"EXECUTIONDURATION": "17"})
    assert jobs.get(f"{job}/executionduration").text == "17"
    for wanted, got in (("60", "60"), ("0", "86400"), ("99999999999", "86400")):
        answer = jobs.post(f"{job}/executionduration", data={"EXECUTIONDURATION": wanted})
        assert (answer.status_code, answer.headers["location"]) == (303, job)
        assert jobs.get(f"{job}/executionduration").text == got
    for wrong in ("-1", "soon", "1e3", "", "\u0663"):
        answer = jobs.post(f"{job}/executionduration", data={"EXECUTIONDURATION": wrong})
        assert answer.status_code == 400, wrong
    jobs.post(f"{job}/phase", data={"PHASE": "RUN"})
    ended(jobs, job)
    answer = jobs.post(f"{job}/executionduration", data={"EXECUTIONDURATION": "5"})
    assert answer.status_code == 403


def test_a_job_ends_with_its_execution_duration(jobs):
    job = run(jobs, ENDLESS | {"EXECUTIONDURATION": "1"})
    assert ended(jobs, job) == "ERROR"
    assert "execution duration of 1 s" in jobs.get(f"{job}/error").text


def test_destruction_is_clipped_and_comes(jobs):
    job = make(jobs, QUERY | {"DESTRUCTION": "2999-01-01"})
    created = time_of(tree(jobs, job).findtext(f"{UWS}creationTime"))
    assert time_of(jobs.get(f"{job}/destruction").text) - created == timedelta(days=30)
    for text in ("2031-01-01T00:00:00", "2031-01-01T01:00:00+01:00", "2031-01-01T00:00:00.000Z"):
        later = jobs.post(f"{job}/destruction", data={"DESTRUCTION": text})
        assert later.status_code == 303
    for wrong in (
        "tomorrow",
        "9999-12-31T23:59:59-14:00",
        "20310101",
        "2031-13-01",
        "0001-01-01T00:00+14:00",
    ):
        assert jobs.post(f"{job}/destruction", data={"DESTRUCTION": wrong}).status_code == 400, wrong
    assert jobs.post(f"{job}/destruction", data={}).status_code == 400
    jobs.post(f"{job}/destruction", data={"DESTRUCTION": "2001-01-01T00:00:00Z"})
    assert jobs.get(job).status_code == 404


@pytest.mark.parametrize(
    "path", ["", "/phase", "/parameters", "/results", "/results/result", "/error", "/owner"]
)
def test_unknown_jobs(jobs, path):
    for id in ("nothing", "0" * 32, "%00", "..%2f..", "x" * 500):
        assert jobs.get(f"/async/{id}{path}").status_code == 404


def test_delete_and_its_older_form(jobs):
    address = f"{jobs.base_url}async"
    for delete in (
        lambda job: jobs.delete(job),
        lambda job: jobs.post(job, data={"ACTION": "DELETE"}),
        lambda job: jobs.post(job, data={"action": "delete"}),
    ):
        job = run(jobs, QUERY)
        answer = delete(job)
        assert (answer.status_code, answer.headers["location"]) == (303, address)
        assert len(answer.content) < 200
        assert jobs.get(job).status_code == 404
        assert jobs.delete(job).status_code == 404
    job = make(jobs, QUERY)
    assert jobs.post(job, data={"ACTION": "BURN"}).status_code == 400
    assert jobs.post(job).status_code == 400


def test_creation_is_refused_for_what_no_job_can_be(jobs):
    assert jobs.post("/async", data=QUERY | {"PHASE": "ABORT"}).status_code == 400
    assert jobs.post("/async", data=QUERY | {"EXECUTIONDURATION": "long"}).status_code == 400
    assert jobs.post("/async", content=b"{}", headers={"Content-Type": "text/json"}).status_code == 400
    assert jobs.post("/async", data={"QUERY": "x" * 5_000_000}).status_code == 413
    assert jobs.post("/async", content=b"QUERY=%ff").status_code == 400


# --- who sees what ------------------------------------------------------------------------------------------


def test_an_owners_jobs_are_the_owners(jobs):
    job = run(jobs, QUERY | {"RUNID": "mine"}, **as_user("tycho"))
    document = etree.fromstring(jobs.get(job, **as_user("tycho")).content)
    assert document.findtext(f"{UWS}ownerId") == "tycho"
    assert jobs.get(f"{job}/owner", **as_user("tycho")).text == "tycho"
    for other, status in (({}, 401), (as_user("sophie"), 403)):
        assert jobs.get(job, **other).status_code == status
        assert jobs.get(f"{job}/results/result", **other).status_code == status
        assert jobs.delete(job, **other).status_code == status
        assert jobs.post(f"{job}/phase", data={"PHASE": "ABORT"}, **other).status_code == status
    wrong = jobs.get(job, headers={"Authorization": "Bearer not-a-token-of-anybody"})
    assert wrong.status_code == 401
    assert "www-authenticate" in wrong.headers


def test_the_list_shows_the_callers_jobs(jobs):
    anonymous = run(jobs, QUERY)
    mine = [make(jobs, QUERY | {"RUNID": f"number {n}"}, **as_user("sophie")) for n in range(4)]
    for action, job in zip(("RUN", "ABORT"), mine, strict=False):
        jobs.post(f"{job}/phase", data={"PHASE": action}, **as_user("sophie"))
    eventually(lambda: jobs.get(f"{mine[0]}/phase", **as_user("sophie")).text in OVER)

    def listed(**filters: object) -> list[str]:
        answer = jobs.get("/async", params=filters, **as_user("sophie"))
        assert answer.status_code == 200, answer.text
        assert validate(answer.content) == []
        return [reference.get(XLINK) for reference in etree.fromstring(answer.content)]

    assert listed() == mine[::-1]
    assert anonymous not in listed()
    assert list(etree.fromstring(jobs.get("/async").content)) == []
    assert validate(jobs.get("/async").content) == []
    assert listed(PHASE="PENDING") == mine[:1:-1]
    assert listed(PHASE=["COMPLETED", "aborted"]) == mine[1::-1]
    assert listed(PHASE="HELD") == listed(PHASE="ARCHIVED") == []
    assert listed(LAST="2") == mine[:1:-1]
    assert listed(LAST="1", PHASE="COMPLETED") == mine[:1]
    second = jobs.get(mine[1], **as_user("sophie"))
    moment = etree.fromstring(second.content).findtext(f"{UWS}creationTime")
    assert listed(AFTER=moment) == mine[:1:-1]
    assert listed(AFTER="2001-01-01") == mine[::-1]
    assert listed(AFTER="2100-01-01T00:00:00Z") == []
    first = etree.fromstring(jobs.get("/async", **as_user("sophie")).content)[-1]
    assert first.get("id") == mine[0].rpartition("/")[2]
    assert first.findtext(f"{UWS}phase") == "COMPLETED"
    assert first.findtext(f"{UWS}runId") == "number 0"
    assert first.findtext(f"{UWS}ownerId") == "sophie"
    assert time_of(first.findtext(f"{UWS}creationTime"))
    for wrong in ({"PHASE": "HAPPY"}, {"AFTER": "noon"}, {"LAST": "0"}, {"LAST": "-1"}, {"LAST": "two"}):
        assert jobs.get("/async", params=wrong).status_code == 400, wrong


def test_quote_of_a_running_job(jobs):
    job = run(jobs, ENDLESS)
    eventually(lambda: phase(jobs, job) == "EXECUTING")
    document = tree(jobs, job)
    started = time_of(document.findtext(f"{UWS}startTime"))
    assert time_of(document.findtext(f"{UWS}quote")) - started == timedelta(hours=1)
    assert jobs.get(f"{job}/quote").text == document.findtext(f"{UWS}quote")
    assert validate(etree.tostring(document)) == []
    assert jobs.delete(job).status_code == 303
