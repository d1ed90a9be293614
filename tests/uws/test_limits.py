"""What the operator allows: jobs, room, fairness. Each limit is told, with the right status."""

from __future__ import annotations

import httpx
import pytest
from lxml import etree

from archive.config import Config
from archive.declare import types
from archive.errors import Busy, ConfigurationError
from archive.protocol.requests import ReceivedFile
from archive.protocol.uws import executions
from archive.protocol.uws.folders import JobFolders
from tests.database.support import statement
from tests.uws.conftest import job_service
from tests.uws.support import (
    ENDLESS,
    QUERY,
    as_user,
    ended,
    files_of,
    make,
    phase,
    run,
    working_queries,
)
from tests.waiting import eventually

WIDE = QUERY | {
    "QUERY": "SELECT a.description, b.description AS d FROM tap_schema.columns AS a, tap_schema.columns AS b",
    "RESPONSEFORMAT": "csv",
}


def refused(answer: httpx.Response, status: int, message: str) -> None:
    assert answer.status_code == status, answer.text
    assert message in answer.text
    assert int(answer.headers["retry-after"]) > 0


def test_number_of_jobs(fresh_database, tmp_path):
    with job_service(fresh_database, tmp_path, user_jobs=3, anonymous_jobs=2) as client:
        for _ in range(2):
            job = make(client, QUERY)
        refused(client.post("/async", data=QUERY), 503, "anonymous callers have too many jobs kept: 2")
        for _ in range(3):
            make(client, QUERY, **as_user("tycho"))
        refused(client.post("/async", data=QUERY, **as_user("tycho")), 429, "tycho has too many jobs kept: 3")
        make(client, QUERY, **as_user("sophie"))
        client.delete(job)
        make(client, QUERY)


def test_jobs_at_work(fresh_database, tmp_path):
    limits = {"job_slots": 0, "user_active_jobs": 1, "anonymous_active_jobs": 2}
    with job_service(fresh_database, tmp_path, **limits) as client:
        first, _second, third = run(client, QUERY), run(client, QUERY), make(client, QUERY)
        refused(client.post("/async", data=QUERY | {"PHASE": "RUN"}), 503, "waiting or running: 2")
        refused(client.post(f"{third}/phase", data={"PHASE": "RUN"}), 503, "waiting or running: 2")
        assert phase(client, third) == "PENDING"
        assert phase(client, first) == "QUEUED"
        client.post(f"{first}/phase", data={"PHASE": "ABORT"})
        assert client.post(f"{third}/phase", data={"PHASE": "RUN"}).status_code == 303
        run(client, QUERY, **as_user("tycho"))
        again = client.post("/async", data=QUERY | {"PHASE": "RUN"}, **as_user("tycho"))
        refused(again, 429, "tycho has too many jobs waiting or running: 1")


def test_one_address_leaves_room_to_others(fresh_database, tmp_path):
    limits = {"job_slots": 0, "address_jobs": 3, "address_active_jobs": 1, "address_job_bytes": 250_000}
    with job_service(fresh_database, tmp_path, **limits) as client:
        first = run(client, QUERY)
        address = "anonymous callers from your address have"
        again = client.post("/async", data=QUERY | {"PHASE": "RUN"})
        refused(again, 429, f"{address} too many jobs waiting or running: 1")
        large = QUERY | {"QUERY": "SELECT 1 " + 300_000 * " "}
        refused(client.post("/async", data=large), 507, f"{address} no room left")
        for _ in range(2):
            make(client, QUERY)
        refused(client.post("/async", data=QUERY), 429, f"{address} too many jobs kept: 3")
        # They count by address, and users by themselves.
        run(client, QUERY, **as_user("tycho"))
        with fresh_database.writer() as connection:
            connection.execute("UPDATE archive.job SET share = '192.0.2.1' WHERE share <> 'tycho'")
        run(client, QUERY)
        assert phase(client, first) == "QUEUED"


def test_room_for_results(fresh_database, tmp_path):
    with job_service(
        fresh_database, tmp_path, user_job_bytes=1_000_000, anonymous_job_bytes=200_000
    ) as client:
        job = run(client, WIDE)
        assert ended(client, job) == "ERROR"
        assert (
            "no room left for jobs and their results; there are 200,000 bytes"
            in client.get(f"{job}/error").text
        )
        assert files_of(tmp_path / "jobs") == set()
        assert ended(client, run(client, QUERY)) == "COMPLETED"
        mine = run(client, WIDE | {"MAXREC": "4000"}, **as_user("tycho"))
        eventually(lambda: client.get(f"{mine}/phase", **as_user("tycho")).text == "COMPLETED")
        again = run(client, WIDE | {"MAXREC": "8000"}, **as_user("tycho"))
        eventually(lambda: client.get(f"{again}/phase", **as_user("tycho")).text == "ERROR")
        assert "tycho has no room left" in client.get(f"{again}/error", **as_user("tycho")).text
        # What is sent counts, too.
        large = QUERY | {"QUERY": "SELECT 1 " + 300_000 * " "}
        refused(client.post("/async", data=large), 507, "anonymous callers have no room left")


def test_files_that_are_replaced_go(fresh_database, tmp_path):
    with job_service(fresh_database, tmp_path) as client:
        job = make(client, QUERY)
        for content in ("one", "two", "three"):
            answer = client.post(f"{job}/parameters", files={"part": ("t.vot", content)})
            assert answer.status_code == 303
        assert [file.read_text() for file in files_of(tmp_path / "jobs")] == ["three"]
        client.post(f"{job}/phase", data={"PHASE": "ABORT"})
        answer = client.post(f"{job}/parameters", files={"part": ("t.vot", "four")})
        assert answer.status_code == 403
        assert [file.read_text() for file in files_of(tmp_path / "jobs")] == ["three"]


def test_a_file_that_cannot_be_kept_leaves_those_before(tmp_path):
    folders = JobFolders(tmp_path / "jobs")
    (tmp_path / "part").write_text("one")
    (kept,) = folders.keep("job", [ReceivedFile("part", tmp_path / "part", 3)])
    for job in ("job", "other"):
        missing = [ReceivedFile("part", tmp_path / "part", 3), ReceivedFile("more", tmp_path / "missing", 3)]
        with pytest.raises(Busy):
            folders.keep(job, missing)
    assert files_of(tmp_path / "jobs") == {tmp_path / "jobs" / "job" / kept.file}
    assert not folders.of("other").exists()


def test_nobody_keeps_all_others_waiting(fresh_database, tmp_path):
    """Three long jobs of one user on three slots: another one's short job runs all the same."""
    with job_service(fresh_database, tmp_path, job_slots=3) as client:
        long = [run(client, ENDLESS, **as_user("tycho")) for _ in range(5)]
        eventually(lambda: working_queries(fresh_database) == 2)
        assert ended(client, run(client, QUERY)) == "COMPLETED"
        assert working_queries(fresh_database) == 2
        # Nor do jobs take what belongs to those who wait for an answer.
        assert client.post("/sync", data=QUERY).status_code == 200
        for job in long:
            client.delete(job, **as_user("tycho"))
        eventually(lambda: working_queries(fresh_database) == 0)


def test_whoever_has_fewest_at_work_is_next(fresh_database, tmp_path):
    with job_service(fresh_database, tmp_path, job_slots=0) as client:
        first = [run(client, QUERY, **as_user("tycho")) for _ in range(3)]
        other = run(client, QUERY, **as_user("sophie"))
    with fresh_database.writer() as connection:
        connection.execute(
            "UPDATE archive.job SET phase = 'EXECUTING', worker = 0, share = 'tycho' WHERE job_id = %s",
            (first[0].rpartition("/")[2],),
        )
        place = JobFolders(tmp_path / "jobs").place
        order = [executions.claim(connection, 1, place, ["tap"], []) for _ in range(4)]
        assert [job and job.id for job in order] == [
            *(address.rpartition("/")[2] for address in (other, first[1], first[2])),
            None,
        ]
        assert executions.claim(connection, 1, "elsewhere", ["tap"], []) is None


def test_the_database_knows_how_long_a_job_may_take(fresh_database):
    with fresh_database.apart(1) as apart:
        setting = statement("SELECT current_setting('statement_timeout')", types.TEXT)
        for seconds, known in ((7.0, "9s"), (3600.0, "3602s")):
            with apart.run(setting, maxrec=None, first_seconds=seconds, total_seconds=seconds) as result:
                assert [batch.column(0).to_pylist() for batch in result] == [[known]]


def test_limits_are_announced(jobs):
    document = etree.fromstring(jobs.get("/capabilities").content)
    capability = document.find("capability[@standardID='ivo://ivoa.net/std/TAP']")
    found = {
        name: [e.text for e in capability.find(name)] for name in ("retentionPeriod", "executionDuration")
    }
    config = Config()
    assert found == {
        "retentionPeriod": [str(config.job_retention), str(config.job_hard_retention)],
        "executionDuration": [str(config.job_seconds), str(config.job_hard_seconds)],
    }
    told = capability.findtext("description")
    for limit in (
        config.user_jobs,
        config.user_active_jobs,
        config.user_job_bytes,
        config.anonymous_job_bytes,
        config.address_jobs,
        config.address_active_jobs,
        config.address_job_bytes,
        config.upload_tables,
        config.upload_columns,
    ):
        assert f"{limit:,}" in told


@pytest.mark.parametrize(
    "wrong",
    [
        {"job_seconds": 0},
        {"job_seconds": 90_000},
        {"job_hard_seconds": 2**31},
        {"job_retention": 0},
        {"job_retention": 3_000_000},
        {"job_slots": -1},
        {"job_slots": 51},
    ],
)
def test_configurations_that_cannot_be(wrong):
    with pytest.raises(ConfigurationError):
        Config(**wrong)
