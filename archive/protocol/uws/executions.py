"""Jobs in the database as workers meet them: taking one, telling how it goes, finding those that were left.

Each statement is in the caller's transaction. An execution is told by its worker and attempt: what an earlier
one says counts no more. What a worker does with a job is `runner`'s business.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from psycopg.types.json import Json

from ...database.bookkeeping import Connection
from ...database.jobs import WORKER_LOCKS
from .model import Job, JobError, StoredResult
from .records import one

__all__ = [
    "adopt",
    "claim",
    "complete",
    "fail",
    "grow",
    "may_lose",
    "new_worker",
    "recover",
    "release",
    "release_others",
    "still_executing",
    "waiting_elsewhere",
]

_MOST_LOSSES = 2  # workers that may die over a job before it is given up


def new_worker(connection: Connection) -> int:
    """A number that no other worker has, and that is known to live as long as this connection."""
    row = connection.execute("SELECT nextval('archive.worker_number')::integer").fetchone()
    assert row is not None
    connection.execute("SELECT pg_advisory_lock(%s, %s)", (WORKER_LOCKS, row[0]))
    return int(row[0])


def claim(
    connection: Connection, worker: int, place: str, kinds: Sequence[str], without: Sequence[str]
) -> Job | None:
    """The next job, EXECUTING now: of whom has fewest at work, and of theirs the one that waits longest.

    Leaves out what belongs to the shares in `without`.
    """
    return one(
        connection,
        b"UPDATE archive.job SET phase = 'EXECUTING', started = clock_timestamp(), attempt = attempt + 1,"
        b" worker = %(worker)s WHERE phase = 'QUEUED' AND number = (SELECT number FROM archive.job AS waiting"
        b" LEFT JOIN (SELECT share, count(*) AS running FROM archive.job WHERE phase = 'EXECUTING'"
        b" GROUP BY share) AS shares USING (share) WHERE phase = 'QUEUED' AND place = %(place)s"
        b" AND kind = ANY (%(kinds)s) AND destruction > now() AND share <> ALL (%(without)s)"
        b" ORDER BY coalesce(running, 0), queued, number FOR UPDATE OF waiting SKIP LOCKED LIMIT 1)"
        # A claim that a crash undoes leaves the job in the queue, so nobody waits for the disk here.
        b" RETURNING *, set_config('synchronous_commit', 'off', true)",
        {"worker": worker, "place": place, "kinds": list(kinds), "without": list(without)},
    )


def _execution(job: Job) -> dict[str, object]:
    return {"id": job.id, "worker": job.worker, "attempt": job.attempt}


def complete(connection: Connection, job: Job, results: Sequence[StoredResult]) -> bool:
    """False when this execution of the job is not wanted any more: aborted, deleted, or taken for dead.

    True again when it is said twice, as when nobody knows whether it was heard.
    """
    stored = [asdict(result) for result in results]
    changed = connection.execute(
        "UPDATE archive.job SET phase = 'COMPLETED', ended = clock_timestamp(), results = %(results)s,"
        " written = %(written)s"
        " WHERE job_id = %(id)s AND phase IN ('EXECUTING', 'COMPLETED') AND worker = %(worker)s"
        " AND attempt = %(attempt)s",
        _execution(job) | {"results": Json(stored), "written": sum(result.bytes for result in results)},
    )
    return changed.rowcount > 0


def fail(connection: Connection, job: Job, error: JobError) -> bool:
    changed = connection.execute(
        "UPDATE archive.job SET phase = 'ERROR', ended = clock_timestamp(), error = %(error)s,"
        " transient = %(transient)s, written = 0"
        " WHERE job_id = %(id)s AND phase = 'EXECUTING' AND worker = %(worker)s AND attempt = %(attempt)s",
        _execution(job) | {"error": error.message, "transient": error.transient},
    )
    return changed.rowcount > 0


def release(connection: Connection, job: Job, *, lost: bool) -> bool:
    """Gives a job back to the queue, because its worker ends, or `lost` what it needs."""
    changed = connection.execute(
        "UPDATE archive.job SET phase = 'QUEUED', worker = NULL, started = NULL, written = 0,"
        " losses = losses + %(lost)s"
        " WHERE job_id = %(id)s AND phase = 'EXECUTING' AND worker = %(worker)s AND attempt = %(attempt)s",
        _execution(job) | {"lost": int(lost)},
    )
    return changed.rowcount > 0


def may_lose(job: Job) -> bool:
    """Whether the job may be tried again after a worker was lost over it."""
    return job.losses < _MOST_LOSSES


def grow(connection: Connection, job: Job, size: int) -> None:
    """Notes how much a job has written by now."""
    connection.execute(
        "UPDATE archive.job SET written = %(size)s WHERE job_id = %(id)s AND phase = 'EXECUTING'"
        " AND worker = %(worker)s AND attempt = %(attempt)s",
        _execution(job) | {"size": size},
    )


def adopt(connection: Connection, worker: int, jobs: Iterable[Job]) -> set[str]:
    """For a worker that has a new number, its connection being lost: which of its jobs are still its own."""
    ours = set()
    for job in jobs:
        changed = connection.execute(
            "UPDATE archive.job SET worker = %(new)s WHERE job_id = %(id)s AND phase = 'EXECUTING'"
            " AND worker = %(worker)s AND attempt = %(attempt)s",
            _execution(job) | {"new": worker},
        )
        if changed.rowcount:
            ours.add(job.id)
    return ours


def still_executing(connection: Connection, worker: int, job_ids: Sequence[str]) -> set[str]:
    rows = connection.execute(
        "SELECT job_id FROM archive.job WHERE job_id = ANY (%s) AND phase = 'EXECUTING' AND worker = %s",
        (list(job_ids), worker),
    )
    return {str(id) for (id,) in rows}


def release_others(connection: Connection, worker: int, job_ids: Sequence[str]) -> int:
    """Gives back what a worker has in hand by the database, but not by itself: its end could not be told."""
    changed = connection.execute(
        "UPDATE archive.job SET phase = 'QUEUED', worker = NULL, started = NULL, written = 0"
        " WHERE phase = 'EXECUTING' AND worker = %s AND job_id <> ALL (%s)",
        (worker, list(job_ids)),
    )
    return changed.rowcount


def recover(connection: Connection) -> int:
    """Jobs whose worker has died go back to the queue, or end as failed after some such deaths."""
    dead = connection.execute(
        "SELECT DISTINCT worker FROM archive.job WHERE phase = 'EXECUTING'"
        " AND NOT EXISTS (SELECT FROM pg_locks"
        " WHERE locktype = 'advisory' AND classid::bigint = %s AND objid::bigint = worker AND objsubid = 2"
        " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))",
        (WORKER_LOCKS,),
    ).fetchall()
    if not dead:
        return 0
    # Numbers of workers are not used again, so what died before this statement is still dead.
    changed = connection.execute(
        "UPDATE archive.job SET phase = CASE WHEN losses < %(most)s THEN 'QUEUED' ELSE 'ERROR' END,"
        " losses = losses + 1, worker = NULL, written = 0,"
        " started = CASE WHEN losses < %(most)s THEN NULL ELSE started END,"
        " ended = CASE WHEN losses < %(most)s THEN NULL ELSE clock_timestamp() END,"
        " transient = losses >= %(most)s,"
        " error = CASE WHEN losses < %(most)s THEN NULL ELSE"
        " 'the server stopped while the job ran, ' || (losses + 1) || ' times; it was given up' END"
        " WHERE phase = 'EXECUTING' AND worker = ANY (%(dead)s)",
        {"most": _MOST_LOSSES, "dead": [worker for (worker,) in dead]},
    )
    return changed.rowcount


def waiting_elsewhere(connection: Connection, place: str, seconds: float) -> int:
    """How many jobs have waited for so long whose results go to another folder than `place`."""
    row = connection.execute(
        "SELECT count(*) FROM archive.job WHERE phase = 'QUEUED' AND place <> %s"
        " AND queued < now() - make_interval(secs => %s)",
        (place, seconds),
    ).fetchone()
    return int(row[0]) if row else 0
