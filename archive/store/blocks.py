"""Checksums of blocks: what lets a part of a file be proved right without reading the whole of it.

The SHA-256 of a file is the authority. When its bytes have been read through once and agreed with that, a
CRC-32 of each block is remembered in `archive.file.blocks`; every later read compares the blocks it touches.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from isal import isal_zlib

__all__ = ["BlockSums", "Summing", "block_size"]

_SMALLEST = 1 << 16
_MOST_BLOCKS = 1 << 16


def block_size(size: int) -> int:
    """Bytes in a block of a file of `size` bytes: 64 KiB, more where that makes above 65,536 blocks."""
    block = _SMALLEST
    while size > block * _MOST_BLOCKS:
        block *= 2
    return block


@dataclass(frozen=True, slots=True)
class BlockSums:
    """The CRC-32 of every block of a file; `packed` as in the database: four bytes each, little-endian."""

    size: int
    packed: bytes

    @property
    def block(self) -> int:
        return block_size(self.size)

    @property
    def count(self) -> int:
        return -(-self.size // self.block)

    @property
    def fits(self) -> bool:
        """Whether these can be the sums of a file of that size at all."""
        return len(self.packed) == 4 * self.count

    def agree(self, first: int, content: bytes) -> bool:
        """Whether `content`, which begins with block `first` and ends with a block, is what was kept."""
        sums = _sums([content], self.block)
        expected = self.packed[4 * first :]
        whole = len(content) == self._length(first, max(len(content), 1))
        return whole and expected.startswith(b"".join(sums))

    def _length(self, first: int, wanted: int) -> int:
        """`wanted` in whole blocks, or up to the end of the file."""
        start = first * self.block
        return min(-(-wanted // self.block) * self.block, self.size - start)


class Summing:
    """The sums of a file whose bytes are told one piece after the other, and its SHA-256 besides."""

    def __init__(self, size: int) -> None:
        self.size = size
        self._block = block_size(size)
        self._digest = hashlib.sha256()
        self._packed = bytearray()
        self._crc = 0
        self._filled = 0
        self.seen = 0

    def update(self, content: bytes) -> None:
        self._digest.update(content)
        self.seen += len(content)
        view = memoryview(content)
        while view:
            piece, view = view[: self._block - self._filled], view[self._block - self._filled :]
            self._crc = isal_zlib.crc32(piece, self._crc)
            self._filled += len(piece)
            if self._filled == self._block:
                self._end_block()

    def _end_block(self) -> None:
        self._packed += struct.pack("<I", self._crc)
        self._crc = self._filled = 0

    @property
    def sha256(self) -> str:
        return self._digest.hexdigest()

    def finish(self) -> BlockSums:
        """The sums; call it once, after the last piece."""
        if self._filled:
            self._end_block()
        return BlockSums(self.size, bytes(self._packed))


def _sums(pieces: Iterable[bytes], block: int) -> Iterator[bytes]:
    for piece in pieces:
        view = memoryview(piece)
        for start in range(0, len(piece), block):
            yield struct.pack("<I", isal_zlib.crc32(view[start : start + block]))
