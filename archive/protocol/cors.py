"""Cross-origin access for programs that run in web pages (Aladin Lite, Firefly, PyScript).

Everything anonymous may be read from every page, so one answer fits all: there are no cookies, and
whoever sends a token has it from the user. A middleware of its own because it must also reach error
responses and streams, without buffering anything.
"""

from __future__ import annotations

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["CrossOrigin"]

_METHODS = "GET, HEAD, POST, PUT, DELETE, OPTIONS"
_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": _METHODS,
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Range, If-None-Match, If-Modified-Since",
    "Access-Control-Max-Age": "86400",
}
_EXPOSED = (
    "Location, Content-Length, Content-Range, Content-Disposition, Accept-Ranges, ETag, Retry-After, "
    "Repr-Digest, X-VO-Authenticated, WWW-Authenticate"
)


class CrossOrigin:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            await Response(status_code=204, headers=_PREFLIGHT | {"Allow": _METHODS})(scope, receive, send)
        else:
            await self._app(scope, receive, _allowing(send))


def _allowing(send: Send) -> Send:
    async def send_allowing(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Access-Control-Expose-Headers"] = _EXPOSED
        await send(message)

    return send_allowing
