"""Parameters: the inputs of a service, declared once.

From one declaration come the parsing of what a client sent, the job's parameter list, service
descriptors and documentation. How the bytes of a request become name and value pairs is
`archive.protocol.requests`' business; what a value means is the service's.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

from ..errors import BadParameter, DeclarationError
from .semantics import check_ucd, check_unit
from .types import TEXT, Type

__all__ = ["Arguments", "Parameter", "parse_arguments"]

Value: TypeAlias = str | int | float
_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, slots=True)
class Parameter:
    """One input, checked when made.

    `multiple` parameters may be repeated and mean OR; all others may be given once. What a job is told
    later of a `cumulative` one adds to what it was told before, and an empty value takes all back.
    `values` is a closed list compared without regard to letter case; `minimum` and `maximum` bound
    numbers. `aliases` are further names, of which the declared one wins when both were sent. A client
    that sends nothing, or nothing but blanks, gets `default`. Intervals and shapes stay the text that was
    sent; `archive.protocol.ranges` reads them.
    """

    name: str
    description: str
    type: Type = TEXT
    multiple: bool = False
    unit: str = ""
    ucd: str = ""
    values: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    default: Value | None = None
    aliases: tuple[str, ...] = field(default=())
    cumulative: bool = False

    def __post_init__(self) -> None:
        is_shape = self.type.is_array and self.type.xtype is not None
        if not (self.type.is_text or self.type.is_numeric or is_shape):
            raise DeclarationError(f"parameter {self.name}: {self.type.adql} is neither text nor a number")
        if not self.type.is_numeric and (self.minimum is not None or self.maximum is not None):
            raise DeclarationError(f"parameter {self.name}: only numbers have limits")
        check_unit(self.unit)
        check_ucd(self.ucd)

    @property
    def names(self) -> tuple[str, ...]:
        return (self.name, *self.aliases)

    def parse(self, text: str) -> Value:
        """The value a client wrote; raises BadParameter with what would have been right."""
        if self.values:
            return self._chosen(text)
        if self.type.is_integer:
            return self._limited(self._integer(text))
        if self.type.is_numeric:
            return self._limited(self._number(text))
        return text

    def _chosen(self, text: str) -> str:
        for value in self.values:
            if value.lower() == text.strip().lower():
                return value
        raise BadParameter(self.name, f"{text!r} is not known here", hint="use " + " or ".join(self.values))

    def _integer(self, text: str) -> int:
        digits = text.strip()
        # Not int() alone: it also takes underscores and the digits of other scripts.
        if not digits.isascii() or not digits.removeprefix("-").removeprefix("+").isdecimal():
            raise BadParameter(self.name, f"{text!r} is not an integer")
        if len(digits) > 20:
            raise BadParameter(self.name, f"an integer of {len(digits)} digits is beyond all limits")
        return int(digits)

    def _number(self, text: str) -> float:
        try:
            number = float(text)
        except ValueError as cause:
            raise BadParameter(self.name, f"{text!r} is not a number") from cause
        if "_" in text or not text.isascii() or math.isnan(number):
            raise BadParameter(self.name, f"{text!r} is not a number")
        return number

    def _limited(self, number: _Number) -> _Number:
        if self.minimum is not None and number < self.minimum:
            raise BadParameter(self.name, f"{number} is less than {self.minimum:g}")
        if self.maximum is not None and number > self.maximum:
            raise BadParameter(self.name, f"{number} is more than {self.maximum:g}")
        return number


@dataclass(frozen=True, slots=True)
class Arguments:
    """What one request said: the values of each declared parameter, in the order in which they were sent."""

    values: Mapping[str, tuple[Value, ...]]

    def all(self, parameter: Parameter) -> tuple[Value, ...]:
        given = self.values.get(parameter.name, ())
        return given or (() if parameter.default is None else (parameter.default,))

    def one(self, parameter: Parameter) -> Value | None:
        """The value of a single-valued parameter; None when it was not sent and has no default."""
        return next(iter(self.all(parameter)), None)

    def text(self, parameter: Parameter) -> str | None:
        value = self.one(parameter)
        return None if value is None else str(value)

    def integer(self, parameter: Parameter) -> int | None:
        value = self.one(parameter)
        return None if value is None else int(value)


def parse_arguments(parameters: Iterable[Parameter], pairs: Iterable[tuple[str, str]]) -> Arguments:
    """The arguments among the `pairs` a client sent.

    Names are compared without regard to letter case, unknown names are ignored, and a repeated
    single-valued parameter is an error (DALI 1.1, 2.3 and 3.4).
    """
    sent: dict[str, list[str]] = {}
    for name, text in pairs:
        if text.strip():
            sent.setdefault(name.upper(), []).append(text)
    values = {}
    for parameter in parameters:
        for name in parameter.names:
            if texts := sent.get(name.upper()):
                if len(texts) > 1 and not parameter.multiple:
                    raise BadParameter(parameter.name, f"given {len(texts)} times", hint="it has one value")
                values[parameter.name] = tuple(map(parameter.parse, texts))
                break
    return Arguments(values)
