"""What the tests of moving a database share: a table, a database that has it, and a look at both."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import psycopg

from archive.database import Database
from archive.database.migration_shapes import Name, Shape, shapes
from archive.database.migration_steps import ALL, SAFE, Terms
from archive.database.preparation import Migration, Wanted, examine, migrate, prepare
from archive.database.roles import grant_database
from archive.database.server import Server, reader_settings
from archive.declare import types
from archive.declare.columns import Column
from archive.declare.tables import Schema, Table
from archive.declare.tapschema import TAP_SCHEMA
from archive.testing import ClusterForTests

THINGS = Table(
    "cat.things",
    columns=(
        Column("id", types.LONG, nullable=False, description="Number"),
        Column("ra", types.DOUBLE, unit="deg", description="Right ascension"),
        Column("dec", types.DOUBLE, unit="deg", description="Declination"),
        Column("flux", types.FLOAT, description="Flux"),
        Column("seen", types.INTEGER, description="How often it was seen"),
        Column("name", types.TEXT, description="Name", indexed=True),
        Column("low", types.DOUBLE, description="Shortest wavelength"),
        Column("high", types.DOUBLE, description="Longest wavelength"),
        Column("fluxes", types.array_of(types.FLOAT, "*"), description="Single fluxes"),
    ),
    description="Things",
    primary_key=("id",),
)
ROWS = """
INSERT INTO cat.things (id, ra, dec, flux, seen, name, low, high, fluxes) VALUES
    (1, 10, 20, 0.5, 3, 'one', 1, 2, '{0.25,0.5}'), (2, 11, 21, 1.5, NULL, '2', 2, 3, NULL)
"""

_NUMBERS = itertools.count(1)


def column(name: str, **changes: object) -> Table:
    """THINGS with another column of that name."""
    columns = [replace(c, **changes) if c.name == name else c for c in THINGS.columns]  # type: ignore[arg-type]
    return replace(THINGS, columns=tuple(columns))


def without(name: str) -> Table:
    return replace(THINGS, columns=tuple(c for c in THINGS.columns if c.name != name))


def adding(*columns: Column, **changes: object) -> Table:
    return replace(THINGS, columns=(*THINGS.columns, *columns), **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Site:
    """A database that belongs to one test."""

    server: Server
    database: Database
    settings: dict[str, str]

    def wanted(self, *tables: Table, further: tuple[str, ...] = ()) -> Wanted:
        return Wanted((Schema("cat", tables, "Things of tests"), TAP_SCHEMA), self.settings, further)

    def prepare(self, *tables: Table) -> None:
        wanted = self.wanted(*tables)
        prepare(self.server, wanted.schemas, wanted.reader, wanted.further)

    def shown(self, *tables: Table, terms: Terms = ALL) -> Migration:
        return examine(self.server, self.wanted(*tables), terms, 5.0)

    def migrate(self, *tables: Table, terms: Terms = SAFE, patience: float = 5.0) -> Migration:
        return migrate(self.server, self.wanted(*tables), terms, patience)

    def run(self, text: str) -> list[tuple[object, ...]]:
        """A statement of the owner."""
        with psycopg.connect(self.server.owner, autocommit=True) as connection:
            cursor = connection.execute(text.encode())
            return cursor.fetchall() if cursor.description else []

    def shapes(self) -> dict[Name, Shape]:
        """Everything there is, in PostgreSQL's words."""
        with psycopg.connect(self.server.owner) as connection:
            return shapes(connection, ["cat", "tap_schema", "archive", "adql"])

    def shapes_of(self, name: str) -> Shape:
        schema, _, table = name.partition(".")
        with psycopg.connect(self.server.owner) as connection:
            return shapes(connection, [schema])[schema, table]


@contextmanager
def sample(test_cluster: ClusterForTests) -> Iterator[str]:
    """The name of a database with THINGS and its rows, to be copied."""
    name = f"migrate_{os.getpid()}"
    settings = reader_settings(test_cluster.config)
    test_cluster.cluster.create_database(name)
    server = test_cluster.cluster.server(name, settings)
    prepare(server, (Schema("cat", (THINGS,), "Things of tests"), TAP_SCHEMA), settings)
    with psycopg.connect(server.owner) as connection:
        connection.execute(ROWS)
    yield name
    test_cluster.cluster.drop_database(name)


@contextmanager
def copied(test_cluster: ClusterForTests, template: str) -> Iterator[Site]:
    name = f"{template}_{next(_NUMBERS)}"
    settings = reader_settings(test_cluster.config)
    test_cluster.cluster.create_database(name, template)
    server = test_cluster.cluster.server(name, settings)
    with psycopg.connect(server.owner) as connection:
        grant_database(connection)
    with Database(server, test_cluster.config) as database:
        yield Site(server, database, settings)
    test_cluster.cluster.drop_database(name)


def words(migration: Migration) -> list[str]:
    return [step.words for step in (*migration.taken, *migration.left)]
