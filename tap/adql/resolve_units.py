"""What follows for the unit of an expression from those of its parts.

A unit is VOUnits text, empty where there is none; None stands for one that is not known, of metres added to
seconds, say, or of two magnitudes multiplied.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from astropy import units

from archive.declare.semantics import parse_unit
from archive.errors import DeclarationError
from archive.query.tree import Arithmetic, Call, Cast, Function, Literal, Negation, Operator, Value

__all__ = [
    "SPECTRAL_UCDS",
    "Spectral",
    "conversion",
    "has_unit",
    "power",
    "spectral_conversion",
    "unit_of",
    "unit_of_arithmetic",
    "unit_of_first",
]

_EXPONENTS = {number / 2 for number in range(-12, 13) if number}
# What spectra are measured in, each by one of its units.
_SPECTRAL = {
    "wavelength": units.m,
    "frequency": units.Hz,
    "energy": units.J,
    "wavenumber": units.m**-1,
}
SPECTRAL_UCDS = {
    "wavelength": "em.wl",
    "frequency": "em.freq",
    "energy": "em.energy",
    "wavenumber": "em.wavenumber",
}
_NO_UNIT = (DeclarationError, ValueError, TypeError, ArithmeticError)


def has_unit(value: Value) -> bool:
    """False for what is made of literals only, which are whatever the rest of the expression is."""
    match value:
        case Literal():
            return False
        case Negation():
            return has_unit(value.operand)
        case Arithmetic():
            return any(map(has_unit, value.operands))
        case Call():
            return any(map(has_unit, value.arguments))
        case Cast():
            return has_unit(value.value)
        case _:
            return True


def unit_of(value: Value) -> str | None:
    if value.field.unit:
        return value.field.unit
    match value:
        case Arithmetic():
            return unit_of_arithmetic(value.operands, value.operators)
        case Negation():
            return unit_of(value.operand)
        case Cast():
            return unit_of(value.value)
        case Call(function=Function.COALESCE):
            return unit_of_first(value.arguments)
        case Call(function=Function.SQRT | Function.POWER):
            # No unit was found for the power.
            return None if unit_of(value.arguments[0]) != "" else ""
        case Call(function=Function.ABS | Function.ROUND | Function.TRUNCATE | Function.MOD):
            return unit_of(value.arguments[0])
        case _:
            return ""


def unit_of_arithmetic(operands: tuple[Value, ...], operators: tuple[Operator, ...]) -> str | None:
    """Literals take the unit of what they are added to."""
    unit, known = unit_of(operands[0]), has_unit(operands[0])
    for operator, operand in zip(operators, operands[1:], strict=True):
        right = unit_of(operand)
        match operator:
            case Operator.ADD | Operator.SUBTRACT:
                if unit != right and has_unit(operand):
                    unit = None if known else right
            case Operator.MULTIPLY:
                unit = None if unit is None or right is None else _product(unit, right)
            case Operator.DIVIDE:
                unit = None if unit is None or right is None else _quotient(unit, right)
            case Operator.MODULO:
                pass
        known = known or has_unit(operand)
    return unit


def unit_of_first(values: tuple[Value, ...]) -> str | None:
    """The one unit of all values that have any."""
    units = {unit_of(value) for value in values if has_unit(value)}
    return units.pop() if len(units) == 1 else None if units else ""


@lru_cache(maxsize=4096)
def _product(first: str, second: str) -> str | None:
    return _spelled(first, second, 1) if first and second else first or second


@lru_cache(maxsize=4096)
def _quotient(first: str, second: str) -> str | None:
    if first == second or not second:
        return "" if first == second else first
    return _spelled(first, second, -1)


def _spelled(first: str, second: str, exponent: int) -> str | None:
    """The product as VOUnits has it; None where there is no such unit, as of two magnitudes."""
    try:
        unit = parse_unit(second) ** exponent
        text = str((parse_unit(first) * unit if first else unit).to_string("vounit", deprecations="silent"))
        parse_unit(text)
    except _NO_UNIT:
        return None
    return text


@lru_cache(maxsize=4096)
def power(unit: str, exponent: float) -> str:
    """The unit of a power; empty where there is none, or none that is worth writing."""
    if not unit or exponent == 1:
        return unit
    if exponent not in _EXPONENTS:
        return ""
    try:
        text = str((parse_unit(unit) ** Fraction(exponent)).to_string("vounit", deprecations="silent"))
        parse_unit(text)
    except _NO_UNIT:
        return ""
    return text


@lru_cache(maxsize=4096)
def conversion(source: str, target: str) -> float | None:
    """What numbers in `source` have to be multiplied with; None when the units do not convert.

    DeclarationError when `target` is no unit.
    """
    wanted = parse_unit(target)
    try:
        factor = float(parse_unit(source).to(wanted))
    except _NO_UNIT:
        return None
    if not 0 < factor < math.inf:
        return None
    # Such as 3600, which astropy gives as 3600.0000000000005.
    short = float(f"{factor:.12g}")
    return short if abs(short - factor) < 1e-14 * factor else factor


@dataclass(frozen=True, slots=True)
class Spectral:
    """To another unit by multiplication with the factor, or (`inverse`) by division of the factor.

    `kind` is what the result is: one of SPECTRAL_UCDS.
    """

    factor: float
    inverse: bool
    kind: str


@lru_cache(maxsize=4096)
def spectral_conversion(source: str, target: str) -> Spectral | None:
    """None where one of the two is no unit of wavelength, frequency, wavenumber or energy.

    DeclarationError when one is no unit at all.
    """
    first, second = parse_unit(source), parse_unit(target)
    kinds = [
        next((kind for kind, unit in _SPECTRAL.items() if each.is_equivalent(unit)), None)
        for each in (first, second)
    ]
    if kinds[0] is None or kinds[1] is None:
        return None
    inverse = (kinds[0] == "wavelength") != (kinds[1] == "wavelength")
    factor = float(first.to(second, equivalencies=units.spectral()))
    return Spectral(factor, inverse, kinds[1]) if 0 < factor < math.inf else None
