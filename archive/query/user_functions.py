"""What a user-defined function is: its name, what it takes and gives, how it is computed.

Which ones there are is told by `functions`, `functions_sky` and `functions_values`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..declare.types import Type

__all__ = ["Argument", "Meaning", "UserFunction"]


class Argument(Enum):
    """Arguments that are not simply values of a type; each with what a signature calls it."""

    GEOMETRY = ("GEOMETRY", "any shape")
    WORD = ("VARCHAR", "a text written out, since the query is made by it")
    LIMIT = ("DOUBLE PRECISION", "a number written out")
    COUNT = ("INTEGER", "a positive integer written out")

    @property
    def adql(self) -> str:
        return self.value[0]


class Meaning(Enum):
    """How a call is understood: by the template alone, or by the resolver."""

    VALUE = "a value of each row"
    CONDITION = "a condition, told to the user as 1 or 0"
    AGGREGATE = "a value of many rows"
    TRANSFORM = "the shape in another frame"
    DISTANCE = "the distance of two shapes, one of them a point"
    OVERLAP = "the area that two shapes have in common"
    SPECTRAL = "a wavelength, frequency or energy in another unit"
    VOCABULARY = "whether a term is another or a narrower one"
    NAME = "the place of an object by its name"


@dataclass(frozen=True, slots=True)
class UserFunction:
    """A function that queries may call.

    `sql` is a template with {0}, {1}, ... for the arguments, which arrive with the declared types (a POINT
    as a pg_sphere position); it is empty where the resolver turns the call into something else. `hiding` is
    the table with hidden rows that the function reads, if it reads any.
    """

    name: str
    parameters: tuple[tuple[str, Type | Argument], ...]
    returns: Type | Argument
    description: str
    sql: str = ""
    unit: str = ""
    ucd: str = ""
    meaning: Meaning = Meaning.VALUE
    hiding: str = ""

    @property
    def signature(self) -> str:
        """As TAPRegExt 1.0, 2.3 wants it: name(argument TYPE, ...) -> TYPE."""
        parameters = ", ".join(f"{name} {_spelled(kind)}" for name, kind in self.parameters)
        return f"{self.name}({parameters}) -> {_spelled(self.returns)}"


def _spelled(kind: Type | Argument) -> str:
    """Arrays as the catalogue of user-defined functions writes them: INTEGER[], DOUBLE PRECISION[6]."""
    if isinstance(kind, Type) and kind.is_array and kind.xtype is None:
        return f"{kind.element.adql}[{'' if kind.arraysize == '*' else kind.arraysize}]"
    return kind.adql
