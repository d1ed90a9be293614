"""What clients can do to connections, on a real server: hold many, hurry, stall; answers without delay."""

from __future__ import annotations

import http.client
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.protocol import StreamedResponse, Workers
from frontdesk.connections import Connection
from tests.serving import listening, serving

# Nagle's algorithm and delayed acknowledgements together cost 40 ms for each small answer in pieces.
STALL = 0.04


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    workers = Workers(4)

    async def whole(_request: Request) -> Response:
        return Response(b"x" * 3000)

    async def pieces(_request: Request) -> StreamedResponse:
        def chunks():
            yield b"x" * 1000
            time.sleep(0.02)  # longer than a small result waits for its end
            yield b"y" * 1000

        return StreamedResponse(workers, chunks(), lambda: None, headers={"Content-Type": "text/plain"})

    with listening() as listener:
        app = Starlette(routes=[Route("/whole", whole), Route("/pieces", pieces)])
        with serving(app, listener):
            yield listener.getsockname()[1]
    workers.close()


@pytest.mark.parametrize("path", ["/whole", "/pieces"])
def test_two_hundred_answers_on_one_connection_without_stalls(port, path):
    taken = []
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        for _ in range(200):
            begin = time.perf_counter()
            connection.request("GET", path)
            assert len(connection.getresponse().read()) in {2000, 3000}
            taken.append(time.perf_counter() - begin)
    # Not the slowest: the machine may be busy. With stalls nearly each one takes as long.
    assert statistics.median(taken) < STALL


def test_answers_leave_without_waiting_for_acknowledgements(port):
    seen = []
    made = Connection.connection_made

    def look(self, transport):
        made(self, transport)
        seen.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "connection_made", look)
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            connection.request("GET", "/whole")
            connection.getresponse().read()
    assert seen
    assert all(seen)


def test_hundreds_of_idle_connections_shut_nobody_out(port):
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(500)]
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
            connection.request("GET", "/whole")
            assert connection.getresponse().status == 200
    finally:
        for each in idle:
            each.close()


def test_pipelined_requests_are_answered_one_after_the_other(port):
    """A thousand requests at once are no thousand answers in memory: the next waits for the one before."""
    request = b"GET /whole HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(request * 999 + b"GET /whole HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = 0
        answers = 0
        while piece := client.recv(1 << 20):
            received += len(piece)
            answers += piece.count(b"HTTP/1.1 200 OK")
    assert received > 3_000_000
    assert 990 <= answers <= 1000  # a few may lie across two pieces


@pytest.mark.parametrize(
    ("length", "status"),
    [(60_000, b"HTTP/1.1 200 OK"), (70_000, b"HTTP/1.1 414 "), (250_000, b"HTTP/1.1 414 ")],
)
def test_long_addresses_are_told_to_be_so(port, length, status):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(b"GET /whole?" + b"q" * length + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b""
        while piece := client.recv(1 << 20):
            answer += piece
    assert answer.startswith(status)
    assert answer.count(b"HTTP/1.1") == 1
    assert (b"by POST" in answer) == (b"414" in status)


def test_connection_without_a_request_ends(port, monkeypatch):
    monkeypatch.setattr(Connection, "HEAD_SECONDS", 0.3)
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        assert b"408" in client.recv(1000)
