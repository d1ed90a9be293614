"""Requests with files: spooled while they arrive, within limits, and gone afterwards."""

from __future__ import annotations

import hashlib
import os
import socket
import tempfile
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from archive.errors import ArchiveError
from archive.protocol import Style, failure_response
from archive.protocol.requests import SPOOL_PREFIX, RequestLimits, clear_spool, read_request
from tests.serving import listening, serving

FIELDS, FILES, PARTS = 3_000_000, 8_000_000, 50


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("spool")


@pytest.fixture(scope="module")
def client(folder: Path):
    async def describe(request: Request):
        with await read_request(request, RequestLimits(FIELDS, FILES, PARTS)) as received:
            return JSONResponse(
                {
                    "pairs": [[name, len(value), value[:20]] for name, value in received.pairs],
                    "files": {
                        name: [
                            file.bytes,
                            file.file_name,
                            file.media_type,
                            hashlib.sha256(file.path.read_bytes()).hexdigest(),
                        ]
                        for name, file in received.files.items()
                    },
                    "spooled": len(list(folder.rglob("*"))),
                }
            )

    async def failure(request: Request, error: Exception):
        assert isinstance(error, ArchiveError)
        return failure_response(error, Style.JSON)

    app = Starlette(
        routes=[Route("/", describe, methods=["GET", "POST"])], exception_handlers={ArchiveError: failure}
    )
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        with serving(app, listening()) as address, httpx.Client(base_url=address, timeout=30) as client:
            yield client
    finally:
        tempfile.tempdir = before


@pytest.fixture(autouse=True)
def nothing_is_left(folder: Path):
    yield
    assert list(folder.iterdir()) == []


def test_files_and_fields(client):
    content = bytes(range(256)) * 20_000
    files = {
        "a": ("a.vot", content, "application/x-votable+xml"),
        "b": ("ü.vot", b""),
        "QUERY": (None, "SELECT 1"),
    }
    answer = client.post("/?LANG=ADQL", files=files).json()
    assert answer["pairs"] == [["LANG", 4, "ADQL"], ["QUERY", 8, "SELECT 1"]]
    assert answer["files"]["a"] == [
        len(content), "a.vot", "application/x-votable+xml", hashlib.sha256(content).hexdigest(),
    ]  # fmt: skip
    assert answer["files"]["b"][:2] == [0, "ü.vot"]


def test_a_field_of_megabytes_is_legal(client):
    answer = client.post("/", files={"QUERY": (None, "x" * 2_500_000)})
    assert answer.json()["pairs"] == [["QUERY", 2_500_000, "x" * 20]]
    answer = client.post("/", data={"QUERY": "x" * 2_500_000})
    assert answer.json()["pairs"] == [["QUERY", 2_500_000, "x" * 20]]


@pytest.mark.parametrize(
    ("files", "status", "reason"),
    [
        ({"QUERY": (None, "x" * (FIELDS + 1))}, 413, "parameters are larger than 3000000 bytes"),
        ({"t": ("t", b"x" * (FILES + 1))}, 413, "files are larger than 8000000 bytes"),
        ({f"p{i}": (None, "x") for i in range(PARTS + 1)}, 400, "more than 50 parameters"),
        ({f"p{i}": ("f", "x") for i in range(PARTS + 1)}, 400, "more than 50 parameters"),
        ([("t", ("a", b"1")), ("t", ("b", b"2"))], 400, "two files are called t"),
        ({"t": ("t", b"x", "text/plain", {"X-Long": "x" * 20_000})}, 400, "cannot be read"),
    ],
)
def test_refused(client, files, status, reason):
    answer = client.post("/", files=files)
    assert answer.status_code == status
    assert reason in answer.json()["error"]


@pytest.mark.parametrize(
    "content",
    [
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n',
        b'--x\r\nContent-Disposition: form-data; name="t"; filename="t"\r\n\r\nhalf a file',
        b"--x\r\nContent-Disposition: form-data\r\n\r\n1\r\n--x--\r\n",
        b"--x\r\n\r\n1\r\n--x--\r\n",
    ],
)
def test_damaged(client, content):
    answer = client.post("/", content=content, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code == 400
    assert "cannot be read" in answer.json()["error"]


def test_packed_bodies_are_refused(client):
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Encoding": "gzip"}
    assert client.post("/", content=b"\x1f\x8b", headers=headers).status_code == 415


@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "application/x-www-form-urlencoded"])
def test_a_gigabyte_is_refused_when_it_is_announced(client, kind):
    """Not a byte of it is sent."""
    address = httpx.URL(client.base_url)
    with socket.create_connection((address.host, address.port), timeout=30) as sock:
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Type: {kind}\r\nContent-Length: {1 << 30}\r\n\r\n"
        sock.sendall(head.encode())
        assert b" 413 " in sock.recv(4096)


def test_a_million_parameters_are_refused_before_they_have_come(client):
    def parts():
        part = '--x\r\nContent-Disposition: form-data; name="p{}"\r\n\r\n1\r\n'
        for thousand in range(1000):
            yield "".join(part.format(i) for i in range(thousand * 1000, thousand * 1000 + 1000)).encode()

    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = client.post("/", content=parts(), headers=headers)
    assert answer.status_code == 400
    assert "more than 50 parameters" in answer.json()["error"]


def test_what_killed_processes_left_is_removed_when_it_is_old(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    old, new, other = (tmp_path / name for name in (f"{SPOOL_PREFIX}a", f"{SPOOL_PREFIX}b", "other"))
    for made in (old, new, other):
        made.mkdir()
        (made / "0").write_bytes(b"x")
    for made in (old, other):
        os.utime(made, (0, 0))
    clear_spool()
    assert sorted(tmp_path.iterdir()) == sorted([new, other])
