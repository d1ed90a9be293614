"""Who finds a kept table, by every way there is: the owner, those he lets, and nobody else."""

from __future__ import annotations

import time

import httpx
import pytest
from lxml import etree

from tests import xsd
from tests.uws.support import ended, run

from .conftest import stars, votable

NAME = "my_tycho.secrets"
TYPE = {"Content-Type": "application/x-votable+xml"}


@pytest.fixture(scope="module", autouse=True)
def secret(tycho: httpx.Client) -> None:
    answer = tycho.put(f"/tables/{NAME}", content=votable(stars()), headers=TYPE)
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"].endswith(f"/tables/{NAME}")


@pytest.fixture(params=["private", "shared", "public"], scope="module")
def sharing(request: pytest.FixtureRequest, tycho: httpx.Client) -> str:
    """How tycho shares his table: with nobody, with sophie, with all."""
    chosen: str = request.param
    readers, public = "sophie" if chosen == "shared" else "", chosen == "public"
    answer = tycho.put(f"/tables/{NAME}/sharing", params={"READERS": readers, "PUBLIC": str(public).lower()})
    assert answer.json() == {"public": public, "readers": readers.split()}
    # Workers take what is published as current for a second.
    time.sleep(1.1)
    return chosen


MATRIX = {
    "private": {"tycho"},
    "shared": {"tycho", "sophie"},
    "public": {"tycho", "sophie", "nobody"},
}


@pytest.fixture(params=["tycho", "sophie", "nobody"])
def reader(request: pytest.FixtureRequest, sharing: str) -> tuple[httpx.Client, bool]:
    """A client, and whether it may read the table."""
    return request.getfixturevalue(request.param), request.param in MATRIX[sharing]


def query(table: str) -> dict[str, str]:
    return {"LANG": "ADQL", "QUERY": f"SELECT COUNT(*) AS n FROM {table}", "RESPONSEFORMAT": "csv"}


def said(answer: httpx.Response, name: str) -> str:
    """What an answer says, of whichever table."""
    return answer.text.replace(name, "it")


def test_queries(reader: tuple[httpx.Client, bool]) -> None:
    client, may = reader
    answer = client.post("/sync", data=query(NAME))
    if may:
        assert answer.text.split() == ["n", "5"]
        return
    other = client.post("/sync", data=query("my_tycho.nothing"))
    assert answer.status_code == other.status_code == 400
    assert said(answer, NAME) == said(other, "my_tycho.nothing")


def test_heads_of_queries(reader: tuple[httpx.Client, bool]) -> None:
    client, may = reader
    assert client.head("/sync", params=query(NAME)).status_code == (200 if may else 400)


def test_jobs(reader: tuple[httpx.Client, bool]) -> None:
    client, may = reader
    job = run(client, query(NAME))
    assert ended(client, job) == ("COMPLETED" if may else "ERROR")
    if not may:
        other = run(client, query("my_tycho.nothing"))
        assert ended(client, other) == "ERROR"
        errors = [client.get(f"{address}/error") for address in (job, other)]
        assert said(errors[0], NAME) == said(errors[1], "my_tycho.nothing")


def test_the_list_of_tables(reader: tuple[httpx.Client, bool]) -> None:
    client, may = reader
    for detail in ("min", "max"):
        answer = client.get("/tables", params={"detail": detail})
        assert xsd.validate(answer.content) == []
        names = [e.text for e in etree.fromstring(answer.content).iterfind("schema/table/name")]
        assert names.count(NAME) == may
        assert "tap_schema.tables" in names


@pytest.mark.parametrize("folder", ["tables", "user_tables"])
def test_one_table(reader: tuple[httpx.Client, bool], folder: str) -> None:
    client, may = reader
    answer = client.get(f"/{folder}/{NAME}")
    assert client.head(f"/{folder}/{NAME}").status_code == answer.status_code == (200 if may else 404)
    if may:
        assert xsd.validate(answer.content) == []
        units = {
            column.findtext("name"): column.findtext("unit")
            for column in etree.fromstring(answer.content).iterfind("column")
        }
        assert units["mag"] == "mag" and units["ra"] == "deg"
    else:
        other = client.get(f"/{folder}/my_tycho.nothing")
        assert said(answer, NAME) == said(other, "my_tycho.nothing")


@pytest.mark.parametrize(
    ("table", "column"),
    [("tables", "table_name"), ("columns", "table_name"), ("schemas", "schema_name")],
)
def test_tap_schema(reader: tuple[httpx.Client, bool], ask, table: str, column: str) -> None:
    client, may = reader
    value = NAME if column == "table_name" else "my_tycho"
    rows = ask(client, f"SELECT {column} FROM tap_schema.{table} WHERE {column} = '{value}'")
    expected = {"tables": 1, "columns": 6, "schemas": 1}[table] if may else 0
    assert len(rows) == expected


def test_tap_schema_says_what_the_file_said(tycho: httpx.Client, ask, sharing: str) -> None:
    found = ask(
        tycho,
        "SELECT column_name, datatype, unit, ucd, indexed FROM tap_schema.columns AS c"
        " JOIN tap_schema.tables AS t ON t.table_name = c.table_name"
        f" WHERE t.table_name = '{NAME}' AND t.nrows = 5 ORDER BY column_index",
    )
    assert found[1] == ["ra", "double", "deg", "pos.eq.ra;meta.main", 1]
    assert found[3] == ["mag", "float", "mag", "phot.mag;em.opt.V", 0]


def test_nobody_else_changes_it(sophie: httpx.Client, nobody: httpx.Client, sharing: str) -> None:
    for client, status in ((sophie, 403), (nobody, 401)):
        for name in (NAME, "my_tycho.nothing"):
            answers = [
                client.put(f"/tables/{name}", content=votable(stars()), headers=TYPE),
                client.post(f"/load/{name}", content=b"id\n1\n", headers={"Content-Type": "text/csv"}),
                client.delete(f"/tables/{name}"),
                client.delete(f"/user_tables/{name}"),
                client.put(f"/tables/{name}/sharing", params={"PUBLIC": "true"}),
                client.get(f"/tables/{name}/sharing"),
            ]
            assert [answer.status_code for answer in answers] == [status] * len(answers)
    assert "Bearer" in answers[0].headers["www-authenticate"]
    assert nobody.post("/table-update", data={"TABLE": NAME, "INDEX": "id"}).status_code == 401
    assert nobody.get("/user_tables").status_code == 401


def test_nobody_else_indexes_it(sophie: httpx.Client, sharing: str) -> None:
    answer = sophie.post("/table-update", data={"TABLE": NAME, "INDEX": "id", "PHASE": "RUN"})
    assert ended(sophie, answer.headers["location"]) == "ERROR"


def test_the_job_of_another(tycho: httpx.Client, sophie: httpx.Client, nobody: httpx.Client) -> None:
    tycho.put(f"/tables/{NAME}/sharing", params={"PUBLIC": "false", "READERS": ""})
    job = run(tycho, query(NAME))
    assert ended(tycho, job) == "COMPLETED"
    for client, status in ((sophie, 403), (nobody, 401)):
        assert client.get(f"{job}/results/result").status_code == status


def test_a_wrong_token_is_refused(service: httpx.Client) -> None:
    answer = service.put(
        f"/tables/{NAME}", content=b"", headers={"Authorization": "Bearer wrong-wrong-wrong-wrong"}
    )
    assert answer.status_code == 401


def test_readers_that_are_no_names(tycho: httpx.Client) -> None:
    answer = tycho.put(f"/tables/{NAME}/sharing", params={"READERS": "sophie; DROP"})
    assert answer.status_code == 400
    assert tycho.put(f"/tables/{NAME}/sharing").status_code == 400
    assert tycho.put(f"/tables/{NAME}/sharing", params={"PUBLIC": "perhaps"}).status_code == 400
