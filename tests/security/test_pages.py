"""What the archive's texts could do to whom they are shown: on pages, in tables, in files for programs."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator

import httpx
import pytest
from lxml import html
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from archive.formats import FORMATS, Encoding
from frontdesk.security_headers import SecurityHeaders
from tests.access.asgi import Answer
from tests.security.conftest import AUTHORITY, PASSWORD, PRODUCT, PROGRAMME, RAW_FILE, SPECTRUM, Site
from tests.security.hostile import ABSTRACT, FORMULA, MARKUP
from tests.security.walking import parameters_of, ways
from tests.serving import listening, serving

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "User-Agent": "Mozilla/5.0 (test)"}
# Of what HTML runs by itself or by a click, only scripts and styles that are files of ours.
_ACTIVE = (
    "//script[not(starts-with(@src, '/static/'))] | //script[normalize-space()] | //iframe | //object"
    " | //embed | //base | //meta[@http-equiv] | //link[not(starts-with(@href, '/static/'))]"
    " | //svg//*[@href]"
    " | //*[@style] | //img[not(starts-with(@src, '/') or starts-with(@src, 'http://127.0.0.1'))]"
    " | //*[@*[starts-with(name(), 'on')]]"
)
_LEADS = "//@href | //@src | //@action | //@formaction | //@poster | //@data"


def active(page: bytes) -> list[str]:
    """What would run, or lead to a script, in a page of the archive."""
    tree = html.fromstring(page)
    found = [html.tostring(element).decode()[:200] for element in tree.xpath(_ACTIVE)]
    schemes = [address.strip().lower() for address in tree.xpath(_LEADS)]
    return found + [one for one in schemes if one.startswith(("javascript:", "data:text", "vbscript:", "//"))]


def is_page(answer: Answer) -> bool:
    return answer.headers.get("content-type", "").startswith(("text/html", "application/xhtml"))


def guarded(answer: Answer | httpx.Response) -> None:
    """What holds for every page, whatever is on it."""
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
    assert "script-src 'unsafe-inline'" not in policy and "unsafe-eval" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


def pages(site: Site) -> Iterator[tuple[str, Answer]]:
    """All that is asked by GET, with texts that want to be markup wherever a client can put some."""
    session = {**BROWSER, **site.tycho}
    for way in ways(site.router.routes):
        if "GET" not in way.methods or way.path.startswith("/static"):
            continue
        for there in (PRODUCT, RAW_FILE, SPECTRUM, "dfs.programme", "%3Cscript%3Ealert(1)%3C%2Fscript%3E"):
            path = way.at(**dict.fromkeys(way.places, there))
            yield path, site.asking.get(path, headers=session)
            if not way.places:
                break
        names = [parameter.name for parameter in parameters_of(way.package)]
        texts = dict.fromkeys((*names, "back", "token", "done", "state", "error"), MARKUP)
        yield f"{path}?...", site.asking.get(path, headers=session, params=texts)


def test_names_and_abstracts_stay_texts_on_every_page(site: Site) -> None:
    shown, with_markup = 0, 0
    for path, answer in pages(site):
        assert answer.status < 500, path
        if is_page(answer):
            shown += 1
            with_markup += "<script" in " ".join(html.fromstring(answer.content).itertext())
            assert active(answer.content) == [], path
            guarded(answer)
    assert shown > 60
    assert with_markup >= 3  # the hostile names did get there


def test_every_answer_is_guarded(site: Site) -> None:
    """Also what is no page: texts, files, pictures, and refusals of all kinds."""
    told: Counter[int] = Counter()
    for way in ways(site.router.routes):
        for there in (PRODUCT, "%00"):
            path = way.at(**dict.fromkeys(way.places, there))
            for method, headers in (
                *(("GET", who) for who in (site.tycho, {"Authorization": "Bearer x"}, BROWSER)),
                *((method, site.tycho) for method in ("POST", "OPTIONS", "NONSENSE")),
            ):
                answer = site.asking.request(method, path, headers=headers)
                told[answer.status] += 1
                guarded(answer)
                assert answer.headers["cross-origin-opener-policy"] == "same-origin"
            if not way.places:
                break
    guarded(site.asking.get("/static/desk.js"))
    guarded(site.asking.get("/nothing", headers=BROWSER))
    assert {200, 400, 401, 403, 404, 405} <= told.keys()


def test_an_answer_to_a_fault_of_ours_is_guarded() -> None:
    def faulty(_request: Request) -> Response:
        raise RuntimeError("a fault")

    app = SecurityHeaders(Starlette(routes=[Route("/", faulty)]), secure=True)
    with serving(app, listening()) as address:
        answer = httpx.get(address)
    assert answer.status_code == 500
    guarded(answer)
    assert "max-age" in answer.headers["strict-transport-security"]


def queried(site: Site, table: str, columns: str, form: str) -> Answer:
    query = {"LANG": "ADQL", "QUERY": f"SELECT {columns} FROM {table}", "RESPONSEFORMAT": form}
    answer = site.asking.get("/tap/sync", params=query, headers=site.olga)
    assert answer.status == 200, answer.text
    return answer


@pytest.mark.parametrize(
    ("table", "columns", "text"),
    [
        ("ivoa.ObsCore", "dp_id, target_name, target_name AS access_url", MARKUP),
        ("dbo.raw", "dp_id, object, object AS access_url", MARKUP),
        ("dfs.programme", "programme_id, title, title AS access_url", MARKUP),
        ("dfs.abstract", "programme_id, abstract, abstract AS access_url", ABSTRACT),
        ("dfs.investigator", "last_name, first_name AS access_url", FORMULA),
    ],
)
def test_tables_for_people_hold_texts(site: Site, table: str, columns: str, text: str) -> None:
    answer = queried(site, table, columns, "html")
    assert is_page(answer)
    guarded(answer)
    tree = html.fromstring(answer.content)
    assert not tree.xpath("//script | //img | //*[@*[starts-with(name(), 'on')]]")
    assert not [href for href in tree.xpath("//@href") if not href.startswith(("http://", "https://"))]
    assert "".join(text.split()) in "".join(tree.xpath("string(//table)").split())


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
def test_no_format_of_a_result_is_taken_for_a_page(site: Site, format_) -> None:
    answer = queried(site, "dfs.abstract", "abstract", format_.aliases[0])
    assert is_page(answer) == (format_.encoding is Encoding.HTML)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("form", ["csv", "tsv"])
def test_formulas_are_what_was_archived_and_a_file_to_be_saved(site: Site, form: str) -> None:
    """Programs get every text as it is; a browser saves the table instead of giving it to a spreadsheet."""
    answer = queried(site, "dfs.investigator", "last_name", form)
    kind = {"csv": "text/csv", "tsv": "text/tab-separated-values"}[form]
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["content-disposition"] == f'attachment; filename="result.{form}"'
    rows = list(csv.reader(io.StringIO(answer.text), delimiter="\t" if form == "tsv" else ","))
    assert [FORMULA] in rows


# --- who asks, and where from -----------------------------------------------------------------------------


def test_no_answer_repeats_the_host_that_was_asked(site: Site) -> None:
    """Links and redirections come from the configuration: caches and mails cannot be poisoned by a header."""
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "Forwarded": "host=evil.example"}
    for way in ways(site.router.routes):
        if way.path.startswith("/static") or "GET" not in way.methods:
            continue
        path = way.at(**dict.fromkeys(way.places, "x"))
        answer = site.asking.get(path, headers={**BROWSER, **evil})
        # The texts of this archive have that name in them; no address has.
        assert "evil.example" not in answer.headers.get("location", ""), path
        assert "http://evil.example/tap" not in answer.text and "//evil.example/static" not in answer.text


def test_mails_lead_to_the_configured_host(site: Site) -> None:
    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    page = site.asking.get("/account/forgotten", headers={**BROWSER, **evil})
    assert 'action="/account/forgotten"' in page.text
    assert "evil.example" not in page.text


@pytest.mark.parametrize(
    "back", ["//evil.example/", "https://evil.example/", "/\\evil.example", "/\t/evil.example"]
)
def test_nobody_is_sent_elsewhere_after_logging_in(site: Site, back: str) -> None:
    page = site.asking.get("/login", headers=BROWSER, params={"back": back})
    assert html.fromstring(page.content).xpath("//input[@name='back']/@value") in ([], ["/account"], ["/"])


@pytest.mark.parametrize(
    ("origin", "path"),
    [("https://evil.example", "/tap/sync"), ("null", "/auth/whoami"), ("https://evil.example", "/account")],
)
def test_other_origins_get_no_credentials(site: Site, origin: str, path: str) -> None:
    answer = site.asking.get(path, headers={"Origin": origin})
    assert answer.headers.get("access-control-allow-credentials") is None
    assert answer.headers.get("access-control-allow-origin") in {None, "*"}


def test_secrets_are_in_no_answer(site: Site) -> None:
    """Not even an operator reads hashes, or the tokens of others, by any page or table."""
    tables = site.asking.get("/tap/tables", headers=site.olga).text
    assert "archive." not in tables.replace(AUTHORITY, "")
    whole = "".join(
        site.asking.get(path, headers={**BROWSER, **site.olga}).text
        for path in ("/account", "/account/rights", "/account/downloads", "/", f"/dataset/{PRODUCT}")
    )
    for secret in ("$argon2", PASSWORD, site.tycho["Authorization"].split()[1]):
        assert secret not in whole
    assert PROGRAMME in whole
