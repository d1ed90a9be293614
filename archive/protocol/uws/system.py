"""Jobs in one process: the queue, the news of it, and a runner, put together, started and stopped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace

from ..service import Archive
from .hub import Hub
from .model import JobKind
from .queue import JobQueue
from .runner import Runner

__all__ = ["Jobs", "KindFactory"]

KindFactory = Callable[[Archive], JobKind]


class Jobs:
    """Jobs of these `kinds`, `slots` of them at once; without slots this process leaves them to workers.

    Nothing is connected before `start`. What runs jobs has connections of its own to the database, so that
    jobs and the queries of those who wait for an answer never wait for each other.
    """

    def __init__(self, archive: Archive, kinds: Sequence[KindFactory], slots: int) -> None:
        self.queue = JobQueue(archive.config, archive.database)
        self.hub = Hub(archive.database)
        self._archive = archive
        self._kinds = kinds
        self._slots = slots
        self._stack = ExitStack()

    def start(self) -> None:
        apart = self._archive.database.apart(max(self._slots, 1))
        self._stack.callback(apart.close)
        archive = replace(self._archive, database=apart)
        queue = JobQueue(archive.config, apart)
        runner = Runner(queue, [make(archive) for make in self._kinds], self._slots)
        runner.start()
        self.hub.start(runner)
        # The hub goes last: it holds the lock by which jobs that still run are known to be in hand.
        self._stack.callback(self.hub.close)
        self._stack.callback(runner.close)

    def close(self) -> None:
        """Blocks until nothing runs; what did goes back to the queue."""
        self._stack.close()
