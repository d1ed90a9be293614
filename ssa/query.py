"""From the arguments of queryData to a query: rows of dbo.ssa, one for each form that is wanted.

What the protocol wants and the table does not store is computed: positions as pairs of numbers, and which
rows are forms of the same spectrum.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from archive.declare import ICRS, Catalogue, Field, Table
from archive.declare.parameters import Arguments
from archive.declare.types import POINT, TEXT
from archive.errors import NotFound
from archive.query import Query
from archive.query.build import all_of, column, constant, distance_to, one_of, scan
from archive.query.tree import (
    Concatenation,
    Condition,
    GeometryValue,
    Literal,
    Output,
    Point,
    Select,
    SetKind,
    SetOperation,
    Value,
)

from .conditions import conditions, place
from .forms import Form, Wanted
from .parameters import TOP

__all__ = ["spectra", "spectra_query"]

_PLACE = ("s_ra", "s_dec")
_POSITIONS = (
    Field(
        "location",
        POINT,
        "deg",
        "pos.eq",
        "ssa:Char.SpatialAxis.Coverage.Location.Value",
        "Centre of the aperture",
        ICRS,
    ),
    Field("target_pos", POINT, "deg", "pos.eq;src", "ssa:Target.Pos", "Position of the target", ICRS),
)
_ASSOCIATION = (
    Field("assoc_type", TEXT, "", "meta.code", "ssa:Association.Type", "How rows belong together"),
    Field("assoc_id", TEXT, "", "meta.id", "ssa:Association.ID", "Rows with the same are one spectrum"),
    Field("assoc_key", TEXT, "", "meta.code", "ssa:Association.Key", "What tells them apart"),
)


def spectra(catalogue: Catalogue) -> Table:
    table = catalogue.find("dbo.ssa")
    if table is None:
        raise NotFound("this archive has no table of spectra")
    return table


def spectra_query(arguments: Arguments, wanted: Wanted, catalogue: Catalogue, authority: str) -> Query:
    """Raises BadParameter for values that mean nothing."""
    table = spectra(catalogue)
    holds = list(conditions(table, arguments, authority))
    # Without any form the fields are described.
    several = wanted.metadata or len(wanted.forms) + bool(wanted.file_types) > 1
    bodies = [_body(table, form, several, holds, arguments) for form in wanted.forms or (Form.ACCESS,)]
    if wanted.file_types:
        of_type = one_of(table, "file_format", wanted.file_types)
        typed = _body(table, Form.NATIVE, several, [*holds, of_type], arguments)
        bodies = [*bodies, typed] if wanted.forms else [typed]
    if len(bodies) == 1:
        return Query(bodies[0])
    every = ((SetKind.UNION, True),) * (len(bodies) - 1)
    return Query(SetOperation(tuple(bodies), every, bodies[0].fields, limit=arguments.integer(TOP)))


def _body(table: Table, form: Form, several: bool, holds: list[Condition], arguments: Arguments) -> Select:
    """`several`: spectra come in several forms.

    TOP asks for the nearest: of so many others as match, none is better than another.
    """
    top, centre = arguments.integer(TOP), place(arguments)
    nearest = top is not None and centre is not None
    order = [distance_to(table, _PLACE, *centre)] if nearest and centre else []
    where = all_of(holds) if holds else None
    body = scan(table, list(_outputs(table, form, several)), where, order, top).body
    assert isinstance(body, Select)
    return body


def _outputs(table: Table, form: Form, several: bool) -> Iterator[Output]:
    replaced = _replaced(table, form)
    for name, declared in table.by_name.items():
        yield Output(replaced[name] if name in replaced else column(table, name), declared.field)
    point = Point(*(column(table, name) for name in _PLACE))
    for field in _POSITIONS:
        yield Output(GeometryValue(point, field), field)
    if not several:
        return
    related: tuple[Value, ...] = (
        constant("MultiFormat"),
        column(table, "PUBDID"),
        constant("@Access.Format"),
    )
    for value, field in zip(related, _ASSOCIATION, strict=True):
        yield Output(value, field)


def _replaced(table: Table, form: Form) -> dict[str, Value]:
    """The columns that are not the table's own for a form."""
    match form:
        case Form.ACCESS:
            return {}
        case Form.NATIVE:
            return {"access_url": column(table, "file_url"), "access_format": column(table, "file_format")}
        case Form.FITS:
            url = _asking(table, "fits")
        case Form.VOTABLE:
            url = _asking(table, "votable")
        case Form.GRAPHIC:
            url = column(table, "preview_url")
        case _:
            assert_never(form)
    unknown = Literal(None, table.by_name["access_estsize"].field)
    return {
        "access_url": url,
        "access_format": constant(form.media_type or ""),
        "data_model": constant(form.model or ""),
        "access_estsize": unknown,
    }


def _asking(table: Table, form: str) -> Value:
    field = table.by_name["access_url"].field
    return Concatenation((column(table, "spectrum_url"), constant(f"?FORMAT={form}")), field)
