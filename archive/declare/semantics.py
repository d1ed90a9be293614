"""Units, UCDs and reference systems: what a number means, checked when it is declared."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from functools import lru_cache

from astropy import units
from astropy.io.votable.ucd import check_ucd as _check_ucd

from ..errors import DeclarationError

__all__ = ["GALACTIC", "ICRS", "MJD_UTC", "UTC", "CooSys", "TimeSys", "check_ucd", "check_unit", "parse_unit"]


@dataclass(frozen=True, slots=True)
class CooSys:
    """A VOTable COOSYS: `system` from the IVOA refframe vocabulary, `epoch` like "J2016.0"."""

    id: str
    system: str
    epoch: str | None = None


@dataclass(frozen=True, slots=True)
class TimeSys:
    """A VOTable TIMESYS; `timeorigin` is None for ISO timestamps (VOTable 1.4, 3.4)."""

    id: str
    timescale: str
    refposition: str
    timeorigin: str | None = None


ICRS = CooSys("icrs", "ICRS")
GALACTIC = CooSys("galactic", "GALACTIC")
UTC = TimeSys("utc", "UTC", "TOPOCENTER")
MJD_UTC = TimeSys("mjd_utc", "UTC", "TOPOCENTER", "MJD-origin")


_LONGEST_UNIT = 200
_HUGE_POWER = re.compile(r"(?:\*\*|\^|10\s*[-+])[\s(]*[-+]?[\s(]*[0-9]{4}")


@lru_cache(maxsize=4096)
def parse_unit(text: str) -> units.UnitBase:
    """A VOUnits string as an astropy unit; DeclarationError says what does not parse."""
    if len(text) > _LONGEST_UNIT or _HUGE_POWER.search(text):
        # Astropy would compute 10**999999999 to all its digits.
        raise DeclarationError(f"unit {text[:40]!r} is not VOUnits: it is too long, or has too large a power")
    try:
        with warnings.catch_warnings():
            # VOUnits deprecates erg and Angstrom, and still has them (VOUnits 1.1, table 3).
            warnings.simplefilter("ignore", units.UnitsWarning)
            return units.Unit(text, format="vounit", parse_strict="raise")
    except (ValueError, ArithmeticError) as cause:
        reason = str(cause).partition("\n")[0]
        raise DeclarationError(f"unit {text!r} is not VOUnits: {reason}") from cause


def check_unit(text: str) -> None:
    if text:
        parse_unit(text)


@lru_cache(maxsize=4096)
def check_ucd(text: str) -> None:
    """Raises DeclarationError unless `text` is a UCD1+ of the current vocabulary, words in order."""
    if text and not _check_ucd(text, check_controlled_vocabulary=True):
        raise DeclarationError(f"UCD {text!r} is not in the UCD1+ vocabulary, or its words are out of order")
