"""The real catalogues, tables and answers of services: all load, or are refused for a true reason."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits, votable

from archive.database import Database
from archive.errors import UnreadableFile
from archive.tablefiles.opening import open_members
from ingest import load_tables
from tests.catalogues.reading import read

pytestmark = pytest.mark.real

# What is no table, and what the loader says of it.
REFUSED = {
    "votable/tap-capabilities.xml": "not appear to be a VOTABLE",
    "registry/resource-example.xml": "not appear to be a VOTABLE",
    "voevent/Gaia16aac.xml": "not appear to be a VOTABLE",
    "hips/Planck-HFI143/Norder3/Allsky.jpg": "neither a table that is known nor text",
    "images/other/dss_test1.fits.gz": "no table in the file",
    "raw/WFI-TEST.fits.Z": "no table in the file",
}


@pytest.fixture(scope="module")
def data() -> Path:
    return Path(os.environ["URANIBORG_DATA"])


def _fits_tables(data: Path) -> Iterator[tuple[Path, int, Any]]:
    for path in sorted(data.rglob("*.fits*")):
        if "mash" in path.parts or not path.name.endswith((".fits", ".fits.gz")):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(path) as hdus:
                for number, hdu in enumerate(hdus):
                    table = isinstance(hdu, fits.BinTableHDU) and not isinstance(hdu, fits.CompImageHDU)
                    # astropy cannot read MOCs whose column has no name.
                    if table and None not in hdu.columns.names:
                        yield path, number, hdu


def test_fits_tables_hold_what_astropy_reads(data: Path) -> None:
    tables = 0
    for path, number, expected in _fits_tables(data):
        _, values = read(path.with_name(f"{path.name}#{number}"))
        assert len(values) == len(expected.columns), path
        for place, found in enumerate(values.values()):
            null = expected.columns[place].null
            _same(found, expected.data.field(place), null, f"{path.name}#{number}, column {place}")
        tables += 1
    assert tables > 100


def _same(found: list[Any], expected: Any, null: Any, what: str) -> None:
    assert len(found) == len(expected), what
    if expected.dtype.kind in "SU":
        assert [value or "" for value in found] == [_decoded(value) for value in expected], what
        return
    given = np.asarray(expected).reshape(len(expected), -1)
    pairs = given.astype("c16").view("f8") if given.dtype.kind == "c" else given.astype("f8")
    pairs = np.where(given == null, np.nan, pairs) if isinstance(null, int) else pairs
    width = pairs.shape[1]
    cells = [[np.nan] * width if value is None else value for value in found]
    ours = np.array([[cell] if not isinstance(cell, list) else cell for cell in cells], "f8")
    np.testing.assert_array_equal(ours.reshape(pairs.shape), pairs, err_msg=what)


def _decoded(value: Any) -> str:
    return (value.decode("latin-1") if isinstance(value, bytes) else str(value)).split("\0")[0].rstrip()


def test_parquet_files_hold_what_pyarrow_reads(data: Path) -> None:
    paths = sorted((data / "catalogues").glob("*.parquet"))
    assert len(paths) == 3
    for path in paths:
        _, values = read(path)
        expected = pq.read_table(path).to_pydict()
        for found, column in zip(values.values(), expected.values(), strict=True):
            assert found == [None if value != value else value for value in column]


def test_votables_hold_what_astropy_reads(data: Path) -> None:
    read_here = 0
    for path in sorted((data / "votable").iterdir()):
        name = str(path.relative_to(data))
        if name in REFUSED:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tables = list(votable.parse(str(path), verify="ignore").iter_tables())
        with open_members(path) as members:
            assert [member.number for member in members] == list(range(1, len(tables) + 1)), name
            for member, expected in zip(members, tables, strict=True):
                source = member.open()
                assert len(source.columns) == len(expected.fields), name
                rows = sum(len(arrays[0]) for arrays in source.batches())
                assert rows == source.rows == len(expected.array), name
                read_here += 1
    assert read_here > 11


@pytest.mark.parametrize(("name", "reason"), REFUSED.items())
def test_what_is_no_table_is_refused(data: Path, name: str, reason: str) -> None:
    with pytest.raises(UnreadableFile, match=reason):
        read(data / name)


def test_everything_reaches_the_database(fresh_database: Database, data: Path) -> None:
    folders = ("catalogues", "moc", "tap", "phase3", "pipeline")
    loaded: dict[str, int] = {}
    for number, path in enumerate(sorted(p for folder in folders for p in (data / folder).rglob("*"))):
        if not path.is_file():
            continue
        try:
            summary = load_tables(fresh_database, f"cat.t{number}", path)
        except UnreadableFile as error:
            assert str(path.relative_to(data)) in REFUSED or _is_no_table(path, error), error
            continue
        assert summary.failures == (), path
        loaded[path.name] = sum(table.rows for table in summary.loaded)
    assert loaded["hipparcos_tycho_126k.parquet"] == 125_982
    assert loaded["query_main_sgra.csv"] == 23
    assert len(loaded) > 40
    positions = {table.name for table in fresh_database.catalogue if table.positions}
    assert len(positions) > 8


def _is_no_table(path: Path, error: UnreadableFile) -> bool:
    """True when the file is an image, a log or a picture, and the reason says so."""
    reason = error.message
    if ".fits" in path.name:
        return "there is no table in the file" in reason
    return path.parent.name == "ancillary" and ("nor text" in reason or "values instead of" in reason)
