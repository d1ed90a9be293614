"""A kill of each part under load; `make soak` has a hundred."""

from __future__ import annotations

from tests.faults.kills import kill_under_load
from tests.faults.load import large_queries


def test_no_kill_loses_or_doubles_anything(site):
    site.start("serve", "worker")
    large = large_queries(site, ("csv", "votable/td", "fits"))
    assert kill_under_load(site, 1601, large, ("server", "backend", "worker", "postmaster"))["sync whole"]
