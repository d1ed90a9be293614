"""A kill of each part under load; `make soak` has a hundred."""

from __future__ import annotations

from tests.faults.kills import kill_under_load
from tests.faults.load import large_queries
from tests.faults.site import running_site


def test_no_kill_loses_or_doubles_anything():
    with running_site() as site:
        large = large_queries(site)
        for seed, kinds in enumerate((("server", "backend"), ("worker", "postmaster"))):
            assert kill_under_load(site, seed, large, kinds)["sync whole"]
