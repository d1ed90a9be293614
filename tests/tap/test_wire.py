"""The protocol below the protocol: bytes as hostile, broken or old clients send them, and what they get."""

from __future__ import annotations

import logging
import socket
import time
from urllib.parse import quote, quote_plus

import httpx
import pytest

from archive.config import Config
from frontdesk.connections import Connection
from frontdesk.server import bind

QUERY = "SELECT schema_name FROM tap_schema.schemas ORDER BY schema_name"
PATH = f"/tap/sync?LANG=ADQL&RESPONSEFORMAT=csv&QUERY={quote(QUERY)}"
FORM = b"POST /tap/sync HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
BODY = f"LANG=ADQL&RESPONSEFORMAT=csv&QUERY={quote_plus(QUERY)}".encode()


def connected(tap: httpx.Client) -> socket.socket:
    return socket.create_connection(("127.0.0.1", tap.base_url.port), timeout=10)


def everything(connection: socket.socket) -> bytes:
    """What comes until the server closes."""
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def say(tap: httpx.Client, *sent: bytes) -> bytes:
    with connected(tap) as connection:
        for piece in sent:
            connection.sendall(piece)
        return everything(connection)


def get(tap: httpx.Client, path: str, *headers: str) -> bytes:
    lines = (f"GET {path} HTTP/1.1", "Host: x", "Connection: close", *headers, "", "")
    return say(tap, "\r\n".join(lines).encode())


@pytest.mark.parametrize(
    ("sent", "text"),
    [
        ("a+b", "a b"),
        ("a%2Bb", "a+b"),
        ("a%252Bb", "a%2Bb"),
        ("100%", "100%"),
        ("%zz%4", "%zz%4"),
        ("%C3%A9", "é"),
    ],
)
def test_escapes_are_undone_once_and_what_is_none_stays(tap, sent, text):
    path = f"/tap/sync?lang=ADQL&format=csv&qUeRy=SELECT+TOP+1+%27{sent}%27+AS+x+FROM+tap_schema.schemas"
    assert f"\r\n{text}\r\n".encode() in get(tap, path)


@pytest.mark.parametrize(
    ("sent", "status"), [("%FF", b"400"), ("%ED%A0%80", b"400"), ("%00", b"400"), ("x", b"400")]
)
def test_what_is_no_text_is_the_clients_fault(tap, sent, status):
    answer = get(tap, f"/tap/sync?LANG=ADQL&QUERY={sent}")
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b'value="ERROR"' in answer


def test_body_in_chunks_and_after_a_question(tap):
    chunked = b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (
        len(BODY),
        BODY,
    )
    assert b"tap_schema" in say(tap, FORM + chunked)
    waiting = b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(BODY)
    with connected(tap) as connection:
        connection.sendall(FORM + waiting)
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(BODY)
        assert b"tap_schema" in everything(connection)


def test_pipelined_requests_are_answered_in_order(tap):
    first = f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    last = b"GET /tap/availability HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = say(tap, first + first + last)
    assert answer.count(b"HTTP/1.1 200 OK") == 3
    assert answer.count(b"tap_schema\r\n") == 2
    assert answer.rstrip().endswith(b"availability>")


@pytest.mark.parametrize(
    "head",
    [
        FORM + b"Content-Length: -5\r\n\r\n",
        FORM + b"Content-Length: 5\r\nContent-Length: 7\r\n\r\nabcdefg",
        FORM + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        FORM + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc",
        b"GET /tap/sync?QUERY=\xe9 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /tap/capabilities HTTP/1.1\r\nbroken header\r\n\r\n",
        b"BREW /tap HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
)
def test_what_is_no_http_is_refused_and_the_connection_closed(tap, head):
    assert say(tap, head).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("sent", [b"GET /" + b"a" * 400_000, b"GET / HTTP/1.1\r\nX: " + b"a" * 400_000])
def test_endless_head_is_refused(tap, sent):
    with connected(tap) as connection:
        connection.sendall(sent)
        assert everything(connection).startswith(b"HTTP/1.1 4")


def test_head_that_does_not_arrive_is_not_waited_for(tap, monkeypatch):
    monkeypatch.setattr(Connection, "HEAD_SECONDS", 0.5)
    begin = time.monotonic()
    for sent in (b"", b"GET / HTTP/1.1\r\nHost:", b"GET /tap/availability HTTP/1.1\r\nHost: x\r\n\r\nGET /"):
        with connected(tap) as connection:
            connection.sendall(sent)
            assert b"408 Request Timeout" in everything(connection)
    assert time.monotonic() - begin < 8


def test_body_that_does_not_arrive_is_not_waited_for(tap, monkeypatch):
    monkeypatch.setattr("archive.protocol.requests._BODY_SECONDS", 0.5)
    with connected(tap) as connection:
        connection.sendall(FORM + b"Connection: close\r\nContent-Length: 500\r\n\r\nLANG=ADQL")
        received = everything(connection)
    assert received.startswith(b"HTTP/1.1 408 ")
    assert b"did not arrive within 0.5 s" in received


def test_client_that_leaves_in_its_request_is_no_incident(tap, caplog):
    caplog.set_level(logging.INFO)
    with connected(tap) as connection:
        connection.sendall(FORM + b"Content-Length: 500\r\n\r\nLANG=ADQL")
    end = time.monotonic() + 5
    while not any(record.getMessage().startswith("POST /tap/sync 499") for record in caplog.records):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert not [record for record in caplog.records if record.getMessage().startswith("incident")]


def test_connections_give_up_clients_that_take_nothing():
    with bind(Config(port=0)) as listener:
        assert listener.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 300_000


@pytest.mark.parametrize(
    "path",
    ["", "/", "/capabilities", "/availability", "/tables", "/tables/ivoa.ObsCore", "/examples", "/nothing"],
)
def test_head_is_get_without_a_body(tap, path):
    whole, head = tap.get(path), tap.head(path)
    assert head.status_code == whole.status_code
    assert head.content == b""
    without = {"date"}
    assert {k: v for k, v in head.headers.items() if k not in without} == {
        k: v for k, v in whole.headers.items() if k not in without
    }


def test_head_of_a_query_does_not_claim_a_length(tap):
    parameters = {"LANG": "ADQL", "QUERY": QUERY}
    head, whole = tap.head("/sync", params=parameters), tap.get("/sync", params=parameters)
    assert "content-length" not in head.headers
    shared = ("content-type", "x-content-type-options", "access-control-allow-origin")
    assert [head.headers[name] for name in shared] == [whole.headers[name] for name in shared]


@pytest.mark.parametrize("path", ["/sync", "/capabilities", "/tables", "/examples"])
def test_methods_that_are_not_there(tap, path):
    for method in ("PUT", "DELETE", "PATCH", "TRACE"):
        answer = tap.request(method, path)
        assert answer.status_code == 405
        allowed = set(answer.headers["allow"].split(", "))
        assert allowed == ({"GET", "HEAD", "POST"} if path == "/sync" else {"GET", "HEAD"})


def test_addresses_do_not_come_from_the_client(tap):
    names = ("Host", "X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Prefix", "X-Original-URL")
    claims = dict.fromkeys(names, "evil.example") | {"Forwarded": "host=evil.example;proto=https"}
    for path in ("", "/capabilities", "/tables", "/examples"):
        answer = tap.get(path, headers=claims)
        assert "evil" not in answer.text
        assert "evil" not in answer.headers.get("location", "")


@pytest.mark.parametrize("name", ["RUNID", "RESPONSEFORMAT", "MAXREC", "LANG", "nobody"])
def test_line_ends_in_parameters_reach_neither_headers_nor_log(tap, name, caplog):
    caplog.set_level(logging.INFO)
    parameters = {"LANG": "ADQL", "QUERY": QUERY} | {name: "csv\r\nX-Evil: 1\r\n\r\nevil line"}
    answer = tap.post("/sync", data=parameters)
    assert "x-evil" not in answer.headers
    assert tap.get("/no%0d%0aevil%20line").status_code == 404
    assert not [record for record in caplog.records if "\n" in record.getMessage()]


def test_a_part_for_each_parameter_but_not_thousands(tap):
    part = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = tap.post("/sync", content=part * 1001 + b"--x--\r\n", headers=headers)
    assert answer.status_code == 400
    assert "more than 1000 parameters" in answer.text


def old(path: str, *headers: str) -> bytes:
    return "\r\n".join((f"GET {path} HTTP/1.0", *headers, "", "")).encode()


@pytest.mark.parametrize("headers", [(), ("Connection: keep-alive",), ("Host: x",)])
def test_old_clients_get_no_chunks(tap, headers):
    head, _, body = say(tap, old(PATH, *headers)).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"transfer-encoding" not in head.lower()
    assert b"connection: close" in head.lower()
    assert body == tap.get(PATH.removeprefix("/tap")).content


def test_old_clients_get_lengths_that_are_known(tap):
    head, _, body = say(tap, old("/tap/capabilities")).partition(b"\r\n\r\n")
    assert f"content-length: {len(body)}".encode() in head.lower()
    assert body == tap.get("/capabilities").content


def test_old_clients_after_others_in_one_connection(tap):
    answer = say(tap, f"GET {PATH} HTTP/1.1\r\nHost: x\r\n\r\n".encode() + old(PATH))
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert b"transfer-encoding" not in answer.rpartition(b"HTTP/1.1 200 OK")[2].lower()
    assert answer.endswith(tap.get(PATH.removeprefix("/tap")).content)
