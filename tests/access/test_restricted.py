"""Restricted tables and the inputs behind them: known to all, read by operators alone, by every road."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import psycopg
import pytest

from archive import DOUBLE, LONG, TEXT, Column, Table, history_table
from archive import store as storage
from archive.config import Config
from archive.database import Database, write_records
from archive.declare.dataflow.allocation import REVIEW
from archive.declare.serialise import table_from_json, table_to_json
from archive.errors import DeclarationError, Forbidden, Unauthenticated
from archive.plugins.loading import checked
from archive.plugins.modules import Source
from archive.query import build, compile
from archive.query.viewer import PUBLIC, Viewer
from archive.testing import ClusterForTests
from frontdesk.app import create_app
from ingest import BUILTIN, Inputs, ingest_paths
from ingest.input_files import mark_restricted
from tests.serving import listening, serving

TOKENS = {"tycho": "tycho-0123456789abcdef", "kirsten": "kirsten-0123456789abcdef"}
CALLERS = {"nobody": None, **TOKENS}
STATUS = {"nobody": 401, "kirsten": 403, "tycho": 200}

SECRET = Table(
    "site.secret",
    (
        Column("number", LONG, nullable=False, description="Number"),
        Column("ra", DOUBLE, "deg", "pos.eq.ra;meta.main", description="Right ascension"),
        Column("dec", DOUBLE, "deg", "pos.eq.dec;meta.main", description="Declination"),
        Column("words", TEXT, description="What nobody should know"),
    ),
    "Places of secrets",
    primary_key=("number",),
    positions=(("ra", "dec"),),
    history="site.secret_version",
    restricted=True,
)
SECRET_VERSION = history_table(SECRET, "All versions of secrets")
OPEN = replace(SECRET, name="site.plain", restricted=False, history="")
ALLOCATIONS = "run_id;decision;priority_class;opc_grade;opc_rank\n116.20AB.001;Scheduled;A;1.25;7\n"
BAD = "run_id;opc_grade\n116.20AB.002;the worst ever\n"


@dataclass(frozen=True)
class Site:
    database: Database
    config: Config


@pytest.fixture(scope="module")
def prepared(test_cluster: ClusterForTests, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("restricted")
    config = replace(test_cluster.config, operators=("tycho",), data_folder=folder)
    offered = folder / "offered"
    offered.mkdir()
    (offered / "a.allocations.csv").write_text(ALLOCATIONS)
    (offered / "b.allocations.csv").write_text(BAD)
    with test_cluster.database() as made, Database(made.server, config) as database:
        database.publish([SECRET, SECRET_VERSION, OPEN])
        with database.writer() as connection:
            storage.initialise(connection)
            for table in (SECRET, OPEN):
                write_records(connection, table, [table.row(number=1, ra=10.0, dec=0.0, words="treasure")])
        plugins = checked([Source(Path(__file__), {plugin.name: plugin for plugin in BUILTIN})])
        store = storage.open_store(database, config)
        inputs = Inputs(database, store, config, plugins)
        ingest_paths(database, store, config, [offered], inputs=inputs)
        yield Site(database, config)


@pytest.fixture(scope="module")
def site(prepared: Site) -> Iterator[httpx.Client]:
    database, config = prepared.database, prepared.config
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("URANIBORG_TOKENS", " ".join(f"{name}:{token}" for name, token in TOKENS.items()))
        listener = listening()
        config = replace(config, port=listener.getsockname()[1])
        app = create_app(config, database, storage.open_store(database, config))
        with serving(app, listener) as address, httpx.Client(base_url=address, timeout=30) as client:
            yield client


def sent(caller: str) -> dict[str, str]:
    token = CALLERS[caller]
    return {} if token is None else {"Authorization": f"Bearer {token}"}


QUERIES = [
    "SELECT opc_grade FROM dfs.review",
    "SELECT COUNT(*) FROM DFS.Review",
    "SELECT words FROM site.secret_version",
    "SELECT o.words FROM site.plain AS o JOIN site.secret AS s ON s.number = o.number",
    "SELECT number FROM site.plain WHERE number IN (SELECT number FROM site.secret)",
    "SELECT number FROM site.plain WHERE EXISTS (SELECT 1 FROM site.secret)",
    "SELECT number FROM (SELECT number FROM site.secret) AS x",
    "WITH x AS (SELECT number FROM site.secret) SELECT 1 FROM x",
    "SELECT number FROM site.plain UNION SELECT number FROM site.secret",
    "SELECT a.number FROM site.plain AS a, site.secret AS b",
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("caller", CALLERS)
def test_queries(site: httpx.Client, caller: str, query: str) -> None:
    asked = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "csv"}
    for method in ("GET", "HEAD"):
        answer = site.request(method, "/tap/sync", params=asked, headers=sent(caller))
        assert answer.status_code == STATUS[caller]
    answer = site.post("/tap/sync", data=asked, headers=sent(caller))
    assert answer.status_code == STATUS[caller]
    if caller == "nobody":
        assert "www-authenticate" in answer.headers
    if caller != "tycho":
        assert "is restricted: only operators of the archive may read it" in answer.text


def test_an_operator_reads_the_values(site: httpx.Client) -> None:
    asked = {"LANG": "ADQL", "QUERY": "SELECT run_id, opc_grade, opc_rank FROM dfs.review"}
    answer = site.get("/tap/sync", params={**asked, "RESPONSEFORMAT": "csv"}, headers=sent("tycho"))
    assert list(csv.reader(answer.text.splitlines()))[1:] == [["116.20AB.001", "1.25", "7"]]


@pytest.mark.parametrize("caller", CALLERS)
def test_jobs(site: httpx.Client, caller: str) -> None:
    asked = {"LANG": "ADQL", "QUERY": QUERIES[0], "PHASE": "RUN"}
    made = site.post("/tap/async", data=asked, headers=sent(caller))
    job = made.headers["location"]
    deadline = time.monotonic() + 60
    while (phase := site.get(f"{job}/phase", headers=sent(caller)).text.strip()) not in {
        "COMPLETED",
        "ERROR",
    }:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert phase == ("COMPLETED" if caller == "tycho" else "ERROR")
    if phase == "ERROR":
        assert "dfs.review is restricted" in site.get(f"{job}/error", headers=sent(caller)).text


@pytest.mark.parametrize("caller", CALLERS)
def test_cone_search(site: httpx.Client, caller: str) -> None:
    asked = {"RA": 10, "DEC": 0, "SR": 1}
    assert site.get("/cone/site.secret", params=asked, headers=sent(caller)).status_code == STATUS[caller]
    assert site.get("/cone/site.plain", params=asked, headers=sent(caller)).status_code == 200


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize("road", ["/file/{}", "/dataPortal/file/{}", "/soda/sync?ID={}", "/preview/{}"])
def test_the_input_behind(site: httpx.Client, caller: str, road: str) -> None:
    name = "allocations.a.allocations.csv"
    answer = site.get(road.format(name), headers=sent(caller))
    if caller == "tycho" and road.startswith("/preview"):
        assert answer.status_code == 404  # it is no picture
        return
    assert answer.status_code == STATUS[caller]
    assert (answer.text == ALLOCATIONS) == (caller == "tycho")
    assert caller == "tycho" or f"{name} is restricted" in answer.text


@pytest.mark.parametrize(("caller", "allowed"), [("nobody", "false"), ("tycho", "true")])
def test_links_tell_who_may_follow(site: httpx.Client, caller: str, allowed: str) -> None:
    asked = {"ID": "allocations.a.allocations.csv", "RESPONSEFORMAT": "csv"}
    answer = site.get("/datalink/links", params=asked, headers=sent(caller))
    [row, *_] = csv.DictReader(answer.text.splitlines())
    assert (row["link_auth"], row["link_authorized"].lower()) == ("true", allowed)


def test_everybody_knows_that_there_is_such_a_table(site: httpx.Client) -> None:
    told = "Restricted: only operators of the archive may read it"
    assert told in site.get("/tap/tables/dfs.review").text
    assert told in site.get("/tables/dfs.review").text


def test_lists_for_programs_leave_it_out(site: httpx.Client) -> None:
    """As they go through all that is listed, and take a refusal for a fault (STILTS taplint does)."""
    for table in ("schemas", "tables", "columns", "keys"):
        asked = {"LANG": "ADQL", "QUERY": f"SELECT * FROM tap_schema.{table}", "RESPONSEFORMAT": "csv"}
        answer = site.get("/tap/sync", params=asked)
        assert answer.status_code == 200
        assert "dfs.review" not in answer.text and "site.secret" not in answer.text
    listed = site.get("/tap/tables").text
    assert "dfs.run" in listed and "dfs.review" not in listed


def test_what_is_wrong_with_an_input_is_told_to_nobody_else(prepared: Site) -> None:
    database = prepared.database
    with database.writer() as connection:
        known = connection.execute(
            "SELECT input_id, outcome, reason, restricted FROM dfs.input_file ORDER BY input_id"
        ).fetchall()
        private = connection.execute("SELECT reason FROM archive.ingest_outcome WHERE reason IS NOT NULL")
        assert "the worst ever" in str(private.fetchall())
    assert known == [
        ("allocations.a.allocations.csv", "read", None, True),
        (
            "allocations.b.allocations.csv",
            "failed",
            "restricted; `uraniborg ingest --retry` tells the operator why",
            True,
        ),
    ]


def test_inputs_from_before_are_marked(prepared: Site) -> None:
    database = prepared.database
    with database.writer() as connection:
        connection.execute("UPDATE dfs.input_file SET restricted = NULL, reason = 'the worst ever'")
        mark_restricted(connection, BUILTIN)
        known = connection.execute("SELECT DISTINCT restricted, reason FROM dfs.input_file").fetchall()
        assert known == [(True, "restricted; `uraniborg ingest --retry` tells the operator why")]
        mark_restricted(connection, [replace(plugin, tables=(OPEN,)) for plugin in BUILTIN])
        assert connection.execute("SELECT DISTINCT restricted FROM dfs.input_file").fetchall() == [(False,)]
        hidden = replace(OPEN, hides="words", hidden_at_first=True)  # says what hidden rows do
        mark_restricted(connection, [replace(plugin, tables=(hidden,)) for plugin in BUILTIN])
        assert connection.execute("SELECT DISTINCT restricted FROM dfs.input_file").fetchall() == [(True,)]
        mark_restricted(connection, ())  # whose plugin is gone stays what it was
        assert connection.execute("SELECT DISTINCT restricted FROM dfs.input_file").fetchall() == [(True,)]


def test_the_database_refuses_too(prepared: Site) -> None:
    """Whatever a program forgets: the role of everybody's queries has no right to the rows."""
    database = prepared.database
    with psycopg.connect(database.server.reader) as connection:
        for table in ("dfs.review", "site.secret", "site.secret_version"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"SELECT count(*) FROM {table}".encode())
            connection.rollback()
        assert connection.execute("SELECT count(*) FROM site.plain").fetchone() == (1,)
    with psycopg.connect(database.server.operator) as connection:
        assert connection.execute("SELECT count(*) FROM site.secret").fetchone() == (1,)
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("DELETE FROM site.secret")


def test_a_path_that_names_nobody_is_refused(prepared: Site) -> None:
    database = prepared.database
    for viewer, refusal in ((PUBLIC, Unauthenticated), (Viewer("kirsten"), Forbidden)):
        statement = compile(build.scan(REVIEW, ("run_id",)), viewer=viewer)
        with pytest.raises(refusal):
            database.run(statement, maxrec=1, first_seconds=5, total_seconds=5)
        with pytest.raises(refusal):
            database.estimated_cost(statement)


def test_a_table_that_becomes_restricted_is_closed_at_once(prepared: Site) -> None:
    database = prepared.database
    changing = replace(OPEN, name="site.changing")
    with psycopg.connect(database.server.reader, autocommit=True) as connection:
        database.publish([changing])
        connection.execute("SELECT * FROM site.changing")
        database.publish([replace(changing, restricted=True)])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM site.changing")
        database.publish([changing])
        connection.execute("SELECT * FROM site.changing")


def test_declarations() -> None:
    assert SECRET_VERSION.restricted
    assert table_from_json(table_to_json(SECRET)) == SECRET
    assert "restricted" not in json.loads(table_to_json(OPEN))
    with pytest.raises(DeclarationError, match="restrict the tables that the view reads"):
        replace(SECRET, kind="view")
