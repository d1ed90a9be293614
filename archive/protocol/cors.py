"""Cross-origin access for programs that run in web pages (Aladin Lite, Firefly, PyScript).

Everything anonymous may be read from every page, so one answer fits all: browsers give no answer to a page
from elsewhere that was got with a cookie (Fetch, 3.2.3), and whoever sends a token has it from the user. A
middleware of its own because it must also reach error responses and streams, without buffering anything.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["CrossOrigin"]

_READING = frozenset({"GET", "HEAD"})
_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Range, If-None-Match, If-Modified-Since",
    "Access-Control-Max-Age": "86400",
}
_EXPOSED = (
    "Location, Content-Length, Content-Range, Content-Disposition, Accept-Ranges, ETag, Retry-After, "
    "Repr-Digest, X-VO-Authenticated, WWW-Authenticate"
)


_ALLOWING = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", _EXPOSED.encode()),
)


class CrossOrigin:
    """Around an application with these `routes`, which say which methods an address has.

    An address that has OPTIONS itself answers it itself.
    """

    def __init__(self, app: ASGIApp, routes: Sequence[BaseRoute]) -> None:
        self._app = app
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS" and "OPTIONS" not in (methods := self._methods(scope)) and methods:
            allowed = ", ".join(sorted({*methods, "OPTIONS"}))
            headers = _PREFLIGHT | {"Access-Control-Allow-Methods": allowed, "Allow": allowed}
            await Response(status_code=204, headers=headers)(scope, receive, send)
        else:
            await self._app(scope, receive, _allowing(send))

    def _methods(self, scope: Scope) -> set[str]:
        """Of all routes at the address, as one method may be answered by another route than the next."""
        found: set[str] = set()
        for route in self._routes:
            if route.matches(scope)[0] is not Match.NONE:
                # What is no Route is a folder of files.
                found |= (route.methods if isinstance(route, Route) else None) or _READING
        return found


def _allowing(send: Send) -> Send:
    async def send_allowing(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message.get("headers", ()), *_ALLOWING]
        await send(message)

    return send_allowing
