"""What the tests of jobs share: queries short and endless, making jobs, waiting for what becomes of them."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import psycopg
from lxml import etree

from archive.database import Database

QUERY = {"LANG": "ADQL", "QUERY": "SELECT TOP 5 table_name FROM tap_schema.tables", "RESPONSEFORMAT": "csv"}
# So many that nobody waits for all combinations, and not so many that the query is refused at once.
_FIVE = ", ".join(f"(SELECT TOP 300 std FROM tap_schema.columns) AS {name}" for name in "abcde")
ENDLESS = {"LANG": "ADQL", "QUERY": f"SELECT COUNT(*) AS n FROM {_FIVE}"}

TOKENS = {"tycho": "tycho-has-a-long-token", "sophie": "sophie-has-a-long-token"}

UWS = "{http://www.ivoa.net/xml/UWS/v1.0}"
OVER = {"COMPLETED", "ERROR", "ABORTED"}


def as_user(name: str) -> dict[str, dict[str, str]]:
    return {"headers": {"Authorization": f"Bearer {TOKENS[name]}"}}


def make(client: httpx.Client, parameters: dict[str, str], **more: object) -> str:
    """The address of a new job."""
    answer = client.post("/async", data=parameters, **more)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def id_of(job: str) -> str:
    return job.rpartition("/")[2]


def run(client: httpx.Client, parameters: dict[str, str], **more: object) -> str:
    return make(client, parameters | {"PHASE": "RUN"}, **more)


def tree(client: httpx.Client, job: str, **parameters: str) -> etree._Element:
    answer = client.get(job, params=parameters)
    assert answer.status_code == 200, answer.text
    return etree.fromstring(answer.content)


def phase(client: httpx.Client, job: str) -> str:
    return client.get(f"{job}/phase").text


def ended(client: httpx.Client, job: str) -> str:
    """The phase in which a job ends."""
    end = time.monotonic() + 60
    while (now := tree(client, job, WAIT="10").findtext(f"{UWS}phase")) not in OVER:
        assert time.monotonic() < end, now
    return now


def working_queries(database: Database) -> int:
    """How many queries run in the database for readers."""
    # Only a superuser sees what the others do.
    with psycopg.connect(database._server.owner) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'archive_reader' AND state = 'active'"
            " AND backend_type = 'client backend' AND datname = current_database()"
        ).fetchone()
    return row[0]


def files_of(folder_of_jobs: Path) -> set[Path]:
    return set(folder_of_jobs.glob("*/*"))
