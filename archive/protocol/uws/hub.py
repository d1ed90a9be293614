"""News of jobs: one connection of the process that listens for new phases, and those who wait for them.

PostgreSQL tells of every change on one channel; any number of clients and workers wait here without a
thread or a statement each. The same connection holds the lock by which others see that this worker lives.
Every few seconds it asks for what is waited for, in case that something was not told.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

import psycopg

from ...database import Database
from ...database.bookkeeping import Connection
from ...database.jobs import CHANNEL
from . import executions, records

__all__ = ["DELETED", "Hub", "Listener"]

_log = logging.getLogger("uraniborg.jobs")
_SAFETY = 5.0  # seconds between two questions for what may have been missed
_AGAIN = 0.5  # seconds between two attempts to reach the database
DELETED = "DELETED"  # told in place of a phase


class Listener(Protocol):
    """Somebody in this process who wants to hear of every change; called in the hub's thread."""

    def connected(self, connection: Connection, worker: int) -> None:
        """The lock of this worker number is held from now on; an earlier number is lost."""

    def heard(self, job_id: str, phase: str) -> None: ...

    def disconnected(self) -> None: ...


@dataclass(eq=False)
class Watch:
    """Set `phase` to what is known, and wait for `changed`."""

    loop: asyncio.AbstractEventLoop
    phase: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self, phase: str) -> None:
        if phase != self.phase:
            # The loop may have ended, and then nobody waits.
            with contextlib.suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self.changed.set)


class Hub:
    """Begins to listen with `start`; ends with `close`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listener: Listener | None = None
        self._lock = threading.Lock()
        self._watches: dict[str, list[Watch]] = {}
        self._wake, self._woken = socket.socketpair()
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="job hub", daemon=True)

    def start(self, listener: Listener | None = None) -> None:
        self._listener = listener
        self._thread.start()

    def close(self) -> None:
        self._closing = True
        self._wake.send(b"x")
        self._thread.join()
        self._wake.close()
        self._woken.close()

    @contextlib.contextmanager
    def watching(self, job_id: str, phase: str) -> Iterator[Watch]:
        """A watch over a job believed to be in `phase`. In the event loop."""
        watch = Watch(asyncio.get_running_loop(), phase)
        with self._lock:
            self._watches.setdefault(job_id, []).append(watch)
        try:
            yield watch
        finally:
            with self._lock:
                self._watches[job_id].remove(watch)
                if not self._watches[job_id]:
                    del self._watches[job_id]

    def _work(self) -> None:
        complained = False
        while not self._closing:
            try:
                with contextlib.closing(self._database.connect()) as connection:
                    self._begin(connection)
                    complained = False
                    self._listen(connection)
            except psycopg.Error as error:
                if self._listener is not None:
                    self._listener.disconnected()
                if not complained:
                    _log.warning("no news of jobs: %s", str(error).strip())
                complained = True
                _wait_for(_AGAIN, self._woken.fileno())

    def _begin(self, connection: Connection) -> None:
        connection.execute(f"LISTEN {CHANNEL}".encode())
        if self._listener is not None:
            self._listener.connected(connection, executions.new_worker(connection))
        self._ask(connection)

    def _listen(self, connection: Connection) -> None:
        asked = time.monotonic()
        while not self._closing:
            left = asked + _SAFETY - time.monotonic()
            _wait_for(max(left, 0.0), connection.fileno(), self._woken.fileno())
            for notice in connection.notifies(timeout=0):
                self._tell(*notice.payload.split(" ", 1))
            if time.monotonic() - asked >= _SAFETY:
                self._ask(connection)
                asked = time.monotonic()

    def _tell(self, job_id: str, phase: str) -> None:
        with self._lock:
            watches = list(self._watches.get(job_id, ()))
        for watch in watches:
            watch.tell(phase)
        if self._listener is not None:
            self._listener.heard(job_id, phase)

    def _ask(self, connection: Connection) -> None:
        """Also shows whether the connection lives."""
        with self._lock:
            watched = list(self._watches)
        found = records.phases(connection, watched)
        for job_id in watched:
            with self._lock:
                watches = list(self._watches.get(job_id, ()))
            for watch in watches:
                watch.tell(found.get(job_id, DELETED))


def _wait_for(seconds: float, *descriptors: int) -> None:
    """Until one of them can be read. Not with select, which knows only the first 1024 files of a process."""
    waiting = select.poll()
    for descriptor in descriptors:
        waiting.register(descriptor, select.POLLIN)
    waiting.poll(math.ceil(seconds * 1000))
