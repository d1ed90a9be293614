"""When a file is complete, what goes first, and what the queue remembers."""

from __future__ import annotations

import os
import sqlite3

import pytest

from archive.errors import ConfigurationError
from archive.store import parse_header
from ingest.transfer.folders import Folders, is_temporary, is_written, stamp
from ingest.transfer.pacing import Backoff
from ingest.transfer.priorities import Priorities
from ingest.transfer.queue import Queue, State
from tests.transfer.local import write_fits


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def folders(tmp_path, clock):
    return Folders([tmp_path], quiet=10.0, inside=[tmp_path / "spool"], clock=clock)


def names(found):
    return [one.path.name for one in found]


def test_a_file_is_complete_when_it_is_still(folders, tmp_path, clock):
    path = tmp_path / "night.log"
    path.write_text("a")
    assert names(folders.look({})) == []
    clock.now += 9
    path.write_text("ab")
    assert names(folders.look({})) == []
    clock.now += 9
    assert names(folders.look({})) == []
    clock.now += 1
    [found] = folders.look({})
    assert found.path == path and found.headers == ()
    assert folders.unfinished == 1
    # In the queue it is not looked at any more until it changes.
    known = {path: found.stamp}
    assert names(folders.look(known)) == [] and folders.unfinished == 0
    path.write_text("abc")
    assert names(folders.look(known)) == [] and folders.unfinished == 1


def test_one_renamed_from_a_temporary_name_is_complete_at_once(folders, tmp_path):
    temporary = tmp_path / "frame.fits.part"
    temporary.write_bytes(write_fits(tmp_path / ".other.fits", 1))
    assert names(folders.look({})) == []
    temporary.rename(tmp_path / "frame.fits")
    [found] = folders.look({})
    assert found.headers[0].text("INSTRUME") == "NIGHTCAM"


def test_fits_is_complete_when_its_structure_is(folders, tmp_path, clock):
    path = tmp_path / "frame.fits"
    content = write_fits(tmp_path / ".whole.fits", 1, size=20_000)
    path.write_bytes(content[:10_000])
    assert names(folders.look({})) == []
    clock.now += 50
    assert names(folders.look({})) == []
    clock.now += 50
    assert names(folders.look({})) == ["frame.fits"], "what stays broken is for the archive to refuse"
    path.write_bytes(content)
    assert names(folders.look({})) == []
    clock.now += 10
    assert names(folders.look({})) == ["frame.fits"]


def test_a_file_that_is_written_is_not_complete(folders, tmp_path, clock):
    path = tmp_path / "frame.raw"
    with path.open("wb") as writer:
        writer.write(b"x")
        writer.flush()
        assert is_written(path)
        folders.look({})
        clock.now += 20
        assert names(folders.look({})) == []
    assert not is_written(path)
    assert names(folders.look({})) == ["frame.raw"]


def test_what_is_left_out(folders, tmp_path, clock):
    for name in (".hidden", "a.part", "b.TMP", "c~", ".folder/x", "spool/queue.sqlite", "below/taken"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "below/taken")
    os.mkfifo(tmp_path / "pipe")
    folders.look({})
    clock.now += 20
    assert names(folders.look({})) == ["taken"]
    assert is_temporary("x.fits.filepart") and not is_temporary("x.fits")


def test_a_folder_that_is_away_is_told_once(tmp_path, clock, caplog):
    folders = Folders([tmp_path / "mounted"], quiet=0.0, clock=clock)
    for _ in range(3):
        assert folders.look({}) == []
    (tmp_path / "mounted").mkdir()
    (tmp_path / "mounted/back").write_text("x")
    assert names(folders.look({})) == ["back"]
    assert [record.message for record in caplog.records] == [
        f"the folder {tmp_path}/mounted cannot be read: No such file or directory"
    ]


def header(**cards: object):
    lines = [f"HIERARCH {name.replace('_', ' ')} = {value!r}" for name, value in cards.items()]
    return parse_header("".join(line.ljust(80) for line in [*lines, "END"]).ljust(2880).encode())


RULES = Priorities(("90 ESO OBS PROG ID = *.ToO", "70 ESO OBS ID = 4?", "10 ESO DPR CATG=CALIB"), 20)


@pytest.mark.parametrize(
    ("headers", "priority"),
    [
        ([], 20),
        ([header(ESO_OBS_PROG_ID="1.ToO", ESO_DPR_CATG="CALIB")], 90),
        ([header(), header(ESO_OBS_PROG_ID="1.ToO")], 90),
        ([header(ESO_OBS_PROG_ID="1.ToO.2")], 20),
        ([header(ESO_OBS_ID=42)], 70),
        ([header(ESO_OBS_ID=421)], 20),
        ([header(ESO_DPR_CATG="CALIB")], 10),
    ],
)
def test_the_first_rule_that_fits_counts(headers, priority):
    assert RULES.of(headers) == priority


@pytest.mark.parametrize("rule", ["", "ESO OBS ID = 1", "5000 A = 1", "5 A", "5 = 1", "5 A ="])
def test_rules_that_are_none(rule):
    with pytest.raises(ConfigurationError, match="is no rule"):
        Priorities((rule,), 20)


def test_the_queue_outlives_its_program(tmp_path):
    files = {name: tmp_path / name for name in ("low", "high", "later")}
    for path in files.values():
        path.write_text(path.name)
    queue = Queue(tmp_path / "queue.sqlite")
    for name, priority in (("low", 1), ("high", 9), ("later", 9)):
        queue.add(files[name], name, stamp(files[name]), name[0] * 64, priority)
    first = queue.claim()
    second = queue.claim()
    assert (first.name, second.name) == ("high", "later")
    assert queue.is_outdone(queue.claim()) is False
    queue.progress(first, 2)
    queue.failed(second, "no line")
    # Killed here: nothing was closed, and nothing is being sent any more.
    again = Queue(tmp_path / "queue.sqlite")
    item = again.claim()
    assert (item.name, item.sent, item.state) == ("high", 2, State.WAITING)
    assert [(one.name, one.attempts, one.reason) for one in again.items(State.WAITING)][1] == (
        "later", 1, "no line",
    )  # fmt: skip
    again.progress(item, item.stamp.size)
    assert [one.name for one in again.items(State.SENT)] == ["high"]
    again.release(item)
    assert again.claim().name == "later"
    with sqlite3.connect(tmp_path / "queue.sqlite") as reader:
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    reader.close()
    again.close()
    queue.close()


def test_another_file_of_a_name_is_not_mistaken_for_the_first(tmp_path):
    path = tmp_path / "x"
    path.write_text("one")
    queue = Queue(tmp_path / "queue.sqlite")
    queue.add(path, "x", stamp(path), "1" * 64, 20)
    old = queue.claim()
    path.write_text("another")
    queue.add(path, "x", stamp(path), "2" * 64, 20)
    queue.progress(old, 3)
    queue.forget(old)
    [new] = queue.items(State.WAITING)
    assert (new.sha256, new.sent) == ("2" * 64, 0)
    queue.close()


def test_a_queue_that_is_none(tmp_path):
    (tmp_path / "queue.sqlite").write_bytes(b"x" * 5000)
    with pytest.raises(ConfigurationError, match="cannot be used"):
        Queue(tmp_path / "queue.sqlite")


def test_pauses_grow_and_differ():
    pauses = [Backoff(1.0, 60.0, failures=failures).next() for failures in range(200)]
    assert all(0.5 <= pause <= 90 for pause in pauses)
    assert max(pauses[:2]) <= 3 and min(pauses[7:]) >= 30
    assert len(set(pauses[7:])) > 100
