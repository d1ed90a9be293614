"""Killing the parts of a running archive under load, and what comes of it. Tests choose the counts."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence

import httpx

from tests.faults.answers import Asked
from tests.faults.checks import all_gone, check
from tests.faults.load import loading
from tests.faults.site import Site
from tests.waiting import eventually

__all__ = ["KILLS", "kill_under_load"]


def _server(site: Site, _chance: random.Random) -> list[str]:
    site.kill("serve")
    return ["serve"]


def _worker(site: Site, _chance: random.Random) -> list[str]:
    site.kill("worker")
    return ["worker"]


def _postmaster(site: Site, _chance: random.Random) -> list[str]:
    """The guardians start another one."""
    site.kill_postgresql(master_only=True)
    return []


def _backend(site: Site, chance: random.Random) -> list[str]:
    """One process of PostgreSQL, upon which the master ends all of them, and recovers."""
    if backends := site.backends():
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(backends), signal.SIGKILL)
    return []


def _everything(site: Site, _chance: random.Random) -> list[str]:
    """As a power cut would."""
    site.kill("serve")
    site.kill("worker")
    site.kill_postgresql(master_only=False)
    return ["serve", "worker"]


KILLS: dict[str, Callable[[Site, random.Random], list[str]]] = {
    "server": _server,
    "worker": _worker,
    "postmaster": _postmaster,
    "backend": _backend,
    "everything": _everything,
}


def kill_under_load(site: Site, seed: int, large: Sequence[Asked], kinds: Sequence[str]) -> Counter[str]:
    """Kills each of `kinds` at some moment of one load, and checks all there is; what was seen, by name."""
    chance = random.Random(seed)
    with loading(site, seed, large) as load:
        for kind in kinds:
            time.sleep(chance.uniform(0.1, 2.0))
            gone = KILLS[kind](site, chance)
            time.sleep(chance.uniform(0.0, 0.5))
            site.start(*gone)
        time.sleep(0.5)
    eventually(site.answers, f"the server does not answer again: {site.log('serve')}")
    seen = load.seen + check(site, load, restarts=len(kinds))
    assert "incident" not in site.whole_log(), site.whole_log()
    with httpx.Client(base_url=f"http://127.0.0.1:{site.port}/tap", timeout=100) as client:
        for id in _ids(site):
            assert client.delete(f"/async/{id}").status_code == 303
    eventually(lambda: all_gone(site), "deleted jobs have left folders")
    return seen


def _ids(site: Site) -> list[str]:
    with site.owner() as connection:
        return [id for (id,) in connection.execute("SELECT job_id FROM archive.job").fetchall()]
