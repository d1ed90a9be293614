"""Streams as clients see them: early and late failures, clients that leave, slow ones, too many of them."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
import time
import zlib
from collections.abc import Callable, Generator, Iterator

import httpx
import pytest
import zstandard
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from archive.errors import ArchiveError, QueryFailed, UsageError
from archive.protocol import StreamedResponse, Style, Workers, failure_response
from tests.serving import listening, serving

Chunks = Generator[bytes, None, None]


@contextlib.contextmanager
def stream(
    make: Callable[[], Chunks],
    cancel: Callable[[], None] = lambda: None,
    count: int = 2,
    patience: float = 5,
    media_type: str = "text/plain",
    **options: float,
) -> Iterator[str]:
    workers = Workers(count, patience, **options)

    async def answer(_request: Request) -> StreamedResponse:
        return StreamedResponse(workers, make(), cancel, headers={"Content-Type": media_type})

    async def failure(_request: Request, error: Exception):
        assert isinstance(error, ArchiveError)
        return failure_response(error, Style.TEXT)

    app = Starlette(routes=[Route("/", answer)], exception_handlers={ArchiveError: failure})
    with serving(app, listening()) as address:
        yield address
    workers.close()


def connected(address: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", httpx.URL(address).port), timeout=10)


def test_everything_arrives_in_order():
    def chunks() -> Chunks:
        for number in range(1000):
            yield b"%d\n" % number

    with stream(chunks) as address:
        assert httpx.get(address).text.split() == [str(number) for number in range(1000)]


def test_everything_arrives_without_chunks_in_http_1_0():
    go_on = threading.Event()

    def chunks() -> Chunks:
        yield b"0\n"
        assert go_on.wait(10)  # else it may be over, and have a length, before anything is sent
        for number in range(1, 10_000):
            yield b"%d\n" % number

    with stream(chunks) as address, connected(address) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        begin = client.recv(65536)
        go_on.set()
        head, _, body = b"".join([begin, *iter(lambda: client.recv(65536), b"")]).partition(b"\r\n\r\n")
    assert b"transfer-encoding" not in head.lower()
    assert b"content-length" not in head.lower()
    assert body.split() == [b"%d" % number for number in range(10_000)]


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
def test_first_bytes_leave_before_the_last_are_made(coding):
    go_on = threading.Event()

    def chunks() -> Chunks:
        yield b"first"
        assert go_on.wait(10)
        yield b"last"

    accepting = {"Accept-Encoding": coding}
    with stream(chunks) as address, httpx.stream("GET", address, headers=accepting) as answer:
        pieces = answer.iter_bytes()
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


def test_failure_after_the_first_byte_resets_connections_that_have_no_chunks():
    def chunks() -> Chunks:
        yield b"some rows"
        raise QueryFailed("the database has gone")

    with stream(chunks) as address, connected(address) as client:
        client.sendall(b"GET / HTTP/1.0\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            while client.recv(65536):
                pass


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


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("br", None),
        ("gzip", "gzip"),
        ("x-gzip", "gzip"),
        ("GZIP;Q=0.5", "gzip"),
        ("*", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("gzip;q=0.2, identity;q=0.8", None),
        ("gzip;q=0, zstd;q=0.000", None),
        ("gzip;q=0, *;q=0.1", None),
        ("zstd;q=2, gzip ; q = 0.1", "gzip"),
        ("zstd;q=x", None),
        ("identity;q=0", None),
        (",;,gzip,,", "gzip"),
    ],
)
def test_coding_is_the_clients_choice(accepted, coding):
    content = b"".join(b"%d\n" % number for number in range(100_000))

    def chunks() -> Chunks:
        for begin in range(0, len(content), 10_000):
            yield content[begin : begin + 10_000]

    with stream(chunks) as address, httpx.Client() as client:
        del client.headers["accept-encoding"]
        answer = client.get(address, headers={} if accepted is None else {"Accept-Encoding": accepted})
        assert answer.headers.get("content-encoding") == coding
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.content == content


@pytest.mark.parametrize("media_type", ["application/vnd.apache.parquet", "image/png", "application/gzip"])
def test_what_is_compressed_is_not_compressed_again(media_type):
    def chunks() -> Chunks:
        yield b"x" * 100_000

    with stream(chunks, media_type=media_type) as address:
        answer = httpx.get(address, headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in answer.headers
        assert answer.content == b"x" * 100_000


@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_part_of_a_compressed_result_is_no_whole(coding):
    def chunks() -> Chunks:
        yield b"some rows"
        time.sleep(0.1)
        raise QueryFailed("the database has gone")

    received = b""
    with stream(chunks) as address:
        port = httpx.URL(address).port
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Encoding: %s\r\n\r\n" % coding.encode())
            with contextlib.suppress(ConnectionResetError):
                while piece := client.recv(65536):
                    received += piece
    assert not received.endswith(b"0\r\n\r\n")  # nor a last chunk
    head, _, chunk = received.partition(b"\r\n\r\n")
    assert b"200 OK" in head
    size, _, body = chunk.partition(b"\r\n")
    if coding == "gzip":
        decoder = zlib.decompressobj(31)
    else:
        decoder = zstandard.ZstdDecompressor().decompressobj()
    assert decoder.decompress(body[: int(size, 16)]) == b"some rows"
    assert not decoder.eof


@pytest.mark.parametrize("coding", ["identity", "gzip", "zstd"])
def test_small_result_is_one_piece_with_its_length(coding):
    def chunks() -> Chunks:
        yield b"a,b\r\n"
        yield b"1,2\r\n"

    with stream(chunks) as address, httpx.Client(headers={"Accept-Encoding": coding}) as client:
        answers = [client.get(address) for _ in range(5)]
        assert {answer.content for answer in answers} == {b"a,b\r\n1,2\r\n"}
        # On a busy machine the thread may not be done in time, but hardly five times.
        assert any("content-length" in answer.headers for answer in answers)


def test_empty_result_has_no_length_to_guess():
    def chunks() -> Chunks:
        return
        yield b""

    with stream(chunks) as address:
        answer = httpx.get(address, headers={"Accept-Encoding": "identity"})
        assert answer.headers["content-length"] == "0"


def test_slow_client_lets_go_of_the_generator():
    closed = threading.Event()
    content = random.Random(3).randbytes(40_000_000)

    def chunks() -> Chunks:
        try:
            for begin in range(0, len(content), 1_000_000):
                yield content[begin : begin + 1_000_000]
        finally:
            closed.set()

    with (
        stream(chunks, stall_seconds=0.2, spool_bytes=100_000_000) as address,
        httpx.stream("GET", address, headers={"Accept-Encoding": "identity"}) as answer,
    ):
        pieces = answer.iter_raw()
        received = next(pieces)
        assert closed.wait(10)  # while most of the result has not been taken
        assert received + b"".join(pieces) == content


def test_disk_takes_what_it_may_and_the_rest_waits():
    content = random.Random(4).randbytes(30_000_000)
    made = 0

    def chunks() -> Chunks:
        nonlocal made
        for begin in range(0, len(content), 1_000_000):
            made += 1
            yield content[begin : begin + 1_000_000]

    with (
        stream(chunks, stall_seconds=0.1, spool_bytes=5_000_000) as address,
        httpx.stream("GET", address, headers={"Accept-Encoding": "identity"}) as answer,
    ):
        pieces = answer.iter_raw()
        received = next(pieces)
        time.sleep(1)
        assert made < 25  # five on the disk, a few in memory, the rest in the network's buffers
        assert received + b"".join(pieces) == content


def test_client_that_leaves_gives_the_room_on_the_disk_back():
    made = threading.Event()

    def chunks() -> Chunks:
        for _ in range(60):
            yield b"x" * 1_000_000
        made.set()

    with stream(chunks, stall_seconds=0.1, spool_bytes=60_000_000) as address:
        for _ in range(3):
            made.clear()
            end = time.monotonic() + 20
            while not made.is_set():
                assert time.monotonic() < end
                with httpx.stream("GET", address, headers={"Accept-Encoding": "identity"}) as answer:
                    pieces = answer.iter_raw()
                    next(pieces)
                    made.wait(1)
