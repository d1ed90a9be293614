"""An archive that takes a night's records as it would in operation, and is asked by ADQL."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from archive.config import Config
from archive.database import Database
from archive.plugins import Ingest, Plugins
from archive.query import compile
from archive.store import Store, initialise
from ingest.builtin import BUILTIN
from ingest.inputs import Inputs
from ingest.outcomes import Outcome
from tap.adql.resolve import translate

__all__ = ["NightDesk"]


class NightDesk:
    """`read` raises AssertionError unless exactly one plugin takes the input and reads it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.store = Store(folder / "store")
        self._folder = folder
        config = Config(authority="archive.example")
        with database.writer() as connection:
            initialise(connection)
        self._inputs = Inputs(database, self.store, config, Plugins(BUILTIN))

    def read(self, name: str, content: object) -> tuple[str, ...]:
        """The problems that were told."""
        path = self._folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        takers = [one for one in BUILTIN if _takes(one, path)]
        assert len(takers) == 1, [one.name for one in takers]
        report = self._inputs.answer(path, name, takers[0], str(path), "")
        assert report.outcome in {Outcome.INGESTED, Outcome.NEW_VERSION, Outcome.UNCHANGED}, report
        return tuple(report.problems)

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with self.database.writer() as connection:
            return connection.execute(query.encode()).fetchall()

    def adql(self, query: str) -> list[tuple[Any, ...]]:
        statement = compile(translate(query, self.database.catalogue))
        with self.database.run(statement, maxrec=None, first_seconds=20.0, total_seconds=20.0) as result:
            return [
                row
                for batch in result
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
            ]

    def plan(self, query: str) -> str:
        """What PostgreSQL does to answer a query in ADQL."""
        statement = compile(translate(query, self.database.catalogue))
        with self.database.writer() as connection:
            rows = connection.execute(f"EXPLAIN {statement.sql}".encode(), prepare=False).fetchall()
        return "\n".join(str(row[0]) for row in rows)


def _takes(plugin: Ingest, path: Path) -> bool:
    looks = plugin.accepts.looks
    named = not plugin.accepts.is_fits and plugin.accepts.may_take(path.name)
    return named and (looks is None or looks(path.read_bytes()[: 64 << 10]))
