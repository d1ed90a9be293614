"""What the archive adds to a file's own facts: where it is published, under which name, when, how large.

Also how values are made to fit the columns of a table.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from archive.config import Config
from archive.declare.addresses import dataset_url, file_url, links_url
from archive.declare.identifiers import ivoid, publisher_did
from archive.declare.instruments import INSTRUMENTS, Instrument
from archive.declare.tables import Record, Table
from archive.declare.types import Type

__all__ = ["Publication", "fitted"]

_LIMITS = {"i2": 1 << 15, "i4": 1 << 31, "i8": 1 << 63}
_LARGEST_REAL = 3.4028235e38


@dataclass(frozen=True, slots=True)
class Publication:
    """The archive's side: authority and public base URL, collection chosen by the operator, moment (UTC).

    `instruments` are those that have tables of their own.
    """

    authority: str
    base_url: str
    collection: str | None
    moment: datetime
    instruments: tuple[Instrument, ...] = INSTRUMENTS

    @classmethod
    def of(
        cls,
        config: Config,
        collection: str | None = None,
        instruments: tuple[Instrument, ...] = INSTRUMENTS,
    ) -> Publication:
        moment = datetime.now(UTC).replace(tzinfo=None)
        return cls(config.authority, config.base_url, collection, moment, instruments)

    def did(self, dp_id: str) -> str:
        return publisher_did(self.authority, dp_id)

    def creator_did(self, origfile: str) -> str:
        return ivoid(self.authority, "origfile", origfile)

    def url(self, dp_id: str) -> str:
        """Of the file."""
        return file_url(self.base_url, dp_id)

    def page(self, dp_id: str) -> str:
        """Of the page that shows the dataset to people."""
        return dataset_url(self.base_url, dp_id)

    def links(self, dp_id: str) -> str:
        """Of the document that links to the file and to all that belongs to it."""
        return links_url(self.base_url, self.authority, dp_id)


def fitted(table: Table, values: Mapping[str, object], problems: list[str]) -> Record:
    """A record of the values that their columns can hold; what does not fit becomes NULL and a problem."""
    row: dict[str, object] = {}
    for name, value in values.items():
        if value is None:
            continue
        fit = _fit(value, table.by_name[name].type)
        if fit is None:
            problems.append(f"{table.name}.{name} cannot hold {value!r}")
        else:
            row[name] = fit
    return table.row(**row)


def _fit(value: object, kind: Type) -> object:
    if kind.is_text:
        return str(value) if isinstance(value, str | int) else None
    if isinstance(value, datetime):
        return value if kind.numpy.startswith("M8") else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value if isinstance(value, bool) and kind.numpy == "?" else None
    if kind.is_integer:
        whole = isinstance(value, int) or value.is_integer()
        return int(value) if whole and -_LIMITS[kind.numpy] <= value < _LIMITS[kind.numpy] else None
    if not math.isfinite(value) or (kind.numpy == "f4" and abs(value) > _LARGEST_REAL):
        return None
    return float(value)
