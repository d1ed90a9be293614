"""Of which files the archive is told when: those that were sent at once, all others in rounds of pages.

A queue may hold more files than one report should; page by page each of them is told of in every round.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from .queue import Item, Queue, State

__all__ = ["Telling"]

_ROUND, _HURRIED = 10.0, 1.0  # seconds from the beginning of a round to that of the next one, at least
_SOON, _ASK = 0.1, 1.0  # seconds between questions after what was sent: first soon, then less often
_ASKED, _PAGE = 100, 500  # files in a report that were sent, and that wait
# Of its time a round takes so much at most, however many files wait.
_SHARE = 0.25


class Telling:
    """The reports that are due. `told` is called for each that the archive has heard, before the next."""

    def __init__(
        self, queue: Queue, *, page: int = _PAGE, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._queue = queue
        self._size = page
        self._clock = clock
        self._begun = -_ROUND
        self._last: Item | None = None
        self._is_round = False
        self._page: list[Item] = []
        self._pause = _SOON
        self._sent = 0
        self._is_hurried = False

    def hurry(self) -> None:
        """Something that waits has another reason to: the next round begins earlier. From any thread."""
        self._is_hurried = True

    def report(self) -> list[Item]:
        """What the next report is about; nothing when nothing is due. The same again until it was heard."""
        sent = self._queue.items(State.SENT)
        if len(sent) > self._sent:
            self._pause = _SOON
        self._sent = len(sent)
        # Some by chance, so that one that takes long hides no other.
        asked = random.sample(sent, min(len(sent), _ASKED))
        since = self._clock() - self._begun
        if not self._is_round and since >= (_HURRIED if self._is_hurried else _ROUND):
            self._begun, self._last, self._is_round, self._is_hurried = self._clock(), None, True, False
        self._page = self._queue.waiting_after(self._last, self._size) if self._is_round else []
        return asked + self._page

    def told(self, seconds: float, *, is_news: bool) -> float:
        """The report was heard, which took so many seconds; how long to wait for the next one.

        `is_news`: something had come to its end, so that more may follow soon.
        """
        self._is_round = len(self._page) == self._size
        self._last = self._page[-1] if self._is_round else None
        self._pause = _SOON if is_news else min(2 * self._pause, _ASK)
        return min(self._pause, seconds / _SHARE - seconds) if self._is_round else self._pause
