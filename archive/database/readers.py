"""Connections of the reader: a few kept open, given to one query at a time.

ADBC asks for all types when it connects (40 ms), so connections are used again, unless a query on
them failed or was cancelled. After the server went away all that wait are thrown away. What is done
with a connection belongs to `batches`.
"""

from __future__ import annotations

import contextlib
import threading
import time

import adbc_driver_postgresql.dbapi as driver
from adbc_driver_manager import dbapi

from .failures import busy, is_lost

__all__ = ["Readers"]


class Readers:
    """At most `count` connections at once; `recovery`: seconds to wait for a server that restarts."""

    def __init__(self, dsn: str, count: int, *, recovery: float = 5.0) -> None:
        self._dsn = dsn
        self._free = threading.BoundedSemaphore(count)
        self._recovery = recovery
        self._lock = threading.Lock()
        self._idle: list[dbapi.Connection] = []
        self._closed = False

    def take(self, patience: float, *, fresh: bool = False) -> dbapi.Connection:
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

    def give_back(self, connection: dbapi.Connection, *, sound: bool) -> None:
        """Ends the transaction; an unsound connection, or one whose end fails, is closed."""
        try:
            if sound:
                with contextlib.suppress(dbapi.Error):
                    connection.rollback()
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
        self.discard_idle()

    def _connect(self) -> dbapi.Connection:
        """Waits a little for a server that recovers from a crash."""
        end = time.monotonic() + self._recovery
        while True:
            try:
                connection: dbapi.Connection = driver.connect(self._dsn)
                return connection
            except dbapi.Error as cause:
                if time.monotonic() > end or not is_lost(cause):
                    raise busy() from cause
            time.sleep(0.1)


def _close(connection: dbapi.Connection) -> None:
    # A connection that is lost says so once more when it is closed.
    with contextlib.suppress(dbapi.Error):
        connection.close()
