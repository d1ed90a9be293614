"""Files on disk: kept under their identifier, whole or not at all, and never overwritten.

A file's place is made from its identifier and its checksum, so another content is another file and an
interrupted write that is repeated finds its own place again. Here belong folders, copying and linking;
which version of an identifier is the current one is known to the database (`archive.store.registry`).
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal
from urllib.parse import quote

from ..errors import ConfigurationError, UnreadableFile

__all__ = ["Store", "StoredContent", "checksum"]

_CHUNK = 1 << 20
# Linux allows 255 bytes in a name; what is added to an identifier takes up to 60 of them.
_LONGEST_NAME = 180


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A file in the store: `place` relative to its folder, hexadecimal SHA-256, size in bytes."""

    place: str
    sha256: str
    bytes: int


class Store:
    """A folder of files. `mode` "link" keeps hard links (symbolic ones across file systems) to the originals.

    A linked file shares its bytes with the original: whoever changes that in place changes the archive.
    """

    def __init__(self, folder: Path, mode: Literal["copy", "link"] = "copy") -> None:
        self.folder = folder.absolute()
        self.mode = mode

    def path(self, place: str) -> Path:
        return self.folder / place

    def keep(self, source: Path, identifier: str, sha256: str) -> StoredContent:
        """Put `source`, whose checksum was taken before, into the store; the same file twice is kept once.

        When this returns, the file is on the disk and will survive a power failure. UnreadableFile tells
        what is wrong with the source, ConfigurationError with the store: no room, no rights.
        """
        place = self._place(source, identifier, sha256)
        with _reading():
            size = source.stat().st_size
        with self._writing():
            target = self.path(place)
            if target.is_file() and target.stat().st_size == size:
                return StoredContent(place, sha256, size)
            made = not target.parent.is_dir()
            target.parent.mkdir(parents=True, exist_ok=True)
            with self._temporary() as temporary:
                if self.mode == "link":
                    _link(source, temporary)
                else:
                    _copy(source, temporary, sha256)
                # Both names lie in one file system, so this is atomic.
                os.replace(temporary, target)
            _sync_folder(target.parent)
            if made:
                _sync_folder(self.folder)
        return StoredContent(place, sha256, size)

    def _place(self, source: Path, identifier: str, sha256: str) -> str:
        """One of 4096 folders, spread by checksum; the name stays readable."""
        readable = quote(identifier, safe=" :,+@()=")[:_LONGEST_NAME]
        return f"{sha256[:3]}/{readable}~{sha256[:16]}{_extension(source.name)}"

    def sweep(self, age: float = 3600.0) -> int:
        """Remove what interrupted writes left behind more than `age` seconds ago; how many there were."""
        swept = 0
        for leftover in self._incoming.glob("*"):
            if time.time() - leftover.lstat().st_mtime > age:
                leftover.unlink(missing_ok=True)
                swept += 1
        return swept

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as cause:
            raise ConfigurationError(
                f"the store {self.folder} takes no files: {cause.strerror or cause}",
                hint="what was ingested before is safe; mend this and ingest the rest",
            ) from cause

    @property
    def _incoming(self) -> Path:
        return self.folder / "incoming"

    @contextmanager
    def _temporary(self) -> Iterator[Path]:
        self._incoming.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._incoming)
        os.close(handle)
        try:
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise UnreadableFile(f"cannot be read: {cause.strerror or cause}") from cause


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def checksum(path: Path) -> str:
    """The hexadecimal SHA-256 of a file."""
    with _reading(), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _extension(name: str) -> str:
    """What tells a client how to open the file: ".fits.gz", ".fits.fz", ".fits.Z", ".fits"."""
    stem, dot, last = name.rpartition(".")
    if not dot or not last.isalnum() or len(last) > 8:
        return ""
    before = stem.rpartition(".")[2]
    compressed = last.lower() in {"gz", "z", "fz", "bz2"} and before.lower() in {"fits", "fit", "fts", "mt"}
    return f".{before}.{last}" if compressed else f".{last}"


def _copy(source: Path, target: Path, sha256: str) -> None:
    """Copy and sync; refuses a source that changed since its checksum was taken."""
    digest = hashlib.sha256()
    with _opened(source) as reader, target.open("wb") as writer:
        while chunk := _chunk(reader):
            digest.update(chunk)
            writer.write(chunk)
        writer.flush()
        os.fsync(writer.fileno())
    if digest.hexdigest() != sha256:
        raise UnreadableFile("the file changed while it was being read", hint="ingest it again")
    target.chmod(0o444)


def _opened(source: Path) -> IO[bytes]:
    with _reading():
        return source.open("rb")


def _chunk(reader: IO[bytes]) -> bytes:
    with _reading():
        return reader.read(_CHUNK)


def _link(source: Path, target: Path) -> None:
    target.unlink()
    try:
        os.link(source.resolve(), target)
    except OSError:
        # Another file system, or one without hard links.
        target.symlink_to(source.resolve())
