"""The account's pages: coming to one and back into it, tokens, rights given away, who downloaded what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from lxml import html

from archive.access.administration import Administration
from archive.access.rights import Kind, rights_of
from archive.database import write_records
from archive.declare.dataflow.phase1 import PROGRAMME, RUN
from tests.site.conftest import BROWSER, PASSWORD, Browser, Site, link_in, said

KEY = "116.20AB.001"
TODAY = datetime.now(UTC).date()


def text(page: httpx.Response) -> str:
    return " ".join(html.fromstring(page.content).text_content().split())


@pytest.fixture(scope="module")
def people(site: Site) -> Site:
    """kepler is the PI of a programme, longomontanus nobody in particular."""
    office = Administration(site.database, site.config)
    for name in ("kepler", "longomontanus"):
        office.add(name, email=f"{name}@prague.example", password=PASSWORD, full_name=name.title())
    with site.database.writer() as connection:
        connection.execute(
            "INSERT INTO archive.run_right (account, key, kind, granted_by)"
            " VALUES ('kepler', '116.20AB', 'pi', 'the proposal')"
        )
        for record in (
            PROGRAMME.row(programme_id="116.20AB", title="Mars"),
            RUN.row(programme_id="116.20AB", run_id=KEY),
        ):
            write_records(connection, record.table, [record])
    return site


@pytest.fixture(scope="module")
def pi(people: Site) -> Iterator[Browser]:
    with people.browser() as browser:
        browser.log_in("kepler")
        yield browser


# --- coming to an account ---------------------------------------------------------------------------------


def test_registered_verified_forgotten_reset(site: Site) -> None:
    new = {
        "name": "sofie",
        "full_name": "Søfie Øttesdatter Bråhe 索菲",
        "institute": "Кнудструп",
        "email": "sofie@hven.example",
        "password": PASSWORD,
    }
    with site.browser() as browser:
        done = browser.submit(browser.get("/account/register"), "/account/register", **new)
        assert done.status_code == 200
        assert "confirmed" in text(browser.log_in("sofie"))
        link = link_in(site.mails()[-1])
        # A program that looks at links in mail follows it, and nothing happens.
        assert browser.get(link).status_code == browser.get(link).status_code == 200
        assert browser.log_in("sofie").status_code == 403
        done = browser.submit(browser.get(link), "/account/verify")
        assert "confirmed" in text(done)
        again = browser.submit(browser.get(link), "/account/verify")
        assert again.status_code == 400 and "not good any more" in said(again)
        assert browser.log_in("sofie").status_code == 303
        page = text(browser.get("/account"))
        assert new["full_name"] in page and new["institute"] in page

    with site.browser() as browser:
        asked = browser.submit(
            browser.get("/account/forgotten"), "/account/forgotten", email="sofie@hven.example"
        )
        nobody = browser.submit(
            browser.get("/account/forgotten"), "/account/forgotten", email="nobody@hven.example"
        )
        assert (asked.status_code, text(asked)) == (nobody.status_code, text(nobody)) == (200, text(asked))
        link = awaited_link(site)
        short = browser.submit(browser.get(link), "/account/reset", password="short")
        assert short.status_code == 400 and "characters" in said(short)
        done = browser.submit(browser.get(link), "/account/reset", password="another nova, of 1604")
        assert done.status_code == 200
        assert browser.log_in("sofie").status_code == 401
        assert browser.log_in("sofie", "another nova, of 1604").status_code == 303


def awaited_link(site: Site) -> str:
    end = datetime.now(UTC) + timedelta(seconds=30)
    while datetime.now(UTC) < end:
        links = [link_in(mail) for mail in site.mails() if "/account/reset" in mail]
        if links:
            return links[-1]
    raise AssertionError("no message has come")


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "Tycho"},
        {"name": "tycho"},
        {"name": "root"},
        {"name": ""},
        {"email": "no address"},
        {"email": "x@y.example\r\nBcc: z@y.example"},
        {"password": "short"},
        {"full_name": "\x00"},
        {"full_name": "x" * 300},
        {"institute": "a\u202eb"},
    ],
    ids=str,
)
def test_what_cannot_be_an_account_is_told_in_the_form(site: Site, changed: dict[str, str]) -> None:
    new = {"name": "jeppe", "email": "jeppe@hven.example", "password": PASSWORD, "full_name": "Jeppe"}
    with site.browser() as browser:
        page = browser.submit(browser.get("/account/register"), "/account/register", **new | changed)
        assert page.status_code == 400
        assert said(page)
        assert PASSWORD not in page.text
        fields = dict(html.fromstring(page.content).forms[0].form_values())
        assert changed.get("name", fields.get("name", "")) in {fields.get("name", ""), ""}


@pytest.mark.parametrize("path", ["register", "verify", "forgotten", "reset", "details", "tokens"])
def test_forms_that_are_not_ours_do_nothing(site: Site, path: str) -> None:
    with site.client(**BROWSER, Origin=site.address) as client:
        new = {"name": "thief", "email": "thief@x.example", "password": PASSWORD, "token": "x"}
        assert client.post(f"/account/{path}", data=new).status_code in {401, 403}


# --- tokens -----------------------------------------------------------------------------------------------


def test_token_for_a_program_is_made_shown_once_and_ended(site: Site) -> None:
    with site.browser() as browser, site.client() as program:
        browser.log_in()
        made = browser.submit(browser.get("/account"), "/account/tokens", note="<night> script", days="7")
        assert made.status_code == 200 and made.headers["cache-control"] == "no-store"
        [token] = html.fromstring(made.content).xpath("//div[@class='copyable']/code/text()")
        header = {"Authorization": f"Bearer {token}"}
        told = program.get("/auth/whoami", headers=header).json()
        assert (told["name"], told["scopes"]) == ("tycho", ["read"])
        page = browser.get("/account")
        assert token not in page.text and "<night> script" in text(page)
        [mine] = [info for info in site.accounts.tokens_of("tycho") if info.note == "<night> script"]
        ended = browser.submit(page, "/account/tokens/revoke", id=mine.id)
        assert (ended.status_code, ended.headers["location"]) == (303, "/account?done=token")
        assert program.get("/auth/whoami", headers=header).status_code == 401


@pytest.mark.parametrize("days", ["0", "-1", "731", "9" * 5000, "x", ""])
def test_token_for_ever_there_is_none(pi: Browser, days: str) -> None:
    assert pi.submit(pi.get("/account"), "/account/tokens", days=days).status_code == 400


def test_token_never_goes_further_than_its_owner(pi: Browser) -> None:
    form = {"scope-admin": "yes", "scope-deliver": "yes", "scope-account": "yes", "days": "7"}
    page = pi.submit(pi.get("/account"), "/account/tokens", **form)
    assert page.status_code in {400, 403}


def test_tokens_of_others_are_not_mine(pi: Browser, site: Site) -> None:
    issued = site.token("tycho")
    [*_, info] = site.accounts.tokens_of("tycho")
    page = pi.submit(pi.get("/account"), "/account/tokens/revoke", id=info.id)
    assert page.status_code == 400 and "no such token" in said(page)
    assert site.accounts.caller_of_token(issued.access).name == "tycho"


def test_changes_are_told_and_mistakes_too(pi: Browser) -> None:
    done = pi.submit(pi.get("/account"), "/account/details", full_name="Johannes Kepler", institute="Praha")
    page = pi.get(done.headers["location"])
    assert "changed" in said(page) and "Johannes Kepler" in text(page)
    wrong = pi.submit(page, "/account/password", password="wrong", new_password="the orbit of Mars")
    assert wrong.status_code == 400 and "do not belong" in said(wrong)
    assert pi.get("/account?done=<script>").text.count("<script>") == 0


# --- rights -----------------------------------------------------------------------------------------------


def give(pi: Browser, **changed: str) -> httpx.Response:
    until = str(TODAY + timedelta(days=30))
    form = {"account": "longomontanus", "key": KEY, "kind": "delegate", "until": until} | changed
    return pi.submit(pi.get("/account/rights"), "/account/rights/grant", **form)


def test_right_is_given_shown_and_taken_back(pi: Browser, people: Site) -> None:
    assert give(pi).headers["location"] == "/account/rights?done=grant"
    assert people.accounts.acting_for("longomontanus").keys == (KEY,)
    with people.browser() as other:
        other.log_in("longomontanus")
        page = text(other.get("/account/rights"))
        assert KEY in page and "delegate" in page and "Give somebody a right" not in page
        # A delegate delegates to nobody, whatever form he sends.
        page = other.get("/account/rights")
        refused = other.submit(page, "/account/rights/revoke", account="kepler", key="116.20AB")
        assert refused.status_code == 400
        token = {"form_token": dict(html.fromstring(page.content).forms[0].form_values())["form_token"]}
        until = str(TODAY + timedelta(days=30))
        further = {"account": "tycho", "key": KEY, "kind": "reader", "until": until} | token
        sent = other.client.post("/account/rights/grant", data=further, headers={"Origin": people.address})
        assert sent.status_code == 400 and "principal investigators" in said(sent)
    page = pi.get("/account/rights")
    assert "longomontanus" in text(page)
    back = pi.submit(page, "/account/rights/revoke")
    assert back.headers["location"] == "/account/rights?done=revoke"
    assert people.accounts.acting_for("longomontanus").keys == ()


@pytest.mark.parametrize(
    "changed",
    [
        {"account": "nobody_here"},
        {"account": "x\x00y"},
        {"key": "999.99ZZ.001"},
        {"key": "' OR 1=1 --"},
        {"kind": "pi"},
        {"kind": "king"},
        {"until": ""},
        {"until": "tomorrow"},
        {"until": "9999-12-31"},
        {"until": "2020-01-01"},
    ],
    ids=str,
)
def test_rights_that_cannot_be_given(pi: Browser, people: Site, changed: dict[str, str]) -> None:
    page = give(pi, **changed)
    assert page.status_code == 400
    assert said(page)
    with people.database.writer() as connection:
        assert all(right.kind is not Kind.PI for right in rights_of(connection, "longomontanus"))


def test_a_refused_form_keeps_what_was_typed(pi: Browser) -> None:
    page = give(pi, account="longomontanvs", kind="reader", until="2020-01-01")
    [form] = [one for one in html.fromstring(page.content).forms if one.action == "/account/rights/grant"]
    typed = dict(form.form_values())
    assert (typed["account"], typed["key"]) == ("longomontanvs", KEY)
    assert (typed["kind"], typed["until"]) == ("reader", "2020-01-01")
    assert "still to come" in said(page)


def test_who_downloaded_my_data(pi: Browser, people: Site) -> None:
    assert "Nothing was given out" in text(pi.get("/account/downloads"))
    with people.database.writer() as connection:
        connection.execute(
            "INSERT INTO dfs.download (download_id, started_at, account, dp_id, run_id, road, bytes, outcome,"
            " hidden_for, hidden_until) VALUES ('1', now(), 'longomontanus', 'HAWKI.<b>', %(run)s, 'file',"
            " 12345, 'complete', %(run)s, 'infinity')",
            {"run": KEY},
        )
    page = pi.get("/account/downloads")
    assert "longomontanus" in text(page) and "HAWKI.<b>" in text(page) and "12,345" in text(page)
    with people.browser() as other:
        other.log_in("longomontanus")
        assert "HAWKI" not in other.get("/account/downloads").text


def test_a_log_in_is_one_row_however_often_it_was_renewed(site: Site) -> None:
    issued = site.token("johannes")
    for _ in range(3):
        assert issued.refresh is not None
        issued = site.accounts.refresh(issued.refresh)
    family = next(one.family for one in site.accounts.tokens_of("johannes") if one.id == issued.caller.token)
    ids = {one.id for one in site.accounts.tokens_of("johannes") if one.family == family}
    assert len(ids) == 8
    with site.browser() as browser:
        browser.log_in("johannes")
        shown = html.fromstring(browser.get("/account").content).xpath("//input[@name='id']/@value")
    assert ids.intersection(shown) == {issued.caller.token}
