"""The instruments that the archive knows: one module each beside this one, one line each here.

Plugins bring further values of the same kind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..tables import Schema
from .efosc import EFOSC
from .fors2 import FORS2
from .harps import HARPS
from .hawki import HAWKI
from .instrument import SCHEMA, Instrument
from .muse import MUSE
from .other import OTHER
from .uves import UVES
from .xshooter import XSHOOTER

__all__ = ["INSTRUMENTS", "find_instrument", "instrument_schema"]

INSTRUMENTS: tuple[Instrument, ...] = (EFOSC, FORS2, HARPS, HAWKI, MUSE, UVES, XSHOOTER, OTHER)


def find_instrument(instrume: str | None, instruments: Iterable[Instrument] = INSTRUMENTS) -> Instrument:
    """The instrument that took a frame, by the keyword INSTRUME; the general one when none is known."""
    return next((one for one in instruments if one.accepts(instrume)), OTHER)


def instrument_schema(instruments: Sequence[Instrument] = INSTRUMENTS) -> Schema:
    return Schema(
        SCHEMA,
        tuple(one.table for one in instruments),
        "Raw frames with the keywords of their instruments, one table for each, as in ESO's archive",
        title="Raw data by instrument",
    )
