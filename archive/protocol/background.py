"""Work in the background that one process of all that serve an archive does: a thread, a lock, and patience.

What the work is, its callers say, as a step that is done again and again.
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable

import psycopg

from ..database import Database
from ..database.bookkeeping import Connection
from ..errors import ArchiveError
from .threads import Piece

__all__ = ["Background"]

_LOG = logging.getLogger("uraniborg.background")
_OTHERS = 5.0  # seconds between attempts to be the one that works, while another process is
_FIRST, _LONGEST = 0.25, 60.0  # seconds of pause after something went wrong: doubled from one to the other


class Background:
    """A thread that does `step` from `start` to `close`, while no other process has the advisory lock.

    `step` gets the connection that holds the lock, in no transaction, and tells for how many seconds there is
    nothing to do. Whatever it raises is logged, and after a pause it is called again.
    """

    def __init__(self, database: Database, name: str, lock: int, step: Callable[[Connection], float]) -> None:
        self.stop = threading.Event()
        self._database = database
        self._name = name
        self._lock = lock
        self._step = step
        self._complaint = ""
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Returns when the step under way, which may look at `stop`, has ended."""
        self.stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _work(self) -> None:
        pause = _FIRST
        while not self.stop.is_set():
            # Whatever ends the work, it is begun again.
            work, begun = Piece(self._alone, lambda: None), time.monotonic()
            work.run()
            if time.monotonic() - begun > _LONGEST:
                pause = _FIRST
            pause = _OTHERS if work.error is None else min(2 * pause, _LONGEST)
            if work.error is not None:
                self._complain(work.error)
            self.stop.wait(pause)

    def _alone(self) -> None:
        with contextlib.closing(self._database.connect()) as connection:
            row = connection.execute("SELECT pg_try_advisory_lock(%s)", (self._lock,)).fetchone()
            if row != (True,):
                return
            while not self.stop.is_set():
                # This raises when the database has gone, and the lock with it.
                connection.execute("SELECT")
                pause = self._step(connection)
                self._complaint = ""
                self.stop.wait(pause)

    def _complain(self, error: BaseException) -> None:
        # The same words every minute would help nobody.
        complaint = str(error) or type(error).__name__
        if complaint != self._complaint:
            is_known = isinstance(error, ArchiveError | psycopg.Error | OSError)
            _LOG.error("%s: %s", self._name, complaint, exc_info=None if is_known else error)
        self._complaint = complaint
