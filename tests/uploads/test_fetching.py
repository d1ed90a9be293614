"""Tables fetched from addresses: only from where the operator allows, over a real server."""

from __future__ import annotations

import gzip
import http.server
import socket
import threading
import time
from collections.abc import Iterator
from typing import ClassVar

import pytest

from archive.errors import TooLarge, UsageError
from archive.protocol.fetching import fetch
from tests.tap.conftest import tap_client
from tests.uploads.conftest import asking
from tests.uploads.documents import field, tabledata, votable

TABLE = votable([field("n", "int")], tabledata([["1"], ["2"]]))
HERE = ["127.0.0.1"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]] = []

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        Handler.asked.append(self.path)
        path, _, rest = self.path.partition("?")
        match path:
            case "/table.vot":
                self.answer(TABLE)
            case "/table.vot.gz":
                self.answer(gzip.compress(TABLE))
            case "/large":
                self.answer(TABLE + b" " * 100_000)
            case "/chunked":
                self.send_response(200)
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for _ in range(1000):
                    self.wfile.write(b"400\r\n" + b"x" * 1024 + b"\r\n")
            case "/short":
                self.send_response(200)
                self.send_header("Content-Length", "1000000")
                self.end_headers()
                self.wfile.write(TABLE)
                self.close_connection = True
            case "/drip":
                self.send_response(200)
                self.end_headers()
                self.close_connection = True
                for _ in range(300):
                    self.wfile.write(b"x")
                    time.sleep(0.1)
            case "/to":
                self.send_response(302)
                self.send_header("Location", rest)
                self.send_header("Content-Length", "0")
                self.end_headers()
            case _:
                self.send_error(404)

    def answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Clients that leave are what this is about."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def got(tmp_path, url: str, hosts=HERE, most_bytes: int = 50_000, seconds: float = 30.0) -> bytes:
    target = tmp_path / "fetched"
    assert fetch(url, target, hosts=hosts, most_bytes=most_bytes, seconds=seconds) == target.stat().st_size
    return target.read_bytes()


def refused(tmp_path, url: str, hosts=HERE, **limits) -> str:
    with pytest.raises(UsageError) as raised:
        got(tmp_path, url, hosts, **limits)
    return raised.value.message


def test_fetched(tmp_path, port):
    assert got(tmp_path, f"http://127.0.0.1:{port}/table.vot") == TABLE
    assert got(tmp_path, f"http://localhost:{port}/table.vot", ["127.0.0.0/8", "::1"]) == TABLE
    assert got(tmp_path, f"http://127.0.0.1:{port}/to?/table.vot") == TABLE
    assert got(tmp_path, f"http://127.0.0.1:{port}/to?http://127.0.0.1:{port}/to?/table.vot") == TABLE


def test_proxies_of_the_environment_are_not_asked(tmp_path, port, monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    assert got(tmp_path, f"http://127.0.0.1:{port}/table.vot") == TABLE


@pytest.mark.parametrize(
    ("host", "hosts"),
    [
        ("127.0.0.1", []),
        ("127.0.0.1", ["*"]),
        ("localhost", ["*"]),
        ("localhost", ["localhost"]),
        ("localhost", ["data.example.org"]),
        ("2130706433", ["*"]),
        ("0x7f000001", ["*"]),
        ("127.1", ["*"]),
        ("0.0.0.0", ["*"]),
        ("[::1]", ["*"]),
        ("[::ffff:127.0.0.1]", ["*"]),
        ("[64:ff9b::7f00:1]", ["*"]),
        ("[2002:7f00:1::]", ["*"]),
        ("10.0.0.1", ["*"]),
        ("192.168.1.1", ["*", "10.0.0.0/8"]),
        ("169.254.169.254", ["*"]),
        ("100.64.0.1", ["*"]),
        ("224.0.0.1", ["*"]),
        ("[ff02::1]", ["*"]),
        ("[fe80::1]", ["*"]),
        ("[fd00::1]", ["*"]),
        ("127.0.0.2", HERE),
    ],
)
def test_addresses_within_are_not_asked(tmp_path, port, host, hosts):
    Handler.asked.clear()
    message = refused(tmp_path, f"http://{host}:{port}/table.vot", hosts)
    assert "is not among the hosts" in message
    assert Handler.asked == []


def test_redirections_are_judged_like_addresses(tmp_path, port):
    there = f"http://127.0.0.1:{port}/to?"
    assert "not among the hosts" in refused(tmp_path, f"{there}http://127.0.0.2:{port}/table.vot")
    assert "is not fetched" in refused(tmp_path, f"{there}file:/etc/passwd")
    assert "is not fetched" in refused(tmp_path, f"{there}ftp://127.0.0.1/x")
    assert "ever more" in refused(tmp_path, f"{there}/to?/to?/to?/table.vot")


@pytest.mark.parametrize(
    "url",
    [
        "http://",
        "http:///table.vot",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nHost: x",
        "http://[::1/",
        "http://user:secret@127.0.0.1/",
        "gopher://127.0.0.1/",
        "//127.0.0.1/",
        "http://127.0.0.1/é",
    ],
)
def test_what_is_no_address(tmp_path, url):
    assert refused(tmp_path, url)


def test_sizes_and_times_have_limits(tmp_path, port):
    with pytest.raises(TooLarge):
        got(tmp_path, f"http://127.0.0.1:{port}/large")
    with pytest.raises(TooLarge):
        got(tmp_path, f"http://127.0.0.1:{port}/chunked")
    assert "was too slow" in refused(tmp_path, f"http://127.0.0.1:{port}/drip", seconds=1.0)
    assert "broke off" in refused(tmp_path, f"http://127.0.0.1:{port}/short", most_bytes=2_000_000)
    assert "answered 404" in refused(tmp_path, f"http://127.0.0.1:{port}/nothing")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert "was too slow" in refused(tmp_path, address, seconds=1.0)
    assert "cannot be reached" in refused(tmp_path, address)


def test_https_needs_a_certificate_that_can_be_trusted(tmp_path, port):
    assert "cannot be trusted" in refused(tmp_path, f"https://127.0.0.1:{port}/table.vot")


def test_a_query_with_a_table_from_elsewhere(stars, tmp_path, port):
    with tap_client(stars, tmp_path, upload_hosts=("127.0.0.1",), upload_bytes=50_000) as client:
        ask = asking(client)
        base = f"http://127.0.0.1:{port}"
        for name in ("table.vot", "table.vot.gz", "to?/table.vot"):
            answer = ask("SELECT n FROM TAP_UPLOAD.t ORDER BY n", f"t,{base}/{name}")
            assert answer.json()["data"] == [[1], [2]]
        both = ask(
            "SELECT COUNT(*) FROM TAP_UPLOAD.t, TAP_UPLOAD.u", f"t,{base}/table.vot;u,param:u", u=TABLE
        )
        assert both.json()["data"] == [[4]]
        # They are no part of the request, so GET can have them too.
        parameters = {"LANG": "ADQL", "QUERY": "SELECT n FROM TAP_UPLOAD.t", "UPLOAD": f"t,{base}/table.vot"}
        assert client.get("/sync", params=parameters).status_code == 200
        assert ask("SELECT n FROM TAP_UPLOAD.t", f"t,{base}/large").status_code == 413
        assert "answered 404" in ask("SELECT n FROM TAP_UPLOAD.t", f"t,{base}/nothing").text
        capabilities = client.get("/capabilities").text
        assert "#upload-https" in capabilities and "#upload-inline" in capabilities
