"""tap_schema: the tables in which a TAP service describes its tables, themselves included, and their rows.

Columns after TAP 1.1, section 4. In `tables` there are also those that ESO's catalogue service adds, which
are NULL for what is no catalogue, except `title` and the counts; `nrows` is what TOPCAT shows as the number
of rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from .columns import Column
from .names import adql_name
from .releases import catalogue_number
from .tables import Example, Key, Record, Schema, Table
from .types import DOUBLE, INTEGER, LONG, TEXT, TIMESTAMP, Type

__all__ = ["TAP_SCHEMA", "tap_schema_records"]


def _column(
    name: str,
    type_: Type,
    description: str,
    *,
    nullable: bool = True,
    indexed: bool = False,
    std: bool = True,
    unit: str = "",
) -> Column:
    return Column(
        name,
        type_,
        unit=unit,
        description=description,
        nullable=nullable,
        indexed=indexed,
        principal=not nullable,
        std=std,
    )


_RELEASE_COLUMNS = (
    _column("cat_id", INTEGER, "Number of the catalogue's table", std=False),
    _column("collection", TEXT, "Collection to which the catalogue belongs", std=False),
    _column("version", INTEGER, "Version of the catalogue; all versions have one title", std=False),
    _column("filter", TEXT, "Filters of the data from which it was made", std=False),
    _column("instrument", TEXT, "Instruments that took them", std=False),
    _column("telescope", TEXT, "Telescopes of these instruments", std=False),
    _column("publication_date", TIMESTAMP, "When the catalogue was published here (UTC)", std=False),
    _column("number_rows", LONG, "Number of rows, as nrows", std=False),
    _column("number_columns", INTEGER, "Number of columns", std=False),
    _column("rel_descr_url", TEXT, "URL of the document that describes the release", std=False),
    _column("acknowledgment", TEXT, "Words with which to acknowledge its use", std=False),
    _column("mjd_obs", DOUBLE, "Begin of the observations, modified Julian date", unit="d", std=False),
    _column("mjd_end", DOUBLE, "End of the observations, modified Julian date", unit="d", std=False),
    _column("skysqdeg", DOUBLE, "Area of the sky that is covered", unit="deg**2", std=False),
    _column("bibliography", TEXT, "Bibcode, DOI or URL of the paper to cite", std=False),
    _column("document_id", INTEGER, "Number of the document that describes the release", std=False),
)

_SCHEMAS = Table(
    "tap_schema.schemas",
    columns=(
        _column("schema_name", TEXT, "Name of the schema as queries write it", nullable=False),
        _column("utype", TEXT, "Data model of the schema, if any"),
        _column("description", TEXT, "What the schema holds"),
        _column("schema_index", INTEGER, "Order in which to show schemas"),
    ),
    description="The published schemas",
    primary_key=("schema_name",),
)

_TABLES = Table(
    "tap_schema.tables",
    columns=(
        _column("schema_name", TEXT, "Schema to which the table belongs", nullable=False, indexed=True),
        _column("table_name", TEXT, "Name of the table as queries write it, with its schema", nullable=False),
        _column("table_type", TEXT, "table or view", nullable=False),
        _column("utype", TEXT, "Data model to which the table conforms, if any"),
        _column("description", TEXT, "What the table holds"),
        _column("table_index", INTEGER, "Order in which to show the tables of a schema"),
        _column("title", TEXT, "Title of the table", std=False),
        _column("nrows", LONG, "Number of rows, counted after the last change by the archive", std=False),
        *_RELEASE_COLUMNS,
    ),
    description="The published tables",
    primary_key=("table_name",),
    keys=(Key(("schema_name",), "tap_schema.schemas", ("schema_name",), "The table's schema"),),
    examples=(
        Example(
            "tap-schema-tables",
            "Which tables are there?",
            "SELECT table_name, nrows, title, description\n"
            "FROM tap_schema.tables\n"
            "ORDER BY schema_name, table_index",
        ),
    ),
)

_COLUMNS = Table(
    "tap_schema.columns",
    columns=(
        _column("table_name", TEXT, "Table to which the column belongs", nullable=False),
        _column("column_name", TEXT, "Name of the column as queries write it", nullable=False),
        _column("datatype", TEXT, "VOTable datatype", nullable=False),
        _column("arraysize", TEXT, "VOTable arraysize; NULL for single values"),
        _column("xtype", TEXT, "Extended type (DALI)"),
        _column("size", INTEGER, "Deprecated: length of one-dimensional values of fixed length"),
        _column("description", TEXT, "What the column holds"),
        _column("utype", TEXT, "Place of the column in a data model"),
        _column("unit", TEXT, "Unit (VOUnits)"),
        _column("ucd", TEXT, "Kind of quantity (UCD1+)"),
        _column(
            "indexed", INTEGER, "1 when an index makes conditions on the column fast, else 0", nullable=False
        ),
        _column("principal", INTEGER, "1 when the column is worth showing first, else 0", nullable=False),
        _column("std", INTEGER, "1 when a standard defines the column, else 0", nullable=False),
        _column("column_index", INTEGER, "Order of the column in its table"),
    ),
    description="The columns of the published tables",
    primary_key=("table_name", "column_name"),
    keys=(Key(("table_name",), "tap_schema.tables", ("table_name",), "The column's table"),),
    examples=(
        Example(
            "tap-schema-keyword",
            "In which column is a FITS keyword?",
            "SELECT table_name, column_name, unit, description\n"
            "FROM tap_schema.columns\n"
            "WHERE description LIKE '%FITS keyword: HIERARCH ESO DPR%'\n"
            "ORDER BY table_name, column_index",
            "Descriptions end in the keyword from which a value came.",
        ),
    ),
)

_KEYS = Table(
    "tap_schema.keys",
    columns=(
        _column("key_id", TEXT, "Identifier of the key", nullable=False),
        _column("from_table", TEXT, "Table that points", nullable=False, indexed=True),
        _column("target_table", TEXT, "Table pointed to", nullable=False, indexed=True),
        _column("description", TEXT, "What the key means"),
        _column("utype", TEXT, "Place of the key in a data model"),
    ),
    description="Keys by which the published tables can be joined",
    primary_key=("key_id",),
    keys=(
        Key(("from_table",), "tap_schema.tables", ("table_name",), "The table that points"),
        Key(("target_table",), "tap_schema.tables", ("table_name",), "The table pointed to"),
    ),
    examples=(
        Example(
            "tap-schema-keys",
            "Which tables can be joined, and by which columns?",
            "SELECT k.from_table, c.from_column, k.target_table, c.target_column, k.description\n"
            "FROM tap_schema.keys AS k JOIN tap_schema.key_columns AS c ON c.key_id = k.key_id\n"
            "ORDER BY from_table, from_column",
        ),
    ),
)

_KEY_COLUMNS = Table(
    "tap_schema.key_columns",
    columns=(
        _column("key_id", TEXT, "Key to which the pair belongs", nullable=False),
        _column("from_column", TEXT, "Column of the table that points", nullable=False),
        _column("target_column", TEXT, "Column of the table pointed to", nullable=False),
    ),
    description="The columns of each key",
    primary_key=("key_id", "from_column"),
    keys=(Key(("key_id",), "tap_schema.keys", ("key_id",), "The key"),),
)

TAP_SCHEMA = Schema(
    "tap_schema",
    (_SCHEMAS, _TABLES, _COLUMNS, _KEYS, _KEY_COLUMNS),
    description="Description of all published tables and columns (TAP 1.1, section 4)",
    title="TAP_SCHEMA",
)


def tap_schema_records(
    schemas: Iterable[Schema], row_counts: Mapping[str, int | None] | None = None
) -> Iterator[Record]:
    """The rows of all five tables for `schemas`, so ordered that keys point to rows that came before.

    Restricted tables are not among them.

    `row_counts` gives the number of rows by table name; tables not in it have NULL.
    """
    shown = tuple(schemas)
    counts = row_counts or {}
    tables = [(index, table) for schema in shown for index, table in enumerate(schema.listed, 1)]
    hidden = {table.name for schema in shown for table in schema.tables} - {table.name for _, table in tables}
    for index, schema in enumerate(shown, 1):
        yield _SCHEMAS.row(
            schema_name=schema.name,
            utype=schema.utype or None,
            description=schema.description or None,
            schema_index=index,
        )
    for index, table in tables:
        yield _TABLES.row(
            schema_name=table.schema_name,
            table_name=table.name,
            table_type=table.kind,
            utype=table.utype or None,
            description=table.published_description or None,
            table_index=index,
            title=table.title or None,
            nrows=counts.get(table.name),
            number_rows=counts.get(table.name),
            number_columns=len(table.columns),
            **_release_values(table),
        )
    for _, table in tables:
        yield from _column_records(table)
    for _, table in tables:
        yield from _key_records(table, hidden)


def _release_values(table: Table) -> dict[str, object]:
    if table.release is None:
        return {}
    return {"cat_id": catalogue_number(table.name), **table.release.values()}


def _column_records(table: Table) -> Iterator[Record]:
    for index, column in enumerate(table.columns, 1):
        yield _COLUMNS.row(
            table_name=table.name,
            column_name=column.adql_name,
            datatype=column.type.datatype,
            arraysize=column.type.published_arraysize,
            xtype=column.type.xtype,
            size=_size(column.type),
            description=column.published_description or None,
            utype=column.utype or None,
            unit=column.unit or None,
            ucd=column.ucd or None,
            indexed=int(table.is_indexed(column.name)),
            principal=int(column.principal),
            std=int(column.std),
            column_index=index,
        )


def _size(type_: Type) -> int | None:
    size = type_.published_arraysize
    return int(size) if size and size.isdigit() else None


def _key_records(table: Table, hidden: Collection[str]) -> Iterator[Record]:
    for index, key in enumerate(table.keys, 1):
        if key.target in hidden:
            continue
        key_id = f"{table.name.lower()}.{index}"
        yield _KEYS.row(
            key_id=key_id, from_table=table.name, target_table=key.target, description=key.description or None
        )
        for source, target in zip(key.columns, key.target_columns, strict=True):
            yield _KEY_COLUMNS.row(
                key_id=key_id,
                from_column=table.by_name[source].adql_name,
                # The target need not be among `schemas`; its column is named as a query writes it.
                target_column=adql_name(target),
            )
