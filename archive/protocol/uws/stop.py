"""Telling a running job to give up, from another thread, and why."""

from __future__ import annotations

import threading
from collections.abc import Callable
from enum import Enum

__all__ = ["Reason", "Stop"]


class Reason(Enum):
    UNWANTED = "aborted or deleted, or another worker has it"
    OVERDUE = "its execution duration is over"
    SHUTDOWN = "the worker ends; another one may do it"


class Stop:
    """One job's. The first reason counts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._actions: list[Callable[[], None]] = []
        self.reason: Reason | None = None

    def stop(self, reason: Reason) -> None:
        with self._lock:
            if self.reason is not None:
                return
            self.reason = reason
            actions, self._actions = self._actions, []
        for action in actions:
            action()

    def call(self, action: Callable[[], None]) -> None:
        """`action` is called when the job is to give up; now, if it is already."""
        with self._lock:
            if self.reason is None:
                self._actions.append(action)
                return
        action()
