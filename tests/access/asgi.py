"""The application in the process of the test: no socket, no server, and answers as a client has them.

Its event loop runs in a thread of its own, with all that begins and ends with the application. The requests
are made by hand, as a client that does more would take longer than the application.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import unquote, urlencode, urlsplit

from starlette.types import ASGIApp, Message

__all__ = ["Answer", "InProcess", "in_process", "request_scope"]

_Result = TypeVar("_Result")
_SECONDS = 60.0
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]  # by small names; of several of one name the last
    content: bytes

    @property
    def text(self) -> str:
        return self.content.decode("utf-8", "replace")


class InProcess:
    """Asks an application that runs in `loop`."""

    def __init__(self, app: ASGIApp, loop: asyncio.AbstractEventLoop) -> None:
        self._app = app
        self._loop = loop

    def request(
        self,
        method: str,
        address: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        content: bytes = b"",
    ) -> Answer:
        """`address` may have a host; `data` are the fields of a form."""
        sent = {"Host": "archive.example", **(headers or {})}
        if data:
            content, sent = urlencode(data).encode(), {**sent, "Content-Type": _FORM}
        if content or method in {"POST", "PUT", "PATCH"}:
            sent["Content-Length"] = str(len(content))
        return self.run(self._answered(request_scope(method, address, params, sent), content))

    def get(self, address: str, **more: Any) -> Answer:
        return self.request("GET", address, **more)

    def post(self, address: str, **more: Any) -> Answer:
        return self.request("POST", address, **more)

    def run(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(_SECONDS)

    async def _answered(self, scope: dict[str, Any], content: bytes) -> Answer:
        body = [content]
        gone = asyncio.Event()
        status, headers, pieces = 0, {}, []

        async def receive() -> Message:
            if body:
                return {"type": "http.request", "body": body.pop(), "more_body": False}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            nonlocal status, headers
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            else:
                pieces.append(message.get("body", b""))

        await self._app(scope, receive, send)
        gone.set()
        return Answer(status, headers, b"".join(pieces))


def request_scope(
    method: str, address: str, params: Mapping[str, str] | None, headers: Mapping[str, str]
) -> dict[str, Any]:
    """What a server tells of a request (ASGI, HTTP connection scope)."""
    parts = urlsplit(address)
    query = "&".join(part for part in (parts.query, urlencode(params or {})) if part)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": query.replace(" ", "%20").encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 4711),
        "server": ("archive.example", 80),
        "state": {},
    }


@contextlib.contextmanager
def in_process(app: ASGIApp) -> Iterator[InProcess]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        with _lifespan(app, loop):
            yield InProcess(app, loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_SECONDS)
        loop.close()


@contextlib.contextmanager
def _lifespan(app: ASGIApp, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """The application between its start and its end (ASGI, Lifespan Protocol)."""
    said: asyncio.Queue[Message] = asyncio.Queue()
    heard: asyncio.Queue[Message] = asyncio.Queue()

    async def live() -> None:
        await app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, said.get, heard.put)

    async def tell(event: str) -> Message:
        await said.put({"type": f"lifespan.{event}"})
        return await heard.get()

    def wait(work: Coroutine[Any, Any, _Result]) -> _Result:
        return asyncio.run_coroutine_threadsafe(work, loop).result(_SECONDS)

    living = asyncio.run_coroutine_threadsafe(live(), loop)
    assert wait(tell("startup"))["type"] == "lifespan.startup.complete"
    try:
        yield
    finally:
        assert wait(tell("shutdown"))["type"] == "lifespan.shutdown.complete"
        living.result(_SECONDS)
