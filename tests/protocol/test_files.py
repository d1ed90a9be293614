"""Files over HTTP: whole, in ranges, not again, and under names that clients can use."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from archive.protocol.files import StoredFile, disposition, file_response
from tests.serving import listening, serving

CONTENT = bytes(range(256)) * 8000
ETAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "stored~0123.fits"
    path.write_bytes(CONTENT)
    file = StoredFile(
        path,
        "UVES.2010-04-22T03:57:21.123.fits",
        "application/fits",
        len(CONTENT),
        hashlib.sha256(CONTENT).hexdigest(),
        datetime(2026, 1, 2, 3, 4, 5, 678, UTC),
    )

    async def answer(request: Request):
        return file_response(request, file)

    with (
        serving(Starlette(routes=[Route("/", answer)]), listening()) as address,
        httpx.Client(base_url=address) as client,
    ):
        yield client


def test_whole(client):
    answer = client.get("/")
    assert answer.content == CONTENT
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["content-type"] == "application/fits"
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.headers["etag"] == ETAG
    assert answer.headers["last-modified"] == "Fri, 02 Jan 2026 03:04:05 GMT"
    digest = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()
    assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"


def test_head_says_the_same_without_a_body(client):
    got, asked = client.get("/"), client.head("/")
    assert asked.content == b""
    assert dict(asked.headers, date="") == dict(got.headers, date="")


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=2047999-", 2047999, 2048000),
        ("bytes=-5", 2047995, 2048000),
        ("bytes=10-99999999", 10, 2048000),
    ],
)
def test_range(client, asked, start, end):
    answer = client.get("/", headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.content == CONTENT[start:end]
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"
    assert answer.headers["content-length"] == str(end - start)


def test_several_ranges(client):
    answer = client.get("/", headers={"Range": "bytes=0-1,10-11"})
    assert answer.status_code == 206
    assert answer.headers["content-type"].startswith("multipart/byteranges")
    assert answer.content.count(b"Content-Range: bytes") == 2


@pytest.mark.parametrize(
    "asked", ["bytes=0-1,2048000-", "bytes=,-0,0-1,9999999-", "Bytes = 0-1 , 3000000-3000001"]
)
def test_ranges_beyond_the_end_beside_others_are_left_out(client, asked):
    answer = client.get("/", headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, CONTENT[:2])


@pytest.mark.parametrize(
    "asked", [",".join(["0-"] * 5000), ",".join(f"{2 * number}-{2 * number}" for number in range(10_000))]
)
def test_thousands_of_ranges_are_no_more_than_the_file(client, asked):
    answer = client.get("/", headers={"Range": f"bytes={asked}"})
    assert answer.status_code in {200, 206}
    assert len(answer.content) <= 2 * len(CONTENT)


@pytest.mark.parametrize("asked", ["bytes=2048000-", "bytes=-0", "bytes=3000000-,4000000-"])
def test_range_beyond_the_end(client, asked):
    answer = client.get("/", headers={"Range": asked})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize(
    "asked",
    [
        "bytes",
        "bytes=",
        "bytes=a-b",
        "rows=1-2",
        "bytes=-",
        "bytes=5-2",
        "bytes=0-1,5-2",
        "bytes=0-" + "9" * 5000,
        "bytes=0-1;2-3",
        "bytes=0-1 2-3",
        "bytes=1_0-20",
    ],
)
def test_malformed_range_is_ignored(client, asked):
    assert client.get("/", headers={"Range": asked}).content == CONTENT


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": ETAG}, 304),
        ({"If-None-Match": f'"other", W/{ETAG}'}, 304),
        ({"If-None-Match": "*"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-Modified-Since": "Fri, 02 Jan 2026 03:04:05 GMT"}, 304),
        ({"If-Modified-Since": "Fri, 02 Jan 2026 03:04:04 GMT"}, 200),
        ({"If-Modified-Since": "yesterday"}, 200),
        ({"If-None-Match": '"other"', "If-Modified-Since": "Fri, 02 Jan 2037 03:04:04 GMT"}, 200),
        ({"Range": "bytes=0-9", "If-Range": ETAG}, 206),
        ({"Range": "bytes=0-9", "If-Range": '"other"'}, 200),
        ({"Range": "bytes=0-9", "If-Range": f"W/{ETAG}"}, 200),
        ({"Range": "bytes=0-9", "If-Range": "rubbish"}, 200),
    ],
)
def test_conditions(client, headers, status):
    assert client.get("/", headers=headers).status_code == status


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.fits", 'attachment; filename="a.fits"'),
        ("UVES.2010-04-22T03:57:21.1+1.fits", 'attachment; filename="UVES.2010-04-22T03:57:21.1+1.fits"'),
        ('a"b\\c d.fits', "attachment; filename=\"a_b_c_d.fits\"; filename*=UTF-8''a%22b%5Cc%20d.fits"),
        (
            "é\r\nSet-Cookie: x",
            "attachment; filename=\"___Set-Cookie:_x\"; filename*=UTF-8''%C3%A9%0D%0ASet-Cookie%3A%20x",
        ),
    ],
)
def test_name(name, header):
    assert disposition(name) == header
