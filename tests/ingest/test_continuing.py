"""What a server does for ingest by itself: sources are polled when due, by one process; the plan is kept."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from archive import LONG, Column, Record, Table
from archive.plugins import Ingest, Plugins
from archive.protocol.background import Background
from archive.testing import ArchiveForTests, ClusterForTests, archive_for_tests
from ingest import Accepts, Input, Poll, plugin
from ingest.continuing import Planning, Polling
from ingest.obsplan import derive_obsplan, follow_clock, follow_frames
from ingest.polling import waits
from tests.waiting import eventually

COUNT = Table(
    "site.continued",
    (Column("number", LONG, nullable=False, description="N"),),
    "Counts",
    primary_key=("number",),
)


@plugin("continued", accepts=Accepts(media_types=("text/count",)), tables=COUNT)
def read_counts(given: Input) -> Iterator[Record]:
    """Numbers, from an address."""
    yield COUNT.row(number=int(given.text))


@pytest.fixture(scope="module")
def archive(test_cluster: ClusterForTests) -> Iterator[ArchiveForTests]:
    assert test_cluster
    with archive_for_tests(read_counts) as made:
        yield made


@dataclass
class Source:
    """A web server that counts how often it is asked; what is asked of it stays unanswered while it hangs."""

    address: str = ""
    status: int = 200
    asked: list[str] = field(default_factory=list)
    go_on: threading.Event = field(default_factory=threading.Event)

    def polled(self, name: str, seconds: float) -> Poll:
        return Poll(f"{self.address}/{name}", f"{name}.txt", seconds)


@pytest.fixture
def source() -> Iterator[Source]:
    state = Source()
    state.go_on.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(self.path)
            state.go_on.wait(60)
            with contextlib.suppress(OSError):
                self.send_response(state.status)
                self.send_header("Content-Type", "text/count")
                self.end_headers()
                self.wfile.write(str(len(state.asked)).encode())

        def log_message(self, format: str, *args: object) -> None:
            """Tests say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        state.address = f"http://127.0.0.1:{server.server_port}"
        yield state
        state.go_on.set()
        server.shutdown()


@contextlib.contextmanager
def polling(archive: ArchiveForTests, *sources: Poll) -> Iterator[Ingest]:
    chosen = replace(read_counts, polls=sources)
    work = Polling(archive.database, archive.store, archive.config, Plugins((chosen,)))
    work.start()
    try:
        yield chosen
    finally:
        work.close()


def test_sources_are_asked_when_they_are_due(archive: ArchiveForTests, source: Source) -> None:
    often, seldom = source.polled("often", 1), source.polled("seldom", 3600)
    # Of two servers one asks.
    with polling(archive, often, seldom), polling(archive, often, seldom):
        eventually(lambda: source.asked.count("/often") >= 2)
    assert source.asked.count("/seldom") == 1
    numbers = [int(str(number)) for (number,) in archive.sql("SELECT number FROM site.continued")]
    assert len(numbers) == len(source.asked) and len(set(numbers)) == len(numbers)
    # Whoever starts next asks nothing earlier than it is due.
    with polling(archive, seldom):
        time.sleep(0.3)
    assert source.asked.count("/seldom") == 1


def test_who_cannot_be_had_is_asked_less_often(archive: ArchiveForTests, source: Source) -> None:
    away = source.polled("away", 100)
    source.status = 503
    failed = "UPDATE archive.polling SET failures = %s WHERE url = %s RETURNING outcome, reason"
    with polling(archive, away) as chosen:
        query = "SELECT outcome, failures FROM archive.polling WHERE url LIKE '%/away'"
        eventually(lambda: archive.sql(query) == [("unreadable", 1)])
    with archive.database.writer() as connection:
        assert 150 < waits(connection, chosen, away) <= 200
        ((_, reason),) = connection.execute(failed, (30, away.url)).fetchall()
        assert "503" in str(reason)
        assert 21_000 < waits(connection, chosen, away) <= 21_600


def test_an_answer_that_does_not_come_keeps_nobody_waiting(archive: ArchiveForTests, source: Source) -> None:
    source.go_on.clear()
    slow = source.polled("slow", 1)
    with polling(archive, slow) as chosen:
        eventually(lambda: source.asked == ["/slow"])
        begun = time.monotonic()
    assert time.monotonic() - begun < 20
    # What was broken off is asked again by the next one.
    with archive.database.writer() as connection:
        assert waits(connection, chosen, slow) == 0


def test_whatever_a_step_raises_it_is_done_again(archive: ArchiveForTests) -> None:
    calls: list[int] = []

    def step(_connection: object) -> float:
        calls.append(len(calls))
        if len(calls) < 2:
            raise ZeroDivisionError("a fault of ours")
        return 0.01

    work = Background(archive.database, "test", 0x7E57, step)
    work.start()
    eventually(lambda: len(calls) > 3)
    work.close()


# --- the observing plan -----------------------------------------------------------------------------------

SLOT = datetime.fromisoformat("2026-03-01T00:00:00")
BEFORE, AFTER = datetime.fromisoformat("2026-02-01T00:00:00"), datetime.fromisoformat("2026-03-03T00:00:00")


@pytest.fixture
def planned(archive: ArchiveForTests) -> Iterator[ArchiveForTests]:
    """A block that is scheduled for two days."""
    with archive.database.writer() as connection:
        connection.execute(
            "INSERT INTO dfs.ob (ob_id, ob_name, ob_status, run_id, instrument)"
            " VALUES (7, 'block', '+', '1.2.3', 'FORS2')"
        )
        connection.execute(
            "INSERT INTO dfs.time_slot (period, slot_id, telescope, start_time, end_time, slot_mode, run_id)"
            " VALUES (116, 'slot', 'UT1', %s, %s::timestamp + interval '2 days', 'Visitor', '1.2.3')",
            (SLOT, SLOT),
        )
        derive_obsplan(connection, BEFORE)
    yield archive
    with archive.database.writer() as connection:
        connection.execute("TRUNCATE dfs.ob, dfs.time_slot, dbo.raw, ivoa.obsplan CASCADE")


def _states(archive: ArchiveForTests) -> list[tuple[object, ...]]:
    return archive.sql("SELECT execution_status FROM ivoa.obsplan")


def test_the_plan_follows_the_clock(planned: ArchiveForTests) -> None:
    assert _states(planned) == [("Scheduled",)]
    with planned.database.writer() as connection:
        assert follow_clock(connection, SLOT) == 0
        assert follow_clock(connection, AFTER) == 1
        assert follow_clock(connection, AFTER) == 0
    assert _states(planned) == [("Planned",)]


def test_a_round_derives_all_of_the_plan(planned: ArchiveForTests) -> None:
    with planned.database.writer() as connection:
        connection.execute("UPDATE dfs.ob SET ob_status = 'K'")
    planning = Planning(planned.database)
    with planned.database.connect() as connection:
        pauses = [planning.step(connection) for _ in range(3)]
    assert _states(planned) == [("Unscheduled",)]
    assert pauses[0] < 60 and pauses[1:] == [60, 60]


def test_the_plan_follows_raw_files(planned: ArchiveForTests) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    with planned.database.writer() as connection:
        connection.execute("UPDATE dfs.ob SET ob_status = 'C'")
        derive_obsplan(connection, now)
        assert connection.execute("SELECT 1 FROM ivoa.obsplan").fetchall() == []
        connection.execute(
            "INSERT INTO dbo.raw (dp_id, ob_id, dp_cat, exp_start, exposure, telescope)"
            " VALUES ('FORS2.1', 7, 'SCIENCE', %s, 30, 'ESO-VLT-U1'), ('FORS2.2', 8, 'SCIENCE', %s, 30, 'x')",
            (SLOT, SLOT),
        )
        follow_frames(connection, ["FORS2.1", "FORS2.2", "FORS2.3"])
    assert planned.sql("SELECT obs_id, execution_status, t_min FROM ivoa.obsplan") == [
        ("7", "Performed", 61100.0)
    ]
