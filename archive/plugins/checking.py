"""Checking all plugins together: everything that is wrong with any of them, each with file and line."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..declare.histories import history_table
from ..declare.parts import Part, whole_table
from ..declare.tables import Schema, Table
from .modules import Problem, Source
from .values import Ingest

__all__ = ["Declared", "collected", "problems"]

# Schemas in which the archive keeps its own books, and users their tables.
_CLOSED = {"tap_schema", "tap_upload", "archive", "adql", "public", "information_schema"}
_CLOSED_PREFIXES = ("pg_", "my_", "upload_of_")


@dataclass(frozen=True)
class Declared:
    """What one source declares. `lines` lead from names of tables and their columns to where they stand."""

    source: Source
    ingests: tuple[Ingest, ...]
    tables: tuple[Table, ...]
    schemas: tuple[Schema, ...]
    names: dict[int, str] = field(default_factory=dict)  # of public values, by identity

    @cached_property
    def _statements(self) -> dict[str, ast.stmt]:
        try:
            tree = ast.parse(self.source.path.read_text("utf-8"))
        except (OSError, SyntaxError, ValueError):
            return {}
        found: dict[str, ast.stmt] = {}
        for node in tree.body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            found |= {target.id: node for target in targets if isinstance(target, ast.Name)}
        return found

    def place(self, thing: object, column: str = "") -> str:
        """Where a table, one of its columns, or another public value is declared."""
        statement = self._statements.get(self.names.get(id(thing), ""))
        line = getattr(statement, "lineno", 1)
        for node in ast.walk(statement) if statement is not None and column else ():
            if isinstance(node, ast.Call) and node.args and _is_text(node.args[0], column):
                line = node.lineno
        return f"{self.source.path}:{line}"


def _is_text(node: ast.expr, text: str) -> bool:
    return isinstance(node, ast.Constant) and node.value == text


def collected(source: Source) -> Declared:
    """The public values of the kinds that plugins are made of; tuples are looked into.

    Of a part of a table it is the table that is declared, if it is not one of the archive's own.
    """
    ingests: list[Ingest] = []
    tables: list[Table] = []
    schemas: list[Schema] = []
    names: dict[int, str] = {}
    for name, value in source.values.items():
        for one in value if isinstance(value, tuple) else (value,):
            names.setdefault(id(one), name)
            match one:
                case Ingest():
                    ingests += () if one in ingests else (one,)
                    tables += (t for t in map(whole_table, one.tables) if t not in tables)
                case Part():
                    tables += (t for t in (whole_table(one),) if t not in tables)
                case Table():
                    tables += () if one in tables else (one,)
                case Schema():
                    schemas += () if one in schemas else (one,)
                    tables += (table for table in one.tables if table not in tables)
                case _:
                    pass
    return Declared(source, tuple(ingests), tuple(tables), tuple(schemas), names)


def problems(declared: Sequence[Declared], builtin: Sequence[Schema]) -> list[Problem]:
    """All that is wrong; `builtin` are the schemas that every archive has."""
    own = {table.name.lower(): table for schema in builtin for table in schema.tables}
    known = {table.name.lower(): table for one in declared for table in one.tables} | own
    found = [*_names_twice(declared), *_tables_twice(declared, own)]
    for one in declared:
        for ingest in one.ingests:
            if not ingest.description:
                found.append(Problem(ingest.origin, f"plugin {ingest.name} has no description"))
        for table in one.tables:
            if own.get(table.name.lower()) != table:
                found += _of_table(one, table, own, known)
    return list(dict.fromkeys(found))


def _names_twice(declared: Iterable[Declared]) -> Iterator[Problem]:
    """In the order in which they were found: the archive's own ones come first, and are right."""
    first: dict[str, str] = {}
    for ingest in (ingest for one in declared for ingest in one.ingests):
        known = first.setdefault(ingest.name, ingest.origin)
        if known != ingest.origin:
            yield Problem(ingest.origin, f"there is a plugin {ingest.name} already, at {known}")


def _tables_twice(declared: Iterable[Declared], own: Collection[str]) -> Iterator[Problem]:
    """But for the archive's `own`, of which is told elsewhere."""
    first: dict[str, tuple[Declared, Table]] = {}
    for one in declared:
        for table in one.tables:
            other, same = first.setdefault(table.name.lower(), (one, table))
            if same != table and table.name.lower() not in own:
                yield Problem(
                    one.place(table), f"there is another table {same.name} already, at {other.place(same)}"
                )


def _of_table(
    one: Declared, table: Table, own: dict[str, Table], known: dict[str, Table]
) -> Iterator[Problem]:
    place = one.place(table)
    if _is_closed(table.physical_schema):
        yield Problem(place, f"table {table.name}: schema {table.schema_name} is the archive's own")
    if table.name.lower() in own:
        yield Problem(place, f"table {table.name} is one of the archive's own; choose another name")
    if not table.description.strip():
        yield Problem(place, f"table {table.name} has no description")
    for column in table.columns:
        if not column.description.strip():
            where = one.place(table, column.name)
            yield Problem(where, f"table {table.name}: column {column.name} has no description")
    for key in table.keys:
        target = known.get(key.target.lower())
        if target is None:
            yield Problem(place, f"table {table.name}: a key leads to {key.target}, which does not exist")
            continue
        for name in key.target_columns:
            if name not in target.by_name:
                yield Problem(
                    place, f"table {table.name}: a key leads to {target.name}.{name}, which does not exist"
                )
    if table.history and not _is_history(known.get(table.history.lower()), table):
        yield Problem(
            place,
            f"table {table.name}: its history {table.history} is not declared; "
            "make it a public value by history_table(...)",
        )


def _is_closed(schema: str) -> bool:
    return schema in _CLOSED or schema.startswith(_CLOSED_PREFIXES)


def _is_history(found: Table | None, table: Table) -> bool:
    wanted = history_table(table, "versions")
    return found is not None and [c.name for c in found.columns] == [c.name for c in wanted.columns]
