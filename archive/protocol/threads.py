"""Threads that do one piece of work after the other, handed over at the least cost.

concurrent.futures' executor takes several locks for each piece, and among many threads every lock is a
chance to lose the interpreter: a tenth of what a small query takes. How many pieces may wait is the
caller's business.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread

__all__ = ["Threads"]

_Piece = tuple["Future[None]", Callable[[], None]]


class Threads:
    """At most `count` threads, each started when all others are at work. One thread hands the work over."""

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._pieces: SimpleQueue[_Piece | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._submitted = 0
        self._done: list[int] = []  # by each thread

    def submit(self, work: Callable[[], None]) -> Future[None]:
        """The work begins when a thread is free; what it raises is the future's."""
        # What has just been done may not be counted yet: then there is a thread more than needed, never less.
        if self._submitted - sum(self._done) >= len(self._threads) < self._count:
            self._start()
        self._submitted += 1
        future: Future[None] = Future()
        self._pieces.put((future, work))
        return future

    def _start(self) -> None:
        number = len(self._threads)
        self._done.append(0)
        thread = Thread(target=self._run, args=(number,), name=f"{self._name}_{number}")
        self._threads.append(thread)
        thread.start()

    def _run(self, number: int) -> None:
        while (piece := self._pieces.get()) is not None:
            future, work = piece
            if future.set_running_or_notify_cancel():
                _do(future, work)
            # Nothing of it is kept while the thread waits for the next.
            del piece, future, work
            self._done[number] += 1

    def close(self) -> None:
        """Cancels what has not begun, and waits for what has."""
        with contextlib.suppress(Empty):
            while True:
                piece = self._pieces.get_nowait()
                if piece is not None:
                    piece[0].cancel()
        for _ in self._threads:
            self._pieces.put(None)
        for thread in self._threads:
            thread.join()


def _do(future: Future[None], work: Callable[[], None]) -> None:
    try:
        work()
    except BaseException as error:  # noqa: BLE001  # as an executor does: it is for whoever asks the future
        future.set_exception(error)
        # The exception's trace holds this frame, and would hold by these whatever the work held.
        del future, work
    else:
        future.set_result(None)
