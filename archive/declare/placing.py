"""Tables whose place in the database their names do not tell: published under one name, stored under another.

So a new version of a table can stand ready beside the old one, and callers can find different tables
under one name. Which place belongs to whom is decided in `archive.database`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from .tables import Schema, Table

__all__ = ["PlacedTable", "placed", "with_tables"]


@dataclass(frozen=True)
class PlacedTable(Table):
    """`name` is what queries call it; `stored_schema` and `stored_name` are the database's."""

    stored_schema: str = ""
    stored_name: str = ""

    @property
    def physical_schema(self) -> str:
        return self.stored_schema

    @property
    def physical_name(self) -> str:
        return self.stored_name


def placed(table: Table, schema: str, name: str) -> PlacedTable:
    """The table, stored as `schema`.`name`."""
    declared = {field.name: getattr(table, field.name) for field in fields(Table)}
    return PlacedTable(**declared, stored_schema=schema, stored_name=name)


def with_tables(schemas: Iterable[Schema], tables: Iterable[Table]) -> tuple[Schema, ...]:
    """The schemas with `tables`: in place of those with the same names, else behind those of their schema."""
    given = {table.name.lower(): table for table in tables}
    complete = []
    for schema in schemas:
        kept = [given.pop(table.name.lower(), table) for table in schema.tables]
        more = [table for table in given.values() if table.schema_name == schema.name]
        for table in more:
            del given[table.name.lower()]
        complete.append(Schema(schema.name, (*kept, *more), schema.description, schema.title, schema.utype))
    for name in dict.fromkeys(table.schema_name for table in given.values()):
        owned = tuple(table for table in given.values() if table.schema_name == name)
        complete.append(Schema(name, owned, f"Tables of the user {name.removeprefix('my_')}"))
    return tuple(complete)
