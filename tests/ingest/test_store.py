"""The store on disk: whole files or none, nothing twice, nothing overwritten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from archive.database import Database
from archive.errors import NotFound, UnreadableFile
from archive.store import (
    FileVersion,
    HeaderBlock,
    Store,
    checksum,
    find_file,
    histories,
    initialise,
    last_from,
    read_headers,
    record_files,
    record_headers,
)
from tests.ingest.support import card, header_bytes

SHA_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in" / "a.fits.gz"
    path.parent.mkdir()
    path.write_bytes(b"abc")
    return path


def test_a_file_is_kept_under_identifier_and_checksum(tmp_path: Path, source: Path) -> None:
    store = Store(tmp_path / "store")
    assert checksum(source) == SHA_OF_ABC
    kept = store.keep(source, "ISAAC.2006-04-13T06:32:38.944", SHA_OF_ABC)
    assert (kept.sha256, kept.bytes) == (SHA_OF_ABC, 3)
    assert store.path(kept.place).read_bytes() == b"abc"
    assert Path(kept.place).name == "ISAAC.2006-04-13T06:32:38.944~ba7816bf8f01cfea.fits.gz"
    assert not store.path(kept.place).stat().st_mode & 0o222


def test_the_same_file_is_kept_once(tmp_path: Path, source: Path) -> None:
    store = Store(tmp_path / "store")
    first = store.path(store.keep(source, "a", SHA_OF_ABC).place)
    inode = first.stat().st_ino
    assert store.path(store.keep(source, "a", SHA_OF_ABC).place).stat().st_ino == inode


def test_another_content_is_another_file(tmp_path: Path, source: Path) -> None:
    store = Store(tmp_path / "store")
    first = store.path(store.keep(source, "a", SHA_OF_ABC).place)
    source.write_bytes(b"abcd")
    second = store.path(store.keep(source, "a", checksum(source)).place)
    assert (first.read_bytes(), second.read_bytes()) == (b"abc", b"abcd")


def test_what_an_interrupted_write_left_is_replaced_and_swept(tmp_path: Path, source: Path) -> None:
    store = Store(tmp_path / "store")
    kept = store.path(store.keep(source, "a", SHA_OF_ABC).place)
    kept.chmod(0o644)
    kept.write_bytes(b"a")
    assert store.path(store.keep(source, "a", SHA_OF_ABC).place).read_bytes() == b"abc"
    leftover = tmp_path / "store" / "incoming" / "tmp123"
    leftover.write_bytes(b"half")
    assert store.sweep() == 0
    os.utime(leftover, (0, 0))
    assert store.sweep() == 1 and not leftover.exists()


def test_a_file_that_changes_while_it_is_copied_is_refused(tmp_path: Path, source: Path) -> None:
    store = Store(tmp_path / "store")
    with pytest.raises(UnreadableFile, match="changed while"):
        store.keep(source, "a", "0" * 64)
    assert [path for path in (tmp_path / "store").rglob("*") if path.is_file()] == []


def test_links_share_the_bytes(tmp_path: Path, source: Path) -> None:
    store = Store(tmp_path / "store", "link")
    kept = store.path(store.keep(source, "a", SHA_OF_ABC).place)
    assert kept.stat().st_ino == source.stat().st_ino


def test_a_link_across_file_systems_is_symbolic(tmp_path: Path, source: Path) -> None:
    far = Path("/dev/shm") / f"uraniborg-{os.getpid()}"
    store = Store(far, "link")
    try:
        kept = store.path(store.keep(source, "a", SHA_OF_ABC).place)
        assert kept.read_bytes() == b"abc"
        assert kept.is_symlink() == (far.stat().st_dev != source.stat().st_dev)
    finally:
        for path in sorted(far.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        far.rmdir()


@pytest.mark.parametrize("identifier", ["a/../../b", "..", "x" * 400, "Åkesson 1", "%2F"])
def test_no_identifier_leaves_the_store(tmp_path: Path, source: Path, identifier: str) -> None:
    store = Store(tmp_path / "store")
    kept = store.path(store.keep(source, identifier, SHA_OF_ABC).place)
    assert kept.resolve().is_relative_to(tmp_path / "store") and kept.read_bytes() == b"abc"


@pytest.fixture
def bookkeeping(fresh_database: Database) -> Iterator[Database]:
    with fresh_database.writer() as connection:
        initialise(connection)
        initialise(connection)
    yield fresh_database


def version(number: int, sha256: str = "0", source: str = "/in/a.fits") -> FileVersion:
    moment = datetime(2026, 1, number, tzinfo=UTC)
    return FileVersion("a", number, "a.fits", f"0/a{number}", sha256, 3, "image/fits", source, moment)


def test_versions_are_found(bookkeeping: Database) -> None:
    files = [version(1), version(2, "1", "/in/b.fits"), version(3, "2")]
    with bookkeeping.writer() as connection:
        record_files(connection, files)
        assert find_file(connection, "a") == files[2]
        assert find_file(connection, "a", 1) == files[0]
        history = histories(connection, ["a", "unknown"])
        assert history["a"].current == files[2] and len(history) == 1
        assert history["a"].versions == (files[2], files[1], files[0])
        assert history["a"].last_from("/in/b.fits") == files[1]
        assert history["a"].last_from("/in/c.fits") is None
        assert last_from(connection, ["/in/b.fits", "/in/c.fits"]) == {"/in/b.fits": files[1]}
        with pytest.raises(NotFound, match="no file b"):
            find_file(connection, "b")
        with pytest.raises(NotFound, match="version 9"):
            find_file(connection, "a", 9)


def test_headers_come_back_byte_for_byte(bookkeeping: Database) -> None:
    first = header_bytes([card("SIMPLE", True), "OBSERVER= 'Åkesson'", "COMMENT  é"])
    second = header_bytes([card("XTENSION", "IMAGE"), card("EXTNAME", "CHIP1")])
    with bookkeeping.writer() as connection:
        record_files(connection, [version(1), version(2)])
        blocks = [HeaderBlock.of(0, "", 3, first), HeaderBlock.of(1, "CHIP1", 2, second)]
        record_headers(connection, [("a", 1, blocks[:1]), ("a", 2, blocks)])
        assert [header.raw for header in read_headers(connection, "a")] == [first, second]
        assert [header.raw for header in read_headers(connection, "a", 1)] == [first]
        assert read_headers(connection, "a")[0].text("OBSERVER") == "Åkesson"
        assert read_headers(connection, "b") == ()
