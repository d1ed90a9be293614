"""Rows of ist.<instrument>: columns that dbo.raw has too, and the own ones, each from its keyword."""

from __future__ import annotations

from collections.abc import Iterable

from archive.declare import Column
from archive.declare.instruments import Instrument, find_instrument
from archive.declare.instruments.instrument import CORE_COLUMNS
from archive.declare.tables import Record
from archive.declare.types import BOOLEAN
from archive.store import Header

from .keywords import Keywords
from .publication import fitted
from .times import parse_date

__all__ = ["instrument_record"]

# Seeing and coherence time are -1 where there was no measurement.
_NO_MEASUREMENT = frozenset(
    {
        "tel_ia_fwhm",
        "tel_ambi_tau0",
        "ag_fwhmx_avg",
        "ag_fwhmy_avg",
        "ag_fwhmx_rms",
        "ag_fwhmy_rms",
        "sgs_fwhm_med",
    }
)


def instrument_record(
    keywords: Keywords, raw: Record, problems: list[str], instruments: Iterable[Instrument]
) -> Record:
    """The row of a raw frame in the table of its instrument; `raw` is its row in dbo.raw.

    A value that its column cannot hold becomes NULL and a problem.
    """
    instrument = find_instrument(keywords.text("INSTRUME"), instruments)
    known = dict(zip(raw.table.by_name, raw.values, strict=True))
    values: dict[str, object] = {column.name: known[column.name] for column in CORE_COLUMNS}
    for column in instrument.own_columns:
        # What was wrong with a column of dbo.raw was told there.
        same = raw.table.by_name.get(column.name) == column
        values[column.name] = known[column.name] if same else _read(keywords, instrument, column, problems)
    return fitted(instrument.table, values, problems)


def _read(keywords: Keywords, instrument: Instrument, column: Column, problems: list[str]) -> object:
    """The value of the first keyword that has one, in the column's type."""
    for keyword in instrument.keywords(column):
        for header in keywords.headers:
            one = Keywords([header])
            if one.text(keyword) is None and one.flag(keyword) is None:
                continue
            value = _value(header, keyword, column)
            if value is None:
                name = f"{instrument.table.name}.{column.name}"
                problems.append(f"{name} cannot hold {keyword} = {header.get(keyword)!r}")
            elif column.name in _NO_MEASUREMENT and float(str(value)) <= 0.0:
                return None
            return value
    return None


def _value(header: Header, keyword: str, column: Column) -> object:
    """The value in the column's own type; None when it is none of that type."""
    if column.type == BOOLEAN:
        return header.flag(keyword)
    if column.type.is_text:
        return header.text(keyword)
    if column.type.is_integer:
        return header.integer(keyword)
    if column.type.is_numeric:
        return header.number(keyword)
    date = parse_date(header.text(keyword))
    return date[0].replace(tzinfo=None) if date else None
