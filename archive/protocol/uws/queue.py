"""The job queue as clients meet it: making, changing, running, ending jobs, within the operator's limits.

Blocking calls, each a transaction. How requests become these calls is `routes`' business; who does the jobs,
`runner`'s.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ...access import Caller
from ...config import Config
from ...database import Database
from ...database.bookkeeping import Connection
from ...errors import Busy, Forbidden, NotFound, TooMany, Unauthenticated, UsageError
from ..requests import Received
from . import executions, records
from .folders import JobFolders
from .model import ACTIVE, Brief, InlineFile, Job, JobKind, Phase, StoredResult
from .records import Usage

__all__ = ["JobQueue", "NewJob", "NoRoom"]

# Query texts that a client sees may be of any length; a name of a run is one.
_LONGEST_RUN_ID = 1000
_ANONYMOUS = "anonymous callers have"


class TooManyJobs(TooMany):
    """Of this caller."""


class NoRoom(Busy):
    """RFC 4918: the caller's room is used up."""

    status = 507


class NewJob:
    """What a client may say when it makes a job, besides the parameters."""

    def __init__(
        self,
        *,
        phase: Phase = Phase.PENDING,
        execution_seconds: int | None = None,
        destruction: datetime | None = None,
    ) -> None:
        self.phase = phase
        self.execution_seconds = execution_seconds
        self.destruction = destruction


class JobQueue:
    """The jobs of all kinds in a database, as this configuration allows them."""

    def __init__(self, config: Config, database: Database) -> None:
        self.config = config
        self.database = database
        self.folders = JobFolders(config.data_folder / "jobs")

    def create(self, kind: JobKind, caller: Caller, origin: str, received: Received, new: NewJob) -> Job:
        """`origin`: whom the queue is fair to when the caller is anonymous. Raises Busy over a limit."""
        created = _now()
        job_id = secrets.token_hex(16)
        parameters = _known_parameters(kind, received.pairs)
        files = self.folders.keep(job_id, received.files.values())
        job = Job(
            id=job_id,
            kind=kind.name,
            owner=caller.name,
            scopes=caller.scopes,
            run_id=_run_id(parameters),
            phase=new.phase,
            parameters=parameters,
            files=tuple(files),
            execution_seconds=self._execution_seconds(new.execution_seconds),
            created=created,
            started=None,
            ended=None,
            destruction=self._destruction(created, new.destruction),
            share=caller.name or origin,
            worker=None,
            attempt=0,
            losses=0,
            error=None,
            results=(),
        )
        try:
            with self.database.writer() as connection:
                records.lock_owner(connection, caller.name)
                self._check_room(connection, job, job.given_bytes, active=new.phase is Phase.QUEUED)
                records.insert(connection, job, self.folders.place)
        except BaseException:
            if files:
                self.folders.remove(job_id)
            raise
        return job

    def find(self, kind: JobKind, job_id: str, caller: Caller) -> Job:
        """NotFound for what does not exist, Unauthenticated or Forbidden for what is somebody else's."""
        with self.database.writer() as connection:
            job = records.find(connection, kind.name, job_id) if job_id.isprintable() else None
        if job is None:
            raise NotFound(
                "there is no such job", hint="it may have been deleted, or reached its destruction"
            )
        if job.owner and job.owner != caller.name:
            refusal = Unauthenticated if caller.is_anonymous else Forbidden
            raise refusal("this is somebody else's job", hint="identify yourself as its owner")
        return job

    def list_jobs(
        self, kind: JobKind, caller: Caller, phases: Sequence[Phase], after: datetime | None, last: int | None
    ) -> list[Brief]:
        """The caller's; nobody is told of anonymous ones."""
        if caller.is_anonymous:
            return []
        with self.database.writer() as connection:
            return records.list_jobs(connection, kind.name, caller.name, phases, after, last)

    def run(self, job: Job) -> None:
        """A job that waits or runs already goes on doing so."""
        with self.database.writer() as connection:
            records.lock_owner(connection, job.owner)
            if job.phase is Phase.PENDING:
                self._check_room(connection, job, 0, active=True, kept=False)
            queued = records.run(connection, job.id)
            phase = records.phases(connection, [job.id]).get(job.id)
        if not queued and phase not in {None, *(phase.value for phase in ACTIVE)}:
            raise UsageError(f"the job is over: {phase}", hint="make a new one")

    def abort(self, job: Job) -> None:
        """Without effect on a job that is over."""
        with self.database.writer() as connection:
            records.abort(connection, job.id)

    def delete(self, job: Job) -> None:
        """Its row is gone with this; the folder is for whoever has time (`JobFolders.remove`)."""
        with self.database.writer() as connection:
            records.delete(connection, job.id)

    def change_parameters(self, kind: JobKind, job: Job, received: Received) -> None:
        """What is given takes the place of parameters and files of the same names (UWS 1.1, 2.1.11).

        That of a cumulative parameter is added to what was given before.
        """
        if job.phase is not Phase.PENDING:
            raise _not_pending(job.phase)
        fresh = _known_parameters(kind, received.pairs)
        files = self.folders.keep(job.id, received.files.values())
        try:
            gone = self._change(kind, job, fresh, files)
        except BaseException:
            self.folders.forget(job.id, files)
            raise
        self.folders.forget(job.id, gone)

    def _change(
        self,
        kind: JobKind,
        job: Job,
        fresh: tuple[tuple[str, str], ...],
        files: Sequence[InlineFile],
    ) -> list[InlineFile]:
        """Which files of the job nobody needs any more."""
        replaced = {file.part for file in files}
        with self.database.writer() as connection:
            records.lock_owner(connection, job.owner)
            # Another request may have changed it, or ended it, since it was asked for.
            known = records.find(connection, kind.name, job.id)
            if known is None or known.phase is not Phase.PENDING:
                raise _not_pending(known.phase if known else None)
            parameters = _changed(kind, known.parameters, fresh)
            kept = (*(file for file in known.files if file.part not in replaced), *files)
            changed = replace(known, parameters=parameters, files=kept, run_id=_run_id(parameters))
            more = changed.given_bytes - known.given_bytes
            self._check_room(connection, job, more, active=False, kept=False)
            if not records.change_parameters(connection, changed):
                raise _not_pending(None)
        return [file for file in known.files if file.part in replaced]

    def set_execution_seconds(self, job: Job, seconds: int) -> None:
        with self.database.writer() as connection:
            if not records.set_execution_seconds(connection, job.id, self._execution_seconds(seconds)):
                raise Forbidden("the execution duration can be set only before the job runs")

    def set_destruction(self, job: Job, moment: datetime) -> None:
        with self.database.writer() as connection:
            records.set_destruction(connection, job.id, self._destruction(job.created, moment))

    def grow(self, job: Job, size: int) -> None:
        """Notes that a running job has written so much by now; raises NoRoom when it may not."""
        with self.database.writer() as connection:
            executions.grow(connection, job, size)
            self._check_written(connection, job)

    def complete(self, job: Job, results: Sequence[StoredResult]) -> bool:
        """False when this execution of the job is not wanted any more; raises NoRoom as `grow` does."""
        with self.database.writer() as connection:
            completed = executions.complete(connection, job, results)
            if completed:
                self._check_written(connection, job)
        return completed

    def _check_written(self, connection: Connection, job: Job) -> None:
        for whose, used, most in self._accounts(connection, job):
            if used.bytes > most.bytes:
                raise _no_room(whose, most)

    # --- limits -------------------------------------------------------------------------------------------

    def _execution_seconds(self, wanted: int | None) -> int:
        """UWS 1.1, 2.1.7: a service may shorten what is asked for; 0 asks for no limit."""
        hard = self.config.job_hard_seconds
        return self.config.job_seconds if wanted is None else min(wanted or hard, hard)

    def _destruction(self, created: datetime, wanted: datetime | None) -> datetime:
        if wanted is None:
            return created + timedelta(seconds=self.config.job_retention)
        return min(wanted, created + timedelta(seconds=self.config.job_hard_retention))

    def _accounts(self, connection: Connection, job: Job) -> Iterator[tuple[str, Usage, Usage]]:
        """Who answers for a job, what they have and what they may have.

        For an anonymous one these are all the anonymous and, so that none of them uses all up, those of its
        address.
        """
        config = self.config
        if job.owner:
            most = Usage(config.user_jobs, config.user_active_jobs, config.user_job_bytes)
            yield f"{job.owner} has", records.usage(connection, job.owner), most
            return
        most = Usage(config.anonymous_jobs, config.anonymous_active_jobs, config.anonymous_job_bytes)
        yield _ANONYMOUS, records.usage(connection, ""), most
        most = Usage(config.address_jobs, config.address_active_jobs, config.address_job_bytes)
        yield (
            "anonymous callers from your address have",
            records.usage(connection, "", job.share),
            most,
        )

    def _check_room(
        self, connection: Connection, job: Job, size: int, *, active: bool, kept: bool = True
    ) -> None:
        """Whether there may be one more job like this: `active` at work, `kept` at all, `size` bytes more."""
        for whose, used, most in self._accounts(connection, job):
            if kept and used.kept >= most.kept:
                raise _too_many(whose, f"kept: {used.kept}", "delete jobs that are not needed any more", 600)
            if active and used.active >= most.active:
                what = f"waiting or running: {used.active}"
                raise _too_many(whose, what, "wait until some have ended", 30)
            if used.bytes + size > most.bytes:
                raise _no_room(whose, most)


def _too_many(whose: str, what: str, hint: str, seconds: int) -> Busy:
    error = Busy if whose == _ANONYMOUS else TooManyJobs
    return error(f"{whose} too many jobs {what}", hint=hint, retry_after=seconds)


def _no_room(whose: str, most: Usage) -> Busy:
    return NoRoom(
        f"{whose} no room left for jobs and their results; there are {most.bytes:,} bytes for them",
        hint="delete jobs that are not needed any more, or ask for less",
        retry_after=3600,
    )


def _not_pending(phase: Phase | None) -> Forbidden:
    now = "no longer PENDING" if phase is None else phase.value
    return Forbidden(f"the job is {now}", hint="parameters can be changed only while it is PENDING")


def _now() -> datetime:
    """With milliseconds: what AFTER is compared with is what the documents show."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _known_parameters(kind: JobKind, pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """What the kind knows, in the order of sending, under declared names. DALI 2.3: others are ignored."""
    names = {name.upper(): name for parameter in kind.parameters for name in parameter.names}
    return tuple((names[name.upper()], value) for name, value in pairs if name.upper() in names)


def _changed(
    kind: JobKind, known: tuple[tuple[str, str], ...], fresh: tuple[tuple[str, str], ...]
) -> tuple[tuple[str, str], ...]:
    """Parameters take the place of those of the same name, but for those that add up unless said empty."""
    adding = {parameter.name for parameter in kind.parameters if parameter.cumulative}
    replaced = {name for name, value in fresh if name not in adding or not value.strip()}
    kept = (pair for pair in known if pair[0] not in replaced and pair not in fresh)
    return (*kept, *fresh)


def _run_id(parameters: Iterable[tuple[str, str]]) -> str:
    found = [value for name, value in parameters if name == "RUNID"]
    return found[-1].replace("\0", "")[:_LONGEST_RUN_ID] if found else ""
