"""What a volume is: a place for files that can fail by itself. A folder is one, an S3 bucket another.

A volume knows places and bytes; which file a place belongs to, and what its bytes should be, is known above.
Whatever goes wrong is a `VolumeFault`, so that a reader can go on to another copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Protocol

__all__ = ["Fault", "Volume", "VolumeFault"]


class Fault(StrEnum):
    """What can be wrong with a copy, or with the volume on which it should lie."""

    MISSING = "missing"
    SHORT = "wrong length"
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    FULL = "full"
    AWAY = "away"


class VolumeFault(Exception):
    """A volume could not do what it was asked to. `detail` is for operators."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(f"{fault}: {detail}")
        self.fault = fault
        self.detail = detail


class Volume(Protocol):
    """Files by their place, such as "0a1/name~0a1b.fits". All methods raise VolumeFault, and only that."""

    @property
    def name(self) -> str: ...

    @property
    def address(self) -> str:
        """The folder, or the URL of the bucket."""

    @property
    def is_local(self) -> bool:
        """Whether the files are read without a network."""

    def size(self, place: str) -> int:
        """Bytes of a file; MISSING when there is none."""

    def read(self, place: str, offset: int, length: int) -> bytes:
        """Short only where the file ends."""

    def chunks(self, place: str) -> Iterator[bytes]:
        """All bytes of a file, piece by piece."""

    def put(self, place: str, chunks: Iterable[bytes], size: int) -> None:
        """Put a file there, whole or not at all, safe from power failures when this returns.

        What the iterator raises goes on to the caller, and then there is no file.
        """

    def set_aside(self, place: str) -> str:
        """Give what lies there a second name, under which it outlives a repair; that name."""

    def path(self, place: str) -> Path | None:
        """The file itself where it lies in a folder of this machine."""

    def free(self) -> int | None:
        """Bytes for which there is room; None when nobody knows."""

    def probe(self) -> None:
        """Raises AWAY when the volume cannot be reached."""

    def sweep(self, age: float) -> int:
        """Remove what interrupted writes left behind more than `age` seconds ago; how many there were."""
