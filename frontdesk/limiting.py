"""Who asks too often, tries passwords or takes too much is asked to come again later: 429 with Retry-After.

`Entrance` stands before the identification, and knows the client by his address alone; `Quotas` behind it
knows who asks. Both count in the memory (`archive.access.limiting`). How a recorded download ended is noticed
here too, where its last byte goes by.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from archive.access import ANONYMOUS, Caller, Ending, Visit, end_releases
from archive.access.limiting import Buckets, client_address, limited_part
from archive.config import Config
from archive.database import Database
from archive.errors import ArchiveError, TooMany

__all__ = ["Entrance", "Quotas"]

_log = logging.getLogger("uraniborg")
_MINUTE, _DAY = 60.0, 86_400.0
# Below these lie files, and what is made of them.
_DOWNLOADS = ("/file/", "/dataPortal/", "/soda/", "/spectrum/", "/preview/")
# Where passwords are tried without a header that says so: each request counts.
_LOGINS = frozenset(
    {"/login", "/login/cookie", "/sso/oidc/token", "/auth/refresh"}
    | {f"/account/{name}" for name in ("register", "verify", "forgotten", "reset", "password", "email")}
)
_CREDENTIALS = frozenset({b"authorization", b"cookie"})

# The answer to a request that is refused, in the form that suits it.
Refusal = Callable[[ArchiveError, Scope], Response]


class Entrance:
    """Finds out from where a request comes, and keeps who tries many credentials from trying more."""

    def __init__(self, app: ASGIApp, config: Config, refusal: Refusal) -> None:
        self._app = app
        self._refusal = refusal
        self._trusted = config.proxy_networks
        self._passwords = Buckets(config.login_attempts_per_minute, _MINUTE)
        # Nobody guesses a token, but finding out that there is none such takes a look into the database.
        self._tokens = Buckets(config.anonymous_requests_per_minute, _MINUTE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit = Visit(self._address(scope), content=scope["method"] != "HEAD")
        scope.setdefault("state", {})["visit"] = visit
        part, attempts = limited_part(visit.address), self._attempts(scope)
        if attempts is None or not part:
            await self._app(scope, receive, send)
            return
        if seconds := attempts.wait(part):
            error = _too_many(f"too many logins from {visit.address}", seconds)
            await self._refusal(error, scope)(scope, receive, send)
            return
        always = scope["path"] in _LOGINS

        async def noticing(message: Message) -> None:
            if message["type"] == "http.response.start" and (always or message["status"] == 401):
                attempts.take(part)
            await send(message)

        await self._app(scope, receive, noticing)

    def _address(self, scope: Scope) -> str:
        peer = scope.get("client")
        if peer is None:
            return ""
        forwarded: list[str] = []
        if self._trusted:
            forwarded = [
                value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"
            ]
        return client_address(peer[0], forwarded, self._trusted)

    def _attempts(self, scope: Scope) -> Buckets | None:
        """By what the failures of a request are counted; None for one that can fail to prove nothing."""
        if scope["path"] in _LOGINS and (scope["method"] == "POST" or scope["query_string"]):
            return self._passwords
        for name, value in scope["headers"]:
            if name in _CREDENTIALS:
                return self._passwords if value[:6].lower() == b"basic " else self._tokens
        return None


class Quotas:
    """Counts the requests and the downloads of each account, and of each address without one."""

    def __init__(self, app: ASGIApp, config: Config, database: Database, refusal: Refusal) -> None:
        self._app = app
        self._database = database
        self._refusal = refusal
        self._anonymous = Buckets(config.anonymous_requests_per_minute, _MINUTE)
        self._users = Buckets(config.user_requests_per_minute, _MINUTE)
        self._anonymous_bytes = Buckets(config.anonymous_download_bytes_per_day, _DAY)
        self._user_bytes = Buckets(config.user_download_bytes_per_day, _DAY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        caller: Caller = state.get("caller", ANONYMOUS)
        visit: Visit = state.setdefault("visit", Visit())
        if caller.is_anonymous:
            key, requests, bytes = limited_part(visit.address), self._anonymous, self._anonymous_bytes
        else:
            key, requests, bytes = caller.name, self._users, self._user_bytes
            visit.token = caller.token
            state["caller"] = replace(caller, visit=visit)
        is_download = scope["path"].startswith(_DOWNLOADS)
        refused = self._refused(key, requests, bytes if is_download else None)
        if refused is not None:
            await self._refusal(refused, scope)(scope, receive, send)
        elif is_download or not caller.is_anonymous:
            sending = _Sending(send)
            try:
                await self._app(scope, receive, sending)
            finally:
                if is_download:
                    bytes.take(key, sending.bytes)
                if visit.downloads:
                    await run_in_threadpool(self._end, visit, sending)
        else:
            await self._app(scope, receive, send)

    def _refused(self, key: str, requests: Buckets, bytes: Buckets | None) -> TooMany | None:
        """Why this request is not answered now, if it is not."""
        if seconds := requests.granted(key):
            return _too_many(f"too many requests of {key} in a minute", seconds)
        if bytes is not None and (seconds := bytes.wait(key)):
            return _too_many(f"{key} has downloaded too many bytes in a day", seconds)
        return None

    def _end(self, visit: Visit, sending: _Sending) -> None:
        try:
            with self._database.writer() as connection:
                end_releases(connection, visit.downloads, sending.bytes, sending.ending)
        except ArchiveError as error:
            # That they began is recorded, and that is what counts.
            _log.warning("the end of %d downloads was not recorded: %s", len(visit.downloads), error)


class _Sending:
    """Passes an answer on, and knows then what went out."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._status = 0
        self._complete = False
        self.bytes = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
        else:
            # A part of a file is told by its length.
            self.bytes += message["count"] if "count" in message else len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
        await self._send(message)

    @property
    def ending(self) -> Ending:
        if not self._complete:
            return Ending.BROKEN_OFF
        return Ending.COMPLETE if self._status in {200, 206} and self.bytes else Ending.NOTHING


def _too_many(what: str, seconds: float) -> TooMany:
    wait = math.ceil(seconds)
    return TooMany(what, retry_after=wait, hint=f"come again in {wait} s")
