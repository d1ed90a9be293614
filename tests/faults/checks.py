"""What must hold when the noise is over: every job there, done once and rightly, and nothing left behind."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections import Counter
from typing import Any

import pytest
from psycopg.rows import dict_row

from archive.protocol.uws.janitor import Janitor
from archive.protocol.uws.queue import JobQueue
from tests.faults.load import Load, Told
from tests.faults.site import Site
from tests.waiting import eventually

__all__ = ["check", "nothing_is_left", "swept"]

# Why a job ends that was lost three times: with its worker, or with the database.
_GIVEN_UP = ("the server stopped while the job ran, 3 times", "the database cannot answer at this moment")
_AGE = 48 * 3600.0  # seconds: older than any request


def check(site: Site, load: Load, restarts: int) -> Counter[str]:
    """All of it, when `load` has ended and every process runs again; the jobs by their phases.

    `restarts`: how many times a worker may have lost what it had in hand.
    """
    assert load.failures == [], load.failures
    eventually(lambda: not _unfinished(site), f"jobs do not end: {_unfinished(site)}; {site.log('worker')}")
    swept(site)
    found = _jobs(site)
    missing = [
        id for id, told in load.jobs.items() if id not in found and not (told.deleted or told.maybe_deleted)
    ]
    assert missing == [], "accepted jobs are lost"
    for id, job in found.items():
        _check_job(site, id, job, load.jobs.get(id), restarts)
    nothing_is_left(site, found)
    return Counter(job["phase"] for job in found.values())


def _jobs(site: Site) -> dict[str, dict[str, Any]]:
    with site.owner() as connection, connection.cursor(row_factory=dict_row) as cursor:
        return {row["job_id"]: row for row in cursor.execute("SELECT * FROM archive.job").fetchall()}


def _unfinished(site: Site) -> list[tuple[str, str]]:
    with site.owner() as connection:
        return connection.execute(
            "SELECT job_id, phase FROM archive.job WHERE phase IN ('QUEUED', 'EXECUTING')"
        ).fetchall()


def _check_job(site: Site, id: str, job: dict[str, Any], told: Told | None, restarts: int) -> None:
    results = [path for path in (site.data / "jobs" / id).glob("*") if path.name.startswith("result")]
    phase, attempt, losses = (job[name] for name in ("phase", "attempt", "losses"))
    context = {name: job[name] for name in ("job_id", "phase", "attempt", "losses", "worker", "error")}
    assert losses <= min(attempt, restarts), context
    if told is not None:
        assert not told.deleted, (context, "was deleted")
        assert phase != "PENDING" or not told.run, (context, "was told to run")
        assert phase != "ABORTED" or told.aborted, context
        # What a client was told of the end stays true.
        assert told.final is None or told.final == (phase, _iso(job["ended"])), (context, told.final)
    # A job that nobody gave up on has no reason to fail: its query is right.
    if phase == "ERROR":
        assert losses >= 2 and job["transient"], context
        assert any(reason in job["error"] for reason in _GIVEN_UP), context
    if phase != "COMPLETED":
        assert results == [], context
        return
    assert 1 <= attempt <= 1 + losses + restarts, context
    (result,) = job["results"]
    assert [path.name for path in results] == [result["file"]], context
    content = results[0].read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (result["bytes"], result["sha256"]), context
    if told is not None:
        assert told.asked.is_right(content), context


def _iso(moment: Any) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}"[:-3] + "Z"


def swept(site: Site) -> None:
    """The janitor has been there, as if all that was left had been left long ago."""
    for path in site.temporary.iterdir():
        os.utime(path, (path.stat().st_mtime - _AGE,) * 2)
    with site.database() as database, pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(site.temporary))
        janitor = Janitor(JobQueue(site.config, database))
        janitor.destroy_overdue()
        janitor.sweep(grace=0)


def nothing_is_left(site: Site, jobs: dict[str, dict[str, Any]]) -> None:
    """Neither in the database nor on the disk is there anything that belongs to nobody."""
    with site.owner() as connection:
        schemas = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname ~ '^upload_of'"
        ).fetchall()
        assert schemas == []
        assert connection.execute("SELECT relname FROM pg_class WHERE relpersistence = 't'").fetchall() == []
        working = (
            "SELECT pid, state, query FROM pg_stat_activity WHERE backend_type = 'client backend'"
            " AND pid <> pg_backend_pid() AND state <> 'idle' AND datname = current_database()"
        )
        eventually(
            lambda: connection.execute(working).fetchall() == [],
            f"queries without anybody: {connection.execute(working).fetchall()}",
        )
        locks = connection.execute(
            "SELECT classid, count(*) FROM pg_locks WHERE locktype = 'advisory' GROUP BY 1 ORDER BY 1"
        ).fetchall()
        workers = sum(process.poll() is None for process in site.processes.values())
        assert dict(locks).get(77, 0) == workers, locks
        assert all(count <= 2 * workers for _, count in locks), locks
    folders = {path.name for path in (site.data / "jobs").iterdir()} - {"place"}
    assert folders <= set(jobs), "folders without a job"
    kept = {(id, file["file"]) for id, job in jobs.items() for file in (*job["files"], *job["results"])}
    files = {(path.parent.name, path.name) for path in (site.data / "jobs").glob("*/*")}
    assert files <= kept, "files that are no job's"
    assert [path.name for path in site.temporary.iterdir()] == [], "spooled files"


def all_gone(site: Site) -> bool:
    """Whether no job has left anything behind."""
    return {path.name for path in (site.data / "jobs").iterdir()} == {"place"}
