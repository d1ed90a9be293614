"""Pictures of images, as pipelines send them along: PNG in shades of grey."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["png"]


def png(pixels: NDArray[np.float64]) -> bytes:
    """An 8-bit picture, north up: faint things are stretched, the brightest percent is white."""
    low, high = np.percentile(pixels, (1, 99))
    scaled = np.arcsinh(10 * np.clip((pixels - low) / (high - low), 0, 1)) / np.arcsinh(10)
    grey = (255 * scaled[::-1]).astype("u1")
    height, width = grey.shape
    # Each line begins with the number of its filter; 0 is none (PNG, 9.2).
    lines = b"".join(b"\0" + line.tobytes() for line in grey)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, content)
        for kind, content in (
            (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
            (b"IDAT", zlib.compress(lines, 9)),
            (b"IEND", b""),
        )
    )


def _chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))
