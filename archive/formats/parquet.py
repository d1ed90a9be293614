"""Parquet with the metadata of VOParquet 1.0 in its footer: a VOTable without data, written last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ..declare.columns import Field
from .columns import Rows, slices, unique_names
from .document import Document, Result
from .votable import last_status, skeleton

__all__ = ["encode_parquet"]

# A row group is the unit readers fetch, and what the writer holds in memory.
_GROUP_ROWS = 131_072
_GROUP_BYTES = 8 << 20


class _Outbox:
    """A file to write to whose content is taken away piece by piece."""

    closed = False

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._position += len(piece)
        return len(piece)

    def tell(self) -> int:
        return self._position

    def flush(self) -> None:
        pass

    def close(self) -> None:
        self.closed = True

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def encode_parquet(result: Result, document: Document) -> Iterator[bytes]:
    """application/vnd.apache.parquet; a failure breaks the stream off before the footer."""
    names = unique_names([field.name for field in result.fields])
    types = [_arrow(field) for field in result.fields]
    schema = pa.schema(list(zip(names, types, strict=True)))
    outbox = _Outbox()
    # Looking for values that repeat takes longer than all the rest, and finds them in text mostly.
    texts = [name for name, type_ in zip(names, types, strict=True) if pa.types.is_string(type_)]
    writer = pq.ParquetWriter(
        pa.PythonFile(outbox, mode="w"), schema, compression="snappy", use_dictionary=texts or False
    )
    yield outbox.take()
    for group in _groups(result, schema):
        writer.write_table(group)
        yield outbox.take()
    writer.add_key_value_metadata(_footer(result, document))
    writer.close()
    yield outbox.take()


def _arrow(field: Field) -> Any:
    """The column's Arrow type: the declared one, but for unsigned bytes, which PostgreSQL has not."""
    if field.type.datatype != "unsignedByte":
        return field.type.arrow
    return pa.list_(pa.uint8()) if field.type.is_array else pa.uint8()


def _groups(result: Result, schema: Any) -> Iterator[Any]:
    """The rows as tables of bounded size, one for each row group."""
    waiting: list[Any] = []
    rows = size = 0
    for part in slices(result):
        batch = _batch(part, schema)
        waiting.append(batch)
        rows += batch.num_rows
        size += batch.nbytes
        if rows >= _GROUP_ROWS or size >= _GROUP_BYTES:
            yield pa.Table.from_batches(waiting, schema)
            waiting, rows, size = [], 0, 0
    if waiting:
        yield pa.Table.from_batches(waiting, schema)


def _batch(rows: Rows, schema: Any) -> Any:
    columns = [column.cast(type_) for column, type_ in zip(rows.columns, schema.types, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _footer(result: Result, document: Document) -> dict[str, str]:
    names = unique_names([field.name for field in result.fields])
    fields = tuple(replace(field, name=name) for field, name in zip(result.fields, names, strict=True))
    parts = skeleton(fields, document, None)
    status = last_status("OVERFLOW") if result.overflowed else b""
    content = parts.middle + status + parts.tail
    return {
        "IVOA.VOTable-Parquet.version": "1.0",
        "IVOA.VOTable-Parquet.encoding": "utf-8",
        "IVOA.VOTable-Parquet.content": content.decode(),
    }
