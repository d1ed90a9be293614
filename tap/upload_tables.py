"""The tables of a query's uploads: read from their files into the database, and what they are called there.

Which files they are is told by `tap.uploads`; which schema they lie in, and for how long, by the database.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from archive.config import Config
from archive.database import Database, load_upload
from archive.declare.uploads import SCHEMA, UploadedColumn, UploadedTable
from archive.errors import BadParameter, TooLarge, UnreadableFile
from archive.tablefiles import Source, open_votable

from .parameters import UPLOAD
from .uploads import Upload

__all__ = ["OpenUploads"]


class OpenUploads:
    """Uploads whose columns are known and whose rows are not read yet; the files close with `stack`.

    `tables` will lie in the database's schema `schema`. Raises BadParameter for files that cannot be read.
    """

    def __init__(
        self, uploads: tuple[Upload, ...], files: list[Path], schema: str, config: Config, stack: ExitStack
    ) -> None:
        self._config = config
        self._sources: list[Source] = []
        self._order: Mapping[str, tuple[str, str]] = {}
        self.tables: list[UploadedTable] = []
        for number, (upload, file) in enumerate(zip(uploads, files, strict=True), 1):
            source = self._open(upload, file, stack)
            self._sources.append(source)
            self.tables.append(_table(upload.name, source, schema, f"t{number}"))

    def _open(self, upload: Upload, file: Path, stack: ExitStack) -> Source:
        opening = open_votable(
            file,
            label=upload.name,
            most_columns=self._config.upload_columns,
            most_bytes=self._config.upload_bytes,
        )
        try:
            return stack.enter_context(opening)
        except UnreadableFile as cause:
            raise BadParameter(UPLOAD.name, cause.message) from cause

    def index(self, positions: Mapping[str, Collection[tuple[str, str]]]) -> None:
        """Makes the tables have an index on each of these pairs of columns, by the table's name."""
        self.tables = [
            replace(table, positions=tuple(sorted(positions.get(table.name, ())))) for table in self.tables
        ]

    def sort(self, positions: Mapping[str, tuple[str, str]]) -> None:
        """Makes the rows lie in the order of these pairs of columns, by the table's name."""
        self._order = positions

    def load(self, database: Database, check: Callable[[], None]) -> None:
        """Puts all rows into the database; `check` is called now and then, and may raise."""
        with database.writer() as connection:
            for table, source in zip(self.tables, self._sources, strict=True):
                try:
                    batches = self._batches(table, source, check)
                    load_upload(connection, table, batches, self._order.get(table.name))
                except UnreadableFile as cause:
                    raise BadParameter(UPLOAD.name, cause.message) from cause

    def _batches(
        self, table: UploadedTable, source: Source, check: Callable[[], None]
    ) -> Iterator[pa.RecordBatch]:
        names = [column.name for column in table.columns]
        rows, most = 0, self._config.upload_rows
        for arrays in source.batches():
            check()
            rows += len(arrays[0])
            if rows > most:
                raise TooLarge(f"{UPLOAD.name}: {table.base_name} has more than {most} rows")
            yield pa.RecordBatch.from_arrays(arrays, names=names)


def _table(name: str, source: Source, schema: str, stored: str) -> UploadedTable:
    columns = tuple(
        UploadedColumn(
            f"c{number}",
            column.type,
            unit=column.unit,
            ucd=column.ucd,
            utype=column.utype,
            description=column.description,
            coosys=column.coosys,
            timesys=column.timesys,
            label=column.name or f"column{number}",
        )
        for number, column in enumerate(source.columns, 1)
    )
    description = source.description or "A table sent along with this query"
    return UploadedTable(f"{SCHEMA}.{name}", columns, description, stored_schema=schema, stored_name=stored)
