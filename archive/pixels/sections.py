"""Sections of arrays, read piece by piece: no more bytes than needed, nor more at once than a few megabytes.

Rows that lie close together are read in one go, as each read costs a check of whole blocks, or a request to
another machine. Values are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from math import prod

import numpy as np

from .hdus import Bytes

__all__ = ["PIECE", "Box", "box_bytes", "copy", "read_section"]

# First and last + 1 of the pixels along each axis, the fastest first, counted from 0.
Box = tuple[tuple[int, int], ...]

PIECE = 4 << 20  # bytes in memory at once
_GAP = 256 << 10  # bytes read for nothing, rather than in another request
_YIELDED = 1 << 20


def box_bytes(box: Box, item: int) -> int:
    return prod(high - low for low, high in box) * item


def copy(source: Bytes, offset: int, length: int) -> Iterator[bytes]:
    """Bytes one after the other."""
    for start in range(offset, offset + length, PIECE):
        yield source.read(start, min(PIECE, offset + length - start))


def read_section(source: Bytes, offset: int, shape: tuple[int, ...], item: int, box: Box) -> Iterator[bytes]:
    """The bytes of a section of an array that begins at `offset`; `item` are bytes of one element."""
    pending = bytearray()
    for piece in _rows(source, offset, shape, item, box):
        pending += piece
        if len(pending) >= _YIELDED:
            yield bytes(pending)
            pending.clear()
    if pending:
        yield bytes(pending)


def _rows(source: Bytes, offset: int, shape: tuple[int, ...], item: int, box: Box) -> Iterator[bytes]:
    # Up to the first axis that is cut everything hangs together.
    cut = next((i for i, n in enumerate(shape) if box[i] != (0, n)), len(shape) - 1)
    element = item * prod(shape[:cut])
    low, high = box[cut]
    run = (high - low) * element
    strides = [item * prod(shape[:axis]) for axis in range(len(shape))]
    start = offset + low * element
    outer = range(cut + 2, len(shape))
    for indices in product(*(range(*box[axis]) for axis in reversed(outer))):
        plane = start + sum(
            index * strides[axis] for axis, index in zip(reversed(outer), indices, strict=True)
        )
        if cut + 1 == len(shape):
            yield from copy(source, plane, run)
        else:
            first, last = box[cut + 1]
            stride = strides[cut + 1]
            yield from _lines(source, plane + first * stride, last - first, stride, run)


def _lines(source: Bytes, start: int, count: int, stride: int, run: int) -> Iterator[bytes]:
    """`count` runs of bytes, their beginnings `stride` apart."""
    if stride - run > _GAP or stride > PIECE:
        for line in range(count):
            yield from copy(source, start + line * stride, run)
        return
    together = max(PIECE // stride, 1)
    for line in range(0, count, together):
        lines = min(together, count - line)
        content = source.read(start + line * stride, (lines - 1) * stride + run)
        view = np.lib.stride_tricks.as_strided(
            np.frombuffer(content, np.uint8), (lines, run), (stride, 1), writeable=False
        )
        yield view.tobytes()
