"""uraniborg backup and restore: the database and the stored files, of one moment, checked by checksum.

    STAMP.json     what belongs to a back-up, written last: without it there is none
    STAMP.dump     the database, by pg_dump
    STAMP.files    the files that belong to it: SHA-256, bytes and place, one a line
    STAMP.base     with `wal_archive`: the private database's own files, by pg_basebackup
    files/         the bytes, by place, shared by all back-ups in the folder

Stored files are never changed, so that a further back-up copies only those that are new.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from archive.config import Config
from archive.database import Database, dumping
from archive.database.account import find_account
from archive.database.server import given_server, reader_settings
from archive.errors import ConfigurationError, CopyMissing, UsageError
from archive.store import Connection, FileVersion, Store, checksum
from archive.store.blocks import Summing
from archive.store.copies import refill_copies
from archive.store.files import has_copy
from archive.store.folders import FolderVolume
from archive.store.sources import proven
from archive.store.volumes import VolumeFault

from .opening import open_archive
from .privileges import drop_root
from .progress import Progress
from .server import end_on_terminate

__all__ = ["Manifest", "backup", "find_backup", "make_backup", "restore", "restore_archive", "restore_until"]

FAILED_STATUS = 1
TERMINATED_STATUS = 128 + signal.SIGTERM
_WORKERS = 4
_VERSION = 1
_PAGE = 1000


@dataclass(frozen=True)
class Manifest:
    """What belongs to a back-up, with the checksums of its own files. `missing` had no good copy."""

    made_at: str
    version: int
    dump_sha256: str
    files_sha256: str
    files: int
    bytes: int
    has_files: bool
    missing: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A stored file, as a line of the list tells it."""

    sha256: str
    bytes: int
    place: str

    def __str__(self) -> str:
        return f"{self.sha256}\t{self.bytes}\t{self.place}\n"

    @classmethod
    def parse(cls, line: str) -> _Entry:
        sha256, size, place = line.rstrip("\n").split("\t")
        return cls(sha256, int(size), place)


# --- back-up ----------------------------------------------------------------------------------------------


def backup(config: Config, arguments: argparse.Namespace) -> int:
    end_on_terminate(TERMINATED_STATUS)
    folder: Path = arguments.folder
    if os.geteuid() == 0:
        find_account(config.account).make_folder(folder, 0o700)
    drop_root(config)
    with open_archive(config) as (database, store):
        return make_backup(
            config, database, store, folder, with_files=not arguments.database_only, verify=arguments.verify
        )


def make_backup(
    config: Config,
    database: Database,
    store: Store,
    folder: Path,
    *,
    with_files: bool = True,
    verify: bool = False,
) -> int:
    """A further back-up in a folder; the exit status tells whether all files are in it."""
    with _writing(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return _make_backup(config, database, store, folder, with_files, verify)


def _make_backup(
    config: Config, database: Database, store: Store, folder: Path, with_files: bool, verify: bool
) -> int:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    with dumping.snapshot(database) as moment:
        entries = folder / f"{stamp}.files"
        count, size = _write_list(moment.connection, entries)
        dump = folder / f"{stamp}.dump"
        dumping.dump(database, dump, moment)
    if config.wal_archive and database.cluster is not None:
        dumping.base_backup(database, folder / f"{stamp}.base")
    missing = _copy_files(store, folder, entries, count) if with_files else []
    manifest = Manifest(stamp, _VERSION, checksum(dump), checksum(entries), count, size, with_files, missing)
    _write_manifest(folder, manifest)
    bad = _verify(folder, entries, count) if verify and with_files else []
    what = "" if with_files else ", without the files themselves"
    print(f"{folder}/{stamp}: the database, {count:,} files of {size:,} bytes{what}")
    for place in (*missing, *bad):
        _say(f"uraniborg: no good copy of {place}")
    return FAILED_STATUS if missing or bad else 0


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise ConfigurationError(
            f"the back-up in {folder} cannot be written: {cause.strerror or cause}",
            hint="make room, or give the folder to the account of the archive, and run it again",
        ) from cause


def _write_list(connection: Connection, path: Path) -> tuple[int, int]:
    """How many files there are, and how many bytes."""
    count = size = 0
    with connection.cursor(name="files") as cursor, path.open("w", encoding="utf-8") as file:
        cursor.itersize = _PAGE
        cursor.execute("SELECT DISTINCT sha256, bytes, place FROM archive.file ORDER BY place")
        for sha256, length, place in cursor:
            file.write(str(_Entry(sha256, length, place)))
            count += 1
            size += length
        file.flush()
        os.fsync(file.fileno())
    return count, size


def _read_list(path: Path) -> Iterator[_Entry]:
    with path.open(encoding="utf-8", newline="\n") as file:
        yield from map(_Entry.parse, file)


def _copy_files(store: Store, folder: Path, entries: Path, count: int) -> list[str]:
    """Copies what is not there; the places of which the store has no good copy."""
    kept = FolderVolume("backup", folder / "files")
    kept.sweep(0)

    def copy(entry: _Entry) -> str | None:
        if _is_there(kept, entry):
            return None
        try:
            kept.put(entry.place, _from_store(store, entry), entry.bytes)
        except CopyMissing:
            return entry.place
        except VolumeFault as fault:
            raise ConfigurationError(
                f"the back-up in {folder} takes no more: {fault.detail}",
                hint="make room and run it again: it goes on where it was",
            ) from fault
        return None

    return _in_parallel("backing up", copy, _read_list(entries), count)


def _is_there(kept: FolderVolume, entry: _Entry) -> bool:
    """A file is in its place only when all of it was written; `--verify` reads it."""
    try:
        return kept.size(entry.place) == entry.bytes
    except VolumeFault:
        return False


def _from_store(store: Store, entry: _Entry) -> Iterator[bytes]:
    summing = Summing(entry.bytes)
    unknown = datetime.fromtimestamp(0, UTC)
    source = store.open(
        FileVersion(entry.place, 1, "", entry.place, entry.sha256, entry.bytes, "", "", unknown)
    )
    for chunk in source.chunks():
        summing.update(chunk)
        yield chunk
    if summing.sha256 != entry.sha256:
        raise CopyMissing(f"no good copy of {entry.place} can be read")


def _verify(folder: Path, entries: Path, count: int) -> list[str]:
    """Reads all files of a back-up through; the places of those that are bad."""
    kept = FolderVolume("backup", folder / "files")

    def check(entry: _Entry) -> str | None:
        return None if _is_good(kept, entry) else entry.place

    return _in_parallel("verifying", check, _read_list(entries), count)


def _is_good(volume: FolderVolume, entry: _Entry) -> bool:
    try:
        return has_copy(volume, entry.place, entry.sha256, entry.bytes)
    except VolumeFault:
        return False


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    fresh = folder / f"{manifest.made_at}.json.new"
    with fresh.open("w", encoding="utf-8") as file:
        json.dump(asdict(manifest), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(folder / f"{manifest.made_at}.json")
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(handle)
    os.close(handle)


# --- restore ----------------------------------------------------------------------------------------------


def restore(config: Config, arguments: argparse.Namespace) -> int:
    end_on_terminate(TERMINATED_STATUS)
    folder: Path = arguments.folder
    manifest = find_backup(folder, arguments.made_at)
    _refuse_living(config)
    drop_root(config)
    if arguments.until is not None:
        return restore_until(config, folder, manifest, arguments.until)
    return restore_archive(config, folder, manifest, with_files=not arguments.database_only)


def restore_archive(config: Config, folder: Path, manifest: Manifest, *, with_files: bool = True) -> int:
    """Make the archive of a configuration; the exit status tells whether all its files are there."""
    entries, dump = folder / f"{manifest.made_at}.files", folder / f"{manifest.made_at}.dump"
    for path, expected in ((dump, manifest.dump_sha256), (entries, manifest.files_sha256)):
        if checksum(path) != expected:
            raise UsageError(f"{path} is damaged: its SHA-256 is not that of the back-up")
    if with_files and not manifest.has_files:
        raise UsageError(
            f"the back-up of {manifest.made_at} is one of the database alone",
            hint="restore it with --database-only where the volumes still are",
        )
    bad = _restore_files(config, folder, entries, manifest.files) if with_files else []

    def finish(connection: Connection) -> None:
        if with_files:
            # All files lie on the first volume now; the scrubber brings them to the others.
            refill_copies(connection, bad)

    dumping.restore_database(config, dump, finish)
    with open_archive(config) as (database, _store):
        database.refresh_row_counts()
    print(f"the archive of {manifest.made_at} is in {config.data_folder}; {manifest.files:,} files")
    for place in bad:
        _say(f"uraniborg: not restored, as the back-up has no good copy: {place}")
    return FAILED_STATUS if bad else 0


def restore_until(config: Config, folder: Path, manifest: Manifest, until: str) -> int:
    """The private database as it was at a moment after the back-up; the files are those on the volumes."""
    base = folder / f"{manifest.made_at}.base"
    if not config.wal_archive or not base.is_dir():
        raise UsageError(
            "there is no log to go on with from this back-up",
            hint="wal_archive must have been set when it was made, and must be set now",
        )
    try:
        moment = None if until == "latest" else datetime.fromisoformat(until)
    except ValueError as cause:
        raise UsageError(
            f"--until {until}: no moment", hint="write 2026-12-24T18:00:00Z, or latest"
        ) from cause
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    dumping.restore_to_moment(config, base, moment)
    with open_archive(config) as (database, _store):
        database.refresh_row_counts()
    print(f"the database of {until} is in {config.data_folder}; `uraniborg store scrub` checks the files")
    return 0


def find_backup(folder: Path, made_at: str | None = None) -> Manifest:
    """A complete back-up in a folder, the last one unless another is named."""
    found = sorted(path.stem for path in folder.glob("*.json")) if folder.is_dir() else []
    wanted = made_at or (found[-1] if found else None)
    if wanted not in found:
        known = f"there are: {', '.join(found)}" if found else "`uraniborg backup` makes one"
        raise UsageError(f"there is no such complete back-up in {folder}", hint=known)
    told = json.loads((folder / f"{wanted}.json").read_text("utf-8"))
    if told.get("version") != _VERSION:
        raise UsageError(f"{folder} was written by another version of Uraniborg")
    return Manifest(**told)


def _refuse_living(config: Config) -> None:
    """Before anything is written; the database asks again when it is its turn."""
    if config.dsn:
        dumping.refuse_living(given_server(config.dsn, reader_settings(config)))
    elif dumping.lives_in(config.data_folder / "database", config.account):
        raise dumping.living(str(config.data_folder))


def _restore_files(config: Config, folder: Path, entries: Path, count: int) -> list[str]:
    """Copies the files of a back-up to the first volume; the places of those that are bad in the back-up."""
    kept = FolderVolume("backup", folder / "files")
    first = FolderVolume("files", config.data_folder / "files")

    def copy(entry: _Entry) -> str | None:
        if _is_good(first, entry):
            return None
        if not _is_good(kept, entry):
            return entry.place
        try:
            first.put(entry.place, proven(kept, entry.place, entry.sha256, entry.bytes), entry.bytes)
        except VolumeFault as fault:
            raise ConfigurationError(f"the store {first.folder} takes no files: {fault.detail}") from fault
        return None

    return _in_parallel("restoring", copy, _read_list(entries), count)


# --- both -------------------------------------------------------------------------------------------------


def _in_parallel(
    label: str, act: Callable[[_Entry], str | None], entries: Iterable[_Entry], count: int
) -> list[str]:
    """What `act` gave for those entries for which it gave something."""
    found: list[str] = []
    done = 0
    remaining = iter(entries)
    with ThreadPoolExecutor(_WORKERS) as pool, Progress(label, "files") as progress:
        while page := list(itertools.islice(remaining, _PAGE)):
            found += [place for place in pool.map(act, page) if place is not None]
            done += len(page)
            progress(done, count)
    return found


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
