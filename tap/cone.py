"""Simple Cone Search 1.03 and 1.1 over one table: from the parameters to a query (SCS 1.1, 2.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from archive.declare import Column
from archive.declare.columns import Field
from archive.declare.parameters import Arguments, Parameter
from archive.declare.types import DOUBLE, INTEGER, TEXT, Type
from archive.errors import BadParameter
from archive.protocol.dali import MAXREC, RESPONSEFORMAT, RUNID
from archive.query import Query
from archive.query.build import column, constant, distance_to, position_in_circle, scan
from archive.query.tree import Cast, Concatenation, Output, Value

from .cone_target import ConeTarget

__all__ = ["PARAMETERS", "RESPONSE", "Cone", "cone_query"]

RA = Parameter("RA", "Right ascension of the centre, ICRS.", type=DOUBLE, unit="deg", ucd="pos.eq.ra")
DEC = Parameter("DEC", "Declination of the centre, ICRS.", type=DOUBLE, unit="deg", ucd="pos.eq.dec")
SR = Parameter(
    "SR",
    "Radius of the cone. 0 asks for the metadata alone, 180 for the whole sky.",
    type=DOUBLE,
    unit="deg",
    ucd="phys.angSize",
)
VERB = Parameter(
    "VERB",
    "How many columns are sent: 1 identifier and position, 2 the principal ones, 3 all.",
    type=INTEGER,
    minimum=1,
    maximum=3,
    default=2,
)
RESPONSE = replace(RESPONSEFORMAT, aliases=())
PARAMETERS = (RA, DEC, SR, VERB, MAXREC, RESPONSE, RUNID)

# The first kind of UCDs, as both versions say, and as pyvo looks for; of the second kind are all others.
_ID, _RA, _DEC = "ID_MAIN", "POS_EQ_RA_MAIN", "POS_EQ_DEC_MAIN"
_MAIN_UCDS = frozenset({"meta.id;meta.main", "pos.eq.ra;meta.main", "pos.eq.dec;meta.main", _ID, _RA, _DEC})


@dataclass(frozen=True, slots=True)
class Cone:
    """ICRS degrees; a radius of 180 or more is the whole sky, and of 0 asks for no rows."""

    longitude: float
    latitude: float
    radius: float
    verbosity: int

    @classmethod
    def of(cls, arguments: Arguments) -> Cone:
        """Raises BadParameter for what is missing or out of range (SCS 1.1, 4)."""
        longitude, latitude, radius = (_number(arguments, parameter) for parameter in (RA, DEC, SR))
        if not -90.0 <= latitude <= 90.0:
            raise BadParameter(
                DEC.name, f"there is no declination of {latitude:g} degrees", hint="use -90 to 90"
            )
        if radius < 0.0:
            raise BadParameter(SR.name, f"there is no radius of {radius:g} degrees", hint="use 0 to 180")
        return cls(longitude % 360.0, latitude, radius, arguments.integer(VERB) or 2)


def _number(arguments: Arguments, parameter: Parameter) -> float:
    value = arguments.one(parameter)
    if value is None:
        raise BadParameter(parameter.name, "is missing", hint="a cone needs RA, DEC and SR, in degrees")
    if not math.isfinite(float(value)):
        raise BadParameter(parameter.name, f"{value} is not finite", hint="give a number of degrees")
    return float(value)


def cone_query(target: ConeTarget, cone: Cone) -> Query:
    """The rows in the cone, its edge included, nearest first."""
    table, position = target.table, target.position
    within = position_in_circle(table, position, cone.longitude, cone.latitude, min(cone.radius, 180.0))
    away = distance_to(table, position, cone.longitude, cone.latitude)
    name = _unused(target, "distance")
    distance = Output(
        away, replace(away.field, name=name, description="Distance from the centre of the cone")
    )
    return scan(table, [*_outputs(target, cone.verbosity), distance], within, order=[away])


def _outputs(target: ConeTarget, verbosity: int) -> list[Output]:
    """Identifier and position, then the others in the table's order."""
    longitude, latitude = target.position
    outputs = [
        _identifier(target),
        _as(target, longitude, DOUBLE, _RA),
        _as(target, latitude, DOUBLE, _DEC),
    ]
    alone = len(target.identifier) == 1
    sent = {longitude, latitude, *(target.identifier if alone else ())}
    return outputs + [_other(target, each) for each in _columns(target, verbosity) if each.name not in sent]


def _columns(target: ConeTarget, verbosity: int) -> list[Column]:
    columns = list(target.table.columns)
    match verbosity:
        case 1:
            return []
        case 2:
            return [each for each in columns if each.principal] or columns
        case _:
            return columns


def _identifier(target: ConeTarget) -> Output:
    """A text, as the standard wants it; of a table that names its rows by nothing, the position itself."""
    if len(target.identifier) == 1:
        return _as(target, target.identifier[0], TEXT, _ID)
    names = target.identifier or target.position
    parts: list[Value] = []
    for name in names:
        text = Cast(column(target.table, name), Field("", TEXT))
        parts += [constant(" "), text] if parts else [text]
    name = _unused(target, "id")
    description = f"What tells the rows apart: {', '.join(names)}"
    return Output(Concatenation(tuple(parts), Field("", TEXT)), Field(name, TEXT, "", _ID, "", description))


def _as(target: ConeTarget, name: str, wanted: Type, ucd: str) -> Output:
    value = column(target.table, name)
    same = value.field.type.postgresql == wanted.postgresql
    cast = value if same else Cast(value, Field("", wanted))
    return Output(cast, replace(value.field, type=wanted, ucd=ucd))


def _other(target: ConeTarget, each: Column) -> Output:
    """A column that is not what its UCD, which only one may have, would make it."""
    value = column(target.table, each.name)
    ucd = each.ucd
    if ucd in _MAIN_UCDS:
        ucd = ucd.partition(";")[0] if ";" in ucd else ""
    return Output(value, replace(value.field, ucd=ucd))


def _unused(target: ConeTarget, name: str) -> str:
    taken = {each.lower() for each in target.table.by_name}
    return f"cone_{name}" if name in taken else name
