"""What part of the sky, of time and of the spectrum the rows of a table cover, computed by the database.

For registry records and MOCs, from rows that everybody sees. Which of them count is the caller's choice, what
the numbers are published as is `archive.protocol.registry`'s.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..declare.columns import Column
from ..declare.names import quote_identifier
from ..declare.tables import Table
from ..declare.types import TIMESTAMP
from ..query.sql import public_rows
from ..query.storage import position_expression, quoted_region_columns
from .bookkeeping import Connection, execute

__all__ = ["Coverage", "Span", "coverage"]

Span = tuple[float, float]

# Cells of 0.9 degrees: VODataService 1.2, 3.2 wants coverage for discovery to be coarse.
_ORDER = 6
_AT_A_TIME, _STEPS = 16, 4  # for up to a million shapes, beyond which it takes longer again
_LENGTHS = {"m": 1.0, "nm": 1e-9, "um": 1e-6, "Angstrom": 1e-10}  # metres


@dataclass(frozen=True, slots=True)
class Coverage:
    """`spatial` is an ASCII MOC (ICRS), `temporal` MJD, `spectral` vacuum wavelengths in metres.

    None where the table has no such columns or no values in them.
    """

    spatial: str | None = None
    temporal: Span | None = None
    spectral: Span | None = None


def coverage(connection: Connection, table: Table, column: str = "", value: str = "") -> Coverage:
    """The coverage of a table, or of its rows whose `column` holds `value`.

    The spatial one from its regions if it has any, else from its positions.
    """
    return Coverage(
        _spatial(connection, table, column, value),
        _span(connection, table, _times(table), column, value),
        _span(connection, table, _wavelengths(table), column, value),
    )


def _spatial(connection: Connection, table: Table, column: str, value: str) -> str | None:
    if table.regions:
        _, points, circles, polygons = quoted_region_columns(table.regions[0])
        shapes = " UNION ALL ".join(
            f"SELECT {cells}({_ORDER}, shape) AS moc FROM chosen, unnest({shape}) AS shape"
            for cells, shape in (("smoc", points), ("smoc", circles), ("adql.cells", polygons))
        )
        query = (
            f"WITH chosen AS (SELECT {points}, {circles}, {polygons} FROM {_rows(table, column)})"
            f" {_union(shapes)}"
        )
    elif table.positions:
        pair = (quote_identifier(table.by_name[name].physical_name) for name in table.positions[0])
        # First one row for each cell: there are few of them, and a union costs more than a number.
        cells = f"SELECT smoc({_ORDER}, centre_of_healpix_nest({_ORDER}, cell)) AS moc FROM cells"
        query = (
            "WITH cells AS (SELECT DISTINCT healpix_nest("
            f"{_ORDER}, {position_expression(*pair)}) AS cell FROM {_rows(table, column)})"
            f" {_union(f'{cells} WHERE cell IS NOT NULL ORDER BY cell')}"
        )
    else:
        return None
    row = execute(connection, query, [value] if column else None).fetchone()
    return str(row[0]) if row and row[0] is not None else None


def _union(mocs: str) -> str:
    """SQL of the union of what a query gives as `moc`.

    Each addition copies the sum so far, so that of many it would be of their number squared: it is made of
    few at a time.
    """
    query = f"SELECT moc, row_number() OVER () AS place FROM ({mocs}) AS mocs"
    for _ in range(_STEPS):
        place = f"place / {_AT_A_TIME}"
        query = f"SELECT sum(moc) AS moc, {place} AS place FROM ({query}) AS parts GROUP BY {place}"
    return f"SELECT sum(moc)::text FROM ({query}) AS parts"


def _rows(table: Table, column: str) -> str:
    name = public_rows(table)
    return f"{name} WHERE {quote_identifier(table.by_name[column].physical_name)} = %s" if column else name


def _span(
    connection: Connection,
    table: Table,
    ends: tuple[tuple[str, ...], tuple[str, ...]],
    column: str,
    value: str,
) -> Span | None:
    """The least of all lower ends and the greatest of all upper ones."""
    lows, highs = ends
    if not lows or not highs:
        return None
    query = (
        f"SELECT least({', '.join(f'min({low})' for low in lows)}),"
        f" greatest({', '.join(f'max({high})' for high in highs)}) FROM {_rows(table, column)}"
    )
    row = execute(connection, query, [value] if column else None).fetchone()
    if row is None or row[0] is None or row[1] is None:
        return None
    return float(row[0]), float(row[1])


def _times(table: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """SQL of the lower and of the upper ends, MJD."""
    starts, ends = _having(table, "time.start"), _having(table, "time.end")
    both = _having(table, "time.epoch")
    return _as_days((*starts, *both)), _as_days((*(ends or starts), *both))


def _wavelengths(table: Table) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """SQL of the lower and of the upper ends, metres."""
    return _as_metres(_having(table, "em.wl;stat.min")), _as_metres(_having(table, "em.wl;stat.max"))


def _having(table: Table, ucd: str) -> tuple[Column, ...]:
    return tuple(c for c in table.columns if c.ucd == ucd or c.ucd.startswith(f"{ucd};"))


def _as_days(columns: Iterable[Column]) -> tuple[str, ...]:
    """Without what is neither a timestamp nor said to count from MJD's zero."""
    spelled = []
    for column in columns:
        name = quote_identifier(column.physical_name)
        if column.type == TIMESTAMP:
            spelled.append(f"40587 + extract(epoch FROM {name}) / 86400")
        elif column.unit == "d" and column.timesys is not None and column.timesys.timeorigin == "MJD-origin":
            spelled.append(f"NULLIF({name}, 'NaN')")
    return tuple(spelled)


def _as_metres(columns: Iterable[Column]) -> tuple[str, ...]:
    return tuple(
        f"NULLIF({quote_identifier(column.physical_name)}, 'NaN') * {_LENGTHS[column.unit]!r}"
        for column in columns
        if column.unit in _LENGTHS
    )
