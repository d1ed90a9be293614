"""What SIA 2.0 answers besides the rows: columns, descriptors, errors, capabilities, examples."""

from __future__ import annotations

import io
import subprocess

import pytest
from astropy.io.votable import parse
from lxml import etree

from archive.declare.obscore_columns import MANDATORY
from tests.xsd import validate

V = "{http://www.ivoa.net/xml/VOTable/v1.3}"


def asked(images, **parameters):
    answer = images.get("/sia2/query", params=parameters)
    assert answer.status_code == 200, answer.text
    assert validate(answer.content) == []
    return answer


def infos(content):
    return {info.get("name"): info for info in etree.fromstring(content).iter(f"{V}INFO")}


def test_rows_are_obscore(images):
    table = parse(io.BytesIO(asked(images, ID="SIM.A").content)).get_first_table()
    fields = {field.name: field for field in table.fields}
    assert fields.keys() >= MANDATORY
    assert all(fields[name].utype.startswith("obscore:") for name in MANDATORY)
    (row,) = table.to_table()
    assert row["access_format"] == "application/x-votable+xml;content=datalink"
    assert row["t_min"] == 60000.0


def test_descriptors(images):
    root = etree.fromstring(asked(images, MAXREC="1").content)
    services = root.findall(f"{V}RESOURCE[@type='meta']")
    by_standard = {
        service.find(f"{V}PARAM[@name='standardID']").get("value").lower().partition("#")[0]: service
        for service in services
    }
    for standard in ("ivo://ivoa.net/std/datalink", "ivo://ivoa.net/std/soda"):
        identifier = by_standard[standard].find(f"{V}GROUP/{V}PARAM[@name='ID']")
        column = root.find(f".//{V}FIELD[@ID='{identifier.get('ref')}']")
        assert column.get("name") == "obs_publisher_did"
    this = by_standard["ivo://ivoa.net/std/sia"]
    assert this.get("name") == "this"
    assert this.find(f"{V}PARAM[@name='accessURL']").get("value").endswith("/sia2/query")
    inputs = {param.get("name"): param for param in this.findall(f"{V}GROUP/{V}PARAM")}
    assert inputs.keys() >= set(
        "POS BAND TIME POL FOV SPATRES SPECRP EXPTIME TIMERES ID COLLECTION FACILITY INSTRUMENT TARGET DPTYPE"
        " CALIB FORMAT MAXREC RESPONSEFORMAT".split()
    )
    assert inputs["BAND"].get("unit") == "m"
    assert inputs["BAND"].get("xtype") == "interval"
    assert inputs["CALIB"].get("datatype") == "int"


def test_maxrec(images):
    document = etree.fromstring(asked(images, MAXREC="2").content)
    statuses = [info.get("value") for info in document.iter(f"{V}INFO") if info.get("name") == "QUERY_STATUS"]
    assert statuses == ["OK", "OVERFLOW"]
    assert b"OVERFLOW" not in asked(images, MAXREC="5").content
    nothing = parse(io.BytesIO(asked(images, MAXREC="0").content)).get_first_table()
    assert len(nothing.array) == 0
    assert {field.name for field in nothing.fields} >= MANDATORY


def test_other_formats(images):
    rows = asked_csv = images.get("/sia2/query", params={"ID": "SIM.A", "RESPONSEFORMAT": "csv"})
    assert asked_csv.headers["content-type"] == "text/csv;header=present"
    assert len(rows.text.splitlines()) == 2


def test_head(images):
    head = images.head("/sia2/query", params={"POS": "CIRCLE 1 2 3"})
    assert head.status_code == 200
    assert head.headers["content-type"] == "application/x-votable+xml"
    assert images.head("/sia2/query", params={"POS": "CIRCLE 1 2"}).status_code == 400


ERRORS = [
    ("POS=CIRCLE 10 20", "POS: a circle of 2 numbers"),
    ("POS=CIRCLE 10 91 1", "POS: there is no declination of 91"),
    ("POS=CIRCLE 10 20 -1", "POS: there is no radius of -1"),
    ("POS=CIRCLE 10 20 181", "POS: there is no radius of 181"),
    ("POS=CIRCLE 400 20 1", "POS: there is no right ascension of 400"),
    ("POS=CIRCLE 10,20,1", "POS: '10,20,1' is not a number"),
    ("POS=CIRCLE NaN 20 1", "POS: 'NaN' is not a number"),
    ("POS=CIRCLE Inf 20 1", "POS: 'Inf' is not a number"),
    ("POS=BOX 10 20 1 1", "POS: there is no shape called 'BOX'"),
    ("POS=10 20 1", "POS: there is no shape called '10'"),
    ("POS=RANGE 1 2 3", "POS: a range of 3 numbers"),
    ("POS=RANGE 1 2 4 3", "POS: the latitude 4 lies above 3"),
    ("POS=RANGE 1 2 -91 3", "POS: there is no declination of -91"),
    ("POS=RANGE 1 1 3 4", "POS: there is no sky in the range"),
    ("POS=POLYGON 1 2 3 4", "POS: a polygon of 2 corners"),
    ("POS=POLYGON 1 2 3 4 5", "POS: a polygon of 5 numbers"),
    ("POS=POLYGON 1 2 3 4 5 95", "POS: there is no declination of 95"),
    ("POS=POLYGON 0 0 10 10 10 0 0 10", "POS: the outline crosses"),
    ("POS=POLYGON 0 0 10 0 20 0", "POS: the outline crosses or touches itself"),
    ("BAND=2e-7 1e-7", "BAND: the lower limit 2e-07 lies above the upper one 1e-07"),
    ("BAND=1 2 3", "BAND: '1 2 3' has 3 numbers"),
    ("BAND=blue", "BAND: 'blue' is not a number"),
    ("BAND=NaN", "BAND: 'NaN' is not a number"),
    ("BAND=Inf", "BAND: 'Inf' has 1 number"),
    ("TIME=+Inf +Inf", "TIME: there is nothing in"),
    ("TIME=2026-01-01", "TIME: '2026-01-01' is not a number"),
    ("EXPTIME=1_000", "EXPTIME: '1_000' is not a number"),
    ("FOV=1e999", "FOV: '1e999' is not a number"),
    ("CALIB=5", "CALIB: 5 is more than 4"),
    ("CALIB=2.5", "CALIB: '2.5' is not an integer"),
    ("POL=Z", "POL: there is no polarization state 'Z'"),
    ("MAXREC=-1", "MAXREC: -1 is less than 0"),
    ("MAXREC=many", "MAXREC: 'many' is not an integer"),
    ("MAXREC=1&MAXREC=2", "MAXREC: given 2 times"),
    ("RESPONSEFORMAT=zip", "RESPONSEFORMAT: unknown format 'zip'"),
    ("TARGET=%FF", "not UTF-8"),
    ("TARGET=%00", "NUL"),
]


@pytest.mark.parametrize(("query", "said"), ERRORS, ids=[case[0] for case in ERRORS])
def test_usage_faults(images, query, said):
    answer = images.get("/sia2/query?" + query.replace(" ", "%20").replace("+", "%2B"))
    assert answer.status_code == 400
    assert validate(answer.content) == []
    status = infos(answer.content)["QUERY_STATUS"]
    assert status.get("value") == "ERROR"
    assert status.text.startswith("UsageFault: ")
    assert said in status.text


def test_other_faults(images):
    for path in ("/sia2/nothing", "/sia2"):
        status = infos(images.get(path).content)["QUERY_STATUS"]
        assert status.text.startswith("DefaultFault: ")
    assert infos(images.delete("/sia2/query").content)["QUERY_STATUS"].text.startswith("UsageFault: ")


def test_capabilities(images):
    answer = images.get("/sia2/capabilities")
    assert validate(answer.content) == []
    (query,) = etree.fromstring(answer.content).xpath(
        "//capability[@standardID='ivo://ivoa.net/std/SIA#query-2.0']/interface"
    )
    assert query.get("role") == "std"
    assert query.findtext("accessURL").endswith("/sia2/query")
    found = images.get(f"/sia2/query?{query.findtext('testQueryString')}&RESPONSEFORMAT=csv")
    assert found.status_code == 200 and len(found.text.splitlines()) > 1
    assert validate(images.get("/sia2/availability").content) == []


def test_examples_run(images):
    page = etree.fromstring(images.get("/sia2/examples").content)
    examples = page.xpath("//*[@typeof='example']")
    assert len(examples) > 2
    for example in examples:
        keys = example.xpath(".//*[@property='key']/text()")
        values = example.xpath(".//*[@property='value']/text()")
        assert images.get("/sia2/query", params=dict(zip(keys, values, strict=True))).status_code == 200
    for link in page.xpath("//*[text()='ask']/@href"):
        assert images.get(link).status_code == 200


@pytest.mark.parametrize(
    "query", ["/sia2/query", "/sia2/query?MAXREC=0", "/sia1/query?POS=10,20&SIZE=1&VERB=3"]
)
def test_stilts_finds_nothing_to_complain_of(images, tmp_path, query):
    file = tmp_path / "answer.vot"
    file.write_bytes(images.get(query).content)
    lint = ["stilts", "votlint", f"votable={file}"]
    ended = subprocess.run(lint, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0 and ended.stdout == "", ended.stdout + ended.stderr
