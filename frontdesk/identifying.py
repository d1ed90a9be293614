"""Who asks: the one place where a request's credentials are looked at, before any route.

Services find the caller in `request.state.caller`. Whoever sends a wrong credential is refused whatever the
route, and never served as if anonymous; what a caller may do is the services' affair.
"""

from __future__ import annotations

from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from archive.access import Callers
from archive.errors import Unauthenticated
from archive.protocol import Style, failure_response

__all__ = ["Identification"]


class Identification:
    """`style` tells the form of a refusal from the scope of its request."""

    def __init__(self, app: ASGIApp, callers: Callers, style: Callable[[Scope], Style]) -> None:
        self._app = app
        self._callers = callers
        self._style = style

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
        try:
            if len(sent) > 1:
                raise Unauthenticated("there are several Authorization headers", hint="send one")
            caller = self._callers.of(sent[0] if sent else None)
        except Unauthenticated as error:
            await failure_response(error, self._style(scope))(scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send if caller.is_anonymous else _naming(caller.name, send))


def _naming(name: str, send: Send) -> Send:
    """IVOA SSO 2.1: the answer to somebody identified says who that is."""

    async def send_naming(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message)["X-VO-Authenticated"] = name
        await send(message)

    return send_naming
