"""What nobody expected: a fault in our code, a database that has gone. Told by number, never by trace."""

from __future__ import annotations

import io
import logging
import re

import httpx
import pytest
from astropy.io.votable import parse
from lxml import etree

from archive.config import Config
from archive.database import Database
from archive.database.server import given_server
from archive.store import Store
from frontdesk.app import create_app
from tests.serving import listening, serving

QUERY = {"LANG": "ADQL", "QUERY": "SELECT table_name FROM tap_schema.tables"}


def _fault(*_arguments: object, **_options: object) -> bytes:
    raise ZeroDivisionError("a secret of the machine")


def test_fault_is_logged_and_told_by_number(tap, monkeypatch, caplog):
    monkeypatch.setattr("archive.protocol.vosi.availability", _fault)
    answer = tap.get("/availability")
    assert answer.status_code == 500
    assert answer.headers["access-control-allow-origin"] == "*"
    (status,) = parse(io.BytesIO(answer.content)).resources[0].infos
    incident = re.fullmatch(r"internal error; please report incident ([0-9a-f]{12})", status.content)[1]
    assert b"secret" not in answer.content
    (record,) = (record for record in caplog.records if record.getMessage() == f"incident {incident}")
    assert record.exc_info[0] is ZeroDivisionError


def test_fault_before_the_first_byte_of_a_result(tap, monkeypatch):
    monkeypatch.setattr("tap.query.encode", _fault)
    answer = tap.post("/sync", data=QUERY)
    assert answer.status_code == 500
    assert parse(io.BytesIO(answer.content)).resources[0].infos[0].value == "ERROR"


def test_fault_after_the_first_byte_breaks_the_connection(tap, monkeypatch, caplog):
    class Stream:
        length = None

        def __iter__(self):
            yield b"table_name\n"
            raise ZeroDivisionError

        def close(self) -> None:
            pass

    monkeypatch.setattr("tap.query.encode", lambda *_: Stream())
    with pytest.raises(httpx.RemoteProtocolError):
        tap.post("/sync", data=QUERY)
    assert [record for record in caplog.records if record.getMessage().startswith("incident ")]


def test_run_id_is_in_the_log(tap, caplog):
    caplog.set_level(logging.INFO, "uraniborg")
    assert tap.post("/sync", data=QUERY | {"RUNID": "night\n42"}).status_code == 200
    assert "query of run 'night\\n42'" in caplog.messages


def test_database_that_does_not_answer(tmp_path, monkeypatch):
    monkeypatch.setattr("archive.database.database._PATIENCE", 0.3)
    listener = listening()
    config = Config(data_folder=tmp_path, port=listener.getsockname()[1])
    with (
        Database(given_server("host=/nowhere dbname=none", {}), config) as database,
        serving(create_app(config, database, Store(tmp_path)), listener) as address,
    ):
        availability = httpx.get(f"{address}/tap/availability")
        assert availability.status_code == 200
        tree = etree.fromstring(availability.content)
        assert tree.findtext("{*}available") == "false"
        assert "cannot answer" in tree.findtext("{*}note")
        answer = httpx.post(f"{address}/tap/sync", data=QUERY)
        assert answer.status_code == 503
        assert int(answer.headers["retry-after"]) > 0
        assert httpx.get(f"{address}/tap/capabilities").status_code == 200


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [("*/*", "text/plain; charset=utf-8"), ("application/json", "application/json")],
)
def test_failures_elsewhere_are_plain(tap, accept, content_type):
    site = str(tap.base_url).removesuffix("/tap/")
    for path in ("/nothing", "/file/nothing", "/static/nothing", "/tables/no.such"):
        answer = httpx.get(f"{site}{path}", headers={"Accept": accept})
        assert answer.status_code in {400, 404}
        assert answer.headers["content-type"] == content_type
        assert "no" in answer.text


def test_pages_are_served_with_their_files(tap):
    site = str(tap.base_url).removesuffix("/tap/")
    page = httpx.get(f"{site}/")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for path in re.findall(r'(?:src|href)="(/[^"#]*)"', page.text):
        # Nobody has no account; browsers are offered to log in.
        assert httpx.get(f"{site}{path}").status_code == (401 if path == "/account" else 200), path
