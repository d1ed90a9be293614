"""Back-ups: consistent, checked, and an archive again when they are restored."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from archive.config import Config
from archive.database import open_database
from archive.errors import ConfigurationError, UsageError
from archive.store.folders import FolderVolume
from frontdesk.backup import find_backup, make_backup, restore_archive
from tests.store.support import Site, content, flip

SIZE = 100_000


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that the database's account can enter."""
    with tempfile.TemporaryDirectory(prefix="uraniborg-backup-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def restored(folder: Path, backup: Path, **options: bool) -> Iterator[tuple[Site, int]]:
    config = replace(Config(), data_folder=folder)
    status = restore_archive(config, backup, find_backup(backup), **options)
    database = open_database(config)
    try:
        yield Site(database, config), status
    finally:
        database.close()


def back_up(site: Site, folder: Path, **options: bool) -> int:
    return make_backup(site.config, site.database, site.store, folder, **options)


def test_a_back_up_becomes_the_same_archive(site: Site, open_folder: Path) -> None:
    for number in range(5):
        site.keep(f"A{number}", content(number, SIZE + number))
    site.keep("A0", b"another", version=2)
    backup = open_folder / "backup"
    assert back_up(site, backup, verify=True) == 0
    # What comes after the back-up is not in it, but in the next one, which copies only that.
    before = {path: path.stat().st_ino for path in (backup / "files").rglob("*") if path.is_file()}
    site.keep("B", content(9, SIZE))
    assert len(before) == 6
    with restored(open_folder / "one", backup) as (archive, status):
        assert status == 0
        assert archive.rows("SELECT count(*) FROM archive.file") == [(6,)]
        assert archive.read("A0") == b"another"
        assert [archive.read(f"A{n}") for n in range(1, 5)] == [content(n, SIZE + n) for n in range(1, 5)]
        assert archive.rows("SELECT DISTINCT volume FROM archive.copy") == [("files",)]
        assert archive.scrub().is_well
        assert archive.database.catalogue.table("ivoa.ObsCore").name == "ivoa.ObsCore"
        with pytest.raises(ConfigurationError, match="a restore replaces none"):
            restore_archive(archive.config, backup, find_backup(backup))
        assert archive.read("A0") == b"another"
    assert back_up(site, backup) == 0
    after = {path: path.stat().st_ino for path in (backup / "files").rglob("*") if path.is_file()}
    assert len(after) == 7 and before.items() <= after.items()
    assert [find_backup(backup).files, len(list(backup.glob("*.json")))] == [7, 2]


def test_what_the_store_has_lost_is_told_and_the_rest_is_there(site: Site, tmp_path: Path) -> None:
    lost, good = site.keep("A", content(1, SIZE)), site.keep("B", content(2, SIZE))
    for path in site.copies(lost).values():
        flip(path, 5)
    backup = tmp_path / "backup"
    assert back_up(site, backup) == 1
    assert find_backup(backup).missing == [lost.place]
    assert FolderVolume("backup", backup / "files").path(good.place).read_bytes() == content(2, SIZE)
    assert not FolderVolume("backup", backup / "files").path(lost.place).exists()


def test_damage_to_a_back_up_is_found(site: Site, tmp_path: Path) -> None:
    file = site.keep("A", content(1, SIZE))
    backup = tmp_path / "backup"
    back_up(site, backup)
    flip(FolderVolume("backup", backup / "files").path(file.place), 5)
    assert back_up(site, backup, verify=True) == 1
    manifest = find_backup(backup)
    for name in ("dump", "files"):
        flip(backup / f"{manifest.made_at}.{name}", 20)
        with pytest.raises(UsageError, match=f"{name} is damaged"):
            restore_archive(replace(Config(), data_folder=tmp_path / "new"), backup, manifest)
        flip(backup / f"{manifest.made_at}.{name}", 20)
    assert not (tmp_path / "new").exists()


def test_an_unfinished_back_up_is_none(site: Site, tmp_path: Path) -> None:
    backup = tmp_path / "backup"
    for folder in (backup, tmp_path / "nothing"):
        with pytest.raises(UsageError, match="no such complete back-up"):
            find_backup(folder)
    back_up(site, backup)
    manifest = next(backup.glob("*.json"))
    with pytest.raises(UsageError, match=f"there are: {manifest.stem}"):
        find_backup(backup, "20000101T000000.000000Z")
    manifest.rename(manifest.with_suffix(".json.new"))
    with pytest.raises(UsageError):
        find_backup(backup)
    told = json.loads(manifest.with_suffix(".json.new").read_text())
    manifest.write_text(json.dumps(told | {"version": 99}))
    with pytest.raises(UsageError, match="another version"):
        find_backup(backup)


def test_a_back_up_without_room_says_so(site: Site, tmp_path: Path) -> None:
    file = site.keep("A", content(1, SIZE))
    backup = tmp_path / "backup"
    backup.mkdir()
    (backup / "files").mkdir()
    # A file where a folder should be: nothing can be put there.
    (backup / "files" / file.place.split("/")[0]).write_bytes(b"")
    with pytest.raises(ConfigurationError, match="takes no more"):
        back_up(site, backup)
    assert list(backup.glob("*.json")) == []
