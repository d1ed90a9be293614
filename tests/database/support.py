"""What the tests of the database share: statements without ADQL, rows without formats."""

from __future__ import annotations

from archive.database import Database
from archive.declare import types
from archive.declare.columns import Field
from archive.declare.types import Type
from archive.query.sql import Statement


def statement(sql: str, *columns: Type) -> Statement:
    return Statement(sql, tuple(Field(f"c{index}", type_) for index, type_ in enumerate(columns)))


def numbers(count: int) -> Statement:
    """The numbers from 1 to `count`, made as they are read."""
    return Statement(f"SELECT generate_series(1, {count}::bigint)", (Field("number", types.LONG),))


def endless() -> Statement:
    """Works for hours before its first row."""
    return Statement(
        "SELECT count(*) FROM generate_series(1, 100000000000::bigint)", (Field("n", types.LONG),)
    )


def rows(database: Database, query: Statement, maxrec: int | None = None) -> list[tuple[object, ...]]:
    with database.run(query, maxrec=maxrec, first_seconds=30.0, total_seconds=60.0) as result:
        return [
            row
            for batch in result
            for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
        ]
