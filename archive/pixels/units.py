"""Units as files write them, turned into VOUnits."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from astropy import units

from ..declare.semantics import parse_unit
from ..errors import DeclarationError

__all__ = ["dimensions", "vo_unit"]

_LONGEST = 100
# Astropy would compute 10**999999999 to all its digits.
_HUGE = re.compile(r"\d{4}")
_COLLOQUIAL = (
    (re.compile(r"\bAng(?:stroms?)?\b", re.IGNORECASE), "Angstrom"),
    (re.compile(r"(?<=/)\s*A\b"), "Angstrom"),
    (re.compile(r"\bA\*\*\(?-1\)?"), "Angstrom**(-1)"),
    (re.compile(r"\bmicrons?\b", re.IGNORECASE), "um"),
    (re.compile(r"\bnanometers?\b", re.IGNORECASE), "nm"),
    (re.compile(r"\bADUs?\b", re.IGNORECASE), "adu"),
    (re.compile(r"\bcounts?\b", re.IGNORECASE), "count"),
    (re.compile(r"\be-(?=$|[\s/])"), "electron"),
    (re.compile(r"^\s*1(?:\.0*)?E([-+]?\d+)\s+", re.IGNORECASE), r"10**(\1) "),
)
_LETTERS = (("m", "L"), ("kg", "M"), ("s", "T"), ("A", "A"), ("K", "K"), ("rad", "R"))


@lru_cache(maxsize=1024)
def vo_unit(text: str) -> str:
    """The unit in VOUnits; empty for none, and for one that nobody can read."""
    text = text.strip()
    if not text or len(text) > _LONGEST or _HUGE.search(text):
        return ""
    for pattern, better in _COLLOQUIAL:
        text = pattern.sub(better, text)
    for style in ("vounit", "fits", "cds", "generic"):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", units.UnitsWarning)
                spelled = str(units.Unit(text, format=style).to_string("vounit"))
            parse_unit(spelled)
            return spelled
        except (ValueError, TypeError, ArithmeticError, DeclarationError):
            continue
    return ""


@lru_cache(maxsize=1024)
def dimensions(unit: str) -> str:
    """A unit of VOUnits as a power of ten and dimensions, `1E-10 L`, as SSA has it; empty for none."""
    if not unit:
        return ""
    try:
        base = parse_unit(unit).decompose()
    except DeclarationError:
        return ""
    powers = dict(zip((part.to_string() for part in base.bases), base.powers, strict=True))
    if powers.keys() - dict(_LETTERS).keys():
        return ""
    letters = (f"{letter}{_power(powers[name])}" for name, letter in _LETTERS if name in powers)
    return f"{base.scale:.6G} {''.join(letters)}".replace("E-0", "E-").replace("E+0", "E").strip()


def _power(power: object) -> str:
    return "" if power == 1 else str(power)
