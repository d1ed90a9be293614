"""Connections of the reader: a few kept open, given to one query at a time.

A connection is used again, unless a query on it failed or was cancelled. After the server went away all
that wait are thrown away. What is done with a connection belongs to `batches`.
"""

from __future__ import annotations

import contextlib
import threading
import time

import psycopg

from .failures import busy
from .watchdog import Watchdog

__all__ = ["Readers"]


class Readers:
    """At most `count` connections at once; `recovery`: seconds to wait for a server that restarts.

    `timed`: the database is told how long each query may take, and stops it even if nobody is left to do so.
    That is for queries without a slow client, as its clock goes on while the result is sent.
    """

    def __init__(self, dsn: str, count: int, *, recovery: float = 5.0, timed: bool = False) -> None:
        self._dsn = dsn
        self.timed = timed
        self._free = threading.BoundedSemaphore(count)
        self._recovery = recovery
        self.watchdog = Watchdog()  # over the queries on these connections
        self._lock = threading.Lock()
        self._idle: list[psycopg.Connection] = []
        self._closed = False

    def take(self, patience: float, *, fresh: bool = False) -> psycopg.Connection:
        """A connection without a transaction; Busy when none gets free within `patience` seconds.

        `fresh` when a kept one turned out to be dead: those that wait are as old, and thrown away.
        """
        if not self._free.acquire(timeout=patience):
            raise busy()
        try:
            if fresh:
                self.discard_idle()
            with self._lock:
                if self._idle:
                    return self._idle.pop()
            return self._connect()
        except BaseException:
            self._free.release()
            raise

    def give_back(self, connection: psycopg.Connection, *, sound: bool) -> None:
        """Each statement was a transaction of its own; an unsound connection is closed."""
        try:
            if sound:
                with self._lock:
                    if not self._closed:
                        self._idle.append(connection)
                        return
            _close(connection)
        finally:
            self._free.release()

    def discard_idle(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            _close(connection)

    def close(self) -> None:
        self._closed = True
        self.watchdog.close()
        self.discard_idle()

    def _connect(self) -> psycopg.Connection:
        """Waits a little for a server that recovers from a crash."""
        end = time.monotonic() + self._recovery
        while True:
            try:
                return psycopg.connect(self._dsn, autocommit=True)
            except psycopg.OperationalError as cause:
                if time.monotonic() > end:
                    raise busy() from cause
            time.sleep(0.1)


def _close(connection: psycopg.Connection) -> None:
    # A connection that is lost says so once more when it is closed.
    with contextlib.suppress(psycopg.Error):
        connection.close()
