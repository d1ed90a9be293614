"""An archive with several volumes, files to put into it, and the ways in which disks fail."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from archive.config import Config
from archive.database import Database
from archive.store import FileVersion, Store, checksum, find_file, open_store, record_copies, record_files
from archive.store.known import KnownVolumes
from archive.store.scrubbing import Scrubbed, Scrubber

KEYS = ("AKIDTESTS", "secret-of-the-tests")


def content(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


@dataclass
class Site:
    database: Database
    config: Config
    store: Store = field(init=False)
    volumes: KnownVolumes = field(init=False)

    def __post_init__(self) -> None:
        self.store = open_store(self.database, self.config)
        assert isinstance(self.store.volumes, KnownVolumes)
        self.volumes = self.store.volumes

    @property
    def incoming(self) -> Path:
        folder = self.config.data_folder.parent / "incoming"
        folder.mkdir(exist_ok=True)
        return folder

    def keep(self, dp_id: str, data: bytes, version: int = 1) -> FileVersion:
        path = self.incoming / f"{dp_id}.fits"
        path.write_bytes(data)
        kept = self.store.keep(path, dp_id, checksum(path))
        file = FileVersion(
            dp_id, version, path.name, kept.place, kept.sha256, kept.bytes, "application/fits", str(path),
            datetime.now(UTC), kept.blocks,
        )  # fmt: skip
        with self.database.writer() as connection:
            record_files(connection, [file])
            record_copies(connection, [kept])
        return file

    def file(self, dp_id: str) -> FileVersion:
        with self.database.writer() as connection:
            return find_file(connection, dp_id)

    def read(self, dp_id: str) -> bytes:
        source = self.store.open(self.file(dp_id))
        return source.read(0, source.size)

    def copies(self, file: FileVersion) -> dict[str, Path]:
        """Where files lie that bear this file's place, by volume."""
        found = {}
        for volume in self.volumes.readable():
            path = volume.path(file.place)
            if path is not None and path.is_file():
                found[volume.name] = path
        return found

    def good_copies(self, file: FileVersion) -> set[str]:
        return {
            name
            for name, path in self.copies(file).items()
            if hashlib.sha256(path.read_bytes()).hexdigest() == file.sha256
        }

    def scrub(self) -> Scrubbed:
        return Scrubber(self.database, self.volumes).run()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        with self.database.writer() as connection:
            return connection.execute(query.encode()).fetchall()

    def events(self) -> list[tuple[object, ...]]:
        return self.rows(
            "SELECT event, volume, dp_id FROM dfs.storage_event"
            " WHERE event NOT IN ('added', 'scrubbed') ORDER BY event_time, event"
        )


def flip(path: Path, offset: int, bit: int = 0) -> None:
    """Change one bit in place, as a bad disk does."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ (1 << bit)]))


def truncate(path: Path, size: int) -> None:
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.truncate(size)
