"""What the query language offers beyond its core: user-defined functions and optional features.

One entry each gives the resolver its types, the compiler its SQL and the capabilities document its text.
The SQL they call lies in `functions.sql` and `regions.sql`.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from importlib.resources import files

from ..declare.types import DOUBLE, INTEGER, LONG, POINT, TEXT, TIMESTAMP, Type

__all__ = ["FUNCTIONS", "OPTIONAL_FEATURES", "UserFunction", "find_functions", "functions_sql"]


@dataclass(frozen=True, slots=True)
class UserFunction:
    """A function that queries may call.

    `sql` is a template with {0}, {1}, ... for the arguments, which arrive with the declared types (a POINT
    as a pg_sphere position). With `condition` it is a boolean, told to the user as 1 or 0.
    """

    name: str
    parameters: tuple[tuple[str, Type], ...]
    returns: Type
    description: str
    sql: str
    unit: str = ""
    ucd: str = ""
    condition: bool = False

    @property
    def signature(self) -> str:
        """As TAPRegExt 1.0, 2.3 wants it: name(argument TYPE, ...) -> TYPE."""
        parameters = ", ".join(f"{name} {kind.adql}" for name, kind in self.parameters)
        return f"{self.name}({parameters}) -> {self.returns.adql}"


FUNCTIONS: tuple[UserFunction, ...] = (
    UserFunction(
        "ivo_healpix_index",
        (("hpxOrder", INTEGER), ("long", DOUBLE), ("lat", DOUBLE)),
        LONG,
        "The index of the HEALPix pixel in the NESTED scheme, at the order given (0 to 29), in which a "
        "position (degrees) lies; NULL where there is no such position.",
        "healpix_nest({0}, adql.position({1}, {2}))",
        ucd="pos.healpix",
    ),
    UserFunction(
        "ivo_healpix_index",
        (("hpxOrder", INTEGER), ("p", POINT)),
        LONG,
        "The index of the HEALPix pixel in the NESTED scheme, at the order given (0 to 29), in which a point "
        "lies.",
        "healpix_nest({0}, {1})",
        ucd="pos.healpix",
    ),
    UserFunction(
        "ivo_healpix_center",
        (("hpxOrder", INTEGER), ("hpxIndex", LONG)),
        POINT,
        "The centre of a HEALPix pixel, given by its order (0 to 29) and its index in the NESTED scheme.",
        "adql.degrees(center_of_healpix_nest({0}, {1}))",
        unit="deg",
        ucd="pos.eq",
    ),
    UserFunction(
        "ivo_hasword",
        (("haystack", TEXT), ("needle", TEXT)),
        INTEGER,
        "1 where all words of needle are in haystack, in whatever order and letter case, else 0.",
        "adql.hasword({0}, {1})",
        condition=True,
    ),
    UserFunction(
        "ivo_nocasematch",
        (("value", TEXT), ("pattern", TEXT)),
        INTEGER,
        "1 where the value matches the pattern, in which % stands for any characters and _ for one, without "
        "regard to letter case, else 0.",
        "({0} ILIKE {1} ESCAPE '')",
        condition=True,
    ),
    UserFunction(
        "ivo_interval_overlaps",
        (("l1", DOUBLE), ("h1", DOUBLE), ("l2", DOUBLE), ("h2", DOUBLE)),
        INTEGER,
        "1 where the closed intervals [l1, h1] and [l2, h2] have a value in common, else 0; an interval "
        "whose ends are reversed overlaps nothing.",
        "({0} <= {3} AND {2} <= {1} AND {0} <= {1} AND {2} <= {3})",
        condition=True,
    ),
    UserFunction(
        "gavo_to_mjd",
        (("d", TIMESTAMP),),
        DOUBLE,
        "A timestamp as a modified Julian date, in days; the time scale stays what it is.",
        "adql.mjd({0})",
        unit="d",
        ucd="time.epoch",
    ),
)

_FEATURES = "ivo://ivoa.net/std/TAPRegExt#features-"

# Type of the language features (TAPRegExt 1.0, 2.3, whose spelling current validators compare letter by
# letter; ADQL 2.1, 4.1) and the forms offered. User-defined functions have signatures instead: FUNCTIONS.
OPTIONAL_FEATURES: dict[str, tuple[str, ...]] = {
    f"{_FEATURES}adqlgeo": (
        "AREA",
        "BOX",
        "CENTROID",
        "CIRCLE",
        "CONTAINS",
        "COORD1",
        "COORD2",
        "COORDSYS",
        "DISTANCE",
        "INTERSECTS",
        "POINT",
        "POLYGON",
        "REGION",
    ),
    f"{_FEATURES}adql-string": ("LOWER", "UPPER", "ILIKE"),
    f"{_FEATURES}adql-conditional": ("COALESCE",),
    f"{_FEATURES}adql-type": ("CAST",),
    f"{_FEATURES}adql-unit": ("IN_UNIT",),
    f"{_FEATURES}adql-offset": ("OFFSET",),
    f"{_FEATURES}adql-common-table": ("WITH",),
    f"{_FEATURES}adql-sets": ("UNION", "EXCEPT", "INTERSECT"),
}


def _by_name() -> dict[str, tuple[UserFunction, ...]]:
    found: dict[str, list[UserFunction]] = defaultdict(list)
    for function in FUNCTIONS:
        found[function.name].append(function)
    return {name: tuple(forms) for name, forms in found.items()}


_BY_NAME = _by_name()


def find_functions(name: str) -> tuple[UserFunction, ...]:
    """All forms of the function called `name`, in any letter case; none when there is no such function."""
    return _BY_NAME.get(name.lower(), ())


def functions_sql() -> str:
    """The SQL that makes the functions queries rely on; needs pg_sphere, may run again at any time."""
    folder = files(__package__)
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in ("functions.sql", "regions.sql"))
