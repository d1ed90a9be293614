"""Logging in step by step as STILTS and TOPCAT do it: by the challenges alone, whatever else is known.

They read the challenges of a service's capabilities, which refuse nobody, or of a refusal, take the one whose
scheme they like best, get credentials by it, and use these for everything on the same host and port.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http.cookies import SimpleCookie

import httpx
import pytest

from archive.config import Config
from archive.database import Database
from archive.store import Store
from archive.testing import ClusterForTests
from tests.access.observatory import FILES, embargo, fill
from tests.site.conftest import BROWSER, PASSWORD, Site, served

JAVA = {"User-Agent": "STILTS/3.5.4 Java/21.0.5", "Accept": "*/*"}
OURS, HIDDEN = FILES["proprietary raw"], FILES["hidden raw"]
SSO = "ivo://ivoa.net/sso#"
# A scheme and its parameters (RFC 9110, 11.2 and 11.6.1).
CHALLENGE = re.compile(r'([\w-]+) ((?:[\w-]+="[^"]*"(?:, )?)+)')


@pytest.fixture(scope="module")
def guarded(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(test_cluster, tmp_path_factory.mktemp("challenges"), fill_and_hide) as running:
        yield running


def fill_and_hide(database: Database, config: Config) -> Store:
    store = fill(database, config)
    embargo(database)
    return store


@pytest.fixture(scope="module")
def client(guarded: Site) -> Iterator[httpx.Client]:
    with guarded.client(**JAVA) as client:
        yield client


def challenges(answer: httpx.Response) -> list[tuple[str, dict[str, str]]]:
    found = []
    for line in answer.headers.get_list("www-authenticate"):
        match = CHALLENGE.fullmatch(line)
        assert match is not None, line
        found.append((match[1], dict(re.findall(r'([\w-]+)="([^"]*)"', match[2]))))
    return found


def credentials(
    client: httpx.Client, answer: httpx.Response, scheme: str, method: str, password: str = PASSWORD
) -> dict[str, str] | httpx.Response:
    """What the challenge of that scheme leads to: headers for all that follows, or a refusal."""
    basic = httpx.BasicAuth("tycho", password)._auth_header
    offered = challenges(answer)
    if scheme == "Basic":
        [realm] = [told["realm"] for name, told in offered if name == "Basic"]
        assert realm
        return {"Authorization": basic}
    [address] = [
        told["access_url"]
        for name, told in offered
        if (name, told.get("standard_id")) == (scheme, SSO + method)
    ]
    login = (
        client.post(address, data={"username": "tycho", "password": password})
        if method == "tls-with-password"
        else client.get(address, headers={"Authorization": basic})
    )
    if login.status_code != 200:
        return login
    if scheme == "ivoa_cookie":
        # The answer is the only one that says it; the client at hand keeps nothing.
        client.cookies.clear()
        [[name, kept]] = SimpleCookie(login.headers["set-cookie"]).items()
        # As Java writes it (RFC 2965).
        return {"Cookie": f'$Version="1"; {name}="{kept.value}";$Path="/"'}
    return {"Authorization": f"Bearer {login.headers['x-vo-bearer']}"}


WAYS = [
    ("ivoa_cookie", "tls-with-password"),
    ("Basic", "BasicAA"),
    ("ivoa_bearer", "tls-with-password"),
    ("ivoa_bearer", "BasicAA"),
]
DOORS = [("HEAD", "/tap/capabilities"), ("GET", "/sia2/capabilities"), ("GET", f"/file/{OURS.dp_id}")]


@pytest.mark.parametrize(("scheme", "protocol"), WAYS)
@pytest.mark.parametrize(("method", "path"), DOORS)
def test_challenges_lead_in(client: httpx.Client, method: str, path: str, scheme: str, protocol: str) -> None:
    answer = client.request(method, path)
    assert answer.status_code == (401 if path.startswith("/file/") else 200)
    found = credentials(client, answer, scheme, protocol)
    assert isinstance(found, dict), found
    again = client.request(method, path, headers=found)
    assert (again.status_code, again.headers["x-vo-authenticated"]) == (200, "tycho")
    assert challenges(again) == []
    # The same host and port: the same credentials, without being asked.
    assert client.get(f"/file/{OURS.dp_id}", headers=found).content == OURS.content
    job = client.post("/tap/async", data={"QUERY": "SELECT dp_id FROM dbo.raw"}, headers=found)
    assert job.status_code == 303
    told = client.get(job.headers["location"], headers=found)
    assert told.status_code == 200 and "tycho" in told.text
    # A job is nobody else's, and who asks without credentials is told how to log in.
    refused = client.get(job.headers["location"])
    assert refused.status_code == 401 and challenges(refused) == challenges(client.get("/tap/capabilities"))
    assert client.delete(job.headers["location"], headers=found).status_code in {200, 303}


@pytest.mark.parametrize(("scheme", "protocol"), WAYS)
def test_wrong_password_is_refused_with_challenges(client: httpx.Client, scheme: str, protocol: str) -> None:
    answer = client.head("/tap/capabilities")
    found = credentials(client, answer, scheme, protocol, "a comet in Cassiopeia")
    refused = client.head("/tap/capabilities", headers=found) if isinstance(found, dict) else found
    # Java's clients give up on a 401 without any (RFC 9110, 15.5.2).
    assert refused.status_code == 401 and challenges(refused) == challenges(answer)


def test_unchanged_topcat_finds_what_others_do_not_see(client: httpx.Client) -> None:
    """It takes the first scheme of these that is offered, for the whole host; Basic only below /tap."""
    answer = client.head("/tap/capabilities")
    offered = {scheme for scheme, _ in challenges(answer)}
    assert (
        next(scheme for scheme in ("ivoa_x509", "ivoa_cookie", "Basic") if scheme in offered) == "ivoa_cookie"
    )
    found = credentials(client, answer, "ivoa_cookie", "tls-with-password")
    assert isinstance(found, dict), found
    file = f"/file/{HIDDEN.dp_id}"
    assert client.get(file).status_code == 404  # no challenge, since for others there is no such file
    assert client.get(file, headers=found).content == HIDDEN.content
    links = client.get("/datalink/links", params={"ID": HIDDEN.dp_id}, headers=found)
    assert links.headers["x-vo-authenticated"] == "tycho" and file in links.text


@pytest.mark.parametrize("headers", [BROWSER, {"Sec-Fetch-Mode": "cors"}], ids=str)
def test_no_browser_gets_the_cookie_of_programs(client: httpx.Client, headers: dict[str, str]) -> None:
    """Else a page from elsewhere could log its reader in as somebody else."""
    form = {"username": "tycho", "password": PASSWORD}
    answer = client.post("/login/cookie", data=form, headers=headers)
    assert answer.status_code == 403 and "set-cookie" not in answer.headers
    assert "ivoa_cookie" not in {
        scheme for scheme, _ in challenges(client.get("/auth/whoami", headers=headers))
    }


def test_cookie_is_for_name_and_password(client: httpx.Client) -> None:
    assert client.post("/login/cookie", data={"username": "tycho"}).status_code == 400
