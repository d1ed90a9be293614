"""`uraniborg load`: catalogues from Parquet, CSV, ECSV, FITS tables and VOTables into published tables.

The file tells the columns, their units, UCDs and descriptions; positions in degrees get an index. All
files of one load become one table, whole or not at all. What a file holds is told by its content, not
by its name, and it may be compressed with gzip, bzip2 or compress. NaN becomes NULL, so that a condition
like `parallax > 5` means what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from archive.database import Database, Loads, Mode
from archive.declare import Schema, Table
from archive.declare.builtin import builtin_schemas
from archive.errors import DeclarationError, UnreadableFile, UsageError
from archive.tablefiles.columns import declared
from archive.tablefiles.opening import filled, left_out, open_catalogue, open_members
from archive.tablefiles.source import Source

from .catalogues_names import member_names
from .catalogues_release import with_release

__all__ = [
    "LoadSummary",
    "Progress",
    "TablesSummary",
    "load_catalogue",
    "load_tables",
    "read_declaration",
    "read_declarations",
]

Progress = Callable[[int, int | None], None]

_AT_ONCE = 100  # tables of a file that are loaded in one transaction


@dataclass(frozen=True)
class LoadSummary:
    """What a load did: the table as published, rows added, and what the files said otherwise."""

    table: Table
    rows: int
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class TablesSummary:
    """What became of the tables of one file: those loaded, why others were not, what else is to be said."""

    loaded: tuple[LoadSummary, ...]
    failures: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """What an operator reads of it, but for the failures."""
        if len(self.loaded) > 1:
            first, last = self.loaded[0].table.name, self.loaded[-1].table.name
            yield f"{len(self.loaded)} tables, from {first} to {last}"
        yield from self.remarks
        for summary in self.loaded:
            place = f"{summary.table.name}: " if len(self.loaded) > 1 else ""
            yield from (place + remark for remark in summary.remarks)


def load_catalogue(
    database: Database,
    table_name: str,
    paths: Sequence[Path],
    *,
    mode: Mode = "create",
    progress: Progress | None = None,
    description: str = "",
) -> LoadSummary:
    """Loads the files, one after the other, as the table `schema.name`.

    A table inside a file is named by "#": `catalogue.fits#2`, `answer.vot#stars`. `progress` is called
    with the rows done and, where the files tell it, the rows there are. With mode "append" the columns
    must be those of the table. Raises UnreadableFile, naming file, row and column, and UsageError.
    """
    if not paths:
        raise UsageError("no file was named")
    _check_free(table_name)
    with ExitStack() as stack:
        sources = [stack.enter_context(open_catalogue(Path(path))) for path in paths]
        with database.loads() as loads:
            return _loaded(database, loads, table_name, sources, mode, progress, description)


def load_tables(
    database: Database,
    table_name: str,
    path: Path,
    *,
    mode: Mode = "create",
    progress: Progress | None = None,
    description: str = "",
) -> TablesSummary:
    """Loads all tables of a file that have rows: one as `schema.name`, several as `schema.name__its_name`.

    Each of several is loaded whole or not at all, and one that cannot be is a failure told in the summary.
    The file is opened, unpacked and parsed once. Raises UnreadableFile and UsageError when the file or its
    only table cannot be loaded.
    """
    _check_free(table_name)
    summaries: list[LoadSummary] = []
    failures: list[str] = []
    with open_members(path) as members:
        wanted = filled(members)
        names = member_names(table_name, wanted)
        total = None if any(m.rows is None for m in wanted) else sum(m.rows or 0 for m in wanted)
        pairs = list(zip(wanted, names, strict=True))
        for begin in range(0, len(pairs), _AT_ONCE):
            with database.loads() as loads:
                for member, name in pairs[begin : begin + _AT_ONCE]:
                    done = sum(summary.rows for summary in summaries)
                    told = None if progress is None else _continued(progress, done, total)
                    try:
                        source = member.open()
                        said = _described(source, member.label, description) if wanted[1:] else description
                        summaries.append(_loaded(database, loads, name, [source], mode, told, said))
                    except (UnreadableFile, UsageError, DeclarationError) as error:
                        if not wanted[1:]:
                            raise
                        failures.append(f"table {member.label}: {error}")
    return TablesSummary(tuple(summaries), tuple(failures), left_out(members))


def _continued(progress: Progress, before: int, total: int | None) -> Progress:
    return lambda done, _all: progress(before + done, total)


def _described(source: Source, label: str, description: str) -> str:
    """For a table among others: its own description, or else which one of them it is."""
    return source.description or f"{description or _from(source)}, table {label}"


def _from(source: Source) -> str:
    return f"Catalogue loaded from {source.path.name}"


def _loaded(
    database: Database,
    loads: Loads,
    table_name: str,
    sources: Sequence[Source],
    mode: Mode,
    progress: Progress | None,
    description: str,
) -> LoadSummary:
    if database.is_declared(table_name):
        raise UsageError(
            f"{table_name} is a table of one of the archive's plugins, which fill it by `uraniborg ingest`",
            hint="load into another one",
        )
    table, remarks = _table(table_name, sources, description)
    if mode == "append":
        table = _appended(database, table)
    else:
        _check_rows(sources)
    batches = _batches(table, sources, progress)
    schema = Schema(table.schema_name, (table,), f"Catalogues loaded into {table.schema_name}")
    written = loads.load_table(table, batches, mode=mode, schema=schema)
    if written.faulty_regions:
        remarks += (f"{written.faulty_regions} regions cannot be searched", *written.problems)
    published = database.catalogue.table(table_name) if mode == "append" else table
    return LoadSummary(published, written.rows, remarks)


def _check_rows(sources: Sequence[Source]) -> None:
    """Any line of text could be one of column names; rows below it, or declared types, make it a table."""
    if all(source.guessed and source.rows == 0 for source in sources):
        raise sources[0].unreadable(
            "there is no row below the line of column names; a table without rows must come with declared "
            "columns, as ECSV, VOTable, FITS or Parquet"
        )


def _check_free(name: str) -> None:
    """The archive's own tables are filled by ingest, and stay as they are declared."""
    own = {table.name.lower() for schema in builtin_schemas() for table in schema.tables}
    if name.lower() in own or name.lower().startswith("tap_schema."):
        raise UsageError(f"{name} is a table of the archive's own", hint="load into another one")
    if name.lower().startswith("my_"):
        raise UsageError(
            f"{name}: schemas whose names begin with my_ are those of users", hint="choose another"
        )


def read_declaration(table_name: str, path: Path, description: str = "") -> Table:
    """The table that loading `path` would make, without loading it."""
    with open_catalogue(path) as source:
        _check_rows([source])
        return _table(table_name, [source], description)[0]


def read_declarations(table_name: str, path: Path) -> list[Table]:
    """The tables that `load_tables` would make, without loading them."""
    with open_members(path) as members:
        wanted = filled(members)
        names = member_names(table_name, wanted)
        return [_table(name, [member.open()], "")[0] for name, member in zip(names, wanted, strict=True)]


def _table(name: str, sources: Sequence[Source], description: str) -> tuple[Table, tuple[str, ...]]:
    for source in sources[1:]:
        _check_same(sources[0], source)
    # One without rows tells no types where they are guessed.
    first = next((source for source in sources if not (source.guessed and source.rows == 0)), sources[0])
    said = description or first.description or _from(first)
    table, remarks = declared(name, first.columns, said)
    return with_release(table, first.keywords, datetime.now(UTC)), first.remarks + remarks


def _check_same(first: Source, other: Source) -> None:
    names = [[column.name for column in source.columns] for source in (first, other)]
    if names[0] != names[1]:
        different = next(
            (f"{b} instead of {a}" for a, b in zip(*names, strict=False) if a != b), "their number"
        )
        raise UsageError(
            f"{other.path.name} has not the columns of {first.path.name}: {different}",
            hint="load them as two tables",
        )


def _appended(database: Database, table: Table) -> Table:
    """The published table, when it has the columns of the file."""
    published = database.catalogue.table(table.name)
    given = [column.name for column in table.columns]
    missing = [column.name for column in published.columns if column.name not in given]
    unknown = [name for name in given if name not in published.by_name]
    if missing or unknown:
        faults = [f"the file has no {', '.join(missing)}"] if missing else []
        faults += [f"the table has no {', '.join(unknown)}"] if unknown else []
        raise UsageError(
            f"cannot append to {published.name}: {'; '.join(faults)}",
            hint="rows can be appended only from files with the same columns",
        )
    return Table(
        published.name,
        tuple(published.by_name[name] for name in given),
        published.description,
        positions=published.positions,
    )


def _batches(table: Table, sources: Sequence[Source], progress: Progress | None) -> Iterator[pa.RecordBatch]:
    known = [source.rows for source in sources]
    total = None if None in known else sum(cast(list[int], known))
    names = [column.name for column in table.columns]
    done = 0
    for source in sources:
        for arrays in source.batches():
            fitted = _fitted(table, source, arrays, done)
            yield pa.RecordBatch.from_arrays(fitted, names=names)
            done += len(arrays[0])
            if progress is not None:
                progress(done, total)


def _fitted(table: Table, source: Source, arrays: list[pa.Array], row: int) -> list[pa.Array]:
    """The arrays in the table's types, which those of a second file or of an appended one may not be."""
    fitted = []
    for column, array in zip(table.columns, arrays, strict=True):
        try:
            fitted.append(array if array.type == column.type.arrow else array.cast(column.type.arrow))
        except pa.ArrowException as cause:
            raise source.unreadable(str(cause), row=row + 1, column=column.name) from cause
        if column.type.is_text:
            _check_text(source, column.name, array, row)
    return fitted


def _check_text(source: Source, column: str, texts: pa.Array, row: int) -> None:
    # PostgreSQL's texts hold any character but NUL.
    found = pc.index(pc.fill_null(pc.match_substring(texts, "\0"), False), True).as_py()
    if found >= 0:
        raise source.unreadable("the text contains a NUL", row=row + found + 1, column=column)
