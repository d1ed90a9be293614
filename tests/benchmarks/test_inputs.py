"""1,000 small JSON documents by a plugin, beside its reader called in this process and the writer alone.

The other side keeps nothing, records nothing and protects nobody: it parses a document, and writes its rows
in a transaction. The same documents offered again are looked at and left alone.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from archive import LONG, TEXT, Column, Record, Table
from archive import store as storage
from archive.database import Database
from archive.plugins.loading import checked
from archive.plugins.modules import Source
from archive.plugins.writing import write_input
from archive.store import Store
from archive.testing import ClusterForTests
from archive.testing.archives import input_of
from ingest import Accepts, Input, Inputs, Outcome, ingest_paths, plugin
from tests.benchmarks.figures import Figure, Figures

pytestmark = [
    pytest.mark.bench,
    # Later Pythons warn of processes forked from one with threads.
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
]

COUNT, ROWS = 1000, 10
GROUP = f"{COUNT:,} documents of {ROWS} rows taken in by a plugin, for each document"
MOST_NEW = 3.0  # times what the other side takes
MOST_UNCHANGED = 0.005  # seconds

NOTE = Table(
    "site.note",
    (Column("number", LONG, nullable=False, description="N"), Column("words", TEXT, description="Words")),
    "Notes",
    primary_key=("number",),
)


@plugin("notes", accepts=Accepts(names=("*.json",)), tables=NOTE)
def read_notes(given: Input) -> Iterator[Record]:
    """Numbered notes."""
    assert isinstance(given.json, dict)
    for number, words in given.json.items():
        yield NOTE.row(number=int(number), words=words)


def write_documents(folder: Path, first: int) -> list[Path]:
    folder.mkdir()
    paths = [folder / f"{number}.json" for number in range(first, first + COUNT)]
    for number, path in enumerate(paths, first):
        path.write_text(json.dumps({str(number * ROWS + row): f"note {row} " * 5 for row in range(ROWS)}))
    return paths


def test_documents(test_cluster: ClusterForTests, tmp_path: Path, figures: Figures) -> None:
    plugins = checked([Source(Path(__file__), {"read_notes": read_notes})])
    store = Store(tmp_path / "files")
    ours, theirs = write_documents(tmp_path / "a", 0), write_documents(tmp_path / "b", COUNT)
    with test_cluster.database() as database:
        database.publish([NOTE])
        with database.writer() as connection:
            storage.initialise(connection)
        bare = bare_seconds(database, theirs)

        def taken(expected: Outcome) -> float:
            begin = time.perf_counter()
            inputs = Inputs(database, store, test_cluster.config, plugins)
            summary = ingest_paths(database, store, test_cluster.config, [ours[0].parent], inputs=inputs)
            assert summary.counts == {expected: COUNT}
            return (time.perf_counter() - begin) / COUNT

        new, unchanged = taken(Outcome.INGESTED), taken(Outcome.UNCHANGED)
    against = "its reader in this process, and the writer"
    said = "kept, read in a process apart, and written"
    figures.add(Figure(GROUP, said, new, "s", bare, against, MOST_NEW))
    figures.add(Figure(GROUP, "unchanged ones", unchanged, most=MOST_UNCHANGED))


def bare_seconds(database: Database, paths: list[Path]) -> float:
    begin = time.perf_counter()
    for path in paths:
        given = input_of(path, read_notes)
        with database.writer() as connection:
            records = read_notes.reader(given)
            write_input(connection, records, input_id=given.dp_id, moment=given.received)
    return (time.perf_counter() - begin) / len(paths)
