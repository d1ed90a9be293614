# ruff: noqa: DTZ001  (timestamps in the database have no zone: they are UTC)
"""CSV and ECSV: what a column is taken for, dialects of text, and rows that are wrong."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from astropy.table import MaskedColumn
from astropy.table import Table as AstropyTable

from archive.errors import UnreadableFile
from tests.catalogues.reading import read, remarks_on


def _csv(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path = folder / "x.csv"
    path.write_text(text, encoding=encoding, newline="")
    return path


@pytest.mark.parametrize(
    ("cells", "datatype", "values"),
    [
        (["1", "-2"], "long", [1, -2]),
        (["1", " 2 "], "long", [1, 2]),
        (["1", ""], "long", [1, None]),
        (["1", "NULL"], "long", [1, None]),
        (["1", "2.5"], "double", [1.0, 2.5]),
        (["1e3", "nan"], "double", [1000.0, None]),
        (["inf", "-- "], "double", [float("inf"), None]),
        (["99999999999999999999", "1"], "double", [1e20, 1.0]),
        (["true", "False"], "boolean", [True, False]),
        (["T", ""], "boolean", [True, None]),
        (["2020-01-02T03:04:05.1234567Z", ""], "char", [datetime(2020, 1, 2, 3, 4, 5, 123456), None]),
        (["2020-01-02", "1999-12-31 23:59"], "char", [datetime(2020, 1, 2), datetime(1999, 12, 31, 23, 59)]),
        (["1", "x"], "char", ["1", "x"]),
        (["NULL", "NA"], "char", ["NULL", "NA"]),
        (["", ""], "char", [None, None]),
        (["00:42:44.3", "1:2:3"], "char", ["00:42:44.3", "1:2:3"]),
        (['"a, b"', '"say ""so"""'], "char", ["a, b", 'say "so"']),
        (['"two\nlines"', "x"], "char", ["two\nlines", "x"]),
        (["größe", "🌌"], "char", ["größe", "🌌"]),
    ],
)  # fmt: skip
def test_what_a_column_is_taken_for(
    tmp_path: Path, cells: list[str], datatype: str, values: list[Any]
) -> None:
    table, found = read(_csv(tmp_path, "n,v\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells))))
    assert found["v"] == values
    assert table.by_name["v"].type.datatype == datatype
    if datatype == "char" and isinstance(values[0], datetime):
        assert table.by_name["v"].type.xtype == "timestamp"


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,x\n2,y\n",
        "a,b\r\n1,x\r\n2,y\r\n",
        "a\tb\n1\tx\n2\ty\n",
        "a;b\n1;x\n2;y\n",
        "a|b\n1|x\n2|y",
        "# made by hand\n#\na,b\n1,x\n2,y\n",
        "\ufeffa,b\n1,x\n2,y\n",
        '"a","b"\n1,"x"\n2,"y"\n',
        " a , b \n1,x\n2,y\n",
    ],
)
def test_dialects(tmp_path: Path, text: str) -> None:
    assert read(_csv(tmp_path, text))[1] == {"a": [1, 2], "b": ["x", "y"]}


def test_latin_1(tmp_path: Path) -> None:
    assert read(_csv(tmp_path, "name,n\nMüller,1\n", encoding="latin-1"))[1]["name"] == ["Müller"]


def test_types_hold_for_the_whole_file(tmp_path: Path) -> None:
    # The text comes a megabyte after the numbers.
    rows = "".join(f"{i},{i / 2}\n" for i in range(150_000))
    table, values = read(_csv(tmp_path, f"a,b\n{rows}x,1\n"))
    assert [column.type.datatype for column in table.columns] == ["char", "double"]
    assert values["a"][-2:] == ["149999", "x"]
    assert values["b"][149_999] == 74999.5


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "x.csv: the file is empty"),
        ("\n\n", "empty"),
        ("# nothing\n", "no line of column names"),
        ("a,b\n1,2\n3\n", r"x\.csv, row 2: 1 values instead of 2"),
        ("# c\na,b\n1,2\n3,4,5\n", r"x\.csv, row 2: 3 values instead of 2"),
        ("a,b\n1,\0\n", "nor text"),
    ],
)
def test_files_that_are_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(UnreadableFile, match=complaint):
        read(_csv(tmp_path, text))


@pytest.mark.parametrize("text", ["a,b\n", "a,b", "Just a line of text, as in a note.\n", "# c\n\na\tb\n"])
def test_a_line_of_names_without_rows_is_no_table(tmp_path: Path, text: str) -> None:
    with pytest.raises(UnreadableFile, match=r"x\.csv: there is no row below the line of column names"):
        read(_csv(tmp_path, text))


def test_declared_columns_without_rows_are_a_table(tmp_path: Path) -> None:
    header = "# %ECSV 1.0\n# ---\n# datatype:\n# - {name: n, datatype: int64}\n"
    (tmp_path / "x.ecsv").write_text(f"{header}n\n")
    table, values = read(tmp_path / "x.ecsv")
    assert (values, table.by_name["n"].type.datatype) == ({"n": []}, "long")


# ECSV


def test_ecsv(tmp_path: Path) -> None:
    table = AstropyTable(meta={"description": "Some stars"})
    table["ra"] = MaskedColumn(
        [10.5, 11.5], unit="deg", description="Right ascension", meta={"ucd": "pos.eq.ra"}
    )
    table["dec"] = MaskedColumn([-20.0, 0.0], unit="deg", meta={"ucd": "pos.eq.dec"})
    table["n"] = MaskedColumn([1, 2], mask=[False, True], dtype="i4")
    table["flag"] = [True, False]
    table["name"] = ["a b", 'with "quotes"']
    table["vector"] = [[1.0, 2.0], [3.0, 4.0]]
    table.write(tmp_path / "x.ecsv")
    declared, values = read(tmp_path / "x.ecsv")
    assert declared.description == "Some stars"
    assert declared.positions == (("ra", "dec"),)
    ra = declared.by_name["ra"]
    assert (ra.unit, ra.ucd, ra.description) == ("deg", "pos.eq.ra", "Right ascension")
    datatypes = " ".join(column.type.datatype for column in declared.columns)
    assert datatypes == "double double int boolean char double"
    assert values == {
        "ra": [10.5, 11.5],
        "dec": [-20.0, 0.0],
        "n": [1, None],
        "flag": [True, False],
        "name": ["a b", 'with "quotes"'],
        "vector": [[1.0, 2.0], [3.0, 4.0]],
    }
    assert declared.by_name["vector"].type.arraysize == "2"


def test_ecsv_with_what_cannot_be_stored(tmp_path: Path) -> None:
    (tmp_path / "x.ecsv").write_text(
        "# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n# - {name: n, datatype: int64}\n"
        "# - {name: z, datatype: complex128}\nn,z\n1,2+3j\n"
    )
    assert read(tmp_path / "x.ecsv")[1] == {"n": [1]}
    assert remarks_on(tmp_path / "x.ecsv") == (
        "column z is left out: there is no column type for complex128",
    )


@pytest.mark.parametrize(
    ("header", "rows", "complaint"),
    [
        ("# - {name: n, datatype: int64}\n", "n\n1\nx\n", r"x\.ecsv, row 2, column n: 'x' is no BIGINT"),
        ("# - {name: n, datatype: int16}\n", "n\n40000\n", "row 1, column n: '40000' is no SMALLINT"),
        ("# - {name: n, datatype: int64}\n", "m\n1\n", "differs from the names in the header"),
        ("# - {name: n}\n", "n\n1\n", "header cannot be read"),
        ("# - {name: [}\n", "n\n1\n", "header cannot be read"),
    ],
)
def test_ecsv_that_is_refused(tmp_path: Path, header: str, rows: str, complaint: str) -> None:
    (tmp_path / "x.ecsv").write_text(f"# %ECSV 1.0\n# ---\n# datatype:\n{header}{rows}")
    with pytest.raises(UnreadableFile, match=complaint):
        read(tmp_path / "x.ecsv")
