"""The scrubber finds every kind of damage, mends what can be mended, and loses nothing."""

from __future__ import annotations

import shutil
import threading
import time
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import obstore
import pytest
from obstore.store import S3Store

from archive.errors import Busy, CopyMissing
from archive.store import initialise
from archive.store.caretaker import Caretaker
from archive.store.scrubbing import Pace, Scrubber, alone
from tests.store.support import Site, content, flip, truncate

SIZE = 200_000


def test_files_are_kept_twice_on_different_volumes_and_spread(site: Site) -> None:
    holders = [frozenset(site.good_copies(site.keep(f"A{n}", content(n, 100)))) for n in range(30)]
    assert {len(names) for names in holders} == {2} and len(set(holders)) == 3
    assert site.rows("SELECT count(*), count(checked_at), count(DISTINCT volume) FROM archive.copy") == [
        (60, 60, 3)
    ]


def test_all_damage_is_repaired_and_told(site: Site) -> None:
    files = [site.keep(f"A{n}", content(n, SIZE)) for n in range(4)]
    damaged = []
    for file, kind in zip(files, ("flip", "cut", "remove", "none"), strict=True):
        name, path = sorted(site.copies(file).items())[0]
        damaged.append(name)
        if kind == "flip":
            flip(path, 12_345)
        elif kind == "cut":
            truncate(path, 100)
        elif kind == "remove":
            path.unlink()
    done = site.scrub()
    assert (done.copies, done.faults, done.repaired, done.lost) == (8, 3, 3, 0)
    assert all(len(site.good_copies(file)) == 2 for file in files)
    assert sorted(map(str, site.events())) == sorted(
        str((event, name, file.dp_id))
        for name, file, fault in zip(damaged, files, ("damaged", "wrong length", "missing"), strict=False)
        for event in (fault, "repaired")
    )
    # What was wrong is kept for whoever wants to know why.
    details = [
        str(row[0]) for row in site.rows("SELECT detail FROM dfs.storage_event WHERE event = 'repaired'")
    ]
    assert sum("quarantine/" in detail for detail in details) == 2
    assert site.scrub().faults == 0
    assert site.rows("SELECT DISTINCT state FROM archive.copy") == [("good",)]


def test_events_are_published(site: Site) -> None:
    table = site.database.catalogue.table("dfs.storage_event")
    assert [column.name for column in table.columns] == [
        "event_time", "volume", "dp_id", "version", "event", "detail",
    ]  # fmt: skip


def test_the_last_bytes_are_never_touched(site: Site) -> None:
    file = site.keep("A", content(1, SIZE))
    before = {}
    for name, path in site.copies(file).items():
        flip(path, 5)
        before[name] = path.read_bytes()
    done = site.scrub()
    assert (done.lost, done.repaired) == (2, 0)
    assert {name: path.read_bytes() for name, path in site.copies(file).items()} == before
    assert [event for event, _, _ in site.events()].count("lost") == 2
    site.scrub()  # known by now, and not told again
    assert [event for event, _, _ in site.events()].count("lost") == 2
    with pytest.raises(CopyMissing):
        site.read("A")
    # One copy comes back by itself, and mends the other.
    flip(site.copies(file)[min(before)], 5)
    site.scrub()
    assert site.scrub().faults == 0 and site.read("A") == content(1, SIZE)
    assert "recovered" in {event for event, _, _ in site.events()}


def test_a_volume_that_is_not_mounted_is_away_and_nothing_is_lost(site: Site, tmp_path: Path) -> None:
    files = [site.keep(f"A{n}", content(n, SIZE)) for n in range(6)]
    (tmp_path / "two").rename(tmp_path / "unmounted")
    (tmp_path / "two").mkdir()
    assert all(site.read(file.dp_id) for file in files)
    done = site.scrub()
    assert done.away == {"two"} and not done.is_well and done.lost == 0
    # In its absence the others hold everything twice.
    assert all(site.good_copies(file) == {"files", "three"} for file in files)
    assert list((tmp_path / "two").iterdir()) == []
    (tmp_path / "two").rmdir()
    (tmp_path / "unmounted").rename(tmp_path / "two")
    assert site.scrub().is_well
    assert [event for event in site.events() if event[1] == "two"][-2:] == [
        ("away", "two", None), ("returned", "two", None),
    ]  # fmt: skip


def test_a_volume_that_is_away_for_a_moment_is_waited_for(site: Site, tmp_path: Path) -> None:
    files = [site.keep(f"A{n}", content(n, SIZE)) for n in range(4)]
    (tmp_path / "two" / "uraniborg-volume").rename(tmp_path / "mark")
    patient = Scrubber(site.database, site.volumes, patience=timedelta(hours=1))
    assert patient.run().away == {"two"} and patient.done.replicated == 0
    with site.database.writer() as connection:
        connection.execute("UPDATE dfs.storage_event SET event_time = event_time - interval '2 hours'")
    assert patient.run().replicated == sum("two" in site.copies(file) for file in files) > 0


def test_what_could_not_be_repaired_is_tried_again_soon(site: Site) -> None:
    file = site.keep("A", content(1, SIZE))
    for path in site.copies(file).values():
        flip(path, 5)
    assert site.scrub().lost == 2
    recently = datetime.now(UTC) - timedelta(days=1)
    assert Scrubber(site.database, site.volumes).run(recently).copies == 0
    with site.database.writer() as connection:
        connection.execute("UPDATE archive.copy SET checked_at = checked_at - interval '11 minutes'")
    flip(next(iter(site.copies(file).values())), 5)
    Scrubber(site.database, site.volumes).run(recently)
    with site.database.writer() as connection:
        connection.execute("UPDATE archive.copy SET checked_at = checked_at - interval '11 minutes'")
    Scrubber(site.database, site.volumes).run(recently)
    assert len(site.good_copies(file)) == 2


def test_an_added_volume_gets_the_copies_that_were_lacking(site: Site, tmp_path: Path, bucket: str) -> None:
    with site.database.writer() as connection:
        connection.execute("DELETE FROM archive.volume WHERE name <> 'files'")
    alone_before = replace(site.config, volumes=(), data_folder=tmp_path / "other")
    old = Site(site.database, alone_before)
    files = [old.keep(f"A{n}", content(n, SIZE)) for n in range(3)]
    assert old.scrub().is_well and old.rows("SELECT count(*) FROM archive.copy") == [(3,)]
    new = Site(site.database, replace(alone_before, volumes=(f"cloud = {bucket}",)))
    done = new.scrub()
    assert (done.replicated, done.lacking) == (3, 0)
    shutil.rmtree(tmp_path / "other" / "files")
    assert [new.read(file.dp_id) for file in files] == [content(n, SIZE) for n in range(3)]
    # And back again, from the bucket.
    assert new.scrub().repaired == 3
    assert all(new.good_copies(file) == {"files"} for file in files)


def test_a_bucket_is_mended_too(site: Site, tmp_path: Path, bucket: str, bucket_client: S3Store) -> None:
    with site.database.writer() as connection:
        connection.execute("DELETE FROM archive.volume WHERE name <> 'files'")
    own = Site(site.database, replace(site.config, volumes=(f"cloud = {bucket}",)))
    large, small = own.keep("A", content(1, 9_000_000)), own.keep("B", content(2, 1000))
    obstore.put(bucket_client, large.place, content(3, 9_000_000))
    obstore.delete(bucket_client, small.place)
    done = own.scrub()
    assert (done.faults, done.repaired) == (2, 2)
    for file, data in ((large, content(1, 9_000_000)), (small, content(2, 1000))):
        assert bytes(obstore.get(bucket_client, file.place).bytes()) == data
        own.store.folder.joinpath(file.place).unlink()
        assert own.read(file.dp_id) == data
        assert own.store.open(own.file(file.dp_id)).path is None
        with own.store.fetched(own.file(file.dp_id)) as path:
            assert path.read_bytes() == data


def test_the_oldest_checks_come_first_and_a_stopped_pass_goes_on(site: Site) -> None:
    for number in range(5):
        site.keep(f"A{number}", content(number, SIZE))
    began = datetime.now(UTC)
    stop = threading.Event()

    class Stopping(Pace):
        taken = 0

        def take(self, amount: int) -> None:
            self.taken += amount
            if self.taken > 4 * SIZE:
                stop.set()

    stopped = Scrubber(site.database, site.volumes, Stopping(0, stop)).run(began)
    assert stopped.copies == 4
    rest = Scrubber(site.database, site.volumes).run(began)
    assert rest.copies == 6
    assert Scrubber(site.database, site.volumes).run(began).copies == 0


def test_the_rate_is_kept() -> None:
    began = time.monotonic()
    pace = Pace(1_000_000)
    for _ in range(4):
        pace.take(50_000)
    assert time.monotonic() - began >= 0.19


def test_one_scrubber_at_a_time(site: Site) -> None:
    with alone(site.database), pytest.raises(Busy, match="another process"), alone(site.database):
        pass
    with alone(site.database):
        pass


def test_a_server_scrubs_in_the_background(site: Site) -> None:
    file = site.keep("A", content(1, SIZE))
    caretaker = Caretaker(
        site.database, site.volumes, replace(site.config, scrub_rate=10_000_000), pause=0.05
    )
    caretaker.start()
    try:
        for path in site.copies(file).values():
            flip(path, 100)
            break
        # A reader notices, and the caretaker mends without waiting for the next round.
        end = time.monotonic() + 60
        while len(site.good_copies(file)) < 2:
            assert time.monotonic() < end
            # A source that has only this copy to read.
            for name in list(site.copies(file)):
                source = site.store.open(site.file("A"))
                source._volumes = [site.volumes.named(name)]
                with suppress(CopyMissing):
                    source.read(0, 10)
            time.sleep(0.05)
    finally:
        caretaker.close()
    assert ("repaired", "A") in {(event, dp_id) for event, _, dp_id in site.events()}


def test_archives_from_before_are_on_the_first_volume(site: Site) -> None:
    file = site.keep("A", content(1, SIZE))
    with site.database.writer() as connection:
        connection.execute("DROP TABLE archive.copy")
        connection.execute("DROP TABLE archive.volume CASCADE")
        connection.execute("ALTER TABLE archive.file DROP COLUMN blocks")
        initialise(connection)
        initialise(connection)
    assert site.rows("SELECT place, volume, state, checked_at FROM archive.copy") == [
        (file.place, "files", "good", None)
    ]
    again = Site(site.database, site.config)
    assert again.read("A") == content(1, SIZE) and again.scrub().lost == 0
    assert again.file("A").blocks == file.blocks and len(again.good_copies(file)) >= 2


def test_nothing_is_checked_again_before_its_time(site: Site) -> None:
    site.keep("A", content(1, SIZE))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    assert Scrubber(site.database, site.volumes).run(yesterday).copies == 0
