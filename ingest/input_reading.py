"""One input read by its plugin, in a process of its own: rows proven to fit their tables, or why not.

The rows come as files of Arrow in a folder, so that no input, however large, fills the memory of the process
that writes them to the database.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from archive.database import records_batch
from archive.declare import Record, Table
from archive.errors import UnreadableFile
from archive.plugins import Accepts, Ingest, Input
from archive.plugins.faults import Raised, place_of, told

from .confined import Limits, confined

__all__ = ["Bounds", "Reading", "looked_at", "read_input"]

_AT_ONCE = 5_000  # rows that are proven and written together
_KEPT = 100  # problems told one by one
_BEGINNING = 64 << 10  # bytes that `Accepts.looks` is given


@dataclass(frozen=True, slots=True)
class Bounds:
    """What the reading of one input may take."""

    limits: Limits
    rows: int


@dataclass(frozen=True, slots=True)
class Reading:
    """Batches of rows by their tables' names, and what was wrong and did not hinder."""

    batches: Mapping[str, Iterable[pa.RecordBatch]]
    problems: tuple[str, ...]
    problem_count: int
    seconds: float


class _Stored:
    """Batches in a file; each run through them reads it again."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            with pa.memory_map(str(self._path)) as file, pa.ipc.open_stream(file) as batches:
                yield from batches
        except (OSError, pa.ArrowException) as cause:
            raise UnreadableFile(f"what its reader wrote cannot be read: {cause}") from cause


def looked_at(accepts: Accepts, path: Path, limits: Limits) -> bool:
    """What `accepts.looks` says about a file. Raises UnreadableFile when it cannot say."""
    looks = accepts.looks
    if looks is None:
        return True

    def work() -> object:
        with path.open("rb") as file:
            return bool(looks(file.read(_BEGINNING)))

    return confined(work, limits) is True


def read_input(plugin: Ingest, given: Input, bounds: Bounds, folder: Path) -> Reading:
    """Reads an input; `folder` takes the rows. Raises UnreadableFile that says why it cannot be read."""
    begun = time.monotonic()
    answer = confined(_work(plugin, given, bounds.rows, folder), bounds.limits)
    if not isinstance(answer, dict):
        raise UnreadableFile("the process that read it gave no sensible answer")
    return Reading(
        {
            table.name: _Stored(_file(folder, table))
            for table in plugin.tables
            if _file(folder, table).exists()
        },
        tuple(map(str, answer["problems"])),
        int(answer["problem_count"]),
        time.monotonic() - begun,
    )


def _file(folder: Path, table: Table) -> Path:
    return folder / f"{table.name}.arrow"


def _work(plugin: Ingest, given: Input, most_rows: int, folder: Path) -> Callable[[], object]:
    def work() -> object:
        # Arrow's own pools set aside a gigabyte at a time, which would count as used.
        pa.set_memory_pool(pa.system_memory_pool())
        writer = _Writer(plugin.tables, most_rows, folder)
        with Raised(whatever=True) as raised:
            for record in plugin.reader(given) or ():
                writer.add(record)
            writer.close()
        if raised.error is not None:
            raise _explained(raised.error, plugin) from raised.error
        return {"problems": given.problems[:_KEPT], "problem_count": len(given.problems)}

    return work


def _explained(error: BaseException, plugin: Ingest) -> UnreadableFile:
    """With the place in the plugin, for its author, unless it says itself what is wrong with the input."""
    place = place_of(error, Path(plugin.origin.rpartition(":")[0]))
    if isinstance(error, UnreadableFile) or not place:
        return UnreadableFile(told(error))
    return UnreadableFile(f"{told(error)} ({place})")


class _Writer:
    """Proves rows and writes them, by tables; raises UnreadableFile for one that does not fit."""

    def __init__(self, tables: Sequence[Table], most: int, folder: Path) -> None:
        self._tables = {table.name: table for table in tables}
        self._most = most
        self._folder = folder
        self._count = 0
        self._waiting: dict[str, list[Record]] = {}
        self._files: dict[str, pa.ipc.RecordBatchStreamWriter] = {}

    def add(self, record: object) -> None:
        if not isinstance(record, Record):
            raise UnreadableFile(
                f"the reader gave {type(record).__name__} instead of a row",
                hint="make rows by TABLE.row(...)",
            )
        if self._tables.get(record.table.name) != record.table:
            raise UnreadableFile(
                f"the reader gave a row of {record.table.name}, which is not among its tables"
            )
        self._count += 1
        if self._count > self._most:
            raise UnreadableFile(
                f"it has more than {self._most:,} rows", hint="raise plugin_rows of the configuration"
            )
        waiting = self._waiting.setdefault(record.table.name, [])
        waiting.append(record)
        if len(waiting) == _AT_ONCE:
            self._write(record.table)

    def close(self) -> None:
        for name in list(self._waiting):
            self._write(self._tables[name])
        for file in self._files.values():
            file.close()

    def _write(self, table: Table) -> None:
        records = self._waiting.pop(table.name)
        batch = _proven(table, records)
        file = self._files.get(table.name)
        if file is None:
            file = pa.ipc.new_stream(str(_file(self._folder, table)), batch.schema)
            self._files[table.name] = file
        file.write_batch(batch)


def _proven(table: Table, records: Sequence[Record]) -> pa.RecordBatch:
    """As a batch; when one does not fit, its key is told."""
    try:
        return records_batch(table, records, exact=True)
    except UnreadableFile as cause:
        for record in records:
            try:
                records_batch(table, [record], exact=True)
            except UnreadableFile as fault:
                raise UnreadableFile(f"{fault} (row {_key(record)})") from cause
        raise


def _key(record: Record) -> str:
    values = dict(zip(record.table.by_name, record.values, strict=False))
    return ", ".join(f"{name}={str(values.get(name))[:50]!r}" for name in record.table.primary_key)
