"""A browser, Chromium, does at the pages what people do: log in, see what is theirs, make a token, log out.

`make soak` installs it, as `setup/prepare soak` does; everything else about the pages is tested without it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

from archive.testing import ClusterForTests
from tests.access.observatory import FILES, fill
from tests.serving import listening, serving
from tests.site.chromium import Chromium, chromium
from tests.site.conftest import PASSWORD, Site, served

pytestmark = pytest.mark.soak

OURS = FILES["proprietary raw"]


@pytest.fixture(scope="module")
def guarded(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(test_cluster, tmp_path_factory.mktemp("chromium"), fill) as running:
        yield running


@pytest.fixture
def window(tmp_path: Path) -> Iterator[Chromium]:
    with chromium(tmp_path / "profile") as running:
        yield running


def log_in(window: Chromium, site: Site, name: str = "tycho") -> None:
    window.open(f"{site.address}/login")
    window.fill("username", name)
    window.fill("password", PASSWORD)
    window.press("form.card button")


def test_log_in_token_and_log_out(guarded: Site, window: Chromium) -> None:
    log_in(window, guarded)
    assert window.address == f"{guarded.address}/account"
    assert "Tyge Ottesen Brahe" in window.text and "116.25AB" in window.text
    assert window.run("document.cookie") == ""  # scripts cannot read it

    window.fill("note", "script of the night")
    window.press("form[action='/account/tokens'] button")
    token = window.run("document.querySelector('.copyable code').textContent")
    told = httpx.get(f"{guarded.address}/auth/whoami", headers={"Authorization": f"Bearer {token}"})
    assert told.json()["name"] == "tycho"

    window.open(f"{guarded.address}/logout")
    window.press("form.card button")
    assert window.address == f"{guarded.address}/"
    window.open(f"{guarded.address}/account")
    assert window.statuses[f"{guarded.address}/account"] == 401
    assert "Please log in" in window.text
    assert [text for text in window.complaints if "Content Security Policy" in text] == []


def test_data_of_ones_own(guarded: Site, window: Chromium, tmp_path: Path) -> None:
    file = f"{guarded.address}/file/{OURS.dp_id}"
    window.open(file)
    assert window.statuses[file] == 401
    window.press("a[href^='/login?back=']")
    window.fill("username", "tycho")
    window.fill("password", PASSWORD)
    assert window.downloaded(tmp_path / "downloads", "form.card button") == OURS.content
    # Our own scripts are the person, with the cookie.
    window.open(f"{guarded.address}/dataset/{OURS.dp_id}")
    assert OURS.dp_id in window.text
    assert window.run(f"fetch('/file/{OURS.dp_id}').then(r => r.blob()).then(b => b.size)") == len(
        OURS.content
    )
    # One who has no rights on it is told so in a page.
    window.open(f"{guarded.address}/logout")
    window.press("form.card button")
    log_in(window, guarded, "johannes")
    window.open(file)
    assert window.statuses[file] == 403
    assert "Not for you" in window.text


def test_token_of_a_program_is_good_in_the_browser_too(guarded: Site, window: Chromium) -> None:
    token = guarded.token().access
    window.ask("Network.setCookie", url=guarded.address, name="uraniborg_session", value=token, httpOnly=True)
    window.open(f"{guarded.address}/account")
    assert "Tyge Ottesen Brahe" in window.text
    size = f"fetch('/file/{OURS.dp_id}').then(r => r.blob()).then(b => b.size)"
    assert window.run(size) == len(OURS.content)


PAGES = [
    "/", "/login", "/account/register", "/account/forgotten", "/account", "/account/rights",
    "/account/downloads", "/tables/dbo.raw", "/tables/dfs.download", "/cone", "/transfers", "/nothing",
    f"/dataset/{OURS.dp_id}", f"/hdr?DpId={OURS.dp_id}", f"/file/{OURS.dp_id}",
]  # fmt: skip


# Of pages with another status than 200, and advice of which none concerns what is seen.
BESIDES = ("Failed to load resource", "[DOM]")


@pytest.mark.parametrize("name", ["johannes", ""])
@pytest.mark.parametrize("width", [390, 1280])
def test_pages_look_as_meant(guarded: Site, window: Chromium, width: int, name: str) -> None:
    """The browser refuses nothing that belongs to them, and they fit the width of a phone."""
    window.ask(
        "Emulation.setDeviceMetricsOverride", width=width, height=844, deviceScaleFactor=1, mobile=False
    )
    if name:
        log_in(window, guarded, name)
    for path in PAGES:
        window.complaints.clear()
        window.open(f"{guarded.address}{path}")
        assert window.run("document.styleSheets.length") == 1, path
        assert window.run("document.documentElement.scrollWidth") <= width, path
        heading = "document.querySelector('h1').scrollWidth - document.querySelector('h1').clientWidth"
        assert window.run(heading) == 0, path
        assert not [text for text in window.complaints if not text.startswith(BESIDES)], path


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """The address of a page without any rules of its own."""
    page = Route("/", lambda _: HTMLResponse("<!DOCTYPE html><title>Elsewhere</title>"))
    with serving(Starlette(routes=[page]), listening()) as address:
        yield address.replace("127.0.0.1", "localhost") + "/"


def test_page_from_elsewhere_has_nothing_of_the_session(
    guarded: Site, window: Chromium, elsewhere: str
) -> None:
    log_in(window, guarded)
    # An address with another name is another site, to which the browser sends no cookie.
    window.open(elsewhere)
    read = f"fetch('{guarded.address}/auth/whoami', {{credentials: 'include'}})"
    assert window.run(f"{read}.then(r => r.status, e => 'refused')") in {"refused", 401}
    plain = f"fetch('{guarded.address}/tap/availability').then(r => r.status)"
    assert window.run(plain) == 200
    form = (
        "(() => { const f = document.createElement('form'); f.method = 'POST';"
        f" f.action = '{guarded.address}/logout'; document.documentElement.append(f); f.submit(); }})()"
    )
    with window._loading():
        window.run(form)
    window.open(f"{guarded.address}/account")
    assert "Tyge Ottesen Brahe" in window.text


def test_wrong_password_and_no_window_of_the_browsers_own(guarded: Site, window: Chromium) -> None:
    window.open(f"{guarded.address}/login")
    window.fill("username", "tycho")
    window.fill("password", "a comet in Cassiopeia")
    window.press("form.card button")
    assert "do not belong together" in window.text
    answer = "fetch('/tap/tables', {headers: {Authorization: 'Bearer wrong'}}).then(r => r.status)"
    assert window.run(answer) == 401


def test_pages_work_without_scripts(guarded: Site, tmp_path: Path) -> None:
    with chromium(tmp_path / "profile", "--blink-settings=scriptEnabled=true") as window:
        window.ask("Emulation.setScriptExecutionDisabled", value=True)
        log_in(window, guarded)
        assert window.address == f"{guarded.address}/account"
