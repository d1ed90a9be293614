"""Where the rows of a FITS table wait until all have come: in a temporary file without a name.

As Arrow batches, or as the database sent them where compiled code packs them. Both are surveyed on their way
in, and read as often as needed. Disk space is needed for about the size of the result; memory for one batch.
"""

from __future__ import annotations

import contextlib
import struct
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import IO, Any, Protocol

import pyarrow as pa

from ..declare.columns import Field
from ..errors import DiskFull
from ..wire import Chunk, ColumnForm, Form, Kind, Transcoder, decode, transcoder
from .columns import fixed_length, prepare, slices
from .document import Copied, Result
from .fits_columns import FitsColumn, Survey
from .packing import RowPacker

__all__ = ["Spool", "disk_needed", "open_spool"]

# What is packed at once: a text column is as wide as its longest value.
_MOST_BYTES = 8 << 20
_LENGTHS = struct.Struct("=qq")  # before each chunk: its rows and bytes


class Spool(Protocol):
    def write(self, result: Result, surveys: Sequence[Survey]) -> int:
        """Takes in the whole result; the number of its rows. Raises the disk's OSErrors."""

    def column(self, index: int) -> Iterator[Any]:
        """A column's Arrow arrays."""

    def rows(self, columns: Sequence[FitsColumn]) -> Iterator[bytes]:
        """The table's rows, without the heap."""

    def heap(self, columns: Sequence[FitsColumn]) -> Iterator[bytes]:
        """What lies behind the rows, in the order in which `rows` counted its places."""

    def close(self) -> None: ...


@contextlib.contextmanager
def disk_needed() -> Iterator[None]:
    """Raises DiskFull in place of the OSErrors that say so."""
    try:
        yield
    except OSError as cause:
        if not DiskFull.is_meant_by(cause):
            raise
        raise DiskFull(
            "there is no room left on the archive's disk for the result",
            hint="try again later, ask for fewer rows, or for another format than FITS",
        ) from cause


def open_spool(result: Result) -> Spool:
    fields = result.fields
    compiled = transcoder(fields, sizes=_sizes(fields)) if isinstance(result, Copied) else None
    return _ArrowSpool(fields) if compiled is None else _CopySpool(fields, compiled)


def _sizes(fields: Sequence[Field]) -> list[int | None]:
    return [fixed_length(field.type) for field in fields]


class _Spool(ABC):
    """What both have in common: batches, and the rows made from them."""

    def __init__(self, fields: tuple[Field, ...]) -> None:
        self._fields = fields
        self._file: IO[bytes] = tempfile.TemporaryFile(prefix="uraniborg-fits-")  # noqa: SIM115  # see close

    @abstractmethod
    def _batches(self) -> Iterator[Any]:
        """The rows as Arrow batches, from the first on."""

    def column(self, index: int) -> Iterator[Any]:
        return (batch.column(index) for batch in self._batches())

    def rows(self, columns: Sequence[FitsColumn]) -> Iterator[bytes]:
        used = 0
        for batch in self._parts(columns):
            packer = RowPacker(batch.num_rows)
            for column, values in zip(columns, batch.columns, strict=True):
                packed, grown = column.packed(values, used)
                packer.fixed(packed)
                used += grown
            yield bytes(packer.join())

    def heap(self, columns: Sequence[FitsColumn]) -> Iterator[bytes]:
        """Batch by batch, column by column."""
        for batch in self._parts(columns):
            for column, values in zip(columns, batch.columns, strict=True):
                if column.in_heap:
                    yield column.heap(values)

    def _parts(self, columns: Sequence[FitsColumn]) -> Iterator[Any]:
        """The batches, cut so that packed rows fill no more than a few megabytes."""
        rows = max(1, _MOST_BYTES // sum(column.width for column in columns))
        for batch in self._batches():
            yield from (batch.slice(start, rows) for start in range(0, batch.num_rows, rows))

    def close(self) -> None:
        # What could not be written before cannot be now, and nobody wants it any more.
        with contextlib.suppress(OSError):
            self._file.close()


class _ArrowSpool(_Spool):
    def write(self, result: Result, surveys: Sequence[Survey]) -> int:
        count = 0
        schema = pa.schema([(f"c{i}", field.type.arrow) for i, field in enumerate(self._fields)])
        with pa.ipc.new_stream(self._file, schema) as writer:
            for rows in slices(result):
                for survey, column in zip(surveys, rows.columns, strict=True):
                    survey.see(column)
                writer.write_batch(pa.RecordBatch.from_arrays(list(rows.columns), schema=schema))
                count += rows.count
        self._file.flush()
        return count

    def _batches(self) -> Iterator[Any]:
        self._file.seek(0)
        return iter(pa.ipc.open_stream(self._file))


class _CopySpool(_Spool):
    def __init__(self, fields: tuple[Field, ...], surveyor: Transcoder) -> None:
        super().__init__(fields)
        self._surveyor = surveyor
        self._most_rows = 0  # in a chunk

    def write(self, result: Result, surveys: Sequence[Survey]) -> int:
        assert isinstance(result, Copied)
        count = 0
        for chunk in result.chunks():
            for survey, found in zip(surveys, self._surveyor.survey(chunk), strict=True):
                survey.add(found)
            self._file.write(_LENGTHS.pack(chunk.rows, len(chunk.data)))
            self._file.write(chunk.data)
            self._most_rows = max(self._most_rows, chunk.rows)
            count += chunk.rows
        self._file.flush()
        return count

    def _chunks(self) -> Iterator[Chunk]:
        self._file.seek(0)
        buffer = bytearray()
        while lengths := self._file.read(_LENGTHS.size):
            rows, size = _LENGTHS.unpack(lengths)
            if len(buffer) < size:
                buffer = bytearray(size)
            piece = memoryview(buffer)[:size]
            self._file.readinto(piece)  # type: ignore[attr-defined]  # typeshed has it for BufferedRandom only
            yield Chunk(piece, rows, whole=False)

    def _batches(self) -> Iterator[Any]:
        for chunk in self._chunks():
            rows = prepare(decode(self._fields, chunk), self._fields)
            yield pa.RecordBatch.from_arrays(list(rows.columns), [str(i) for i in range(len(self._fields))])

    def rows(self, columns: Sequence[FitsColumn]) -> Iterator[bytes]:
        simple = not any(column.in_heap for column in columns)
        width = sum(column.width for column in columns)
        packer = _packer(self._fields, columns) if simple else None
        if packer is None or self._most_rows * width > _MOST_BYTES:
            yield from super().rows(columns)
            return
        for chunk in self._chunks():
            yield packer.binary(chunk)


def _packer(fields: Sequence[Field], columns: Sequence[FitsColumn]) -> Transcoder | None:
    forms = [
        ColumnForm(
            missing=column.missing,
            form=Form.PADDED,
            width=column.repeat,
            written=Kind.of(field.type) if field.type.datatype == "char" else Kind.named(column.datatype),
        )
        for field, column in zip(fields, columns, strict=True)
    ]
    return transcoder(fields, forms, _sizes(fields))
