"""Tables that live for one query: known to it by any name the client chose, stored under plain ones.

What their columns are called, and in what units, is the client's business: nothing of it is checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .catalogue import Catalogue
from .columns import Column, Field
from .tables import Schema, Table

__all__ = ["SCHEMA", "UploadedColumn", "UploadedTable", "with_uploads"]

SCHEMA = "TAP_UPLOAD"


@dataclass(frozen=True, slots=True)
class UploadedColumn(Column):
    """`name` is the stored one, c1, c2, ...; `label` is what queries call it."""

    label: str = ""

    def __post_init__(self) -> None:
        """Nothing of a client's is wrong."""

    @property
    def field(self) -> Field:
        return Field(
            self.label,
            self.type,
            self.unit,
            self.ucd,
            self.utype,
            self.description,
            self.coosys,
            self.timesys,
        )


@dataclass(frozen=True)
class UploadedTable(Table):
    """`name` is TAP_UPLOAD and the client's; `stored_schema` and `stored_name` are the database's."""

    stored_schema: str = ""
    stored_name: str = ""

    def __post_init__(self) -> None:
        """No check of names: that of the table may be anything that fits between double quotes."""

    @property
    def physical_schema(self) -> str:
        return self.stored_schema

    @property
    def physical_name(self) -> str:
        return self.stored_name


def with_uploads(catalogue: Catalogue, tables: Iterable[UploadedTable]) -> Catalogue:
    """What one query sees: everything published, and its own tables."""
    schema = Schema(SCHEMA, tuple(tables), "Tables sent along with this query")
    return Catalogue((*catalogue.schemas, schema), catalogue.version)
