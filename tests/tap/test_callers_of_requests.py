"""Credentials on a real server: a right one names its owner, a wrong one is refused on every route."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from astropy.io.votable import parse

from archive.database import Database
from tests.tap.conftest import tap_client

TOKEN = "0123456789abcdef-tycho"
BASIC = "Basic " + base64.b64encode(f"tycho:{TOKEN}".encode()).decode()
RIGHT = [{"Authorization": f"Bearer {TOKEN}"}, {"Authorization": BASIC}]
WRONG = ["Bearer wrong", "Basic dHljaG86d3Jvbmc=", "Negotiate x", "", "Bearer caf\xe9"]
ROUTES = [
    "/tap/availability",
    "/tap/capabilities",
    "/tap/sync",
    "/",
    "/static/desk.css",
    "/file/x",
    "/nothing",
]


@pytest.fixture(scope="module")
def site(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("URANIBORG_TOKENS", f"tycho:{TOKEN}")
        folder: Path = tmp_path_factory.mktemp("callers")
        with (
            tap_client(database, folder) as tap,
            httpx.Client(base_url=str(tap.base_url).removesuffix("/tap/")) as client,
        ):
            yield client


@pytest.mark.parametrize("credentials", RIGHT, ids=["bearer", "basic"])
def test_owner_of_a_token_is_named(site, credentials):
    answer = site.get("/tap/availability", headers=credentials)
    assert answer.status_code == 200
    assert answer.headers["x-vo-authenticated"] == "tycho"


def test_nobody_is_anonymous(site):
    answer = site.get("/tap/availability")
    assert answer.status_code == 200
    assert "x-vo-authenticated" not in answer.headers


@pytest.mark.parametrize("credential", WRONG)
@pytest.mark.parametrize("path", ROUTES)
def test_wrong_credential_is_refused_everywhere(site, path, credential):
    answer = site.get(path, headers=[(b"Authorization", credential.encode("latin-1"))])
    assert answer.status_code == 401
    assert "ivoa_bearer" in answer.headers["www-authenticate"]
    assert answer.headers["access-control-allow-origin"] == "*"
    if path.startswith("/tap"):
        assert parse(io.BytesIO(answer.content)).resources[0].infos[0].value == "ERROR"
    else:
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_two_credentials_are_one_too_many(site):
    twice = [("Authorization", f"Bearer {TOKEN}"), ("Authorization", "Bearer wrong")]
    assert site.get("/tap/availability", headers=twice).status_code == 401


def test_preflight_needs_no_credential(site):
    assert site.options("/tap/sync", headers={"Authorization": "Bearer wrong"}).status_code == 204
