"""How fast: a limit for all connections together, and longer and longer pauses after failures."""

from __future__ import annotations

import random
import threading
import time

__all__ = ["Backoff", "Throttle"]


class Throttle:
    """At most `rate` bytes per second, all threads together; 0 is no limit."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._free = 0.0  # by time.monotonic: when the next byte may go

    def wait(self, count: int, stop: threading.Event) -> None:
        """Until so many bytes may go, or until `stop`."""
        if not self._rate:
            return
        with self._lock:
            now = time.monotonic()
            pause = max(self._free - now, 0.0)
            self._free = max(self._free, now) + count / self._rate
        stop.wait(pause)


class Backoff:
    """Pauses that double from `first` to `longest` seconds, each by chance shorter or longer by a half.

    Without chance, all who were cut off together would come back together.
    """

    def __init__(self, first: float = 0.5, longest: float = 300.0, failures: int = 0) -> None:
        self._first = first
        self._longest = longest
        self._failures = failures

    def next(self) -> float:
        # 2 to a power that grows for days would be no float any more.
        pause = min(self._first * 2.0 ** min(self._failures, 40), self._longest)
        self._failures += 1
        return pause * random.uniform(0.5, 1.5)

    def reset(self) -> None:
        self._failures = 0
