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
    site: Observatory,
    chance: random.Random,
    files: int,
    faults: int,
    kills: int,
    *,
    connections: int = 1,
    percent: int = 8,
    timeout: float = 3.0,
) -> Counter[str]:
    """Sends rounds of `files` until there were so many faults and kills; what befell them, by kind.

    `timeout`: for how many seconds the daemon waits for an answer; the line stalls for longer.
    """
    seen: Counter[str] = Counter()
    contents: dict[str, bytes] = {}
    seed = chance.randrange(1 << 30)
    with proxy(site.config.port, seed, percent=percent, most=faults, stall=timeout + 1) as hostile:
        settings = {
            "ingestd_priorities": _RULES,
            "ingestd_connections": connections,
            "ingestd_timeout_seconds": timeout,
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
                    time.sleep(chance.uniform(0.1, 0.5) * timeout)
                    _kill(site, ("ingestd", "server")[seen["kill"] % 2], hostile.port, settings)
                    seen["kill"] += 1
                time.sleep(0.1)
            _check_order(site, set(batch), connections)
        # As long as there is a line: the daemon has yet to hear of the last files.
        site.check(contents)
    return seen + hostile.seen


def _is_done(site: Observatory, names: set[str]) -> bool:
    for name, process in site.processes.items():
        assert process.exitcode is None, (name, site.log(name))
    return names <= set(site.arrived())


def _kill(site: Observatory, name: str, port: int, settings: dict[str, object]) -> None:
    site.kill(name)
    if name == "ingestd":
        site.start_daemon(port, **settings)
    else:
        site.start_server()


def _check_order(site: Observatory, names: set[str], connections: int) -> None:
    """Once all files of a batch were queued, nothing arrived while something more urgent was not being sent.

    So many connections can send as many files, of which the least urgent may be the first to arrive.
    """
    with site.database.writer() as connection:
        rows = connection.execute(
            "SELECT file_name, priority, queued_at, received_at FROM dfs.transfer WHERE file_name = ANY (%s)",
            (list(names),),
        ).fetchall()
    all_queued = max(queued for _, _, queued, _ in rows)
    late = sorted((received, priority, name) for name, priority, _, received in rows if received > all_queued)
    # The first of them were being sent when the last one was queued.
    for place, (_, priority, _name) in enumerate(late[connections:], connections):
        more_urgent = sum(other > priority for _, other, _ in late[place + 1 :])
        assert more_urgent < connections, late
