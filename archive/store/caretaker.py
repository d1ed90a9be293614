"""What a server does for its store in the background: scrubbing, as fast as it may, and delivering."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import psycopg

from ..config import Config
from ..database import Database
from ..errors import ArchiveError, Busy
from .files import Store
from .known import KnownVolumes
from .scrubbing import Pace, Scrubber, alone
from .subscriptions import deliver

__all__ = ["Caretaker", "Messenger", "cared_for"]

_LOG = logging.getLogger("uraniborg.storage")
_PAUSE = 30.0  # seconds between looks for what is due
_PATIENCE = timedelta(days=1)  # with a volume that is away
_LOOK = 5.0  # seconds between looks for files to deliver
_COMPLETE = 3600.0  # seconds between looks for files with too few copies


@contextmanager
def cared_for(database: Database, store: Store, config: Config) -> Iterator[None]:
    """While the block runs, new files go to subscribers, and copies are checked if that is configured."""
    workers: list[_Background] = [Messenger(database, store)]
    if config.scrub_rate > 0 and isinstance(store.volumes, KnownVolumes):
        workers.append(Caretaker(database, store.volumes, config))
    for worker in workers:
        worker.start()
    try:
        yield
    finally:
        for worker in workers:
            worker.close()


class _Background(ABC):
    """A thread that works from `start` to `close`, and survives that the database goes away."""

    def __init__(self, name: str, pause: float) -> None:
        self.stop = threading.Event()
        self._name = name
        self._pause = pause
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self.stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def pause(self) -> None:
        self.stop.wait(self._pause)

    @abstractmethod
    def work(self) -> None: ...

    def _run(self) -> None:
        while not self.stop.is_set():
            try:
                self.work()
            except Busy:
                pass  # another process does it, or the database is away
            except (ArchiveError, psycopg.Error) as error:
                _LOG.warning("the %s was interrupted: %s", self._name, error)
            self.pause()


class Messenger(_Background):
    """Delivers new files to subscribers."""

    def __init__(self, database: Database, store: Store, pause: float = _LOOK) -> None:
        super().__init__("messenger", pause)
        self._database = database
        self._store = store

    def work(self) -> None:
        deliver(self._database, self._store)


class Caretaker(_Background):
    """Scrubs while no other process does: what readers met first, then what was not checked for long."""

    def __init__(
        self, database: Database, volumes: KnownVolumes, config: Config, pause: float = _PAUSE
    ) -> None:
        super().__init__("scrubber", pause)
        self._database = database
        self._volumes = volumes
        self._config = config

    def work(self) -> None:
        with alone(self._database):
            self._scrub()

    def _scrub(self) -> None:
        pace = Pace(float(self._config.scrub_rate), self.stop)
        scrubber = Scrubber(self._database, self._volumes, pace, _PATIENCE)
        completed: float | None = None
        while not self.stop.is_set():
            complete = completed is None or time.monotonic() - completed > _COMPLETE
            before = datetime.now(UTC) - timedelta(days=self._config.scrub_days)
            done = scrubber.run(before, complete=complete)
            if complete:
                completed = time.monotonic()
            if done.faults or done.replicated or done.lost:
                _LOG.warning("scrubbed: %s", "; ".join(done.lines()))
            self.pause()
