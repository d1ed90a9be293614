"""Rows of published tables as a caller may see them: read as the reader, through the caller's catalogue.

For what is made of a few rows of many tables, such as links and lineages; results of services are streamed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from ..access import Caller
from ..config import Config
from ..database import Cancellation, Database
from ..declare.catalogue import Catalogue
from ..declare.tables import Table
from ..query import build, compile
from ..query.tree import Condition

__all__ = ["Row", "TableReader"]

Row: TypeAlias = Mapping[str, Any]


class TableReader:
    """For one request or command; `cancellation` stops the query that runs."""

    def __init__(
        self, database: Database, config: Config, caller: Caller, cancellation: Cancellation | None = None
    ) -> None:
        self._database = database
        self._config = config
        self._viewer = caller.viewer
        self._catalogue: Catalogue = database.catalogue_of(caller.name)
        self._cancellation = cancellation or Cancellation()

    def rows(self, name: str, columns: Sequence[str], where: Callable[[Table], Condition]) -> list[Row]:
        """None when the table is not published."""
        table = self._catalogue.find(name)
        if table is None:
            return []
        config = self._config
        with self._database.run(
            compile(build.scan(table, columns, where(table)), viewer=self._viewer),
            maxrec=None,
            first_seconds=config.sync_seconds,
            total_seconds=config.transfer_seconds,
            cancellation=self._cancellation,
        ) as batches:
            return [row for batch in batches for row in batch.to_pylist()]

    def having(self, name: str, columns: Sequence[str], /, **wanted: Iterable[str | int]) -> list[Row]:
        """Rows that have one of the wanted values in any of the named columns; no query if none is wanted."""
        lists = {column: sorted(set(values)) for column, values in wanted.items()}
        lists = {column: values for column, values in lists.items() if values}
        if not lists:
            return []
        return self.rows(
            name,
            columns,
            lambda table: build.any_of(build.one_of(table, column, found) for column, found in lists.items()),
        )
