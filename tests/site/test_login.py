"""Logging in at the page: the cookie, where it leads, and what pages from elsewhere cannot do with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lxml import html
from starlette.responses import Response

from frontdesk.sessions import Sessions, own_path
from tests.site.conftest import BROWSER, PASSWORD, Browser, Site, said

SESSION = "uraniborg_session"


@pytest.fixture(scope="module")
def inside(site: Site) -> Iterator[Browser]:
    """A browser that is logged in, for tests that leave it so."""
    with site.browser() as browser:
        browser.log_in()
        yield browser


def test_page_leads_to_the_account(site: Site) -> None:
    with site.browser() as browser:
        answer = browser.log_in()
        assert (answer.status_code, answer.headers["location"]) == (303, "/account")
        page = browser.get("/account")
        assert page.status_code == 200
        assert page.headers["x-vo-authenticated"] == "tycho"
        assert "Tyge Ottesen Brahe" in page.text
        assert page.headers["cache-control"] == "no-store"


def test_name_may_be_the_address(site: Site) -> None:
    with site.browser() as browser:
        assert browser.log_in("Tycho@observatory.example").status_code == 303


def test_cookie_is_for_this_site_and_no_script(site: Site) -> None:
    with site.browser() as browser:
        cookies = browser.log_in().headers.get_list("set-cookie")
    [cookie] = [text for text in cookies if text.startswith(f"{SESSION}=")]
    attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=lax", "path=/"} <= attributes
    assert not any(part.startswith("domain") for part in attributes)


def test_cookies_of_a_site_with_tls_go_by_tls_only() -> None:
    response = Response()
    Sessions("https://archive.example").begin(response, "t")
    [session, form] = response.headers.getlist("set-cookie")
    assert session.startswith("__Host-uraniborg_session=t;") and form.startswith("__Host-uraniborg_form=")
    for cookie in (session, form):
        assert {"secure", "httponly", "path=/"} <= {part.strip().lower() for part in cookie.split(";")}


def test_session_is_a_new_one_each_time_and_the_old_one_ends(site: Site) -> None:
    """Whoever has put a session into somebody's browser has nothing of it (session fixation)."""
    with site.browser() as browser:
        browser.log_in()
        first = browser.client.cookies[SESSION]
        page = browser.get("/account")
        # The page of the log-in is not shown to who is logged in; its form comes from another browser.
        assert browser.get("/login").status_code == 303
        assert page.status_code == 200
    with site.browser() as browser:
        page = browser.get("/login")
        browser.client.cookies.set(SESSION, first)
        browser.client.cookies.set("uraniborg_form", "planted")
        refused = browser.submit(page, "/login", username="tycho", password=PASSWORD)
        assert refused.status_code == 403
        browser.client.cookies.clear()
        assert browser.log_in().status_code == 303
        assert browser.client.cookies[SESSION] != first


def test_planted_session_is_replaced_and_revoked(site: Site) -> None:
    planted = site.token().access
    with site.browser() as browser:
        browser.client.cookies.set(SESSION, "unknown.to.anybody")
        page = browser.get("/login")
        browser.client.cookies.set(SESSION, planted)
        assert browser.submit(page, "/login", username="tycho", password=PASSWORD).status_code == 403
        browser.client.cookies.delete(SESSION)
        assert browser.submit(page, "/login", username="tycho", password=PASSWORD).status_code == 303
        assert browser.client.cookies[SESSION] != planted


def test_wrong_password_is_told_and_the_name_kept(site: Site) -> None:
    with site.browser() as browser:
        answer = browser.log_in(password="no nova there")
        assert answer.status_code == 401
        assert "do not belong together" in said(answer)
        assert 'value="tycho"' in answer.text
        assert SESSION not in browser.client.cookies
        assert "no nova there" not in answer.text


@pytest.mark.parametrize("name", ['<script>"x" \'onfocus="alert(1)', "tycho\x00\N{BELL}"])
def test_names_stay_text(site: Site, name: str) -> None:
    with site.browser() as browser:
        answer = browser.log_in(name)
        assert answer.status_code == 401
        page = html.fromstring(answer.content)
        assert page.xpath("//input[@name='username']/@value") == [name.replace("\x00", "\ufffd")]
        assert page.xpath("//@onfocus | //main//script | //form//script") == []


# --- where it leads ---------------------------------------------------------------------------------------

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "/\\evil.example/",
    "\\\\evil.example",
    "/\t/evil.example/",
    "/\n/evil.example/",
    "javascript:alert(1)",
    "evil.example",
    " /account",
    "/\r\nSet-Cookie: a=b",
    "/" + "x" * 3000,
    "/caf\xe9",
    "",
]


@pytest.mark.parametrize("back", ELSEWHERE, ids=repr)
def test_path_elsewhere_is_none_of_ours(back: str) -> None:
    assert own_path(back, "/account") == "/account"


def test_nobody_is_sent_elsewhere(site: Site) -> None:
    for back in ("//evil.example/", "/\t/evil.example/"):
        with site.browser() as browser:
            page = browser.get("/login")
            answer = browser.submit(page, "/login", username="tycho", password=PASSWORD, back=back)
            assert (answer.status_code, answer.headers["location"]) == (303, "/account")


@pytest.mark.parametrize("back", ["/", "/tables/dbo.raw?x=1&y=%2F", "/dataset/HAWKI.2026-03-14T00:00:00.000"])
def test_one_is_sent_back_to_where_one_was(site: Site, back: str) -> None:
    with site.browser() as browser:
        page = browser.client.get("/login", params={"back": back})
        answer = browser.submit(page, "/login", username="tycho", password=PASSWORD)
        assert answer.headers["location"] == back
        assert browser.client.get("/login", params={"back": back}).headers["location"] == back


def test_back_of_a_link_is_judged_too(inside: Browser) -> None:
    answer = inside.client.get("/login", params={"back": "//evil.example"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")


# --- forms that are not ours ------------------------------------------------------------------------------


def test_form_without_its_proof_gives_no_session(site: Site) -> None:
    with site.client(**BROWSER) as client:
        fields = {"username": "tycho", "password": PASSWORD, "form_token": "guessed"}
        answer = client.post("/login", data=fields, headers={"Origin": site.address})
        assert answer.status_code == 403
        # Without any, it is a program's, and gets a token and never a cookie.
        answer = client.post("/login", data={"username": "tycho", "password": PASSWORD})
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers


def test_proof_of_another_browser_is_no_proof(site: Site) -> None:
    with site.browser() as one, site.browser() as other:
        page = one.get("/login")
        other.get("/login")
        assert other.submit(page, "/login", username="tycho", password=PASSWORD).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"},
        {},
    ],
    ids=str,
)
@pytest.mark.parametrize("path", ["/logout", "/account/details", "/tap/async", "/tap/sync", "/auth/revoke"])
def test_cookie_changes_nothing_for_pages_from_elsewhere(
    inside: Browser, path: str, headers: dict[str, str]
) -> None:
    answer = inside.client.post(path, data={"LANG": "ADQL", "QUERY": "SELECT 1"}, headers=headers)
    assert answer.status_code == 403
    assert "page of this archive" in answer.text


def test_scripts_of_pages_from_elsewhere_are_nobody(inside: Browser) -> None:
    foreign = {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors", "Origin": "https://x.example"}
    answer = inside.client.get("/tap/availability", headers=foreign)
    assert answer.status_code == 200
    assert "x-vo-authenticated" not in answer.headers
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "access-control-allow-credentials" not in answer.headers


def test_our_own_scripts_are_the_person(inside: Browser, site: Site) -> None:
    own = {"Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors", "Origin": site.address}
    query = {"LANG": "ADQL", "QUERY": "SELECT TOP 1 table_name FROM tap_schema.tables"}
    answer = inside.client.post("/tap/sync", data=query, headers=own)
    assert answer.status_code == 200
    assert answer.headers["x-vo-authenticated"] == "tycho"
    assert "private" in answer.headers["cache-control"]


# --- the end ----------------------------------------------------------------------------------------------


def test_log_out_ends_the_session_everywhere(site: Site) -> None:
    with site.browser() as browser:
        browser.log_in()
        token = browser.client.cookies[SESSION]
        page = browser.get("/logout")
        assert browser.get("/account").status_code == 200  # a link alone logs nobody out
        answer = browser.submit(page, "/logout")
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert SESSION not in browser.client.cookies
        assert browser.get("/account").status_code == 401
        browser.client.cookies.set(SESSION, token)
        assert browser.get("/account").status_code == 401


def test_pages_from_elsewhere_log_nobody_out(site: Site) -> None:
    """They make a browser ask without its cookie; the answer must not take that away."""
    foreign = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    with site.client(**BROWSER, **foreign) as client:
        for answer in (client.post("/logout"), client.get("/logout")):
            assert answer.status_code == 303
            assert "set-cookie" not in answer.headers


def test_session_that_has_ended_is_told_and_forgotten(site: Site) -> None:
    with site.browser() as browser:
        browser.log_in()
        site.accounts.revoke_all("tycho")
        answer = browser.get("/tables/dbo.raw?x=1")
        assert answer.status_code == 401
        assert "session has ended" in said(answer)
        assert "/login?back=/tables/dbo.raw%3Fx%3D1" in answer.text
        assert SESSION not in browser.client.cookies
        assert browser.get("/tables/dbo.raw").status_code == 200


@pytest.mark.parametrize("path", ["/login", "/static/desk.css"])
def test_who_has_to_log_in_again_can(site: Site, path: str) -> None:
    with site.browser() as browser:
        browser.client.cookies.set(SESSION, "no.such.token")
        assert browser.get(path).status_code == 200


def test_account_leads_to_the_log_in(site: Site) -> None:
    with site.browser() as browser:
        answer = browser.get("/account")
        assert answer.status_code == 401
        assert 'href="/login?back=/account"' in answer.text
        assert answer.headers["content-type"].startswith("text/html")
