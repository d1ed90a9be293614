"""From the bytes of a request to name and value pairs, and the limits on the way."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from archive.errors import ArchiveError
from archive.protocol import CrossOrigin, Style, failure_response
from archive.protocol.requests import read_pairs
from tests.serving import listening, serving

LIMIT = 10_000


@pytest.fixture(scope="module")
def client():
    async def echo(request: Request):
        return JSONResponse(await read_pairs(request, LIMIT))

    async def failure(request: Request, error: Exception):
        assert isinstance(error, ArchiveError)
        return failure_response(error, Style.JSON)

    routes = [
        Route("/", echo, methods=["GET", "POST"]),
        Route("/job", echo),
        Route("/job", echo, methods=["POST", "DELETE"]),
        Mount("/files", StaticFiles(directory=Path(__file__).parent)),
    ]
    app = Starlette(
        routes=routes,
        middleware=[Middleware(CrossOrigin, routes=routes)],
        exception_handlers={ArchiveError: failure},
    )
    with serving(app, listening()) as address, httpx.Client(base_url=address) as client:
        yield client


@pytest.mark.parametrize(
    ("sent", "pairs"),
    [
        ("a=1&B=2", [["a", "1"], ["B", "2"]]),
        ("a=x+y%2Bz", [["a", "x y+z"]]),
        ("a=%2525", [["a", "%25"]]),
        ("a=", [["a", ""]]),
        ("a=1;b=2", [["a", "1;b=2"]]),
        ("a=%C3%A9%F0%9F%AA%90", [["a", "é🪐"]]),
        ("", []),
    ],
)
def test_urlencoded(client, sent, pairs):
    assert client.get(f"/?{sent}").json() == pairs
    form = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    assert client.post("/", content=sent, headers=form).json() == pairs


def test_query_string_and_body_together(client):
    assert client.post("/?LANG=ADQL", data={"QUERY": "SELECT 1"}).json() == [
        ["LANG", "ADQL"],
        ["QUERY", "SELECT 1"],
    ]


def test_multipart(client):
    parts = {"QUERY": (None, "SELECT 'é' || '\r\n'"), "LANG": (None, "ADQL")}
    assert client.post("/", files=parts).json() == [["QUERY", "SELECT 'é' || '\r\n'"], ["LANG", "ADQL"]]


@pytest.mark.parametrize(
    ("content", "content_type", "message"),
    [
        (b"a=%FF", "application/x-www-form-urlencoded", "not UTF-8"),
        (b"a=\xff", "application/x-www-form-urlencoded", "not UTF-8"),
        (
            b"&".join(b"a=1" for _ in range(2000)),
            "application/x-www-form-urlencoded",
            "more than 1000 parameters",
        ),
        (b"rubbish", "multipart/form-data; boundary=x", "cannot be read"),
        (b"rubbish", "multipart/form-data", "cannot be read"),
        (b"<xml/>", "text/xml", "a body of type text/xml is not read here"),
        (
            b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
            "not UTF-8",
        ),
    ],
)
def test_refused(client, content, content_type, message):
    answer = client.post("/", content=content, headers={"Content-Type": content_type})
    assert answer.status_code == 400
    assert message in answer.json()["error"]


def test_undecodable_query_string(client):
    assert client.get("/?a=%FF").status_code == 400


def test_body_beyond_the_limit(client):
    announced = client.post("/", data={"a": "x" * LIMIT})
    assert announced.status_code == 413
    chunked = client.post(
        "/",
        content=(b"x" * 1000 for _ in range(100)),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    assert chunked.status_code == 413


def test_every_answer_can_be_read_from_other_pages(client):
    for answer in (client.get("/"), client.get("/?a=%FF"), client.get("/nothing")):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "Content-Range" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/", "GET, HEAD, OPTIONS, POST"),
        ("/job", "DELETE, GET, HEAD, OPTIONS, POST"),
        ("/files/conftest.py", "GET, HEAD, OPTIONS"),
    ],
)
def test_preflight_names_the_methods_there_are(client, path, methods):
    answer = client.options(
        path, headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST"}
    )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-methods"] == answer.headers["allow"] == methods
    assert {"Authorization", "Content-Type", "Range"} <= set(
        answer.headers["access-control-allow-headers"].split(", ")
    )


def test_preflight_of_nothing(client):
    answer = client.options("/nothing", headers={"Origin": "https://example.org"})
    assert answer.status_code == 404
    assert answer.headers["access-control-allow-origin"] == "*"
