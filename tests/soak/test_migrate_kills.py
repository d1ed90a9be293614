"""kill -9 of `uraniborg migrate` at random moments: the archive is always one or the other, and opens."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from archive.testing import ClusterForTests
from tests.migrate.support import THINGS, Site, adding, column, copied, sample
from tests.migrate.test_interrupted import BIG, migrating
from tests.migrate.test_steps import PLX, REGION

pytestmark = pytest.mark.soak

ROUNDS = 40
FULL = replace(adding(PLX, REGION, description="More"), positions=(("ra", "dec"),), spans=(("low", "high"),))
OTHERS = (FULL, column("name", folded=True), THINGS)


@pytest.fixture
def site(test_cluster: ClusterForTests) -> Iterator[Site]:
    with sample(test_cluster) as name, copied(test_cluster, name) as own:
        yield own


def test_kills(site: Site) -> None:
    site.run(
        "INSERT INTO cat.things (id, ra, dec, flux)"
        " SELECT i, i % 360, i % 90, i FROM generate_series(3, 20000) i"
    )
    moments, killed = random.Random(1), 0
    for turn in range(ROUNDS):
        wanted = OTHERS[turn % len(OTHERS)]
        with migrating(site, wanted, replace(BIG, destructive=True)) as process:
            time.sleep(moments.uniform(0.5, 4.0))
            killed += process.poll() is None
            process.send_signal(signal.SIGKILL)
        site.prepare(wanted)
        assert not [step for step in site.shown(wanted).taken if step.needed]
        assert site.run("SELECT count(*), sum(id) FROM cat.things") == [(20000, 200010000)]
    assert killed > ROUNDS // 4
