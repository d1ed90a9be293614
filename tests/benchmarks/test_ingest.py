"""2,000 raw frames beside plain loops of astropy's getheader over the same files, in the same run.

Three loops: the first header of each file, the same with its values, and the headers of all HDUs. Reading all
headers with their values on all cores must take a fifth of the second and of the third at most. What is
harvested besides (checksums, footprints, rows), and a whole run with the bytes safe in the store and the rows
in the database, are timed apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from astropy.io import fits

from archive.config import Config
from archive.store import Store
from archive.tablefiles.fits_scan import scan
from archive.testing import ClusterForTests
from ingest import Outcome, Publication, harvest, ingest_paths
from ingest.harvester import Task
from ingest.harvesters import Harvesters
from tests.benchmarks.figures import Figure, Figures
from tests.benchmarks.three_extensions import EXTENSIONS, write_night

pytestmark = [
    pytest.mark.bench,
    # Later Pythons warn of processes forked from one with threads.
    pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning"),
]

COUNT, PART = 2000, 250
GROUP = f"Ingest of {COUNT:,} files with three extensions, for each file"
# Of the time of astropy's loop over each HDU.
MOST_HEADERS, MOST_HARVEST, MOST_INGEST = 0.2, 0.7, 1.0


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Path]]:
    folder = tmp_path_factory.mktemp("night")
    paths = write_night(folder, COUNT)
    yield paths
    for path in paths:
        path.unlink()


def first_headers(paths: Sequence[Path]) -> int:
    return sum(len(fits.getheader(path)) for path in paths)


def first_values(paths: Sequence[Path]) -> int:
    """astropy looks at the value of a card only when somebody asks for it."""
    return sum(len(dict(fits.getheader(path))) for path in paths)


def all_headers(paths: Sequence[Path]) -> int:
    return sum(len(fits.getheader(path, hdu)) for path in paths for hdu in range(EXTENSIONS + 1))


def scanned(paths: Sequence[Path]) -> int:
    return sum(len(hdu.header.cards) for path in paths for hdu in scan(path).hdus)


def in_turn(actions: dict[str, Callable[[Sequence[Path]], object]], paths: list[Path]) -> dict[str, float]:
    """Seconds for a file; part by part in turn, so that a busy machine is as busy for all."""
    taken = dict.fromkeys(actions, 0.0)
    for start in range(0, len(paths), PART):
        for name, act in actions.items():
            begin = time.perf_counter()
            act(paths[start : start + PART])
            taken[name] += time.perf_counter() - begin
    return {name: seconds / len(paths) for name, seconds in taken.items()}


def test_harvest(night: list[Path], figures: Figures) -> None:
    publication = Publication.of(Config())
    pool = ProcessPoolExecutor(mp_context=get_context("fork"))
    with pool, Harvesters(publication) as harvesters:

        def on_all_cores(paths: Sequence[Path]) -> int:
            pieces = [paths[start : start + 25] for start in range(0, len(paths), 25)]
            return sum(pool.map(scanned, pieces))

        def harvested(paths: Sequence[Path]) -> int:
            return len(list(harvesters.begin([Task(path, None) for path in paths])))

        assert on_all_cores(night[:50]) == all_headers(night[:50]) and harvested(night[:50]) == 50
        taken = in_turn(
            {
                "one": first_headers,
                "values": first_values,
                "all": all_headers,
                "headers": on_all_cores,
                "headers, one process": scanned,
                "harvest": harvested,
                "harvest, one process": lambda paths: [harvest(path, publication) for path in paths],
            },
            night,
        )
    for name, what, most in (
        ("headers", "all headers, all cores", MOST_HEADERS),
        ("headers, one process", "all headers, one process", None),
        ("harvest", "headers, checksum, footprint and rows, all cores", MOST_HARVEST),
        ("harvest, one process", "headers, footprint and rows, one process", None),
    ):
        figures.add(Figure(GROUP, what, taken[name], limit=taken["one"], against="getheader of each file"))
        against = "getheader of each file, with values"
        both = MOST_HEADERS if name == "headers" else None
        figures.add(Figure(GROUP, what, taken[name], limit=taken["values"], against=against, most=both))
        figures.add(
            Figure(GROUP, what, taken[name], limit=taken["all"], against="getheader of each HDU", most=most)
        )


def test_whole_run(
    night: list[Path], test_cluster: ClusterForTests, tmp_path: Path, figures: Figures
) -> None:
    with test_cluster.database() as database:
        begin = time.perf_counter()
        all_headers(night[: COUNT // 2])
        middle = time.perf_counter()
        summary = ingest_paths(database, Store(tmp_path / "store"), Config(), night)
        end = time.perf_counter()
        all_headers(night[COUNT // 2 :])
        loop = (middle - begin + time.perf_counter() - end) / COUNT
    assert summary.counts == {Outcome.INGESTED: COUNT} and not summary.problems
    figures.add(
        Figure(
            GROUP,
            "whole run: files in the store, rows in the database",
            (end - middle) / COUNT,
            limit=loop,
            against="getheader of each HDU",
            most=MOST_INGEST,
        )
    )
