"""Content codings: which one a client wants, and the coders for streams and for whole documents.

Level 1 throughout for streams: it costs no time that the database does not take anyway, and halves what is
sent. What is compressed already (Parquet, images, stored files) is never compressed again.
"""

from __future__ import annotations

import re
from enum import Enum
from functools import lru_cache
from typing import Protocol, assert_never

import zstandard
from isal import isal_zlib

__all__ = ["Coder", "Coding", "coder", "coding_headers", "compressed", "is_compressible", "negotiated"]

_WEIGHT = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)", re.ASCII)
_GZIP_FRAME = 31  # zlib's `wbits` for a gzip header and trailer
# Uncompressed bytes at the beginning of a stream of which none waits for more to come.
_EARLY = 1 << 20
_BESIDE_TEXT = re.compile(r"application/(?:[\w.-]+\+)?(?:xml|json|fits)|image/svg\+xml")


class Coding(Enum):
    """The values are names in Accept-Encoding and Content-Encoding."""

    ZSTD = "zstd"
    GZIP = "gzip"
    IDENTITY = "identity"


@lru_cache(256)
def negotiated(accepted: str | None) -> Coding:
    """The coding for an Accept-Encoding header (RFC 9110, 12.5.3): the heaviest, of equals the quickest.

    zstd only for who names it, since "*" comes from clients that do not know what they can read. A client
    that accepts nothing of ours gets the content as it is.
    """
    weights = _weights(accepted or "")
    rest = weights.get("*", 0.0)
    offered = {
        Coding.ZSTD: weights.get("zstd", 0.0),
        Coding.GZIP: weights.get("gzip", weights.get("x-gzip", rest)),
        # Acceptable unless excluded, but what is named at all is preferred.
        Coding.IDENTITY: weights.get("identity", 0.0),
    }
    best = max(offered, key=lambda coding: offered[coding])
    return best if offered[best] > 0 else Coding.IDENTITY


def _weights(accepted: str) -> dict[str, float]:
    weights = {}
    for item in accepted.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        weight = "1"
        for parameter in parameters:
            key, _, value = parameter.partition("=")
            if key.strip() == "q":
                weight = value.strip()
        # A weight that is none makes the item void: the content as it is can always be read.
        weights[name] = float(weight) if _WEIGHT.fullmatch(weight) else 0.0
    return weights


@lru_cache(256)
def is_compressible(media_type: str) -> bool:
    essence = media_type.partition(";")[0].strip().lower()
    return essence.startswith("text/") or _BESIDE_TEXT.fullmatch(essence) is not None


def coding_headers(coding: Coding) -> dict[str, str]:
    """What an answer says that could have had several codings, and has this one."""
    vary = {"Vary": "Accept-Encoding"}
    return vary if coding is Coding.IDENTITY else vary | {"Content-Encoding": coding.value}


class Coder(Protocol):
    """Coder of one stream: `add` for each piece of content, `end` once. Without the end it is no whole."""

    def add(self, content: bytes) -> bytes:
        """What can be sent now, perhaps nothing."""

    def end(self) -> bytes: ...


class _Plain:
    def add(self, content: bytes) -> bytes:
        return content

    def end(self) -> bytes:
        return b""


class _Gzip:
    def __init__(self) -> None:
        self._stream = isal_zlib.compressobj(level=1, wbits=_GZIP_FRAME)
        self._seen = 0

    def add(self, content: bytes) -> bytes:
        self._seen += len(content)
        coded: bytes = self._stream.compress(content)
        return coded + self._stream.flush(isal_zlib.Z_SYNC_FLUSH) if self._seen < _EARLY else coded

    def end(self) -> bytes:
        last: bytes = self._stream.flush()
        return last


class _Zstd:
    def __init__(self) -> None:
        self._stream = zstandard.ZstdCompressor(level=1).compressobj()
        self._seen = 0

    def add(self, content: bytes) -> bytes:
        self._seen += len(content)
        coded = self._stream.compress(content)
        return coded + self._stream.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) if self._seen < _EARLY else coded

    def end(self) -> bytes:
        return self._stream.flush()


def coder(coding: Coding) -> Coder:
    match coding:
        case Coding.IDENTITY:
            return _Plain()
        case Coding.GZIP:
            return _Gzip()
        case Coding.ZSTD:
            return _Zstd()
        case _:
            assert_never(coding)


def compressed(content: bytes, coding: Coding) -> bytes:
    """A document that is made once and sent often, so with more effort than a stream."""
    match coding:
        case Coding.IDENTITY:
            return content
        case Coding.GZIP:
            return bytes(isal_zlib.compress(content, level=3, wbits=_GZIP_FRAME))
        case Coding.ZSTD:
            return zstandard.ZstdCompressor(level=9).compress(content)
        case _:
            assert_never(coding)
