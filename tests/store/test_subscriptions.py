"""Subscribers get every file that fits, whatever happens in between."""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from archive.errors import NotFound, UsageError
from archive.store.caretaker import Messenger
from archive.store.subscriptions import deliver, subscribe, subscriptions, unsubscribe
from tests.store.support import Site, content, flip


class Receiver(ThreadingHTTPServer):
    """Takes files by PUT, or refuses them."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, bytes] = {}
        self.headers: dict[str, str] = {}
        self.refuses = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/in"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_PUT(self) -> None:
        length = int(self.headers["Content-Length"])
        data = self.rfile.read(length)
        if len(data) < length:
            return  # broken off: RFC 9112, section 8, has it be incomplete
        if self.server.refuses:
            self.send_error(507)
            return
        self.server.files[self.path] = data
        self.server.headers = dict(self.headers)
        self.send_response(201)
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_subscriptions(site: Site) -> Iterator[None]:
    yield
    with site.database.writer() as connection:
        connection.execute("TRUNCATE archive.subscription, archive.backlog")


def start(site: Site, *arguments: object) -> int:
    with site.database.writer() as connection:
        return subscribe(connection, *arguments)


def waiting(site: Site) -> dict[str, int]:
    with site.database.writer() as connection:
        return {one.name: one.waiting for one in subscriptions(connection)}


def retry_now(site: Site) -> None:
    with site.database.writer() as connection:
        connection.execute("UPDATE archive.backlog SET next_attempt = now()")


def test_a_folder_gets_new_files_that_fit(site: Site, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    site.keep("HAWKI.old", b"before")
    start(site, "quality", str(tmp_path / "out"), "HAWKI.*")
    site.keep("HAWKI.1_", content(1, 1000))
    site.keep("UVES.1", content(2, 1000))
    assert waiting(site) == {"quality": 1}
    done = deliver(site.database, site.store)
    assert (done.delivered, done.failed) == (1, 0)
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()} == {
        "HAWKI.1_.fits": content(1, 1000)
    }
    assert waiting(site) == {"quality": 0} and deliver(site.database, site.store).delivered == 0


def test_files_from_before_are_delivered_when_asked_for(site: Site, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    site.keep("A", b"abc")
    assert start(site, "all", str(tmp_path / "out"), "*", datetime.now(UTC) - timedelta(hours=1)) == 1
    deliver(site.database, site.store)
    assert (tmp_path / "out" / "A.fits").read_bytes() == b"abc"


def test_an_address_gets_them_by_put_with_a_checksum(site: Site, receiver: Receiver) -> None:
    start(site, "mirror", receiver.address)
    data = content(1, 3_000_000)
    site.keep("A+B", data)
    assert deliver(site.database, site.store).delivered == 1
    assert receiver.files == {"/in/A%2BB.fits": data}
    assert receiver.headers["Archive-Identifier"] == "A+B" and receiver.headers["Archive-Version"] == "1"
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert receiver.headers["Repr-Digest"] == f"sha-256=:{digest}:"


def test_what_is_refused_waits_and_comes_again(site: Site, receiver: Receiver) -> None:
    receiver.refuses = True
    start(site, "mirror", receiver.address)
    site.keep("A", b"abc")
    assert deliver(site.database, site.store).failed == 1
    assert deliver(site.database, site.store).failed == 0  # not at once
    with site.database.writer() as connection:
        [told] = subscriptions(connection)
    assert (told.waiting, told.attempts) == (1, 1) and told.error is not None and "507" in told.error
    receiver.refuses = False
    retry_now(site)
    assert deliver(site.database, site.store).delivered == 1
    assert receiver.files == {"/in/A.fits": b"abc"} and waiting(site) == {"mirror": 0}


def test_a_target_that_is_away_loses_nothing_and_hinders_nobody(site: Site, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    start(site, "away", str(tmp_path / "unmounted"))
    start(site, "silent", "http://127.0.0.1:9/in")
    start(site, "well", str(tmp_path / "out"))
    site.keep("A", b"abc")
    done = deliver(site.database, site.store)
    assert (done.delivered, done.failed) == (1, 2)
    assert waiting(site) == {"away": 1, "silent": 1, "well": 0}
    assert not (tmp_path / "unmounted").exists()


def test_damaged_bytes_are_never_delivered(site: Site, receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    start(site, "folder", str(tmp_path / "out"))
    start(site, "mirror", receiver.address)
    file = site.keep("A", content(1, 3_000_000))
    for path in site.copies(file).values():
        flip(path, 2_500_000)
    assert deliver(site.database, site.store).failed == 2
    assert list((tmp_path / "out").iterdir()) == [] and receiver.files == {}
    for path in site.copies(file).values():
        flip(path, 2_500_000)
    retry_now(site)
    assert deliver(site.database, site.store).delivered == 2


def test_a_file_that_was_not_committed_is_not_delivered(site: Site, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    start(site, "folder", str(tmp_path / "out"))
    with pytest.raises(ZeroDivisionError), site.database.writer() as connection:
        connection.execute(
            "INSERT INTO archive.file VALUES ('A', 1, 'a', 'p', 's', 1, 'm', 's', now(), NULL)"
        )
        raise ZeroDivisionError
    assert waiting(site) == {"folder": 0}


def test_a_server_delivers_in_the_background(site: Site, receiver: Receiver) -> None:
    start(site, "mirror", receiver.address)
    messenger = Messenger(site.database, site.store, pause=0.05)
    messenger.start()
    try:
        site.keep("A", b"abc")
        end = datetime.now(UTC) + timedelta(seconds=60)
        while waiting(site) != {"mirror": 0}:
            assert datetime.now(UTC) < end
    finally:
        messenger.close()
    assert receiver.files == {"/in/A.fits": b"abc"}


def test_subscriptions_begin_once_and_end(site: Site, tmp_path: Path) -> None:
    start(site, "folder", str(tmp_path))
    with pytest.raises(UsageError, match="already"):
        start(site, "folder", str(tmp_path))
    with pytest.raises(UsageError, match="whole path"):
        start(site, "other", "relative/folder")
    site.keep("A", b"abc")
    with site.database.writer() as connection:
        unsubscribe(connection, "folder")
    assert waiting(site) == {} and site.rows("SELECT count(*) FROM archive.backlog") == [(0,)]
    with pytest.raises(NotFound), site.database.writer() as connection:
        unsubscribe(connection, "folder")
