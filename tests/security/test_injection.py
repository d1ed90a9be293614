"""SQL through every parameter, every place in a path, every header that is looked at: all of them stay text.

The walk is made from the application's routes and the declared parameters, so that what is new is tried too.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from urllib.parse import quote

import pytest

from tests.access.asgi import Answer
from tests.security.conftest import AUTHORITY, PRODUCT, RAW_FILE, SPECTRUM, Site
from tests.security.hostile import INJECTIONS, SLEEP, TOLD_BY_SQL
from tests.security.walking import Way, handlers, parameters_of

OTHERS = (INJECTIONS[0], *INJECTIONS[2:])
_DID = f"ivo://{AUTHORITY}/ID?{SPECTRUM}"
_QUERY = "SELECT dp_id FROM ivoa.ObsCore WHERE obs_title = 'nothing'"
# What has to be there so that the parameter that is tried gets as far as the database.
_BESIDES: Mapping[str, Mapping[str, str]] = {
    "/tap": {"LANG": "ADQL", "QUERY": _QUERY},
    "/cone": {"RA": "1", "DEC": "2", "SR": "1"},
    "/sia1": {"POS": "1,2", "SIZE": "1"},
    "/sia2": {"POS": "CIRCLE 1 2 1"},
    "/ssa": {"REQUEST": "queryData", "POS": "1,2", "SIZE": "1"},
    "/datalink": {"ID": "nothing"},
    "/soda": {"ID": _DID},
    "/dataPortal/soda": {"ID": _DID},
    "/oai": {"verb": "ListRecords", "metadataPrefix": "ivo_vor"},
    "/hdr": {"DpId": "nothing"},
}
# Names that are no `Parameter`s: of OAI-PMH and UWS, and of the fields of forms.
_UNDECLARED: Mapping[str, tuple[str, ...]] = {
    "archive.protocol.registry": (
        "verb", "identifier", "metadataPrefix", "from", "until", "set", "resumptionToken",
    ),
    "archive.protocol.uws": (
        "PHASE", "LAST", "AFTER", "WAIT", "ACTION", "EXECUTIONDURATION", "DESTRUCTION", "RUNID", "QUERY",
    ),
    "frontdesk": (
        "username", "password", "back", "name", "email", "token", "grant_type", "client_id", "refresh_token",
        "full_name", "institute", "account", "key", "expires", "id", "page", "form_token",
    ),
}  # fmt: skip
# What a place in a path may hold that is there, so that the texts beside it matter.
_THERE = {"dp_id": SPECTRUM, "table": "ivoa.ObsCore", "name": "ivoa.ObsCore", "result": "result"}


def besides(path: str) -> dict[str, str]:
    found = max((prefix for prefix in _BESIDES if path.startswith(prefix)), key=len, default="")
    return dict(_BESIDES.get(found, {}))


def names_of(way: Way) -> list[tuple[str, ...]]:
    """What is given a text in one request: a parameter by itself, the fields of a form together."""
    declared = [(name,) for parameter in parameters_of(way.package) for name in parameter.names]
    further = _UNDECLARED.get(way.package, ())
    if way.package == "frontdesk":
        return [*declared, further] if "GET" in way.methods and "POST" not in way.methods else [further]
    return [*declared, *((name,) for name in further)]


def harmed(answer: Answer, seconds: float) -> str:
    """What in an answer shows that a text was more than a text, or "" ."""
    if answer.status >= 500:
        return f"status {answer.status}: {answer.text[:300]}"
    if seconds > SLEEP - 1:
        return f"it took {seconds:.1f} s"
    told = next((words for words in TOLD_BY_SQL if words in answer.text), "")
    if told:
        return f"it tells {told!r}: {answer.text[:300]}"
    leaked = [dp_id for dp_id in (RAW_FILE, PRODUCT) if dp_id in answer.text]
    return f"it gives {leaked}" if leaked else ""


def tried(ask: Callable[[], Answer], what: object) -> str:
    begun = time.monotonic()
    harm = harmed(ask(), time.monotonic() - begun)
    return f"{what}: {harm}" if harm else ""


def ways_with_parameters(site: Site) -> Iterator[Way]:
    """The handlers that take parameters, without the many below one job."""
    for way in handlers(site.router.routes):
        if way.methods & {"GET", "POST"} and "job" not in way.places:
            yield way


@pytest.fixture(autouse=True)
def nothing_is_lost(site: Site) -> Iterator[None]:
    """Tables and their rows are afterwards what they were before."""

    def counted() -> tuple[object, ...]:
        with site.database.writer() as connection:
            tables = connection.execute("SELECT count(*) FROM pg_class WHERE relkind = 'r'").fetchone()
            files = connection.execute("SELECT count(*), max(version) FROM archive.file").fetchone()
            people = connection.execute("SELECT name, roles FROM archive.account ORDER BY name").fetchall()
        return tables, files, people

    before = counted()
    yield
    assert counted() == before


def test_parameters_stay_texts(site: Site) -> None:
    wrong, asked = [], 0
    for way in ways_with_parameters(site):
        path = way.at(**{place: _THERE.get(place, "x") for place in way.places})
        for names in names_of(way):
            # Each has the text that would give all rows; of the others one, another each time.
            for text in (INJECTIONS[1], OTHERS[asked // 2 % len(OTHERS)]):
                given = besides(way.path) | dict.fromkeys(names, text)
                method = (
                    "GET" if "GET" in way.methods and (asked % 2 or "POST" not in way.methods) else "POST"
                )
                asked += 1
                fault = tried(partial(_asked, site, method, path, given), f"{method} {path} {names}={text!r}")
                wrong += [fault] if fault else []
    assert not wrong, "\n".join(wrong)
    assert asked > 500


def _asked(site: Site, method: str, path: str, given: Mapping[str, str]) -> Answer:
    sent = {"params": given} if method == "GET" else {"data": given}
    return site.asking.request(method, path, headers=site.tycho, **sent)


@pytest.mark.parametrize("text", INJECTIONS, ids=lambda text: repr(text[:20]))
def test_paths_stay_texts(site: Site, text: str) -> None:
    wrong = []
    for way in handlers(site.router.routes):
        for place in way.places:
            others = {other: _THERE.get(other, "x") for other in way.places if other != place}
            path = way.at(**others, **{place: quote(text, safe="")})
            method = sorted(way.methods - {"HEAD", "OPTIONS"} or way.methods)[0]
            headers = {**site.olga, "Tus-Resumable": "1.0.0"}
            ask = partial(site.asking.request, method, path, headers=headers)
            fault = tried(ask, f"{method} {path}")
            wrong += [fault] if fault else []
    assert not wrong, "\n".join(wrong)


HEADERS = (
    "Accept", "Accept-Encoding", "Authorization", "Cookie", "Content-Type", "If-Match", "If-None-Match",
    "If-Modified-Since", "If-Range", "Range", "Origin", "Referer", "User-Agent", "X-Forwarded-For",
    "Forwarded", "Tus-Resumable", "Upload-Length", "Upload-Metadata", "Upload-Checksum", "Upload-Offset",
    "Sec-Fetch-Site",
)  # fmt: skip


@pytest.mark.parametrize("header", HEADERS)
def test_headers_stay_texts(site: Site, header: str) -> None:
    wrong = []
    for text in INJECTIONS:
        value = text.encode("utf-8").decode("latin-1")  # as a server hands it on
        for method, path in (("HEAD", f"/file/{SPECTRUM}"), ("POST", "/incoming"), ("GET", "/account")):
            headers = {**(site.olga if path == "/incoming" else {}), header: value}
            ask = partial(site.asking.request, method, path, headers=headers)
            fault = tried(ask, f"{method} {path} {header}: {value!r}")
            wrong += [fault] if fault else []
    assert not wrong, "\n".join(wrong)


# Trying a password takes long on purpose, so that here are few.
@pytest.mark.parametrize("text", INJECTIONS[:2], ids=lambda text: repr(text[:20]))
def test_credentials_stay_texts(site: Site, text: str) -> None:
    for value in (f"Bearer {text}", f"Basic {_basic(text, 'x')}", f"Basic {_basic('tycho', text)}"):
        ask = partial(site.asking.get, "/auth/whoami", headers={"Authorization": value})
        assert tried(ask, value) == ""
        assert ask().status in {401, 429}


TOKENS = (
    "[" * 30_000,
    '{"a":' * 10_000,
    '["ListRecords","ivo_vor",1,"","","\\ud800",1,1]',
    '["ListRecords","ivo_vor",1,"","","a\\u0000",1,1]',
    '["ListRecords","ivo_vor",1,"","","\' OR 1=1 --",1,1]',
    '["ListRecords","ivo_vor",1e400,"","","a",1,1]',
    '["ListRecords","ivo_vor",1,"0001-01-01T00:00:00-23:59","","a",1,1]',
)


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: token[:60])
def test_lists_go_on_by_tokens_of_ours(site: Site, token: str) -> None:
    """A resumption token comes back from whoever has one, and from whoever makes one up."""
    packed = base64.urlsafe_b64encode(token.encode()).decode()
    asked = {"verb": "ListRecords", "resumptionToken": packed}
    answer = site.asking.post("/oai", data=asked)
    assert answer.status == 200 and tried(lambda: answer, token) == ""


def _basic(name: str, password: str) -> str:
    return base64.b64encode(f"{name}:{password}".encode()).decode()


@pytest.mark.parametrize("key", ["grant_type", "client_id", "username", "password"])
def test_log_in_is_by_nothing_but_the_password(site: Site, key: str) -> None:
    right = {"grant_type": "password", "username": "tycho", "password": "x", "client_id": "clientid"}
    answer = site.asking.get("/sso/oidc/token", params=right | {key: INJECTIONS[1]})
    assert answer.status in {400, 401, 429}
    assert "access_token" not in answer.text and "id_token" not in answer.text
