"""Changes of phase: those that are allowed and no others, whoever comes at the same time; and waiting."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from archive.database import Database
from archive.protocol.uws.model import ACTIVE, TRANSITIONS, Phase, sources
from tests.uws.conftest import job_service
from tests.uws.support import (
    ENDLESS,
    OVER,
    QUERY,
    UWS,
    ended,
    files_of,
    make,
    phase,
    run,
    tree,
    working_queries,
)
from tests.waiting import eventually


def ask(client: httpx.Client, job: str, wanted: str) -> int:
    return client.post(f"{job}/phase", data={"PHASE": wanted}).status_code


def test_the_table_of_transitions():
    assert {phase.value for phase in ACTIVE} == {"PENDING", "QUEUED", "EXECUTING"}
    assert sources(Phase.ABORTED) and set(sources(Phase.ABORTED)) == {p.value for p in ACTIVE}
    assert sources(Phase.COMPLETED) == ["EXECUTING"]
    assert sources(Phase.PENDING) == sources(Phase.ARCHIVED) == []
    assert all(targets <= set(Phase) for targets in TRANSITIONS.values())


def test_run_and_abort_in_every_phase(jobs):
    job = make(jobs, QUERY)
    assert phase(jobs, job) == "PENDING"
    assert ask(jobs, job, "RUN") == 303
    assert ended(jobs, job) == "COMPLETED"
    assert ask(jobs, job, "ABORT") == 303
    assert phase(jobs, job) == "COMPLETED"
    assert ask(jobs, job, "RUN") == 400
    assert phase(jobs, job) == "COMPLETED"

    pending = make(jobs, QUERY)
    assert ask(jobs, pending, "abort") == 303
    assert phase(jobs, pending) == "ABORTED"
    assert ask(jobs, pending, "ABORT") == 303
    assert ask(jobs, pending, "RUN") == 400

    for wrong in ("", "HELD", "COMPLETED", "SUSPEND", "RUN RUN"):
        assert ask(jobs, make(jobs, QUERY), wrong) == 400


@pytest.mark.parametrize("end", ["abort", "delete"])
def test_ending_a_running_job_ends_its_query(jobs, jobs_database, end):
    job = run(jobs, ENDLESS)
    eventually(lambda: phase(jobs, job) == "EXECUTING" and working_queries(jobs_database) == 1)
    assert ask(jobs, job, "RUN") == 303  # it runs already
    begun = time.monotonic()
    answer = jobs.delete(job) if end == "delete" else jobs.post(f"{job}/phase", data={"PHASE": "ABORT"})
    assert answer.status_code == 303
    if end == "abort":
        assert phase(jobs, job) == "ABORTED"
        assert tree(jobs, job).findtext(f"{UWS}endTime")
    eventually(lambda: working_queries(jobs_database) == 0)
    print(f"the query ended after {time.monotonic() - begun:.3f} s")


def test_files_go_with_their_job(jobs_database, tmp_path):
    folder = tmp_path / "jobs"
    with job_service(jobs_database, tmp_path) as client:
        job, other = run(client, QUERY), run(client, QUERY)
        assert {ended(client, job), ended(client, other)} == {"COMPLETED"}
        assert len(files_of(folder)) == 2
        client.delete(job)
        eventually(lambda: len(files_of(folder)) == 1)
        aborted = run(client, ENDLESS)
        eventually(lambda: phase(client, aborted) == "EXECUTING" and len(files_of(folder)) == 2)
        ask(client, aborted, "ABORT")
        eventually(lambda: len(files_of(folder)) == 1)
        client.post(f"{other}/destruction", data={"DESTRUCTION": "2001-01-01"})
        eventually(lambda: files_of(folder) == set())
        eventually(lambda: [path.name for path in folder.iterdir() if path.is_dir()] == [Path(aborted).name])


def test_races_end_in_a_valid_phase(jobs, jobs_database):
    """Many jobs, each asked for everything by several clients at the same time."""
    chance = random.Random(3)
    made = [run(jobs, QUERY) if n % 3 == 0 else make(jobs, QUERY if n % 4 else ENDLESS) for n in range(24)]
    acts = {
        "run": lambda job: ask(jobs, job, "RUN"),
        "abort": lambda job: ask(jobs, job, "ABORT"),
        "delete": lambda job: jobs.delete(job).status_code,
        "change": lambda job: jobs.post(f"{job}/parameters", data={"RUNID": "x"}).status_code,
        "look": lambda job: jobs.get(job).status_code,
    }
    asked = [(name, job) for job in made for name in [*acts, "run", "abort", "look", "run"]]
    chance.shuffle(asked)
    deleted = set()
    with ThreadPoolExecutor(8) as threads:
        for status in threads.map(lambda each: (each, acts[each[0]](each[1])), asked):
            (name, job), code = status
            assert code in {200, 303, 400, 403, 404}, (name, code)
            if name == "delete" and code == 303:
                assert job not in deleted  # once only
                deleted.add(job)
    assert deleted == set(made)
    assert {jobs.get(job).status_code for job in made} == {404}
    eventually(lambda: working_queries(jobs_database) == 0)


def test_abort_against_run_leaves_what_was_asked(jobs):
    for _ in range(15):
        job = make(jobs, QUERY)
        threads = [threading.Thread(target=ask, args=(jobs, job, what)) for what in ("RUN", "ABORT", "RUN")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        # An ABORT that came first is final; one that came after the end changed nothing.
        assert ended(jobs, job) in {"ABORTED", "COMPLETED"}
        has_result = jobs.get(f"{job}/results/result").status_code == 200
        assert has_result == (phase(jobs, job) == "COMPLETED")


# --- waiting ------------------------------------------------------------------------------------------------


def test_wait_returns_with_the_next_phase(jobs):
    job = make(jobs, ENDLESS)
    with ThreadPoolExecutor(3) as threads:
        waiting = [
            threads.submit(tree, jobs, job, **{"WAIT": wait, "PHASE": "PENDING"})
            for wait in ("-1", "50", "9")
        ]
        time.sleep(0.2)
        assert not any(future.done() for future in waiting)
        ask(jobs, job, "RUN")
        assert {future.result(20).findtext(f"{UWS}phase") for future in waiting} <= {"QUEUED", "EXECUTING"}
    eventually(lambda: phase(jobs, job) == "EXECUTING")
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(tree, jobs, job, WAIT="-1")
        time.sleep(0.2)
        ask(jobs, job, "ABORT")
        assert waiting.result(20).findtext(f"{UWS}phase") == "ABORTED"


def test_wait_returns_at_once_or_in_time(jobs):
    job = make(jobs, QUERY)
    begun = time.monotonic()
    tree(jobs, job, WAIT="50", PHASE="QUEUED")  # not its phase
    tree(jobs, job, WAIT="0")
    assert tree(jobs, job, WAIT="1").findtext(f"{UWS}phase") == "PENDING"
    assert 1 <= time.monotonic() - begun < 40
    ask(jobs, job, "RUN")
    ended(jobs, job)
    begun = time.monotonic()
    tree(jobs, job, WAIT="-1", PHASE="COMPLETED")  # over
    tree(jobs, job, WAIT="9" * 30)
    assert time.monotonic() - begun < 40
    assert jobs.get(f"{job}/phase", params={"WAIT": "-1"}).text == "COMPLETED"
    for wrong in ({"WAIT": "-2"}, {"WAIT": "long"}, {"WAIT": "1", "PHASE": "NONE"}, {"WAIT": "1.5"}):
        assert jobs.get(job, params=wrong).status_code == 400, wrong


def test_wait_for_a_job_that_is_deleted(jobs):
    job = make(jobs, QUERY)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(jobs.get, job, params={"WAIT": "50"})
        time.sleep(0.2)
        jobs.delete(job)
        assert waiting.result(20).status_code == 404


def test_many_wait_without_keeping_anybody_from_anything(jobs, jobs_database):
    """More than there are threads or connections; queries go on, and the database is not asked meanwhile."""
    job = make(jobs, QUERY)
    count = 150

    async def wait_together() -> list[str]:
        limits = httpx.Limits(max_connections=count)
        async with httpx.AsyncClient(timeout=60, limits=limits) as client:
            waiting = [asyncio.create_task(client.get(job, params={"WAIT": "50"})) for _ in range(count)]
            answer = await asyncio.to_thread(jobs.post, "/sync", data=QUERY)
            assert answer.status_code == 200
            before = -1
            while before != (before := _reads(jobs_database)):
                await asyncio.sleep(1)
            await asyncio.sleep(1)
            assert _reads(jobs_database) == before
            await asyncio.to_thread(ask, jobs, job, "ABORT")
            return [answer.text for answer in await asyncio.gather(*waiting)]

    assert all("<uws:phase>ABORTED" in text for text in asyncio.run(wait_together()))


def _reads(database: Database) -> int:
    """How often the server has asked the database for anything; workers and hub have their own ways."""
    return database._writers.get_stats()["requests_num"]


def test_waiting_clients_that_leave_are_forgotten(jobs):
    job = make(jobs, QUERY)
    for _ in range(3):
        with pytest.raises(httpx.ReadTimeout):
            jobs.get(job, params={"WAIT": "50"}, timeout=0.3)
    assert phase(jobs, job) == "PENDING"
    assert phase(jobs, job) not in OVER
