"""What answers say: how to identify oneself, what browsers may do with them; and what is logged."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import httpx
import pytest
from lxml import etree
from starlette.applications import Starlette

from frontdesk.security_headers import SecurityHeaders
from tests import xsd
from tests.serving import listening, serving
from tests.site.conftest import BROWSER, PASSWORD, Site

CAPABILITIES = [
    "/tap", "/tap_obs", "/tap_cat", "/sia1", "/sia2", "/ssa", "/ssap", "/cone/dbo.raw", "/datalink", "/soda"
]  # fmt: skip
PAGES = ["/", "/login", "/account/register", "/account", "/tables/dbo.raw", "/cone", "/transfers", "/nothing"]


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    with site.client() as client:
        yield client


# --- challenges -------------------------------------------------------------------------------------------


def challenged(answer: httpx.Response) -> list[str]:
    return [line.partition(" ")[0] for line in answer.headers.get_list("www-authenticate")]


@pytest.mark.parametrize("path", ["/tap/availability", "/file/x", "/", "/nothing"])
def test_every_401_says_how(client: httpx.Client, site: Site, path: str) -> None:
    answer = client.get(path, headers={"Authorization": "Bearer wrong"})
    assert answer.status_code == 401
    assert challenged(answer) == ["ivoa_bearer", "ivoa_bearer", "Bearer", "ivoa_cookie", "Basic"]
    assert answer.headers.get_list("www-authenticate")[:2] == [
        f'ivoa_bearer standard_id="ivo://ivoa.net/sso#tls-with-password", access_url="{site.address}/login"',
        f'ivoa_bearer standard_id="ivo://ivoa.net/sso#BasicAA", access_url="{site.address}/login"',
    ]
    assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", CAPABILITIES)
def test_capabilities_say_how_to_who_is_not_identified(client: httpx.Client, site: Site, path: str) -> None:
    for method in ("GET", "HEAD"):
        answer = client.request(method, f"{path}/capabilities")
        assert answer.status_code == 200
        assert "ivoa_bearer" in challenged(answer)
        token = {"Authorization": f"Bearer {site.token().access}"}
        answer = client.request(method, f"{path}/capabilities", headers=token)
        assert challenged(answer) == []
        assert answer.headers["x-vo-authenticated"] == "tycho"


@pytest.mark.parametrize(
    "headers", [BROWSER, {"Sec-Fetch-Mode": "cors"}, {"Sec-Fetch-Mode": "navigate"}], ids=str
)
@pytest.mark.parametrize("path", ["/tap/capabilities", "/account", "/auth/whoami"])
def test_no_browser_asks_in_a_window_of_its_own(
    client: httpx.Client, path: str, headers: dict[str, str]
) -> None:
    answer = client.get(path, headers=headers)
    assert "Basic" not in challenged(answer)
    assert "ivoa_bearer" in challenged(answer)


@pytest.mark.parametrize("path", CAPABILITIES)
def test_every_interface_says_who_may_use_it(client: httpx.Client, path: str) -> None:
    document = client.get(f"{path}/capabilities").content
    xsd.validate(document)
    interfaces = etree.fromstring(document).findall("capability/interface")
    assert interfaces
    for interface in interfaces:
        methods = [method.get("standardID", "") for method in interface.findall("securityMethod")]
        assert {f"ivo://ivoa.net/sso#{name}" for name in ("BasicAA", "OAuth", "cookie")} <= set(methods)
        address = interface.findtext("accessURL", "")
        assert ("" in methods) is not address.endswith(("/load", "/table-update"))


# --- headers ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_shut(client: httpx.Client, path: str) -> None:
    answer = client.get(path, headers=BROWSER)
    headers = answer.headers
    assert headers["content-type"].startswith("text/html")
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["frame-ancestors"] == "'none'"
    assert policy["script-src"] == policy["form-action"] == "'self'" and policy["base-uri"] == "'none'"
    assert "unsafe" not in policy["script-src"] + policy["style-src"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    # What the policy forbids is not there either.
    page = etree.HTML(answer.content)
    assert page.xpath("//script[not(@src)] | //style | //@style | //@*[starts-with(name(), 'on')]") == []
    assert all(source.startswith("/static/") for source in page.xpath("//script/@src | //link/@href"))


@pytest.mark.parametrize(
    "path",
    [
        "/tap/sync?LANG=ADQL&FORMAT=html&QUERY=SELECT+table_name+FROM+tap_schema.tables",
        "/tap/examples",
        "/tap/tables",
        "/static/emblem.svg",
        "/oai?verb=Identify",
    ],
)
def test_data_run_no_script_when_they_are_opened(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "script-src" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


def test_tls_is_kept_where_there_is_some(client: httpx.Client) -> None:
    assert "strict-transport-security" not in client.get("/").headers
    with serving(SecurityHeaders(Starlette(), secure=True), listening()) as address:
        assert httpx.get(address).headers["strict-transport-security"] == "max-age=31536000"


# --- the log ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["eso", "post", "basic", "bearer", "reset link"])
def test_no_secret_is_logged(
    client: httpx.Client, site: Site, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    secret = f"{PASSWORD} {way}"
    with caplog.at_level(logging.DEBUG):
        match way:
            case "eso":
                client.get("/sso/oidc/token", params={"username": "nobody", "password": secret})
            case "post":
                client.post("/login", data={"username": "nobody", "password": secret})
            case "basic":
                client.get("/login", auth=("nobody", secret))
            case "bearer":
                client.get("/auth/whoami", headers={"Authorization": f"Bearer {secret}"})
            case _:
                client.get("/account/reset", params={"token": secret})
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("uraniborg")]
    assert any(text.startswith(("GET /", "POST /")) for text in ours)
    assert not any("Cassiopeia" in text for text in ours)


def test_no_line_of_the_log_is_somebody_elses(client: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "uraniborg.access"):
        client.get("/a%0A2026-01-01%20GET%20/account%20200%1b%5b31m")
        client.post("/login", data={"username": "x\nGET /forged 200", "password": "y"})
    lines = [record.getMessage() for record in caplog.records if record.name == "uraniborg.access"]
    assert len(lines) == 2
    assert not any("\n" in line or "\x1b" in line or "forged" in line for line in lines)
