"""A hundred kills of each kind in the middle of loads, on one cluster that has to survive them all."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from archive.database import Cluster
from tests.database.kills import kill_backend, kill_loader, kill_master, own_cluster

KILLS = 100


@pytest.mark.soak
@pytest.mark.parametrize("kill", [kill_loader, kill_master, kill_backend], ids=lambda kill: kill.__name__)
def test_no_kill_leaves_a_part(kill: Callable[[Cluster, random.Random], None]) -> None:
    chance = random.Random(kill.__name__)
    with own_cluster() as cluster:
        for _ in range(KILLS):
            kill(cluster, chance)
