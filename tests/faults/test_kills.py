"""One kill of each part under load; `make soak` has a hundred."""

from __future__ import annotations

from tests.faults.kills import KILLS, kill_under_load
from tests.faults.site import running_site


def test_no_kill_loses_or_doubles_anything():
    with running_site() as site:
        for number, kind in enumerate(KILLS):
            seen = kill_under_load(site, number, [kind])
            print(kind, dict(seen))
            assert seen["sync whole"]
