"""Streams as clients see them: early and late failures, clients that leave, slow ones, too many of them."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Generator, Iterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from archive.errors import ArchiveError, QueryFailed, UsageError
from archive.protocol import StreamedResponse, Style, Workers, failure_response
from tests.serving import listening, serving

Chunks = Generator[bytes, None, None]


@contextlib.contextmanager
def stream(
    make: Callable[[], Chunks], cancel: Callable[[], None] = lambda: None, count: int = 2, patience: float = 5
) -> Iterator[str]:
    workers = Workers(count, patience)

    async def answer(_request: Request) -> StreamedResponse:
        return StreamedResponse(workers, make(), cancel, headers={"Content-Type": "text/plain"})

    async def failure(_request: Request, error: Exception):
        assert isinstance(error, ArchiveError)
        return failure_response(error, Style.TEXT)

    app = Starlette(routes=[Route("/", answer)], exception_handlers={ArchiveError: failure})
    with serving(app, listening()) as address:
        yield address
    workers.close()


def test_everything_arrives_in_order():
    def chunks() -> Chunks:
        for number in range(1000):
            yield b"%d\n" % number

    with stream(chunks) as address:
        assert httpx.get(address).text.split() == [str(number) for number in range(1000)]


def test_first_bytes_leave_before_the_last_are_made():
    go_on = threading.Event()

    def chunks() -> Chunks:
        yield b"first"
        assert go_on.wait(10)
        yield b"last"

    with stream(chunks) as address, httpx.stream("GET", address) as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == b"first"
        go_on.set()
        assert b"".join(pieces) == b"last"


def test_failure_before_the_first_byte_is_an_error_document():
    def chunks() -> Chunks:
        raise UsageError("no such thing")
        yield b""

    with stream(chunks) as address:
        answer = httpx.get(address)
        assert (answer.status_code, answer.text) == (400, "no such thing\n")


def test_failure_after_the_first_byte_breaks_the_connection():
    def chunks() -> Chunks:
        yield b"some rows"
        raise QueryFailed("the database has gone")

    with stream(chunks) as address, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(address)


def test_client_that_leaves_between_chunks_closes_the_generator():
    closed = threading.Event()

    def chunks() -> Chunks:
        try:
            while True:
                yield b"x" * 100_000
        finally:
            closed.set()

    with stream(chunks) as address:
        with httpx.stream("GET", address) as answer:
            next(answer.iter_raw())
        assert closed.wait(5)


def test_client_that_leaves_while_nothing_comes_cancels():
    waiting, cancelled, closed = threading.Event(), threading.Event(), threading.Event()

    def chunks() -> Chunks:
        try:
            waiting.set()
            assert cancelled.wait(10)
            yield b"too late"
        finally:
            closed.set()

    with stream(chunks, cancelled.set) as address:
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(address, timeout=0.3)
        assert waiting.is_set()
        assert closed.wait(5)


def _connection(address: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2])))


def test_slow_client_holds_the_generator_back():
    made = 0

    def chunks() -> Chunks:
        nonlocal made
        while made < 200:
            made += 1
            yield b"x" * 1_000_000

    with (
        stream(chunks) as address,
        socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as client,
    ):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 10_000)
        client.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert client.recv(1000)
        time.sleep(1)
        assert made < 30


def test_too_many_at_once_are_sent_away_with_a_time_to_come_back():
    release = threading.Event()

    def chunks() -> Chunks:
        yield b"working"
        assert release.wait(10)

    with stream(chunks, count=1, patience=0.2) as address, httpx.stream("GET", address) as first:
        next(first.iter_raw())
        answer = httpx.get(address)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        release.set()
