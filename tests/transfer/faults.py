"""Files sent over a hostile line while daemon and server are killed: all arrive once, intact, by priority."""

from __future__ import annotations

import random
import time
from collections import Counter

from tests.transfer.local import write_fits
from tests.transfer.mountain import Observatory
from tests.transfer.proxy import proxy

__all__ = ["under_faults"]

_RULES = ["90 ESO OBS PROG ID = *.ToO", "60 ESO OBS PROG ID = *.A"]
_PROGRAMMES = {"too": "1.ToO", "a": "1.A", "c": "1.C"}


def under_faults(
    site: Observatory, chance: random.Random, files: int, faults: int, kills: int
) -> Counter[str]:
    """Sends rounds of `files` until there were so many faults and kills; what befell them, by kind."""
    seen: Counter[str] = Counter()
    contents: dict[str, bytes] = {}
    with proxy(site.config.port, chance.randrange(1 << 30), percent=8, most=faults) as hostile:
        settings = {
            "ingestd_priorities": _RULES,
            "ingestd_connections": 1,
            "ingestd_timeout_seconds": 3.0,
            "ingestd_chunk_bytes": 30_000,
        }
        number = 0
        while seen["kill"] < kills or hostile.seen.total() < faults:
            batch: dict[str, bytes] = {}
            for _ in range(files):
                number += 1
                kind = chance.choice(list(_PROGRAMMES))
                name = f"{kind}-{number:05}.fits"
                batch[name] = write_fits(
                    site.raw / name,
                    number,
                    chance.randrange(2000, 150_000),
                    ESO_OBS_PROG_ID=_PROGRAMMES[kind],
                )
            contents |= batch
            if "ingestd" not in site.processes:
                site.start_daemon(hostile.port, **settings)
            while not _is_done(site, set(batch)):
                if seen["kill"] < kills and chance.random() < 0.3:
                    time.sleep(chance.uniform(0.2, 1.5))
                    _kill(site, chance, hostile.port, settings)
                    seen["kill"] += 1
                time.sleep(0.1)
            _check_order(site, set(batch))
    site.check(contents)
    return seen + hostile.seen


def _is_done(site: Observatory, names: set[str]) -> bool:
    for name, process in site.processes.items():
        assert process.poll() is None, (name, site.log(name))
    return names <= set(site.arrived())


def _kill(site: Observatory, chance: random.Random, port: int, settings: dict[str, object]) -> None:
    if chance.random() < 0.5:
        site.kill("ingestd")
        site.start_daemon(port, **settings)
    else:
        site.kill("server")
        time.sleep(chance.uniform(0, 0.5))
        site.start_server()


def _check_order(site: Observatory, names: set[str]) -> None:
    """Once all files of a batch were queued, none arrived before a more urgent one."""
    with site.database.writer() as connection:
        rows = connection.execute(
            "SELECT file_name, priority, queued_at, received_at FROM dfs.transfer WHERE file_name = ANY (%s)",
            (list(names),),
        ).fetchall()
    all_queued = max(queued for _, _, queued, _ in rows)
    late = sorted((received, priority, name) for name, priority, _, received in rows if received > all_queued)
    # The first of them was being sent when the last one was queued.
    order = [priority for _, priority, _ in late[1:]]
    assert order == sorted(order, reverse=True), late
