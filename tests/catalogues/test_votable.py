"""VOTables: all serialisations and types, metadata, and documents that are something else."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from astropy.io.votable import parse

from archive.declare.types import CIRCLE, POLYGON, REGION, TIMESTAMP, array_of, find_type
from archive.errors import UnreadableFile, UsageError
from tests.catalogues.reading import read

HEAD = '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE type="results">'
FIELDS = """
<COOSYS ID="sys" system="ICRS" epoch="J2016.0"/>
<TABLE name="stars"><DESCRIPTION>Some   stars</DESCRIPTION>
<FIELD name="flag" datatype="boolean"/>
<FIELD name="byte" datatype="unsignedByte"/>
<FIELD name="short" datatype="short"/>
<FIELD name="int" datatype="int"/>
<FIELD name="long" datatype="long"/>
<FIELD name="float" datatype="float" unit="mag" ucd="phot.mag"><DESCRIPTION>Brightness</DESCRIPTION></FIELD>
<FIELD name="ra" datatype="double" unit="deg" ucd="pos.eq.ra;meta.main" ref="sys"/>
<FIELD name="dec" datatype="double" unit="deg" ucd="pos.eq.dec;meta.main" ref="sys" utype="stc:Dec"/>
<FIELD name="text" datatype="char" arraysize="*"/>
<FIELD name="wide" datatype="unicodeChar" arraysize="8*"/>
<FIELD name="when" datatype="char" arraysize="*" xtype="timestamp"/>
<FIELD name="vector" datatype="float" arraysize="3"/>
<FIELD name="matrix" datatype="int" arraysize="2x3"/>
<FIELD name="varying" datatype="double" arraysize="*"/>
<FIELD name="circle" datatype="double" arraysize="3" xtype="circle"/>
<FIELD name="polygon" datatype="double" arraysize="*" xtype="polygon"/>
<FIELD name="region" datatype="char" arraysize="*" xtype="adql:REGION"/>
<FIELD name="complex" datatype="doubleComplex"/>
<FIELD name="bits" datatype="bit" arraysize="4"/>
<FIELD name="odd name" datatype="int"/>
"""
ROWS = [
    ["T", "255", "-7", "2147483647", "9223372036854775807", "1.5", "10.5", "-20", "a &lt; b", "größe",
     "2020-01-02T03:04:05.678Z", "1 2 3", "1 2 3 4 5 6", "1.5 2.5", "1 2 3", "1 2 3 4 5 6",
     "CIRCLE ICRS 1 2 3", "1 2", "1 0 1 1", "1"],
    ["F", "", "", "", "", "NaN", "", "", "", "", "", "", "", "", "", "", "", "", "", ""],
]  # fmt: skip
DATA = "".join("<TR>" + "".join(f"<TD>{cell}</TD>" for cell in row) + "</TR>" for row in ROWS)
DOCUMENT = f"{HEAD}{FIELDS}<DATA><TABLEDATA>{DATA}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"

EXPECTED: dict[str, list[Any]] = {
    "flag": [True, False],
    "byte": [255, None],
    "short": [-7, None],
    "int": [2**31 - 1, None],
    "long": [2**63 - 1, None],
    "float": [1.5, None],
    "ra": [10.5, None],
    "dec": [-20.0, None],
    "text": ["a < b", None],
    "wide": ["größe", None],
    "when": [datetime(2020, 1, 2, 3, 4, 5, 678000), None],  # noqa: DTZ001
    "vector": [[1.0, 2.0, 3.0], None],
    "matrix": [[1, 2, 3, 4, 5, 6], None],
    "varying": [[1.5, 2.5], None],
    "circle": [[1.0, 2.0, 3.0], None],
    "polygon": [[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], None],
    "region": ["CIRCLE ICRS 1 2 3", None],
    "complex": [[1.0, 2.0], None],
    "bits": [[True, False, True, True], None],
    "odd name": [1, None],
}


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "stars.vot"
    path.write_text(DOCUMENT, encoding="utf-8")
    return path


def test_values(document: Path) -> None:
    assert read(document)[1] == EXPECTED


@pytest.mark.parametrize("serialisation", ["tabledata", "binary", "binary2"])
def test_serialisations(tmp_path: Path, serialisation: str) -> None:
    # Without the second row: astropy does not write integers that are NULL in binary.
    row = "".join(f"<TD>{cell}</TD>" for cell in ROWS[0])
    document = DOCUMENT.replace(DATA, f"<TR>{row}</TR>")
    again = parse(io.BytesIO(document.encode()), verify="ignore")
    again.to_xml(str(tmp_path / "again.vot"), tabledata_format=serialisation)
    assert read(tmp_path / "again.vot")[1] == {name: values[:1] for name, values in EXPECTED.items()}


def test_types(document: Path) -> None:
    table, _ = read(document)
    types = {column.name: column.type for column in table.columns}
    assert types["when"] == TIMESTAMP
    assert (types["circle"], types["polygon"], types["region"]) == (CIRCLE, POLYGON, REGION)
    assert types["matrix"] == array_of(find_type("int"), "2x3")
    assert types["complex"] == array_of(find_type("double"), "2")
    assert types["bits"] == array_of(find_type("boolean"), "4")
    assert types["wide"] == find_type("char", "*")


def test_metadata(document: Path) -> None:
    table, _ = read(document)
    assert table.description == "Some stars"
    assert table.positions == (("ra", "dec"),)
    brightness, dec = table.by_name["float"], table.by_name["dec"]
    assert (brightness.unit, brightness.ucd, brightness.description) == ("mag", "phot.mag", "Brightness")
    assert dec.utype == "stc:Dec"
    assert dec.coosys is not None and (dec.coosys.system, dec.coosys.epoch) == ("ICRS", "J2016.0")


def test_one_table_of_several(tmp_path: Path) -> None:
    tables = "".join(
        f'<TABLE name="{name}"><FIELD name="{name}" datatype="int"/>'
        f"<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE>"
        for name, rows in (("empty", ""), ("full", "<TR><TD>1</TD></TR>"), ("more", "<TR><TD>2</TD></TR>"))
    )
    (tmp_path / "x.vot").write_text(f"{HEAD}{tables}</RESOURCE></VOTABLE>")
    with pytest.raises(UsageError, match=r"holds 2 tables with rows: 2 \(full\), 3 \(more\); choose"):
        read(tmp_path / "x.vot")
    assert read(tmp_path / "x.vot#full")[1] == {"full": [1]}
    assert read(tmp_path / "x.vot#more")[1] == {"more": [2]}
    assert read(tmp_path / "x.vot#1")[1] == {"empty": []}
    with pytest.raises(UnreadableFile, match="no table less; it has 3"):
        read(tmp_path / "x.vot#less")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("<html><body/></html>", "not appear to be a VOTABLE"),
        (HEAD + "<TABLE>", "not readable as VOTable"),
        (HEAD + "</RESOURCE></VOTABLE>", "has no table"),
        (
            HEAD
            + '<TABLE><FIELD name="words" datatype="char" arraysize="4x*"/></TABLE></RESOURCE></VOTABLE>',
            r"x.vot: not readable as VOTable: E01: Invalid size specifier '4x'",
        ),
        (
            HEAD + '<TABLE><FIELD name="t" datatype="char" arraysize="*" xtype="timestamp"/><DATA><TABLEDATA>'
            "<TR><TD>yesterday</TD></TR></TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>",
            "x.vot, row 1, column t: ",
        ),
    ],
)
def test_documents_that_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "x.vot").write_text(text)
    with pytest.raises(UnreadableFile, match=complaint):
        read(tmp_path / "x.vot")
