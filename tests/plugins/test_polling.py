"""Sources that plugins poll: what is new becomes an input once, and no source can do harm."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from archive import LONG, Column, Record, Table
from archive.plugins import Ingest, Plugins
from archive.testing import ArchiveForTests, ClusterForTests, archive_for_tests
from ingest import Accepts, Input, Inputs, Outcome, Poll, Summary, plugin, poll, poll_sources, polling

COUNT = Table(
    "site.counted",
    (Column("number", LONG, nullable=False, description="N"),),
    "Counts",
    primary_key=("number",),
)


@plugin("counter", accepts=Accepts(media_types=("text/count",)), tables=COUNT)
def read_counts(given: Input) -> Iterator[Record]:
    """Numbers, from an address."""
    assert given.media_type.startswith("text/") and given.source.startswith("http://")
    yield COUNT.row(number=int(given.text))


@dataclass
class Source:
    """A web server with one document, which remembers how it was asked."""

    address: str = ""
    content: bytes = b"1"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    slowly: float = 0.0


@pytest.fixture
def source() -> Iterator[Source]:
    state = Source()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked.append(dict(self.headers.items()))
            fresh = state.headers.get("ETag", "-") != self.headers.get("If-None-Match")
            self.send_response(state.status if fresh else 304)
            for name, value in state.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if fresh:
                size = 1 if state.slowly else len(state.content)
                with contextlib.suppress(OSError):
                    for start in range(0, len(state.content), size):
                        self.wfile.write(state.content[start : start + size])
                        time.sleep(state.slowly)

        def log_message(self, format: str, *args: object) -> None:
            """Tests say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        state.address = f"http://127.0.0.1:{server.server_port}/count"
        state.headers = {"Content-Type": "text/count; charset=utf-8"}
        yield state
        server.shutdown()


@pytest.fixture(scope="module")
def shared(test_cluster: ClusterForTests) -> Iterator[ArchiveForTests]:
    assert test_cluster
    with archive_for_tests(read_counts) as made:
        yield made


class Poller:
    def __init__(self, archive: ArchiveForTests, polling: Ingest) -> None:
        self.archive = archive
        self.plugin = polling
        self.inputs = Inputs(archive.database, archive.store, archive.config, Plugins((polling,)))

    def ask(self) -> tuple[Outcome, str | None]:
        report = poll(self.inputs, self.plugin, self.plugin.polls[0])
        return report.outcome, report.reason

    @property
    def numbers(self) -> list[object]:
        return [number for (number,) in self.archive.sql("SELECT number FROM site.counted ORDER BY number")]


@pytest.fixture
def poller(shared: ArchiveForTests, source: Source) -> Iterator[Poller]:
    yield Poller(shared, replace(read_counts, polls=(Poll(source.address, "count.txt"),)))
    with shared.database.writer() as connection:
        # Some rows are gone sooner than tables are made anew.
        for table in ("site.counted", "dfs.input_file", "archive.file", "archive.copy"):
            connection.execute(f"DELETE FROM {table}".encode())


def test_what_is_new_is_taken_in_once(poller: Poller, source: Source) -> None:
    source.headers |= {"ETag": '"a"', "Last-Modified": "Wed, 01 Apr 2026 12:00:00 GMT"}
    assert poller.ask() == (Outcome.INGESTED, None)
    assert poller.ask() == (Outcome.UNCHANGED, None)
    assert source.asked[1]["If-None-Match"] == '"a"'
    assert source.asked[1]["If-Modified-Since"] == "Wed, 01 Apr 2026 12:00:00 GMT"
    source.headers["ETag"], source.content = '"b"', b"2"
    assert poller.ask() == (Outcome.NEW_VERSION, None)
    assert poller.numbers == [1, 2]
    query = "SELECT dp_id, version, media_type, source FROM archive.file ORDER BY version"
    media_type = "text/count; charset=utf-8"
    assert poller.archive.sql(query) == [
        ("counter.count.txt", 1, media_type, source.address),
        ("counter.count.txt", 2, media_type, source.address),
    ]


def test_a_source_without_validators(poller: Poller) -> None:
    assert poller.ask() == (Outcome.INGESTED, None)
    assert poller.ask() == (Outcome.UNCHANGED, None)


def test_an_answer_that_cannot_be_read_is_kept(poller: Poller, source: Source) -> None:
    source.content = b"many"
    outcome, reason = poller.ask()
    assert outcome is Outcome.UNREADABLE and "invalid literal" in str(reason)
    [(key, said)] = poller.archive.sql("SELECT input_id, outcome FROM dfs.input_file")
    assert (key, said) == ("counter.count.txt", "failed")


@pytest.mark.parametrize(
    ("status", "headers", "reason"),
    [
        (500, {}, "it answers 500"),
        (404, {}, "it answers 404"),
        (
            302,
            {"Location": "file:/etc/hostname"},
            "Redirection to url 'file:/etc/hostname' is not allowed",
        ),
        (302, {"Location": "/count"}, "infinite loop"),
        (200, {"Content-Length": "1000"}, "it broke off"),
    ],
)
def test_what_cannot_be_had(
    poller: Poller, source: Source, status: int, headers: dict[str, str], reason: str
) -> None:
    source.status = status
    source.headers |= headers
    outcome, said = poller.ask()
    assert outcome is Outcome.UNREADABLE
    assert reason in str(said) and str(said).startswith(source.address)
    assert poller.archive.sql("SELECT count(*) FROM dfs.input_file") == [(0,)]


def test_a_source_that_sends_for_ever(
    poller: Poller, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "LARGEST", 1 << 20)
    source.content = bytes(1 << 20) + b"1"
    assert "more than 1 MiB" in str(poller.ask()[1])


def test_a_source_that_is_slow(poller: Poller, source: Source, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling, "_SECONDS", 1.0)
    source.content, source.slowly = bytes(1000), 0.05
    assert "took more than 1 seconds" in str(poller.ask()[1])


def test_a_source_that_is_not_there(poller: Poller) -> None:
    gone = replace(poller.plugin, polls=(Poll("http://127.0.0.1:9/none", "count.txt"),))
    assert "Connection refused" in str(Poller(poller.archive, gone).ask()[1])


def test_a_token_comes_from_the_environment(
    poller: Poller, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = replace(poller.plugin, polls=(Poll(source.address, "count.txt", token="COUNT_TOKEN"),))
    with_token = Poller(poller.archive, told)
    assert "COUNT_TOKEN is not in the environment" in str(with_token.ask()[1])
    monkeypatch.setenv("COUNT_TOKEN", "s3cret")
    assert with_token.ask()[0] is Outcome.INGESTED
    assert source.asked[-1]["Authorization"] == "Bearer s3cret"


def test_a_token_is_for_its_host_only(
    poller: Poller, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COUNT_TOKEN", "s3cret")
    told = replace(poller.plugin, polls=(Poll(source.address, "count.txt", token="COUNT_TOKEN"),))
    source.status = 302
    source.headers["Location"] = source.address.replace("127.0.0.1", "localhost")
    Poller(poller.archive, told).ask()
    assert "Authorization" in source.asked[0] and len(source.asked) > 1
    assert not any("Authorization" in asked for asked in source.asked[1:2])


def test_a_round(poller: Poller) -> None:
    summary = Summary()
    poll_sources(poller.inputs, summary)
    assert list(summary.lines()) == ["1 file", "       1 ingested", "           1 by plugin counter"]
