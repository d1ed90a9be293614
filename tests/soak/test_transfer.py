"""A thousand faults on the line from the observatory, and kills on both of its ends."""

from __future__ import annotations

import random
import time

import pytest

from tests.transfer.faults import under_faults
from tests.transfer.mountain import observatory

_ROUNDS, _FAULTS, _KILLS = 10, 100, 5  # so many lines, so many faults and kills on each


@pytest.mark.soak
def test_every_file_arrives_once_and_intact(test_cluster, tmp_path) -> None:
    begun = time.monotonic()
    for seed in range(_ROUNDS):
        folder = tmp_path / str(seed)
        folder.mkdir()
        with test_cluster.database() as database, observatory(folder, database) as site:
            # With one connection the order is strict; with several, what each of them sends is out of it.
            seen = under_faults(
                site,
                random.Random(seed),
                files=25,
                faults=_FAULTS,
                kills=_KILLS,
                connections=1 + 2 * (seed % 2),
            )
        print(f"round {seed}, {time.monotonic() - begun:.0f} s: {dict(seen)}", flush=True)
        assert seen.total() >= _FAULTS + _KILLS
