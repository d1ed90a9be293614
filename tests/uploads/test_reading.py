"""VOTables of every datatype and serialisation, read as astropy reads them, and as they are meant."""

from __future__ import annotations

import gzip
import io
import struct
import warnings
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from astropy.io import votable as astropy_votable
from astropy.table import MaskedColumn, Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archive.declare.types import (
    CIRCLE,
    DOUBLE,
    FLOAT,
    POINT,
    REGION,
    SHORT,
    TIMESTAMP,
    array_of,
)
from archive.tablefiles import Source, open_votable
from tests.uploads.documents import binary, field, fits_table, tabledata, votable

SERIALISATIONS = ("tabledata", "binary", "binary2")


def read(path: Path, document: bytes) -> tuple[Source, list[list[object]]]:
    """The source and its columns' values."""
    path.mkdir(exist_ok=True)
    (path / "table.vot").write_bytes(document)
    with open_votable(path / "table.vot") as source:
        batches = list(source.batches())
        columns = [
            [value for batch in batches for value in batch[i].to_pylist()] for i in range(len(source.columns))
        ]
    return source, columns


def one(path: Path, document: bytes) -> list[object]:
    _, [column] = read(path, document)
    return column


def varying(values, code: str):
    """A cell of an array of any length, as astropy's writers want it."""
    return np.ma.array(np.array(values, code), mask=np.zeros(len(values), bool))


def every_type(rows: int) -> Table:
    """A table with a scalar, an array and a matrix of every type that astropy writes."""
    random = np.random.default_rng(5)
    table = Table()
    for name, code in {
        "bool": "?", "byte": "u1", "short": "i2", "int": "i4", "long": "i8",
        "float": "f4", "double": "f8", "complex": "c8", "double_complex": "c16",
    }.items():  # fmt: skip
        values = (random.random(rows) * 200).astype(code) if code != "?" else random.random(rows) > 0.5
        table[name] = values
        table[f"{name}_array"] = np.stack([values, values[::-1], values], axis=1)
        table[f"{name}_matrix"] = np.stack([table[f"{name}_array"]] * 2, axis=1)
    table["text"] = [f"a & <b> {i}" for i in range(rows)]
    table["wide"] = [f"é🪐_{i}"[: i + 1] for i in range(rows)]
    table["varying"] = np.array([varying(range(i % 4 + 1), "f8") for i in range(rows)] + [None], object)[:-1]
    return table


@pytest.mark.parametrize("serialisation", SERIALISATIONS)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_every_type_as_astropy_reads_it(tmp_path, serialisation, packed):
    document = io.BytesIO()
    every_type(40).write(document, format="votable", tabledata_format=serialisation)
    expected = astropy_votable.parse_single_table(io.BytesIO(document.getvalue()))
    content = gzip.compress(document.getvalue()) if packed else document.getvalue()
    source, columns = read(tmp_path, content)
    assert [column.name for column in source.columns] == [each.name for each in expected.fields]
    for column, values in zip(source.columns, columns, strict=True):
        wanted = expected.array[column.name]
        assert len(values) == len(wanted) == 40
        for value, want in zip(values, wanted, strict=True):
            cell = np.asarray(want)
            if cell.dtype.kind == "c":
                cell = np.stack([cell.real, cell.imag], axis=-1)
            assert value == (cell.ravel().tolist() if column.type.is_array else cell.item()), column.name


@pytest.mark.parametrize("serialisation", ["tabledata", "binary2"])
def test_what_is_masked_is_null(tmp_path, serialisation):
    hidden = [False, True, False, True]
    table = Table()
    for code in ("u1", "i2", "i4", "i8", "f4", "f8"):
        table[code] = MaskedColumn(np.arange(4).astype(code), mask=hidden)
    table["text"] = MaskedColumn(["a", "b", "c", "d"], mask=hidden)
    document = io.BytesIO()
    table.write(document, format="votable", tabledata_format=serialisation)
    _, columns = read(tmp_path, document.getvalue())
    for values in columns[:-1]:
        assert values == [0, None, 2, None]
    if serialisation == "tabledata":  # astropy does not say it of texts in BINARY2
        assert columns[-1] == ["a", None, "c", None]


@pytest.mark.parametrize(
    ("kind", "cells", "values"),
    [
        (("boolean",), ["T", "f", "true", "FALSE", "1", "0", "?", ""], [True, False] * 3 + [None] * 2),
        (("bit",), ["1", "0", ""], [True, False, None]),
        (("bit", "3"), ["101", "1 1 0", ""], [[True, False, True], [True, True, False], None]),
        (("unsignedByte",), ["255", " 7 ", "", "0xff"], [255, 7, None, 255]),
        (("short",), ["-32768", "+5", "0x7F"], [-32768, 5, 127]),
        (("int",), ["1", ""], [1, None]),
        (("long",), ["9223372036854775807", "-9223372036854775808"], [2**63 - 1, -(2**63)]),
        (("float",), ["1.5", "NaN", "+Inf", "-Inf", "inf", ""], [1.5, None, np.inf, -np.inf, np.inf, None]),
        (("double",), ["1e300", "+0.5", "-1.", ".5", "1E-3"], [1e300, 0.5, -1.0, 0.5, 0.001]),
        (("double", "2"), ["1 NaN", " 3\n4 ", ""], [[1.0, np.nan], [3.0, 4.0], None]),
        (("double", "*"), ["1", "1 2 3", ""], [[1.0], [1.0, 2.0, 3.0], None]),
        (("int", "2x*"), ["1 2", "1 2 3 4"], [[1, 2], [1, 2, 3, 4]]),
        (("floatComplex",), ["1 2", "", "-0.5 1e3"], [[1.0, 2.0], None, [-0.5, 1000.0]]),
        (("doubleComplex", "2"), ["1 2 3 4"], [[1.0, 2.0, 3.0, 4.0]]),
        (("char", "*"), ["a", "", " b ", "NULL", "x\ny"], ["a", None, " b ", "NULL", "x\ny"]),
        (("unicodeChar", "4"), ["é🪐", "&<>'\""], ["é🪐", "&<>'\""]),
        (("char", "8x2"), ["abcdefghijklmnop"], ["abcdefghijklmnop"]),
        (("char",), ["x"], ["x"]),
        (("int", "1"), ["3"], [3]),
    ],
    ids=lambda value: "".join(value) if isinstance(value, tuple) else None,
)  # fmt: skip
def test_cells_of_tabledata(tmp_path, kind, cells, values):
    document = votable([field("x", *kind)], tabledata([[cell] for cell in cells]))
    np.testing.assert_equal(one(tmp_path / "plain", document), values)
    # The same through the parser, since a comment keeps the rows from being cut out.
    commented = document.replace(b"<TABLEDATA>", b"<TABLEDATA><!-- <TR><TD>9</TD></TR> -->")
    np.testing.assert_equal(one(tmp_path / "commented", commented), values)


@pytest.mark.parametrize(
    "rows",
    [
        "<TR><TD>1</TD><TD/></TR>",
        "<TR ID='r1'><TD>1</TD><TD></TD></TR>",
        "<TR><TD>1</TD>\n<TD/>\r\n</TR>\n",
        "<TR><TD><![CDATA[1]]></TD><TD/></TR>",
        "<TR><TD>&#49;</TD><TD/></TR>",
        "<?x y?><TR><TD>1</TD><TD/></TR>",
    ],
)
def test_rows_in_any_spelling(tmp_path, rows):
    fields = [field("n", "int"), field("t", "char", "*")]
    _, columns = read(tmp_path, votable(fields, f"<TABLEDATA>{rows * 3}</TABLEDATA>"))
    assert columns == [[1, 1, 1], [None, None, None]]


def test_prefixes_and_other_encodings(tmp_path):
    plain = votable([field("é", "char", "*")], tabledata([["ü"], ["&"]])).decode()
    prefixed = plain.replace("xmlns=", "xmlns:v=").replace("</", "</v:").replace("<", "<v:")
    prefixed = prefixed.replace("<v:/v:", "</v:").replace("<v:?", "<?")
    assert one(tmp_path / "1", prefixed.encode()) == ["ü", "&"]
    assert one(tmp_path / "2", plain.replace("UTF-8", "ISO-8859-1").encode("latin-1")) == ["ü", "&"]
    assert one(tmp_path / "3", plain.replace("UTF-8", "UTF-16").encode("utf-16")) == ["ü", "&"]
    assert one(tmp_path / "4", b"\xef\xbb\xbf" + plain.encode()) == ["ü", "&"]


def test_an_old_document_with_its_document_type(tmp_path):
    document = votable([field("n", "int")], tabledata([["1"]]))
    typed = document.replace(
        b"<VOTABLE", b'<!DOCTYPE VOTABLE SYSTEM "http://us-vo.org/xml/VOTable.dtd">\n<VOTABLE', 1
    )
    assert one(tmp_path, typed) == [1]


def test_magic_values_are_null(tmp_path):
    fields = [
        field("n", "int", inside='<VALUES null="-99"/>'),
        field("x", "double", inside='<VALUES null="99.9"/>'),
        field("a", "short", "2", inside='<VALUES null="-1"/>'),
    ]
    _, columns = read(
        tmp_path / "t", votable(fields, tabledata([["-99", "99.90", "1 -1"], ["1", "2", "3 4"]]))
    )
    assert columns[0] == [None, 1] and columns[2] == [[1, None], [3, 4]]
    rows = struct.pack(">idhh", -99, 99.9, 1, -1) + struct.pack(">idhh", 1, 2.0, 3, 4)
    _, columns = read(tmp_path / "b", votable(fields, binary(rows, "BINARY")))
    assert columns == [[None, 1], [None, 2.0], [[1, None], [3, 4]]]


def test_binary2_tells_null_from_nan_and_from_nothing(tmp_path):
    fields = [
        field("n", "int"),
        field("t", "char", "*"),
        field("a", "float", "*"),
        field("u", "unicodeChar", "3"),
    ]
    rows = b"".join(
        [
            b"\x00" + struct.pack(">i", 7) + struct.pack(">i", 2) + b"ab" + struct.pack(">iff", 2, 1, 2),
            "xyz".encode("utf-16-be"),
            b"\xf0" + struct.pack(">i", 9) + struct.pack(">i", 0) + struct.pack(">i", 0) + bytes(6),
            b"\x00" + struct.pack(">i", -1) + struct.pack(">i", 0) + struct.pack(">i", 0),
            "é".encode("utf-16-be") + bytes(4),
        ]
    )
    _, columns = read(tmp_path, votable(fields, binary(rows)))
    assert columns == [[7, None, -1], ["ab", None, ""], [[1.0, 2.0], None, []], ["xyz", None, "é"]]


def test_bits_in_binary(tmp_path):
    fields = [field("b", "bit", "10"), field("v", "bit", "*"), field("s", "bit"), field("c", "char", "4")]
    rows = b"\xaa\x80" + struct.pack(">i", 3) + b"\xa0" + b"\x08" + b"ab\0c"
    _, columns = read(tmp_path, votable(fields, binary(rows * 2, "BINARY")))
    bits = [True, False, True, False, True, False, True, False, True, False]
    assert columns == [[bits] * 2, [[True, False, True]] * 2, [True] * 2, ["ab"] * 2]


def test_xtypes(tmp_path):
    fields = [
        field("t", "char", "*", xtype="timestamp"),
        field("p", "double", "2", xtype="point"),
        field("c", "double", "3", xtype="circle"),
        field("r", "char", "*", xtype="adql:REGION"),
        field("o", "double", xtype="myobs:thing"),
        field("m", "char", "*", xtype="moc"),
        field("u", "unicodeChar", "*", xtype="timestamp"),
    ]
    row = ["2026-01-02T03:04:05.678Z", "10 20", "10 20 0.5", "CIRCLE ICRS 1 2 3", "4", "1/0-3", "2026-01-02"]
    source, columns = read(tmp_path, votable(fields, tabledata([row, [""] * 7])))
    assert [column.type for column in source.columns[:4]] == [TIMESTAMP, POINT, CIRCLE, REGION]
    assert [column.type.xtype for column in source.columns[4:]] == ["myobs:thing", "moc", "timestamp"]
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000)  # noqa: DTZ001
    day = datetime(2026, 1, 2)  # noqa: DTZ001
    assert [values[0] for values in columns] == [
        moment, [10, 20], [10, 20, 0.5], "CIRCLE ICRS 1 2 3", 4.0, "1/0-3", day,
    ]  # fmt: skip
    assert [values[1] for values in columns] == [None] * 7


def test_fits_within(tmp_path):
    content = fits_table(
        n=np.array([1, 2], "i4"),
        when=["2026-01-02T03:04:05", ""],
        p=np.array([[10.0, 20.0], [np.nan, np.nan]]),
        small=np.array([300, 7], "i2"),
        plain=["a", "b"],
    )
    fields = [
        field("number", "int", unit="m", ucd="meta.number", inside="<DESCRIPTION>Which</DESCRIPTION>"),
        field("when", "char", "19", xtype="timestamp"),
        field("p", "double", "2", xtype="point"),
        field("small", "unsignedByte"),
        field("plain", "char", "*", xtype="uuid"),
    ]
    source, columns = read(tmp_path, votable(fields, binary(content, "FITS")))
    number, when, place, small, plain = source.columns
    assert (number.name, number.unit, number.ucd, number.description) == (
        *("number", "m", "meta.number", "Which"),
    )
    assert (when.type, place.type, small.type, plain.type.xtype) == (TIMESTAMP, POINT, SHORT, "uuid")
    moment = datetime(2026, 1, 2, 3, 4, 5)  # noqa: DTZ001
    assert columns[:2] == [[1, 2], [moment, None]]
    assert columns[2][0] == [10.0, 20.0]
    assert columns[3:] == [[300, 7], ["a", "b"]]


def test_fits_by_its_extension(tmp_path):
    content = fits_table(n=np.array([1], "i4")) + fits_table(n=np.array([5, 6], "i4"))[2880:]
    for number, wanted in (("", [1]), (' extnum="1"', [1]), (' extnum="2"', [5, 6])):
        data = binary(content, "FITS").replace("<FITS", f"<FITS{number}")
        assert one(tmp_path, votable([field("n", "int")], data)) == wanted


@pytest.mark.parametrize(
    ("kind", "cell", "kept"),
    [
        (("double", "3", "point"), "1 2 3", array_of(DOUBLE, "3")),
        (("double", "", "point"), "1", DOUBLE),
        (("double", "2", "circle"), "1 2", array_of(DOUBLE, "2")),
        (("double", "2x*", "interval"), "1 2 3 4", array_of(DOUBLE, "2x*")),
        (("double", "2x3", "polygon"), "1 2 3 4 5 6", array_of(DOUBLE, "2x3")),
        (("float", "2", "point"), "1 2", array_of(FLOAT, "2")),
    ],
)
def test_shapes_whose_size_is_another_keep_it(tmp_path, kind, cell, kept):
    datatype, size, xtype = kind
    source, _ = read(tmp_path, votable([field("v", datatype, size, xtype=xtype)], tabledata([[cell]])))
    assert source.columns[0].type == replace(kept, xtype=xtype)


def test_what_fields_say(tmp_path):
    before = '<COOSYS ID="sys" system="eq_FK5" epoch="J2000"/>'
    inside = "<DESCRIPTION>of\n  the <!-- - -->star</DESCRIPTION><VALUES/><LINK href='x'/>"
    fields = [
        "<DESCRIPTION>The table</DESCRIPTION>",
        field("ra", "double", inside=inside, unit="degrees", ucd="POS_EQ_RA_MAIN", utype="a:b", ref="sys"),
        "<GROUP name='g'><DESCRIPTION>no</DESCRIPTION><FIELDref ref='x'/><PARAM name='p' datatype='int'"
        " value='1'><DESCRIPTION>neither</DESCRIPTION></PARAM></GROUP>",
        '<FIELD ID="id_only" datatype="int"/>',
        "<PARAM name='q' datatype='int' value='1'/>",
    ]
    meta = '<RESOURCE type="meta"><TABLE><FIELD name="z" datatype="int"/></TABLE></RESOURCE>'
    source, columns = read(tmp_path, votable(fields, tabledata([["1", "2"]]), meta + before, meta))
    assert source.description == "The table"
    ra, other = source.columns
    assert (ra.unit, ra.ucd, ra.utype, ra.description) == ("degrees", "POS_EQ_RA_MAIN", "a:b", "of the star")
    assert ra.coosys is not None and ra.coosys.system == "eq_FK5"
    assert other.name == "id_only"
    assert columns == [[1.0], [2]]


@pytest.mark.parametrize("data", [None, "<TABLEDATA/>", "<TABLEDATA></TABLEDATA>", binary(b"")])
def test_no_rows(tmp_path, data):
    source, columns = read(tmp_path, votable([field("n", "int")], data))
    assert [column.name for column in source.columns] == ["n"]
    assert columns == [[]]


def test_rows_that_lie_across_pieces(tmp_path):
    rows = [[str(i), "x" * (i % 997)] for i in range(5000)]
    fields = [field("n", "int"), field("t", "char", "*")]
    _, columns = read(tmp_path, votable(fields, tabledata(rows)))
    assert columns[0] == list(range(5000))
    assert columns[1] == [row[1] or None for row in rows]


# What lies beyond 0xFFFF astropy cuts in half.
letters = st.characters(codec="utf-8", max_codepoint=0xFFFF, exclude_categories=["Cc", "Cs"])
rows_of_any = st.tuples(
    st.integers(-(2**31), 2**31 - 1),
    st.floats(width=64),
    st.text(letters, max_size=12),
    st.lists(st.integers(0, 99), min_size=1),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(rows_of_any, min_size=1, max_size=20),
    serialisation=st.sampled_from(SERIALISATIONS),
)
def test_any_values(tmp_path, rows, serialisation):
    table = Table()
    table["n"] = np.array([row[0] for row in rows], "i4")
    table["x"] = np.array([row[1] for row in rows], "f8")
    table["t"] = np.array([row[2] for row in rows])
    table["a"] = np.array([varying(row[3], "i8") for row in rows] + [None], object)[:-1]
    document = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        table.write(document, format="votable", tabledata_format=serialisation)
    _, [numbers, floats, words, arrays] = read(tmp_path, document.getvalue())
    assert numbers == [row[0] for row in rows]
    np.testing.assert_equal(floats, [None if np.isnan(row[1]) else row[1] for row in rows])
    assert [word or "" for word in words] == [row[2] for row in rows]
    assert [array or [] for array in arrays] == [row[3] for row in rows]
