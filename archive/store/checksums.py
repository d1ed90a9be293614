"""The checksum that FITS keeps in CHECKSUM and DATASUM (FITS 4.0, 4.4.2.7 and appendix J).

The 32-bit ones' complement sum of an HDU, written so that the HDU with its own CHECKSUM adds up to zero.
SHA-256, by which the archive knows its files, is no matter of this module.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

__all__ = ["ones_complement", "with_checksum"]

_ZEROS = b"0" * 16
_VALUE = 11  # where the sixteen characters of the value begin in the card
_LETTERS = frozenset([*range(0x30, 0x3A), *range(0x41, 0x5B), *range(0x61, 0x7B)])


def ones_complement(chunks: Iterable[bytes]) -> int:
    """The sum of big-endian 32-bit words, carries added at the low end.

    All chunks but the last have a multiple of four bytes; that one is filled up with zeros.
    """
    total = 0
    for chunk in chunks:
        padded = chunk + b"\0" * (-len(chunk) % 4)
        total = _folded(total + int(np.frombuffer(padded, ">u4").sum(dtype=np.uint64)))
    return total


def _folded(total: int) -> int:
    while total >> 32:
        total = (total & 0xFFFFFFFF) + (total >> 32)
    return total


def with_checksum(header: bytes, card: int, data_sum: int) -> bytes:
    """The header with the right value in its CHECKSUM card, which begins at byte `card` in fixed format."""
    start = card + _VALUE
    blank = header[:start] + _ZEROS + header[start + 16 :]
    total = _folded(ones_complement([blank]) + data_sum)
    return header[:start] + _encoded(~total & 0xFFFFFFFF) + header[start + 16 :]


def _encoded(value: int) -> bytes:
    """Sixteen letters and digits that add up to `value` over "0000000000000000" (appendix J.2)."""
    text = bytearray(16)
    for place, byte in enumerate(value.to_bytes(4, "big")):
        quarter, rest = divmod(byte, 4)
        four = [quarter + rest + 0x30, quarter + 0x30, quarter + 0x30, quarter + 0x30]
        for pair in (0, 2):
            while not {four[pair], four[pair + 1]} <= _LETTERS:
                four[pair] += 1
                four[pair + 1] -= 1
        for column in range(4):
            text[4 * column + place] = four[column]
    # The value begins in column 12 of its card, one byte before a word does.
    return bytes(text[15:] + text[:15])
