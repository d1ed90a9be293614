"""From the arguments of queryData to conditions on dbo.ssa (SSA 1.1, 4.1).

Values of one list are alternatives, parameters hold together, and a spectrum of which something is not
known does not match a condition about it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime

from archive.declare import Table
from archive.declare.identifiers import dp_id_of
from archive.declare.parameters import Arguments, Parameter
from archive.errors import BadParameter
from archive.pixels.bands import BANDS, PARTS, find_band
from archive.query.build import (
    all_of,
    any_of,
    between,
    column,
    constant,
    inside,
    is_known,
    meets_circle,
    one_of_folded,
    overlaps,
)
from archive.query.tree import Arithmetic, Comparator, Comparison, Condition, Operator, Value

from .parameters import (
    BAND,
    CREATORDID,
    DEFAULT_SIZE,
    EQUALS,
    MTIME,
    POS,
    PUBDID,
    RANGES,
    SIZE,
    TIME,
    Single,
)
from .values import Dates, Span, dates, listed, position, ranges

__all__ = ["conditions", "place"]

# Single numbers are compared with what was rounded when it was written down.
_TOLERANCE = 1e-4


def place(arguments: Arguments) -> tuple[float, float] | None:
    """The position asked for (ICRS degrees)."""
    text = arguments.text(POS)
    return None if text is None else position(POS.name, text)


def conditions(table: Table, arguments: Arguments, authority: str) -> Iterator[Condition]:
    """Raises BadParameter for values that mean nothing."""
    yield from _circle(table, arguments)
    if (text := arguments.text(BAND)) is not None and (found := _band(table, text)):
        yield found
    if (text := arguments.text(TIME)) is not None:
        spans = [given.mjd for given in dates(TIME.name, text)]
        yield any_of(overlaps(table, ("t_min", "t_max"), span.low, span.high) for span in spans)
    for parameter, single in RANGES.items():
        if (text := arguments.text(parameter)) is not None:
            yield any_of(_number(table, parameter.name, one, single) for one in ranges(parameter.name, text))
    for parameter in EQUALS:
        yield from _equal(table, parameter, arguments.text(parameter))
    if names := [str(text) for text in arguments.all(PUBDID)]:
        # None is of another archive; no identifier is empty.
        yield one_of_folded(table, "dp_id", [dp_id_of(authority, name) or "" for name in names])
    if names := [str(text) for text in arguments.all(CREATORDID)]:
        yield one_of_folded(table, CREATORDID.name, names)
    if (text := arguments.text(MTIME)) is not None:
        yield any_of(_changed(table, given) for given in dates(MTIME.name, text))


def _circle(table: Table, arguments: Arguments) -> Iterator[Condition]:
    centre, size = place(arguments), arguments.one(SIZE)
    if centre is not None:
        diameter = DEFAULT_SIZE if size is None else float(size)
        yield meets_circle(table, "s_region", *centre, diameter / 2.0)
    elif size is not None:
        raise BadParameter(SIZE.name, "says nothing without POS", hint="add POS=right ascension,declination")


def _band(table: Table, text: str) -> Condition | None:
    """None for a list of nothing but open ends, in any frame."""
    values, _, word = text.partition(";")
    frame = word.strip().lower()
    if frame not in {"", "observer", "source"}:
        raise BadParameter(BAND.name, f"{word.strip()[:40]!r} is no frame", hint="use ;observer or ;source")
    try:
        spans = ranges(BAND.name, values, find_band)
    except BadParameter as fault:
        names = ", ".join((*PARTS, *BANDS))
        raise BadParameter(
            BAND.name,
            fault.message.removeprefix(f"{BAND.name}: "),
            hint=f"give metres, as in 5e-7/8e-7, or {names}",
        ) from fault
    if not spans:
        return None
    if frame == "source":
        return any_of(_at_source(table, span) for span in spans)
    return any_of(overlaps(table, ("em_min", "em_max"), span.low, span.high) for span in spans)


def _at_source(table: Table, span: Span) -> Condition:
    """em_min <= high (1 + z) and em_max >= low (1 + z)."""
    redshift = column(table, "REDSHIFT")
    stretch = Arithmetic((constant(1.0), redshift), (Operator.ADD,), constant(1.0).field)

    def limit(wavelength: float) -> Value:
        return Arithmetic((constant(wavelength), stretch), (Operator.MULTIPLY,), constant(1.0).field)

    holds: list[Condition] = [is_known(table, "REDSHIFT")]
    if math.isfinite(span.high):
        holds.append(Comparison(column(table, "em_min"), Comparator.LESS_OR_EQUAL, limit(span.high)))
    if math.isfinite(span.low):
        holds.append(Comparison(column(table, "em_max"), Comparator.GREATER_OR_EQUAL, limit(span.low)))
    return all_of(holds)


def _number(table: Table, name: str, span: Span, single: Single) -> Condition:
    if not span.is_single:
        return inside(table, name, span.low, span.high)
    match single:
        case Single.LEAST:
            return inside(table, name, span.low, math.inf)
        case Single.MOST:
            return inside(table, name, -math.inf, span.high)
        case Single.EXACT:
            margin = _TOLERANCE * abs(span.low)
            return inside(table, name, span.low - margin, span.high + margin)


def _equal(table: Table, parameter: Parameter, text: str | None) -> Iterator[Condition]:
    values = [] if text is None else listed(parameter.name, text)
    if values and not any(value.lower() == "any" for value in values):
        yield one_of_folded(table, parameter.name, values)


def _changed(table: Table, given: Dates) -> Condition:
    start, end = _naive(given.start), _naive(given.end)
    return between(table, "last_mod_date", start, end)


def _naive(moment: datetime | None) -> datetime | None:
    """As the database keeps it."""
    return None if moment is None else moment.replace(tzinfo=None)
