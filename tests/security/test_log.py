"""What others send can never pass for a line of the log, nor command the terminal that shows it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from frontdesk.log import lines_to
from tests.security.conftest import PASSWORD, Site

FORGED = "2026-01-01 00:00:00 GET /login 200 1 B 0.001 s"
TEXTS = (
    f"x\n{FORGED}",
    f"x\r\n{FORGED}",
    f"x\r{FORGED}",
    f"x\u2028{FORGED}",
    f"x\x85{FORGED}",
    f"x\x0b{FORGED}",
    "\x1b]0;evil\x07\x1b[2J",
    "\x9b31m",
    "\u202egnp.exe",
    "%s %d %(message)s {0}",
)


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """The log while a test runs."""
    stream = io.StringIO()
    log = logging.getLogger("uraniborg")
    handler, level = lines_to(stream), log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    yield stream
    log.setLevel(level)
    log.removeHandler(handler)


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_messages(written: io.StringIO, text: str) -> None:
    log = logging.getLogger("uraniborg.test")
    log.warning("%s is refused: %s", text, ValueError(text))
    try:
        raise ValueError(text)
    except ValueError as error:
        log.error("incident %s", "0123", exc_info=error)
    checked(written.getvalue())


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_requests(site: Site, written: io.StringIO, text: str) -> None:
    latin = text.encode("utf-8").decode("latin-1")
    site.asking.get(f"/file/{quote(text)}", headers={"User-Agent": latin, "Referer": latin})
    site.asking.get(
        "/tap/sync", params={"LANG": "ADQL", "QUERY": "SELECT 1 AS x FROM dbo.raw", "RUNID": text}
    )
    site.asking.get("/ssa/query", params={"REQUEST": "queryData", "POS": "1,2", "RUNID": text})
    checked(written.getvalue())


def checked(written: str) -> None:
    assert written
    for line in written.splitlines():
        assert line[:1] in {"2", " "} and (line[0] == " " or not line.startswith(FORGED))
        assert line.isprintable()


def test_passwords_and_tokens_are_not_logged(site: Site, written: io.StringIO) -> None:
    """ESO's clients send passwords in the query string."""
    asked = {"grant_type": "password", "username": "tycho", "password": PASSWORD, "client_id": "clientid"}
    granted = site.asking.get("/sso/oidc/token", params=asked)
    assert granted.status == 200
    token = site.tycho["Authorization"].split()[1]
    site.asking.get("/auth/whoami", headers=site.tycho)
    site.asking.get("/auth/whoami", headers={"Authorization": f"Bearer {token}x"})
    site.asking.get("/tap/sync", headers=site.tycho, params={"QUERY": token, "token": token})
    log = written.getvalue()
    assert "/sso/oidc/token" in log
    for secret in (PASSWORD, quote(PASSWORD), token, token.split(".")[2], granted.text):
        assert secret not in log
