"""Which schemas and rows ESO's two TAP services show: observations on one, catalogues on the other.

In each of them TAP_SCHEMA tells of that service's tables alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from archive.declare import Catalogue, Table
from archive.declare.columns import Field
from archive.declare.types import INTEGER, TEXT
from archive.query.tree import (
    And,
    ColumnValue,
    Comparator,
    Comparison,
    Condition,
    InList,
    InQuery,
    Literal,
    Origin,
    Output,
    Scan,
    Select,
    Value,
)
from tap.profiles import Restriction

__all__ = ["CATALOGUES", "OBSERVATIONS", "own_tables", "products_only"]

OBSERVATIONS = frozenset({"ivoa", "dbo", "ist", "phase3v2", "util", "asm", "tap_schema"})
CATALOGUES = frozenset({"safcat", "tap_schema"})

_TEXT = Field("", TEXT)
_INNER = 0  # a query's own scans count from 1


def products_only(_catalogue: Catalogue, table: Table, source: int) -> Condition:
    """ObsCore without raw frames, which alone have a calibration level below 2."""
    return Comparison(
        _column(table, "calib_level", source), Comparator.GREATER, Literal(1, Field("", INTEGER))
    )


def own_tables(schemas: frozenset[str]) -> Mapping[str, Restriction]:
    """The rows of TAP_SCHEMA that tell of these schemas."""

    def in_schema(catalogue: Catalogue, table: Table, source: int) -> Condition:
        names = [schema.name for schema in catalogue.schemas if schema.name.lower() in schemas]
        return InList(_column(table, "schema_name", source), tuple(Literal(name, _TEXT) for name in names))

    def of_table(column: str) -> Restriction:
        def condition(catalogue: Catalogue, table: Table, source: int) -> Condition:
            tables = catalogue.table("tap_schema.tables")
            shown = in_schema(catalogue, tables, _INNER)
            return InQuery(_column(table, column, source), _names(tables, "table_name", shown))

        return condition

    def keys(catalogue: Catalogue, table: Table, source: int) -> Condition:
        ends = (of_table(column)(catalogue, table, source) for column in ("from_table", "target_table"))
        return And(tuple(ends))

    def key_columns(catalogue: Catalogue, table: Table, source: int) -> Condition:
        known = catalogue.table("tap_schema.keys")
        return InQuery(
            _column(table, "key_id", source), _names(known, "key_id", keys(catalogue, known, _INNER))
        )

    return MappingProxyType(
        {
            "tap_schema.schemas": in_schema,
            "tap_schema.tables": in_schema,
            "tap_schema.columns": of_table("table_name"),
            "tap_schema.keys": keys,
            "tap_schema.key_columns": key_columns,
        }
    )


def _column(table: Table, name: str, source: int) -> ColumnValue:
    return ColumnValue(source, name, table.by_name[name].field, Origin(table, name))


def _names(table: Table, name: str, where: Condition) -> Select:
    value: Value = _column(table, name, _INNER)
    return Select((Output(value, value.field),), (Scan(_INNER, table),), where=where)
