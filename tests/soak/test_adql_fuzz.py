"""100,000 random and mutated queries: only trees and located errors, and never a slow one."""

from __future__ import annotations

import random
import time

import pytest

from tests.adql import mutation
from tests.adql.test_mutated import QUERIES, check

COUNT = 100_000
SECONDS = 1.0  # for the slowest query, on a machine that has other things to do as well


@pytest.mark.soak
def test_random_and_mutated_queries() -> None:
    source = random.Random(20_261_120)
    right, slowest = 0, 0.0
    for i in range(COUNT):
        text = mutation.noise(source) if i % 5 == 0 else mutation.mutated(source, QUERIES)
        started = time.perf_counter()
        right += check(text)
        slowest = max(slowest, time.perf_counter() - started)
    assert COUNT * 0.05 < right < COUNT * 0.8
    assert slowest < SECONDS
