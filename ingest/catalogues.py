"""`uraniborg load`: catalogues from Parquet, CSV, ECSV, FITS tables and VOTables into published tables.

The file tells the columns, their units, UCDs and descriptions; positions in degrees get an index. All
files of one load become one table, whole or not at all. What a file holds is told by its content, not
by its name, and it may be compressed with gzip, bzip2 or compress. NaN becomes NULL, so that a condition
like `parallax > 5` means what it says.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pyarrow as pa
import pyarrow.compute as pc

from archive.database import Database, Mode
from archive.declare import Schema, Table
from archive.declare.builtin import builtin_schemas
from archive.errors import ConfigurationError, UnreadableFile, UsageError

from .catalogues_columns import declared
from .catalogues_fits import open_fits
from .catalogues_parquet import open_parquet
from .catalogues_source import Source, unreadable
from .catalogues_text import open_csv, open_ecsv
from .catalogues_votable import open_votable
from .fits_streams import Packing, open_stream, packing

__all__ = ["LoadSummary", "Progress", "load_catalogue", "open_catalogue", "read_declaration"]

Progress = Callable[[int, int | None], None]

_COPIED = 1 << 20


@dataclass(frozen=True)
class LoadSummary:
    """What a load did: the table as published, rows added, and what the files said otherwise."""

    table: Table
    rows: int
    remarks: tuple[str, ...] = ()


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
        table, remarks = _table(table_name, sources, description)
        if mode == "append":
            table = _appended(database, table)
        batches = _batches(table, sources, progress)
        schema = Schema(table.schema_name, (table,), f"Catalogues loaded into {table.schema_name}")
        written = database.load_table(table, batches, mode=mode, schema=schema)
    if written.faulty_regions:
        remarks += (f"{written.faulty_regions} regions cannot be searched", *written.problems)
    return LoadSummary(database.catalogue.table(table_name), written.rows, remarks)


def _check_free(name: str) -> None:
    """The archive's own tables are filled by ingest, and stay as they are declared."""
    own = {table.name.lower() for schema in builtin_schemas() for table in schema.tables}
    if name.lower() in own or name.lower().startswith("tap_schema."):
        raise UsageError(f"{name} is a table of the archive's own", hint="load into another one")


def read_declaration(table_name: str, path: Path, description: str = "") -> Table:
    """The table that loading `path` would make, without loading it."""
    with open_catalogue(path) as source:
        return _table(table_name, [source], description)[0]


def _table(name: str, sources: Sequence[Source], description: str) -> tuple[Table, tuple[str, ...]]:
    first = sources[0]
    for source in sources[1:]:
        _check_same(first, source)
    said = description or first.description or f"Catalogue loaded from {first.path.name}"
    table, remarks = declared(name, first.columns, said)
    return table, first.remarks + remarks


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


# Opening


@contextmanager
def open_catalogue(path: Path) -> Iterator[Source]:
    """The table in a file, whatever its format; "#" and a number or name choose one of several."""
    file, part = _part(path)
    with _unpacked(file) as plain, _reader(file, plain, part) as source:
        yield source


def _part(path: Path) -> tuple[Path, str]:
    if path.exists() or "#" not in path.name:
        return path, ""
    name, _, part = path.name.rpartition("#")
    return path.with_name(name), part


@contextmanager
def _unpacked(path: Path) -> Iterator[Path]:
    """The file itself or, when it is compressed, a temporary copy that is not."""
    if not os.path.isfile(path):
        raise unreadable(path, "there is no such file")
    if packing(path) is Packing.NONE:
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="uraniborg-load-") as folder:
        copy = Path(folder) / path.name
        try:
            with open_stream(path) as stream, copy.open("wb") as file:
                while block := stream.read(_COPIED):
                    file.write(block)
        except UnreadableFile as cause:
            raise unreadable(path, cause.message) from cause
        except OSError as cause:
            raise ConfigurationError(
                f"{path.name} cannot be unpacked in {folder}: {cause.strerror or cause}",
                hint="set TMPDIR to a folder with more room",
            ) from cause
        yield copy


def _reader(path: Path, plain: Path, part: str) -> AbstractContextManager[Source]:
    with plain.open("rb") as file:
        start = file.read(4096)
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"SIMPLE  ="):
        return open_fits(plain, part)
    if text.startswith(b"<"):
        return open_votable(plain, part)
    if part:
        raise unreadable(path, "holds one table only")
    if start.startswith(b"PAR1"):
        return open_parquet(plain)
    if text.startswith(b"# %ECSV"):
        return open_ecsv(plain)
    if not text:
        raise unreadable(path, "the file is empty")
    return open_csv(plain)
