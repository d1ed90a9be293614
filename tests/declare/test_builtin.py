"""The tables every archive has, held against the standards and against ESO's."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.declare.builtin import builtin_schemas
from archive.declare.catalogue import Catalogue
from archive.declare.obscore import OBSCORE
from archive.declare.obsplan import OBSPLAN
from archive.declare.raw import RAW
from archive.declare.tables import Record, Table
from archive.declare.tapschema import TAP_SCHEMA, tap_schema_records
from archive.declare.types import REGION, TIMESTAMP

CATALOGUE = Catalogue(builtin_schemas())

_FOLDER = Path(__file__).parent


def _lines(name: str) -> list[str]:
    lines = (_FOLDER / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


OBSCORE_1_1 = _lines("obscore-1.1.txt")
_SUFFIXES = {"+": "timestamp", "R": "adql:REGION"}


@pytest.mark.parametrize("line", OBSCORE_1_1, ids=lambda line: line.split()[0])
def test_obscore_is_the_standards(line: str) -> None:
    name, datatype, unit, ucd, utype, *flags = line.split()
    column = OBSCORE.by_name[name]
    xtype = _SUFFIXES.get(datatype[-1])
    datatype = datatype[:-1] if xtype else datatype
    assert (column.type.datatype, column.type.xtype) == (datatype, xtype)
    assert column.type.arraysize == ("*" if datatype == "char" else None)
    assert (column.unit, column.ucd, column.utype) == (unit.strip("-"), ucd, "obscore:" + utype)
    assert column.std
    assert column.principal == ("M" in "".join(flags))
    assert column.nullable == ("N" not in "".join(flags))


def test_obscore_has_the_standards_columns_first_and_then_esos() -> None:
    names = [line.split()[0] for line in OBSCORE_1_1]
    columns = [column.name for column in OBSCORE.columns]
    assert set(columns[: len(names)]) == set(names)
    assert columns[len(names) :] == (
        "dp_id abmaglim filter gal_lon gal_lat last_mod_date multi_ob n_obs obstech p3orig preview_html"
        " publication_date release_description snr strehl"
    ).split(" ")
    assert not any(column.std for column in OBSCORE.columns[len(names) :])


def test_obscore_is_found_by_its_utype_and_searched_by_index() -> None:
    assert OBSCORE.name == "ivoa.ObsCore"
    assert OBSCORE.utype == "ivo://ivoa.net/std/obscore#table-1.1"
    fast = (
        "s_ra s_dec s_region t_min t_max em_min em_max obs_collection obs_publisher_did instrument_name"
        " target_name dataproduct_type dp_id"
    )
    assert all(OBSCORE.is_indexed(name) for name in fast.split(" "))


@pytest.mark.parametrize("line", _lines("obsloctap-1.0.txt"), ids=lambda line: line.split()[0])
def test_obsplan_is_the_standards(line: str) -> None:
    name, datatype, unit, ucd, utype, *flags = line.split()
    column = OBSPLAN.by_name[name]
    xtype = _SUFFIXES.get(datatype[-1])
    assert (column.type.datatype, column.type.xtype) == (datatype.rstrip("R"), xtype)
    assert (column.unit, column.ucd, column.utype) == (unit.strip("-"), ucd.strip("-"), utype.strip("-"))
    assert column.std
    assert column.principal
    assert column.nullable == (flags != ["N"])


def test_obsplan_is_the_table_that_clients_look_for() -> None:
    assert [c.name for c in OBSPLAN.columns] == [line.split()[0] for line in _lines("obsloctap-1.0.txt")]
    assert OBSPLAN.name == "ivoa.obsplan"
    assert OBSPLAN.utype == "ivo://ivoa.net/std/obsloctap#table-1.0"
    fast = "obs_id t_planning s_ra s_dec s_region t_min t_max em_min em_max target_name execution_status"
    assert all(OBSPLAN.is_indexed(name) for name in fast.split(" "))


def test_raw_has_esos_columns_and_types() -> None:
    suffix = {TIMESTAMP: "+", REGION: "R"}
    ours = {f"{c.name} {c.type.datatype}{suffix.get(c.type, '')}" for c in RAW.columns}
    assert ours == set(_lines("eso-raw.txt"))


@pytest.mark.parametrize(
    ("name", "original"),
    [
        ("grat_path", "meta.id;instr.grating"),
        ("gris_path", "meta.id;instr.grating"),
        ("tpl_expno", "meta.id;obs;meta.number"),
        ("tpl_seqno", "meta.id;obs;meta.number"),
        ("tel_ambi_rhum", "%"),
    ],
)
def test_what_was_corrected_is_told(name: str, original: str) -> None:
    column = RAW.by_name[name]
    assert original in column.description
    assert original not in (column.ucd, column.unit)


def test_the_keyword_of_origin_can_be_searched() -> None:
    described = RAW.by_name["dp_cat"].published_description
    assert described.endswith("(Originating from FITS keyword: HIERARCH ESO DPR CATG)")


@pytest.mark.parametrize("table", list(CATALOGUE), ids=lambda table: table.name)
def test_every_table_and_column_is_described(table: Table) -> None:
    assert table.description
    assert all(column.description for column in table.columns)


@pytest.mark.parametrize("table", [OBSCORE, OBSPLAN, RAW], ids=lambda table: table.name)
def test_positions_and_times_name_their_systems(table: Table) -> None:
    for column in table.columns:
        if column.ucd.startswith(("pos.eq", "pos.galactic", "pos.ecliptic", "pos.outline")):
            assert column.coosys is not None, column.name
        if column.type == TIMESTAMP or column.unit == "d":
            assert column.timesys is not None, column.name


def test_examples_have_different_identifiers() -> None:
    identifiers = [example.id for example in CATALOGUE.examples]
    assert len(set(identifiers)) == len(identifiers) > 8


# TAP_SCHEMA


def _rows(name: str) -> list[dict[str, object]]:
    records: list[Record] = [
        record
        for record in tap_schema_records(CATALOGUE.schemas, {"dbo.raw": 7})
        if record.table.name == name
    ]
    names = [column.name for column in CATALOGUE.table(name).columns]
    return [dict(zip(names, record.values, strict=True)) for record in records]


def test_tap_schema_has_the_columns_of_tap_1_1() -> None:
    assert {
        table.base_name: " ".join(column.adql_name for column in table.columns if column.std)
        for table in TAP_SCHEMA.tables
    } == {
        "schemas": "schema_name utype description schema_index",
        "tables": "schema_name table_name table_type utype description table_index",
        "columns": 'table_name column_name datatype arraysize xtype "size" description utype unit ucd '
        "indexed principal std column_index",
        "keys": "key_id from_table target_table description utype",
        "key_columns": "key_id from_column target_column",
    }


def test_tap_schema_describes_itself_and_everything_else() -> None:
    described = {(row["table_name"], row["column_name"]) for row in _rows("tap_schema.columns")}
    open_ = [table for table in CATALOGUE if not table.restricted]
    assert described == {(table.name, column.adql_name) for table in open_ for column in table.columns}
    assert ("tap_schema.columns", '"size"') in described
    schemas = [row["schema_name"] for row in _rows("tap_schema.schemas")]
    assert schemas[:5] == ["ivoa", "dbo", "ist", "phase3v2", "util"]
    assert schemas[-1] == "tap_schema"
    assert {row["table_name"]: row["nrows"] for row in _rows("tap_schema.tables")}["dbo.raw"] == 7


def test_tap_schema_rows_of_columns() -> None:
    rows = {(row["table_name"], row["column_name"]): row for row in _rows("tap_schema.columns")}
    assert rows["ivoa.ObsCore", "s_region"] | {"description": None} == {
        "table_name": "ivoa.ObsCore",
        "column_name": "s_region",
        "datatype": "char",
        "arraysize": "*",
        "xtype": "adql:REGION",
        "size": None,
        "description": None,
        "utype": "obscore:Char.SpatialAxis.Coverage.Support.Area",
        "unit": None,
        "ucd": "pos.outline;obs.field",
        "indexed": 1,
        "principal": 1,
        "std": 1,
        "column_index": rows["ivoa.ObsCore", "s_region"]["column_index"],
    }
    assert rows["dbo.raw", "tel_ambi_rhum"]["unit"] is None
    assert rows["dbo.raw", "exposure"]["unit"] == "s"


def test_tap_schema_rows_of_keys() -> None:
    keys = {row["key_id"]: row for row in _rows("tap_schema.keys")}
    pairs = {
        row["key_id"]: (row["from_column"], row["target_column"]) for row in _rows("tap_schema.key_columns")
    }
    assert keys.keys() == pairs.keys()
    key = keys["tap_schema.columns.1"]
    assert (key["from_table"], key["target_table"]) == ("tap_schema.columns", "tap_schema.tables")
    assert pairs["tap_schema.columns.1"] == ("table_name", "table_name")
