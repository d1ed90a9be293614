"""The catalogue: all published tables at one moment, as queries see them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from ..errors import DeclarationError, UnknownTable
from .tables import Example, Schema, Table

__all__ = ["Catalogue"]


@dataclass(frozen=True)
class Catalogue:
    """Schemas with their tables, checked against each other; `version` grows with every change."""

    schemas: tuple[Schema, ...]
    version: int = 0

    def __post_init__(self) -> None:
        if len(self._by_name) != sum(len(schema.tables) for schema in self.schemas):
            raise DeclarationError("two published tables have the same name")
        for table in self:
            for key in table.keys:
                target = self._by_name.get(key.target.lower())
                if target is None:
                    raise DeclarationError(f"table {table.name}: key to {key.target}, which is not published")
                for name in key.target_columns:
                    if name not in target.by_name:
                        raise DeclarationError(f"table {table.name}: {key.target} has no column {name!r}")

    def __iter__(self) -> Iterator[Table]:
        return (table for schema in self.schemas for table in schema.tables)

    @cached_property
    def _by_name(self) -> dict[str, Table]:
        return {table.name.lower(): table for table in self}

    def find(self, name: str) -> Table | None:
        """The table called `schema.table`, in any letter case; None when there is none."""
        return self._by_name.get(name.lower())

    def table(self, name: str) -> Table:
        """Like `find`, but raises UnknownTable with the nearest names."""
        table = self.find(name)
        if table is None:
            raise UnknownTable(f"unknown table {name}", hint=self.suggest(name))
        return table

    def suggest(self, name: str) -> str:
        """What a user who wrote `name` may have meant."""
        wanted = name.lower()
        near = difflib.get_close_matches(wanted, self._by_name, n=3, cutoff=0.6)
        near = near or [full for full in self._by_name if full.partition(".")[2] == wanted.rpartition(".")[2]]
        if near:
            return "did you mean " + " or ".join(self._by_name[full].name for full in near) + "?"
        return "SELECT table_name FROM tap_schema.tables lists what is published"

    @property
    def examples(self) -> tuple[Example, ...]:
        """Of the tables that everybody may read."""
        return tuple(example for table in self if not table.restricted for example in table.examples)
