"""The sky that regions of every form cover, as the registry tells it."""

from __future__ import annotations

import pytest

from archive import store
from archive.database import write_records
from archive.database.coverage import coverage
from archive.declare.obscore import OBSCORE
from tests.sia.sky import dataset

BOX = "10 10 20 10 20 20 10 20"


@pytest.fixture(scope="module")
def sky(test_cluster):
    with test_cluster.database() as own:
        with own.writer() as connection:
            store.initialise(connection)
        yield own


def covered(sky, *regions: str) -> set[int]:
    """The cells of order 6."""
    rows = [dataset(f"SIM.{number}", s_region=region) for number, region in enumerate(regions)]
    with sky.writer() as connection:
        connection.execute("TRUNCATE ivoa.obscore")
        write_records(connection, OBSCORE, rows)
        moc = coverage(connection, OBSCORE).spatial
    cells: set[int] = set()
    order = 6
    for word in (moc or "").split():
        if "/" in word:
            order, word = int(word.partition("/")[0]), word.partition("/")[2]
        first, _, last = word.partition("-")
        size = 4 ** (6 - order)
        cells |= set(range(int(first) * size, (int(last or first) + 1) * size))
    return cells


def test_corner_that_turns_inward(sky):
    low, high = "POLYGON ICRS 10 10 40 10 40 20 10 20", "POLYGON ICRS 10 10 20 10 20 50 10 50"
    whole = covered(sky, "POLYGON ICRS 10 10 40 10 40 20 20 20 20 50 10 50")
    parts = covered(sky, low, high)
    # Great circles between other corners are others, by less than a cell or two.
    assert len(parts - whole) < 0.03 * len(parts)
    hull = covered(sky, "POLYGON ICRS 10 10 40 10 40 20 20 50 10 50")
    assert whole < hull


def test_straight_corner(sky):
    assert covered(sky, "POLYGON ICRS 0 0 5 0 10 0 10 10 0 10") == covered(
        sky, "POLYGON ICRS 0 0 10 0 10 10 0 10"
    )


def test_one_odd_region_hides_no_other(sky):
    alone = covered(sky, f"POLYGON ICRS {BOX}")
    both = covered(sky, f"POLYGON ICRS {BOX}", "POLYGON ICRS 100 0 101 0 100.1 0.1 100 1")
    assert alone < both
