"""Who got what: what is recorded of protected files and rows, when, and who may read it."""

from __future__ import annotations

import asyncio
import csv
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Message

from archive.access import Road
from archive.database import Database
from archive.database.releases import record_release
from archive.query.viewer import Viewer
from archive.store import Store
from archive.store.subscriptions import deliver, subscribe
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from tests.access.asgi import Answer, InProcess, in_process, request_scope
from tests.access.observatory import (
    AUTHORITY,
    FILES,
    HIDDEN_MASK,
    OTHERS,
    OURS,
    OURS_UVES,
    Kept,
    embargo,
    fill,
)
from tests.access.people import People

ROOT = Path(__file__).parents[2]
CLIENT = "198.51.100.7"
RAW, PUBLIC, SPECTRUM = FILES["proprietary raw"], FILES["public raw"], FILES["proprietary spectrum"]
Row = dict[str, Any]


@dataclass
class Site:
    app: ASGIApp
    asking: InProcess
    database: Database
    people: People
    store: Store
    seen: int = 0

    def get(self, path: str, who: str, method: str = "GET", **headers: str) -> Answer:
        sent = {
            **self.people.headers(who),
            "X-Forwarded-For": CLIENT,
            "Accept-Encoding": "identity",
            **headers,
        }
        return self.asking.request(method, path, headers=sent)

    def query(self, who: str, query: str) -> list[list[str]]:
        answer = self.asking.get(
            "/tap/sync",
            params={"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"},
            headers=self.people.headers(who),
        )
        assert answer.status == 200, answer.text
        return list(csv.reader(answer.text.splitlines()))[1:]

    def new(self) -> list[Row]:
        """What was recorded since the last time."""
        with self.database.writer() as connection:
            cursor = connection.execute(
                "SELECT account, dp_id, run_id, road, table_name, bytes, token_id, outcome, download_id,"
                " ended_at IS NOT NULL AS ended FROM dfs.download ORDER BY started_at OFFSET %s",
                (self.seen,),
            )
            names = [column.name for column in cursor.description or ()]
            rows = [dict(zip(names, row, strict=True)) for row in cursor]
        self.seen += len(rows)
        return rows


@pytest.fixture(scope="module")
def site(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("audit")
    config = replace(
        test_cluster.config, data_folder=folder, authority=AUTHORITY, trusted_proxies=("127.0.0.1",)
    )
    with test_cluster.database() as made, Database(made.server, config) as database:
        store = fill(database, config)
        embargo(database)
        people = People(database, config)
        app = create_app(config, database, store)
        with in_process(app) as asking:
            yield Site(app, asking, database, people, store)


@pytest.fixture(autouse=True)
def _nothing_yet(site: Site) -> None:
    site.new()


def did(kept: Kept) -> str:
    return f"ivo://{AUTHORITY}/ID?{kept.dp_id}"


# --- files ------------------------------------------------------------------------------------------------

ROADS = [
    (f"/file/{RAW.dp_id}", "file", RAW),
    (f"/dataPortal/file/{RAW.dp_id}.fits", "file", RAW),
    (f"/preview/{RAW.dp_id}?SIZE=64", "preview", RAW),
    (f"/soda/sync?ID={did(RAW)}", "cutout", RAW),
    (f"/soda/sync?ID={did(RAW)}&CIRCLE=150 2 0.01", "cutout", RAW),
    (f"/dataPortal/soda/sync?ID={did(RAW)}&CIRCLE=150 2 0.01", "cutout", RAW),
    (f"/spectrum/{SPECTRUM.dp_id}?FORMAT=fits", "spectrum", SPECTRUM),
]


@pytest.mark.parametrize(("path", "road", "kept"), ROADS)
def test_each_road_records_who_got_what(site: Site, path: str, road: str, kept: Kept) -> None:
    answer = site.get(path, "pi")
    assert answer.status == 200, answer.text
    (row,) = (row for row in site.new() if row["road"] != "rows")
    token = row.pop("token_id")
    assert token
    assert token not in site.people.headers("pi")["Authorization"].split(".")
    number = row.pop("download_id")
    assert row == {
        "account": "tycho",
        "dp_id": kept.dp_id,
        "run_id": kept.run,
        "road": road,
        "table_name": None,
        "bytes": len(answer.content),
        "outcome": "complete",
        "ended": True,
    }
    with site.database.writer() as connection:
        found = connection.execute(
            "SELECT address FROM dfs.download_address WHERE download_id = %s", (number,)
        ).fetchall()
    assert found == [(CLIENT,)]


@pytest.mark.parametrize(("path", "road", "kept"), ROADS)
@pytest.mark.parametrize(("who", "status"), [("anonymous", 401), ("user", 403)])
def test_refusals_are_no_downloads(
    site: Site, who: str, status: int, path: str, road: str, kept: Kept
) -> None:
    assert site.get(path, who).status == status
    assert site.new() == []


@pytest.mark.parametrize("who", ["anonymous", "user", "pi", "operator"])
def test_what_is_public_is_not_recorded(site: Site, who: str) -> None:
    for path in (f"/file/{PUBLIC.dp_id}", f"/preview/{PUBLIC.dp_id}?SIZE=64", f"/soda/sync?ID={did(PUBLIC)}"):
        assert site.get(path, who).status == 200
    assert site.get(f"/header/{RAW.dp_id}", who).status == 200
    assert [row for row in site.new() if row["road"] != "rows"] == []


def test_asking_for_the_head_is_no_download(site: Site) -> None:
    assert site.get(f"/file/{RAW.dp_id}", "pi", "HEAD").status == 200
    assert site.new() == []


def test_parts_and_what_the_client_has(site: Site) -> None:
    whole = site.get(f"/file/{RAW.dp_id}", "coi")
    part = site.get(f"/file/{RAW.dp_id}", "coi", Range="bytes=100-199")
    same = site.get(f"/file/{RAW.dp_id}", "coi", **{"If-None-Match": whole.headers["etag"]})
    beyond = site.get(f"/file/{RAW.dp_id}", "coi", Range="bytes=99999999-")
    assert [answer.status for answer in (whole, part, same, beyond)] == [200, 206, 304, 416]
    told = [(row["account"], row["bytes"], row["outcome"]) for row in site.new()]
    assert told[:3] == [
        ("kirsten", len(RAW.content), "complete"),
        ("kirsten", 100, "complete"),
        ("kirsten", 0, "nothing"),
    ]
    assert told[3][2] == "nothing"


def test_jobs_record_when_the_cutout_is_made(site: Site) -> None:
    made = site.asking.post(
        "/soda/async",
        data={"ID": did(RAW), "CIRCLE": "150 2 0.01", "PHASE": "RUN"},
        headers=site.people.headers("pi"),
    )
    job = made.headers["location"]
    deadline = time.monotonic() + 60
    while (phase := site.get(f"{job}/phase", "pi").text.strip()) != "COMPLETED":
        assert phase in {"QUEUED", "EXECUTING"} and time.monotonic() < deadline
        time.sleep(0.02)
    size = len(site.get(f"{job}/results/result", "pi").content)
    (row,) = (row for row in site.new() if row["road"] != "rows")
    assert (row["account"], row["dp_id"], row["run_id"], row["road"]) == ("tycho", RAW.dp_id, OURS, "job")
    assert (row["bytes"], row["outcome"]) == (size, "complete")


def test_a_record_is_there_before_the_first_byte_and_stays_whatever_happens(site: Site) -> None:
    """The client goes with the head of the answer; as after a kill, what is known is known already."""
    at_start: list[Row] = []

    async def receive() -> Message:
        await asyncio.sleep(0.05)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        at_start.extend(await asyncio.to_thread(site.new))
        raise ConnectionResetError

    scope = request_scope("GET", f"/file/{RAW.dp_id}", None, site.people.headers("pi"))

    async def go() -> None:
        await site.app(scope, receive, send)

    site.asking.run(go())
    assert [(row["dp_id"], row["outcome"], row["ended"]) for row in at_start] == [(RAW.dp_id, "begun", False)]
    with site.database.writer() as connection:
        ended = connection.execute(
            "SELECT outcome FROM dfs.download WHERE download_id = %s", (at_start[0]["download_id"],)
        ).fetchone()
    assert ended == ("broken off",)


# --- rows -------------------------------------------------------------------------------------------------

HIDDEN = FILES["hidden image"]
OBSCORE = f"SELECT dp_id FROM ivoa.ObsCore WHERE dp_id = '{HIDDEN.dp_id}'"


def test_rows_that_others_do_not_see(site: Site) -> None:
    assert site.query("pi", OBSCORE) == [[HIDDEN.dp_id]]
    told = [(row["account"], row["run_id"], row["road"], row["table_name"]) for row in site.new()]
    assert told == [("tycho", run, "rows", "ivoa.ObsCore") for run in (OURS, OURS_UVES)]
    assert site.query("operator", OBSCORE) == [[HIDDEN.dp_id]]
    (row,) = site.new()
    assert (row["account"], row["run_id"], row["outcome"]) == ("olga", None, "complete")
    for who in ("anonymous", "user", "expired"):
        assert site.query(who, OBSCORE) == []
    assert site.query("pi", "SELECT COUNT(*) FROM ivoa.obsplan") == [["0"]]
    assert site.new() == []


def test_each_table_once_for_a_query(site: Site) -> None:
    site.query("pi", "SELECT a.dp_id FROM dbo.ssa AS a JOIN dbo.ssa AS b ON a.dp_id = b.dp_id")
    assert [(row["run_id"], row["table_name"]) for row in site.new()] == [(OURS_UVES, "dbo.ssa")]


def test_keywords_of_hidden_headers(site: Site) -> None:
    hidden = FILES["hidden raw"].dp_id
    query = f"SELECT uraniborg_keyword('{hidden}', 'ESO INS MASK NAME') AS x FROM tap_schema.schemas"
    assert [HIDDEN_MASK] in site.query("pi", query)
    told = {(row["run_id"], row["table_name"]) for row in site.new()}
    assert told == {(run, "adql.header_keywords") for run in (OURS, OURS_UVES)}
    assert [HIDDEN_MASK] not in site.query("user", query)
    assert site.new() == []


# --- who reads it -----------------------------------------------------------------------------------------


def test_who_reads_the_record(site: Site) -> None:
    site.get(f"/file/{RAW.dp_id}", "delegate")
    mine = f"SELECT account, road FROM dfs.download WHERE dp_id = '{RAW.dp_id}' AND account = 'dora'"
    for who in ("pi", "coi", "delegate", "operator", "administrator"):
        assert site.query(who, mine) == [["dora", "file"]], who
    for who in ("anonymous", "user", "other_pi", "expired", "revoked", "qc", "phase3"):
        assert site.query(who, mine) == [], who
        assert site.query(who, "SELECT COUNT(*) FROM dfs.download") == [["0"]], who
    site.new()


def test_reading_the_record_is_not_recorded(site: Site) -> None:
    site.query("pi", "SELECT * FROM dfs.download")
    site.query("operator", "SELECT * FROM dfs.download")
    assert site.new() == []


def test_addresses_are_for_operators(site: Site) -> None:
    joined = (
        "SELECT a.address FROM dfs.download AS d JOIN dfs.download_address AS a"
        " ON a.download_id = d.download_id"
    )
    asked = {"LANG": "ADQL", "QUERY": joined, "RESPONSEFORMAT": "csv"}
    for who, status in (("anonymous", 401), ("user", 403), ("pi", 403)):
        answer = site.asking.get("/tap/sync", params=asked, headers=site.people.headers(who))
        assert answer.status == status
    assert [CLIENT] in site.query("operator", joined)


# --- nobody goes around it --------------------------------------------------------------------------------


def sources() -> Iterator[tuple[Path, str]]:
    for package in ("archive/protocol", "tap", "sia", "ssa", "frontdesk"):
        for path in (ROOT / package).rglob("*.py"):
            yield path, path.read_text("utf-8")


def test_every_road_asks_and_records_by_the_one_call() -> None:
    """`check_file` alone would let bytes go without a record, and `opened` without either."""
    assert [path for path, text in sources() if re.search(r"\bcheck_file\b", text)] == []
    opening = [
        text for _, text in sources() if re.search(r"\bopened\(self\._archive\.store|opened\(store", text)
    ]
    assert len(opening) >= 4
    assert all("release(connection, caller, " in text for text in opening)


# --- other roads ------------------------------------------------------------------------------------------


def test_subscriptions_of_accounts(site: Site, tmp_path: Path) -> None:
    with site.database.writer() as connection:
        for name, account in (("his", "tycho"), ("everybodys", "")):
            (tmp_path / name).mkdir()
            target = str(tmp_path / name)
            subscribe(connection, name, target, "HAWKI.*", datetime(2020, 1, 1, tzinfo=UTC), account)
    deliver(site.database, site.store)
    public = {name for name, kept in FILES.items() if kept.is_raw and kept.is_public}
    protected = {kept.dp_id for kept in FILES.values() if kept.is_raw and not kept.is_public}
    delivered = {path.name.removesuffix(".fits") for path in (tmp_path / "everybodys").iterdir()}
    assert delivered == public
    told = {(row["account"], row["dp_id"], row["road"], row["outcome"]) for row in site.new()}
    assert told == {("tycho", dp_id, "subscription", "complete") for dp_id in protected}


def test_what_was_made_for_several_programmes_is_recorded_for_each(site: Site) -> None:
    of_all = Viewer("olga", operator=True)
    with site.database.writer() as connection:
        for key in (OURS, OTHERS):
            record_release(connection, of_all, Road.FILE, key, dp_id="ADP.of.both")
    both = "SELECT run_id FROM dfs.download WHERE dp_id = 'ADP.of.both'"
    assert (site.query("pi", both), site.query("other_pi", both)) == ([[OURS]], [[OTHERS]])
    site.new()


def test_the_page_of_who_has_rights(site: Site) -> None:
    site.get(f"/file/{RAW.dp_id}", "coi")
    page = site.get("/account/downloads", "pi").text
    assert "kirsten" in page and RAW.dp_id in page
    assert site.get("/account/downloads", "anonymous").status == 401
    site.new()
