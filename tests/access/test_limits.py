"""Rates and quotas: buckets, addresses behind proxies, and what clients are told who ask too much."""

from __future__ import annotations

import asyncio
import math
import tracemalloc
from collections.abc import Awaitable, Callable
from dataclasses import replace
from ipaddress import ip_network
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from archive.access import Caller
from archive.access.limiting import Buckets, client_address, limited_part
from archive.config import Config
from archive.database import Database
from archive.errors import ConfigurationError
from archive.protocol import Style, failure_response
from frontdesk.limiting import Entrance, Quotas

PROXIES = (ip_network("127.0.0.1"), ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


# --- buckets ----------------------------------------------------------------------------------------------


def test_a_bucket_is_emptied_and_fills_again() -> None:
    clock = Clock()
    buckets = Buckets(3, 60, clock=clock)
    assert [buckets.granted("tycho") for _ in range(4)] == [0, 0, 0, pytest.approx(20)]
    assert buckets.granted("kirsten") == 0
    clock.now += 19
    assert buckets.granted("tycho") == pytest.approx(1)
    clock.now += 1.001
    assert buckets.granted("tycho") == 0
    clock.now += 1e6
    assert [buckets.granted("tycho") > 0 for _ in range(4)] == [False, False, False, True]


def test_a_debt_takes_longer() -> None:
    clock = Clock()
    buckets = Buckets(100, 10, clock=clock)
    buckets.take("tycho", 150)
    assert buckets.wait("tycho") == pytest.approx(5.1)
    clock.now += 5.2
    assert buckets.wait("tycho") == 0


@pytest.mark.parametrize(("capacity", "key"), [(0, "tycho"), (1, "")])
def test_what_is_not_limited(capacity: int, key: str) -> None:
    buckets = Buckets(capacity, 60)
    assert [buckets.granted(key) for _ in range(100)] == [0] * 100
    assert len(buckets) == 0


def test_memory_is_bounded_whoever_asks() -> None:
    clock = Clock()
    buckets = Buckets(2, 60, most=1000, clock=clock)
    tracemalloc.start()
    try:
        for number in range(20_000):
            clock.now += 1e-3
            buckets.take(f"address {number}")
            buckets.take("always here")
        assert tracemalloc.get_traced_memory()[1] < 2 << 20
    finally:
        tracemalloc.stop()
    assert len(buckets) == 1000
    assert buckets.wait("always here") > 0  # what is used is not forgotten
    assert buckets.wait("address 1") == 0


# --- addresses --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("192.0.2.1", [], "192.0.2.1"),
        ("192.0.2.1", ["198.51.100.7"], "192.0.2.1"),  # no proxy of ours
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["203.0.113.5, 198.51.100.7"], "198.51.100.7"),  # the first is what a client says
        ("127.0.0.1", ["203.0.113.5", "198.51.100.7, 10.1.1.1"], "198.51.100.7"),
        ("10.9.9.9", ["10.1.1.1"], "10.1.1.1"),
        ("127.0.0.1", ["198.51.100.7:4711"], "198.51.100.7"),
        ("127.0.0.1", ["[2001:db8::1]:4711"], "2001:db8::1"),
        ("127.0.0.1", ["2001:DB8:0::1%eth0"], "2001:db8::1"),
        ("::ffff:127.0.0.1", ["::ffff:198.51.100.7"], "198.51.100.7"),
        ("127.0.0.1", ["198.51.100.7, unknown"], "127.0.0.1"),
        ("127.0.0.1", ["198.51.100.7, <script>\r\nx, 10.1.1.1"], "10.1.1.1"),
        ("127.0.0.1", ["1" * 100_000], "127.0.0.1"),
        ("127.0.0.1", [", ".join(["10.0.0.1"] * 100_000)], "10.0.0.1"),
        ("testclient", ["198.51.100.7"], ""),
        ("", [], ""),
    ],
)
def test_the_client_behind_proxies(peer: str, forwarded: list[str], address: str) -> None:
    assert client_address(peer, forwarded, PROXIES) == address


def test_without_trusted_proxies_nobody_is_believed() -> None:
    assert client_address("127.0.0.1", ["198.51.100.7"], ()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:0db8:0001:0002"),
        ("2001:db8:1:2:ffff::", "2001:0db8:0001:0002"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("", ""),
    ],
)
def test_what_is_counted_together(address: str, part: str) -> None:
    assert limited_part(address) == part


@pytest.mark.parametrize(
    "setting",
    [
        {"trusted_proxies": ("proxy.example",)},
        {"trusted_proxies": ("10.0.0.1/8",)},
        {"user_requests_per_minute": -1},
        {"anonymous_download_bytes_per_day": -1},
    ],
)
def test_settings_that_make_no_sense(setting: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        replace(Config(), **setting)


# --- what clients see -------------------------------------------------------------------------------------

LIMITED = Config(
    anonymous_requests_per_minute=5,
    user_requests_per_minute=8,
    login_attempts_per_minute=3,
    anonymous_download_bytes_per_day=1500,
    user_download_bytes_per_day=2500,
    trusted_proxies=("127.0.0.1",),
)
Asking = Callable[..., Awaitable[httpx.Response]]


def site(database: Database, config: Config = LIMITED) -> ASGIApp:
    """Identifies by `Authorization: Bearer NAME`; everything else is wrong."""

    async def file(_request: Request) -> Response:
        return Response(b"x" * 1000)

    async def page(request: Request) -> Response:
        return PlainTextResponse(request.state.visit.address)

    def refusal(error: Any, _scope: Scope) -> Response:
        return failure_response(error, Style.TEXT)

    inner = Quotas(
        Starlette(routes=[Route("/page", page), Route("/login", page), Route("/file/x", file)]),
        config,
        database,
        refusal,
    )

    async def identifying(scope: Scope, receive: Receive, send: Send) -> None:
        sent = dict(scope["headers"]).get(b"authorization", b"").decode()
        if sent and not sent.startswith("Bearer "):
            await Response("no", 401)(scope, receive, send)
            return
        scope["state"]["caller"] = Caller(sent.removeprefix("Bearer "))
        await inner(scope, receive, send)

    return Entrance(identifying, config, refusal)


def asking(
    database: Database, path: str, times: int, config: Config = LIMITED, **headers: str
) -> list[httpx.Response]:
    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(site(database, config), client=("127.0.0.1", 4711))
        async with httpx.AsyncClient(transport=transport, base_url="http://archive.example") as client:
            return [
                await client.get(path, headers={"X-Forwarded-For": "198.51.100.7", **headers})
                for _ in range(times)
            ]

    return asyncio.run(ask())


def statuses(answers: list[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


def test_requests_of_an_address(database: Database) -> None:
    answers = asking(database, "/page", 7)
    assert statuses(answers) == [200] * 5 + [429] * 2
    assert answers[0].text == "198.51.100.7"
    refused = answers[-1]
    assert 1 <= int(refused.headers["retry-after"]) <= 12
    assert refused.text == (
        f"too many requests of 198.51.100.7 in a minute; come again in {refused.headers['retry-after']} s\n"
    )


def test_requests_of_an_account_count_for_themselves(database: Database) -> None:
    answers = asking(database, "/page", 9, Authorization="Bearer tycho")
    assert statuses(answers) == [200] * 8 + [429]
    assert "too many requests of tycho" in answers[-1].text


def test_bytes_of_a_day(database: Database) -> None:
    answers = asking(database, "/file/x", 3)
    assert statuses(answers) == [200, 200, 429]  # what has begun ends
    wait = int(answers[-1].headers["retry-after"])
    assert math.isclose(wait, 86_400 * 500 / 1500, rel_tol=0.01)
    answers = asking(database, "/file/x", 4, Authorization="Bearer tycho")
    assert statuses(answers) == [200, 200, 200, 429]
    assert "tycho has downloaded too many bytes in a day" in answers[-1].text


def test_wrong_credentials_of_an_address(database: Database) -> None:
    answers = asking(database, "/page", 5, Authorization="Basic wrong")
    assert statuses(answers) == [401, 401, 401, 429, 429]
    assert "too many logins from 198.51.100.7" in answers[-1].text
    answers = asking(database, "/page", 7, Authorization="Unheard of")
    assert statuses(answers) == [401] * 5 + [429] * 2


def test_log_ins_count_whether_they_succeed_or_not(database: Database) -> None:
    assert statuses(asking(database, "/login?username=tycho", 5)) == [200, 200, 200, 429, 429]
    assert statuses(asking(database, "/login", 5)) == [200] * 5  # the page


def test_the_machine_itself_and_limits_of_nothing(database: Database) -> None:
    assert statuses(asking(database, "/page", 9, **{"X-Forwarded-For": "127.0.0.1"})) == [200] * 9
    free = Config(
        anonymous_requests_per_minute=0,
        login_attempts_per_minute=0,
        anonymous_download_bytes_per_day=0,
        trusted_proxies=("127.0.0.1",),
    )
    assert statuses(asking(database, "/file/x", 9, free)) == [200] * 9
    assert statuses(asking(database, "/page", 9, free, Authorization="Basic x")) == [401] * 9
