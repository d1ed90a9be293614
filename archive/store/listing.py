"""Many files at once: what a download of each would be, for lists of links."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from psycopg.rows import class_row

from .registry import Connection

__all__ = ["ListedFile", "listed_files"]


@dataclass(frozen=True, slots=True)
class ListedFile:
    """The newest version of a file; `bytes` and `name` are those of what is delivered.

    `has_headers` when headers of it are kept, as of every FITS file.
    """

    dp_id: str
    name: str
    media_type: str
    bytes: int
    has_headers: bool


def listed_files(connection: Connection, dp_ids: Iterable[str]) -> dict[str, ListedFile]:
    """By identifier, those that the archive has."""
    with connection.cursor(row_factory=class_row(ListedFile)) as cursor:
        cursor.execute(
            # By a value, since EXISTS may be planned as a list of all headers of the archive.
            "SELECT dp_id, name, media_type, bytes, (SELECT true FROM archive.header "
            "WHERE header.dp_id = newest.dp_id AND header.version = newest.version LIMIT 1) IS NOT NULL "
            "AS has_headers "
            "FROM (SELECT DISTINCT ON (file.dp_id) file.dp_id, version, name, media_type, "
            "coalesce(corrected.bytes, file.bytes) AS bytes "
            "FROM archive.file LEFT JOIN archive.header_correction AS corrected USING (dp_id, version) "
            "WHERE file.dp_id = ANY (%s) ORDER BY file.dp_id, version DESC, correction DESC) AS newest",
            (sorted(set(dp_ids)),),
        )
        return {file.dp_id: file for file in cursor}
