"""Which files the archive has: versions of identifiers, looked up and recorded in `archive.file`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row

from ..errors import NotFound

__all__ = [
    "Connection",
    "FileVersion",
    "History",
    "find_file",
    "histories",
    "last_from",
    "lock_identifiers",
    "record_files",
]

Connection = psycopg.Connection[tuple[Any, ...]]

Packed = bytes  # which `bytes` does not mean inside a class with such a field
_COLUMNS = "dp_id, version, name, place, sha256, bytes, media_type, source, stored_at"


@dataclass(frozen=True, slots=True)
class FileVersion:
    """A row of `archive.file`. `name` is the name a download gets, `place` where the store keeps the bytes,
    `source` the path it came from; `blocks` the checksums of its blocks, which only `find_file` looks up."""

    dp_id: str
    version: int
    name: str
    place: str
    sha256: str
    bytes: int
    media_type: str
    source: str
    stored_at: datetime
    blocks: Packed | None = field(default=None, compare=False, repr=False)


def find_file(connection: Connection, dp_id: str, version: int | None = None) -> FileVersion:
    """A version of a file, the newest when none is given; NotFound when there is none."""
    with connection.cursor(row_factory=class_row(FileVersion)) as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS}, blocks FROM archive.file WHERE dp_id = %(dp_id)s "
            "AND (%(version)s::integer IS NULL OR version = %(version)s) ORDER BY version DESC LIMIT 1",
            {"dp_id": dp_id, "version": version},
        )
        found = cursor.fetchone()
    if found is None:
        which = f"{dp_id}, version {version}" if version else dp_id
        raise NotFound(f"the archive has no file {which}")
    return found


@dataclass(frozen=True, slots=True)
class History:
    """What is known of an identifier: its versions, the newest first."""

    versions: tuple[FileVersion, ...]

    @property
    def current(self) -> FileVersion:
        return self.versions[0]

    def last_from(self, source: str) -> FileVersion | None:
        """The newest version that came from a path."""
        return next((file for file in self.versions if file.source == source), None)


def lock_identifiers(connection: Connection, dp_ids: Iterable[str]) -> None:
    """Keep other writers away from these identifiers until the transaction ends."""
    # Sorted, so that two writers that want the same identifiers cannot wait for each other.
    connection.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended(wanted, 0)) FROM unnest(%s::text[]) AS wanted",
        (sorted(set(dp_ids)),),
    )


def histories(connection: Connection, dp_ids: Iterable[str]) -> dict[str, History]:
    """The history of each identifier that is known."""
    with connection.cursor(row_factory=class_row(FileVersion)) as cursor:
        cursor.execute(
            f"SELECT {_COLUMNS} FROM archive.file WHERE dp_id = ANY (%s) ORDER BY dp_id, version DESC",
            (sorted(set(dp_ids)),),
        )
        found: dict[str, list[FileVersion]] = {}
        for file in cursor:
            found.setdefault(file.dp_id, []).append(file)
    return {dp_id: History(tuple(files)) for dp_id, files in found.items()}


def last_from(connection: Connection, sources: Iterable[str]) -> dict[str, FileVersion]:
    """What was last taken in from each of these paths."""
    with connection.cursor(row_factory=class_row(FileVersion)) as cursor:
        cursor.execute(
            f"SELECT DISTINCT ON (source) {_COLUMNS} FROM archive.file WHERE source = ANY (%s) "
            "ORDER BY source, stored_at DESC, version DESC",
            (sorted(set(sources)),),
        )
        return {file.source: file for file in cursor}


def record_files(connection: Connection, files: Iterable[FileVersion]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY archive.file ({_COLUMNS}, blocks) FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types(
            ["text", "int4", "text", "text", "text", "int8", "text", "text", "timestamptz", "bytea"]
        )
        for file in files:
            copy.write_row(
                (
                    file.dp_id,
                    file.version,
                    file.name,
                    file.place,
                    file.sha256,
                    file.bytes,
                    file.media_type,
                    file.source,
                    file.stored_at,
                    file.blocks,
                )
            )
