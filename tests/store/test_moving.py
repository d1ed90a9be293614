"""Draining a volume: nothing is given up before it is safe elsewhere."""

from __future__ import annotations

import resource
import shutil
import signal
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from archive.errors import ConfigurationError
from archive.store import record_copies
from archive.store.known import add_volume
from archive.store.moving import drain
from archive.store.scrubbing import Pace
from tests.store.support import Site, content, flip

SIZE = 100_000


def state(site: Site, name: str) -> object:
    return site.rows(f"SELECT state FROM archive.volume WHERE name = '{name}'")[0][0]


def test_a_drained_volume_is_not_needed_any_more(site: Site, tmp_path: Path) -> None:
    files = [site.keep(f"A{n}", content(n, SIZE)) for n in range(9)]
    assert drain(site.database, site.volumes, "two") == []
    assert state(site, "two") == "drained"
    assert site.rows("SELECT count(*) FROM archive.copy WHERE volume = 'two'") == [(0,)]
    shutil.rmtree(tmp_path / "two")
    assert all(site.good_copies(file) == {"files", "three"} for file in files)
    assert all(site.read(f"A{n}") == content(n, SIZE) for n in range(9))
    assert site.scrub().is_well
    later = site.keep("B", content(20, SIZE))
    assert site.good_copies(later) == {"files", "three"}


def test_the_first_volume_can_be_drained_too(site: Site) -> None:
    files = [site.keep(f"A{n}", content(n, SIZE)) for n in range(5)]
    assert drain(site.database, site.volumes, "files") == []
    shutil.rmtree(site.store.folder)
    assert all(site.good_copies(file) == {"two", "three"} for file in files)


def test_the_last_volume_is_not_drained(site: Site) -> None:
    site.keep("A", content(1, SIZE))
    drain(site.database, site.volumes, "two")
    drain(site.database, site.volumes, "three")
    assert site.good_copies(site.file("A")) == {"files"}
    with pytest.raises(ConfigurationError, match="no other volume takes files"):
        drain(site.database, site.volumes, "files")
    assert state(site, "files") == "open"


def test_a_drain_that_has_no_room_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(9):
        site.keep(f"A{number}", content(number, SIZE))
    for name in ("two", "three"):
        monkeypatch.setattr(site.volumes.named(name), "free", lambda: 1000)
    with pytest.raises(ConfigurationError, match="there is room for 2,000"):
        drain(site.database, site.volumes, "files")
    assert state(site, "files") == "open"


def test_a_drain_to_a_volume_that_is_away_is_refused(site: Site, tmp_path: Path) -> None:
    site.keep("A", content(1, SIZE))
    (tmp_path / "three" / "uraniborg-volume").unlink()
    with pytest.raises(ConfigurationError, match="three"):
        drain(site.database, site.volumes, "two")


def test_old_copies_are_not_trusted_unread(site: Site) -> None:
    files = [site.keep(f"A{n}", content(n, SIZE)) for n in range(6)]
    files = [file for file in files if "two" in site.copies(file)]
    assert files
    for file in files:
        for name, path in site.copies(file).items():
            if name != "two":
                flip(path, 77)
                break
    with site.database.writer() as connection:
        connection.execute("UPDATE archive.copy SET checked_at = now() - interval '30 days'")
    assert drain(site.database, site.volumes, "two") == []
    assert all(site.good_copies(file) >= {"files", "three"} for file in files)


def test_what_has_no_good_copy_keeps_a_volume_from_being_drained(site: Site) -> None:
    good, bad = site.keep("A", content(1, SIZE)), site.keep("B", content(2, SIZE))
    for path in site.copies(bad).values():
        flip(path, 77)
    holder = next(iter(site.copies(bad)))
    with site.database.writer() as connection:
        connection.execute("UPDATE archive.copy SET checked_at = NULL")
    assert drain(site.database, site.volumes, holder) == [bad.place]
    assert state(site, holder) == "draining"
    assert site.copies(bad)[holder].is_file() and site.read("A") == content(1, SIZE) and good


def test_a_stopped_drain_goes_on(site: Site) -> None:
    files = [site.keep(f"A{n}", content(n, SIZE)) for n in range(9)]
    stop = threading.Event()

    class Stopping(Pace):
        def take(self, amount: int) -> None:
            stop.set()

    drain(site.database, site.volumes, "two", Stopping(0, stop))
    assert state(site, "two") == "draining"
    assert all(len(site.good_copies(file)) >= 2 for file in files)
    assert "two" not in {name for file in [site.keep("B", content(30, SIZE))] for name in site.copies(file)}
    drain(site.database, site.volumes, "two")
    assert state(site, "two") == "drained"


def test_a_file_that_was_being_written_is_not_left_on_a_drained_volume(site: Site, tmp_path: Path) -> None:
    source = tmp_path / "a.fits"
    source.write_bytes(content(1, SIZE))
    site.keep("A", content(1, SIZE))
    kept = replace(site.store.keep(source, "late", site.file("A").sha256), volumes=("two",))
    drain(site.database, site.volumes, "two")
    with pytest.raises(ConfigurationError, match="drained while"), site.database.writer() as connection:
        record_copies(connection, [kept])


def test_a_drained_volume_can_be_opened_again(site: Site, tmp_path: Path) -> None:
    site.keep("A", content(1, SIZE))
    drain(site.database, site.volumes, "two")
    again = Site(site.database, site.config)
    assert state(site, "two") == "drained"  # the configuration alone does not open it
    with site.database.writer() as connection:
        add_volume(connection, "two", str(tmp_path / "two"), again.store.folder)
    assert state(site, "two") == "open"


def test_a_full_disk_says_so(site: Site) -> None:
    """A limit on the size of files stands in for a disk: what the system says is handled alike."""
    source = site.incoming / "large.fits"
    source.write_bytes(content(1, 3_000_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    usual = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, before[1]))
    try:
        with pytest.raises(ConfigurationError, match=r"only 0 of 2 volumes take files: .*File too large"):
            site.store.keep(source, "large", "0" * 64)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, usual)
    for volume in site.volumes.readable():
        assert list(Path(volume.address).glob("incoming/*")) == []
