"""Random queries tell nothing of hidden rows: a few here, many thousands in tests/soak.

What each of several people is answered is compared with what an archive answers that does not have the rows
which he may not see: rows, their order and number, the overflow, errors and their texts, and whether
tables that nobody has joined are refused.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

import pytest

from archive.query.viewer import PUBLIC
from archive.testing import ClusterForTests
from tests.access.probing import probe
from tests.access.twins import HIDDEN, ODD_TEXTS, Answer, Twins, Wall, twins

# Those of which the tables with hidden rows are most.
ASKED = (
    *(
        "site.frames",
        "site.frames",
        "site.frames",
        "site.parts",
        "site.parts",
        "site.plain",
        "my_kirsten.mine",
    ),
    *("TAP_UPLOAD.mine", "dbo.raw", "prov.entity", "prov.was_generated_by"),
)
COUNT = 80  # for each wall


@pytest.fixture(scope="module")
def pair(test_cluster: ClusterForTests) -> Iterator[Twins]:
    with twins(test_cluster) as found:
        yield found


def equal(text: str, found: Answer, expected: Answer) -> bool:
    return found == expected


def compare(
    pair: Twins, wall: Wall, seeds: Iterable[int], same: Callable[[str, Answer, Answer], bool] = equal
) -> Counter[str]:
    """Asserts that answers are the same; returns how the queries ended."""
    ends: Counter[str] = Counter()
    tables = [pair.whole.catalogue.table(name) for name in ASKED]
    for seed in seeds:
        source = random.Random(seed)
        viewer = source.choice([*pair.others])
        maxrec, most_pairs = source.choice((0, 3, 10_000, 10_000)), source.choice((10.0, 1e5, 1e7))
        text = probe(seed, tables)
        found, expected = (
            filled.answer(text, viewer, wall, maxrec, most_pairs)
            for filled in (pair.whole, pair.others[viewer])
        )
        if found is None or expected is None:
            ends["too slow"] += 1
            continue
        assert same(text, found, expected), (
            f"seed {seed}, {viewer.user or 'nobody'}, {wall.value}: {text}\n{found}\n{expected}"
        )
        ends["failed" if isinstance(found, str) else "rows" if found[0] else "no rows"] += 1
    return ends


@pytest.mark.parametrize("wall", Wall)
def test_random_queries(pair: Twins, wall: Wall) -> None:
    pair.guard(on=wall is not Wall.FIRST)
    ends = compare(pair, wall, range(COUNT))
    assert all(ends[end] > COUNT / 10 for end in ("rows", "no rows", "failed"))


def test_who_sees_what(pair: Twins) -> None:
    """Or there would be nothing to compare."""
    query = "SELECT number FROM site.frames ORDER BY number"
    pair.guard(on=True)
    seen = {
        viewer.user: pair.whole.answer(query, viewer, Wall.BOTH, len(HIDDEN), 1e7) for viewer in pair.others
    }
    public = ([str({"number": number}) for number in range(1, 7)], False)
    assert seen[""] == seen["stranger"] == seen["delia"] == public
    assert seen["kirsten"] == ([str({"number": n}) for n in sorted([-7, 0, *range(1, 7), 2**62])], False)
    assert seen["tycho"] == ([str({"number": number}) for number in sorted(HIDDEN)], False)


def test_numbers_of_rows(pair: Twins) -> None:
    """What tap_schema and the pages of tables tell is what nobody in particular sees, whoever asks."""
    query = "SELECT table_name, nrows FROM tap_schema.tables ORDER BY table_name"
    public = pair.others[PUBLIC]
    for filled in (pair.whole, public):
        filled.database.refresh_row_counts()
    for viewer in pair.others:
        told = pair.whole.answer(query, viewer, Wall.BOTH, 10_000, 1e7)
        assert told == public.answer(query, PUBLIC, Wall.BOTH, 10_000, 1e7)
        assert isinstance(told, tuple) and str({"table_name": "site.frames", "nrows": 6}) in told[0]


def test_combined_indexes(pair: Twins) -> None:
    """Where the second is searched by a subquery that fails, if it is searched at all."""
    broken = "(SELECT 1 / (number - 1) FROM site.plain)"
    pair.guard(on=True)
    hidden, absent = (
        pair.whole.answer(
            f"SELECT part FROM site.parts WHERE label = '{label}' AND number = {broken}",
            PUBLIC,
            Wall.BOTH,
            10,
            1e7,
        )
        for label in (ODD_TEXTS[42], "nothing")
    )
    assert hidden == absent
