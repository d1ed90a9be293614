"""Jobs in the database as clients and the janitor meet them; each statement in the caller's transaction.

A change of phase is one conditional UPDATE, so that of two that come at the same time one finds nothing to
change. Who may ask for what is decided in `queue`; the statements of workers are in `executions`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import dict_row
from psycopg.types.json import Json

from ...access import scopes_of
from ...database.bookkeeping import Connection
from .model import ACTIVE, Brief, InlineFile, Job, JobError, Phase, StoredResult, sources

__all__ = [
    "Usage",
    "abort",
    "change_parameters",
    "delete",
    "destroy_overdue",
    "find",
    "insert",
    "known",
    "list_jobs",
    "lock_owner",
    "one",
    "phases",
    "run",
    "set_destruction",
    "set_execution_seconds",
    "usage",
]

_COLUMNS = (
    "job_id, kind, owner, scopes, run_id, phase, parameters, files, execution_seconds, created, started,"
    " ended, destruction, share, worker, attempt, losses, error, transient, results"
)


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
        scopes=scopes_of(row["scopes"]),
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


def one(connection: Connection, statement: bytes, values: Mapping[str, object]) -> Job | None:
    """The job that a statement returns with all its columns, if any."""
    with connection.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(statement, values).fetchone()
    return None if row is None else _job(row)


# --- for clients ------------------------------------------------------------------------------------------


def lock_owner(connection: Connection, owner: str) -> None:
    """One new job of an owner at a time, until the transaction ends: limits hold for the sum."""
    connection.execute("SELECT pg_advisory_xact_lock(hashtextextended('job ' || %s, 0))", (owner,))


def usage(connection: Connection, owner: str, share: str | None = None) -> Usage:
    """What an owner has, or of that what came from one `share`."""
    row = connection.execute(
        "SELECT count(*), count(*) FILTER (WHERE phase IN ('QUEUED', 'EXECUTING')),"
        " coalesce(sum(given + written), 0)::bigint FROM archive.job WHERE owner = %(owner)s"
        " AND (%(share)s::text IS NULL OR share = %(share)s)",
        {"owner": owner, "share": share},
    ).fetchone()
    assert row is not None
    return Usage(*row)


def insert(connection: Connection, job: Job, place: str) -> None:
    """A new job, PENDING or QUEUED."""
    connection.execute(
        "INSERT INTO archive.job (job_id, kind, place, owner, scopes, share, run_id, phase, parameters,"
        " files, given, execution_seconds, created, queued, destruction) VALUES (%(id)s, %(kind)s, %(place)s,"
        " %(owner)s, %(scopes)s, %(share)s, %(run_id)s, %(phase)s, %(parameters)s, %(files)s, %(given)s,"
        " %(execution_seconds)s, %(created)s, %(created)s, %(destruction)s)",
        {
            "id": job.id,
            "kind": job.kind,
            "place": place,
            "owner": job.owner,
            "scopes": sorted(job.scopes),
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
    return one(
        connection,
        f"SELECT {_COLUMNS} FROM archive.job"
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
