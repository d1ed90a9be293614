"""A volume that is a folder of a local file system.

Files are written under a temporary name in `incoming`, synced and renamed; bytes that were wrong go to
`quarantine`. A folder that was added as a volume has a file that names it: where that is missing, the
disk is not mounted, and nothing is written to what lies beneath.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import DiskFull
from .volumes import Fault, VolumeFault

__all__ = ["FolderVolume"]

_CHUNK = 1 << 20
_MARK = "uraniborg-volume"


class FolderVolume:
    """`marked`: whether the folder must bear the volume's name; otherwise it is made when it is needed."""

    is_local = True

    def __init__(self, name: str, folder: Path, *, marked: bool = False) -> None:
        self.name = name
        self.folder = folder.absolute()
        self._marked = marked

    @property
    def address(self) -> str:
        return str(self.folder)

    def path(self, place: str) -> Path:
        return self.folder / place

    # --- reading ------------------------------------------------------------------------------------

    def size(self, place: str) -> int:
        with self._reading():
            return os.stat(self.path(place)).st_size

    def read(self, place: str, offset: int, length: int) -> bytes:
        with self._reading():
            file = os.open(self.path(place), os.O_RDONLY)
            try:
                pieces = []
                while length > 0 and (piece := os.pread(file, length, offset)):
                    pieces.append(piece)
                    offset += len(piece)
                    length -= len(piece)
            finally:
                os.close(file)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def chunks(self, place: str) -> Iterator[bytes]:
        with self._reading():
            file = self.path(place).open("rb", buffering=0)
        with file:
            while True:
                with self._reading():
                    chunk = file.read(_CHUNK)
                if not chunk:
                    return
                yield chunk

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except FileNotFoundError as cause:
            self.probe()
            raise VolumeFault(Fault.MISSING, "there is no such file") from cause
        except OSError as cause:
            raise VolumeFault(Fault.UNREADABLE, cause.strerror or str(cause)) from cause

    # --- writing ------------------------------------------------------------------------------------

    def put(self, place: str, chunks: Iterable[bytes], size: int) -> None:
        with self._placing(place) as temporary, self._opened(temporary) as writer:
            for chunk in chunks:
                with self._writing():
                    writer.write(chunk)
            with self._writing():
                writer.flush()
                os.fsync(writer.fileno())
                os.fchmod(writer.fileno(), 0o444)

    def _opened(self, path: Path) -> IO[bytes]:
        with self._writing():
            return path.open("wb")

    def link(self, place: str, source: Path) -> None:
        """Keep the original itself: by a hard link, or a symbolic one where that is not possible."""
        with self._placing(place) as temporary, self._writing():
            temporary.unlink()
            try:
                os.link(source.resolve(), temporary)
            except OSError:
                # Another file system, or one without hard links.
                temporary.symlink_to(source.resolve())

    @contextmanager
    def _placing(self, place: str) -> Iterator[Path]:
        """A temporary file that is in its place, durably, when the block has ended well."""
        self.probe()
        target = self.path(place)
        incoming = self.folder / "incoming"
        with self._writing():
            made = not target.parent.is_dir()
            for folder in (target.parent, incoming):
                if not folder.is_dir():
                    folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=incoming)
            os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            with self._writing():
                # Both names lie in one file system, so this is atomic.
                os.replace(temporary, target)
                _sync_folder(target.parent)
                if made:
                    _sync_folder(self.folder)
        finally:
            with contextlib.suppress(OSError):
                temporary.unlink()

    def set_aside(self, place: str) -> str:
        with self._writing():
            quarantine = self.folder / "quarantine"
            quarantine.mkdir(exist_ok=True)
            name = f"{time.time_ns()}~{Path(place).name}"[:250]
            # A second name for the same bytes: the place is never empty, the repair replaces it.
            os.link(self.path(place), quarantine / name, follow_symlinks=False)
            _sync_folder(quarantine)
        return f"quarantine/{name}"

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            yield
        except OSError as cause:
            raise VolumeFault(_fault(cause), cause.strerror or str(cause)) from cause

    # --- the volume as a whole ----------------------------------------------------------------------

    def free(self) -> int | None:
        try:
            return shutil.disk_usage(self.folder).free
        except FileNotFoundError:
            return None if self._marked else shutil.disk_usage(_existing(self.folder)).free

    def probe(self) -> None:
        if self._marked and not (self.folder / _MARK).exists():
            raise VolumeFault(Fault.AWAY, "it is not there, or not mounted")

    def mark(self) -> None:
        """Make the folder a volume of this name; VolumeFault when it is another one's already."""
        with self._writing():
            self.folder.mkdir(parents=True, exist_ok=True)
            mark = self.folder / _MARK
            if mark.exists() and (owner := mark.read_text("utf-8").strip()) != self.name:
                raise VolumeFault(Fault.UNREADABLE, f"it is the volume {owner} already")
            mark.write_text(f"{self.name}\n", "utf-8")
            _sync_folder(self.folder)

    def sweep(self, age: float) -> int:
        """Remove what interrupted writes left behind more than `age` seconds ago; how many there were."""
        swept = 0
        for leftover in (self.folder / "incoming").glob("*"):
            with contextlib.suppress(FileNotFoundError):
                if time.time() - leftover.lstat().st_mtime > age:
                    leftover.unlink()
                    swept += 1
        return swept


def _existing(folder: Path) -> Path:
    return next(parent for parent in folder.parents if parent.exists())


def _fault(error: OSError) -> Fault:
    return Fault.FULL if DiskFull.is_meant_by(error) else Fault.UNREADABLE


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
