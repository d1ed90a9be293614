"""Files going from the disk to clients by sendfile, on a real server: slow, hasty and faithless clients."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.protocol.files import StoredFile, file_response
from frontdesk.log import AccessLog
from tests.serving import listening, serving
from tests.waiting import eventually

SIZE = 24_000_001
CONTENT = np.random.default_rng(7).bytes(SIZE)
GET = b"GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("transfers")
    (folder / "large").write_bytes(CONTENT)
    (folder / "empty").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def port(folder: Path) -> Iterator[int]:
    async def answer(request: Request) -> Response:
        path = folder / request.path_params["name"]
        size = int(request.query_params.get("size", path.stat().st_size))
        file = StoredFile(
            path, path.name, "application/fits", size, "0" * 64, datetime(2026, 1, 1, tzinfo=UTC)
        )
        return file_response(request, file)

    async def hello(_request: Request) -> Response:
        return Response("hello")

    app = Starlette(routes=[Route("/hello", hello), Route("/{name}", answer)])
    with listening() as listener, serving(AccessLog(app), listener):
        yield listener.getsockname()[1]


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.INFO, "uraniborg")
    return lambda: [record.getMessage() for record in caplog.records]


def open_files(path: Path) -> int:
    """How often this process, in which the server runs, has a file open."""
    found = 0
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found += os.readlink(f"/proc/self/fd/{descriptor}") == str(path)
    return found


def sockets() -> int:
    found = 0
    for descriptor in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found += os.readlink(f"/proc/self/fd/{descriptor}").startswith("socket:")
    return found


def received(client: socket.socket) -> bytes:
    """Everything until the server closes."""
    parts = []
    while part := client.recv(1 << 20):
        parts.append(part)
    return b"".join(parts)


def test_a_connection_serves_file_after_file(port, log):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        for _ in range(3):
            connection.request("GET", "/large")
            assert connection.getresponse().read() == CONTENT
            connection.request("GET", "/hello")
            assert connection.getresponse().read() == b"hello"
            connection.request("GET", "/empty")
            assert connection.getresponse().read() == b""
            connection.request("HEAD", "/large")
            answer = connection.getresponse()
            assert (answer.read(), answer.headers["content-length"]) == (b"", str(SIZE))
    eventually(lambda: sum(f"GET /large 200 {SIZE} B" in line for line in log()) == 3)


def test_pipelined_requests_are_answered_in_order(port):
    requests = GET % (b"/large", b"") + GET % (b"/hello", b"") + GET % (b"/large", b"Connection: close\r\n")
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(requests)
        answer = received(client)
    first, hello, second = answer.split(b"HTTP/1.1 200 OK\r\n")[1:]
    assert first.partition(b"\r\n\r\n")[2] == CONTENT == second.partition(b"\r\n\r\n")[2]
    assert hello.endswith(b"\r\n\r\nhello")


def test_clients_of_http_1_0_get_all_of_it(port):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as client:
        client.sendall(b"GET /large HTTP/1.0\r\n\r\n")
        assert received(client).partition(b"\r\n\r\n")[2] == CONTENT


def test_a_slow_client_gets_everything_and_keeps_nobody_waiting(port):
    with socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(("127.0.0.1", port))
        slow.sendall(GET % (b"/large", b"Connection: close\r\n"))
        digest, size, start = hashlib.sha256(), 0, b""
        while b"\r\n\r\n" not in start:
            start += slow.recv(1000)
        # The headers may come alone.
        body = start.partition(b"\r\n\r\n")[2] or slow.recv(1000)
        while body:
            digest.update(body)
            size += len(body)
            if size < 200_000:
                with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as other:
                    other.request("GET", "/hello")
                    assert other.getresponse().read() == b"hello"
            body = slow.recv(20_000 if size < 200_000 else 1 << 20)
    assert (size, digest.digest()) == (SIZE, hashlib.sha256(CONTENT).digest())


@pytest.mark.parametrize("way", ["closes", "resets", "has pipelined and closes"])
def test_a_client_that_leaves_leaves_nothing_behind(port, folder, log, way):
    before = sockets()
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    client.sendall(GET % (b"/large", b"") * (3 if way.startswith("has") else 1))
    client.recv(100_000)
    eventually(lambda: open_files(folder / "large") == 1)
    if way == "resets":
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    eventually(lambda: open_files(folder / "large") == 0 and sockets() == before)
    eventually(lambda: any(line.endswith("broken off") for line in log()))
    assert not any("incident" in line for line in log())


def test_many_at_once(port, folder):
    clients = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(40)]
    for client in clients:
        client.sendall(GET % (b"/large", b"Range: bytes=1000-4000999\r\nConnection: close\r\n"))
    for client in clients:
        with client:
            assert received(client).partition(b"\r\n\r\n")[2] == CONTENT[1000:4_001_000]
    eventually(lambda: open_files(folder / "large") == 0)


def test_a_file_that_ends_too_early_is_no_whole_answer(port, log):
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", f"/large?size={SIZE + 10_000_000}")
        with pytest.raises(http.client.IncompleteRead):
            connection.getresponse().read()
    eventually(lambda: any("cut off" in line for line in log()))


def test_many_parts(port):
    ranges = [(1, 2_500_000), (5_000_000, 5_000_010), (SIZE - 3, SIZE)]
    asked = ",".join(f"{first}-{end - 1}" for first, end in ranges)
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as connection:
        connection.request("GET", "/large", headers={"Range": f"bytes={asked}"})
        answer = connection.getresponse()
        boundary = answer.headers["content-type"].partition("boundary=")[2].encode()
        body = answer.read()
    assert answer.status == 206 and len(body) == int(answer.headers["content-length"])
    parts = body.split(b"\r\n--" + boundary)[1:-1]
    assert body.endswith(b"\r\n--" + boundary + b"--\r\n")
    for part, (first, end) in zip(parts, ranges, strict=True):
        head, _, content = part.partition(b"\r\n\r\n")
        assert f"Content-Range: bytes {first}-{end - 1}/{SIZE}".encode() in head
        assert content == CONTENT[first:end]
