"""The program at the observatory: threads that look, that send, and that ask what became of what was sent.

All they share is the queue, so each may fail, wait and go on without the others.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import math
import os
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from archive.config import Config
from archive.declare.dataflow.transfer import TransferStatus
from archive.errors import ConfigurationError, UnreadableFile
from archive.store import checksum

from ..outcomes import printable
from .client import Client, Standing, Unreachable, Unwelcome
from .folders import Complete, Folders, stamp
from .keeping import After, put_away
from .pacing import Backoff, Throttle
from .priorities import Priorities
from .queue import Item, Queue, State
from .sender import send
from .telling import Telling

__all__ = ["Daemon"]

_log = logging.getLogger("uraniborg.transfer")
_SHORTEST_LOOK, _LONGEST_LOOK = 0.1, 1.0  # seconds between looks at the folders: half the quiet time
_IDLE = 0.2  # seconds between looks for something to send
_LONGEST_PAUSE = 60.0  # seconds, while the archive cannot be reached
# So often in a row may a file be unwelcome, which a damaged request is too, before others go first so long.
_UNWELCOME, _POSTPONED = 4, 60.0
_MOST_UNWELCOME = 10_000  # files whose refusals are counted
_LONGEST_NAME = 200  # bytes, as the archive takes them


@dataclass
class Daemon:
    """Works from `start` to `close`; a `with` block does both. One at a time on a spool."""

    config: Config
    token: str
    queue: Queue = field(init=False)

    def __post_init__(self) -> None:
        config = self.config
        if not config.ingestd_archive.startswith(("http://", "https://")):
            raise ConfigurationError(
                "ingestd_archive names no archive", hint='write "https://archive.example" or the like'
            )
        watched = [Path(name) for name in config.ingestd_folders]
        for folder in watched:
            if not folder.is_absolute() or not folder.is_dir():
                raise ConfigurationError(
                    f"ingestd_folders: there is no folder {folder}", hint="name a folder by its whole path"
                )
        self._spool = config.ingestd_spool.absolute()
        self._priorities = Priorities(config.ingestd_priorities, config.ingestd_priority)
        self._folders = Folders(watched, config.ingestd_quiet_seconds, inside=(self._spool,))
        self._lock = _alone(self._spool)
        self.queue = Queue(self._spool / "queue.sqlite")
        for item in self.queue.items(State.PUT_AWAY):
            # What cannot be looked at, as on a server that is away, is not gone.
            with contextlib.suppress(OSError):
                if stamp(item.path) is None:
                    self.queue.forget(item)
        self._throttle = Throttle(config.ingestd_rate)
        self._telling = Telling(self.queue)
        self._counting = threading.Lock()
        self._unwelcome: Counter[tuple[str, int]] = Counter()  # by transfer_id and offset
        self._stop = threading.Event()
        self._is_broken = False
        self._looked = -math.inf  # by time.monotonic, when the last look that has ended began
        self._news = threading.Event()  # there is something to ask, or to tell
        self._threads = [
            threading.Thread(target=self._repeat, args=(self._look,), name="watch"),
            threading.Thread(target=self._ask, name="report"),
            *(
                threading.Thread(target=self._send, name=f"send {number}")
                for number in range(config.ingestd_connections)
            ),
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """What is being sent is broken off, and gone on with by the next daemon."""
        self._stop.set()
        self._news.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join()
        self.queue.close()
        self._lock.close()

    def __enter__(self) -> Daemon:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait(self, told: Callable[[int], None] = lambda _left: None) -> None:
        """Until everything in the folders has been sent and settled; `told` hears how many files are left."""
        called = time.monotonic()
        while not self._stop.wait(_IDLE):
            # Only a look that began after the call has seen everything.
            has_looked = self._looked >= called
            left = self._folders.unfinished + self.queue.count(State.WAITING, State.SENT, State.SAFE)
            told(left)
            if has_looked and not left:
                return

    def run(self) -> bool:
        """Waits until it is closed; False when a thread has ended by a fault of ours, and all with it."""
        self._stop.wait()
        return not self._is_broken

    def _repeat(self, step: Callable[[], float], wake: threading.Event | None = None) -> None:
        """Does `step` again and again, after the pause that it gives, or that the spool's disk needs.

        `wake` ends a pause early.
        """
        backoff = Backoff(longest=_LONGEST_PAUSE)
        try:
            while not self._stop.is_set():
                try:
                    pause = step()
                    backoff.reset()
                except (sqlite3.Error, OSError) as error:
                    _log.error("the spool cannot be used: %s", error)
                    pause = backoff.next()
                (wake or self._stop).wait(pause)
                if wake is not None:
                    wake.clear()
        finally:
            if not self._stop.is_set():
                self._is_broken = True
                self._stop.set()

    # --- looking ------------------------------------------------------------------------------------------

    def _look(self) -> float:
        begun = time.monotonic()
        complete = self._folders.look(self.queue.stamps())
        # With very many files a look takes long, and should not be all that the machine does.
        usual = min(_LONGEST_LOOK, max(_SHORTEST_LOOK, self.config.ingestd_quiet_seconds / 2))
        pause = max(usual, 5 * (time.monotonic() - begun))
        found = [(self._priorities.of(one.headers), one) for one in complete]
        # What is urgent is not kept waiting by the checksums of the others.
        for priority, one in sorted(found, key=lambda pair: -pair[0]):
            if not self._stop.is_set():
                self._enqueue(one, priority)
        self._looked = begun
        return pause

    def _enqueue(self, complete: Complete, priority: int) -> None:
        try:
            sha256 = checksum(complete.path)
            is_same = stamp(complete.path) == complete.stamp
        except (UnreadableFile, OSError) as error:
            _log.warning("%s: %s", complete.path, error)
            return
        # It changed while it was read: the next look will see that.
        if is_same:
            self.queue.add(complete.path, _name(complete.path), complete.stamp, sha256, priority)
            self._folders.queued(complete)
            _log.info("queued %s with priority %d", complete.path, priority)

    # --- sending ------------------------------------------------------------------------------------------

    def _client(self) -> Client:
        config = self.config
        return Client(config.ingestd_archive, self.token, config.ingestd_timeout_seconds, self._pace)

    def _pace(self, count: int) -> None:
        self._throttle.wait(count, self._stop)
        if self._stop.is_set():
            raise Unreachable("this program is ending")

    def _send(self) -> None:
        client, backoff = self._client(), Backoff(longest=_LONGEST_PAUSE)

        def step() -> float:
            item = self.queue.claim()
            if item is None:
                return _IDLE
            try:
                send(client, self.queue, item, self.config.ingestd_chunk_bytes)
            except Unwelcome as error:
                # Others go on meanwhile; it is not given up, as the reason may be mended.
                is_late = self._is_unwelcome(item)
                self._failed(item, str(error), _POSTPONED if is_late else 0.0)
                return 0.0 if is_late else backoff.next()
            except Unreachable as error:
                # Everybody is concerned, so what is most urgent stays at the head.
                self._failed(item, str(error))
                return backoff.next()
            finally:
                self.queue.release(item)
            backoff.reset()
            self._news.set()
            return 0.0

        with contextlib.closing(client):
            self._repeat(step)

    def _is_unwelcome(self, item: Item) -> bool:
        """Whether that happened so often by now, at the same offset, that others should go first."""
        with self._counting:
            if len(self._unwelcome) > _MOST_UNWELCOME:
                self._unwelcome.clear()
            self._unwelcome[item.transfer_id, item.sent] += 1
            return self._unwelcome[item.transfer_id, item.sent] >= _UNWELCOME

    def _failed(self, item: Item, reason: str, wait: float = 0.0) -> None:
        if self._stop.is_set():
            return
        if reason != item.reason:
            _log.warning("%s waits: %s", item.path, reason)
            self._telling.hurry()
            self._news.set()
        self.queue.failed(item, printable(reason), wait)

    # --- hearing what became of it ------------------------------------------------------------------------

    def _ask(self) -> None:
        client, backoff = self._client(), Backoff(longest=_LONGEST_PAUSE)

        def step() -> float:
            self._put_away()
            asked, begun, settled = self._telling.report(), time.monotonic(), 0
            try:
                if asked:
                    settled = self._settle(asked, client.report([one.offer for one in asked]))
            except (Unreachable, Unwelcome) as error:
                _log.info("the archive was not told what waits: %s", error)
                return backoff.next()
            backoff.reset()
            return self._telling.told(time.monotonic() - begun, is_news=settled > 0)

        with contextlib.closing(client):
            self._repeat(step, self._news)

    def _settle(self, items: Sequence[Item], told: Mapping[str, Standing]) -> int:
        """How many need not be asked after any more."""
        settled = 0
        for item in items:
            standing = told.get(item.transfer_id)
            if standing is None:
                continue
            match standing.status:
                case TransferStatus.INGESTED:
                    _log.info("%s is safe in the archive", item.path)
                    self.queue.settle(item, State.SAFE)
                    settled += 1
                case TransferStatus.REFUSED if item.state is State.SENT:
                    _log.error("%s is refused: %s", item.path, standing.reason)
                    self.queue.settle(item, State.REFUSED, printable(standing.reason))
                    settled += 1
                case (
                    TransferStatus.WAITING
                    | TransferStatus.RECEIVING
                    | TransferStatus.WITHDRAWN
                    | TransferStatus.EXPIRED
                ) if item.state is State.SENT:
                    self._failed(item, standing.reason or "it did not arrive")
                    self.queue.settle(item, State.WAITING, printable(standing.reason))
                case _:
                    pass
        self._put_away()
        return settled

    def _put_away(self) -> None:
        for item in self.queue.items(State.SAFE):
            try:
                put_away(item, cast(After, self.config.ingestd_after), self._spool / "sent")
            except OSError as error:
                _log.error("%s is safe in the archive, but cannot be put away: %s", item.path, error)
                continue
            if self.config.ingestd_after == "keep" and stamp(item.path) == item.stamp:
                self.queue.settle(item, State.PUT_AWAY)
            else:
                self.queue.forget(item)


def _alone(spool: Path) -> IO[bytes]:
    """The spool's lock, held until it is closed or the program ends."""
    try:
        spool.mkdir(parents=True, exist_ok=True)
        lock = (spool / "lock").open("wb")
    except OSError as cause:
        raise ConfigurationError(f"ingestd_spool: {spool} cannot be used: {cause.strerror}") from cause
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as cause:
        lock.close()
        raise ConfigurationError(f"another ingestd works on {spool}", hint="one is enough") from cause
    return lock


def _name(path: Path) -> str:
    """The name that the archive is told: one that it takes, whatever the file is called."""
    name = printable(os.fsencode(path.name).decode("utf-8", "backslashreplace"))
    while len(name.encode()) > _LONGEST_NAME:
        name = name[1:]
    return name
