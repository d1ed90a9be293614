"""Waiting for what another thread, process or machine does."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

__all__ = ["eventually"]

_T = TypeVar("_T")


def eventually(
    condition: Callable[[], _T], what: str | Callable[[], object] = "it did not happen", seconds: float = 90.0
) -> _T:
    """What `condition` gives when that is true at last; `what` tells why it is not, in the end."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, what() if callable(what) else what
        time.sleep(0.02)
    return found
