"""Doing jobs: takes them from the queue as slots get free, watches over them, and tells how they ended.

One thread takes jobs, one per slot does them. Both stop soon after `close`; jobs that run then go back to the
queue. What a job does is its kind's affair, what it may take the queue's.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from typing import assert_never

import psycopg

from ...database.bookkeeping import Connection
from ...errors import ArchiveError, Busy, DiskFull, QueryTimeout
from . import executions
from .hub import DELETED
from .janitor import Janitor
from .model import Job, JobError, JobKind, JobResult, Phase, StoredResult
from .output import Output
from .queue import JobQueue, NoRoom
from .stop import Reason, Stop

__all__ = ["Runner"]

_log = logging.getLogger("uraniborg.jobs")
_SAFETY = 5.0  # seconds between two looks at the queue when nothing was told
_PAUSE = 0.5  # seconds after something went wrong
_PERSISTENCE = 60.0  # seconds for which the end of a job is tried to be told to a database that is away


@dataclass(eq=False)
class _Execution:
    job: Job
    deadline: float
    stop: Stop = field(default_factory=Stop)


class Runner:
    """Does the jobs of some kinds, `slots` at once. A `Hub` has to be told of it as its listener.

    Without slots it sees to it that what others left undone goes on, and is cleared up. `queue` should have a
    database of its own (`Database.apart`).
    """

    def __init__(self, queue: JobQueue, kinds: Iterable[JobKind], slots: int) -> None:
        self._queue = queue
        self._kinds = {kind.name: kind for kind in kinds}
        self._slots = slots
        self._janitor = Janitor(queue)
        self._changed = threading.Condition()
        self._next_look = 0.0
        self._news = 0  # grows with everything that may have made a job or a slot available
        self._lock = (
            threading.Lock()
        )  # held while a job is claimed, so that news of it wait until it is known
        self._worker: int | None = None
        self._running: dict[str, _Execution] = {}
        self._closing = False
        self._warned = False
        self._threads = ThreadPoolExecutor(max(slots, 1), thread_name_prefix="job")
        self._dispatcher = threading.Thread(target=self._dispatch, name="job dispatcher", daemon=True)

    def start(self) -> None:
        self._dispatcher.start()
        self._janitor.start()

    def close(self) -> None:
        """Returns when nothing of this runner runs any more."""
        self._closing = True
        self._wake()
        self._dispatcher.join()
        for execution in self._executions():
            execution.stop.stop(Reason.SHUTDOWN)
        self._threads.shutdown(wait=True)
        self._janitor.close()

    # --- what the hub tells -------------------------------------------------------------------------------

    def connected(self, connection: Connection, worker: int) -> None:
        with self._lock:
            ours = executions.adopt(connection, worker, (e.job for e in self._running.values()))
            for job_id, execution in self._running.items():
                if job_id in ours:
                    execution.job = replace(execution.job, worker=worker)
                else:
                    execution.stop.stop(Reason.UNWANTED)
            self._worker = worker
        self._next_look = 0.0
        self._wake()

    def disconnected(self) -> None:
        """Without its lock a worker is taken for dead, so it should not begin anything."""
        self._worker = None

    def heard(self, job_id: str, phase: str) -> None:
        if phase == Phase.QUEUED.value:
            self._wake()
        elif phase in {Phase.ABORTED.value, DELETED}:
            with self._lock:
                execution = self._running.get(job_id)
            if execution is not None:
                # Cancelling waits for the database's answer, and other news should not.
                stop = partial(execution.stop.stop, Reason.UNWANTED)
                threading.Thread(target=stop, name="job stop", daemon=True).start()
            if phase == DELETED:
                self._janitor.deleted(job_id)

    # --- taking jobs --------------------------------------------------------------------------------------

    def _wake(self) -> None:
        with self._changed:
            self._news += 1
            self._changed.notify()

    def _executions(self) -> list[_Execution]:
        with self._lock:
            return list(self._running.values())

    def _dispatch(self) -> None:
        seen, complaint = -1, ""
        while not self._closing:
            with self._changed:
                if self._news == seen:
                    self._changed.wait(self._patience())
                seen = self._news
            try:
                self._stop_overdue()
                if time.monotonic() >= self._next_look:
                    self._next_look = time.monotonic() + _SAFETY
                    self._look_around()
                while not self._closing and self._take():
                    pass
                complaint = ""
            except (ArchiveError, OSError, psycopg.Error) as error:
                # The same words every few seconds would help nobody.
                if str(error) != complaint:
                    _log.warning("no jobs can be taken: %s", str(error).strip())
                complaint = str(error)
                time.sleep(_PAUSE)

    def _patience(self) -> float:
        first = min((e.deadline for e in self._executions() if e.stop.reason is None), default=float("inf"))
        return min(_SAFETY, max(first - time.monotonic(), 0.0))

    def _stop_overdue(self) -> None:
        for execution in self._executions():
            if execution.deadline <= time.monotonic():
                execution.stop.stop(Reason.OVERDUE)

    def _look_around(self) -> None:
        """What nobody tells: workers that died, jobs that are not ours any more, or nobody's."""
        at_work, worker = self._executions(), self._worker
        if worker is None:
            return  # without its lock this worker would take itself for dead
        ids = [execution.job.id for execution in at_work]
        with self._queue.database.writer() as connection:
            lost = executions.recover(connection) + executions.release_others(connection, worker, ids)
            ours = executions.still_executing(connection, worker, ids) if ids else set()
        for execution in at_work:
            if execution.job.worker == worker and execution.job.id not in ours:
                execution.stop.stop(Reason.UNWANTED)
        if lost:
            _log.warning("jobs whose worker has gone: %d", lost)
        self._warn_of_others()

    def _warn_of_others(self) -> None:
        """Once, of jobs whose results go to a folder that is not this one: nobody may be doing them."""
        if self._slots and not self._warned:
            with self._queue.database.writer() as connection:
                waiting = executions.waiting_elsewhere(connection, self._queue.folders.place, _SAFETY)
            if waiting:
                self._warned = True
                _log.warning(
                    "%d jobs wait for a worker with another folder than %s", waiting, self._queue.folders.root
                )

    def _take(self) -> bool:
        """Whether a job has been begun."""
        with self._lock:
            worker = self._worker
            if worker is None or len(self._running) >= self._slots:
                return False
            with self._queue.database.writer() as connection:
                job = executions.claim(
                    connection, worker, self._queue.folders.place, list(self._kinds), self._full_shares()
                )
            if job is None:
                return False
            # The copy of a job that ended a moment ago may not have gone yet when it was queued again.
            execution = _Execution(job, time.monotonic() + job.execution_seconds)
            self._running[job.id] = execution
        work = self._threads.submit(self._execute, execution)
        work.add_done_callback(partial(self._ended, execution))
        return True

    def _full_shares(self) -> list[str]:
        """The last free slot is for somebody who has none: nobody's long jobs keep all others waiting."""
        if self._slots == 1 or len(self._running) < self._slots - 1:
            return []
        return list(Counter(execution.job.share for execution in self._running.values()))

    # --- doing them ---------------------------------------------------------------------------------------

    def _execute(self, execution: _Execution) -> None:
        job, folders = execution.job, self._queue.folders
        name = f"result-{job.worker}-{job.attempt}"
        output = Output(folders.made(job.id) / name, lambda size: self._queue.grow(execution.job, size))
        try:
            told = self._kinds[job.kind].run(job, folders.inline(job), output, execution.stop)
            results = [told] if isinstance(told, JobResult) else told
            stored = [_stored(result, one) for result, one in zip(results, output.all, strict=True)]
        except BaseException:
            output.discard()
            raise
        try:
            completed = self._told(lambda: self._queue.complete(execution.job, stored))
        except NoRoom:
            output.discard()
            raise
        if not completed:
            output.discard()

    def _ended(self, execution: _Execution, work: Future[None]) -> None:
        error = work.exception()
        try:
            if error is not None:
                self._tell_failure(execution, error)
        except ArchiveError as unheard:
            # Others take this worker for dead then, and the job for lost.
            _log.warning("the end of job %s could not be told: %s", execution.job.id, unheard)
        with self._lock:
            if self._running.get(execution.job.id) is execution:
                del self._running[execution.job.id]
        if execution.stop.reason is Reason.UNWANTED:
            self._janitor.deleted(execution.job.id)  # its folder may have been made again meanwhile
        self._wake()

    def _tell_failure(self, execution: _Execution, error: BaseException) -> None:
        """What becomes of a job whose execution raised something."""
        match execution.stop.reason:
            case Reason.UNWANTED:
                return
            case Reason.SHUTDOWN:
                self._release(execution, lost=False)
            case Reason.OVERDUE:
                self._fail(execution, _overdue(execution.job))
            case None if _is_away(error) and executions.may_lose(execution.job):
                self._release(execution, lost=True)
            case None:
                self._fail(execution, _meaning(execution.job, error))
            case _:
                assert_never(execution.stop.reason)

    def _release(self, execution: _Execution, *, lost: bool) -> None:
        def release() -> bool:
            with self._queue.database.writer() as connection:
                return executions.release(connection, execution.job, lost=lost)

        self._told(release)

    def _fail(self, execution: _Execution, error: JobError) -> None:
        def fail() -> bool:
            with self._queue.database.writer() as connection:
                return executions.fail(connection, execution.job, error)

        self._told(fail)

    def _told(self, change: Callable[[], bool]) -> bool:
        """The database is told; while it is away, again and again. Raises Busy at last."""
        end = time.monotonic() + _PERSISTENCE
        while True:
            try:
                return change()
            except NoRoom:
                raise
            except Busy:
                if self._closing or time.monotonic() > end:
                    raise
                time.sleep(_PAUSE)


def _stored(result: JobResult, output: Output) -> StoredResult:
    checksum = output.finish()
    return StoredResult(result.id, output.name, result.name, dict(result.headers), output.bytes, checksum)


def _is_away(error: BaseException) -> bool:
    """Whether the database went away: nobody's fault, so the job is tried again."""
    return isinstance(error, Busy) and not isinstance(error, NoRoom)


def _overdue(job: Job) -> JobError:
    return JobError(
        f"the job was stopped when its execution duration of {job.execution_seconds} s was over; "
        "set a longer one, constrain an indexed column, or ask for fewer rows"
    )


def _meaning(job: Job, error: BaseException) -> JobError:
    match error:
        case QueryTimeout():
            return _overdue(job)
        case ArchiveError():
            return JobError(str(error), transient=isinstance(error, (Busy, DiskFull)))
        case OSError() if DiskFull.is_meant_by(error):
            return JobError("there is no room left on the archive's disk for the result", transient=True)
    incident = secrets.token_hex(6)
    _log.error("incident %s: job %s", incident, job.id, exc_info=error)
    return JobError(f"internal error; please report incident {incident}")
