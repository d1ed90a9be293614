"""Requests that two servers could read as different ones: such are refused, and what follows is not read.

What stands before the archive decides by its own reading who may ask for what; nobody may slip a second
request past it (RFC 9112, 11.2).
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from tests.serving import listening, serving

_SECOND = b"GET /second HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
_CHUNKS = b"0\r\n\r\n" + _SECOND


def post(headers: bytes, body: bytes = _SECOND, version: bytes = b"1.1") -> bytes:
    return b"POST /first HTTP/%s\r\nHost: x\r\n%s\r\n\r\n%s" % (version, headers, body)


REFUSED = {
    "a length and chunks": post(b"Content-Length: 5\r\nTransfer-Encoding: chunked", _CHUNKS),
    "chunks and a length": post(b"Transfer-Encoding: chunked\r\nContent-Length: 5", _CHUNKS),
    "two lengths": post(b"Content-Length: 0\r\nContent-Length: 5"),
    "one length twice": post(b"Content-Length: 0\r\nContent-Length: 0"),
    "a list of lengths": post(b"Content-Length: 0, 5"),
    "a length with a sign": post(b"Content-Length: +0"),
    "a length below nothing": post(b"Content-Length: -1"),
    "a length beyond 64 bits": post(b"Content-Length: 18446744073709551616"),
    "a length in hexadecimal": post(b"Content-Length: 0x0"),
    "no length": post(b"Content-Length:"),
    "a blank before the colon": post(b"Content-Length : 5"),
    "chunks with a blank before the colon": post(b"Transfer-Encoding : chunked", _CHUNKS),
    "a folded length": post(b"X: y\r\n Content-Length: 5"),
    "a folded coding": post(b"Transfer-Encoding:\r\n chunked", _CHUNKS),
    "a vertical tab": post(b"Transfer-Encoding: \x0bchunked", _CHUNKS),
    "two codings": post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", _CHUNKS),
    "chunks twice": post(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", _CHUNKS),
    "an unknown coding": post(b"Transfer-Encoding: xchunked", _CHUNKS),
    "packed chunks": post(b"Transfer-Encoding: gzip, chunked", _CHUNKS),
    "chunks that are not the last coding": post(b"Transfer-Encoding: chunked, identity", _CHUNKS),
    "chunks of HTTP/1.0": post(b"Connection: keep-alive\r\nTransfer-Encoding: chunked", _CHUNKS, b"1.0"),
    "a line feed alone": post(b"X: y\nContent-Length: 5"),
    "a carriage return alone": post(b"X: y\rContent-Length: 5"),
    "line feeds only": b"GET /first HTTP/1.1\nHost: x\n\n" + _SECOND,
    "a NUL in a value": post(b"X: a\0b"),
    "a NUL in a name": post(b"X\0: a"),
    "a blank in a name": post(b"X Y: a"),
    "no name": post(b": a"),
    "no colon": post(b"Content-Length"),
    "a line feed in the path": b"GET /first\nX: y HTTP/1.1\r\nHost: x\r\n\r\n" + _SECOND,
    "a NUL in the path": b"GET /fi\0rst HTTP/1.1\r\nHost: x\r\n\r\n" + _SECOND,
    "two hosts": b"GET /first HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n" + _SECOND,
    "no host": b"GET /first HTTP/1.1\r\nX: y\r\n\r\n" + _SECOND,
    "a host with a path": b"GET /first HTTP/1.1\r\nHost: x/../y?\r\n\r\n" + _SECOND,
    "HTTP/0.9": b"GET /first\r\n\r\n" + _SECOND,
    "HTTP/2.0": b"GET /first HTTP/2.0\r\nHost: x\r\n\r\n" + _SECOND,
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + _SECOND,
    "a tunnel": b"CONNECT evil.example:80 HTTP/1.1\r\nHost: x\r\n\r\n" + _SECOND,
}
# The first request is read before its body shows what it is.
BROKEN = {
    "a size in hexadecimal with its prefix": b"0x1\r\na\r\n" + _CHUNKS,
    "a negative size": b"-1\r\n\r\n" + _CHUNKS,
    "a size beyond 64 bits": b"10000000000000000\r\n\r\n" + _CHUNKS,
    "a blank after the size": b"0 \r\n\r\n" + _SECOND,
    "line feeds between chunks": b"1\na\n0\n\n" + _SECOND,
    "a line feed in an extension": b"0;a\nb\r\n\r\n" + _SECOND,
    "more than the size": b"1\r\nab\r\n" + _CHUNKS,
    "a length after the last chunk": b"0\r\nContent-Length: 5\r\n\r\n" + _SECOND,
}


@pytest.fixture(scope="module")
def seen() -> list[Request]:
    return []


@pytest.fixture(scope="module")
def port(seen: list[Request]) -> Iterator[int]:
    async def remember(request: Request) -> Response:
        try:
            await request.body()
        except ClientDisconnect:
            return Response(status_code=400)
        seen.append(request)
        return Response(b"ok")

    listener = listening()
    with serving(Starlette(routes=[Route("/{name}", remember, methods=["GET", "POST"])]), listener):
        yield listener.getsockname()[1]


def answered(port: int, request: bytes) -> bytes:
    """All that the server sends before it closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(request)
        answer = b""
        while piece := client.recv(10_000):
            answer += piece
    return answer


@pytest.mark.parametrize("request_", REFUSED.values(), ids=REFUSED)
def test_refused(port: int, seen: list[Request], request_: bytes) -> None:
    seen.clear()
    answer = answered(port, request_)
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1") == 1
    assert b"\r\nConnection: close\r\n" in answer
    assert seen == []


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_chunks_that_are_none(port: int, seen: list[Request], body: bytes) -> None:
    seen.clear()
    answer = answered(port, post(b"Transfer-Encoding: chunked", body))
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1") == 1
    assert seen == []


def test_body_of_a_get_is_no_request(port: int, seen: list[Request]) -> None:
    seen.clear()
    smuggled = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    request = b"GET /first HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(smuggled)
    assert answered(port, request + smuggled + _SECOND).count(b"HTTP/1.1 200 OK") == 2
    assert [request.url.path for request in seen] == ["/first", "/second"]


def test_what_follows_the_last_chunk_is_no_header(port: int, seen: list[Request]) -> None:
    seen.clear()
    body = b"1\r\na\r\n0\r\nAuthorization: Bearer x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n" + _SECOND
    assert answered(port, post(b"Transfer-Encoding: chunked", body)).count(b"HTTP/1.1 200 OK") == 2
    assert [dict(request.headers) for request in seen] == [
        {"host": "x", "transfer-encoding": "chunked"},
        {"host": "x", "connection": "close"},
    ]


def test_what_other_servers_take_for_a_length_is_none(port: int, seen: list[Request]) -> None:
    seen.clear()
    assert answered(port, post(b"Content_Length: 5")).count(b"HTTP/1.1 200 OK") == 2
    assert [request.url.path for request in seen] == ["/first", "/second"]


def test_no_other_protocol_is_spoken(port: int, seen: list[Request]) -> None:
    seen.clear()
    upgrade = (
        b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__"
    )
    answer = answered(port, b"GET /first HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n" % upgrade + _SECOND)
    assert answer.startswith(b"HTTP/1.1 200 OK") and b"101 " not in answer
    assert [request.url.path for request in seen] == ["/first"]
