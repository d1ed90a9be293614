"""WAIT: an answer that is held back until a job's phase changes (UWS 1.1, 2.2.1.3).

Nothing but a coroutine waits: the hub tells it.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request

from ...errors import BadParameter
from .controls import Pairs, parse_phase
from .hub import Hub
from .model import ACTIVE, Job, Phase

__all__ = ["LONGEST", "wait_for_change"]

LONGEST = 60.0  # seconds; clients and what lies between give up at some time, and ask again after an answer


async def wait_for_change(request: Request, hub: Hub, find: Callable[[], Awaitable[Job]]) -> Job:
    """The job, found as soon as the request's WAIT is over."""
    pairs = Pairs(request.query_params.multi_items())
    seconds, believed = _seconds(pairs), _believed(pairs)
    job = await find()
    if seconds == 0 or job.phase not in ACTIVE or (believed is not None and job.phase is not believed):
        return job
    end = asyncio.get_running_loop().time() + seconds
    gone = asyncio.create_task(_disconnected(request))
    try:
        with hub.watching(job.id, job.phase.value) as watch:
            # What happened before the watch began was not told.
            job, before = await find(), job.phase
            while job.phase is before and not gone.done():
                changed = asyncio.create_task(watch.changed.wait())
                left = end - asyncio.get_running_loop().time()
                await asyncio.wait((changed, gone), timeout=left, return_when=asyncio.FIRST_COMPLETED)
                if not changed.done():
                    changed.cancel()
                    break
                watch.changed.clear()
                job = await find()
            return job
    finally:
        gone.cancel()


def _seconds(pairs: Pairs) -> float:
    text = pairs.get("WAIT")
    if text is None:
        return 0.0
    if text == "-1":
        return LONGEST
    if not re.fullmatch(r"\d+", text, re.ASCII):
        raise BadParameter("WAIT", f"{text[:40]!r} is no number of seconds", hint="-1 is as long as possible")
    return min(float(text[:20]), LONGEST)


def _believed(pairs: Pairs) -> Phase | None:
    text = pairs.get("PHASE")
    return None if text is None else parse_phase(text)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
