"""Every real file that astropy or pyarrow opens is ingested or loaded, as the demonstration does it.

What is there is found out from the files, so that new ones are held to it too: none may be passed over, and
none refused that another program can read.
"""

from __future__ import annotations

import bz2
import gzip
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from astropy.io import fits, votable

from archive.config import Config
from archive.database import Database
from archive.store import Store
from archive.testing import ClusterForTests
from frontdesk.demo import DATA_VARIABLE, load_demonstration
from ingest import find_catalogues
from ingest.catalogues import read_declarations

pytestmark = pytest.mark.real

# ImportError: astropy needs one more package for files packed by compress.
_NO_FITS = (OSError, ValueError, TypeError, KeyError, IndexError, AssertionError, ImportError)
_NO_VOTABLE = (SyntaxError, OSError, ValueError, TypeError, KeyError, IndexError, ImportError)


@dataclass(frozen=True)
class Demonstration:
    """What it loaded from the folder, what it said meanwhile, and what it could not load."""

    database: Database
    said: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.database.writer() as connection:
            return connection.execute(query.encode()).fetchall()

    def counts(self, table: str) -> list[int]:
        """Rows of the table, or of those made of a file of several; sorted."""
        names = [t.name for t in self.database.catalogue if t.name.partition("__")[0] == table]
        return sorted(int(str(self.rows(f"SELECT count(*) FROM {name}")[0][0])) for name in names)


@pytest.fixture(scope="module")
def folder() -> Path:
    return Path(os.environ["URANIBORG_DATA"]).absolute()


@pytest.fixture(scope="module")
def demonstration(
    test_cluster: ClusterForTests, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Demonstration]:
    data = tmp_path_factory.mktemp("demonstration")
    config = replace(Config(), data_folder=data)
    with test_cluster.database() as database:
        made = Demonstration(database)
        environment = {DATA_VARIABLE: str(folder)}
        found = load_demonstration(
            database, Store(data / "files"), config, data / "none", environment, say=made.said.append
        )
        made.problems.extend(found)
        yield made


def _files(folder: Path) -> Iterator[Path]:
    yield from (path for path in sorted(folder.rglob("*")) if path.is_file())


def _content(path: Path) -> bytes:
    raw = path.read_bytes()
    unpack = {b"\x1f\x8b": gzip.decompress, b"BZ": bz2.decompress}.get(raw[:2])
    return unpack(raw) if unpack else raw


def _opens_as_fits(path: Path) -> bool:
    with warnings.catch_warnings(action="ignore"):
        try:
            with fits.open(path) as hdus:
                return len(hdus) > 0
        except _NO_FITS:
            return False


def _votable_rows(path: Path) -> list[int] | None:
    """Rows of each table with columns; None for what is no VOTable."""
    if b"<" not in _content(path)[:100]:
        return None
    with warnings.catch_warnings(action="ignore"):
        try:
            return [len(t.array) for t in votable.parse(str(path), verify="ignore").iter_tables() if t.fields]
        except _NO_VOTABLE:
            return None


def _parquet_rows(path: Path) -> int | None:
    try:
        return int(pq.ParquetFile(path).metadata.num_rows)
    except (pa.ArrowException, OSError):
        return None


def test_nothing_fails(demonstration: Demonstration) -> None:
    assert demonstration.problems == []


def test_every_fits_file_is_ingested_or_kept_for_a_reason(demonstration: Demonstration, folder: Path) -> None:
    outcomes = {
        str(path): (outcome, reason)
        for path, outcome, reason in demonstration.rows(
            "SELECT path, outcome, reason FROM archive.ingest_outcome"
        )
    }
    opened = [path for path in _files(folder) if _opens_as_fits(path)]
    assert len(opened) > 100
    for path in opened:
        outcome, reason = outcomes[str(path)]
        assert outcome in {"ingested", "new version"} or (outcome == "stored" and reason), path


def test_fits_files_of_nothing_but_tables_are_loaded(demonstration: Demonstration, folder: Path) -> None:
    found = {path: name for name, path in find_catalogues(folder)}
    kept = demonstration.rows(
        "SELECT path FROM archive.ingest_outcome WHERE reason = 'tables only, and no PRODCATG'"
    )
    tables_only = [path for path in _files(folder) if (str(path),) in kept]
    assert len(tables_only) > 3
    for path in tables_only:
        with warnings.catch_warnings(action="ignore"), fits.open(path) as hdus:
            rows = [hdu.header["NAXIS2"] for hdu in hdus[1:]]
        assert demonstration.counts(found[path]) == sorted(count for count in rows if count), path


def test_every_votable_is_loaded_table_by_table(demonstration: Demonstration, folder: Path) -> None:
    found = {path: name for name, path in find_catalogues(folder)}
    several = 0
    for path in _files(folder):
        rows = _votable_rows(path)
        if not rows:
            continue
        expected = [count for count in rows if count] or [0]
        assert demonstration.counts(found[path]) == sorted(expected), path
        if 0 < rows.count(0) < len(rows):
            assert any(f" of {len(rows)} tables ha" in line for line in demonstration.said), path
        several += len(expected) > 1
    assert several > 1


def test_every_parquet_file_is_loaded(demonstration: Demonstration, folder: Path) -> None:
    found = {path: name for name, path in find_catalogues(folder)}
    counts = {path: _parquet_rows(path) for path in _files(folder)}
    files = {path: count for path, count in counts.items() if count is not None}
    assert len(files) > 2
    for path, count in files.items():
        assert demonstration.counts(found[path]) == [count], path


def test_what_is_no_catalogue_is_not_taken_for_one(folder: Path) -> None:
    for _, path in find_catalogues(folder):
        readable = _opens_as_fits(path) or _votable_rows(path) or _parquet_rows(path) is not None
        assert readable or _votable_rows(path) == [], path


def test_names_are_made_of_files_and_tables(folder: Path) -> None:
    names = [table.name for name, path in find_catalogues(folder) for table in read_declarations(name, path)]
    assert len(names) == len(set(names))
    assert "safcat.hipparcos_tycho_126k" in names
