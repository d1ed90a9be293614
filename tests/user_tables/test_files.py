"""What may be sent, what becomes of it, and what is refused without a trace."""

from __future__ import annotations

import gzip
import io

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.io.votable import parse_single_table
from astropy.table import Table as Rows
from lxml import etree

from tests import xsd
from tests.uws.support import ended

from .conftest import stars, votable

VOTABLE = "application/x-votable+xml"


def put(client: httpx.Client, name: str, content: bytes, kind: str, folder: str = "tables") -> httpx.Response:
    headers = {"Content-Type": kind} if kind else {}
    return client.put(f"/{folder}/{name}", content=content, headers=headers)


def load(client: httpx.Client, name: str, content: bytes, kind: str) -> httpx.Response:
    return client.post(f"/load/{name}", content=content, headers={"Content-Type": kind})


def as_fits(rows: Rows) -> bytes:
    rows = rows.copy()
    rows.meta.clear()
    out = io.BytesIO()
    rows.write(out, format="fits")
    return out.getvalue()


def as_parquet() -> bytes:
    out = io.BytesIO()
    table = pa.table({"id": pa.array([1, 2], pa.int32()), "ra": [10.0, 20.0], "dec": [1.0, None]})
    pq.write_table(table, out)
    return out.getvalue()


@pytest.mark.parametrize("form", ["tabledata", "binary", "binary2"])
def test_votables(tycho: httpx.Client, ask, form: str) -> None:
    assert put(tycho, f"my_tycho.vot_{form}", votable(stars(), form), VOTABLE).status_code == 201
    rows = ask(tycho, f"SELECT * FROM my_tycho.vot_{form} ORDER BY id")
    assert len(rows) == 5
    assert rows[0][3:] == [0.0, 2**40, "star 0"]
    assert rows[4][3] is None and rows[4][5] == "star 4"


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (as_parquet(), "application/vnd.apache.parquet"),
        (as_parquet(), "application/octet-stream"),
        (as_fits(stars(2)), "application/fits"),
        (as_fits(stars(2)), ""),
        (b"id,ra,dec\n1,2.5,3\n2,,4\n", "text/csv"),
        (b"id\tname,or not\n1\tx,y\n2\t\n", "text/tab-separated-values; charset=utf-8"),
        (gzip.compress(votable(stars(2))), VOTABLE),
        (votable(stars(2)), "text/xml"),
    ],
)
def test_formats(tycho: httpx.Client, ask, content: bytes, kind: str) -> None:
    assert put(tycho, "formats", content, kind).status_code in {200, 201}
    assert ask(tycho, "SELECT COUNT(*) AS n FROM my_tycho.formats") == [[2]]


def test_a_cone_uses_the_index(tycho: httpx.Client, ask, kept_database) -> None:
    assert put(tycho, "placed", votable(stars(200)), VOTABLE).is_success
    cone = "1 = CONTAINS(POINT(ra, dec), CIRCLE(10.0, -1.0, 0.001))"
    assert ask(tycho, f"SELECT COUNT(*) AS n FROM my_tycho.placed WHERE {cone}") == [[1]]
    with kept_database.writer() as connection:
        stored = connection.execute(
            "SELECT stored_name FROM archive.user_table WHERE table_name = 'my_tycho.placed'"
        ).fetchone()[0]
        indexes = connection.execute(
            "SELECT indexdef FROM pg_indexes WHERE schemaname = 'my_tycho' AND tablename = %s", (stored,)
        ).fetchall()
    assert any("USING gist" in text for (text,) in indexes)


TYPES = b"""<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>
<DESCRIPTION>All kinds</DESCRIPTION>
<FIELD name="when" datatype="char" arraysize="*" xtype="timestamp"/>
<FIELD name="place" datatype="double" arraysize="2" xtype="point" unit="deg"/>
<FIELD name="odd" datatype="char" arraysize="*" xtype="own:thing" utype="own.utype"/>
<FIELD name="flag" datatype="boolean"/>
<FIELD name="three" datatype="float" arraysize="3" unit="km/s" ucd="phys.veloc"/>
<FIELD name="select" datatype="unsignedByte"/>
<FIELD name="Two words" datatype="int"/>
<DATA><TABLEDATA>
<TR><TD>2026-01-02T03:04:05.5</TD><TD>10 20</TD><TD>x</TD><TD>T</TD><TD>1 2 3</TD><TD>255</TD><TD>-1</TD></TR>
<TR><TD/><TD/><TD/><TD/><TD/><TD/><TD/></TR>
</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"""


def test_types_survive(tycho: httpx.Client, ask) -> None:
    assert put(tycho, "kinds", TYPES, VOTABLE).status_code == 201
    answer = tycho.post("/sync", data={"LANG": "ADQL", "QUERY": "SELECT * FROM my_tycho.kinds"})
    fields = {field.name: field for field in parse_single_table(io.BytesIO(answer.content)).fields}
    said = {n: (f.datatype, f.arraysize, f.xtype, str(f.unit or ""), f.ucd) for n, f in fields.items()}
    assert said == {
        "when": ("char", "*", "timestamp", "", None),
        "place": ("double", "2", "point", "deg", None),
        "odd": ("char", "*", "own:thing", "", None),
        "flag": ("boolean", None, None, "", None),
        "three": ("float", "3", None, "km / s", "phys.veloc"),
        "select": ("unsignedByte", None, None, "", None),
        "Two words": ("int", None, None, "", None),
    }
    assert fields["odd"].utype == "own.utype"
    rows = ask(tycho, 'SELECT "when", flag, "select", "Two words" FROM my_tycho.kinds ORDER BY flag')
    assert [None] * 4 in rows
    assert [True, 255, -1] in [row[1:] for row in rows]


def test_what_a_service_says_makes_a_table(tycho: httpx.Client, ask) -> None:
    assert put(tycho, "shape", TYPES, VOTABLE).is_success
    definition = tycho.get("/tables/shape").content
    assert put(tycho, "copy", definition, "text/xml").status_code == 201
    query = "SELECT column_name, datatype, arraysize, xtype, unit, ucd FROM tap_schema.columns"
    columns = [
        ask(tycho, f"{query} WHERE table_name = 'my_tycho.{name}' ORDER BY column_index")
        for name in ("shape", "copy")
    ]
    assert columns[0] == columns[1] and len(columns[0]) == 7
    assert ask(tycho, "SELECT COUNT(*) AS n FROM my_tycho.copy") == [[0]]


def test_user_tables_is_another_address(tycho: httpx.Client, ask) -> None:
    assert put(tycho, "other", votable(stars()), VOTABLE, "user_tables").status_code == 201
    assert put(tycho, "my_tycho.OTHER", votable(stars(3)), VOTABLE, "user_tables").status_code == 200
    assert ask(tycho, "SELECT COUNT(*) AS n FROM my_tycho.other") == [[3]]
    assert b"my_tycho.OTHER" in tycho.get("/user_tables/other").content
    listed = tycho.get("/user_tables").json()
    [mine] = [table for table in listed["tables"] if table["name"] == "my_tycho.OTHER"]
    assert mine["rows"] == 3 and 0 < mine["bytes"] < listed["most_bytes"]
    assert listed["bytes"] >= mine["bytes"]
    assert tycho.delete("/user_tables/other").status_code == 204
    assert tycho.delete("/user_tables/other").status_code == 404
    assert tycho.get("/user_tables/other").status_code == 404


BROKEN = votable(stars()).replace(b"</BINARY2>", b"", 1)


@pytest.mark.parametrize(
    ("content", "kind", "status", "said"),
    [
        (b"", VOTABLE, 400, "no body"),
        (b"   ", "text/csv", 400, "no body"),
        (b"id,ra\n", "text/csv", 400, "no row"),
        (b"id,ra\n1,2,3\n", "text/csv", 400, "3 values"),
        (b"\0\1\2", "text/csv", 400, "nor text"),
        (as_parquet(), VOTABLE, 400, "is Parquet"),
        (votable(stars()), "text/csv", 400, "is a VOTable"),
        (votable(stars()), "text/plain", 415, "text/plain"),
        (b"what is this", "", 415, "Content-Type"),
        (b"a=b", "application/x-www-form-urlencoded", 415, "no type of tables"),
        (as_parquet()[:-20], "application/x-parquet", 400, "Parquet"),
        (as_fits(stars(2000))[:20000], "application/fits", 400, "bad"),
        (BROKEN, VOTABLE, 400, "bad"),
        (b"<VOTABLE><RESOURCE><TABLE/></RESOURCE></VOTABLE>", VOTABLE, 400, "no columns"),
        (b"<table><name>x</name></table>", "text/xml", 400, "no columns"),
        (b"<table><column><name>x</name></column></table>", "text/xml", 400, "no dataType"),
        (b"<table><column>", "text/xml", 400, "XML"),
        (
            b'<!DOCTYPE t [<!ENTITY a SYSTEM "/etc/hostname">]>'
            b"<table><column><name>&a;</name></column></table>",
            "text/xml",
            400,
            "",
        ),
        (
            TYPES.replace(b"<TD>x</TD>", b"<TD>x</TD><TD>more</TD>"),
            VOTABLE,
            400,
            "bad",
        ),
    ],
)
def test_bad_bodies(tycho: httpx.Client, ask, content: bytes, kind: str, status: int, said: str) -> None:
    assert put(tycho, "bad", votable(stars()), VOTABLE).is_success
    answer = put(tycho, "my_tycho.bad", content, kind)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert "/etc" not in answer.text and "/tmp" not in answer.text
    assert ask(tycho, "SELECT COUNT(*) AS n FROM my_tycho.bad") == [[5]]


@pytest.mark.parametrize("name", ["select", "my_tycho.1st", "my_tycho.a b", "x" * 64, "my_tycho.", 'a"b'])
def test_bad_names(tycho: httpx.Client, name: str) -> None:
    assert put(tycho, name, votable(stars()), VOTABLE).status_code == 400


@pytest.mark.parametrize("name", ["ivoa.ObsCore", "tap_schema.tables", "archive.user_table", "my_sophie.x"])
def test_schemas_of_others(tycho: httpx.Client, name: str) -> None:
    assert put(tycho, name, votable(stars()), VOTABLE).status_code == 403
    assert tycho.delete(f"/tables/{name}").status_code == 403


def test_several_tables_in_one_file(tycho: httpx.Client) -> None:
    column = fits.Column("a", "J", array=np.arange(3))
    hdus = fits.HDUList([fits.PrimaryHDU(), *(fits.BinTableHDU.from_columns([column]) for _ in range(2))])
    out = io.BytesIO()
    hdus.writeto(out)
    answer = put(tycho, "several", out.getvalue(), "application/fits")
    assert answer.status_code == 400 and "2 tables" in answer.text


@pytest.fixture
def grown(tycho: httpx.Client) -> httpx.Client:
    assert put(tycho, "grown", votable(stars()), VOTABLE).is_success
    return tycho


def test_rows_are_added(grown: httpx.Client, ask) -> None:
    for content, kind in (
        (b"NAME,id\n00123,7\n", "text/csv"),
        (votable(stars(2)), VOTABLE),
        (as_fits(stars(1)), "application/fits"),
        (as_parquet(), "application/x-parquet"),
    ):
        answer = load(grown, "my_tycho.grown", content, kind)
        assert answer.status_code == 200, answer.text
    assert answer.text.startswith("my_tycho.grown: 11 rows")
    assert ask(grown, "SELECT name, ra FROM my_tycho.grown WHERE id = 7") == [["00123", None]]
    nrows = "SELECT nrows FROM tap_schema.tables WHERE table_name = 'my_tycho.grown'"
    assert ask(grown, nrows) == [[11]]


@pytest.mark.parametrize(
    ("content", "kind", "said"),
    [
        (b"id,nam\n1,x\n", "text/csv", "no column nam"),
        (b"id,ID\n1,2\n", "text/csv", "twice"),
        (b"id\n1\ntwo\n", "text/csv", "row 2, column id"),
        (b"id\n1\n2.5\n", "text/csv", "row 2, column id"),
        (b"id\n99999999999\n", "text/csv", "column id"),
        (b"name\t\n", "text/tab-separated-values", "no column"),
        (votable(stars()).replace(b'unit="deg"', b'unit="arcsec"'), VOTABLE, "in deg, not in arcsec"),
        (TYPES, VOTABLE, "no column"),
        (b"<table/>", "text/xml", "no rows"),
    ],
)
def test_rows_that_do_not_fit(grown: httpx.Client, ask, content: bytes, kind: str, said: str) -> None:
    answer = load(grown, "grown", content, kind)
    assert (answer.status_code, said in answer.text) == (400, True), answer.text
    assert ask(grown, "SELECT COUNT(*) AS n FROM my_tycho.grown") == [[5]]


def test_rows_for_no_table(tycho: httpx.Client) -> None:
    assert load(tycho, "nothing", b"id\n1\n", "text/csv").status_code == 404


@pytest.mark.parametrize(
    ("index", "unique", "phase"),
    [
        ("mag", "false", "COMPLETED"),
        ("MAG, name", "false", "COMPLETED"),
        ('"ra",dec', "false", "COMPLETED"),
        ("id", "true", "COMPLETED"),
        ("nothing", "false", "ERROR"),
        ('"MAG"', "false", "ERROR"),
        ("mag,mag", "false", "ERROR"),
        (",", "false", "ERROR"),
    ],
)
def test_indexes(grown: httpx.Client, index: str, unique: str, phase: str) -> None:
    answer = grown.post(
        "/table-update", data={"TABLE": "grown", "INDEX": index, "UNIQUE": unique, "PHASE": "RUN"}
    )
    assert answer.status_code == 303
    assert ended(grown, answer.headers["location"]) == phase


def test_a_unique_index_holds(grown: httpx.Client) -> None:
    data = {"TABLE": "my_tycho.grown", "INDEX": "id", "UNIQUE": "true", "PHASE": "RUN"}
    assert ended(grown, grown.post("/table-update", data=data).headers["location"]) == "COMPLETED"
    answer = load(grown, "grown", b"id\n3\n", "text/csv")
    assert answer.status_code == 400 and "unique" in answer.text


def test_a_kept_table_joined_with_an_upload(grown: httpx.Client) -> None:
    query = "SELECT COUNT(*) AS n FROM my_tycho.grown AS g JOIN TAP_UPLOAD.mine AS m ON m.id = g.id"
    data = {"LANG": "ADQL", "QUERY": query, "RESPONSEFORMAT": "json", "UPLOAD": "mine,param:part"}
    answer = grown.post("/sync", data=data, files={"part": votable(stars(2))})
    assert answer.json()["data"] == [[2]]


def test_the_capabilities_announce_it(tycho: httpx.Client) -> None:
    content = tycho.get("/capabilities").content
    assert xsd.validate(content) == []
    capabilities = etree.fromstring(content).iterfind("capability")
    addresses = {c.get("standardID"): c.findtext("interface/accessURL") for c in capabilities}
    assert addresses["ivo://ivoa.net/std/VOSI#table-load-sync-1.x"].endswith("/tap/load")
    assert addresses["ivo://ivoa.net/std/VOSI#table-update-async-1.x"].endswith("/tap/table-update")
