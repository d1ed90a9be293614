"""Releases: what is told of a published catalogue besides its columns, under the names of ESO's TAP_SCHEMA.

A catalogue is published in versions, each a table of its own; what its files say of it is read by `ingest`.
"""

from __future__ import annotations

import zlib
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

__all__ = ["Release", "catalogue_number"]


@dataclass(frozen=True, slots=True)
class Release:
    """One version of a catalogue; the versions of one catalogue are tables with the same title.

    `mjd_obs` and `mjd_end`: begin and end of the observations, MJD. `skysqdeg`: sky covered, square degrees.
    `publication_date`: in UTC, ISO 8601. `bibliography`: bibcode, DOI or URL of the paper to cite.
    """

    version: int | None = None
    collection: str | None = None
    filter: str | None = None
    instrument: str | None = None
    telescope: str | None = None
    publication_date: str | None = None
    rel_descr_url: str | None = None
    acknowledgment: str | None = None
    mjd_obs: float | None = None
    mjd_end: float | None = None
    skysqdeg: float | None = None
    bibliography: str | None = None
    document_id: int | None = None

    def document(self) -> dict[str, Any]:
        """What is known, for JSON: `Release(**document)` is the release again."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def values(self) -> dict[str, object]:
        """All of it by the names of TAP_SCHEMA's columns."""
        values: dict[str, object] = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.publication_date is not None:
            values["publication_date"] = datetime.fromisoformat(self.publication_date)
        return values


def catalogue_number(table_name: str) -> int:
    """A number for a table of a catalogue, which stays the same wherever and whenever it is loaded."""
    return zlib.crc32(table_name.lower().encode()) >> 1
