"""A hostile line, and kills of daemon and server; `make soak` has a thousand faults."""

from __future__ import annotations

import random
import signal

from tests.transfer.faults import under_faults
from tests.transfer.mountain import observatory


def test_every_file_arrives_once_and_intact(fresh_database, tmp_path):
    with observatory(tmp_path, fresh_database) as site:
        seen = under_faults(
            site, random.Random(1572), files=6, faults=8, kills=2, connections=2, percent=20, timeout=0.8
        )
        assert site.kill("ingestd", signal.SIGTERM) == 0, site.log("ingestd")
    assert seen.total() >= 10, seen
