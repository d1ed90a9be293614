"""The headers of tus 1.0: what a request says about an upload, read strictly."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping

from ...errors import ArchiveError, UsageError
from .values import Checksum, Offer, offer_from

__all__ = ["ALGORITHMS", "VERSION", "check_version", "checksum_of", "number", "offer_of"]

VERSION = "1.0.0"
ALGORITHMS = ("sha256", "sha1", "md5")
_OFFSETS = "application/offset+octet-stream"
_LONGEST = 4000  # characters of Upload-Metadata


class _OtherVersion(ArchiveError):
    status = 412


class _OtherType(UsageError):
    status = 415


def check_version(headers: Mapping[str, str], *, body: bool = False) -> None:
    """tus 1.0, Tus-Resumable; `body`: and the type of what PATCH sends."""
    if headers.get("tus-resumable") != VERSION:
        raise _OtherVersion(f"this is tus {VERSION}", hint=f"send Tus-Resumable: {VERSION}")
    if body and headers.get("content-type", "").partition(";")[0].strip().lower() != _OFFSETS:
        raise _OtherType(f"PATCH takes {_OFFSETS}")


def number(headers: Mapping[str, str], name: str) -> int:
    text = headers.get(name.lower(), "")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise UsageError(f"{name} is no number of bytes")
    return int(text)


def checksum_of(headers: Mapping[str, str]) -> Checksum | None:
    """tus 1.0, Checksum: `algorithm digest-in-base64`."""
    text = headers.get("upload-checksum")
    if text is None:
        return None
    algorithm, _, encoded = text.partition(" ")
    if algorithm not in ALGORITHMS:
        raise UsageError("Upload-Checksum names an unknown algorithm", hint=f"use {', '.join(ALGORITHMS)}")
    digest = _decoded(encoded)
    if len(digest) != hashlib.new(algorithm, usedforsecurity=False).digest_size:
        raise UsageError("Upload-Checksum has another length than its algorithm gives")
    return Checksum(algorithm, digest)


def offer_of(headers: Mapping[str, str]) -> Offer:
    """The file that a POST announces, from Upload-Length and Upload-Metadata (tus 1.0, Creation)."""
    told: dict[str, object] = {"size": number(headers, "Upload-Length")}
    text = headers.get("upload-metadata", "")
    if len(text) > _LONGEST:
        raise UsageError(f"Upload-Metadata has more than {_LONGEST} characters")
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, _, encoded = pair.partition(" ")
        try:
            told[key] = _decoded(encoded).decode("utf-8")
        except UnicodeDecodeError as cause:
            raise UsageError(f"Upload-Metadata: {key[:50]!r} is not UTF-8") from cause
    for key in ("priority", "attempts"):
        if (given := told.get(key)) is not None:
            told[key] = int(str(given)) if str(given).isascii() and str(given).isdecimal() else given
    told["name"] = told.pop("filename", None)
    told["size"] = number(headers, "Upload-Length")
    return offer_from(told)


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as cause:
        raise UsageError("a header is no base64") from cause
