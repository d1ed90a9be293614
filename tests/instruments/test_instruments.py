"""Tables of instruments: what every one has, where values come from, and how another one is added."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archive.config import Config
from archive.database import Database
from archive.declare import Column, Table
from archive.declare.builtin import builtin_schemas
from archive.declare.instruments import (
    INSTRUMENTS,
    Instrument,
    find_instrument,
    flag,
    instrument_schema,
    number,
    text,
    whole,
)
from archive.declare.raw import RAW
from archive.declare.types import TIMESTAMP
from archive.errors import DeclarationError
from archive.store import Store, initialise
from archive.testing import ClusterForTests
from ingest import Outcome, Publication, harvest, ingest_paths
from tests.ingest.support import RAW as RAW_CARDS
from tests.ingest.support import image, write

TABLES = [instrument.table for instrument in INSTRUMENTS]


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_table_has_what_users_of_raw_frames_need(table: Table) -> None:
    wanted = (
        "dp_id ra dec s_region exp_start mjd_obs exposure object target dp_cat dp_type dp_tech prog_id ob_id"
        " tpl_id filter_path instrument telescope release_date access_url datalink_url access_estsize"
    )
    for name in wanted.split(" "):
        ours, raws = table.by_name[name], RAW.by_name[name]
        assert (ours.type, ours.unit, ours.ucd, ours.description) == (
            raws.type,
            raws.unit,
            raws.ucd,
            raws.description,
        )
    assert table.primary_key == ("dp_id",)
    assert table.keys[0].target == "dbo.raw"
    assert table.positions == (("ra", "dec"),)


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda instrument: instrument.name)
def test_every_column_of_an_instrument_tells_its_keyword(instrument: Instrument) -> None:
    own = [column for column in instrument.columns if column.name not in RAW.by_name]
    assert len(own) >= 10
    for column in own:
        assert column.keyword
        assert f"Originating from FITS keyword: {column.keyword}" in column.published_description
        assert column.ucd


def test_the_tables_have_esos_names() -> None:
    assert {table.name for table in TABLES} == {
        "ist.hawki",
        "ist.uves",
        "ist.fors2",
        "ist.xshooter",
        "ist.muse",
        "ist.harps",
        "ist.efosc",
        "ist.other",
    }
    assert instrument_schema() in builtin_schemas()


@pytest.mark.parametrize(
    ("instrume", "name"),
    [
        ("HAWKI", "hawki"),
        ("SHOOT", "xshooter"),
        ("XSHOOTER", "xshooter"),
        ("EFOSC", "efosc"),
        ("efosc2", "efosc"),
        ("EFOSC/1.57", "efosc"),
        ("FORS2", "fors2"),
        ("FORS1", "other"),
        ("", "other"),
        (None, "other"),
    ],
)
def test_the_instrument_is_told_by_its_keyword(instrume: str | None, name: str) -> None:
    assert find_instrument(instrume).name == name


def row(folder: Path, **cards: object) -> tuple[dict[str, object], list[str]]:
    """The row of a frame in the table of its instrument, and the problems that concern that table."""
    values = {name.replace("__", " "): value for name, value in cards.items()}
    path = write(folder, "frame.fits", image(RAW_CARDS | values))
    found = harvest(path, Publication.of(Config()))
    [record] = [record for record in found.records if record.table.schema_name == "ist"]
    problems = [problem for problem in found.problems if problem.startswith("ist.")]
    return dict(zip(record.table.by_name, record.values, strict=True)), problems


def test_values_have_their_columns_types(tmp_path: Path) -> None:
    found, problems = row(
        tmp_path,
        INSTRUME="HARPS",
        ESO__INS__DET1__TMMEAN=0.5,
        ESO__INS__LAMP5__NAME="THAR2",
        ESO__INS__LAMP5__ST=True,
        ESO__DET__WIN1__BINX=2.0,
        ESO__DET__OUT2__CONAD=1.4,
        ESO__TEL__MOON__RA=299.85979,
        ESO__OBS__CONTAINER__ID=12345,
    )
    assert problems == []
    wanted = {
        "ins_det1_tmmean": 0.5,
        "ins_lamp5_name": "THAR2",
        "ins_lamp5_st": True,
        "det_binx": 2,
        "det_out1_conad": 1.4,
        "tel_moon_ra": 299.85979,
        "ob_container_id": 12345,
        "dp_cat": "SCIENCE",
        "object": "PSR-J1740-3052",
        "ra": 265.20907,
        "ins_opti5_name": None,
    }
    assert {name: found[name] for name in wanted} == wanted
    assert str(found["access_url"]).endswith("/file/ISAAC.2006-04-13T06:32:38.944")


def test_an_impossible_value_is_a_problem_and_null(tmp_path: Path) -> None:
    found, problems = row(
        tmp_path,
        INSTRUME="HARPS",
        ESO__INS__DET1__TMMEAN="half",
        ESO__INS__LAMP5__ST="on",
        ESO__DET__WIN1__BINX=2.5,
        ESO__DET__WIN1__BINY=10**12,
        ESO__TEL__IA__FWHM=-1.0,
        ESO__INS__ADCS__NAME="UNKNOWN",
    )
    names = ("ins_det1_tmmean", "ins_lamp5_st", "det_binx", "det_biny", "tel_ia_fwhm", "ins_adcs_name")
    assert [found[name] for name in names] == [None] * 6
    assert sorted(problems) == [
        "ist.harps.det_binx cannot hold ESO DET WIN1 BINX = 2.5",
        "ist.harps.det_biny cannot hold 1000000000000",
        "ist.harps.ins_det1_tmmean cannot hold ESO INS DET1 TMMEAN = 'half'",
        "ist.harps.ins_lamp5_st cannot hold ESO INS LAMP5 ST = 'on'",
    ]


NIGHTCAM = Instrument(
    "nightcam",
    ("NIGHTCAM",),
    title="Raw frames of NIGHTCAM",
    columns=(
        text("ins_filt1_name", "INS FILT1 NAME", "Filter", ucd="meta.id;instr.filter"),
        number("ins_temp", "INS TEMP", "Temperature of the lens", unit="K", ucd="phys.temperature"),
        whole("det_gain", "DET GAIN", "Gain of the amplifier"),
        flag("ins_dome_st", "INS DOME ST", "Whether the dome was open"),
        Column(
            "ins_cleaned",
            TIMESTAMP,
            ucd="time.processing",
            keyword="HIERARCH ESO INS CLEANED",
            description="When the lens was cleaned last",
        ),
    ),
    spellings={"ins_temp": ("LENSTEMP",)},
)


@pytest.fixture(scope="module")
def nightcam(test_cluster: ClusterForTests) -> Iterator[Database]:
    others = tuple(schema for schema in builtin_schemas() if schema.name != "ist")
    schemas = (*others, instrument_schema((NIGHTCAM, *INSTRUMENTS)))
    with test_cluster.database(schemas) as database:
        with database.writer() as connection:
            initialise(connection)
        yield database


def test_an_instrument_is_added_by_declaring_it(nightcam: Database, tmp_path: Path) -> None:
    own = {"INSTRUME": "NIGHTCAM", "LENSTEMP": 271.5, "ESO DET GAIN": 3, "ESO INS DOME ST": True}
    own |= {"ESO INS FILT1 NAME": "R", "ESO INS CLEANED": "2006-04-01T12:00:00"}
    night = tmp_path / "night"
    night.mkdir()
    for second in range(3):
        name = f"NIGHTCAM.2006-04-13T06:32:0{second}.000.fits"
        write(night, name, image(RAW_CARDS | own | {"ARCFILE": name}))
    instruments = (NIGHTCAM, *INSTRUMENTS)
    summary = ingest_paths(nightcam, Store(tmp_path / "store"), Config(), [night], instruments=instruments)
    assert summary.counts == {Outcome.INGESTED: 3}
    with nightcam.writer() as connection:
        found = connection.execute(
            "SELECT ins_filt1_name, ins_temp, det_gain, ins_dome_st, ins_cleaned::text, object, dp_cat"
            " FROM ist.nightcam ORDER BY dp_id LIMIT 1"
        ).fetchall()
        others = connection.execute("SELECT count(*) FROM ist.other").fetchall()
        described = connection.execute(
            "SELECT description FROM tap_schema.columns"
            " WHERE table_name = 'ist.nightcam' AND column_name = 'ins_temp'"
        ).fetchall()
        documented = connection.execute("SELECT name, url FROM util.docurl").fetchall()
    assert found == [("R", 271.5, 3, True, "2006-04-01 12:00:00", "PSR-J1740-3052", "SCIENCE")]
    assert others == [(0,)]
    assert described == [("Temperature of the lens (Originating from FITS keyword: HIERARCH ESO INS TEMP)",)]
    assert documented == [("NIGHTCAM", "http://127.0.0.1:8000/tables/ist.nightcam")]


@pytest.mark.parametrize(
    ("column", "spellings"),
    [
        (Column("ins_temp", TIMESTAMP, description="No keyword"), {}),
        (text("ins_temp", "INS TEMP", "A text"), {"ins_other": ("X",)}),
    ],
)
def test_a_wrong_declaration_is_refused(column: Column, spellings: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(DeclarationError):
        Instrument("wrong", ("WRONG",), (column,), title="Wrong", spellings=spellings)
