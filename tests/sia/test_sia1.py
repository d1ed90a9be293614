"""SIA 1.0: regions and how images lie in them, formats, columns by UCD, errors with status 200."""

from __future__ import annotations

import io

import pytest
from astropy.io.votable import parse
from lxml import etree

from tests.xsd import validate

V = "{http://www.ivoa.net/xml/VOTable/v1.3}"
TYPE = "text/xml;content=x-votable"


def asked(images, **parameters):
    answer = images.get("/sia1/query", params=parameters)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == TYPE
    assert validate(answer.content) == []
    return parse(io.BytesIO(answer.content)).get_first_table()


def found(images, **parameters):
    return {
        str(title).removeprefix("Title of SIM.") for title in asked(images, **parameters).to_table()["title"]
    }


CASES = [
    # The image A is a degree wide around 10, 20; POLE a circle of a degree; ZERO crosses the meridian.
    ({"POS": "10,20", "SIZE": "0.1"}, {"A"}),
    ({"POS": "10,20", "SIZE": "0"}, {"A"}),
    ({"POS": "10,20", "SIZE": "0,0"}, {"A"}),
    ({"POS": "10,20;ICRS", "SIZE": "0.1,0.2"}, {"A"}),
    ({"POS": "10.6,20", "SIZE": "0"}, set()),
    ({"POS": "10.6,20", "SIZE": "0.3"}, {"A"}),
    ({"POS": "10.6,20", "SIZE": "0.1,5"}, set()),
    ({"POS": "10.6,20", "SIZE": "0.3", "INTERSECT": "CENTER"}, set()),
    ({"POS": "10,20", "SIZE": "0.3", "INTERSECT": "CENTER"}, {"A"}),
    ({"POS": "10,20", "SIZE": "0.3", "INTERSECT": "COVERS"}, {"A"}),
    ({"POS": "10,20", "SIZE": "1.2", "INTERSECT": "COVERS"}, set()),
    ({"POS": "10,20", "SIZE": "1.2", "INTERSECT": "ENCLOSED"}, {"A"}),
    ({"POS": "10,20", "SIZE": "0.5", "INTERSECT": "enclosed"}, set()),
    ({"POS": "10,20", "SIZE": "0", "INTERSECT": "ENCLOSED"}, set()),
    ({"POS": "10,20", "SIZE": "0", "INTERSECT": "COVERS"}, {"A"}),
    ({"POS": "180,89.9", "SIZE": "0.01"}, {"POLE"}),
    ({"POS": "359.8,-30", "SIZE": "0.01"}, {"ZERO"}),
    ({"POS": "0,-30", "SIZE": "2"}, {"ZERO"}),
    ({"POS": "12,20", "SIZE": "0.1"}, set()),  # a cube
    ({"POS": "0,0", "SIZE": "360,180"}, {"A", "POLE", "ZERO"}),
    ({"POS": "0,0", "SIZE": "179"}, {"A", "POLE", "ZERO"}),
    ({"POS": "10,20", "SIZE": "0.1", "FORMAT": "image/fits"}, {"A"}),
    ({"POS": "10,20", "SIZE": "0.1", "FORMAT": "image/png,image/fits"}, {"A"}),
    ({"POS": "10,20", "SIZE": "0.1", "FORMAT": "ALL"}, {"A"}),
    ({"POS": "10,20", "SIZE": "0.1", "FORMAT": "GRAPHIC"}, set()),
    ({"POS": "10,20", "SIZE": "0.1", "FORMAT": "image/jpeg"}, set()),
]


@pytest.mark.parametrize(("parameters", "expected"), CASES, ids=[str(case[0]) for case in CASES])
def test_rows(images, parameters, expected):
    assert found(images, **parameters) == expected


def test_columns_are_known_by_ucd(images):
    table = asked(images, POS="10,20", SIZE="0.1")
    by_ucd = {field.ucd: field for field in table.fields if field.ucd}
    (row,) = table.to_table(use_names_over_ids=True)

    def value(ucd):
        return row[by_ucd[ucd].name]

    assert value("VOX:Image_Title") == "Title of SIM.A"
    assert value("POS_EQ_RA_MAIN") == 10.0
    assert value("POS_EQ_DEC_MAIN") == 20.0
    assert value("VOX:Image_Naxes") == 2
    assert list(value("VOX:Image_Naxis")) == [100, 50]
    assert list(value("VOX:Image_Scale")) == pytest.approx([-0.0001, 0.0001])
    assert value("VOX:Image_Format") == "image/fits"
    assert value("VOX:Image_AccessReference").endswith("/file/SIM.A")
    assert value("INST_ID") == "QUADRANS"
    assert value("VOX:Image_MJDateObs") == 60000.25
    assert value("VOX:Image_FileSize") == 4000
    assert value("VOX:BandPass_ID") == "V"
    assert value("VOX:BandPass_RefValue") == pytest.approx(550e-9)


def test_verbosity_grows(images):
    counts = [len(asked(images, POS="10,20", SIZE="1", VERB=level).fields) for level in range(4)]
    assert counts[0] == 8
    assert counts == sorted(set(counts))


def test_maxrec(images):
    answer = images.get("/sia1/query", params={"POS": "0,0", "SIZE": "360,180", "MAXREC": "1"})
    assert b"OVERFLOW" in answer.content


@pytest.mark.parametrize("more", [{}, {"POS": "1,2", "SIZE": "1"}])
def test_metadata(images, more):
    answer = images.get("/sia1/query", params={"FORMAT": "METADATA", **more})
    assert answer.status_code == 200
    assert validate(answer.content) == []
    root = etree.fromstring(answer.content)
    inputs = {param.get("name"): param for param in root.findall(f"{V}RESOURCE[@type='results']/{V}PARAM")}
    assert inputs.keys() >= {"INPUT:POS", "INPUT:SIZE", "INPUT:FORMAT", "INPUT:INTERSECT", "INPUT:VERB"}
    assert inputs["INPUT:INTERSECT"].get("value") == "OVERLAPS"
    ucds = {field.get("ucd") for field in root.iter(f"{V}FIELD")}
    assert {"VOX:Image_AccessReference", "VOX:BandPass_ID"} <= ucds
    assert not root.findall(f".//{V}TR")


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "POS: is missing"),
        ("POS=1,2", "SIZE: is missing"),
        ("POS=1&SIZE=1", "POS: '1' cannot be read"),
        ("POS=1,x&SIZE=1", "POS: '1,x' cannot be read"),
        ("POS=M31&SIZE=1", "POS: 'M31' cannot be read"),
        ("POS=1,95&SIZE=1", "POS: there is no declination of 95"),
        ("POS=1,nan&SIZE=1", "POS: '1,nan' cannot be read"),
        ("POS=999,5&SIZE=1", "POS: there is no right ascension of 999"),
        ("POS=1,5&SIZE=-1", "SIZE: a size cannot be negative"),
        ("POS=1,5&SIZE=1,2,3", "SIZE: '1,2,3' cannot be read"),
        ("POS=1,5&SIZE=1&INTERSECT=AROUND", "INTERSECT: 'AROUND' is not known here"),
        ("POS=1,5&SIZE=1&VERB=7", "VERB: 7 is more than 3"),
    ],
)
def test_errors_come_with_status_200(images, query, said):
    answer = images.get(f"/sia1/query?{query}")
    assert answer.status_code == 200
    assert validate(answer.content) == []
    (status,) = etree.fromstring(answer.content).iter(f"{V}INFO")
    assert status.get("name") == "QUERY_STATUS" and status.get("value") == "ERROR"
    assert said in status.text


def test_capabilities(images):
    answer = images.get("/sia1/capabilities")
    assert validate(answer.content) == []
    (access,) = etree.fromstring(answer.content).xpath("//capability[@standardID='ivo://ivoa.net/std/SIA']")
    assert access.findtext("imageServiceType") == "Pointed"
    address = access.findtext("interface/accessURL")
    assert address.endswith("/sia1/query?")
    test = access.find("testQuery")
    position = f"{test.findtext('pos/long')},{test.findtext('pos/lat')}"
    assert found(images, POS=position, SIZE=f"{test.findtext('size/long')},{test.findtext('size/lat')}")
    assert validate(images.get("/sia1/availability").content) == []
