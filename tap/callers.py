"""Who asks: the caller that the application has found in a request's credentials."""

from __future__ import annotations

from starlette.requests import Request

from archive.access import ANONYMOUS, Caller

__all__ = ["caller_of"]


def caller_of(request: Request) -> Caller:
    caller: Caller = getattr(request.state, "caller", ANONYMOUS)
    return caller
