"""One thread that waits for all deadlines: a query sets several, and nearly all are called off in time.

A timer's thread of its own would cost more than a small query takes. What is to be done when a deadline
passes is the caller's; it is done in a thread of its own then, as it may have to wait for the database.
"""

from __future__ import annotations

import heapq
import itertools
import math
import threading
import time
from collections.abc import Callable

__all__ = ["Alarm", "Watchdog"]

_FEW = 64  # alarms called off that may lie about


class Alarm:
    """Rings once, unless cancelled before."""

    __slots__ = ("_watchdog", "action")

    def __init__(self, watchdog: Watchdog, action: Callable[[], object]) -> None:
        self._watchdog = watchdog
        self.action: Callable[[], object] | None = action

    def cancel(self) -> None:
        """An action that has begun goes on. Later calls do nothing."""
        self._watchdog.forget(self)


class Watchdog:
    """Safe to use from many threads; its own begins with the first alarm and ends with `close`."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._numbers = itertools.count()  # tells alarms of the same moment apart
        self._alarms: list[tuple[float, int, Alarm]] = []
        self._cancelled = 0  # of the alarms in the heap
        self._wakes = math.inf  # when the thread will look again
        self._thread: threading.Thread | None = None
        self._closed = False

    def after(self, seconds: float, action: Callable[[], object]) -> Alarm:
        """Calls `action` in another thread after so many seconds; at once if they are not positive."""
        moment, alarm = time.monotonic() + seconds, Alarm(self, action)
        with self._changed:
            heapq.heappush(self._alarms, (moment, next(self._numbers), alarm))
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
                self._thread.start()
            elif moment < self._wakes:
                self._changed.notify()
        return alarm

    def forget(self, alarm: Alarm) -> None:
        with self._changed:
            if alarm.action is None:
                return
            alarm.action = None
            self._cancelled += 1
            if self._cancelled > _FEW and self._cancelled > len(self._alarms) // 2:
                self._alarms = [entry for entry in self._alarms if entry[2].action is not None]
                heapq.heapify(self._alarms)
                self._cancelled = 0

    def close(self) -> None:
        """No alarm rings any more."""
        with self._changed:
            self._closed = True
            self._alarms.clear()
            self._changed.notify()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                while self._alarms and self._alarms[0][0] <= now:
                    self._ring(heapq.heappop(self._alarms)[2])
                self._wakes = self._alarms[0][0] if self._alarms else math.inf
                self._changed.wait(None if math.isinf(self._wakes) else self._wakes - now)

    def _ring(self, alarm: Alarm) -> None:
        action, alarm.action = alarm.action, None
        if action is None:
            self._cancelled -= 1
        else:
            threading.Thread(target=action, name="alarm", daemon=True).start()
