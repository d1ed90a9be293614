"""Cone searches: which rows, in which order, with which columns, and what is refused (SCS 1.03 and 1.1)."""

from __future__ import annotations

import io

import pytest
from astropy.io.votable import parse
from lxml import etree

from tests.uws.support import TOKENS
from tests.xsd import validate

V = "{http://www.ivoa.net/xml/VOTable/v1.3}"


def asked(client, table, **parameters):
    answer = client.get(f"/cone/{table}", params=parameters)
    assert answer.status_code == 200, answer.text
    assert validate(answer.content) == []
    return parse(io.BytesIO(answer.content)).get_first_table()


def found(client, table, **parameters):
    rows = asked(client, table, **parameters).to_table()
    return [str(name) for name in rows.columns[0]]


@pytest.mark.parametrize(
    ("ra", "dec", "sr", "expected"),
    [
        (10, 20, 0.06, ["0", "2"]),
        (10, 20, 0.2, ["0", "2", "1"]),
        (10, 20, 0.05, ["0", "2"]),
        (370, 20, 0.01, ["0"]),
        (-350, 20, 0.01, ["0"]),
        (0, 0, 0.1, ["3", "4"]),
        (360, 0, 0.1, ["3", "4"]),
        (359.95, 0, 0.001, ["3"]),
        (0, 90, 0.01, ["5"]),
        (300, 90, 0.1, ["5", "6"]),
        (0, -90, 0.1, ["7"]),
        (77, -45, 0.1, []),
        (190, -20, 179.99, ["7", "4", "3", "6", "5", "2", "1"]),
    ],
)
def test_rows_nearest_first(cone, ra, dec, sr, expected):
    rows = found(cone, "sky.stars", RA=ra, DEC=dec, SR=sr)
    assert sorted(rows) == sorted(expected)
    if sr < 1 and dec == 20:
        assert rows == expected


@pytest.mark.parametrize("sr", [180, 200, 1000])
def test_whole_sky(cone, sr):
    assert sorted(found(cone, "sky.stars", RA=0, DEC=0, SR=sr)) == [str(n) for n in range(8)]


def test_distances_are_degrees_in_order(cone):
    rows = asked(cone, "sky.stars", RA=10, DEC=20, SR=0.2).to_table()
    assert list(rows["distance"]) == pytest.approx([0.0, 0.05, 0.1], abs=1e-9)
    assert rows["distance"].unit == "deg"


@pytest.mark.parametrize("more", [{"SR": 0}, {"SR": 1, "MAXREC": 0}])
def test_metadata_alone(cone, more):
    table = asked(cone, "sky.stars", RA=10, DEC=20, **more)
    assert len(table.array) == 0
    assert [field.name for field in table.fields] == [
        "id",
        "ra",
        "dec",
        "ra4",
        "dec4",
        "mag",
        "radius",
        "distance",
    ]


@pytest.mark.parametrize(
    "table", ["sky.stars", "sky.targets", "odd.nameless", "odd.Doubled", "ivoa.ObsCore", "dbo.raw"]
)
@pytest.mark.parametrize("verbosity", [1, 2, 3])
def test_one_identifier_and_one_position(cone, table, verbosity):
    fields = asked(cone, table, RA=10, DEC=20, SR=0.1, VERB=verbosity).fields
    for ucd, datatype in (
        ("ID_MAIN", "char"),
        ("POS_EQ_RA_MAIN", "double"),
        ("POS_EQ_DEC_MAIN", "double"),
    ):
        (field,) = [field for field in fields if field.ucd == ucd]
        assert field.datatype == datatype
    assert not {"meta.id;meta.main", "pos.eq.ra;meta.main"} & {field.ucd for field in fields}
    assert len({field.name.lower() for field in fields}) == len(fields)


def test_verbosity_grows(cone):
    names = [
        [field.name for field in asked(cone, "odd.Doubled", RA=30, DEC=0, SR=1, VERB=verbosity).fields]
        for verbosity in (1, 2, 3)
    ]
    assert names[0] == ["id", "ra", "dec", "distance"]
    assert names[1] == ["id", "ra", "dec", "mag", "distance"]
    assert names[2] == ["id", "ra", "dec", "field", "number", "ra2", "dec2", "mag", "note", "distance"]


def test_the_key_tells_rows_apart(cone):
    assert found(cone, "odd.Doubled", RA=30, DEC=0, SR=0.15) == ["1 0", "1 1"]


def test_without_a_key_the_position_does(cone):
    table = asked(cone, "odd.nameless", RA=50, DEC=5, SR=0.1)
    assert [field.name for field in table.fields] == [
        "cone_id",
        "lon",
        "lat",
        "l",
        "b",
        "distance",
        "id",
        "cone_distance",
    ]
    assert [str(row) for row in table.to_table()["cone_id"]] == ["50 5", "50 5"]


def test_letter_case_of_names_and_post(cone):
    by_get = cone.get("/cone/SKY.Stars", params={"ra": 10, "dec": 20, "sr": 0.06, "verb": "1"})
    assert by_get.status_code == 200
    assert (
        cone.post("/cone/sky.stars", data={"RA": 10, "DEC": 20, "SR": 0.06, "VERB": 1}).content
        == by_get.content
    )
    head = cone.head("/cone/sky.stars", params={"RA": 10, "DEC": 20, "SR": 0.06})
    assert head.status_code == 200 and head.headers["content-type"] == "application/x-votable+xml"


def test_maxrec_and_overflow(cone):
    answer = cone.get("/cone/sky.stars", params={"RA": 10, "DEC": 20, "SR": 0.2, "MAXREC": 2})
    assert b'value="OVERFLOW"' in answer.content
    exact = cone.get("/cone/sky.stars", params={"RA": 10, "DEC": 20, "SR": 0.2, "MAXREC": 3})
    assert b"OVERFLOW" not in exact.content


def test_one_resource_and_one_table(cone):
    root = etree.fromstring(cone.get("/cone/ivoa.ObsCore", params={"RA": 10, "DEC": 20, "SR": 1}).content)
    assert len(root.findall(f".//{V}RESOURCE")) == 1
    assert len(root.findall(f".//{V}TABLE")) == 1


def test_other_formats(cone):
    answer = cone.get(
        "/cone/sky.stars", params={"RA": 10, "DEC": 20, "SR": 0.06, "VERB": 1, "RESPONSEFORMAT": "csv"}
    )
    assert answer.text.splitlines()[0] == "id,ra,dec,distance"
    assert len(answer.text.splitlines()) == 3


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "RA: is missing"),
        ("RA=1&DEC=2", "SR: is missing"),
        ("RA=1&SR=2", "DEC: is missing"),
        ("RA=x&DEC=2&SR=1", "RA: 'x' is not a number"),
        ("RA=1&DEC=91&SR=1", "DEC: there is no declination of 91 degrees"),
        ("RA=1&DEC=-90.001&SR=1", "DEC: there is no declination"),
        ("RA=1&DEC=1&SR=-1", "SR: there is no radius of -1 degrees"),
        ("RA=NaN&DEC=1&SR=1", "RA: 'NaN' is not a number"),
        ("RA=inf&DEC=1&SR=1", "RA: inf is not finite"),
        ("RA=1&DEC=1&SR=inf", "SR: inf is not finite"),
        ("RA=1&RA=2&DEC=1&SR=1", "RA: given 2 times"),
        ("RA=1&DEC=1&SR=1&VERB=4", "VERB: 4 is more than 3"),
        ("RA=1&DEC=1&SR=1&MAXREC=-1", "MAXREC: -1 is less than 0"),
        ("RA=1&DEC=1&SR=1&RESPONSEFORMAT=zip", "RESPONSEFORMAT"),
    ],
)
def test_errors_are_said_twice(cone, query, said):
    answer = cone.get(f"/cone/sky.stars?{query}")
    assert answer.status_code == 400
    assert validate(answer.content) == []
    infos = {info.get("name"): info for info in etree.fromstring(answer.content).iter(f"{V}INFO")}
    assert infos["QUERY_STATUS"].get("value") == "ERROR"
    assert said in infos["QUERY_STATUS"].text
    assert said in infos["Error"].get("value")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sky.star", "did you mean sky.stars"),
        ("stars", "did you mean sky.stars"),
        ("tap_schema.tables", "the table tap_schema.tables has no positions"),
        ("no.such", "/cone"),
    ],
)
@pytest.mark.parametrize("below", ["", "/capabilities", "/availability"])
def test_unknown_tables(cone, name, said, below):
    answer = cone.get(f"/cone/{name}{below}?RA=1&DEC=1&SR=1")
    assert answer.status_code == 404
    assert said in etree.fromstring(answer.content).find(f".//{V}INFO[@name='Error']").get("value")


def test_tables_of_a_caller(cone):
    mine = {"Authorization": f"Bearer {TOKENS['tycho']}"}
    rows = b"name,ra,dec\nfirst,80.0,1.0\nsecond,81.0,1.0\n"
    sent = cone.put("/tap/tables/mine", content=rows, headers=mine | {"Content-Type": "text/csv"})
    assert sent.status_code in (200, 201), sent.text
    asked = {"RA": 80, "DEC": 1, "SR": 0.1, "VERB": 3, "RESPONSEFORMAT": "csv"}
    for name in ("mine", "my_tycho.mine"):
        answer = cone.get(f"/cone/{name}", params=asked, headers=mine)
        assert answer.status_code == 200, answer.text
        assert answer.text.splitlines()[1].split(",")[3] == "first"
    assert cone.get("/cone/my_tycho.mine/capabilities", headers=mine).status_code == 200
    assert b"my_tycho.mine" in cone.get("/cone", headers=mine).content
    for headers in ({}, {"Authorization": f"Bearer {TOKENS['sophie']}"}):
        assert cone.get("/cone/my_tycho.mine", params=asked, headers=headers).status_code == 404
    assert b"my_tycho" not in cone.get("/cone").content
