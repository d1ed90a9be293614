"""uraniborg store ...: the volumes, their copies and their checks, in words that NGAS has too.

What each does is `archive.store`'s; here it is called and told about.
"""

from __future__ import annotations

import argparse
import mimetypes
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from archive import store as storage
from archive.config import Config
from archive.database import Database
from archive.errors import ConfigurationError, NotFound, UsageError
from archive.store import FileVersion, Store, checksum, find_file
from archive.store.copies import CopyState, copies_of, counted_volumes
from archive.store.known import KnownVolumes, add_volume
from archive.store.moving import drain
from archive.store.scrubbing import Pace, Scrubber, Task, alone
from archive.store.subscriptions import EVERYTHING, deliver, subscribe, subscriptions, unsubscribe
from archive.store.volumes import Volume, VolumeFault

from .opening import open_archive
from .privileges import drop_root
from .server import end_on_terminate

__all__ = ["act", "store"]

FAILED_STATUS = 1
TERMINATED_STATUS = 128 + signal.SIGTERM


@dataclass(frozen=True)
class _Open:
    config: Config
    arguments: argparse.Namespace
    database: Database
    store: Store
    volumes: KnownVolumes

    def file(self) -> FileVersion:
        with self.database.writer() as connection:
            return find_file(connection, self.arguments.dp_id, self.arguments.version)


def store(config: Config, arguments: argparse.Namespace) -> int:
    end_on_terminate(TERMINATED_STATUS)
    drop_root(config)
    with open_archive(config) as (database, held):
        return act(config, arguments, database, held)


def act(config: Config, arguments: argparse.Namespace, database: Database, held: Store) -> int:
    """One of the actions, on an open archive; the exit status."""
    assert isinstance(held.volumes, KnownVolumes)
    return _ACTIONS[arguments.action](_Open(config, arguments, database, held, held.volumes))


def _list(archive: _Open) -> int:
    with archive.database.writer() as connection:
        rows = counted_volumes(connection)
    heading = ("volume", "state", "copies", "bytes", "free", "suspect", "bad", "oldest check", "address")
    lines = [heading]
    for row in rows:
        volume = archive.volumes.named(row.name)
        checked = f"{row.oldest_check:%Y-%m-%d %H:%M}" if row.oldest_check else "-"
        lines.append(
            (
                row.name, _state(volume, str(row.state)), f"{row.copies:,}", f"{row.bytes:,}", _free(volume),
                f"{row.suspect:,}", f"{row.bad:,}", checked, volume.address,
            )
        )  # fmt: skip
    widths = [max(len(line[column]) for line in lines) for column in range(len(heading))]
    for line in lines:
        cells = [
            cell.rjust(width) if 2 <= column <= 6 else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())
    return 0


def _state(volume: Volume, state: str) -> str:
    try:
        volume.probe()
    except VolumeFault:
        return f"{state}, away"
    return state


def _free(volume: Volume) -> str:
    free = volume.free()
    return "-" if free is None else f"{free:,}"


def _add(archive: _Open) -> int:
    name, address = archive.arguments.volume, archive.arguments.address
    with archive.database.writer() as connection:
        add_volume(connection, name, address, archive.config.data_folder / "files")
    print(f"{name} takes files; `uraniborg store scrub` makes the copies that are lacking")
    return 0


def _drain(archive: _Open) -> int:
    pace = _pace(archive.arguments.rate)
    with alone(archive.database, Task.DRAINING):
        stuck = drain(archive.database, archive.volumes, archive.arguments.volume, pace)
    if stuck:
        for place in stuck[:20]:
            _say(f"uraniborg: no good copy could be made elsewhere of {place}")
        raise ConfigurationError(
            f"{len(stuck):,} files are still on {archive.arguments.volume}, which is not drained",
            hint="see dfs.storage_event for the reasons, mend them and drain it again",
        )
    print(f"{archive.arguments.volume} is drained: all its files are elsewhere, its bytes may be removed")
    return 0


def _scrub(archive: _Open) -> int:
    scrubber = Scrubber(archive.database, archive.volumes, _pace(archive.arguments.rate))
    with alone(archive.database):
        if archive.arguments.once:
            done = scrubber.run()
            for line in done.lines():
                print(line)
            return 0 if done.is_well else FAILED_STATUS
        while True:
            done = scrubber.run(datetime.now(UTC) - timedelta(days=archive.config.scrub_days))
            if done.copies or done.replicated:
                _say("; ".join(done.lines()))
            threading.Event().wait(30)


def _check(archive: _Open) -> int:
    """NGAS: CHECKFILE."""
    file = archive.file()
    scrubber = Scrubber(archive.database, archive.volumes)
    with archive.database.writer() as connection:
        copies = copies_of(connection, file.place)
    for copy in copies:
        scrubber.check(copy)
    with archive.database.writer() as connection:
        copies = copies_of(connection, file.place)
    for copy in copies:
        print(f"{file.dp_id} version {file.version} on {copy.volume}: {copy.state}")
    return 0 if copies and all(copy.state == CopyState.GOOD for copy in copies) else FAILED_STATUS


def _clone(archive: _Open) -> int:
    file = archive.file()
    archive.volumes.named(archive.arguments.volume)
    Scrubber(archive.database, archive.volumes).clone(file.place, archive.arguments.volume)
    print(f"{file.dp_id} version {file.version} is on {archive.arguments.volume}")
    return 0


def _retrieve(archive: _Open) -> int:
    file = archive.file()
    source = archive.store.open(file)
    path: Path | None = archive.arguments.path
    if path is None:
        for chunk in source.chunks():
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
        return 0
    if path.is_dir():
        path /= file.name
    try:
        with path.open("xb") as writer:
            for chunk in source.chunks():
                writer.write(chunk)
    except OSError as cause:
        raise UsageError(f"{path} cannot be written: {cause.strerror}") from cause
    print(f"{path}: {file.dp_id} version {file.version}, {file.bytes:,} bytes, sha256 {file.sha256}")
    return 0


def _archive(archive: _Open) -> int:
    """Any file under an identifier; FITS files that should be found by what they are go to `ingest`."""
    path: Path = archive.arguments.path
    dp_id = archive.arguments.id or path.name
    media_type = (
        archive.arguments.media_type or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    )
    sha256 = checksum(path)
    with archive.database.writer() as connection:
        storage.lock_identifiers(connection, [dp_id])
        try:
            known = find_file(connection, dp_id)
        except NotFound:
            known = None
        if known is not None and known.sha256 == sha256:
            print(f"{dp_id} version {known.version} is this file already")
            return 0
        kept = archive.store.keep(path, dp_id, sha256)
        file = FileVersion(
            dp_id, known.version + 1 if known else 1, path.name, kept.place, sha256, kept.bytes, media_type,
            str(path), datetime.now(UTC), kept.blocks,
        )  # fmt: skip
        storage.record_files(connection, [file])
        storage.record_copies(connection, [kept])
    print(f"{dp_id} version {file.version} is on {', '.join(kept.volumes)}")
    return 0


def _subscribe(archive: _Open) -> int:
    given = archive.arguments
    with archive.database.writer() as connection:
        account = EVERYTHING if given.everything else given.account or ""
        waiting = subscribe(connection, given.name, given.target, given.pattern, given.since, account)
    print(f"{given.name} gets every new file like {given.pattern}; {waiting:,} wait for it now")
    return 0


def _unsubscribe(archive: _Open) -> int:
    with archive.database.writer() as connection:
        unsubscribe(connection, archive.arguments.name)
    print(f"{archive.arguments.name} gets no files any more")
    return 0


def _deliver(archive: _Open) -> int:
    done = deliver(archive.database, archive.store)
    print(f"{done.delivered:,} files delivered, {done.failed:,} attempts failed")
    with archive.database.writer() as connection:
        rows = subscriptions(connection)
    for row in rows:
        trouble = f", last failure: {row.error}" if row.error else ""
        print(f"{row.name} ({row.target}): {row.waiting:,} files wait{trouble}")
    return FAILED_STATUS if done.failed else 0


_ACTIONS: Mapping[str, Callable[[_Open], int]] = {
    "list": _list,
    "add": _add,
    "drain": _drain,
    "scrub": _scrub,
    "check": _check,
    "clone": _clone,
    "retrieve": _retrieve,
    "archive": _archive,
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "deliver": _deliver,
}


def _pace(rate: float) -> Pace:
    if rate < 0:
        raise UsageError(
            "a rate is not negative", hint="say --rate 20e6 for 20 MB/s, 0 for as fast as can be"
        )
    return Pace(rate)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
