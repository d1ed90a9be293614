"""Threads that do one piece of work after the other, handed over at the least cost.

concurrent.futures' executor and its futures take several locks for each piece, and among many threads every
lock is a chance to lose the interpreter: a tenth of what a small query takes. How many pieces may wait is the
caller's business.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from concurrent.futures import CancelledError
from queue import Empty, SimpleQueue
from threading import Thread

__all__ = ["Piece", "Threads"]


class Piece:
    """Work that is done once; `ended` is called in its thread then, and must not raise.

    `error` is what it raised, and is set before `is_done`.
    """

    __slots__ = ("_ended", "_work", "error", "is_done")

    def __init__(self, work: Callable[[], None], ended: Callable[[], None]) -> None:
        self._work: Callable[[], None] | None = work
        self._ended = ended
        self.error: BaseException | None = None
        self.is_done = False

    def run(self) -> None:
        work, self._work = self._work, None
        if work is None:
            return
        try:
            work()
        except BaseException as error:  # noqa: BLE001  # as an executor does: it is for whoever asks the piece
            self._end(error)
            # The exception's trace holds this frame, and would hold by these whatever the work held.
            del self, work
        else:
            self._end(None)

    def cancel(self) -> None:
        """Before it has begun: it never does."""
        self._work = None
        self._end(CancelledError())

    def _end(self, error: BaseException | None) -> None:
        self.error = error
        self.is_done = True
        self._ended()


class Threads:
    """At most `count` threads, each started when all others are at work. One thread hands the work over."""

    def __init__(self, count: int, name: str) -> None:
        self._count = count
        self._name = name
        self._pieces: SimpleQueue[Piece | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._submitted = 0
        self._done: list[int] = []  # by each thread

    def submit(self, piece: Piece) -> None:
        """The work begins when a thread is free."""
        # What has just been done may not be counted yet: then there is a thread more than needed, never less.
        if self._submitted - sum(self._done) >= len(self._threads) < self._count:
            self._start()
        self._submitted += 1
        self._pieces.put(piece)

    def _start(self) -> None:
        number = len(self._threads)
        self._done.append(0)
        thread = Thread(target=self._run, args=(number,), name=f"{self._name}_{number}")
        self._threads.append(thread)
        thread.start()

    def _run(self, number: int) -> None:
        while (piece := self._pieces.get()) is not None:
            piece.run()
            # Nothing of it is kept while the thread waits for the next.
            del piece
            self._done[number] += 1

    def close(self) -> None:
        """Cancels what has not begun, and waits for what has."""
        with contextlib.suppress(Empty):
            while True:
                piece = self._pieces.get_nowait()
                if piece is not None:
                    piece.cancel()
        for _ in self._threads:
            self._pieces.put(None)
        for thread in self._threads:
            thread.join()
