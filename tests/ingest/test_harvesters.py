"""Files read by processes beside the writer: in order, and one that dies or hangs harms one file only."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

import pytest

from archive.config import Config
from ingest import Publication, harvest
from ingest.harvester import Task
from ingest.harvesters import Harvesters, patience
from ingest.reading import Failure, Found, read
from tests.ingest.support import RAW, TAN, image, write

# Later Pythons warn of what is wanted here.
pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")

PUBLICATION = Publication.of(Config(authority="archive.example"))


@pytest.fixture
def night(tmp_path: Path) -> list[Path]:
    return [
        write(
            tmp_path,
            f"{number:02}.fits",
            image(RAW | TAN | {"ARCFILE": f"ISAAC.2006-04-13T06:32:{number:02}.000.fits"}),
        )
        for number in range(40)
    ]


def tasks(paths: list[Path]) -> list[Task]:
    return [Task(path, None) for path in paths]


def test_what_is_read_elsewhere_is_what_is_read_here(night: list[Path]) -> None:
    night[7].write_bytes(b"SIMPLE")
    night[9].unlink()
    here = [read(path, harvest, PUBLICATION, None) for path in night]
    with Harvesters(PUBLICATION, 2) as harvesters:
        assert list(harvesters.begin(tasks(night))) == here
        known = here[0]
        assert isinstance(known, Found)
        assert list(harvesters.begin([Task(night[0], known.sha256)])) == [None]
    assert [number for number, one in enumerate(here) if isinstance(one, Failure)] == [7, 9]
    assert isinstance(here[9], Failure) and here[9].reason == "no such file or folder"


def test_a_process_that_is_killed_is_replaced_and_no_file_lost(night: list[Path]) -> None:
    with Harvesters(PUBLICATION, 1) as harvesters:
        first = list(harvesters.begin(tasks(night[:8])))
        (pid,) = harvesters.pids
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        rest = list(harvesters.begin(tasks(night[8:])))
        assert harvesters.pids != [pid]
    assert [one.harvest.path for one in first + rest if isinstance(one, Found)] == night


def test_a_process_that_dies_twice_over_a_file_fails_that_file(tmp_path: Path, night: list[Path]) -> None:
    long = write(tmp_path, "long.fits", image(TAN))
    os.truncate(long, 20 << 30)  # takes no room, but seconds to read
    ended = threading.Event()
    with Harvesters(PUBLICATION, 1) as harvesters:

        def kill_its_readers() -> None:
            while not ended.wait(0.01):
                for pid in harvesters.pids:
                    if pid is not None and long in opened(pid):
                        os.kill(pid, signal.SIGKILL)

        thread = threading.Thread(target=kill_its_readers)
        thread.start()
        told = list(harvesters.begin(tasks([*night[:3], long, *night[3:6]])))
        ended.set()
        thread.join()
    assert told[3] == Failure("the process that read it died, twice")
    assert [one.harvest.path for one in told if isinstance(one, Found)] == night[:6]


def opened(pid: int) -> set[Path]:
    """The files that a process has open; none when it has ended."""
    try:
        return {link.readlink() for link in Path(f"/proc/{pid}/fd").iterdir()}
    except OSError:
        return set()


def test_a_process_that_hangs_fails_its_file_only(night: list[Path]) -> None:
    def limit(path: Path) -> float:
        return 2.0 if path == night[3] else patience(path)

    with Harvesters(PUBLICATION, 1, limit) as harvesters:
        list(harvesters.begin(tasks(night[:1])))
        (pid,) = harvesters.pids
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
        found = list(harvesters.begin(tasks(night[3:10])))
    assert found[0] == Failure("the process that read it did not end within 2 seconds")
    assert [one.harvest.path for one in found if isinstance(one, Found)] == night[4:10]


def test_what_is_being_read_ends_at_once(night: list[Path]) -> None:
    with Harvesters(PUBLICATION, 2) as harvesters:
        list(harvesters.begin(tasks(night)))
        pids = harvesters.pids
        for pid in pids:
            assert pid is not None
            os.kill(pid, signal.SIGSTOP)
        harvesters.begin(tasks(night))
        begin = time.monotonic()
    assert time.monotonic() - begin < 30.0 < patience(night[0])
    for pid in pids:
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
