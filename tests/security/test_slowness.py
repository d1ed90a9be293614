"""Clients that keep a connection without asking for anything: what they hold is small, and ends by itself.

How long a head may take, and how large it may be, is in tests/limits.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from frontdesk import connections
from frontdesk.connections import Connection
from tests.security.conftest import SPECTRUM, Site
from tests.serving import listening, serving
from tests.waiting import eventually

_CHUNKED = b"POST /%s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
_PIECE = 50_000


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    async def unread(_request: Request) -> Response:
        return Response(b"ok")

    async def read(request: Request) -> Response:
        return Response(str(len(await request.body())))

    routes = [Route("/unread", unread, methods=["GET", "POST"]), Route("/read", read, methods=["POST"])]
    listener = listening()
    with serving(Starlette(routes=routes), listener):
        yield listener.getsockname()[1]


ENDLESS = {
    "fields after the last chunk": (b"0\r\n", b"a: b\r\n" * (_PIECE // 6)),
    "one field after the last chunk": (b"0\r\na: ", b"a" * _PIECE),
    "the name of a field after the last chunk": (b"0\r\n", b"a" * _PIECE),
    "an extension of a chunk": (b"1;", b"a" * _PIECE),
}


@pytest.mark.parametrize("path", [b"read", b"unread"])
@pytest.mark.parametrize(("begun", "piece"), ENDLESS.values(), ids=ENDLESS)
def test_what_is_around_a_body_ends(
    port: int, monkeypatch: pytest.MonkeyPatch, path: bytes, begun: bytes, piece: bytes
) -> None:
    """Such fields were kept, twenty times as large as they came, as long as more of them did."""
    monkeypatch.setattr(connections, "_LINGER", 0.1)
    patience = time.monotonic() + 10
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client, pytest.raises(ConnectionError):
        client.sendall(_CHUNKED % path + begun)
        while time.monotonic() < patience:
            client.sendall(piece)


def test_small_chunks_are_a_body(port: int) -> None:
    chunks = b"1;a=b\r\na\r\n" * 100_000
    request = _CHUNKED % b"read" + chunks + b"0\r\na: b\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(request)
        assert client.recv(10_000).endswith(b"100000")


@pytest.mark.parametrize("after", [b"a", b"\r\n", b"aaaaaaaaaa\r\n"])
def test_nothing_is_awaited_without_end(port: int, monkeypatch: pytest.MonkeyPatch, after: bytes) -> None:
    """The answer came before the body, and the client goes on slowly, or not at all."""
    monkeypatch.setattr(Connection, "REST_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(b"GET /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
        assert client.recv(10_000).endswith(b"ok")
        client.sendall(after)
        assert client.recv(10_000) == b""


def test_rest_of_an_unread_body_is_followed_by_the_next_request(port: int) -> None:
    get = b"GET /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        for _ in range(3):
            client.sendall(get)
            assert client.recv(10_000).endswith(b"ok")
            for _ in range(10):
                client.sendall(b"a" * 100_000)


def test_one_client_has_its_share_of_the_connections(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "MOST_OF_ONE", 3)
    get = b"GET /unread HTTP/1.1\r\nHost: x\r\n\r\n"
    for _ in range(2):  # those that have ended do not count
        with contextlib.ExitStack() as stack:
            clients = [
                stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
                for _ in range(3)
            ]
            for client in clients:
                client.sendall(get)
                assert client.recv(10_000).endswith(b"ok")
            fourth = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=20))
            with contextlib.suppress(ConnectionError):
                fourth.sendall(get)
                assert fourth.recv(10_000) == b""
        eventually(lambda: not connections._OPEN)


HEADERS = {
    "escapes in a cookie": {"Cookie": 'uraniborg_session="' + "\\0" * 100_000 + '"'},
    "cookies": {"Cookie": "a=b;" * 60_000},
    "ranges": {"Range": "bytes=" + "0-0," * 60_000},
    "ranges far apart": {"Range": "bytes=" + ",".join(f"{n}-{n}" for n in range(0, 60_000, 2))},
    "tags": {"If-None-Match": '"a",' * 60_000},
    "a date": {"If-Modified-Since": "(" * 100_000},
    "a date of commas": {"If-Modified-Since": ", " * 100_000},
    "types": {"Accept": "a/b;q=0.5," * 24_000},
    "codings": {"Accept-Encoding": "gzip;q=0.1," * 20_000},
    "a password": {"Authorization": "Basic " + "QUFB" * 60_000},
    "a token": {"Authorization": "Bearer " + "a.b." * 60_000},
    "blanks": {"Authorization": "Basic" + " " * 200_000},
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_long_headers_are_read_at_once(site: Site, header: dict[str, str]) -> None:
    """They are read where all connections are served: a second for one is a second for everybody."""
    begun = time.monotonic()
    for path in ("/account", "/tap/capabilities", f"/file/{SPECTRUM}"):
        assert site.asking.get(path, headers=header).status < 500
    assert time.monotonic() - begun < 5
