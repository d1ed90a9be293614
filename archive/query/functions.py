"""What the query language offers beyond its core: user-defined functions and optional features.

One entry each gives the resolver its types, the compiler its SQL and the capabilities document its text.
The SQL they call lies in the `*.sql` files of this folder.
"""

from __future__ import annotations

from collections import defaultdict
from importlib.resources import files

from ..declare.catalogue import Catalogue
from .functions_sky import SKY_FUNCTIONS
from .functions_values import VALUE_FUNCTIONS
from .user_functions import Meaning, UserFunction

__all__ = [
    "FUNCTIONS",
    "NAMES_TABLE",
    "OPTIONAL_FEATURES",
    "UserFunction",
    "find_functions",
    "functions_sql",
    "is_offered",
    "offered_functions",
]

FUNCTIONS: tuple[UserFunction, ...] = SKY_FUNCTIONS + VALUE_FUNCTIONS

# Where objects are looked up by name; archives without this table do not offer to.
NAMES_TABLE = "simbad.identifiers"

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


def is_offered(function: UserFunction, catalogue: Catalogue) -> bool:
    """Whether queries of this catalogue may call it."""
    return function.meaning is not Meaning.NAME or catalogue.find(NAMES_TABLE) is not None


def offered_functions(catalogue: Catalogue) -> tuple[UserFunction, ...]:
    return tuple(function for function in FUNCTIONS if is_offered(function, catalogue))


# In the order in which they are executed: each uses what those before it make.
_SQL = (
    "functions.sql",
    "regions.sql",
    "motion.sql",
    "frames.sql",
    "overlap.sql",
    "texts.sql",
    "aggregates.sql",
    "keywords.sql",
)


def functions_sql() -> str:
    """The SQL that makes the functions queries rely on; needs pg_sphere, may run again at any time."""
    folder = files(__package__)
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in _SQL)
