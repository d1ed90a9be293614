"""Inputs on their way into the store: which of them are new, kept there, and noted as waiting to be read.

Several at once, in a few transactions. Who reads them, and what of, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from archive.database import Database
from archive.errors import UnreadableFile
from archive.plugins import Ingest
from archive.store import (
    FileVersion,
    History,
    Store,
    StoredContent,
    checksum,
    histories,
    lock_identifiers,
    record_copies,
    record_files,
)

from .identify import safe
from .input_files import InputKey, Started, are_read, begin
from .naming import encodable

__all__ = ["Kept", "Offer", "Task", "apart", "keep"]

_WRITERS = 8
_Made = TypeVar("_Made")


@dataclass(frozen=True, eq=False)
class Offer:
    """A file that a plugin takes; `source` is the path or the address that it came from."""

    path: Path
    name: str
    plugin: Ingest
    source: str
    media_type: str

    @cached_property
    def dp_id(self) -> str:
        return safe(f"{self.plugin.name}.{encodable(self.name)}")


@dataclass(frozen=True, eq=False)
class Task:
    """A stored input that a plugin is to read."""

    file: FileVersion
    key: InputKey
    plugin: Ingest
    started: Started


@dataclass(frozen=True, slots=True)
class Kept:
    """What the archive has; `task` when it is to be read."""

    file: FileVersion
    task: Task | None


def apart(offers: Iterable[Offer]) -> Iterator[list[Offer]]:
    """In their order, by lists without two of one identifier: the second may be another version."""
    some: dict[str, Offer] = {}
    for offer in offers:
        if offer.dp_id in some:
            yield list(some.values())
            some = {}
        some[offer.dp_id] = offer
    if some:
        yield list(some.values())


def keep(
    database: Database, store: Store, offers: Sequence[Offer], *, refresh: bool
) -> list[tuple[Offer, Kept | UnreadableFile]]:
    """Each in the store and in the books, or why it cannot be; what was read before is not read again.

    Unless `refresh` asks for that. The offers differ in their identifiers.
    """
    failed: dict[Offer, UnreadableFile] = {}
    with ThreadPoolExecutor(max(min(_WRITERS, len(offers)), 1)) as threads:
        sums = _each(threads, lambda offer: checksum(offer.path), offers, failed)
        with database.writer() as connection:
            known = histories(connection, (offer.dp_id for offer in sums))
        new = [offer for offer, sha256 in sums.items() if _version_of(offer, sha256, known) is None]
        contents = _each(threads, lambda offer: store.keep(offer.path, offer.dp_id, sums[offer]), new, failed)
    sums = {offer: sha256 for offer, sha256 in sums.items() if offer not in failed}
    kept = _record(database, sums, contents, refresh) if sums else {}
    return [(offer, failed[offer] if offer in failed else kept[offer]) for offer in offers]


def _each(
    threads: ThreadPoolExecutor,
    work: Callable[[Offer], _Made],
    offers: Iterable[Offer],
    failed: dict[Offer, UnreadableFile],
) -> dict[Offer, _Made]:
    """What the work makes of each; those of which it makes nothing are added to the `failed` ones."""

    def attempt(offer: Offer) -> tuple[Offer, _Made | UnreadableFile]:
        try:
            return offer, work(offer)
        except UnreadableFile as error:
            return offer, error

    made: dict[Offer, _Made] = {}
    for offer, result in threads.map(attempt, offers):
        if isinstance(result, UnreadableFile):
            failed[offer] = result
        else:
            made[offer] = result
    return made


def _version_of(offer: Offer, sha256: str, known: Mapping[str, History]) -> FileVersion | None:
    """The version that an input is already: the current one, or what last came from the same place.

    The second lets two files of one name be offered again and again without taking turns.
    """
    history = known.get(offer.dp_id)
    versions = (history.current, history.last_from(offer.source)) if history else ()
    return next((version for version in versions if version and version.sha256 == sha256), None)


def _record(
    database: Database, sums: Mapping[Offer, str], contents: Mapping[Offer, StoredContent], refresh: bool
) -> dict[Offer, Kept]:
    """In one transaction; `contents` are those of the offers that were none of the known versions."""
    with database.writer() as connection:
        identifiers = [offer.dp_id for offer in sums]
        lock_identifiers(connection, identifiers)
        # Another process may have been faster.
        known = histories(connection, identifiers)
        versions = {offer: _version_of(offer, sha256, known) for offer, sha256 in sums.items()}
        # Versions are never taken away, so those that were not known have contents.
        new = {
            offer: _new_version(offer, contents[offer], known.get(offer.dp_id))
            for offer, version in versions.items()
            if version is None
        }
        record_files(connection, new.values())
        record_copies(connection, [contents[offer] for offer in new])
        files = {offer: version or new[offer] for offer, version in versions.items()}
        keys = {
            offer: InputKey(offer.dp_id, file.version, offer.plugin.name) for offer, file in files.items()
        }
        read = set() if refresh else are_read(connection, keys.values())
        wanted = {key: offer.plugin.is_restricted for offer, key in keys.items() if key not in read}
        started = begin(connection, wanted)
    return {
        offer: Kept(file, Task(file, key, offer.plugin, started[key]) if key in started else None)
        for (offer, file), key in zip(files.items(), keys.values(), strict=True)
    }


def _new_version(offer: Offer, kept: StoredContent, history: History | None) -> FileVersion:
    return FileVersion(
        offer.dp_id,
        history.current.version + 1 if history else 1,
        encodable(offer.name),
        kept.place,
        kept.sha256,
        kept.bytes,
        offer.media_type,
        offer.source,
        datetime.now(UTC),
        kept.blocks,
    )
