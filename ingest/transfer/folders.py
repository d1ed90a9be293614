"""The watched folders: which files are there, and which of them are complete.

They are looked through again and again rather than watched by the kernel, which tells nothing of what other
machines write to a network folder. A file is complete when it has been still for a while, nobody has it open
for writing and, if it is FITS, its structure is whole; one that was renamed from a temporary name at once.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from archive.errors import UnreadableFile
from archive.store import Header
from archive.tablefiles.fits_scan import scan
from archive.tablefiles.streams import is_fits

__all__ = ["Complete", "Folders", "Stamp", "is_temporary", "stamp"]

_log = logging.getLogger("uraniborg.transfer")
_TEMPORARY = (".part", ".partial", ".tmp", ".temp", ".filepart", ".crdownload", ".swp", "~")
# What seems open, or broken, after so many times the quiet time is sent as it is: the archive will tell.
_PATIENCE = 10.0


@dataclass(frozen=True, slots=True)
class Stamp:
    """What changes when a file does."""

    size: int
    mtime_ns: int
    inode: int


@dataclass(frozen=True, slots=True)
class Complete:
    """A file to be sent, with the headers of its HDUs; it had this stamp before it was looked into."""

    path: Path
    stamp: Stamp
    headers: tuple[Header, ...]


@dataclass(slots=True)
class _Seen:
    stamp: Stamp
    since: float  # by time.monotonic, of the last change
    renamed: bool = False


class Folders:
    """Remembers what it saw at the last look. `inside` are folders whose files are not sent."""

    def __init__(
        self,
        folders: Sequence[Path],
        quiet: float,
        *,
        inside: Collection[Path] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folders = folders
        self._quiet = quiet
        self._inside = {path.absolute() for path in inside}
        self._clock = clock
        self._seen: dict[Path, _Seen] = {}
        self._temporary: set[int] = set()
        self._closed: dict[Path, Stamp] = {}
        self._away: set[str] = set()  # folders that could not be read at the last look

    def look(self, known: Mapping[Path, Stamp]) -> list[Complete]:
        """What is complete, and not known with this stamp; to be called every second or so."""
        now = self._clock()
        seen: dict[Path, _Seen] = {}
        temporary: set[int] = set()
        for path, found in self._walk():
            if is_temporary(path.name):
                temporary.add(found.inode)
                continue
            if known.get(path) == found:
                continue
            before = self._seen.get(path)
            if before is None or before.stamp != found:
                before = _Seen(found, now, before is None and found.inode in self._temporary)
            seen[path] = before
        self._seen, self._temporary = seen, temporary
        return [one for path in seen if (one := self._complete(path, seen[path], now)) is not None]

    def queued(self, one: Complete) -> None:
        """It is known from now on."""
        self._seen.pop(one.path, None)

    @property
    def unfinished(self) -> int:
        """Files that were seen, can be read, and are not yet known; from any thread."""
        return sum(self._closed.get(path) != seen.stamp for path, seen in list(self._seen.items()))

    def _walk(self) -> Iterator[tuple[Path, Stamp]]:
        away: set[str] = set()

        def tell(error: OSError) -> None:
            place = os.fsdecode(error.filename)
            # What lay below may have gone in good order since its own folder was looked through.
            if error.errno == errno.ENOENT and Path(place) not in self._folders:
                return
            away.add(place)
            if place not in self._away:
                _log.error("the folder %s cannot be read: %s", place, error.strerror)

        for top in self._folders:
            for folder, folders, names in os.walk(top, onerror=tell):
                here = Path(folder)
                folders[:] = sorted(
                    name
                    for name in folders
                    if not name.startswith(".") and (here / name).absolute() not in self._inside
                )
                for name in sorted(names):
                    path = here / name
                    with contextlib.suppress(OSError):
                        found = path.lstat()
                        if stat.S_ISREG(found.st_mode):
                            yield path, _stamp(found)
        self._away = away

    def _complete(self, path: Path, seen: _Seen, now: float) -> Complete | None:
        still = now - seen.since
        if still < self._quiet and not seen.renamed:
            return None
        is_late = still >= _PATIENCE * self._quiet
        try:
            if is_written(path) and not is_late:
                return None
            return Complete(path, seen.stamp, _headers(path))
        except UnreadableFile:
            return Complete(path, seen.stamp, ()) if is_late else None
        except OSError as error:
            if error.errno != errno.ENOENT and self._closed.get(path) != seen.stamp:
                self._closed[path] = seen.stamp
                _log.error("%s cannot be read: %s", path, error.strerror)
            return None


def is_temporary(name: str) -> bool:
    """Names under which programs write what they rename when it is whole."""
    return name.startswith(".") or name.lower().endswith(_TEMPORARY)


def stamp(path: Path) -> Stamp | None:
    """None when there is no such file."""
    try:
        return _stamp(path.lstat())
    except FileNotFoundError:
        return None


def _stamp(found: os.stat_result) -> Stamp:
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ino)


def is_written(path: Path) -> bool:
    """Whether somebody has the file open for writing, as far as the kernel tells: on local file systems."""
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        # A lease to read is given when nobody writes, and ends with the handle.
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno == errno.EAGAIN
    finally:
        os.close(handle)
    return False


def _headers(path: Path) -> tuple[Header, ...]:
    """Those of a FITS file; UnreadableFile when its structure is not whole."""
    if not is_fits(path):
        return ()
    return tuple(hdu.header for hdu in scan(path).hdus)
