"""Reading a stored file from whichever of its copies is good.

Every byte that `read` and `file` give was compared with the checksum of its block: a copy that is missing,
short, damaged or unreadable is told to the `Watch` and passed over, and when no good one is left there is
an error, never a wrong byte. How copies come to be and are mended is told in `files` and `scrubbing`.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from ..errors import CopyMissing
from .blocks import BlockSums, Summing
from .proofs import Proofs
from .volumes import Fault, Volume, VolumeFault

__all__ = ["ByteSource", "CopiesSource", "FileView", "Watch", "proven"]

_BUFFER = 1 << 16
_REMEMBERED = 1 << 20  # bytes of the blocks read last that are kept for the next read


class ByteSource(Protocol):
    """The bytes of one stored file, from whichever good copy. Safe to use from several threads."""

    @property
    def size(self) -> int: ...

    @property
    def path(self) -> Path | None:
        """The file itself when a good copy lies in a local folder, for programs that need a name or mmap.

        All of it is read and compared with its checksums first, unless that was done within the last hour
        and the file has not changed since: to send a file or a part of it, `read` costs less and begins at
        once. What the disk loses after this is not noticed.
        """

    def read(self, offset: int, length: int) -> bytes:
        """Short only at the end. Raises CopyMissing when no copy has these bytes right."""

    def file(self) -> BinaryIO:
        """A seekable, buffered view that is read as `read` does; whoever asked closes it."""

    def chunks(self, length: int = 1 << 20) -> Iterator[bytes]:
        """All bytes, in pieces of `length`."""

    def checked(self, offset: int, length: int) -> Path | None:
        """A local file in which these bytes are right, so that they can be sent by their place.

        They are read and compared, unless that was done within the last hour and the file has not changed
        since. None when no good copy lies in a local folder.
        """


class Watch(Protocol):
    """Who is told what reading brought to light."""

    def found(self, place: str, volume: str, fault: VolumeFault) -> None:
        """A copy on a volume is not what it should be."""

    def learned(self, place: str, sums: BlockSums) -> None:
        """A file of which no sums were known was read through and found right."""


class CopiesSource:
    """A ByteSource over the volumes that should have a copy, the best first."""

    def __init__(
        self,
        place: str,
        sha256: str,
        size: int,
        sums: BlockSums | None,
        volumes: Sequence[Volume],
        watch: Watch,
        proofs: Proofs,
    ) -> None:
        """Raises CopyMissing when no volume has a file of the right length."""
        self.place = place
        self.size = size
        self._sha256 = sha256
        self._known = sums
        self._volumes = list(volumes)
        self._watch = watch
        self._proofs = proofs
        self._remembered: tuple[int, bytes] = (0, b"")
        self._choose()

    def __repr__(self) -> str:
        return f"<{self.place}, {self.size} bytes, on {', '.join(v.name for v in self._volumes)}>"

    def _choose(self) -> None:
        for volume in list(self._volumes):
            with self._noticing(volume):
                check_size(volume, self.place, self.size)
                return
        raise self._missing()

    @property
    def path(self) -> Path | None:
        for volume in list(self._volumes):
            path = volume.path(self.place)
            if path is None:
                continue
            with self._noticing(volume):
                if not self._proofs.holds(path):
                    self._prove(volume, path)
                return path
        return None

    def _prove(self, volume: Volume, path: Path) -> None:
        before = self._proofs.state(path)
        for _chunk in proven(volume, self.place, self._sha256, self.size):
            pass
        self._proofs.add(path, before)

    def read(self, offset: int, length: int) -> bytes:
        end = min(offset + length, self.size)
        if offset >= end:
            return b""
        sums = self._sums()
        first, last = offset // sums.block, (end - 1) // sums.block
        start, content = self._remembered
        if not (start <= first * sums.block and end <= start + len(content)):
            start, content = first * sums.block, self._blocks(sums, first, last)
            # A small last piece serves readers that ask for little at a time.
            self._remembered = (start, content) if len(content) <= _REMEMBERED else (0, b"")
        if offset == start and len(content) == end - start:
            return content
        return content[offset - start : end - start]

    def file(self) -> BinaryIO:
        return io.BufferedReader(FileView(self, self.place.rpartition("/")[2]), _BUFFER)

    def chunks(self, length: int = 1 << 20) -> Iterator[bytes]:
        for offset in range(0, self.size, length):
            yield self.read(offset, length)

    def _blocks(self, sums: BlockSums, first: int, last: int) -> bytes:
        """The bytes of these blocks, all from one copy if one has all of them right."""
        start = first * sums.block
        length = min((last + 1) * sums.block, self.size) - start
        for volume in list(self._volumes):
            with self._noticing(volume):
                return self._right(volume, sums, first, start, length)
        if first == last:
            raise self._missing()
        return b"".join(self._blocks(sums, block, block) for block in range(first, last + 1))

    def _right(self, volume: Volume, sums: BlockSums, first: int, start: int, length: int) -> bytes:
        """The bytes of whole blocks, `first` the number of the first, as one copy has them."""
        content = volume.read(self.place, start, length)
        if len(content) < length:
            raise VolumeFault(Fault.SHORT, f"ends at byte {start + len(content)} of {self.size}")
        if not sums.agree(first, content):
            raise VolumeFault(Fault.DAMAGED, f"between bytes {start} and {start + length}")
        return content

    def checked(self, offset: int, length: int) -> Path | None:
        sums = self._sums()
        first, last = offset // sums.block, (min(offset + length, self.size) - 1) // sums.block
        start, end = first * sums.block, min((last + 1) * sums.block, self.size)
        for volume in list(self._volumes):
            path = volume.path(self.place)
            if path is None:
                continue
            with self._noticing(volume):
                if not self._proofs.holds_part(path, first, last):
                    before = self._proofs.state(path)
                    self._right(volume, sums, first, start, end - start)
                    self._proofs.add_part(path, before, first, last)
                return path
        return None

    def _sums(self) -> BlockSums:
        """Those that are known, or else what a whole good copy has."""
        if self._known is not None:
            return self._known
        for volume in list(self._volumes):
            with self._noticing(volume):
                summing = Summing(self.size)
                for _chunk in proven(volume, self.place, self._sha256, self.size, summing):
                    pass
                self._known = summing.finish()
                self._watch.learned(self.place, self._known)
                return self._known
        raise self._missing()

    def _noticing(self, volume: Volume) -> suppress:
        return _Noticing(self, volume)

    def notice(self, volume: Volume, fault: VolumeFault) -> None:
        """What a copy did wrong; from now on it is asked last."""
        self._volumes = [*(other for other in self._volumes if other is not volume), volume]
        self._watch.found(self.place, volume.name, fault)

    def _missing(self) -> CopyMissing:
        return CopyMissing(
            f"no good copy of {self.place.rpartition('/')[2]} can be read at the moment",
            hint="the archive's operator has been told; try again later",
        )


class _Noticing(suppress):
    """Passes over the faults of a volume, but tells of them."""

    def __init__(self, source: CopiesSource, volume: Volume) -> None:
        super().__init__(VolumeFault)
        self._source = source
        self._volume = volume

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        if isinstance(error, VolumeFault):
            self._source.notice(self._volume, error)
        return isinstance(error, VolumeFault)


def check_size(volume: Volume, place: str, size: int) -> None:
    """Raises SHORT unless the copy on the volume has that many bytes."""
    found = volume.size(place)
    if found != size:
        raise VolumeFault(Fault.SHORT, f"{found} bytes instead of {size}")


def proven(
    volume: Volume, place: str, sha256: str, size: int, summing: Summing | None = None
) -> Iterator[bytes]:
    """All bytes of a copy; raises a VolumeFault after the last unless they are those of the file."""
    summing = Summing(size) if summing is None else summing
    for chunk in volume.chunks(place):
        summing.update(chunk)
        yield chunk
    if summing.seen != size:
        raise VolumeFault(Fault.SHORT, f"{summing.seen} bytes instead of {size}")
    if summing.sha256 != sha256:
        raise VolumeFault(Fault.DAMAGED, f"SHA-256 {summing.sha256} instead of {sha256}")


class _Bytes(Protocol):
    @property
    def size(self) -> int: ...

    def read(self, offset: int, length: int) -> bytes: ...


class FileView(io.RawIOBase):
    """Bytes that are read by their place, as a file."""

    mode = "rb"

    def __init__(self, source: _Bytes, name: str) -> None:
        self._source = source
        self._name = name
        self._position = 0

    @property
    def name(self) -> str:
        return self._name

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._source.size}[whence]
        if start + offset < 0:
            raise ValueError(f"no position {start + offset} in a file")
        self._position = start + offset
        return self._position

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]  # typeshed has no name for it here
        content = self._source.read(self._position, len(view))
        view[: len(content)] = content
        self._position += len(content)
        return len(content)
