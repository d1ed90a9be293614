"""Jobs in the database: every statement of the queue, each in the caller's transaction.

A change of phase is one conditional UPDATE, so that of two that come at the same time one finds nothing to
change. Who may ask for what is decided in `queue`; what a worker does with a job, in `runner`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Json

from ...database.bookkeeping import Connection
from ...database.jobs import WORKER_LOCKS
from .model import ACTIVE, Brief, InlineFile, Job, JobError, Phase, StoredResult, sources

__all__ = [
    "Usage",
    "abort",
    "adopt",
    "change_parameters",
    "claim",
    "complete",
    "delete",
    "destroy_overdue",
    "fail",
    "find",
    "grow",
    "insert",
    "known",
    "list_jobs",
    "lock_owner",
    "may_lose",
    "new_worker",
    "phases",
    "recover",
    "release",
    "release_others",
    "run",
    "set_destruction",
    "set_execution_seconds",
    "still_executing",
    "usage",
    "waiting_elsewhere",
]

COLUMNS = (
    "job_id, kind, owner, run_id, phase, parameters, files, execution_seconds, created, started, ended,"
    " destruction, share, worker, attempt, losses, error, transient, results"
)
_MOST_LOSSES = 2  # workers that may die over a job before it is given up


@dataclass(frozen=True, slots=True)
class Usage:
    """What an owner has: jobs kept, those that wait or run, bytes of their files and results."""

    kept: int
    active: int
    bytes: int


def _job(row: Mapping[str, Any]) -> Job:
    return Job(
        id=row["job_id"],
        kind=row["kind"],
        owner=row["owner"],
        run_id=row["run_id"],
        phase=Phase(row["phase"]),
        parameters=tuple((name, value) for name, value in row["parameters"]),
        files=tuple(InlineFile(**file) for file in row["files"]),
        execution_seconds=row["execution_seconds"],
        created=row["created"],
        started=row["started"],
        ended=row["ended"],
        destruction=row["destruction"],
        share=row["share"],
        worker=row["worker"],
        attempt=row["attempt"],
        losses=row["losses"],
        error=None if row["error"] is None else JobError(row["error"], row["transient"]),
        results=tuple(StoredResult(**result) for result in row["results"]),
    )


def _one(connection: Connection, statement: bytes, values: Mapping[str, object]) -> Job | None:
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement, values).fetchone()
    return None if row is None else _job(row)


# --- for clients ------------------------------------------------------------------------------------------


def lock_owner(connection: Connection, owner: str) -> None:
    """One new job of an owner at a time, until the transaction ends: limits hold for the sum."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('job ' || %s, 0))", (owner,))


def usage(connection: Connection, owner: str) -> Usage:
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE phase IN ('QUEUED', 'EXECUTING')),"
        " coalesce(sum(given + written), 0)::bigint FROM archive.job WHERE owner = %s",
        (owner,),
    ).fetchone()
    assert row is not None
    return Usage(*row)


def insert(connection: Connection, job: Job, place: str) -> None:
    """A new job, PENDING or QUEUED."""
    connection.execute(
        "INSERT INTO archive.job (job_id, kind, place, owner, share, run_id, phase, parameters, files, given,"
        " execution_seconds, created, queued, destruction) VALUES (%(id)s, %(kind)s, %(place)s, %(owner)s,"
        " %(share)s, %(run_id)s, %(phase)s, %(parameters)s, %(files)s, %(given)s, %(execution_seconds)s,"
        " %(created)s, %(created)s, %(destruction)s)",
        {
            "id": job.id,
            "kind": job.kind,
            "place": place,
            "owner": job.owner,
            "share": job.share,
            "run_id": job.run_id,
            "phase": job.phase.value,
            "parameters": Json(job.parameters),
            "files": Json([asdict(file) for file in job.files]),
            "given": job.given_bytes,
            "execution_seconds": job.execution_seconds,
            "created": job.created,
            "destruction": job.destruction,
        },
    )


def find(connection: Connection, kind: str, job_id: str) -> Job | None:
    """A job that has not reached its destruction."""
    return _one(
        connection,
        f"SELECT {COLUMNS} FROM archive.job"
        " WHERE kind = %(kind)s AND job_id = %(id)s AND destruction > now()".encode(),
        {"kind": kind, "id": job_id},
    )


def list_jobs(
    connection: Connection,
    kind: str,
    owner: str,
    chosen: Iterable[Phase],
    after: datetime | None,
    last: int | None,
) -> list[Brief]:
    """An owner's jobs, the newest first (UWS 1.1, 2.2.2.1). Without a choice of phases, of all."""
    rows = connection.execute(
        "SELECT job_id, phase, run_id, owner, created FROM archive.job WHERE kind = %(kind)s"
        " AND owner = %(owner)s AND destruction > now()"
        " AND (cardinality(%(phases)s::text[]) = 0 OR phase = ANY (%(phases)s))"
        " AND (%(after)s::timestamptz IS NULL OR created > %(after)s)"
        " ORDER BY created DESC, number DESC LIMIT %(last)s",
        {
            "kind": kind,
            "owner": owner,
            "phases": [phase.value for phase in chosen],
            "after": after,
            "last": last,
        },
    )
    return [Brief(id, Phase(phase), run_id, whose, created) for id, phase, run_id, whose, created in rows]


def run(connection: Connection, job_id: str) -> bool:
    """True when the job has been queued by this."""
    changed = connection.execute(
        "UPDATE archive.job SET phase = 'QUEUED', queued = now() WHERE job_id = %s AND phase = ANY (%s)",
        (job_id, sources(Phase.QUEUED, ACTIVE - {Phase.EXECUTING})),
    )
    return changed.rowcount > 0


def abort(connection: Connection, job_id: str) -> bool:
    changed = connection.execute(
        "UPDATE archive.job SET phase = 'ABORTED', ended = now(), written = 0"
        " WHERE job_id = %s AND phase = ANY (%s)",
        (job_id, sources(Phase.ABORTED)),
    )
    return changed.rowcount > 0


def delete(connection: Connection, job_id: str) -> bool:
    return connection.execute("DELETE FROM archive.job WHERE job_id = %s", (job_id,)).rowcount > 0


def change_parameters(connection: Connection, job: Job) -> bool:
    """Puts the job's parameters, files and run in place of the old; False when it is not PENDING any more."""
    changed = connection.execute(
        "UPDATE archive.job SET parameters = %(parameters)s, files = %(files)s, run_id = %(run_id)s,"
        " given = %(given)s WHERE job_id = %(id)s AND phase = 'PENDING'",
        {
            "parameters": Json(job.parameters),
            "files": Json([asdict(file) for file in job.files]),
            "run_id": job.run_id,
            "given": job.given_bytes,
            "id": job.id,
        },
    )
    return changed.rowcount > 0


def set_destruction(connection: Connection, job_id: str, moment: datetime) -> None:
    connection.execute("UPDATE archive.job SET destruction = %s WHERE job_id = %s", (moment, job_id))


def set_execution_seconds(connection: Connection, job_id: str, seconds: int) -> bool:
    """False when the job runs already, or is over."""
    changed = connection.execute(
        "UPDATE archive.job SET execution_seconds = %s WHERE job_id = %s AND phase IN ('PENDING', 'QUEUED')",
        (seconds, job_id),
    )
    return changed.rowcount > 0


def phases(connection: Connection, job_ids: Sequence[str]) -> dict[str, str]:
    """The phases of those jobs that exist."""
    rows = connection.execute("SELECT job_id, phase FROM archive.job WHERE job_id = ANY (%s)", (job_ids,))
    return {str(id): str(phase) for id, phase in rows}


# --- for workers ------------------------------------------------------------------------------------------


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
    return _one(
        connection,
        "UPDATE archive.job SET phase = 'EXECUTING', started = clock_timestamp(), attempt = attempt + 1,"
        " worker = %(worker)s WHERE phase = 'QUEUED' AND number = (SELECT number FROM archive.job AS waiting"
        " LEFT JOIN (SELECT share, count(*) AS running FROM archive.job WHERE phase = 'EXECUTING'"
        " GROUP BY share) AS shares USING (share) WHERE phase = 'QUEUED' AND place = %(place)s"
        " AND kind = ANY (%(kinds)s) AND destruction > now() AND share <> ALL (%(without)s)"
        " ORDER BY coalesce(running, 0), queued, number FOR UPDATE OF waiting SKIP LOCKED LIMIT 1)"
        # A claim that a crash undoes leaves the job in the queue, so nobody waits for the disk here.
        f" RETURNING {COLUMNS}, set_config('synchronous_commit', 'off', true)".encode(),
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


# --- for the janitor --------------------------------------------------------------------------------------


def destroy_overdue(connection: Connection) -> list[str]:
    """Removes the jobs whose destruction has come."""
    rows = connection.execute("DELETE FROM archive.job WHERE destruction <= now() RETURNING job_id")
    return [str(id) for (id,) in rows]


def known(connection: Connection, job_ids: Sequence[str]) -> dict[str, tuple[Phase, set[str]]]:
    """Phases, and the names of the files that belong to them, of those jobs that exist."""
    rows = connection.execute(
        "SELECT job_id, phase, files, results FROM archive.job WHERE job_id = ANY (%s)", (list(job_ids),)
    )
    return {
        str(id): (Phase(phase), {kept["file"] for kept in (*files, *results)})
        for id, phase, files, results in rows
    }


def waiting_elsewhere(connection: Connection, place: str, seconds: float) -> int:
    """How many jobs have waited for so long whose results go to another folder than `place`."""
    row = connection.execute(
        "SELECT count(*) FROM archive.job WHERE phase = 'QUEUED' AND place <> %s"
        " AND queued < now() - make_interval(secs => %s)",
        (place, seconds),
    ).fetchone()
    return int(row[0]) if row else 0
