"""From declarations to PostgreSQL's tables: SQLAlchemy metadata and the statements that create them.

Hidden columns for regions and for hidden rows, and the indexes of the sky are made here; which expression a
position is, and how a region is stored, is decided in `archive.query.storage`. Nothing here is executed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import sqlalchemy
from psycopg import sql
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.schema import CreateIndex, CreateTable
from sqlalchemy.types import UserDefinedType

from ..declare.catalogue import Catalogue
from ..declare.columns import Column
from ..declare.names import quote_identifier
from ..declare.tables import HIDDEN_FOR, HIDDEN_UNTIL, Table
from ..query.storage import folded_expression, position_expression, region_columns, span_expression

__all__ = [
    "HIDDEN_TYPES",
    "comment_statements",
    "create_statement",
    "hidden_columns",
    "index_names",
    "index_statements",
    "key_statements",
    "metadata",
    "qualified_name",
    "stored_columns",
    "unique_statement",
]

# The hidden parts of a region, in the order of `region_columns`: a circle around everything for the
# index, then the exact parts.
HIDDEN_TYPES = ("scircle", "spoint[]", "scircle[]", "spoly[]")
_LONGEST = 63


class _Stored(UserDefinedType[Any]):
    """A PostgreSQL type by its own name."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        return self.name


def _dialect() -> PGDialect:
    # "named", because the usual style of parameters doubles the percent signs in names.
    return PGDialect(paramstyle="named")  # type: ignore[no-untyped-call]


def qualified_name(table: Table, name: str | None = None) -> str:
    """`"schema"."table"`; `name` replaces the table's own."""
    return f"{quote_identifier(table.physical_schema)}.{quote_identifier(name or table.physical_name)}"


def hidden_columns(region: str) -> tuple[str, ...]:
    """PostgreSQL's names of the columns beside a published region column, in the order of `HIDDEN_TYPES`."""
    names = region_columns(region)
    return (names.bounds, names.points, names.circles, names.polygons)


def stored_columns(table: Table) -> list[tuple[str, str, bool]]:
    """All columns that a row is written with, hidden parts of regions last: name, type, nullable.

    For how long a row is hidden, and for whom not, is no part of what is written; see `archive.query.hiding`.
    """
    columns = [(column.physical_name, column.type.postgresql, column.nullable) for column in table.columns]
    for region in table.regions:
        names = hidden_columns(region)
        columns += [(name, type_, True) for name, type_ in zip(names, HIDDEN_TYPES, strict=True)]
    return columns


def _rights_columns(table: Table) -> list[sqlalchemy.Column[Any]]:
    """For how long a row is hidden, and for whom it is not."""
    if not table.hides:
        return []
    default = sqlalchemy.text("'infinity'::timestamp with time zone") if table.hidden_at_first else None
    return [
        sqlalchemy.Column(HIDDEN_UNTIL, _Stored("timestamptz"), quote=True, server_default=default),
        sqlalchemy.Column(HIDDEN_FOR, _Stored("text"), quote=True),
    ]


def metadata(tables: Catalogue | Iterable[Table]) -> sqlalchemy.MetaData:
    """All tables with keys, indexes and comments, as SQLAlchemy knows them."""
    collected = sqlalchemy.MetaData()
    known = list(tables)
    for table in known:
        _table(collected, table)
    for table in known:
        _enforce_keys(collected, table, {other.name: other for other in known})
    return collected


def _table(collected: sqlalchemy.MetaData, table: Table, name: str | None = None) -> sqlalchemy.Table:
    name = name or table.physical_name
    described = {column.physical_name: column.published_description for column in table.columns}
    made = sqlalchemy.Table(
        name,
        collected,
        *(
            sqlalchemy.Column(
                column, _Stored(type_), nullable=nullable, quote=True, comment=described.get(column) or None
            )
            for column, type_, nullable in stored_columns(table)
        ),
        *_rights_columns(table),
        schema=table.physical_schema,
        comment=table.description,
        quote=True,
        quote_schema=True,
    )
    if table.primary_key:
        columns = [table.by_name[column].physical_name for column in table.primary_key]
        made.append_constraint(sqlalchemy.PrimaryKeyConstraint(*columns, name=_cut(f"{name}_pkey")))
    for index_name, method, expressions in _indexes(table, name):
        sqlalchemy.Index(
            index_name,
            *(sqlalchemy.literal_column(text) for text in expressions),
            postgresql_using=method,
            _table=made,
        )
    if table.hides:
        # Hidden rows are few, or looked for by those who have rights on them.
        hidden = made.columns[HIDDEN_UNTIL].is_not(None)
        looked_up = [made.columns[HIDDEN_FOR], made.columns[HIDDEN_UNTIL]]
        sqlalchemy.Index(_hidden_index(name), *looked_up, postgresql_where=hidden)
    for index_name, columns, carried in _covering(table, name):
        sqlalchemy.Index(
            index_name,
            *(made.columns[column] for column in columns),
            postgresql_using="btree",
            postgresql_include=carried,
        )
    return made


def _hidden_index(name: str) -> str:
    return _cut(f"{name}_hidden_idx")


def _covering(table: Table, name: str) -> Iterator[tuple[str, list[str], list[str]]]:
    """Name, columns and carried columns of the indexes that spare queries the rows."""
    rights = [HIDDEN_UNTIL, HIDDEN_FOR] if table.hides else []
    for columns, carried in table.covering:
        yield (
            _cut("_".join((name, *columns, "covering_idx"))),
            [table.by_name[column].physical_name for column in columns],
            [table.by_name[column].physical_name for column in carried] + rights,
        )


def _indexes(table: Table, name: str) -> Iterator[tuple[str, str, list[str]]]:
    """Name, method and expressions of every index but the primary key's and those of `_covering`."""

    def quoted(column: str) -> str:
        return quote_identifier(table.by_name[column].physical_name)

    for lon, lat in table.positions:
        expression = f"({position_expression(quoted(lon), quoted(lat))})"
        yield _cut(f"{name}_{lon}_{lat}_position_idx"), "gist", [expression]
    for low, high in table.spans:
        expression = f"({span_expression(quoted(low), quoted(high))})"
        yield _cut(f"{name}_{low}_{high}_span_idx"), "gist", [expression]
    for region in table.regions:
        bounds = hidden_columns(region)[0]
        yield _cut(f"{name}_{region}_region_idx"), "gist", [quote_identifier(bounds)]
    for columns in dict.fromkeys([(c.name,) for c in table.columns if c.indexed] + list(table.indexes)):
        # What carries more serves as well.
        if columns != table.primary_key and columns not in {columns for columns, _ in table.covering}:
            yield _cut("_".join((name, *columns, "idx"))), "btree", [quoted(column) for column in columns]
    for column in table.columns:
        if column.folded:
            # This class of operators serves = and LIKE whatever the database's collation is.
            expression = f"{folded_expression(quoted(column.name))} text_pattern_ops"
            yield _cut(f"{name}_{column.name}_folded_idx"), "btree", [expression]


def _cut(full: str) -> str:
    """A name that PostgreSQL takes: a long one is cut and made unique by a hash of the whole."""
    if len(full.encode()) <= _LONGEST:
        return full
    mark = hashlib.sha256(full.encode()).hexdigest()[:10]
    return full.encode()[: _LONGEST - 11].decode(errors="ignore") + "_" + mark


# Making statements takes milliseconds, and a start wants those of all tables several times.
@lru_cache(maxsize=1000)
def create_statement(table: Table, name: str | None = None) -> str:
    """CREATE TABLE with its primary key; indexes, keys and comments come from the functions below."""
    made = _table(sqlalchemy.MetaData(), table, name)
    return str(CreateTable(made).compile(dialect=_dialect())).strip()


def index_names(table: Table, name: str | None = None) -> list[str]:
    """The names of all indexes, the primary key's among them, in the same order for every `name`."""
    chosen = name or table.physical_name
    primary = [_cut(f"{chosen}_pkey")] if table.primary_key else []
    others = [index for index, _, _ in (*_indexes(table, chosen), *_covering(table, chosen))]
    return primary + others + ([_hidden_index(chosen)] if table.hides else [])


def index_statements(table: Table, name: str | None = None) -> list[str]:
    """CREATE INDEX for positions, regions and columns."""
    return list(_index_statements(table, name))


@lru_cache(maxsize=1000)
def _index_statements(table: Table, name: str | None) -> tuple[str, ...]:
    made = _table(sqlalchemy.MetaData(), table, name)
    dialect = _dialect()
    places = {index: place for place, index in enumerate(index_names(table, name))}
    ordered = sorted(made.indexes, key=lambda index: places[str(index.name)])
    return tuple(str(CreateIndex(index).compile(dialect=dialect)) for index in ordered)


def unique_statement(table: Table, columns: Iterable[str]) -> str:
    """CREATE INDEX for columns whose values, taken together, occur once."""
    named = list(columns)
    name = quote_identifier(_cut("_".join((table.physical_name, *named, "unique_idx"))))
    return f"CREATE UNIQUE INDEX {name} ON {qualified_name(table)} ({_listed(table, named)})"


def _enforce_keys(collected: sqlalchemy.MetaData, table: Table, known: dict[str, Table]) -> None:
    made = collected.tables[f"{table.physical_schema}.{table.physical_name}"]
    for key in table.keys:
        target = known.get(key.target)
        if key.enforced and target is not None:
            made.append_constraint(
                sqlalchemy.ForeignKeyConstraint(
                    [table.by_name[column].physical_name for column in key.columns],
                    [
                        f"{target.physical_schema}.{target.physical_name}.{target.by_name[column].physical_name}"
                        for column in key.target_columns
                    ],
                    name=_cut("_".join((table.physical_name, *key.columns, "fkey"))),
                )
            )


def key_statements(table: Table, catalogue: Catalogue, name: str | None = None) -> list[str]:
    """ALTER TABLE for the enforced keys; the targets must exist."""
    statements = []
    for key in table.keys:
        if not key.enforced:
            continue
        target = catalogue.table(key.target)
        statements.append(
            f"ALTER TABLE {qualified_name(table, name)} ADD FOREIGN KEY ({_listed(table, key.columns)})"
            f" REFERENCES {qualified_name(target)} ({_listed(target, key.target_columns)})"
        )
    return statements


def _listed(table: Table, columns: Iterable[str]) -> str:
    return ", ".join(quote_identifier(table.by_name[column].physical_name) for column in columns)


def comment_statements(table: Table, name: str | None = None) -> list[str]:
    """COMMENT ON the table and its columns, for whoever looks with psql."""

    def comment(what: str, text: str) -> str:
        return f"COMMENT ON {what} IS {sql.Literal(text).as_string(None)}"

    def of_column(column: Column) -> str:
        unit = f" [{column.unit}]" if column.unit else ""
        where = f"{qualified_name(table, name)}.{quote_identifier(column.physical_name)}"
        return comment(f"COLUMN {where}", column.published_description + unit)

    described = [column for column in table.columns if column.published_description or column.unit]
    return [
        comment(f"TABLE {qualified_name(table, name)}", table.description),
        *(of_column(column) for column in described),
    ]
