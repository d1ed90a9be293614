"""From the arguments of SIA 2.0 to a query of ivoa.ObsCore: any value of each parameter, all parameters.

A dataset of which something is not known does not match a condition about it (SIA 2.0, 2.1).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from archive.declare import Catalogue, Table
from archive.declare.identifiers import dp_id_of
from archive.declare.parameters import Arguments, Parameter
from archive.declare.regions import Region
from archive.errors import BadParameter, NotFound
from archive.protocol.ranges import Circle, Range, interval, shape
from archive.query import Query
from archive.query.build import (
    all_of,
    any_of,
    inside,
    matches,
    meets_circle,
    meets_region,
    one_of,
    one_of_folded,
    overlaps,
    scan,
)
from archive.query.tree import Condition

from .parameters import CALIB, DPTYPE, FORMAT, ID, NUMBERS, POL, POS, SPANS, TEXTS

__all__ = ["images_query", "obscore"]

_STATES = frozenset("I Q U V RR LL RL LR XX YY XY YX POLI POLA".split())
_BY_DEFAULT = ("image", "cube")


def obscore(catalogue: Catalogue) -> Table:
    table = catalogue.find("ivoa.ObsCore")
    if table is None:
        raise NotFound("this archive has no table of datasets")
    return table


def images_query(arguments: Arguments, catalogue: Catalogue, authority: str) -> Query:
    """Raises BadParameter for values that mean nothing."""
    table = obscore(catalogue)
    return scan(table, where=all_of(_conditions(table, arguments, authority)))


def _conditions(table: Table, arguments: Arguments, authority: str) -> Iterator[Condition]:
    def texts(parameter: Parameter) -> list[str]:
        return [str(text) for text in arguments.all(parameter)]

    yield one_of(table, "dataproduct_type", texts(DPTYPE) or _BY_DEFAULT)
    if places := texts(POS):
        yield any_of(_touches(table, text) for text in places)
    for parameter, columns in SPANS.items():
        if given := texts(parameter):
            ranges = [interval(parameter.name, text) for text in given]
            yield any_of(overlaps(table, columns, wanted.low, wanted.high) for wanted in ranges)
    for parameter, name in NUMBERS.items():
        if given := texts(parameter):
            ranges = [interval(parameter.name, text) for text in given]
            yield any_of(inside(table, name, wanted.low, wanted.high) for wanted in ranges)
    for parameter, name in TEXTS.items():
        if given := texts(parameter):
            yield one_of(table, name, given)
    if states := texts(POL):
        yield any_of(matches(table, "pol_states", f"%/{_state(state)}/%") for state in states)
    if levels := arguments.all(CALIB):
        yield one_of(table, "calib_level", levels)
    if formats := texts(FORMAT):
        yield one_of(table, "access_format", _media_types(formats))
    if identifiers := texts(ID):
        # None is of another archive; no identifier is empty.
        names = [dp_id_of(authority, text) or "" for text in identifiers]
        yield one_of_folded(table, "dp_id", names)


def _touches(table: Table, text: str) -> Condition:
    match shape(POS.name, text):
        case Region() as region:
            return meets_region(table, "s_region", region)
        case Circle() as circle:
            return meets_circle(table, "s_region", circle.longitude, circle.latitude, circle.radius)
        case Range() as found:
            # The polygons are a little too large; what touches no more than their edge is left out.
            return all_of(
                (
                    meets_region(table, "s_region", found.region),
                    meets_circle(table, "s_region", 0.0, 90.0, 90.0 - found.south),
                    meets_circle(table, "s_region", 0.0, -90.0, 90.0 + found.north),
                )
            )


def _state(text: str) -> str:
    state = text.strip().upper()
    if state not in _STATES:
        raise BadParameter(
            POL.name,
            f"there is no polarization state {text!r}",
            hint="use one of " + " ".join(sorted(_STATES)),
        )
    return state


def _media_types(texts: Iterable[str]) -> list[str]:
    """As the archive writes them: without blanks, which the standard prints, in small letters."""
    return ["".join(text.split()).lower() for text in texts]
