"""Tables sent along with a query: what they are called there, what comes back, what is refused."""

from __future__ import annotations

import io

import httpx
import numpy as np
import pytest
from astropy.io import votable as astropy_votable
from astropy.table import Table

from tests.tap.conftest import tap_client
from tests.uploads.conftest import asking
from tests.uploads.documents import binary, field, tabledata, votable
from tests.uploads.test_reading import SERIALISATIONS, every_type

THREE = votable([field("n", "int"), field("x", "double")], tabledata([["1", "0.5"], ["2", ""], ["3", "2.5"]]))


def rows(answer: httpx.Response) -> list[list[object]]:
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def message(answer: httpx.Response, status: int = 400) -> str:
    assert answer.status_code == status, answer.text
    document = astropy_votable.parse(io.BytesIO(answer.content))
    [info] = [info for resource in document.resources for info in resource.infos]
    assert (info.name, info.value) == ("QUERY_STATUS", "ERROR")
    return info.content


def test_a_table_is_queried(ask):
    assert rows(ask("SELECT * FROM TAP_UPLOAD.t ORDER BY n", t=THREE)) == [[1, 0.5], [2, None], [3, 2.5]]
    assert rows(ask("SELECT MAX(t.n) FROM tap_upload.T AS t WHERE x > 1", t=THREE)) == [[3]]


@pytest.mark.parametrize("serialisation", SERIALISATIONS)
def test_every_type_comes_back_as_it_went(service, serialisation):
    sent = io.BytesIO()
    every_type(30).write(sent, format="votable", tabledata_format=serialisation)
    query = {"LANG": "ADQL", "QUERY": "SELECT * FROM TAP_UPLOAD.t", "UPLOAD": "t,param:t"}
    answer = service.post("/sync", data=query, files={"t": ("t", sent.getvalue())})
    before = astropy_votable.parse_single_table(io.BytesIO(sent.getvalue()))
    after = astropy_votable.parse_single_table(io.BytesIO(answer.content))
    assert [f.name for f in after.fields] == [f.name for f in before.fields]
    for name in before.array.dtype.names:
        for one, other in zip(before.array[name], after.array[name], strict=True):
            old = np.asarray(one)
            if old.dtype.kind == "c":
                old = np.stack([old.real, old.imag], axis=-1)
            np.testing.assert_array_equal(old.ravel(), np.asarray(other).ravel(), err_msg=name)


def test_what_columns_say_comes_back(service):
    names = [
        "select", "odd name", 'with "quotes"', "a.b", "ctid", "oid", "xmin", "tableoid", "Name", "name",
        "naïve", "c1", "position", "x" * 100, "s__bounds", " blank ", "a%b",
    ]  # fmt: skip
    fields = [
        field(name, "double", unit="furlong/h", ucd="no.such.ucd", utype="my:x", xtype="my:y",
              inside=f"<DESCRIPTION>number {i}</DESCRIPTION>")
        for i, name in enumerate(names)
    ]  # fmt: skip
    document = votable(fields, tabledata([[str(i) for i in range(len(names))]]))
    query = {"LANG": "ADQL", "UPLOAD": "t,param:t", "QUERY": "SELECT * FROM TAP_UPLOAD.t"}
    answer = service.post("/sync", data=query, files={"t": ("t", document)})
    table = astropy_votable.parse_single_table(io.BytesIO(answer.content))
    assert [f.name.lower() for f in table.fields][:8] == [name.lower() for name in names[:8]]
    assert [str(f.unit) for f in table.fields] == ["furlong / h"] * len(names)
    assert {(f.ucd, f.utype, f.xtype) for f in table.fields} == {("no.such.ucd", "my:x", "my:y")}
    assert [str(f.description) for f in table.fields] == [f"number {i}" for i in range(len(names))]
    assert list(table.array[0]) == list(range(len(names)))
    # Each is what its delimited identifier names.
    listed = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
    query["QUERY"] = f"SELECT {listed} FROM TAP_UPLOAD.t"
    answer = service.post("/sync", data=query, files={"t": ("t", document)})
    assert list(astropy_votable.parse_single_table(io.BytesIO(answer.content)).array[0]) == list(
        range(len(names))
    )


def test_columns_of_one_name_and_of_none(ask):
    document = votable([field("a", "int"), field("a", "int"), field("", "int")], tabledata([["1", "2", "3"]]))
    answer = ask("SELECT * FROM TAP_UPLOAD.t", t=document)
    assert [column["name"] for column in answer.json()["metadata"]] == ["a", "a_2", "column3"]
    assert rows(answer) == [[1, 2, 3]]
    assert "ambiguous" in message(ask("SELECT a FROM TAP_UPLOAD.t", t=document))


def test_geometry_in_columns(ask):
    document = votable(
        [
            field("p", "double", "2", xtype="point"),
            field("c", "double", "3", xtype="circle"),
            field("r", "char", "*", xtype="adql:REGION"),
        ],
        tabledata(
            [["10 20", "10 20 1", "CIRCLE ICRS 10 20 1"], ["50 20", "10 20 1", "nonsense"], ["", "", ""]]
        ),
    )
    query = "SELECT r FROM TAP_UPLOAD.t WHERE 1 = CONTAINS(p, c)"
    assert rows(ask(query, t=document)) == [["CIRCLE ICRS 10 20 1"]]
    query = "SELECT COORD1(p) FROM TAP_UPLOAD.t WHERE 1 = CONTAINS(POINT(10, 20.5), r)"
    assert rows(ask(query, t=document)) == [[10]]
    assert len(rows(ask("SELECT r FROM TAP_UPLOAD.t", t=document))) == 3


def test_a_circle_without_a_radius_holds_nothing(ask):
    """NaN is greater than all numbers to PostgreSQL."""
    document = votable(
        [field("c", "double", "3", xtype="circle")], tabledata([["1 2 NaN"], ["1 2 -1"], ["1 2 1"]])
    )
    query = "SELECT CONTAINS(POINT(1, 2), c), AREA(c) FROM TAP_UPLOAD.t WHERE CONTAINS(POINT(1, 2.5), c) = 1"
    assert [inside for inside, _ in rows(ask(query, t=document))] == [1]
    assert [area is None for (area,) in rows(ask("SELECT AREA(c) FROM TAP_UPLOAD.t", t=document))] == [
        True,
        True,
        False,
    ]


def test_geometry_in_single_precision(ask):
    document = votable(
        [
            field("p", "float", "2", xtype="point"),
            field("c", "float", "3", xtype="circle"),
            field("o", "float", "*", xtype="polygon"),
        ],
        tabledata([["10 20", "10 20 1", "9 19 11 19 11 21 9 21"], ["50 20", "10 20 1", ""], ["", "", ""]]),
    )
    query = "SELECT COORD1(p) FROM TAP_UPLOAD.t WHERE 1 = CONTAINS(p, c) AND 1 = CONTAINS(p, o)"
    assert rows(ask(query, t=document)) == [[10]]
    answer = ask("SELECT p FROM TAP_UPLOAD.t", t=document).json()
    assert (answer["metadata"][0]["datatype"], answer["metadata"][0]["xtype"]) == ("float", "point")


@pytest.mark.parametrize(
    ("upload", "table"),
    [
        ("Mine,param:t", "TAP_UPLOAD.mine"),
        ("Mine,param:t", '"TAP_UPLOAD"."Mine"'),
        (" mine , param:t ;", "TAP_UPLOAD.MINE"),
        ('"odd, name;",param:t', 'TAP_UPLOAD."odd, name;"'),
        ('"sel""ect",param:t', 'TAP_UPLOAD."sel""ect"'),
        ('"table",param:t', 'TAP_UPLOAD."table"'),
        ('"a.b",param:t', 'TAP_UPLOAD."a.b"'),
        ('"Ünïcode",param:t', 'TAP_UPLOAD."Ünïcode"'),
        ("stars,param:t", "TAP_UPLOAD.stars"),
    ],
)
def test_names_of_tables(ask, upload, table):
    assert rows(ask(f"SELECT COUNT(*) FROM {table}", upload, t=THREE)) == [[3]]


def test_several_tables_and_one_used_twice(ask):
    other = votable([field("n", "long"), field("s", "char", "*")], tabledata([["1", "one"], ["3", "three"]]))
    query = "SELECT s FROM TAP_UPLOAD.a JOIN TAP_UPLOAD.b USING (n) WHERE x > 1"
    assert rows(ask(query, a=THREE, b=other)) == [["three"]]
    assert rows(ask(query, ["a,param:one", "b,param:two"], one=THREE, two=other)) == [["three"]]
    # One file under two names, and one name twice in a query.
    query = "SELECT COUNT(*) FROM TAP_UPLOAD.a AS p, TAP_UPLOAD.a AS q, TAP_UPLOAD.b"
    assert rows(ask(query, "a,param:t;b,param:t", t=THREE)) == [[27]]


def test_a_table_without_rows(ask):
    for data in (None, tabledata([])):
        empty = votable([field("n", "int")], data)
        assert rows(ask("SELECT * FROM TAP_UPLOAD.t", t=empty)) == []
        assert rows(ask("SELECT COUNT(*) FROM TAP_UPLOAD.t, sky.stars", t=empty)) == [[0]]


def test_joined_with_a_catalogue(ask):
    ids = votable([field("id", "int")], tabledata([[str(i)] for i in range(100, 200)]))
    query = "SELECT COUNT(*) FROM sky.stars JOIN TAP_UPLOAD.t USING (id)"
    assert rows(ask(query, t=ids)) == [[100]]


def test_nobody_else_sees_it(service, ask):
    query = "SELECT COUNT(*) FROM tap_schema.tables WHERE LOWER(table_name) LIKE 'tap_upload%'"
    assert rows(ask(query, t=THREE)) == [[0]]
    assert "unknown table TAP_UPLOAD.t" in message(ask("SELECT * FROM TAP_UPLOAD.t"))
    for guess in ("upload_of_1_1.t1", '"upload_of_1_1"."t1"', "t1", "pg_catalog.pg_class"):
        assert "unknown table" in message(ask(f"SELECT * FROM {guess}", t=THREE))


@pytest.mark.parametrize(
    ("upload", "reason"),
    [
        ("t", "is no pair of name and uri"),
        ("t,", "is no pair of name and uri"),
        (",param:t", "is no pair of name and uri"),
        ("t,param:t;t", "is no pair of name and uri"),
        ("t,param:t;T,param:t", "two tables are called T"),
        ("t,param:other", "no part called 'other'"),
        ("t,param:", "no part called ''"),
        ("1t,param:t", "is no name of a table in ADQL"),
        ("my table,param:t", "is no name of a table in ADQL"),
        ("select,param:t", "is no name of a table in ADQL"),
        ("TAP_UPLOAD.t,param:t", "leave TAP_UPLOAD out here"),
        ('"",param:t', "is no name of a table"),
        ("x" * 200 + ",param:t", "more than 128 characters"),
        ("t,file:/etc/passwd", "cannot be fetched"),
        ("t,ftp://example.org/t.vot", "cannot be fetched"),
        ("t,vos://example.org!vospace/t", "cannot be fetched"),
        ("t,http://127.0.0.1/t.vot", "not fetched from other addresses here"),
    ],
)
def test_upload_is_refused(ask, upload, reason):
    assert reason in message(ask("SELECT * FROM TAP_UPLOAD.t", upload, t=THREE))


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (b"", "UPLOAD: t: not readable as VOTable"),
        (b"n,x\n1,2\n", "UPLOAD: t: not readable as VOTable"),
        (votable([field("n", "int")], tabledata([["1"], ["one"]])), "UPLOAD: t, row 2, column n"),
        (votable([field("n", "int")], None, after=f"<TABLE>{field('n', 'int')}</TABLE>"), "several tables"),
    ],
)  # fmt: skip
def test_what_is_no_table(ask, document, reason):
    assert reason in message(ask("SELECT * FROM TAP_UPLOAD.t", t=document))


def test_texts_that_the_database_cannot_hold(ask):
    """A NUL ends a text; half a surrogate pair is no character."""
    texts = "a\0b".encode("utf-16-be") + b"\xd8\0" + "cd".encode("utf-16-be")
    document = votable([field("s", "unicodeChar", "3")], binary(texts, "BINARY"))
    assert rows(ask("SELECT s FROM TAP_UPLOAD.t", t=document)) == [["a"], ["\ufffdcd"]]


def test_errors_of_the_query_come_before_the_rows_are_read(ask):
    broken = votable([field("n", "int")], tabledata([["1"]] * 100_000 + [["one"]]))
    assert "unknown column" in message(ask("SELECT m FROM TAP_UPLOAD.t", t=broken))
    assert "row 100001, column n" in message(ask("SELECT n FROM TAP_UPLOAD.t", t=broken))


def test_limits(stars, tmp_path):
    limits = {"upload_bytes": 5000, "upload_rows": 3, "upload_columns": 2, "upload_tables": 2}
    with tap_client(stars, tmp_path, **limits) as client:
        ask = asking(client)
        assert rows(ask("SELECT COUNT(*) FROM TAP_UPLOAD.t", t=THREE)) == [[3]]
        four = votable([field("n", "int")], tabledata([["1"]] * 4))
        assert "more than 3 rows" in message(ask("SELECT 1 FROM TAP_UPLOAD.t", t=four), 413)
        wide = votable([field("n", "int")] * 3, tabledata([["1"] * 3]))
        assert "more than 2 columns" in message(ask("SELECT 1 FROM TAP_UPLOAD.t", t=wide))
        assert "more than 2 tables" in message(
            ask("SELECT 1 FROM TAP_UPLOAD.a", a=THREE, b=THREE, c=THREE), 413
        )
        large = THREE.replace(b"<RESOURCE>", b"<RESOURCE>" + b" " * 5000)
        assert "larger than 5000 bytes" in message(ask("SELECT 1 FROM TAP_UPLOAD.t", t=large), 413)
        capabilities = client.get("/capabilities").text
        assert '<uploadMethod ivo-id="ivo://ivoa.net/std/TAPRegExt#upload-inline"/>' in capabilities
        assert "#upload-http" not in capabilities
        assert '<default unit="row">3</default>' in capabilities
        assert '<hard unit="byte">5000</hard>' in capabilities


def test_a_long_query_and_many_rows(ask):
    table = Table({"n": np.arange(30_000)})
    document = io.BytesIO()
    table.write(document, format="votable", tabledata_format="binary2")
    listed = ", ".join(map(str, range(30_000)))
    query = f"SELECT COUNT(*) FROM TAP_UPLOAD.t WHERE n IN ({listed})"
    assert len(query) > 150_000
    assert rows(ask(query, t=document.getvalue())) == [[30_000]]
