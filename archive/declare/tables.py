"""Tables, keys, schemas, examples: frozen values from which everything else is derived.

DDL, TAP_SCHEMA rows, VOSI tables, result metadata, manual pages and the regression tests of the
examples all come from here; nothing here knows PostgreSQL or HTTP.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..errors import DeclarationError
from .columns import Column
from .names import check_table_name, is_regular
from .releases import Release
from .types import REGION

__all__ = ["HIDDEN_FOR", "HIDDEN_UNTIL", "Example", "Key", "Record", "Resource", "Schema", "Table"]

# What PostgreSQL calls the columns of a table with hidden rows that tell of each for how long it is hidden,
# and for whom it is not: a run or programme. Both are NULL for a row that everybody sees.
HIDDEN_UNTIL, HIDDEN_FOR = "hidden_until", "hidden_for"


@dataclass(frozen=True, slots=True)
class Example:
    """A query worth showing: DALI example, documentation and regression test in one."""

    id: str
    name: str
    query: str
    description: str = ""

    def __post_init__(self) -> None:
        # The id becomes an XML ID and a URL fragment (DALI 1.2, 2.3).
        if not is_regular(self.id.replace("-", "_")):
            raise DeclarationError(f"example id {self.id!r} is not a name", hint="letters, digits, - and _")


@dataclass(frozen=True, slots=True)
class Key:
    """A foreign key: `columns` of this table name a row of `target` by `target_columns`.

    Published in TAP_SCHEMA.keys. `enforced` also makes a constraint in the database; leave it off
    where rows may arrive before what they point to.
    """

    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]
    description: str = ""
    enforced: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """A row proven to fit its table: values in the order of the table's columns."""

    table: Table
    values: tuple[object, ...]


@dataclass(frozen=True)
class Table:
    """A published table, `schema.table`.

    `positions` are pairs of columns (longitude, latitude; degrees) that get a spatial index; every
    column of type REGION gets one too. `spans` are pairs of columns (lowest, highest value) that get one for
    what overlaps an interval. `primary_key` names the natural key by which writes are idempotent. `indexes`
    are further B-trees over several columns. `covering` are B-trees over the first columns of each pair, too,
    which carry the values of the second: a query that asks for no others is answered without reading rows.
    `release`: which version of which catalogue it is, if any.
    `whole` are columns of the primary key that name what rows are part of: an input that has rows of a whole
    has all of them, and those that it has no more are removed. `history` is the table that keeps every
    version of every row (see `history_table`). `restricted`: everybody may know the table, but only
    the archive's operators read its rows, and the inputs that they came from. `hides` is the column that
    tells to what a row belongs, a run, a programme, or a file by its dp_id: rows of the table may be hidden
    for a time from everybody who has no rights on that (see `archive.query.hiding`). `hidden_at_first`: each
    is, for the value of that column, until somebody says otherwise. `hidden_with` are pairs of a column and a
    table: a row is hidden as long as the row of that table is whose primary key the column has. A table whose
    rows are nothing but parts of others has the column of such a pair for `hides`.
    """

    name: str
    columns: tuple[Column, ...]
    description: str
    title: str = ""
    utype: str = ""
    kind: str = "table"
    primary_key: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    positions: tuple[tuple[str, str], ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    spans: tuple[tuple[str, str], ...] = ()
    covering: tuple[tuple[tuple[str, ...], tuple[str, ...]], ...] = ()
    examples: tuple[Example, ...] = field(default=())
    release: Release | None = None
    whole: tuple[str, ...] = ()
    history: str = ""
    restricted: bool = False
    hides: str = ""
    hidden_with: tuple[tuple[str, str], ...] = ()
    hidden_at_first: bool = False

    def __post_init__(self) -> None:
        check_table_name(self.name)
        for what in (
            *("columns", "primary_key", "keys", "positions", "indexes", "whole", "examples", "hidden_with"),
        ):
            if not isinstance(getattr(self, what), tuple):
                raise DeclarationError(
                    f"table {self.name}: {what} is no tuple", hint='of one thing it is written ("name",)'
                )
        if not self.columns:
            raise DeclarationError(f"table {self.name} has no columns")
        if self.kind not in {"table", "view"}:
            raise DeclarationError(f"table {self.name}: kind {self.kind!r} is neither table nor view")
        names = Counter(column.name for column in self.columns)
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise DeclarationError(f"table {self.name} has several columns called {', '.join(twice)}")
        physical = Counter(column.physical_name for column in self.columns)
        if max(physical.values()) > 1:
            raise DeclarationError(f"table {self.name}: columns collide with PostgreSQL's own names")
        self._check_references()

    def _check_references(self) -> None:
        uses: list[tuple[str, Iterable[str]]] = [("primary key", self.primary_key)]
        uses += [("whole", self.whole)]
        uses += [("hiding", (self.hides,) if self.hides else ())]
        uses += [("hiding", (column,)) for column, _ in self.hidden_with]
        uses += [("position", pair) for pair in self.positions]
        uses += [("span", pair) for pair in self.spans]
        uses += [("index", index) for index in self.indexes]
        uses += [("index", (*columns, *carried)) for columns, carried in self.covering]
        uses += [("key", key.columns) for key in self.keys]
        for what, columns in uses:
            for name in columns:
                if name not in self.by_name:
                    raise DeclarationError(f"table {self.name}: {what} names no column: {name!r}")
        for what, pairs in (("position", self.positions), ("span", self.spans)):
            for name in (name for pair in pairs for name in pair):
                if not self.by_name[name].type.is_numeric:
                    raise DeclarationError(f"table {self.name}: {what} column {name!r} is not a number")
        if not set(self.whole) <= set(self.primary_key):
            raise DeclarationError(f"table {self.name}: a whole is named by columns of the primary key")
        if self.restricted and self.kind == "view":
            raise DeclarationError(f"table {self.name}: restrict the tables that the view reads")
        if self.history and not self.primary_key:
            raise DeclarationError(f"table {self.name}: versions are told apart by a primary key")
        self._check_hiding()
        for key in self.keys:
            if len(key.columns) != len(key.target_columns):
                raise DeclarationError(f"table {self.name}: key to {key.target} pairs unequal columns")

    def _check_hiding(self) -> None:
        if not self.hides:
            if self.hidden_at_first or self.hidden_with:
                raise DeclarationError(f"table {self.name}: hidden rows name what they belong to")
            return
        if self.kind == "view":
            raise DeclarationError(f"table {self.name}: rows are hidden in the tables that the view reads")
        taken = {column.physical_name for column in self.columns} & {HIDDEN_UNTIL, HIDDEN_FOR}
        if taken:
            raise DeclarationError(f"table {self.name}: the archive has a column {taken.pop()} of its own")

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """Columns by exact published name."""
        return {column.name: column for column in self.columns}

    @property
    def published_description(self) -> str:
        """The description, and who may read the table unless everybody may."""
        if not self.restricted:
            return self.description
        return f"{self.description} (Restricted: only operators of the archive may read it)".strip()

    @property
    def schema_name(self) -> str:
        return self.name.partition(".")[0]

    @property
    def base_name(self) -> str:
        return self.name.partition(".")[2]

    @property
    def physical_schema(self) -> str:
        return self.schema_name.lower()

    @property
    def physical_name(self) -> str:
        """PostgreSQL's name of the table without its schema; published names keep their letter case."""
        return self.base_name.lower()

    @property
    def regions(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns if column.type == REGION)

    def is_indexed(self, name: str) -> bool:
        """True when conditions on the column are fast: TAP_SCHEMA's flag `indexed`."""
        covering = (columns for columns, _ in self.covering)
        leading = {columns[0] for columns in (self.primary_key, *self.indexes, *covering) if columns}
        paired = {part for pair in self.positions for part in pair}
        return self.by_name[name].indexed or name in leading | paired or name in self.regions

    def row(self, **values: object) -> Record:
        """A record; columns not given are NULL. Unknown names and missing mandatory ones are refused."""
        unknown = values.keys() - self.by_name.keys()
        if unknown:
            raise DeclarationError(f"table {self.name} has no column {', '.join(sorted(unknown))}")
        missing = [c.name for c in self.columns if not c.nullable and values.get(c.name) is None]
        if missing:
            raise DeclarationError(f"table {self.name}: a row needs {', '.join(missing)}")
        return Record(self, tuple(values.get(column.name) for column in self.columns))


@dataclass(frozen=True)
class Schema:
    """A published schema with its tables, in the order in which clients show them."""

    name: str
    tables: tuple[Table, ...]
    description: str
    title: str = ""
    utype: str = ""

    def __post_init__(self) -> None:
        for table in self.tables:
            if table.schema_name != self.name:
                raise DeclarationError(f"table {table.name} does not belong to schema {self.name}")
        names = Counter(table.name.lower() for table in self.tables)
        twice = [name for name, count in names.items() if count > 1]
        if twice:
            raise DeclarationError(f"schema {self.name} has several tables called {', '.join(twice)}")

    @property
    def listed(self) -> tuple[Table, ...]:
        """What lists for programs name: they ask each table of a list, and restricted ones would refuse."""
        return tuple(table for table in self.tables if not table.restricted)


@dataclass(frozen=True)
class Resource:
    """What a registry record says about a group of schemas: who made it, what it is, whom to cite."""

    id: str
    title: str
    description: str
    schemas: tuple[Schema, ...] = ()
    creators: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    reference_url: str = ""
    citation: str = ""
