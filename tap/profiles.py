"""Profiles: what a TAP service shows, and where its language is not quite ADQL 2.1's.

The standard's is `STANDARD`. Further ones are values made by whoever mounts a service with them; what any
particular one says does not belong here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from archive.declare import Catalogue, Example
from archive.declare.tables import Table
from archive.query import UserFunction
from archive.query.tree import Condition

__all__ = ["STANDARD", "Profile", "Restriction"]

# Which rows of a table are shown: from what the profile shows at all, the table and the number of its scan.
Restriction = Callable[[Catalogue, Table, int], Condition]


@dataclass(frozen=True, eq=False)
class Profile:
    """One service's way with tables and queries.

    `name` is that of its jobs. `schemas`: those that are shown, in lower case; None for all. `restrictions`:
    which rows are shown of tables, by their names in lower case. `functions`: user-defined ones besides those
    of every service. `folds_texts`: texts are compared without regard to letter case. `region_frame`: what
    the frame of regions is called in results instead of ICRS. `count_name`: the column that COUNT(*) makes.
    `user_tables`: users can keep tables. `left_out`: ids of examples that are not shown.
    """

    name: str = "tap"
    title: str = "TAP"
    description: str = (
        "Queries in ADQL over all tables (Table Access Protocol 1.1). "
        "Give this address to TOPCAT, pyvo or STILTS."
    )
    language: str = "ADQL 2.1, which understands ADQL 2.0 as well"
    schemas: frozenset[str] | None = None
    restrictions: Mapping[str, Restriction] = field(default_factory=lambda: MappingProxyType({}))
    functions: tuple[UserFunction, ...] = ()
    examples: tuple[Example, ...] = ()
    left_out: frozenset[str] = frozenset()
    folds_texts: bool = False
    region_frame: str = ""
    count_name: str = "count"
    user_tables: bool = True

    def shows_schema(self, name: str) -> bool:
        return self.schemas is None or name.lower() in self.schemas

    def shown(self, catalogue: Catalogue) -> Catalogue:
        """The tables of this service; the same object for the same catalogue."""
        if self.schemas is None:
            return catalogue
        known = _SHOWN.get((id(self), id(catalogue)))
        if known is None or known[0] is not self or known[1] is not catalogue:
            if len(_SHOWN) >= _MOST_SHOWN:
                _SHOWN.clear()
            known = _SHOWN[id(self), id(catalogue)] = (
                self,
                catalogue,
                _without_others(catalogue, self.schemas),
            )
        return known[2]

    def only(self, catalogue: Catalogue, table: Table, source: int) -> Condition | None:
        """Which rows of a table a scan gives; None for all."""
        restriction = self.restrictions.get(table.name.lower())
        return None if restriction is None else restriction(catalogue, table, source)

    def examples_of(self, catalogue: Catalogue) -> tuple[Example, ...]:
        """Its own ones and those of the tables, without what would find nothing here."""
        others = (example for example in catalogue.examples if example.id not in self.left_out)
        return (*self.examples, *others)

    def find_functions(self, name: str) -> list[UserFunction]:
        return [function for function in self.functions if function.name.lower() == name.lower()]


STANDARD = Profile()

# By identity, as comparing catalogues takes longer than a query; what an identity belongs to is kept with it.
_SHOWN: dict[tuple[int, int], tuple[Profile, Catalogue, Catalogue]] = {}
_MOST_SHOWN = 32


def _without_others(catalogue: Catalogue, schemas: frozenset[str]) -> Catalogue:
    """The catalogue with these schemas only, and without keys to tables that are gone."""
    kept = [schema for schema in catalogue.schemas if schema.name.lower() in schemas]
    names = {table.name.lower() for schema in kept for table in schema.tables}
    return Catalogue(
        tuple(
            replace(schema, tables=tuple(_without_keys(table, names) for table in schema.tables))
            for schema in kept
        ),
        catalogue.version,
    )


def _without_keys(table: Table, names: set[str]) -> Table:
    keys = tuple(key for key in table.keys if key.target.lower() in names)
    return table if len(keys) == len(table.keys) else replace(table, keys=keys)
