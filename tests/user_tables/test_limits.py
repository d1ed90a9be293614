"""Quotas, and what goes on at the same time: queries that read what is replaced, loads that are killed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from archive.database import Database
from archive.database.user_tables import renew, sweep
from archive.errors import UsageError
from tests.uws.conftest import job_service
from tests.uws.support import ended
from tests.waiting import eventually

from .conftest import as_user, stars, votable
from .killed import ROOM, STARS, batch, load_for_ever

VOTABLE = {"Content-Type": "application/x-votable+xml"}
CSV = {"Content-Type": "text/csv"}
# --- quotas -----------------------------------------------------------------------------------------------


@pytest.fixture
def narrow(kept_database: Database, tmp_path) -> Iterator[httpx.Client]:
    """A service where sophie may keep two tables of 200 kB together."""
    with (
        job_service(kept_database, tmp_path, user_tables=2, user_tables_bytes=200_000) as client,
        as_user(client, "sophie") as sophie,
    ):
        yield sophie
        for table in sophie.get("/user_tables").json()["tables"]:
            assert sophie.delete(f"/tables/{table['name']}").status_code == 204
        with kept_database.writer() as connection:
            sweep(connection, grace=0)


def names(client: httpx.Client) -> set[str]:
    return {table["name"] for table in client.get("/user_tables").json()["tables"]}


def test_the_number_of_tables(narrow: httpx.Client) -> None:
    for name in ("a", "b", "a"):
        assert narrow.put(f"/tables/{name}", content=votable(stars()), headers=VOTABLE).is_success
    answer = narrow.put("/tables/c", content=votable(stars()), headers=VOTABLE)
    assert (answer.status_code, "you may keep 2 tables" in answer.text) == (507, True)
    assert names(narrow) == {"my_sophie.a", "my_sophie.b"}


def test_the_size_of_a_table(narrow: httpx.Client) -> None:
    assert narrow.put("/tables/a", content=votable(stars()), headers=VOTABLE).is_success
    for name in ("a", "b"):
        answer = narrow.put(f"/tables/{name}", content=votable(stars(5000)), headers=VOTABLE)
        assert (answer.status_code, "200,000 bytes" in answer.text) == (507, True)
    assert narrow.get("/user_tables").json()["tables"][0]["rows"] == 5
    assert names(narrow) == {"my_sophie.a"}


def test_the_size_that_a_table_grows_to(narrow: httpx.Client) -> None:
    assert narrow.put("/tables/a", content=b"id,x\n1,2.5\n", headers=CSV).is_success
    more = b"id,x\n" + b"7,0.25\n" * 1500
    answers = [narrow.post("/load/a", content=more, headers=CSV).status_code for _ in range(6)]
    assert answers[0] == 200 and answers[-1] == 507
    done = answers.count(200)
    assert narrow.get("/user_tables").json()["tables"][0]["rows"] == 1 + 1500 * done


def test_the_size_of_an_index(narrow: httpx.Client) -> None:
    rows = b"a,b,c,d\n" + b"".join(b"%d,%d,%d,%d\n" % (n, n, n, n) for n in range(1000))
    assert narrow.put("/tables/a", content=rows, headers=CSV).is_success
    phases, sizes = [], []
    for column in "abcd":
        data = {"TABLE": "a", "INDEX": column, "PHASE": "RUN"}
        job = narrow.post("/table-update", data=data).headers["location"]
        phases.append(ended(narrow, job))
        sizes.append(narrow.get("/user_tables").json()["bytes"])
    assert (phases[0], phases[-1]) == ("COMPLETED", "ERROR")
    assert "200,000 bytes" in narrow.get(f"{job}/error").text
    assert sizes == sorted(sizes) and sizes[-1] <= 200_000


@pytest.fixture
def strict(kept_database: Database, tmp_path) -> Iterator[httpx.Client]:
    """A service that takes 20 kB, 100 rows, 5 columns."""
    limits = {"upload_bytes": 20_000, "upload_rows": 100, "upload_columns": 5}
    with (
        job_service(kept_database, tmp_path, **limits) as client,
        as_user(client, "sophie") as sophie,
    ):
        yield sophie


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"id,name\n" + b"1,abc\n" * 5000, 413),
        (b"id\n" + b"1\n" * 101, 413),
        (b"a,b,c,d,e,f\n1,2,3,4,5,6\n", 400),
        (b"id\n" + b"1\n" * 100, 201),
    ],
)
def test_the_limits_of_uploads(strict: httpx.Client, content: bytes, status: int) -> None:
    assert strict.put("/tables/limited", content=content, headers=CSV).status_code == status
    assert strict.delete("/tables/limited").status_code == (204 if status == 201 else 404)


# --- at the same time -------------------------------------------------------------------------------------


def test_replacing_what_is_being_read(tycho: httpx.Client, ask) -> None:
    rows = 150_000
    content = b"id,name\n" + b"".join(b"%d,this is star number %d\n" % (n, n) for n in range(rows))
    assert tycho.put("/tables/busy", content=content, headers=CSV).is_success
    query = {"LANG": "ADQL", "QUERY": "SELECT * FROM my_tycho.busy", "RESPONSEFORMAT": "csv"}
    with tycho.stream("POST", "/sync", data=query | {"MAXREC": "1000000"}) as answer:
        lines = answer.iter_lines()
        assert next(lines) == "id,name"
        assert tycho.put("/tables/busy", content=b"id\n1\n", headers=CSV).status_code == 200
        assert ask(tycho, "SELECT COUNT(*) AS n FROM my_tycho.busy") == [[1]]
        assert sum(1 for _ in lines) == rows


def test_many_at_once(tycho: httpx.Client, ask) -> None:
    def put(count: int) -> int:
        return tycho.put("/tables/raced", content=votable(stars(count)), headers=VOTABLE).status_code

    with ThreadPoolExecutor(6) as threads:
        codes = list(threads.map(put, range(1, 7)))
    assert sorted(codes) == [200] * 5 + [201]
    assert ask(tycho, "SELECT COUNT(*) AS n FROM my_tycho.raced")[0][0] in range(1, 7)


def test_what_is_left_behind_goes(kept_database: Database, tycho: httpx.Client) -> None:
    for _ in range(2):
        assert tycho.put("/tables/swept", content=votable(stars()), headers=VOTABLE).is_success
    assert tycho.delete("/tables/swept").status_code == 204

    def left() -> int:
        with kept_database.writer() as connection:
            sweep(connection, grace=0)
            row = connection.execute("SELECT count(*) FROM archive.user_table_left").fetchone()
        return row[0]

    eventually(lambda: left() == 0)
    with kept_database.writer() as connection:
        orphans = connection.execute(
            "SELECT relname FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace"
            " WHERE relkind = 'r' AND nspname LIKE 'my\\_%' AND NOT EXISTS"
            " (SELECT FROM archive.user_table WHERE stored_schema = nspname AND stored_name = relname)"
        ).fetchall()
    assert orphans == []


def test_rows_for_a_table_that_was_replaced_meanwhile(kept_database: Database) -> None:
    with kept_database.user_tables("tycho") as tables:
        tables.prepare(STARS.name, ROOM)
    with kept_database.user_tables("tycho") as tables:
        known, _ = tables.keep(STARS, [batch(0, 5)], ROOM)
    with kept_database.user_tables("tycho") as tables:
        tables.keep(STARS, [batch(0, 3)], ROOM)
    with pytest.raises(UsageError, match="replaced"), kept_database.user_tables("tycho") as tables:
        tables.append(known, [batch(5, 5)], ROOM)
    with kept_database.user_tables("tycho") as tables:
        assert tables.need(STARS.name).rows == 3


@pytest.mark.parametrize("what", ["keep", "append"])
def test_a_killed_load_leaves_the_old_table(
    kept_database: Database, tycho: httpx.Client, ask, what: str
) -> None:
    with kept_database.user_tables("tycho") as tables:
        tables.prepare(STARS.name, ROOM)
    with kept_database.user_tables("tycho") as tables:
        tables.keep(STARS, [batch(0, 5)], ROOM)
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    process = spawning.Process(target=load_for_ever, args=(kept_database._server, theirs))
    process.start()
    ours.send(what)
    assert ours.poll(60) and ours.recv() == "loading"
    assert ask(tycho, "SELECT COUNT(*) AS n FROM my_tycho.direct") == [[5]]
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert ask(tycho, "SELECT COUNT(*) AS n FROM my_tycho.direct") == [[5]]
    # Whatever lock the killed one held is free.
    with kept_database.user_tables("tycho") as tables:
        assert tables.keep(STARS, [batch(0, 7)], ROOM)[1]
    assert ask(tycho, "SELECT COUNT(*) AS n FROM my_tycho.direct") == [[7]]


def test_another_version_describes_and_indexes_anew(
    kept_database: Database, tycho: httpx.Client, ask
) -> None:
    assert tycho.put("/tables/renewed", content=votable(stars()), headers=VOTABLE).is_success
    data = {"TABLE": "renewed", "INDEX": "id", "UNIQUE": "true", "PHASE": "RUN"}
    assert ended(tycho, tycho.post("/table-update", data=data).headers["location"]) == "COMPLETED"
    query = "SELECT column_name FROM tap_schema.columns WHERE table_name = 'my_tycho.renewed'"
    before = ask(tycho, query)
    with kept_database.writer() as connection:
        connection.execute(
            "UPDATE archive.user_table SET indexes = 'old' WHERE table_name = 'my_tycho.renewed'"
        )
        renew(connection)
    assert ask(tycho, query) == before
    answer = tycho.post("/load/renewed", content=b"id\n1\n", headers=CSV)
    assert answer.status_code == 400 and "unique" in answer.text
