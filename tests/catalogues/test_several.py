"""Files of several tables: one is chosen, or each with rows becomes a table of its own name."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from archive.database import Database
from archive.errors import UnreadableFile, UsageError
from archive.tablefiles.source import Member
from ingest import load_catalogue, load_tables
from ingest.catalogues import read_declarations
from ingest.catalogues_names import member_names

HEAD = '<VOTABLE version="1.4" xmlns="http://www.ivoa.net/xml/VOTable/v1.3">'
# As VizieR answers: a RESOURCE for each catalogue, names with slashes, and many tables without rows.
TABLES: list[tuple[str, list[int]]] = [
    ("ReadMeObj", [1, 2]),
    ("I/34/greenw2a", [3]),
    ("I/34/greenw2b", []),
    ("I_34_greenw2a", [4, 5, 6]),
    ("", [7]),
    ("größte Tafel", [8]),
]
NAMES = {
    "cat.viz__readmeobj": [1, 2],
    "cat.viz__i_34_greenw2a": [3],
    "cat.viz__i_34_greenw2a_4": [4, 5, 6],
    "cat.viz__5": [7],
    "cat.viz__gr_te_tafel": [8],
}


def _votable(folder: Path, tables: list[tuple[str, list[int]]] = TABLES) -> Path:
    resources = ""
    for name, values in tables:
        named = f'name="{name}"' if name else ""
        rows = "".join(f"<TR><TD>{value}</TD></TR>" for value in values)
        about = "<DESCRIPTION>Read me</DESCRIPTION>" if name == "ReadMeObj" else ""
        resources += (
            f"<RESOURCE><TABLE {named}>{about}<FIELD name='n' datatype='int'/>"
            f"<DATA><TABLEDATA>{rows}</TABLEDATA></DATA></TABLE></RESOURCE>"
        )
    path = folder / "viz.xml.gz"
    path.write_bytes(gzip.compress(f"{HEAD}{resources}</VOTABLE>".encode()))
    return path


def _fits(folder: Path, tables: list[tuple[str, list[int]]] = TABLES) -> Path:
    hdus = fits.HDUList([fits.PrimaryHDU()])
    for name, values in tables:
        column = fits.Column("n", "J", array=np.array(values, "i4"))
        ascii_name = name.replace("öß", "  ").strip()
        hdus.append(fits.BinTableHDU.from_columns([column], name=ascii_name or None))
    path = folder / "viz.fits.gz"
    hdus.writeto(path)
    return path


def _values(database: Database) -> dict[str, list[Any]]:
    found = {}
    for table in database.catalogue:
        if table.schema_name == "cat":
            with database.writer() as connection:
                query = f"SELECT n FROM {table.name} ORDER BY n"
                found[table.name] = [n for (n,) in connection.execute(query.encode())]
    return found


@pytest.mark.parametrize("make", [_votable, _fits])
def test_every_table_with_rows_is_loaded(
    fresh_database: Database, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    seen: list[tuple[int, int | None]] = []
    path = make(tmp_path)
    summary = load_tables(fresh_database, "cat.viz", path, progress=lambda *told: seen.append(told))
    assert _values(fresh_database) == NAMES
    assert [one.table.name for one in summary.loaded] == list(NAMES)
    assert seen[-1] == (8, 8) and summary.failures == ()
    assert summary.remarks == ("1 of 6 tables has no rows and is left out",)
    assert next(summary.lines()) == "5 tables, from cat.viz__readmeobj to cat.viz__gr_te_tafel"
    second = fresh_database.catalogue.table("cat.viz__i_34_greenw2a")
    assert second.description == f"Catalogue loaded from {path.name}, table {TABLES[1][0]}".replace(
        "I/34/greenw2a", TABLES[1][0] if make is _votable else TABLES[1][0].upper()
    )
    # Once more: the same tables, and what exists is told for each.
    load_tables(fresh_database, "cat.viz", path, mode="replace")
    assert _values(fresh_database) == NAMES
    again = load_tables(fresh_database, "cat.viz", path)
    assert (len(again.loaded), len(again.failures)) == (0, 5)
    assert "table cat.viz__readmeobj exists already" in again.failures[0]
    load_tables(fresh_database, "cat.viz", path, mode="append")
    assert _values(fresh_database) == {name: sorted(2 * values) for name, values in NAMES.items()}


@pytest.mark.parametrize("make", [_votable, _fits])
def test_one_has_to_be_chosen(fresh_database: Database, tmp_path: Path, make: Callable[[Path], Path]) -> None:
    path = make(tmp_path)
    with pytest.raises(UsageError, match=r"5 tables with rows: 1 .*, 5, 6 .*#1, or load all of them"):
        load_catalogue(fresh_database, "cat.t", [path])
    name = "I/34/greenw2a" if make is _votable else "I/34/GREENW2A"
    load_catalogue(fresh_database, "cat.by_name", [Path(f"{path}#{name}")])
    load_catalogue(fresh_database, "cat.by_number", [Path(f"{path}#4")])
    load_catalogue(fresh_database, "cat.empty", [Path(f"{path}#3")])
    assert _values(fresh_database) == {"cat.by_name": [3], "cat.by_number": [4, 5, 6], "cat.empty": []}


@pytest.mark.parametrize("make", [_votable, _fits])
def test_a_single_table_with_rows_needs_no_choice(
    fresh_database: Database, tmp_path: Path, make: Callable[..., Path]
) -> None:
    path = make(tmp_path, [("a", []), ("b", [1]), ("c", [])])
    remark = ("2 of 3 tables have no rows and are left out",)
    assert load_catalogue(fresh_database, "cat.one", [path]).remarks == remark
    assert load_tables(fresh_database, "cat.other", path).remarks == remark
    assert _values(fresh_database) == {"cat.one": [1], "cat.other": [1]}


def test_tables_without_any_rows(fresh_database: Database, tmp_path: Path) -> None:
    path = _votable(tmp_path, [("a", []), ("b", [])])
    assert load_tables(fresh_database, "cat.t", path).remarks == ("there are no rows, only columns",)
    assert _values(fresh_database) == {"cat.t": []}


def test_one_that_cannot_be_loaded_keeps_no_other_out(fresh_database: Database, tmp_path: Path) -> None:
    when = "<FIELD name='n' datatype='char' arraysize='*' xtype='timestamp'/>"
    path = _votable(tmp_path, [("a", [1]), ("b", [2]), ("c", [3])])
    document = gzip.decompress(path.read_bytes()).decode()
    first, second, third = document.split("<FIELD name='n' datatype='int'/>", 2)[0:3]
    broken = f"{first}<FIELD name='n' datatype='int'/>{second}{when}{third}"
    path.write_bytes(gzip.compress(broken.encode()))
    summary = load_tables(fresh_database, "cat.t", path)
    assert _values(fresh_database) == {"cat.t__a": [1], "cat.t__c": [3]}
    (failure,) = summary.failures
    assert failure.startswith("table b: viz.xml.gz, row 1, column n: ")


def test_formats_of_one_table(fresh_database: Database, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("n\n1\n2\n")
    assert [one.table.name for one in load_tables(fresh_database, "cat.x", tmp_path / "x.csv").loaded] == [
        "cat.x"
    ]
    with pytest.raises(UnreadableFile, match="there is no table 2; it has 1"):
        load_catalogue(fresh_database, "cat.y", [tmp_path / "x.csv#2"])
    with pytest.raises(UsageError, match="the archive's own"):
        load_tables(fresh_database, "ivoa.ObsCore", tmp_path / "x.csv")


def _member(number: int, *names: str) -> Member:
    def never() -> Any:
        raise AssertionError("names are made without opening anything")

    return Member(number, names, 1, never)


@pytest.mark.parametrize(
    ("given", "made"),
    [
        (["stars"], ["c.t"]),
        (["stars", "galaxies"], ["c.t__stars", "c.t__galaxies"]),
        (["a", "A", "a!"], ["c.t__a", "c.t__a_2", "c.t__a_3"]),
        (["a", "a", "a_2"], ["c.t__a", "c.t__a_2", "c.t__a_2_3"]),
        (["", "2", "!!"], ["c.t__1", "c.t__2", "c.t__3"]),
        (["select", "1e5"], ["c.t__select", "c.t__1e5"]),
        (["n" * 99, "n" * 99], [f"c.t__{'n' * 60}", f"c.t__{'n' * 58}_2"]),
        (['x"; DROP TABLE y --', "ß"], ["c.t__x_drop_table_y", "c.t__2"]),
    ],
)
def test_names(given: list[str], made: list[str]) -> None:
    members = [_member(number, name) for number, name in enumerate(given, 1)]
    assert member_names("c.t", members) == made


def test_declarations_without_loading(tmp_path: Path) -> None:
    assert [table.name for table in read_declarations("cat.viz", _votable(tmp_path))] == list(NAMES)


def test_stilts_describes_each_extension(tmp_path: Path) -> None:
    fields = [
        f"<TABLE><FIELD name='n' datatype='int' ucd='{ucd}'/></TABLE>" for ucd in ("meta.id", "meta.code")
    ]
    document = f"{HEAD}<RESOURCE>{''.join(fields)}</RESOURCE></VOTABLE>".encode()
    primary = fits.PrimaryHDU(np.frombuffer(document, "u1"))
    primary.header["VOTMETA"] = True
    tables = [fits.BinTableHDU.from_columns([fits.Column("n", "J", array=[n])]) for n in (1, 2)]
    fits.HDUList([primary, *tables]).writeto(tmp_path / "x.fits")
    ucds = [table.columns[0].ucd for table in read_declarations("cat.x", tmp_path / "x.fits")]
    assert ucds == ["meta.id", "meta.code"]
