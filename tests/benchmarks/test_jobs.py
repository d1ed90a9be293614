"""How soon a trivial job is done, and how many there can be; docs/performance.md holds the figures."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.benchmarks.beside import Beside, server_beside
from tests.benchmarks.figures import Figure, Figures

pytestmark = pytest.mark.bench

JOB = {
    "LANG": "ADQL",
    "QUERY": "SELECT TOP 1 table_name FROM tap_schema.tables",
    "RESPONSEFORMAT": "csv",
    "PHASE": "RUN",
}
TIMES, CLIENTS = 200, 8
ENDLESS = {
    "LANG": "ADQL",
    "QUERY": "SELECT COUNT(*) AS n FROM "
    + ", ".join(f"(SELECT TOP 300 std FROM tap_schema.columns) AS {name}" for name in "abcde"),
    "PHASE": "RUN",
}
# Times what it takes without jobs: endless queries and their parallel workers hold both cores meanwhile.
MOST_BESIDE_JOBS = 10
MOST = 0.050  # seconds from POST to COMPLETED, the median


@pytest.fixture(scope="module")
def site() -> Iterator[Beside]:
    with server_beside() as site:
        yield site


def seconds_of_a_job(client: httpx.Client) -> float:
    begin = time.perf_counter()
    job = client.post("/async", data=JOB).headers["location"]
    while b"<uws:phase>COMPLETED" not in (answer := client.get(job, params={"WAIT": "-1"})).content:
        assert b"<uws:phase>ERROR" not in answer.content
    took = time.perf_counter() - begin
    client.delete(job)
    return took


def test_a_trivial_job(site: Beside, figures: Figures) -> None:
    with httpx.Client(base_url=f"http://127.0.0.1:{site.port}/tap", timeout=60) as client:
        seconds_of_a_job(client)
        taken = sorted(seconds_of_a_job(client) for _ in range(TIMES))
        begin = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as threads:
            list(threads.map(lambda _: seconds_of_a_job(client), range(TIMES)))
        rate = TIMES / (time.perf_counter() - begin)
    median = statistics.median(taken)
    late = taken[len(taken) * 95 // 100]
    figures.add(Figure("Jobs", "trivial job, 95 % are done within", late))
    figures.add(Figure("Jobs", f"trivial jobs a second, {CLIENTS} clients", rate, "/s"))
    figures.add(Figure("Jobs", "trivial job from POST to COMPLETED, median", median, most=MOST))


def test_sync_beside_long_jobs(site: Beside, figures: Figures) -> None:
    """More endless jobs than workers: what waits for an answer has connections and threads of its own."""
    query = {name: value for name, value in JOB.items() if name != "PHASE"}

    def median_of_sync() -> float:
        taken = []
        for _ in range(TIMES):
            begin = time.perf_counter()
            assert client.post("/sync", data=query).status_code == 200
            taken.append(time.perf_counter() - begin)
        return statistics.median(taken)

    with httpx.Client(base_url=f"http://127.0.0.1:{site.port}/tap", timeout=60) as client:
        quiet = median_of_sync()
        jobs = [client.post("/async", data=ENDLESS).headers["location"] for _ in range(6)]
        while client.get(jobs[1] + "/phase").text != "EXECUTING":
            time.sleep(0.05)
        beside = median_of_sync()
        assert client.get(jobs[0] + "/phase").text == "EXECUTING"
        for job in jobs:
            client.delete(job)
    figures.add(
        Figure(
            "Jobs",
            "TOP 1 by /sync beside endless jobs",
            beside,
            limit=quiet,
            against="without them",
            most=MOST_BESIDE_JOBS,
        )
    )
