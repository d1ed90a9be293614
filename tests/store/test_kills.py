"""Processes killed in the middle of keeping, scrubbing and draining: nothing that was accepted is lost."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.store.support import Site, content, flip

SIZE = 400_000
ROOT = Path(__file__).parents[2]

# Does what it is told on the archive of the test, saying what was committed.
_CHILD = """
import sys
from dataclasses import replace
from pathlib import Path
from archive.config import Config
from archive.database import Database
from archive.database.server import Server
from archive.store.moving import drain
from archive.store.scrubbing import Pace, Scrubber, alone
from tests.store.support import Site, content

owner, writer, reader, folder, volumes, action, first, size = sys.argv[1:]
config = replace(Config(), data_folder=Path(folder), volumes=tuple(volumes.split(";")))
database = Database(Server(owner, writer, reader, reader), config)
site = Site(database, config)
print("ready", flush=True)
if action == "keep":
    for number in range(int(first), 1_000_000):
        site.keep(f"K{number}", content(number, int(size)))
        print(number, flush=True)
with alone(database):
    if action == "scrub":
        Scrubber(database, site.volumes, Pace(4e6)).run()
    else:
        drain(database, site.volumes, action, Pace(4e6))
"""


def killed(site: Site, action: str, first: int, seconds: float) -> list[str]:
    """What a process said before it was killed, that long after it was ready."""
    server = site.database.server
    arguments = [
        server.owner, server.writer, server.reader, str(site.config.data_folder),
        ";".join(site.config.volumes), action, str(first), str(SIZE),
    ]  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-c", _CHILD, *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert child.stdout is not None
    try:
        assert child.stdout.readline() == "ready\n"
        time.sleep(seconds)
    finally:
        child.kill()
        rest = child.stdout.read()
        child.stdout.close()
        child.wait()
    return rest.split()


def assert_all_well(site: Site, names: list[str]) -> None:
    for name in names:
        assert site.read(name) == content(int(name[1:]), SIZE)
    assert site.scrub().is_well
    wanted = min(2, len(site.volumes.writable()))
    assert [name for name in names if len(site.good_copies(site.file(name))) < wanted] == []


def kill_while_keeping(site: Site, rounds: int) -> None:
    chance = random.Random(rounds)
    names: list[str] = []
    for _ in range(rounds):
        said = killed(site, "keep", len(names), chance.uniform(0.02, 0.4))
        # What was said was committed; of one more that may be so as well.
        rows = [str(row[0]) for row in site.rows("SELECT dp_id FROM archive.file")]
        assert {f"K{number}" for number in said} <= set(rows)
        names = sorted(rows, key=lambda name: int(name[1:]))
    assert_all_well(site, names)


def kill_while_mending(site: Site, action: str, rounds: int) -> None:
    names = [f"K{number}" for number in range(12)]
    for name in names:
        file = site.keep(name, content(int(name[1:]), SIZE))
        flip(sorted(site.copies(file).items())[0][1], 1000)
    with site.database.writer() as connection:
        connection.execute("UPDATE archive.copy SET checked_at = NULL")
    for turn in range(rounds):
        killed(site, action, 0, 0.3 + 0.6 * turn / rounds)
        assert all(site.read(name) == content(int(name[1:]), SIZE) for name in names)
    assert_all_well(site, names)


def test_killed_while_keeping(site: Site) -> None:
    kill_while_keeping(site, 1)


@pytest.mark.parametrize("action", ["scrub", "two"])
def test_killed_while_scrubbing_and_draining(site: Site, action: str) -> None:
    kill_while_mending(site, action, 1)


@pytest.mark.soak
def test_killed_often_while_keeping(site: Site) -> None:
    kill_while_keeping(site, 20)


@pytest.mark.soak
@pytest.mark.parametrize("action", ["scrub", "two"])
def test_killed_often_while_scrubbing_and_draining(site: Site, action: str) -> None:
    kill_while_mending(site, action, 10)
