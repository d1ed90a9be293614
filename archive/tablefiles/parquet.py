"""Catalogues in Parquet, with the metadata of VOParquet 1.0, of astropy, or of the Arrow fields."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from ..declare.types import (
    BOOLEAN,
    DOUBLE,
    FLOAT,
    INTEGER,
    LONG,
    REGION,
    SHORT,
    TEXT,
    TIMESTAMP,
    UNSIGNED_BYTE,
    Type,
    array_of,
)
from .astropy_header import as_mapping, read_header, said
from .source import (
    Arrays,
    Source,
    SourceColumn,
    batch_rows,
    first_refused,
    timestamps,
    unreadable,
    without_nan,
)
from .votable_tables import described_tables

__all__ = ["open_parquet"]

_MOST_TEXT = 1 << 30  # bytes of a column in one batch
_SCALARS: dict[Any, Type] = {
    pa.bool_(): BOOLEAN,
    pa.int8(): SHORT,
    pa.int16(): SHORT,
    pa.int32(): INTEGER,
    pa.int64(): LONG,
    pa.uint8(): UNSIGNED_BYTE,
    pa.uint16(): INTEGER,
    pa.uint32(): LONG,
    pa.uint64(): LONG,
    pa.float16(): FLOAT,
    pa.float32(): FLOAT,
    pa.float64(): DOUBLE,
    pa.string(): TEXT,
    pa.large_string(): TEXT,
    pa.string_view(): TEXT,
    pa.null(): TEXT,
}


@contextmanager
def open_parquet(path: Path) -> Iterator[Source]:
    try:
        with pq.ParquetFile(path, memory_map=True) as plain:
            packed = _dictionaries(plain)
        file = pq.ParquetFile(path, memory_map=True, read_dictionary=packed)
    except (pa.ArrowException, OSError) as cause:
        raise unreadable(path, f"not readable as Parquet: {cause}") from cause
    with file:
        yield _source(path, file)


def _source(path: Path, file: Any) -> Source:
    schema = file.schema_arrow
    try:
        described, description = _described(schema)
    except ValueError as cause:
        raise unreadable(path, f"the description of its columns cannot be read: {cause}") from cause
    columns: list[SourceColumn] = []
    places: list[int] = []
    remarks: list[str] = []
    for place, field in enumerate(schema):
        type_ = _type(field.type)
        if type_ is None:
            remarks.append(f"column {field.name} is left out: there is no column type for {field.type}")
            continue
        column = described[place] if described else _from_field(field, type_)
        # A VOTable says what the text means; what is stored is the file's business.
        special = column.type if column.type in {REGION, TIMESTAMP} and type_ == TEXT else type_
        columns.append(replace(column, name=field.name, type=special))
        places.append(place)
    if not columns:
        raise unreadable(path, "no column can be stored")
    names = [schema.names[place] for place in places]

    def batches() -> Iterator[Arrays]:
        width = sum(group.total_byte_size for group in _groups(file)) // max(file.metadata.num_rows, 1)
        row = 0
        try:
            for batch in file.iter_batches(batch_rows(width)):
                yield [
                    _converted(path, row, names[i], batch.column(place), columns[i].type)
                    for i, place in enumerate(places)
                ]
                row += batch.num_rows
        except (pa.ArrowException, OSError) as cause:
            raise unreadable(path, f"damaged: {cause}", row=row + 1) from cause

    return Source(path, tuple(columns), batches, file.metadata.num_rows, description, tuple(remarks))


def _groups(file: Any) -> Iterator[Any]:
    return (file.metadata.row_group(number) for number in range(file.metadata.num_row_groups))


def _dictionaries(file: Any) -> list[str]:
    """The columns of texts that are kept as dictionaries: written out they can be of any size."""
    texts = {field.name for field in file.schema_arrow if pa.types.is_string(field.type)}
    columns = (group.column(number) for group in _groups(file) for number in range(group.num_columns))
    return sorted({c.path_in_schema for c in columns if c.has_dictionary_page} & texts)


def _type(arrow: Any) -> Type | None:
    """The column type for an Arrow type; None when there is none."""
    if pa.types.is_dictionary(arrow):
        return _type(arrow.value_type)
    if arrow in _SCALARS:
        return _SCALARS[arrow]
    if pa.types.is_timestamp(arrow) or pa.types.is_date(arrow):
        return TIMESTAMP
    if pa.types.is_time(arrow):
        return TEXT
    if pa.types.is_decimal(arrow):
        return LONG if arrow.scale == 0 and arrow.precision <= 18 else DOUBLE
    if pa.types.is_list(arrow) or pa.types.is_large_list(arrow) or pa.types.is_fixed_size_list(arrow):
        element = _SCALARS.get(arrow.value_type)
        if element is None or element.is_text:
            return None
        return array_of(element, str(arrow.list_size) if pa.types.is_fixed_size_list(arrow) else "*")
    return None


def _converted(path: Path, row: int, name: str, array: Any, type_: Type) -> pa.Array:
    if pa.types.is_dictionary(array.type):
        if pa.types.is_string(array.type.value_type):
            lengths = pc.binary_length(array.dictionary).take(array.indices)
            if (pc.sum(lengths).as_py() or 0) > _MOST_TEXT:
                raise unreadable(path, "texts of more than 1 GiB in a few rows", row=row + 1, column=name)
        array = array.dictionary_decode()
    try:
        return _as_type(array, type_)
    except pa.ArrowException as cause:
        wrong = row + first_refused(array, partial(_as_type, type_=type_)) + 1
        raise unreadable(path, str(cause), row=wrong, column=name) from cause


def _as_type(array: Any, type_: Type) -> pa.Array:
    if type_ == TIMESTAMP:
        if not (pa.types.is_timestamp(array.type) or pa.types.is_date(array.type)):
            return timestamps(array.cast(pa.string()))
        # Nanoseconds are cut; a zone means an instant, which is UTC in Arrow.
        instants = array.cast(pa.timestamp("us", getattr(array.type, "tz", None)), safe=False)
        return instants.cast(TIMESTAMP.arrow)
    # Integers beyond the type are refused, decimals rounded.
    plain = array.cast(type_.arrow, safe=not pa.types.is_decimal(array.type))
    return without_nan(plain) if type_ in {FLOAT, DOUBLE} else plain


# Metadata


def _described(schema: Any) -> tuple[list[SourceColumn] | None, str]:
    """Columns as the footer describes them, in the file's order, and the table's description."""
    footer = schema.metadata or {}
    votable = footer.get(b"IVOA.VOTable-Parquet.content")
    if votable is not None:
        fields, description = next(iter(described_tables(votable)), ([], ""))
        if len(fields) == len(schema.names):
            return fields, description
    astropy = footer.get(b"table_meta_yaml")
    if astropy is not None:
        header, columns = read_header(astropy.decode())
        by_name = {column["name"]: column for column in columns}
        description = said(as_mapping(header.get("meta")), "description")
        if set(by_name) >= set(schema.names):
            return [_from_astropy(by_name[name]) for name in schema.names], description
    return None, _text(footer, "description")


def _from_astropy(column: dict[str, Any]) -> SourceColumn:
    meta = as_mapping(column.get("meta"))
    return SourceColumn(
        column["name"],
        TEXT,
        unit=said(column, "unit"),
        ucd=said(meta, "ucd"),
        utype=said(meta, "utype"),
        description=said(column, "description"),
    )


def _from_field(field: Any, type_: Type) -> SourceColumn:
    meta = field.metadata or {}
    description = _text(meta, "description") or _text(meta, "comment")
    return SourceColumn(
        field.name, type_, _text(meta, "unit"), _text(meta, "ucd"), _text(meta, "utype"), description
    )


def _text(metadata: dict[bytes, bytes], key: str) -> str:
    return metadata.get(key.encode(), b"").decode("utf-8", "replace")
