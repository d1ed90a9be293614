"""/header and /hdr: every form, every HDU, and astroquery reading what real headers hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from urllib.parse import quote

import httpx
import pytest
from astropy.io import fits
from astroquery.eso import EsoClass
from lxml import html
from starlette.applications import Starlette

from archive.errors import ArchiveError
from archive.protocol import Style, failure_response
from archive.store import Action, Change, correct
from frontdesk.downloads import download_routes
from frontdesk.headers import header_routes
from tests.delivery.support import exposure, keep
from tests.ingest.support import card, header_bytes
from tests.serving import listening, serving

ODD = (
    card("SIMPLE", True),
    card("BITPIX", 8),
    card("NAXIS", 0),
    "OBJECT  = 'M 31 / core, a = b'",
    "UNKNOWN =                      / a value that nobody measured",
    "HISTORY flat = master_flat / bias",
    "        EQUATION = 3",
    "COMMENT x = y",
    "EXPTIME =              1.5D+01 / the exponent of old programs",
    "COUNT   =                1D3",
    "PLANE   = (1.0, -2.0)",
    "BROKEN  =                  NaN",
    "WORDS   = of somebody's own",
    "CITED   = 'it''s <b>&amp; a text that is continued in another card, as it is&'",
    "CONTINUE  ' long, with = inside' / and a comment",
    "HIERARCH ESO DET CHIP1 X = 3 / odd = even",
    "NOVALUE",
)


@pytest.fixture(scope="module")
def client(archived, store, tmp_path_factory) -> Iterator[httpx.Client]:
    folder = tmp_path_factory.mktemp("headers")
    keep(archived, store, folder, exposure(), "NIGHT.1")
    keep(archived, store, folder, header_bytes(ODD), "ODD+1:2")
    keep(archived, store, folder, b"text", "notes", name="notes.txt")
    with archived.writer() as connection:
        change = Change(1, Action.SET, "CRVAL1", 60.5)
        correct(connection, store, "NIGHT.1", [change], who="tycho", why="clock < wrong")

    async def failure(_request, error):
        assert isinstance(error, ArchiveError)
        return failure_response(error, Style.TEXT)

    routes = [*download_routes(archived, store), *header_routes(archived)]
    app = Starlette(routes=routes, exception_handlers={ArchiveError: failure})
    with serving(app, listening()) as address, httpx.Client(base_url=address) as client:
        yield client


def test_text_is_what_astropy_reads(client):
    answer = client.get("/header/NIGHT.1")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text.count("\nEND\n") == 4
    primary = fits.Header.fromstring(answer.text.partition("END\n")[0], sep="\n")
    assert primary == fits.open(BytesIO(exposure()))[0].header


def test_cards_are_the_headers_of_the_delivered_file(client):
    answer = client.get("/header/NIGHT.1", params={"RESPONSEFORMAT": "fits", "HDU": "0"})
    assert answer.headers["content-type"] == "application/fits"
    assert 'filename="NIGHT.1.hdr"' in answer.headers["content-disposition"]
    assert client.get("/file/NIGHT.1").content.startswith(answer.content)
    assert len(answer.content) % 2880 == 0


def test_json_has_typed_values(client):
    answer = client.get("/header/NIGHT.1", params={"RESPONSEFORMAT": "application/json"}).json()
    assert (answer["dp_id"], answer["version"], answer["correction"]) == ("NIGHT.1", 1, 1)
    assert [(one["hdu"], one["name"]) for one in answer["hdus"]] == [
        (0, ""),
        (1, "CHIP1"),
        (2, "CHIP2"),
        (3, ""),
    ]
    cards = {one["keyword"]: one for one in answer["hdus"][0]["cards"]}
    assert cards["SIMPLE"]["value"] is True and cards["EXPTIME"]["value"] == 30.0
    assert cards["ESO DPR CATG"] == {
        "keyword": "ESO DPR CATG",
        "value": "SCIENCE",
        "comment": "Observation category",
    }
    assert cards["LONG"]["value"].endswith("card's line")
    [made] = answer["corrections"]
    assert made["why"] == "clock < wrong" and "who" not in made
    assert made["changes"][0]["keyword"] == "CRVAL1" and "60.5" in made["changes"][0]["after"]


def test_values_that_json_has_not(client):
    text = client.get(f"/header/{quote('ODD+1:2')}?RESPONSEFORMAT=json").text
    cards = {one["keyword"]: one["value"] for one in json.loads(text)["hdus"][0]["cards"]}
    assert (cards["UNKNOWN"], cards["BROKEN"], cards["PLANE"]) == (None, "nan", [1.0, -2.0])


@pytest.mark.parametrize(("asked", "numbers"), [("1", [1]), ("chip2", [2]), ("0&HDU=CHIP1", [0, 1])])
def test_chosen_hdus(client, asked, numbers):
    answer = client.get(f"/header/NIGHT.1?RESPONSEFORMAT=json&HDU={asked}").json()
    assert [one["hdu"] for one in answer["hdus"]] == numbers


def test_corrections_can_be_chosen(client):
    asked = {"RESPONSEFORMAT": "json", "HDU": "CHIP1"}
    values = []
    for more in ({}, {"CORRECTION": "0"}, {"CORRECTION": "1", "VERSION": "1"}):
        answer = client.get("/header/NIGHT.1", params=asked | more).json()
        [crval] = [one["value"] for one in answer["hdus"][0]["cards"] if one["keyword"] == "CRVAL1"]
        values.append((crval, len(answer["corrections"])))
    assert values == [(60.5, 1), (53.4, 0), (60.5, 1)]


def test_a_header_is_not_sent_twice(client):
    tag = client.get("/header/NIGHT.1").headers["etag"]
    assert client.get("/header/NIGHT.1", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/header/none", 404, "no file none"),
        ("/header/notes", 404, "no FITS headers"),
        ("/header/NIGHT.1?HDU=7", 404, "it has 0, 1 (CHIP1), 2 (CHIP2), 3"),
        ("/header/NIGHT.1?VERSION=2", 404, "version 2"),
        ("/header/NIGHT.1?CORRECTION=2", 404, "no correction 2"),
        ("/header/NIGHT.1?RESPONSEFORMAT=xml", 400, "use text or"),
        ("/header/a%00b", 404, "control characters"),
        ("/hdr", 400, "DpId"),
        ("/hdr?DpId=none", 404, "no file none"),
    ],
)
def test_failures_are_told(client, path, status, reason):
    answer = client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/plain; charset=utf-8")
    assert reason in answer.text


@pytest.mark.parametrize("dp_id", ["NIGHT.1", "ODD+1:2"])
@pytest.mark.parametrize("encoded", [True, False])
def test_the_first_pre_of_the_page_holds_all_headers(client, dp_id, encoded):
    answer = client.get(f"/hdr?DpId={quote(dp_id, safe='') if encoded else dp_id}")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "style-src 'self'" in answer.headers["content-security-policy"]  # it has one like all pages
    text = html.fromstring(answer.content).xpath("//pre")[0].text_content()
    assert text.startswith("SIMPLE  =") and text.count("\nEND\n") == (4 if dp_id == "NIGHT.1" else 1)
    assert text.count("XTENSION=") == (3 if dp_id == "NIGHT.1" else 0)
    if dp_id == "NIGHT.1":
        assert "clock < wrong" in html.fromstring(answer.content).text_content()


def test_astroquery_reads_any_header(client, monkeypatch):
    """Unmodified; only the address, which is written into it, leads here."""
    reader = EsoClass()
    request = reader._request

    def redirected(method, url, **options):
        return request(
            method, url.replace("https://archive.eso.org", str(client.base_url).rstrip("/")), **options
        )

    monkeypatch.setattr(reader, "_request", redirected)
    table = reader.get_headers(["NIGHT.1", "ODD+1:2"], cache=False)
    first, odd = table
    assert list(table["DP.ID"]) == ["NIGHT.1", "ODD+1:2"]
    assert (first["EXPTIME"], first["HIERARCH ESO DPR CATG"].strip()) == (30.0, "SCIENCE")
    assert (odd["EXPTIME"], odd["HIERARCH ESO DET CHIP1 X"], odd["COUNT"]) == (15.0, 3, 1000.0)
    assert (odd["BROKEN"], odd["UNKNOWN"], odd["WORDS"]) == ("nan", "", "of somebody''s own")
