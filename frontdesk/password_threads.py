"""Threads of their own for what takes long when somebody proves who he is: passwords, providers asked.

However many try it at once, queries and files of others have all their threads.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

import anyio.to_thread
from anyio.lowlevel import RunVar

__all__ = ["in_password_thread"]

_AT_ONCE = 8
_LIMITER: RunVar[anyio.CapacityLimiter] = RunVar("threads for passwords")
_Given = ParamSpec("_Given")
_Found = TypeVar("_Found")


async def in_password_thread(
    function: Callable[_Given, _Found], *arguments: _Given.args, **named: _Given.kwargs
) -> _Found:
    """What the function returns; whoever comes while all threads are taken waits for his turn."""
    limiter = _LIMITER.get(None)
    if limiter is None:
        limiter = anyio.CapacityLimiter(_AT_ONCE)
        _LIMITER.set(limiter)
    return await anyio.to_thread.run_sync(partial(function, *arguments, **named), limiter=limiter)
