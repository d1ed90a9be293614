"""Who asks: the one place where a request's credentials are looked at, before any route.

Services find the caller in `request.state.caller`. Whoever sends a wrong credential is refused whatever the
route, and never served as if anonymous; what a caller may do is the services' affair. One credential is
looked at: the Authorization header, or the cookie of the pages for who sends none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from archive.access import ANONYMOUS, Caller, Visit, check_scope
from archive.errors import ArchiveError, Unauthenticated

from .challenges import challenges, is_browser
from .password_threads import in_password_thread
from .sessions import Sessions

__all__ = ["Identification", "Identifies", "address_of"]

# What is needed by who has to log in again.
_WITHOUT_SESSION = ("/static/", "/login", "/logout")


class Identifies(Protocol):
    """Whom credentials prove, as `Accounts` knows it. Blocking; raises Unauthenticated for wrong ones."""

    def of(self, authorization: str | None, address: str) -> Caller: ...

    def caller_of_token(self, token: str) -> Caller: ...


class Identification:
    """`refusal` makes the answer to who is refused, in the form that suits the request's scope."""

    def __init__(
        self,
        app: ASGIApp,
        accounts: Identifies,
        base_url: str,
        refusal: Callable[[ArchiveError, Scope], Response],
    ) -> None:
        self._app = app
        self._accounts = accounts
        self._base_url = base_url
        self._sessions = Sessions(base_url)
        self._refusal = refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        by_cookie = False
        try:
            authorization = _authorization(scope)
            session = self._sessions.token(scope) if authorization is None else None
            by_cookie = session is not None
            caller = await self._caller(scope, authorization, session)
            check_scope(caller, scope["method"], scope["path"])
        except ArchiveError as error:
            response = self._refusal(error, scope)
            if by_cookie and error.status == Unauthenticated.status:
                self._sessions.end(response)
            await response(scope, receive, self._telling(scope, ANONYMOUS, send))
            return
        scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, self._telling(scope, caller, send))

    async def _caller(self, scope: Scope, authorization: str | None, session: str | None) -> Caller:
        if authorization is not None:
            has_password = authorization.lstrip()[:6].lower() == "basic "
            run = in_password_thread if has_password else run_in_threadpool
            return await run(self._accounts.of, authorization, address_of(scope))
        if session is None:
            return ANONYMOUS
        try:
            caller = await run_in_threadpool(self._accounts.caller_of_token, session)
        except Unauthenticated:
            if scope["path"].startswith(_WITHOUT_SESSION):
                return ANONYMOUS
            raise Unauthenticated("your session has ended", hint="log in again, or go on without") from None
        self._sessions.check_origin(scope)
        scope.setdefault("state", {})["session"] = session
        return caller

    def _telling(self, scope: Scope, caller: Caller, send: Send) -> Send:
        """Says who was identified (IVOA SSO 2.0, 2.1), or how that is done."""
        # Clients look there for how to identify themselves, before they are refused anywhere.
        offered = caller.is_anonymous and scope["path"].endswith("/capabilities")

        async def send_telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                _keep_apart(message, caller)
                if message["status"] == 401 or offered:
                    lines = challenges(self._base_url, browser=is_browser(scope))
                    message["headers"] = [
                        *(pair for pair in message["headers"] if pair[0].lower() != b"www-authenticate"),
                        *((b"www-authenticate", line) for line in lines),
                    ]
            await send(message)

        return send_telling


def address_of(scope: Scope) -> str:
    """The client's, as far as it is known (`limiting`)."""
    visit: Visit | None = scope.get("state", {}).get("visit")
    return visit.address if visit is not None else ""


def _authorization(scope: Scope) -> str | None:
    sent = [value.decode("latin-1") for name, value in scope["headers"] if name == b"authorization"]
    if len(sent) > 1:
        raise Unauthenticated("there are several Authorization headers", hint="send one")
    return sent[0] if sent else None


def _keep_apart(message: Message, caller: Caller) -> None:
    """Names who was identified, and keeps caches from giving what one got to another (RFC 9111, 3.5, 4.1).

    Whoever is refused now may have rights, or a file be there, in a moment.
    """
    headers = MutableHeaders(scope=message)
    kept = headers.get("Cache-Control", "")
    if caller.is_anonymous:
        if not kept and message["status"] >= 400:
            headers["Cache-Control"] = kept = "no-store"
        # What says something itself is asked for again before it is used.
        if kept:
            return
    else:
        headers["X-VO-Authenticated"] = caller.name
        if "no-store" in kept:
            return
        if "private" not in kept:
            headers["Cache-Control"] = "private, no-cache"
    headers.add_vary_header("Authorization, Cookie")
