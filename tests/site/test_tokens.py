"""Tokens for programs: how they are had, that one does for all services, and how they end."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from archive.access import Scope
from tests.site.conftest import OPERATORS_TOKEN, PASSWORD, Site

BASIC = "Basic " + base64.b64encode(f"tycho:{PASSWORD}".encode()).decode()
FORM = {"username": "tycho", "password": PASSWORD}
ESO = FORM | {
    "response_type": "id_token token",
    "grant_type": "password",
    "client_id": "clientid",
    "client_secret": "clientSecret",
}
SERVICES = [
    "/tap/availability",
    "/tap/tables",
    "/tap/sync?LANG=ADQL&QUERY=SELECT+TOP+1+table_name+FROM+tap_schema.tables",
    "/tap/async",
    "/tap_obs/availability",
    "/sia2/query?MAXREC=0",
    "/sia1/query?FORMAT=METADATA",
    "/ssa/query?FORMAT=METADATA",
    "/cone/dbo.raw?RA=0&DEC=0&SR=0",
    "/datalink/links",
    "/soda/capabilities",
    "/",
    "/tables/dbo.raw",
    "/auth/whoami",
]


@pytest.fixture(scope="module")
def client(site: Site) -> Iterator[httpx.Client]:
    with site.client() as client:
        yield client


def payload(token: str) -> dict[str, object]:
    """What a client reads in a JWT."""
    part = token.split(".")[1]
    found: dict[str, object] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def whoami(client: httpx.Client, token: str) -> httpx.Response:
    return client.get("/auth/whoami", headers={"Authorization": f"Bearer {token}"})


# --- having one -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["basic", "post", "json", "eso get", "eso post"])
def test_ways_to_a_token(client: httpx.Client, way: str) -> None:
    match way:
        case "basic":
            answer = client.get("/login", headers={"Authorization": BASIC})
        case "post":
            answer = client.post("/login", data=FORM)
        case "json":
            answer = client.post("/login", data=FORM, headers={"Accept": "application/json"})
        case "eso get":
            answer = client.get("/sso/oidc/token", params=ESO)
        case _:
            answer = client.post("/sso/oidc/token", data=ESO)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    told = answer.json() if answer.headers["content-type"] == "application/json" else {}
    token = told["access_token"] if told else answer.text
    if not way.startswith("eso"):
        assert answer.headers["x-vo-bearer"] == token
        assert answer.headers["x-vo-authenticated"] == "tycho"
    assert whoami(client, token).json()["name"] == "tycho"


def test_eso_token_is_what_astroquery_reads(client: httpx.Client) -> None:
    told = client.get("/sso/oidc/token", params={**ESO, "client_secret": ""}).json()
    assert told["id_token"] == told["access_token"]
    assert told["token_type"] == "bearer"
    assert 28_700 < told["expires_in"] <= 28_800
    assert isinstance(payload(told["id_token"])["exp"], int)


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_log_in_without_anything_is_asked_for_it(client: httpx.Client, accept: str) -> None:
    answer = client.get("/login", headers={"Accept": accept})
    assert answer.status_code == 401
    assert any(line.startswith("Basic ") for line in answer.headers.get_list("www-authenticate"))


@pytest.mark.parametrize("way", ["post", "eso", "basic"])
def test_wrong_password_gives_none(client: httpx.Client, way: str) -> None:
    wrong = {"username": "tycho", "password": "a comet in Cassiopeia"}
    match way:
        case "post":
            answer = client.post("/login", data=wrong)
        case "eso":
            answer = client.get("/sso/oidc/token", params=ESO | wrong)
        case _:
            answer = client.get("/login", auth=(wrong["username"], wrong["password"]))
    assert answer.status_code == 401
    assert "x-vo-bearer" not in answer.headers and "token" not in answer.text


@pytest.mark.parametrize("name", ["", "tycho\x00", "\1" * 5000, "' OR 1=1 --", "ursus"])
def test_names_that_nobody_has(client: httpx.Client, name: str) -> None:
    answer = client.post("/login", data={"username": name, "password": "a comet in Cassiopeia"})
    assert answer.status_code == (401 if name else 400)


def test_token_does_as_the_password(client: httpx.Client, site: Site) -> None:
    token = site.token().access
    assert client.get("/login", auth=("tycho", token)).text == token
    assert client.get("/login", headers={"Authorization": f"Bearer {token}"}).text == token
    assert client.get("/login", auth=("ursus", token)).status_code == 401


def test_operators_token_from_the_environment(client: httpx.Client) -> None:
    told = whoami(client, OPERATORS_TOKEN).json()
    assert told["name"] == "ursus"
    assert "operator" in told["roles"] and "admin" in told["scopes"]


def test_narrow_tokens_can_be_had(client: httpx.Client) -> None:
    answer = client.post("/sso/oidc/token", data=ESO | {"scope": "openid read"})
    assert answer.json()["scope"] == "read"
    token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    query = {"LANG": "ADQL", "QUERY": "SELECT TOP 1 table_name FROM tap_schema.tables"}
    assert client.post("/tap/sync", data=query, headers=token).status_code == 200
    refused = client.post("/tap/async", data=query, headers=token)
    assert refused.status_code == 403
    assert "scope write" in refused.text
    assert client.get("/account", headers=token).status_code == 403


# --- one for all ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", SERVICES)
def test_one_token_for_all_services(client: httpx.Client, site: Site, path: str) -> None:
    token = site.token().access
    for credential in (f"Bearer {token}", BASIC):
        answer = client.get(path, headers={"Authorization": credential})
        assert answer.status_code == 200
        assert answer.headers["x-vo-authenticated"] == "tycho"
    client.cookies.set("uraniborg_session", token)
    try:
        assert client.get(path).headers["x-vo-authenticated"] == "tycho"
    finally:
        client.cookies.clear()


@pytest.mark.parametrize("path", SERVICES)
def test_wrong_credential_is_refused_everywhere(client: httpx.Client, path: str) -> None:
    for credential in ("Bearer a.b.c", "Bearer x", "Basic x", "Digest x", "Bearer"):
        answer = client.get(path, headers={"Authorization": credential})
        assert answer.status_code == 401, credential
        assert answer.headers.get_list("www-authenticate")


def test_one_credential_is_looked_at(client: httpx.Client, site: Site) -> None:
    """The header, also where a good cookie comes with it; and the other way round."""
    token = site.token().access
    with site.client() as other:
        other.cookies.set("uraniborg_session", token)
        assert whoami(other, "a.b.c").status_code == 401
        other.cookies.set("uraniborg_session", "a.b.c")
        assert whoami(other, token).status_code == 200
        two = [("Authorization", f"Bearer {token}"), ("Authorization", BASIC)]
        assert other.get("/auth/whoami", headers=two).status_code == 401


def test_nobody_is_nobody(client: httpx.Client) -> None:
    assert client.get("/auth/whoami").status_code == 401


# --- the end of one ---------------------------------------------------------------------------------------


def test_refreshed(client: httpx.Client, site: Site) -> None:
    first = client.post("/sso/oidc/token", data=ESO).json()
    second = client.post("/auth/refresh", data={"refresh_token": first["refresh_token"]}).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert whoami(client, second["access_token"]).status_code == 200
    again = client.post(
        "/sso/oidc/token", data={"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    )
    assert again.status_code == 401
    # Somebody has stolen one of the two, so nothing that came of the log-in is good any more.
    assert whoami(client, second["access_token"]).status_code == 401


def test_refresh_token_is_no_access_token(client: httpx.Client, site: Site) -> None:
    issued = site.token()
    assert issued.refresh is not None
    assert whoami(client, issued.refresh).status_code == 401
    assert client.post("/auth/refresh", data={"refresh_token": issued.access}).status_code == 401


def test_revoked_is_over_at_once(client: httpx.Client, site: Site) -> None:
    for named in (True, False):
        token = site.token().access
        header = {"Authorization": f"Bearer {token}"}
        assert client.post("/auth/revoke", data={"token": token} if named else {}, headers=header).json()
        assert whoami(client, token).status_code == 401
    assert client.post("/auth/revoke").status_code == 400
    assert client.post("/auth/revoke", data={"token": "a.b.c"}).status_code == 200


def test_a_token_for_one_thing_ends_itself(client: httpx.Client, site: Site) -> None:
    issued = site.accounts.issue_service_token("tycho", [Scope.READ])
    header = {"Authorization": f"Bearer {issued.access}"}
    assert client.post("/auth/revoke", headers=header).status_code == 200
    assert whoami(client, issued.access).status_code == 401


def test_no_page_has_what_was_sent_as_a_password(client: httpx.Client) -> None:
    sent = {"username": "tycho", "password": "of-nobody-at-all"}
    page = client.get("/sso/oidc/token", params=sent, headers={"Accept": "text/html"})
    assert page.status_code == 401
    assert sent["password"] not in page.text


def test_cookies_in_several_lines_are_all_looked_at(client: httpx.Client) -> None:
    lines = [("Cookie", "a=b"), ("Cookie", "uraniborg_session=eyJ.eyJ.x")]
    assert client.get("/tap/availability", headers=lines).status_code == 401


def test_expired_is_over(client: httpx.Client, site: Site) -> None:
    issued = site.accounts.log_in("tycho", PASSWORD, scopes=frozenset({Scope.READ}), lasting=timedelta(0))
    assert whoami(client, issued.access).status_code == 401


@pytest.mark.parametrize("grant", ["", "client_credentials", "authorization_code"])
def test_other_grants_there_are_none(client: httpx.Client, grant: str) -> None:
    assert client.post("/sso/oidc/token", data=ESO | {"grant_type": grant}).status_code == 400
