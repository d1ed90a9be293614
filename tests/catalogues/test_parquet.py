# ruff: noqa: DTZ001  (timestamps in the database have no zone: they are UTC)
"""Parquet: Arrow's types, the three ways of metadata, and values that do not fit."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy import units
from astropy.table import QTable

from archive.errors import UnreadableFile
from tests.catalogues.reading import read, remarks_on


def _write(folder: Path, table: pa.Table) -> Path:
    pq.write_table(table, folder / "x.parquet")
    return folder / "x.parquet"


@pytest.mark.parametrize(
    ("type_", "given", "spelled", "values"),
    [
        (pa.bool_(), [True, None], "boolean", [True, None]),
        (pa.int8(), [-128, None], "short", [-128, None]),
        (pa.uint8(), [255], "unsignedByte", [255]),
        (pa.uint16(), [65535], "int", [65535]),
        (pa.uint32(), [2**32 - 1], "long", [2**32 - 1]),
        (pa.uint64(), [2**63 - 1], "long", [2**63 - 1]),
        (pa.int64(), [-(2**63), 2**63 - 1], "long", [-(2**63), 2**63 - 1]),
        (pa.float16(), np.array([1.5], "f2"), "float", [1.5]),
        (pa.float64(), [1.5, float("nan"), float("inf")], "double", [1.5, None, float("inf")]),
        (pa.string(), ["ä", "", None], "char[*]", ["ä", "", None]),
        (pa.large_string(), ["x"], "char[*]", ["x"]),
        (pa.dictionary(pa.int8(), pa.string()), ["a", "b", "a"], "char[*]", ["a", "b", "a"]),
        (pa.null(), [None, None], "char[*]", [None, None]),
        (pa.decimal128(10, 2), [Decimal("1.25")], "double", [1.25]),
        (pa.decimal128(10, 0), [Decimal(7)], "long", [7]),
        (pa.date32(), [date(2020, 1, 2)], "char[*]", [datetime(2020, 1, 2)]),
        (pa.timestamp("ns"), [1_577_934_245_123_456_789], "char[*]", [datetime(2020, 1, 2, 3, 4, 5, 123456)]),
        (pa.timestamp("us", "CET"), [datetime(2020, 1, 2, tzinfo=UTC)], "char[*]", [datetime(2020, 1, 2)]),
        (pa.list_(pa.float32()), [[1.5], [], None], "float[*]", [[1.5], [], None]),
        (pa.list_(pa.int16(), 2), [[1, 2], [3, 4]], "short[2]", [[1, 2], [3, 4]]),
        (pa.list_(pa.bool_()), [[True, None]], "boolean[*]", [[True, None]]),
    ],
)  # fmt: skip
def test_types(tmp_path: Path, type_: pa.DataType, given: Any, spelled: str, values: list[Any]) -> None:
    table, found = read(_write(tmp_path, pa.table({"v": pa.array(given, type_)})))
    chosen = table.by_name["v"].type
    assert chosen.datatype + (f"[{chosen.arraysize}]" if chosen.arraysize else "") == spelled
    assert found["v"] == values


def test_what_cannot_be_stored_is_named(tmp_path: Path) -> None:
    table = pa.table({"n": [1], "pair": [{"a": 1, "b": 2}], "words": [["a"]], "raw": [b"\xff"]})
    path = _write(tmp_path, table)
    assert read(path)[1] == {"n": [1]}
    assert [remark.split()[1] for remark in remarks_on(path)] == ["pair", "words", "raw"]


def test_integers_that_fit_nowhere_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, pa.table({"u": pa.array([1, 2**63], pa.uint64())}))
    with pytest.raises(UnreadableFile, match=r"x\.parquet, row 2, column u: "):
        read(path)


def test_metadata_of_fields(tmp_path: Path) -> None:
    about = {"unit": "km/s", "ucd": "phys.veloc", "utype": "a:b", "description": "Speed"}
    field = pa.field("v", pa.float64(), metadata=about)
    table, _ = read(_write(tmp_path, pa.table({"v": [1.0]}, pa.schema([field], {"description": "Speeds"}))))
    column = table.by_name["v"]
    assert (column.unit, column.ucd, column.utype, column.description) == (
        "km.s**-1",
        "phys.veloc",
        "a:b",
        "Speed",
    )
    assert table.description == "Speeds"


def test_metadata_of_astropy(tmp_path: Path) -> None:
    table = QTable({"v": [1.0, 2.0] * units.km / units.s}, meta={"description": "Speeds"})
    table["v"].info.description = "Speed"
    table.write(tmp_path / "x.parquet")
    declared, _ = read(tmp_path / "x.parquet")
    assert (declared.by_name["v"].unit, declared.by_name["v"].description) == ("km.s**-1", "Speed")
    assert declared.description == "Speeds"


def test_metadata_of_voparquet(tmp_path: Path) -> None:
    document = b"""<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE>
        <COOSYS ID="s" system="ICRS"/><TABLE><DESCRIPTION>Stars</DESCRIPTION>
        <FIELD name="a" datatype="double" unit="deg" ucd="pos.eq.ra;meta.main" ref="s"/>
        <FIELD name="d" datatype="double" unit="deg" ucd="pos.eq.dec;meta.main" ref="s"/>
        <FIELD name="w" datatype="char" arraysize="*" xtype="timestamp"/>
        <FIELD name="r" datatype="char" arraysize="*" xtype="adql:REGION"/></TABLE></RESOURCE></VOTABLE>"""
    footer = {"IVOA.VOTable-Parquet.version": "1.0", "IVOA.VOTable-Parquet.content": document}
    columns = {"a": [1.0], "d": [2.0], "w": ["2020-01-01"], "r": ["CIRCLE ICRS 1 2 3"]}
    table, values = read(_write(tmp_path, pa.table(columns).replace_schema_metadata(footer)))
    assert table.description == "Stars"
    assert table.positions == (("a", "d"),)
    assert table.regions == ("r",)
    assert values["w"] == [datetime(2020, 1, 1)]


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = _write(tmp_path, pa.table({"a": [1]}))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(UnreadableFile, match=r"x\.parquet: not readable as Parquet"):
        read(path)
