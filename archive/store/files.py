"""The store: files kept on one volume or several, whole or not at all, and never overwritten.

A file's place is made from its identifier and its checksum, so another content is another file and an
interrupted write that is repeated finds its own place again. The place is the same on all volumes. Which
version of an identifier is the current one is known to the database (`archive.store.registry`).
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Protocol
from urllib.parse import quote

from ..errors import ConfigurationError, UnreadableFile
from .blocks import BlockSums, Summing
from .folders import FolderVolume
from .proofs import Proofs
from .registry import FileVersion, Packed
from .sources import ByteSource, CopiesSource, Watch, check_size, proven
from .volumes import Fault, Volume, VolumeFault

__all__ = ["FIRST_VOLUME", "Store", "StoredContent", "Volumes", "checksum"]

FIRST_VOLUME = "files"
_CHUNK = 1 << 20
# Linux allows 255 bytes in a name; what is added to an identifier takes up to 60 of them.
_LONGEST_NAME = 180


@dataclass(frozen=True, slots=True)
class StoredContent:
    """A file in the store: `place` on its volumes, hexadecimal SHA-256, size in bytes, the volumes' names.

    `sums` are missing when the file was linked, not copied.
    """

    place: str
    sha256: str
    bytes: int
    volumes: tuple[str, ...] = (FIRST_VOLUME,)
    sums: BlockSums | None = None

    @property
    def blocks(self) -> Packed | None:
        return None if self.sums is None else self.sums.packed


class Volumes(Protocol):
    """The volumes of an archive, as they are at the moment."""

    @property
    def copies(self) -> int:
        """How many of them should have each file."""

    def readable(self) -> Sequence[Volume]: ...

    def writable(self) -> Sequence[Volume]: ...


class _OneFolder:
    """A single folder, and nobody who wants to know of faults."""

    copies = 1

    def __init__(self, folder: Path) -> None:
        self._volumes = (FolderVolume(FIRST_VOLUME, folder),)

    def readable(self) -> Sequence[Volume]:
        return self._volumes

    writable = readable

    def found(self, place: str, volume: str, fault: VolumeFault) -> None:
        """Whoever reads is told when no good copy is left."""

    def learned(self, place: str, sums: BlockSums) -> None:
        """Sums are learned again for each source."""


class Store:
    """The files of an archive. `folder` is its first volume, and all there is unless `volumes` are given.

    `mode` "link" keeps, on the first volume, hard links to the originals (symbolic ones across file
    systems). A linked file shares its bytes with the original: whoever changes that in place damages it.
    """

    def __init__(
        self,
        folder: Path,
        mode: Literal["copy", "link"] = "copy",
        *,
        volumes: Volumes | None = None,
        watch: Watch | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.mode = mode
        alone = _OneFolder(self.folder)
        self.volumes: Volumes = volumes or alone
        self._watch: Watch = watch or alone
        self._proofs = Proofs()

    # --- reading ------------------------------------------------------------------------------------

    def open(self, file: FileVersion) -> ByteSource:
        """The bytes of a file; CopyMissing when no volume has a copy of the right length."""
        sums = None if file.blocks is None else BlockSums(file.bytes, file.blocks)
        if sums is not None and not sums.fits:
            sums = None
        volumes = ranked(self.volumes.readable(), file.place)
        return CopiesSource(file.place, file.sha256, file.bytes, sums, volumes, self._watch, self._proofs)

    @contextmanager
    def fetched(self, file: FileVersion) -> Iterator[Path]:
        """A file with the bytes of a version, for programs that need one; a temporary one if need be."""
        source = self.open(file)
        path = source.path
        if path is not None:
            yield path
            return
        with tempfile.NamedTemporaryFile(suffix=_extension(file.place)) as copy:
            for chunk in source.chunks():
                copy.write(chunk)
            copy.flush()
            yield Path(copy.name)

    def path(self, place: str) -> Path:
        """Where a local copy lies, unverified; in the first volume's folder when there is none."""
        for volume in self.volumes.readable():
            path = volume.path(place)
            if path is not None and path.is_file():
                return path
        return self.folder / place

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders of all local volumes."""
        local = (Path(volume.address) for volume in self.volumes.readable() if volume.is_local)
        return tuple(dict.fromkeys((self.folder, *local)))

    # --- writing ------------------------------------------------------------------------------------

    def keep(self, source: Path, identifier: str, sha256: str) -> StoredContent:
        """Put `source`, whose checksum was taken before, into the store; the same file twice is kept once.

        When this returns, as many volumes as there should be have the file on their disks, and it will
        survive a power failure. UnreadableFile tells what is wrong with the source, ConfigurationError
        with the store: no room, no rights.
        """
        place = self._place(source, identifier, sha256)
        with _reading():
            size = source.stat().st_size
        volumes = ranked(self.volumes.writable(), place)
        wanted = min(self.volumes.copies, len(volumes))
        kept: list[str] = []
        sums: BlockSums | None = None
        faults: list[tuple[Volume, VolumeFault]] = []
        for volume in volumes:
            if len(kept) == wanted:
                break
            try:
                sums = self._keep_on(volume, place, source, sha256, size) or sums
                kept.append(volume.name)
            except VolumeFault as fault:
                faults.append((volume, fault))
        if not kept or len(kept) < wanted:
            raise self._refusal(faults, len(kept), wanted)
        return StoredContent(place, sha256, size, tuple(kept), sums)

    def _keep_on(self, volume: Volume, place: str, source: Path, sha256: str, size: int) -> BlockSums | None:
        summing = Summing(size)
        if has_copy(volume, place, sha256, size, summing):
            return summing.finish()
        if self.mode == "link" and isinstance(volume, FolderVolume) and volume.folder == self.folder:
            volume.link(place, source)
            return None
        summing = Summing(size)
        volume.put(place, _unchanged(source, sha256, summing), size)
        return summing.finish()

    def _refusal(
        self, faults: Sequence[tuple[Volume, VolumeFault]], kept: int, wanted: int
    ) -> ConfigurationError:
        reasons = "; ".join(f"{volume.address}: {fault.detail}" for volume, fault in faults)
        if not faults:
            what = "the store has no volume that takes files"
        elif wanted == 1:
            what = f"the store {reasons.replace(': ', ' takes no files: ', 1)}"
        else:
            what = f"only {kept} of {wanted} volumes take files: {reasons}"
        return ConfigurationError(
            what, hint="what was ingested before is safe; mend this and ingest the rest"
        )

    def _place(self, source: Path, identifier: str, sha256: str) -> str:
        """One of 4096 folders, spread by checksum; the name stays readable."""
        readable = quote(identifier, safe=" :,+@()=")[:_LONGEST_NAME]
        return f"{sha256[:3]}/{readable}~{sha256[:16]}{_extension(source.name)}"

    def sweep(self, age: float = 3600.0) -> int:
        """Remove what interrupted writes left behind more than `age` seconds ago; how many there were."""
        return sum(volume.sweep(age) for volume in self.volumes.writable())


def ranked(volumes: Sequence[Volume], place: str) -> list[Volume]:
    """The volumes in the order in which they are to have, and to be asked for, a file.

    Local ones first; among them another order for each file, but always the same one (rendezvous hashing),
    so that files spread evenly and are found at the first attempt.
    """

    def rank(volume: Volume) -> tuple[bool, bytes]:
        return not volume.is_local, hashlib.sha256(f"{volume.name}/{place}".encode()).digest()

    return sorted(volumes, key=rank)


def has_copy(volume: Volume, place: str, sha256: str, size: int, summing: Summing | None = None) -> bool:
    """Whether a volume has a good copy, read to its end; other faults than a bad copy are raised."""
    try:
        check_size(volume, place, size)
        for _chunk in proven(volume, place, sha256, size, summing):
            pass
    except VolumeFault as fault:
        if fault.fault in {Fault.AWAY, Fault.UNREADABLE}:
            raise
        return False
    return True


@contextmanager
def _reading() -> Iterator[None]:
    try:
        yield
    except OSError as cause:
        raise UnreadableFile(f"cannot be read: {cause.strerror or cause}") from cause


def _unchanged(source: Path, sha256: str, summing: Summing) -> Iterator[bytes]:
    """The bytes of a file; refuses one that changed since its checksum was taken."""
    with _opened(source) as reader:
        while chunk := _chunk(reader):
            summing.update(chunk)
            yield chunk
    if summing.sha256 != sha256:
        raise UnreadableFile("the file changed while it was being read", hint="ingest it again")


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


def _opened(source: Path) -> IO[bytes]:
    with _reading():
        return source.open("rb")


def _chunk(reader: IO[bytes]) -> bytes:
    with _reading():
        return reader.read(_CHUNK)
