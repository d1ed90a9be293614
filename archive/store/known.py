"""The volumes that an archive's database knows, and telling it what readers came across.

An archive without further volumes has one, the folder `files` in its data folder. Volumes that are added,
drained or moved by another process are seen within seconds.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import psycopg

from ..config import Config
from ..database import Database
from ..errors import Busy, ConfigurationError
from .blocks import BlockSums
from .copies import Event, VolumeRow, VolumeState, record_event, record_sums, set_volume, suspect, volume_rows
from .files import FIRST_VOLUME, Store
from .folders import FolderVolume
from .volumes import Fault, Volume, VolumeFault

__all__ = ["KnownVolumes", "declare_volumes", "make_volume", "open_store"]

_FRESH = 5.0  # seconds
_AGAIN = 60.0  # seconds after which the same fault of the same copy is told again


def open_store(database: Database, config: Config) -> Store:
    """The store of an archive; its tables must exist (`archive.store.initialise`)."""
    with database.writer() as connection:
        declare_volumes(connection, config)
    folder = config.data_folder / "files"
    volumes = KnownVolumes(database, folder, config.copies)
    return Store(
        folder, "link" if config.store_files == "link" else "copy", volumes=volumes, watch=Reports(database)
    )


def make_volume(name: str, address: str, first: Path) -> Volume:
    """The volume at an address, which is empty for the archive's own folder `first`."""
    if not address:
        return FolderVolume(name, first)
    if address.startswith("s3:"):
        # Only archives with buckets load what speaks to them.
        from .buckets import BucketVolume

        return BucketVolume(name, address)
    return FolderVolume(name, Path(address), marked=True)


def declare_volumes(connection: psycopg.Connection[tuple[object, ...]], config: Config) -> None:
    """The volumes of the configuration are in the database; a drained one stays drained."""
    known = {row.name: row for row in volume_rows(connection)}
    for name, address in parse_volumes(config.volumes):
        row = known.get(name)
        if row is None:
            add_volume(connection, name, address, config.data_folder / "files")
        elif row.address != address:
            set_volume(connection, name, address, row.state)


def parse_volumes(entries: Sequence[str]) -> list[tuple[str, str]]:
    pairs = []
    for entry in entries:
        name, equals, address = (part.strip() for part in entry.partition("="))
        if not equals or not address:
            raise ConfigurationError(
                f"volumes: {entry!r} is no volume",
                hint='write "name = /folder" or "name = s3://bucket/prefix"',
            )
        pairs.append((name, checked_address(name, address)))
    return pairs


def checked_address(name: str, address: str) -> str:
    """The address as it is kept: an absolute folder, or a bucket's URL."""
    if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
        raise ConfigurationError(f"{name!r} is no name of a volume", hint="letters, digits, - and _ make one")
    if address.startswith("s3:"):
        return address
    if not Path(address).is_absolute():
        raise ConfigurationError(f"the volume {name} is {address!r}", hint="name a folder by its whole path")
    return str(Path(address))


def add_volume(
    connection: psycopg.Connection[tuple[object, ...]], name: str, address: str, first: Path
) -> Volume:
    """Open a new volume, or a drained one again; ConfigurationError when it cannot be used."""
    address = checked_address(name, address)
    if name == FIRST_VOLUME:
        if Path(address) != first.absolute():
            raise ConfigurationError(f"the volume {name} is the folder {first}", hint="choose another name")
        address = ""
    volume = make_volume(name, address, first)
    try:
        if isinstance(volume, FolderVolume) and address:
            volume.mark()
        else:
            volume.probe()
    except VolumeFault as fault:
        raise ConfigurationError(f"the volume {name}, {address}, cannot be used: {fault.detail}") from fault
    set_volume(connection, name, address, VolumeState.OPEN)
    record_event(connection, Event.ADDED, name)
    return volume


class KnownVolumes:
    """The volumes of the database, looked up again when the last look was some seconds ago."""

    def __init__(self, database: Database, first: Path, copies: int) -> None:
        self.copies = copies
        self._database = database
        self._first = first.absolute()
        self._lock = threading.Lock()
        self._looking = threading.Lock()
        self._looked: float | None = None
        self._rows: list[VolumeRow] = [VolumeRow(FIRST_VOLUME, "", VolumeState.OPEN)]
        self._made: dict[tuple[str, str], Volume] = {}

    def readable(self) -> Sequence[Volume]:
        return self._in({VolumeState.OPEN, VolumeState.DRAINING})

    def writable(self) -> Sequence[Volume]:
        return self._in({VolumeState.OPEN})

    def named(self, name: str) -> Volume:
        """A volume in whatever state; ConfigurationError when there is none of that name."""
        self.look()
        for row in self._rows:
            if row.name == name:
                return self._volume(row)
        known = ", ".join(row.name for row in self._rows)
        raise ConfigurationError(f"there is no volume {name}", hint=f"there are: {known}")

    def _in(self, states: set[VolumeState]) -> list[Volume]:
        if self._looked is None:
            self.look()
        # One reader looks, and may have to wait for the database; the others go by what is known.
        elif time.monotonic() - self._looked > _FRESH and self._looking.acquire(blocking=False):
            try:
                self.look()
            finally:
                self._looking.release()
        return [self._volume(row) for row in self._rows if row.state in states]

    def look(self) -> None:
        """Look now. While the database is away, what was known last holds."""
        with contextlib.suppress(Busy), self._database.writer() as connection:
            self._rows = volume_rows(connection)
        self._looked = time.monotonic()

    def _volume(self, row: VolumeRow) -> Volume:
        with self._lock:
            key = (row.name, row.address)
            if key not in self._made:
                self._made[key] = make_volume(row.name, row.address, self._first)
            return self._made[key]


class Reports:
    """A Watch that writes to the database what readers found, each fault once in a while."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._told: dict[tuple[str, str], float] = {}

    def found(self, place: str, volume: str, fault: VolumeFault) -> None:
        away = fault.fault is Fault.AWAY
        if not self._is_news((volume, "" if away else place)):
            return
        # Reading goes on, whether or not this can be written down now.
        with contextlib.suppress(Busy), self._database.writer() as connection:
            if away:
                record_event(connection, Event.AWAY, volume, detail=fault.detail)
            elif suspect(connection, place, volume):
                record_event(connection, Event.NOTICED, volume, place, f"{fault.fault}: {fault.detail}")

    def _is_news(self, what: tuple[str, str]) -> bool:
        now = time.monotonic()
        with self._lock:
            if now - self._told.get(what, -_AGAIN) < _AGAIN:
                return False
            if len(self._told) > 10_000:
                self._told.clear()
            self._told[what] = now
            return True

    def learned(self, place: str, sums: BlockSums) -> None:
        with contextlib.suppress(Busy), self._database.writer() as connection:
            record_sums(connection, place, sums)
