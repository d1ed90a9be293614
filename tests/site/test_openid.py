"""Logging in at an OpenID Connect provider: a real one, small, on a port of its own."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import RSAKey

from archive.config import Config
from archive.errors import Busy, ConfigurationError
from archive.testing import ClusterForTests
from frontdesk.openid import OpenId, Pending
from tests.serving import listening, serving
from tests.site.conftest import BROWSER, Browser, Site, said, served
from tests.site.provider import CLIENT, SECRET, Provider

CALLBACK = "/login/oidc/callback"


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    listener = listening()
    provider = Provider(f"http://127.0.0.1:{listener.getsockname()[1]}")
    with serving(provider.app, listener):
        yield provider


@pytest.fixture(scope="module")
def home(
    provider: Provider, test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("URANIBORG_OIDC_SECRET", SECRET)
        settings = {"oidc_issuer": provider.issuer, "oidc_client_id": CLIENT, "oidc_name": "Hven"}
        with served(test_cluster, tmp_path_factory.mktemp("openid"), **settings) as running:
            yield running


@pytest.fixture(autouse=True)
def honest(provider: Provider) -> None:
    provider.person = {"sub": "248289761001"}
    provider.about, provider.lie, provider.signing, provider.algorithm = {}, None, None, "RS256"


@contextmanager
def away(site: Site, back: str = "/account") -> Iterator[tuple[Browser, str]]:
    """A browser that has been at the provider, and the address at which it comes back."""
    with site.browser() as browser:
        begun = browser.client.get("/login/oidc", params={"back": back})
        assert begun.status_code == 303
        there = httpx.get(begun.headers["location"])
        yield browser, there.headers["location"].removeprefix(site.address)


def logged_in(site: Site, back: str = "/account") -> httpx.Response:
    with away(site, back) as (browser, address):
        return browser.get(address)


def test_page_offers_the_provider(home: Site) -> None:
    with home.browser() as browser:
        page = browser.client.get("/login", params={"back": "/tap?x=1&y=2"})
        assert "Log in with Hven" in page.text
        assert "/login/oidc?back=/tap%3Fx%3D1%26y%3D2" in page.text


def test_somebody_new_gets_an_account(home: Site, provider: Provider) -> None:
    provider.person = {
        "sub": "sophia",
        "email": "sophie@hven.example",
        "email_verified": True,
        "name": "Sophie Ottesdatter Brahe",
    }
    with away(home, "/tables/dbo.raw") as (browser, address):
        answer = browser.get(address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/tables/dbo.raw")
        page = browser.get("/account")
        assert page.headers["x-vo-authenticated"] == "sophie"
        assert "Sophie Ottesdatter Brahe" in page.text
        # A second time the code is good for nothing, and neither is the state.
        assert browser.get(address).status_code == 401


def test_proven_address_leads_to_the_account_that_has_it(home: Site, provider: Provider) -> None:
    provider.person = {"sub": "tyge", "email": "tycho@observatory.example", "email_verified": True}
    with away(home) as (browser, address):
        browser.get(address)
        assert browser.get("/account").headers["x-vo-authenticated"] == "tycho"


@pytest.mark.parametrize("verified", [False, "true", 1, None])
def test_address_that_anybody_can_claim_leads_to_no_other_account(
    home: Site, provider: Provider, verified: object
) -> None:
    provider.person = {
        "sub": f"thief {verified}", "email": "tycho@observatory.example", "email_verified": verified
    }  # fmt: skip
    with away(home) as (browser, address):
        browser.get(address)
        assert browser.get("/account").headers["x-vo-authenticated"] != "tycho"


def test_what_is_told_only_when_asked_is_asked(home: Site, provider: Provider) -> None:
    provider.person = {"sub": "kirsten"}
    provider.about = {"email": "kirsten@hven.example", "email_verified": True, "given_name": "Kirsten"}
    with away(home) as (browser, address):
        browser.get(address)
        assert "kirsten@hven.example" in browser.get("/account").text


def test_answer_about_somebody_else_is_left_out(home: Site, provider: Provider) -> None:
    provider.person = {"sub": "jeppe"}
    provider.about = {"sub": "another", "email": "tycho@observatory.example", "email_verified": True}
    with away(home) as (browser, address):
        browser.get(address)
        assert browser.get("/account").headers["x-vo-authenticated"] not in {"tycho", ""}


def test_browser_gets_a_session_and_gives_back_the_rest(home: Site) -> None:
    with away(home) as (browser, address):
        answer = browser.get(address)
        cookies = " ".join(answer.headers.get_list("set-cookie"))
        assert "uraniborg_session=" in cookies and "HttpOnly" in cookies and "samesite=lax" in cookies.lower()
        assert set(browser.client.cookies) == {"uraniborg_session"}


# --- what must not be believed ----------------------------------------------------------------------------


def _with(**changed: object) -> Any:
    return lambda claims: {**claims, **changed}


def _without(name: str) -> Any:
    return lambda claims: {key: value for key, value in claims.items() if key != name}


LIES = {
    "nonce": _with(nonce="of another log-in"),
    "no nonce": _without("nonce"),
    "issuer": _with(iss="https://evil.example"),
    "no issuer": _without("iss"),
    "audience": _with(aud="another-client"),
    "audiences": _with(aud=["another-client", CLIENT], azp="another-client"),
    "expired": _with(exp=1_000_000_000),
    "no end": _without("exp"),
    "future": _with(iat=9_999_999_999),
    "nobody": _without("sub"),
    "subject": _with(sub=["tycho"]),
    "access token": _with(at_hash="AAAA"),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_lies(home: Site, provider: Provider, lie: Any) -> None:
    provider.lie = lie
    answer = logged_in(home)
    assert answer.status_code == 401
    assert "uraniborg_session" not in answer.headers.get("set-cookie", "")


def test_signature_of_another_key(home: Site, provider: Provider) -> None:
    provider.signing = RSAKey.generate_key(2048, {"kid": provider.key.as_dict()["kid"]})
    assert logged_in(home).status_code == 401


def test_operator_is_told_why_the_provider_refuses(
    home: Site, provider: Provider, caplog: pytest.LogCaptureFixture
) -> None:
    with away(home) as (browser, address):
        wrong = re.sub(r"code=[^&]*", "code=of-somebody-else", address)
        with caplog.at_level(logging.WARNING, "uraniborg.accounts"):
            assert browser.get(wrong).status_code == 401
    assert "the OpenID provider refuses: status 400: invalid_grant" in caplog.text


def test_keys_may_change(home: Site, provider: Provider) -> None:
    assert logged_in(home).status_code == 303
    provider.change_key()
    assert logged_in(home).status_code == 303


def test_token_without_signature(home: Site, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """`alg: none`, and a signature by what everybody knows: the public key as a shared secret."""
    packed = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
        for part in ({"alg": "none"}, {"iss": provider.issuer, "sub": "x"})
    ]
    openid = OpenId(home.config, SECRET)
    with pytest.raises(Exception, match="cannot be believed"):
        openid._claims(openid._provider(), {"id_token": f"{packed[0]}.{packed[1]}."}, "n")
    packed[0] = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=").decode()
    with pytest.raises(Exception, match="cannot be believed"):
        openid._claims(openid._provider(), {"id_token": f"{packed[0]}.{packed[1]}.AAAA"}, "n")


def test_log_in_that_another_browser_has_begun(home: Site) -> None:
    with away(home) as (_, address), home.browser() as victim:
        answer = victim.get(address)
        assert answer.status_code == 401
        assert "not begun" in said(answer)
        victim.get("/login/oidc")
        assert victim.get(address).status_code == 401


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "another"},
        {"state": ""},
        {"iss": "https://evil.example"},
        {"code": ""},
        {"code": "guessed"},
        {"code": "x" * 5000},
        {"error": "access_denied", "error_description": "<b>no</b>"},
    ],
    ids=str,
)
def test_answers_that_are_none(home: Site, changed: dict[str, str]) -> None:
    with away(home) as (browser, address):
        parts = urlsplit(address)
        answer = {name: values[0] for name, values in parse_qs(parts.query).items()} | changed
        refused = browser.client.get(parts.path, params=answer)
        assert refused.status_code == 401
        assert "<b>no" not in refused.text
        assert "uraniborg_session" not in browser.client.cookies


@pytest.mark.parametrize("cookie", ["", "x", "e30=", "bnVsbA==", "WzEsMl0=", "eyJzdGF0ZSI6MX0=", "%%%"])
def test_cookies_that_are_none(home: Site, cookie: str) -> None:
    with home.browser() as browser:
        browser.client.cookies.set("uraniborg_form_oidc", cookie)
        assert browser.get(f"{CALLBACK}?code=x&state=").status_code == 401


def test_way_back_is_judged_again(home: Site) -> None:
    with away(home) as (browser, address):
        text = browser.client.cookies["uraniborg_form_oidc"].strip('"')
        pending = Pending.unpacked(text)
        evil = Pending(pending.state, pending.nonce, pending.verifier, "//evil.example")
        browser.client.cookies.clear()
        browser.client.cookies.set("uraniborg_form_oidc", evil.packed())
        assert browser.get(address).headers["location"] == "/account"


def test_provider_that_is_away(provider: Provider) -> None:
    with listening() as nobody:
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
    openid = OpenId(Config(oidc_issuer=address, oidc_client_id="x"), "")
    with pytest.raises(Busy, match="does not answer"):
        openid.address(Pending.new("/"))


@pytest.mark.parametrize("change", [{"issuer": "https://other.example"}, {"token_endpoint": "ftp://x"}])
def test_provider_that_is_another(provider: Provider, change: dict[str, str]) -> None:
    other = Provider(provider.issuer)
    listener = listening()
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    other.issuer = change.get("issuer", address)
    with serving(other.app, listener):
        openid = OpenId(Config(oidc_issuer=address, oidc_client_id="x"), "")
        if "issuer" in change:
            with pytest.raises(Busy, match="another name"):
                openid.address(Pending.new("/"))
        else:
            assert openid.address(Pending.new("/")).startswith(f"{address}/authorize?")


def test_nobody_is_sent_elsewhere_before(home: Site) -> None:
    with away(home, "//evil.example") as (browser, address):
        assert browser.get(address).headers["location"] == "/account"


@pytest.mark.parametrize(
    "settings",
    [
        {"oidc_issuer": "http://login.example", "oidc_client_id": "x"},
        {"oidc_issuer": "login.example", "oidc_client_id": "x"},
        {"oidc_issuer": "https://[", "oidc_client_id": "x"},
        {"oidc_issuer": "https://login.example"},
        {"oidc_client_id": "x"},
    ],
    ids=str,
)
def test_settings_that_make_no_sense(settings: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="oidc"):
        Config(**settings)


def test_archive_without_a_provider_has_no_such_address(site: Site) -> None:
    with site.client(**BROWSER) as client:
        assert client.get("/login/oidc").status_code == 404
        assert "Log in with" not in client.get("/login").text
