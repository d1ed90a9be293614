"""Names: which columns a place in a query sees, and which of them a name means.

Regular identifiers ignore letter case, delimited ones do not (ADQL 2.1, 2.1.3). Where nothing fits, the
nearest names are found here; the error itself is the resolver's.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass, field

from archive.declare.columns import Field
from archive.declare.names import adql_name
from archive.declare.tables import Table
from archive.declare.uploads import UploadedTable
from archive.query.tree import ColumnValue, Origin, Source, Value

from .syntax import Identifier

__all__ = [
    "Ambiguous",
    "Columns",
    "Found",
    "Merged",
    "Part",
    "RangeVariable",
    "Scope",
    "columns_of",
    "names_match",
]


class Columns:
    """The columns of a table or subquery: what they are called, here and in the source."""

    __slots__ = ("fields", "folded", "keys", "origins")

    def __init__(
        self, fields: tuple[Field, ...], keys: tuple[str, ...], origins: tuple[Origin | None, ...]
    ) -> None:
        self.fields = fields
        self.keys = keys
        self.origins = origins
        self.folded: dict[str, list[int]] = {}
        for i, column in enumerate(fields):
            self.folded.setdefault(column.name.lower(), []).append(i)

    def find(self, name: Identifier) -> list[int]:
        """The positions of all columns that the name may mean."""
        found = self.folded.get(name.text.lower(), [])
        if len(found) < 2 and not name.quoted:
            return found
        exact = [i for i in found if self.fields[i].name == name.text]
        if name.quoted or (len(found) > 1 and len(exact) == 1):
            return exact
        return found


# Keyed by identity, since comparing tables column by column takes longer than a query; the table itself is
# kept with its entry, so that no other one can take over its identity.
_KNOWN: dict[int, tuple[Table, Columns]] = {}
_MOST_KNOWN = 4096


def columns_of(table: Table) -> Columns:
    known = _KNOWN.get(id(table))
    if known is not None:
        return known[1]
    columns = Columns(
        tuple(column.field for column in table.columns),
        tuple(column.name for column in table.columns),
        tuple(Origin(table, column.name) for column in table.columns),
    )
    if isinstance(table, UploadedTable):
        return columns  # which no other query will ask for
    if len(_KNOWN) >= _MOST_KNOWN:
        _KNOWN.clear()
    _KNOWN[id(table)] = (table, columns)
    return columns


def names_match(defined: Identifier, used: Identifier) -> bool:
    return defined.text == used.text if used.quoted else defined.text.lower() == used.text.lower()


@dataclass(slots=True)
class RangeVariable:
    """One use of a table in FROM; `names` is its alias alone, or the parts of its published name."""

    source: int
    names: tuple[Identifier, ...]
    columns: Columns

    def value(self, index: int) -> ColumnValue:
        columns = self.columns
        return ColumnValue(self.source, columns.keys[index], columns.fields[index], columns.origins[index])

    def is_called(self, qualifier: tuple[Identifier, ...]) -> bool:
        if len(qualifier) > len(self.names):
            return False
        mine = self.names[len(self.names) - len(qualifier) :]
        return all(map(names_match, mine, qualifier))


@dataclass(frozen=True, slots=True)
class Merged:
    """The one column that USING or NATURAL makes of two."""

    name: str
    value: Value


@dataclass(slots=True)
class Part:
    """A table or join of FROM with what it shows; `hidden` are (source, position) of merged columns."""

    source: Source
    variables: list[RangeVariable]
    merged: list[Merged] = field(default_factory=list)
    hidden: set[tuple[int, int]] = field(default_factory=set)

    def visible(self) -> Iterator[tuple[str, Value]]:
        """What * stands for: merged columns first, as in SQL-92, 7.5."""
        for merged in self.merged:
            yield merged.name, merged.value
        for variable in self.variables:
            for i, column in enumerate(variable.columns.fields):
                if (variable.source, i) not in self.hidden:
                    yield column.name, variable.value(i)

    def find(self, name: Identifier) -> list[Found]:
        """All visible columns the name may mean."""
        found = []
        if self.merged:
            wanted = name.text.lower()
            for merged in self.merged:
                if merged.name == name.text or (not name.quoted and merged.name.lower() == wanted):
                    found.append(Found(merged.value, merged, -1))
        for variable in self.variables:
            for i in variable.columns.find(name):
                if (variable.source, i) not in self.hidden:
                    found.append(Found(variable.value(i), variable, i))
        return found


@dataclass(frozen=True, slots=True)
class Found:
    value: Value
    place: Merged | RangeVariable
    index: int


class Ambiguous(Exception):
    """A name that means several columns; caught by the resolver, which knows the place."""


class Scope:
    """What the expressions of one SELECT see, and what it has to know about them.

    `pending` are the columns met so far outside aggregates and outside what GROUP BY lists, with their
    places; `no_aggregates` names the clause that may not hold any, such as "WHERE".
    """

    __slots__ = (
        "_by_name",
        "aggregated",
        "aggregating",
        "groups",
        "no_aggregates",
        "parent",
        "parts",
        "pending",
    )

    def __init__(self, parts: list[Part], parent: Scope | None) -> None:
        self.parts = parts
        self.parent = parent
        self.pending: list[tuple[int, Value]] = []
        self.groups: tuple[Value, ...] = ()
        self.aggregated = False
        self.aggregating = False
        self.no_aggregates = ""
        self._by_name: dict[str, list[RangeVariable]] = {}
        for variable in self.variables():
            self._by_name.setdefault(variable.names[-1].text.lower(), []).append(variable)

    def find(self, qualifier: tuple[Identifier, ...], name: Identifier) -> tuple[Value, Scope] | None:
        """The column and the scope that has it, which may be one further out; None when there is none."""
        scope: Scope | None = self
        while scope is not None:
            found = scope._qualified(qualifier, name) if qualifier else scope._unqualified(name)
            if found is not None:
                return found, scope
            if qualifier and scope.variables(qualifier):
                return None  # the nearest table of that name is meant, and does not have it
            scope = scope.parent
        return None

    def _unqualified(self, name: Identifier) -> Value | None:
        found = [match for part in self.parts for match in part.find(name)]
        if len(found) > 1:
            raise Ambiguous
        return found[0].value if found else None

    def _qualified(self, qualifier: tuple[Identifier, ...], name: Identifier) -> Value | None:
        found = [(v, i) for v in self.variables(qualifier) for i in v.columns.find(name)]
        if len(found) > 1:
            raise Ambiguous
        return found[0][0].value(found[0][1]) if found else None

    def variables(self, qualifier: tuple[Identifier, ...] = ()) -> list[RangeVariable]:
        """The tables of this scope, or those that the qualifier may mean."""
        if not qualifier:
            return [variable for part in self.parts for variable in part.variables]
        alike = self._by_name.get(qualifier[-1].text.lower(), [])
        return [variable for variable in alike if variable.is_called(qualifier)]

    def knows(self, qualifier: tuple[Identifier, ...]) -> bool:
        scope: Scope | None = self
        while scope is not None:
            if scope.variables(qualifier):
                return True
            scope = scope.parent
        return False

    def suggest_column(self, qualifier: tuple[Identifier, ...], name: Identifier) -> str | None:
        """What may have been meant by a column name that is not known."""
        seen: dict[str, str] = {}
        scope: Scope | None = self
        while scope is not None:
            for variable in scope.variables(qualifier):
                for column in variable.columns.fields:
                    seen.setdefault(column.name.lower(), column.name)
            scope = scope.parent
        near = difflib.get_close_matches(name.text.lower(), seen, n=3, cutoff=0.6)
        if near:
            return "did you mean " + " or ".join(adql_name(seen[folded]) for folded in near) + "?"
        if name.quoted:
            return "double quotes delimit names; texts stand in single quotes"
        return None

    def suggest_table(self, qualifier: tuple[Identifier, ...]) -> str | None:
        names: list[str] = []
        scope: Scope | None = self
        while scope is not None:
            names += [variable.names[-1].text for variable in scope.variables()]
            scope = scope.parent
        return f"the tables of this query are called {', '.join(names)}" if names else None
