"""One input read by its plugin, in a process apart: rows proven to fit their tables, or why not.

The rows come as files of Arrow in a folder, so that no input, however large, fills the memory of the process
that writes them to the database. Here is what a process does with one input; which process, and how long it
may take, is the business of `reading_pool` and its callers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

import pyarrow as pa

from archive.database import records_batch
from archive.declare import Record, Table
from archive.errors import UnreadableFile
from archive.plugins import Ingest, Input
from archive.plugins.faults import Raised, place_of, told

from .reading_pool import Unexpected

__all__ = ["Asked", "Looked", "Reading", "reading_of", "work_of"]

_AT_ONCE = 5_000  # rows that are proven and written together
_KEPT = 100  # problems told one by one
_BEGINNING = 64 << 10  # bytes that `Accepts.looks` is given


@dataclass(frozen=True, slots=True)
class Looked:
    """Whether a plugin takes a file, by what `Accepts.looks` says of its beginning."""

    plugin: str
    path: Path


@dataclass(frozen=True, slots=True)
class Asked:
    """The reading of an input by a plugin, `most_rows` at most, into a folder."""

    plugin: str
    given: Input
    most_rows: int
    folder: Path


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


def work_of(plugins: Iterable[Ingest]) -> Callable[[Looked | Asked], object]:
    """What a process does that is asked; whatever it raises tells why it cannot."""
    known = {plugin.name: plugin for plugin in plugins}

    def work(asked: Looked | Asked) -> object:
        # Arrow's own pools set aside a gigabyte at a time, which would count as used.
        pa.set_memory_pool(pa.system_memory_pool())
        match asked:
            case Looked(name, path):
                return _look(known[name], path)
            case Asked(name, given, most_rows, folder):
                return _read(known[name], given, most_rows, folder)
            case _:
                assert_never(asked)

    return work


def reading_of(plugin: Ingest, answer: object, folder: Path) -> Reading:
    """What the answer to `Asked` says, with the rows that are in the folder."""
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
        float(answer["seconds"]),
    )


def _file(folder: Path, table: Table) -> Path:
    return folder / f"{table.name}.arrow"


def _look(plugin: Ingest, path: Path) -> bool:
    looks = plugin.accepts.looks
    if looks is None:
        return True
    with path.open("rb") as file:
        return bool(looks(file.read(_BEGINNING)))


def _read(plugin: Ingest, given: Input, most_rows: int, folder: Path) -> object:
    begun = time.monotonic()
    for left in folder.iterdir():
        left.unlink()  # of a process that did not come to an end
    writer = _Writer(plugin.tables, most_rows, folder)
    with Raised(whatever=True) as raised:
        for record in _rows(plugin.reader(given)):
            writer.add(record)
        writer.close()
    if isinstance(raised.error, UnreadableFile):
        raise _explained(raised.error, plugin) from raised.error
    if raised.error is not None:
        raise Unexpected(str(_explained(raised.error, plugin))) from raised.error
    return {
        "problems": given.problems[:_KEPT],
        "problem_count": len(given.problems),
        "seconds": time.monotonic() - begun,
    }


def _rows(given: object) -> Iterable[object]:
    """What a reader has made, unless it forgot to yield."""
    if isinstance(given, Record) or not isinstance(given, Iterable):
        raise UnreadableFile(
            f"the reader returned {type(given).__name__} instead of rows", hint="let it yield each row"
        )
    return given


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
