"""The service's documents on the wire: compressed, kept, not sent twice, and never out of date."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest
from lxml import etree

from archive.declare.columns import Column
from archive.declare.tables import Schema, Table
from archive.declare.types import LONG
from archive.protocol import Archive, Workers
from archive.protocol.health import health
from archive.store import Store
from tests.tap.conftest import tap_client

PATHS = ["/capabilities", "/tables", "/tables?detail=min", "/tables/ivoa.ObsCore", "/examples"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("coding", ["gzip", "zstd"])
def test_documents_are_compressed_for_who_likes_it(tap, path, coding):
    plain = tap.get(path)
    packed = tap.get(path, headers={"Accept-Encoding": coding})
    assert packed.headers["content-encoding"] == coding
    assert packed.headers["content-type"] == plain.headers["content-type"]
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.content == plain.content
    assert "content-encoding" not in plain.headers
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    head = tap.head(path, headers={"Accept-Encoding": coding})
    names = ("content-encoding", "content-length", "etag", "vary", "content-type")
    assert [head.headers[name] for name in names] == [packed.headers[name] for name in names]


@pytest.mark.parametrize("path", PATHS)
def test_documents_are_not_sent_again(tap, path):
    plain, packed = tap.get(path), tap.get(path, headers={"Accept-Encoding": "gzip"})
    assert plain.headers["etag"] != packed.headers["etag"]
    for known in (plain.headers["etag"], packed.headers["etag"], f'"x", W/{plain.headers["etag"]}', "*"):
        again = tap.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["vary"] == "Accept-Encoding"
    assert tap.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_what_is_published_is_seen_at_once(fresh_database, tmp_path):
    table = Table("new.things", (Column("id", LONG),), description="New things")
    with tap_client(fresh_database, tmp_path) as tap:
        before = tap.get("/tables")
        fresh_database.publish([table], [Schema("new", (), "New")])
        after = tap.get("/tables", headers={"If-None-Match": before.headers["etag"]})
        assert after.status_code == 200
        assert b"new.things" in after.content
        assert tap.get("/tables/new.things").status_code == 200
        fresh_database.unpublish("new.things")
        assert tap.get("/tables/new.things").status_code == 404


def state(tap: httpx.Client) -> tuple[str, list[str]]:
    answer = tap.get("/availability")
    assert answer.headers["cache-control"] == "no-store"
    tree = etree.fromstring(answer.content)
    return tree.findtext("{*}available"), [note.text for note in tree.iterfind("{*}note")]


@pytest.mark.parametrize(
    ("settings", "available", "note"),
    [
        ({}, "true", ""),
        ({"availability_note": "a new disk"}, "true", "a new disk"),
        ({"down_at": "2020-01-01"}, "false", "down for maintenance"),
        ({"down_at": "2020-01-01", "back_at": "2020-01-02T12:00"}, "true", ""),
        ({"down_at": "2120-01-01T00:00:00+02:00"}, "true", ""),
        ({"least_free_bytes": 1 << 60}, "false", "the disk has"),
    ],
)
def test_availability_tells_what_the_operator_knows(database, tmp_path, settings, available, note):
    with tap_client(database, tmp_path, **settings) as tap:
        found, notes = state(tap)
        assert found == available
        assert note in " ".join(notes)


def test_availability_tells_of_too_many_queries(database, tmp_path, monkeypatch):
    tables = ", ".join(f"(SELECT TOP 1000 std FROM tap_schema.columns) AS {name}" for name in "abcd")
    query = {"LANG": "ADQL", "QUERY": f"SELECT COUNT(*) AS n FROM {tables}"}
    monkeypatch.setattr("frontdesk.app.Workers", partial(Workers, patience=0.2))
    with tap_client(database, tmp_path, concurrent_queries=1, sync_seconds=3.0) as tap:
        clients = [
            threading.Thread(
                target=httpx.post, args=(f"{tap.base_url}sync",), kwargs={"data": query, "timeout": 60}
            )
            for _ in range(3)
        ]
        for client in clients:
            client.start()
        end = time.monotonic() + 20
        while (told := state(tap))[0] == "true":
            assert time.monotonic() < end
        assert "all 1 places for queries are taken" in told[1][0]
        for client in clients:
            client.join()
        assert state(tap)[0] == "true"


def test_times_without_a_zone_are_universal(database, tmp_path):
    moment = datetime.now(UTC) + timedelta(days=1)
    config = replace(database._config, down_at=moment.replace(tzinfo=None).isoformat())
    assert health(Archive(config, database, Workers(1), Store(tmp_path))).down_at == moment


ABOUT_TABLES = "SELECT table_name, nrows FROM TAP_SCHEMA.tables ORDER BY table_name"


@pytest.mark.parametrize("wanted", ["votable", "votable/td", "csv", "json"])
def test_kept_answers_about_tables_are_the_same(tap, wanted):
    asked = {"LANG": "ADQL", "QUERY": ABOUT_TABLES, "RESPONSEFORMAT": wanted}
    first = tap.post("/sync", data=asked)
    for again in (tap.post("/sync", data=asked), tap.get("/sync", params=asked)):
        assert again.content == first.content
        assert again.headers["content-type"] == first.headers["content-type"]
        assert again.headers.get("content-disposition") == first.headers.get("content-disposition")
        assert again.headers["x-content-type-options"] == "nosniff"
    packed = tap.post("/sync", data=asked, headers={"Accept-Encoding": "gzip"})
    assert packed.content == first.content
    assert "etag" not in tap.post("/sync", data=asked, headers={"Cache-Control": "no-cache"}).headers
    assert len(tap.post("/sync", data=asked | {"MAXREC": "1"}).content) < len(first.content)


def test_kept_answers_are_forgotten_when_something_is_published(fresh_database, tmp_path):
    table = Table("new.things", (Column("id", LONG),), description="New things")
    asked = {"LANG": "ADQL", "QUERY": ABOUT_TABLES, "RESPONSEFORMAT": "csv"}
    with tap_client(fresh_database, tmp_path) as tap:
        assert "new.things" not in tap.post("/sync", data=asked).text
        fresh_database.publish([table], [Schema("new", (), "New")])
        assert "new.things,0\r\n" in tap.post("/sync", data=asked).text
        with fresh_database.writer() as connection:
            connection.execute("INSERT INTO new.things VALUES (1), (2)")
        fresh_database.refresh_row_counts()
        assert "new.things,2\r\n" in tap.post("/sync", data=asked).text


@pytest.mark.parametrize(
    "query",
    [
        "SELECT TOP 3 RAND() AS x FROM TAP_SCHEMA.tables",
        "SELECT COUNT(*) AS n FROM ivoa.ObsCore WHERE target_name <> 'TAP_SCHEMA'",
        "SELECT COUNT(*) AS n FROM TAP_SCHEMA.tables WHERE EXISTS (SELECT 1 FROM ivoa.ObsCore)",
    ],
)
def test_other_answers_are_not_kept(tap, query):
    for _ in range(3):
        answer = tap.post("/sync", data={"LANG": "ADQL", "QUERY": query})
        assert answer.status_code == 200
        assert "etag" not in answer.headers
