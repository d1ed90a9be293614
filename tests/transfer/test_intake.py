"""Taking in goes on whatever a file brings out, and says what is wrong; reports tell of all that waits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.config import Config
from archive.database import Database
from archive.protocol import Archive, Workers
from archive.protocol.health import health
from archive.protocol.incoming import Intake, Offer, Parts, Refusal, Taken, Uploads
from archive.store import FileVersion, Store
from ingest.transfer.folders import Stamp
from ingest.transfer.queue import Queue, State
from ingest.transfer.telling import Telling
from tests.waiting import eventually


class Taking:
    """Takes all files but those whose names begin with "bad", while they do."""

    def __init__(self) -> None:
        self.is_mended = False
        self.taken: list[str] = []

    def __call__(self, paths: Sequence[Path]) -> Mapping[Path, Taken | Refusal]:
        if not self.is_mended and any(path.name.startswith("bad") for path in paths):
            raise ZeroDivisionError("a fault of ours")
        self.taken += [path.name for path in paths]
        return {path: Taken(_version(path), is_safe=True) for path in paths}


def _version(path: Path) -> FileVersion:
    moment = datetime.now(UTC)
    return FileVersion(path.stem, 1, path.name, path.name, "0" * 64, 3, "text/plain", str(path), moment)


@pytest.fixture
def uploads(fresh_database: Database, tmp_path: Path) -> Uploads:
    return Uploads(fresh_database, Parts(tmp_path / "incoming"), Config(data_folder=tmp_path))


def deliver(uploads: Uploads, name: str, priority: int = 1) -> None:
    content = b"abc"
    moment = datetime.now(UTC).replace(tzinfo=None)
    offer = Offer(name, len(content), hashlib.sha256(content).hexdigest(), priority, moment)
    uploads.create(offer, "mountain")
    upload = uploads.open(offer.transfer_id, 0, None)
    upload.write(content)
    upload.finish(uploads.database)
    upload.close()


def statuses(uploads: Uploads) -> dict[str, tuple[str, str | None]]:
    with uploads.database.writer() as connection:
        rows = connection.execute("SELECT file_name, status, reason FROM dfs.transfer").fetchall()
    return {str(name): (str(status), reason) for name, status, reason in rows}


def test_a_file_that_brings_out_a_fault_is_set_aside(uploads: Uploads, tmp_path: Path) -> None:
    site = Archive(Config(data_folder=tmp_path), uploads.database, Workers(1), Store(tmp_path / "files"))
    take, troubles = Taking(), site.troubles
    for name, priority in (("bad.txt", 9), ("good.txt", 5), ("better.txt", 1)):
        deliver(uploads, name, priority)
    intake = Intake(uploads, take, troubles)
    intake.start()
    try:
        eventually(lambda: len(take.taken) == 2, lambda: statuses(uploads))
        assert take.taken == ["good.txt", "better.txt"]
        state = health(site)
        assert state.available and state.notes == (
            "files that came in: they wait; the archive's log tells why",
        )
        deliver(uploads, "later.txt")
        eventually(lambda: "later.txt" in take.taken, lambda: statuses(uploads))
        status, reason = statuses(uploads)["bad.txt"]
        assert status == "verified" and "set aside" in str(reason)
    finally:
        intake.close()
    # Whoever starts anew tries it again, and it may have been mended.
    take.is_mended = True
    again = Intake(uploads, take, troubles)
    again.start()
    eventually(lambda: statuses(uploads)["bad.txt"] == ("ingested", None), lambda: statuses(uploads))
    eventually(lambda: not troubles, lambda: troubles)
    again.close()
    site.workers.close()


def test_every_file_that_waits_is_told_of(tmp_path: Path) -> None:
    now = 0.0
    queue = Queue(tmp_path / "queue.sqlite")
    for number in range(8):
        path = tmp_path / str(number)
        queue.add(path, path.name, Stamp(1, 1, number), f"{number:064}", priority=number // 2)
    telling = Telling(queue, page=3, clock=lambda: now)
    told: list[str] = []
    # A page that is not heard is told again.
    assert telling.report() == telling.report()
    while page := telling.report():
        told += [item.name for item in page]
        # Somebody has sent what was told last, and something urgent came meanwhile.
        queue.settle(page[-1], State.SAFE)
        assert 0 <= telling.told(0.01, is_news=False) <= 1
    assert told == ["6", "7", "4", "5", "2", "3", "0", "1"]
    now = 5.0
    assert telling.report() == []
    telling.hurry()
    assert [item.name for item in telling.report()] == ["6", "7", "5"]
    telling.told(0.01, is_news=True)
    queue.close()
