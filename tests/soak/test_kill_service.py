"""A hundred kills of server, worker and PostgreSQL under load, on one archive that must survive them all."""

from __future__ import annotations

import random
import time
from collections import Counter

import pytest

from tests.faults.kills import KILLS, kill_under_load
from tests.faults.load import large_queries
from tests.faults.site import new_site

_ROUNDS, _KILLS = 25, 4  # so many loads, so many kills in each


@pytest.mark.soak
def test_no_kill_loses_or_doubles_anything() -> None:
    chance = random.Random(1601)
    seen: Counter[str] = Counter()
    begun = time.monotonic()
    with new_site() as site:
        site.start("serve", "worker")
        large = large_queries(site)
        for seed in range(_ROUNDS):
            kinds = chance.choices(list(KILLS), k=_KILLS)
            seen += kill_under_load(site, seed, large, kinds) + Counter(kinds)
            print(f"round {seed}, {time.monotonic() - begun:.0f} s: {kinds}, {dict(seen)}", flush=True)
    # Otherwise nothing was in danger.
    assert seen["sync whole"] > _ROUNDS and seen["sync broken"] and seen["COMPLETED"] > _ROUNDS
