"""Two tables whose values are hard to carry, written with plain SQL and served over TAP."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from psycopg import sql

from archive.database import Database
from archive.declare.columns import Column
from archive.declare.tables import Schema, Table
from archive.declare.types import (
    BOOLEAN,
    DOUBLE,
    FLOAT,
    INTEGER,
    LONG,
    POINT,
    REGION,
    SHORT,
    TEXT,
    TIMESTAMP,
    UNSIGNED_BYTE,
    array_of,
    char,
)
from archive.testing import ClusterForTests
from tests.hard_values import MATRIX, rows_of

__all__ = ["FAR_TIMES", "FIELDS", "ROWS", "hard_database"]

VALUES = Table(
    "hard.things",
    (
        Column("number", INTEGER, nullable=False),
        Column("flag", BOOLEAN),
        Column("byte", UNSIGNED_BYTE),
        Column("short", SHORT),
        Column("long", LONG, unit="s"),
        Column("single", FLOAT, unit="mag", ucd="phot.mag"),
        Column("size", DOUBLE, unit="arcsec"),
        Column("text", TEXT),
        Column("code", char(3)),
        Column("moment", TIMESTAMP),
        Column("place", POINT, unit="deg"),
        Column("matrix", MATRIX),
        Column("counts", array_of(LONG, "*")),
        Column("fluxes", array_of(DOUBLE, "*")),
        Column("marks", array_of(BOOLEAN, "*")),
        Column("outline", REGION),
    ),
    description="Values that are hard to carry",
    primary_key=("number",),
)
FIELDS = tuple(column.field for column in VALUES.columns)
ROWS = tuple((number, *row[1:]) for number, row in enumerate(rows_of(field.type for field in FIELDS)))

# PostgreSQL's times that Python's datetime has no value for, and how they are written.
FAR_TIMES = {
    "infinity": None,
    "-infinity": None,
    "12026-01-01 00:00:00": "+12026-01-01T00:00:00",
    "0044-03-15 12:00:00 BC": "-00043-03-15T12:00:00",
    "0001-12-31 23:59:59.5 BC": "0000-12-31T23:59:59.500",
    "4714-11-24 00:00:00 BC": "-04713-11-24T00:00:00",
    "294276-12-31 23:59:59.999999": None,
}

TIMES = Table("hard.times", (Column("number", INTEGER), Column("moment", TIMESTAMP)), description="Far times")


@contextlib.contextmanager
def hard_database(cluster: ClusterForTests) -> Iterator[Database]:
    """A database with `hard.things`, which holds ROWS, and `hard.times`, which holds FAR_TIMES, numbered."""
    with cluster.database() as database:
        database.publish([VALUES, TIMES], [Schema("hard", (), "Hard values")])
        names = sql.SQL(", ").join(sql.Identifier(column.physical_name) for column in VALUES.columns)
        marks = sql.SQL(", ").join(
            sql.SQL("CAST({} AS " + column.type.postgresql + ")").format(sql.Placeholder())  # type: ignore[arg-type]
            for column in VALUES.columns
        )
        with database.writer() as connection, connection.cursor() as cursor:
            insert = sql.SQL("INSERT INTO hard.things ({}) VALUES ({})").format(names, marks)
            cursor.executemany(insert, ROWS)
            cursor.executemany("INSERT INTO hard.times VALUES (%s, %s)", list(enumerate(FAR_TIMES)))
        yield database
