"""Catalogues in the database: created, replaced, appended, or not at all."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from astropy.table import Table as AstropyTable

from archive import LONG, Column, Schema, Table
from archive.database import Database, Mode
from archive.database.bookkeeping import leave_table
from archive.database.publication import publish
from archive.errors import DeclarationError, UnknownTable, UnreadableFile, UsageError
from ingest import load_catalogue

_MODES: tuple[Mode, ...] = ("create", "replace", "append")


def _stars(path: Path, count: int = 10, **extra: Any) -> Path:
    random = np.random.default_rng(1)
    table = AstropyTable(
        {
            "id": np.arange(count),
            "ra": random.uniform(0, 360, count),
            "dec": np.degrees(np.arcsin(random.uniform(-1, 1, count))),
            "name": [f"star {i}" for i in range(count)],
            **extra,
        }
    )
    table["ra"].unit = table["dec"].unit = "deg"
    table.write(path, overwrite=True)
    return path


def _rows(database: Database, query: str) -> list[tuple[Any, ...]]:
    with database.writer() as connection:
        return connection.execute(query.encode()).fetchall()


def test_a_catalogue_is_loaded_and_published(fresh_database: Database, tmp_path: Path) -> None:
    seen: list[tuple[int, int | None]] = []
    summary = load_catalogue(
        fresh_database,
        "cat.stars",
        [_stars(tmp_path / "stars.fits", 5000)],
        progress=lambda done, total: seen.append((done, total)),
    )
    assert summary.rows == 5000
    assert seen[-1] == (5000, 5000)
    table = fresh_database.catalogue.table("cat.stars")
    assert table == summary.table
    assert table.positions == (("ra", "dec"),)
    assert table.description == "Catalogue loaded from stars.fits"
    assert _rows(fresh_database, "SELECT count(*), sum(id) FROM cat.stars") == [(5000, sum(range(5000)))]
    described = "SELECT nrows FROM tap_schema.tables WHERE table_name = 'cat.stars'"
    assert _rows(fresh_database, described) == [(5000,)]
    cone = "SELECT id FROM cat.stars WHERE adql.position(ra, dec) <@ scircle '<(10d,10d),1d>'"
    assert any("Index" in line for (line,) in _rows(fresh_database, f"EXPLAIN {cone}"))


def test_several_files_become_one_table(fresh_database: Database, tmp_path: Path) -> None:
    paths = [
        _stars(tmp_path / "a.fits", 3),
        _stars(tmp_path / "b.ecsv", 4),
        _stars(tmp_path / "c.parquet", 5),
    ]
    summary = load_catalogue(fresh_database, "cat.stars", paths, description="All of them")
    assert summary.rows == 12
    assert summary.table.description == "All of them"
    with pytest.raises(UsageError, match=r"d\.fits has not the columns of a\.fits"):
        load_catalogue(
            fresh_database, "cat.more", [paths[0], _stars(tmp_path / "d.fits", 3, mag=np.zeros(3))]
        )


def test_modes(fresh_database: Database, tmp_path: Path) -> None:
    three, four = _stars(tmp_path / "three.fits", 3), _stars(tmp_path / "four.fits", 4)

    def count() -> int:
        return int(_rows(fresh_database, "SELECT count(*) FROM cat.stars")[0][0])

    load_catalogue(fresh_database, "cat.stars", [three])
    with pytest.raises(UsageError, match="exists already"):
        load_catalogue(fresh_database, "cat.stars", [four])
    assert count() == 3
    load_catalogue(fresh_database, "cat.stars", [four], mode="append")
    assert count() == 7
    load_catalogue(fresh_database, "cat.stars", [four], mode="replace")
    assert count() == 4
    other = _stars(tmp_path / "other.fits", 2, mag=np.zeros(2))
    with pytest.raises(UsageError, match=r"cannot append to cat\.stars: the table has no mag"):
        load_catalogue(fresh_database, "cat.stars", [other], mode="append")
    load_catalogue(fresh_database, "cat.stars", [other], mode="replace")
    assert [column.name for column in fresh_database.catalogue.table("cat.stars").columns][-1] == "mag"
    with pytest.raises(UnknownTable, match=r"cat\.absent"):
        load_catalogue(fresh_database, "cat.absent", [three], mode="append")


def test_columns_of_any_order_are_appended(fresh_database: Database, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2.5\n")
    (tmp_path / "b.csv").write_text("b,a\n7,3\n")
    load_catalogue(fresh_database, "cat.t", [tmp_path / "a.csv"])
    load_catalogue(fresh_database, "cat.t", [tmp_path / "b.csv"], mode="append")
    assert _rows(fresh_database, "SELECT a, b FROM cat.t ORDER BY a") == [(1, 2.5), (3, 7.0)]
    (tmp_path / "c.csv").write_text("a,b\n1.5,1\n")
    with pytest.raises(UnreadableFile, match=r"c\.csv, row 1, column a"):
        load_catalogue(fresh_database, "cat.t", [tmp_path / "c.csv"], mode="append")


def test_all_or_nothing(fresh_database: Database, tmp_path: Path) -> None:
    header = "# %ECSV 1.0\n# ---\n# delimiter: ','\n# datatype:\n# - {name: n, datatype: int64}\nn\n"
    rows = "".join(f"{i}\n" for i in range(300_000))
    (tmp_path / "x.ecsv").write_text(f"{header}{rows}oops\n")
    with pytest.raises(UnreadableFile, match=r"x\.ecsv, row 300001, column n: 'oops' is no BIGINT"):
        load_catalogue(fresh_database, "cat.numbers", [tmp_path / "x.ecsv"])
    assert fresh_database.catalogue.find("cat.numbers") is None
    assert _rows(fresh_database, "SELECT to_regclass('cat.numbers')") == [(None,)]


def test_odd_names_and_values(fresh_database: Database, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text('ctid,size,"B-V",m,M,"say ""so"""\n1,2,3,4,5,"a\'b\\c"\n')
    summary = load_catalogue(fresh_database, "cat.odd", [tmp_path / "x.csv"])
    assert [column.name for column in summary.table.columns] == [
        "ctid",
        "size",
        "B-V",
        "m",
        "M_2",
        'say "so"',
    ]
    assert _rows(fresh_database, "SELECT * FROM cat.odd") == [(1, 2, 3, 4, 5, "a'b\\c")]


def test_texts_with_a_nul_are_refused(fresh_database: Database, tmp_path: Path) -> None:
    pq.write_table(pa.table({"t": ["a", "b\0c"]}), tmp_path / "x.parquet")
    with pytest.raises(UnreadableFile, match=r"x\.parquet, row 2, column t: the text contains a NUL"):
        load_catalogue(fresh_database, "cat.t", [tmp_path / "x.parquet"])


def test_regions_are_searchable_and_faulty_ones_told(fresh_database: Database, tmp_path: Path) -> None:
    head = '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3"><RESOURCE><TABLE>'
    field = '<FIELD name="field" datatype="char" arraysize="*" xtype="adql:REGION"/>'
    cells = ("CIRCLE ICRS 1 2 3", "POLYGON 0 0 1 0 1 1", "nonsense")
    rows = "".join(f"<TR><TD>{cell}</TD></TR>" for cell in cells)
    data = f"<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE></VOTABLE>"
    (tmp_path / "x.vot").write_text(head + field + data)
    summary = load_catalogue(fresh_database, "cat.fields", [tmp_path / "x.vot"])
    assert summary.table.regions == ("field",)
    assert summary.remarks[0] == "1 regions cannot be searched"
    assert "nonsense" in summary.remarks[1]
    assert _rows(fresh_database, 'SELECT count(*), count("field__bounds") FROM cat.fields') == [(3, 2)]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("stars", "schema.table"), ("archive.stars", "belongs to the server"), ("cat.select", "schema.table")],
)
def test_table_names_that_are_refused(database: Database, tmp_path: Path, name: str, complaint: str) -> None:
    with pytest.raises(DeclarationError, match=complaint):
        load_catalogue(database, name, [_stars(tmp_path / "x.fits", 1)])


@pytest.mark.parametrize("name", ["ivoa.ObsCore", "IVOA.obscore", "dbo.raw", "tap_schema.mine"])
@pytest.mark.parametrize("mode", ["create", "replace", "append"])
def test_the_archives_own_tables_are_not_loaded(
    database: Database, tmp_path: Path, name: str, mode: Mode
) -> None:
    with pytest.raises(UsageError, match="a table of the archive's own"):
        load_catalogue(database, name, [_stars(tmp_path / "x.fits", 1)], mode=mode)


def test_tables_of_plugins_are_not_loaded(fresh_database: Database, tmp_path: Path) -> None:
    """Nor are those of plugins that are gone, whose rows would be lost."""
    note = Table("site.Note", (Column("number", LONG, description="N"),), "Notes", primary_key=("number",))
    for is_there in (True, False):
        with fresh_database.writer() as connection:
            if is_there:
                publish(connection, [note], [Schema("site", (note,), "Of a plugin")], builtin=True)
            else:
                leave_table(connection, note)
        for mode in _MODES:
            with pytest.raises(UsageError, match=r"site\.note is a table of one of the archive's plugins"):
                load_catalogue(fresh_database, "site.note", [_stars(tmp_path / "x.fits", 1)], mode=mode)


def test_files_without_rows_add_nothing_to_others(fresh_database: Database, tmp_path: Path) -> None:
    (tmp_path / "none.csv").write_text("a,b\n")
    (tmp_path / "some.csv").write_text("a,b\n1,2.5\n")
    summary = load_catalogue(fresh_database, "cat.t", [tmp_path / "none.csv", tmp_path / "some.csv"])
    assert summary.rows == 1
    assert [column.type.datatype for column in summary.table.columns] == ["long", "double"]
    assert load_catalogue(fresh_database, "cat.t", [tmp_path / "none.csv"], mode="append").rows == 0
    with pytest.raises(UnreadableFile, match="no row below the line of column names"):
        load_catalogue(fresh_database, "cat.t", [tmp_path / "none.csv"], mode="replace")
    assert _rows(fresh_database, "SELECT a, b FROM cat.t") == [(1, 2.5)]


def test_files_that_are_not_there(database: Database, tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="no such file"):
        load_catalogue(database, "cat.t", [tmp_path / "x.fits"])
    with pytest.raises(UsageError, match="no file was named"):
        load_catalogue(database, "cat.t", [])
    (tmp_path / "x.bin").write_bytes(os.urandom(100) + b"\0")
    with pytest.raises(UnreadableFile, match="neither a table that is known nor text"):
        load_catalogue(database, "cat.t", [tmp_path / "x.bin"])


def test_every_fits_type_reaches_the_database(fresh_database: Database, tmp_path: Path) -> None:
    columns = [
        fits.Column(name="bits", format="3X", array=np.array([[1, 0, 1]], bool)),
        fits.Column(name="matrix", format="6I", dim="(3,2)", array=np.arange(6, dtype="i2").reshape(1, 2, 3)),
        fits.Column(name="varying", format="PE()", array=np.array([np.array([1.5, 2.5], "f4")], object)),
        fits.Column(name="complex", format="M", array=np.array([1 + 2j])),
        fits.Column(name="ulong", format="K", bzero=2**63, array=np.array([2**63 - 1], "u8")),
        fits.Column(name="text", format="4A", array=["ab"]),
    ]
    fits.BinTableHDU.from_columns(columns).writeto(tmp_path / "x.fits")
    load_catalogue(fresh_database, "cat.t", [tmp_path / "x.fits"])
    assert _rows(fresh_database, "SELECT * FROM cat.t") == [
        ([True, False, True], [0, 1, 2, 3, 4, 5], [1.5, 2.5], [1.0, 2.0], 2**63 - 1, "ab")
    ]
