"""Clearing up behind jobs: those whose destruction has come, folders and files that belong to none.

Every process with a runner does it, in a thread of its own, as large files take their time; twice does no
harm.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from functools import partial

import psycopg

from ...database import uploads, user_tables
from ...errors import ArchiveError
from ..requests import clear_spool
from . import records
from .model import Phase
from .queue import JobQueue

__all__ = ["Janitor"]

_log = logging.getLogger("uraniborg.jobs")
_INTERVAL = 5.0  # seconds between two looks at what has to be destroyed
_ROUND = 600.0  # seconds between two looks at all folders
_GRACE = 3600.0  # seconds for which a file may be about to be told to the database
_AT_ONCE = 1000


class Janitor:
    def __init__(self, jobs: JobQueue) -> None:
        self._jobs = jobs
        self._gone: queue.SimpleQueue[str | None] = queue.SimpleQueue()  # None: look up
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="job janitor", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """What is told and not looked at yet is found by a sweep."""
        self._closing = True
        self._gone.put(None)
        self._thread.join()

    def deleted(self, job_id: str) -> None:
        """Tells that a job may have gone; from any thread."""
        self._gone.put(job_id)

    def destroy_overdue(self) -> None:
        """Removes the jobs whose destruction has come, with all they have."""
        with self._jobs.database.writer() as connection:
            gone = records.destroy_overdue(connection)
        for job_id in gone:
            self._jobs.folders.remove(job_id)

    def sweep(self, grace: float = _GRACE) -> None:
        """Removes what belongs to no job and has not been touched for `grace` seconds."""
        folders = dict(self._jobs.folders.old(grace))
        names = list(folders)
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            with self._jobs.database.writer() as connection:
                known = records.known(connection, some)
            for job_id in some:
                self._clear(job_id, folders[job_id], known.get(job_id))
        with self._jobs.database.writer() as connection:
            uploads.sweep(connection)
        with self._jobs.database.writer() as connection:
            user_tables.sweep(connection)
        clear_spool()

    def _clear(self, job_id: str, files: set[str], known: tuple[Phase, set[str]] | None) -> None:
        if known is None:
            self._jobs.folders.remove(job_id)
        elif known[0] is not Phase.EXECUTING:
            for name in files - known[1]:
                (self._jobs.folders.of(job_id) / name).unlink(missing_ok=True)

    def _work(self) -> None:
        next_look = next_round = 0.0
        while not self._closing:
            try:
                job_id = self._gone.get(timeout=max(next_look - time.monotonic(), 0.0))
            except queue.Empty:
                now = time.monotonic()
                self._try(self.destroy_overdue)
                if now >= next_round and not self._closing:
                    next_round = now + _ROUND
                    self._try(self.sweep)
                next_look = now + _INTERVAL
            else:
                if job_id is not None and not self._closing:
                    self._try(partial(self._remove_if_gone, job_id))

    def _remove_if_gone(self, job_id: str) -> None:
        with self._jobs.database.writer() as connection:
            gone = not records.known(connection, [job_id])
        if gone:
            self._jobs.folders.remove(job_id)

    def _try(self, work: Callable[[], None]) -> None:
        """What does not succeed now is found again by a later sweep."""
        try:
            work()
        except (ArchiveError, OSError, psycopg.Error) as error:
            _log.warning("clearing up behind jobs: %s", str(error).strip())
