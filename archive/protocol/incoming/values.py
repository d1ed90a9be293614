"""What sender and archive say to each other: offers of files, their identity, and refusals of uploads.

Both sides use this module; nothing here knows the database, the disk or the network.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from ...errors import ArchiveError, UsageError

__all__ = [
    "LARGEST_PRIORITY",
    "Checksum",
    "Conflict",
    "Gone",
    "Locked",
    "Mismatch",
    "Offer",
    "TooSlow",
    "is_transfer_id",
    "offer_from",
    "transfer_id",
]

LARGEST_PRIORITY = 1000
_LARGEST_FILE = 1 << 60
_LONGEST_NAME = 200  # bytes; file systems allow 255
_SHA256 = re.compile(r"[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{40}")


class Conflict(ArchiveError):
    """An upload goes on elsewhere than the client thinks (tus 1.0, PATCH)."""

    status = 409


class Gone(ArchiveError):
    """An upload was there and is not any more (tus 1.0, Expiration)."""

    status = 410


class TooSlow(UsageError):
    status = 408


class Locked(ArchiveError):
    """Another request is writing to the upload."""

    status = 423


class Mismatch(ArchiveError):
    """The bytes are not those that the client meant (tus 1.0, Checksum)."""

    status = 460


@dataclass(frozen=True, slots=True)
class Checksum:
    """What the bytes of one PATCH should have; `algorithm` as hashlib names it."""

    algorithm: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Offer:
    """A file that a sender has: `sha256` hexadecimal, `queued_at` in UTC without a zone."""

    name: str
    size: int
    sha256: str
    priority: int
    queued_at: datetime
    attempts: int = 0
    reason: str = ""

    @property
    def transfer_id(self) -> str:
        return transfer_id(self.name, self.size, self.sha256)


def transfer_id(name: str, size: int, sha256: str) -> str:
    """The same for the same file, so that whoever sends it twice finds what is there already."""
    return hashlib.sha256(f"{name}\n{size}\n{sha256}".encode()).hexdigest()[:40]


def is_transfer_id(text: str) -> bool:
    """Whether it could be one; names of files on the disk are made of them."""
    return _ID.fullmatch(text) is not None


def offer_from(told: Mapping[str, object]) -> Offer:
    """An offer as a sender writes it; UsageError says what is wrong with it.

    The sender adds the identity that it computed, so that what was damaged on the way is noticed.
    """
    name, sha256 = told.get("name"), told.get("sha256")
    if not isinstance(name, str) or not _is_name(name):
        raise UsageError(
            f"{str(name)[:100]!r} is no name of a file", hint="no slashes, no control characters"
        )
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise UsageError("sha256 is no SHA-256", hint="write 64 hexadecimal digits in small letters")
    offer = Offer(
        name,
        _integer(told, "size", _LARGEST_FILE),
        sha256,
        _integer(told, "priority", LARGEST_PRIORITY),
        _moment(told.get("queued_at")),
        _integer(told, "attempts", 1 << 30),
        _plain(str(told.get("reason") or "")[:500]),
    )
    stated = told.get("transfer_id")
    if not isinstance(stated, str) or not is_transfer_id(stated) or stated != offer.transfer_id:
        raise Mismatch(
            "name, size and sha256 do not make the transfer_id that was sent", hint="send it again"
        )
    return offer


def _is_name(name: str) -> bool:
    return (
        name.isprintable()
        and "/" not in name
        and not name.startswith(".")
        and 0 < len(name.encode("utf-8", "surrogateescape")) <= _LONGEST_NAME
    )


def _plain(text: str) -> str:
    """What a database can keep."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _integer(told: Mapping[str, object], name: str, largest: int) -> int:
    value = told.get(name, 0)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= largest:
        raise UsageError(f"{name} is no number from 0 to {largest}")
    return value


def _moment(text: object) -> datetime:
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError as cause:
        raise UsageError("queued_at is no moment", hint="write it as 2026-12-24T18:00:00Z") from cause
    try:
        return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment
    except OverflowError as cause:
        raise UsageError("queued_at is no moment of this era") from cause
