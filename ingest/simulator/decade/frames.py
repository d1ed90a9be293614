"""All frames of a season as arrays, and the kinds of frames that there are.

Frames are of one kind when their headers differ only in time, block, position and conditions: what is to be
known of a kind is known from one of them. Times are milliseconds of UTC since 1970.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..observatory import Exposure, ObservationBlock
from ..season import Season

__all__ = ["DAY", "Frames", "Integers", "Numbers", "frames_of", "milliseconds"]

Numbers = NDArray[np.float64]
Integers = NDArray[np.int64]
Value = TypeVar("Value")

DAY = 86_400_000
_UNIX = 40587  # MJD of 1970-01-01
_UNTOLD = (np.nan,) * 7


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """One element for each frame, in the order of the nights.

    `kind` is the place among `kinds`, `block` that among `blocks`, `execution` that among the season's
    executions; they are -1 for frames of none. `conditions` are columns: airmass, seeing and pressure at
    start and end, humidity; NaN where none are told.
    """

    kinds: tuple[Exposure, ...]
    blocks: tuple[ObservationBlock, ...]
    kind: Integers
    start: Integers
    template_start: Integers
    block: Integers
    execution: Integers
    night: Integers
    ra: Numbers
    dec: Numbers
    conditions: Numbers


def milliseconds(mjd: Numbers) -> Integers:
    """Rounded as in texts of times."""
    day = np.floor(mjd)
    return np.asarray(np.rint((mjd - day) * DAY), np.int64) + (day.astype(np.int64) - _UNIX) * DAY


def frames_of(season: Season) -> Frames:
    """There is one frame at least: lamps are lit every day."""
    kinds, blocks = _Numbered[Exposure](), _Numbered[ObservationBlock]()
    rows = list(_rows(season, kinds, blocks))
    kind, start, begun, block, execution, night, ra, dec, conditions = zip(*rows, strict=True)
    return Frames(
        tuple(kinds.values),
        tuple(blocks.values),
        np.array(kind, np.int64),
        milliseconds(np.array(start, np.float64)),
        milliseconds(np.array(begun, np.float64)),
        np.array(block, np.int64),
        np.array(execution, np.int64),
        np.array(night, np.int64),
        np.array(ra, np.float64),
        np.array(dec, np.float64),
        np.array(conditions, np.float64),
    )


class _Numbered(Generic[Value]):
    """Values in the order in which their keys came first."""

    def __init__(self) -> None:
        self.values: list[Value] = []
        self._places: dict[object, int] = {}

    def place(self, key: object, value: Value) -> int:
        found = self._places.setdefault(key, len(self.values))
        if found == len(self.values):
            self.values.append(value)
        return found


def _rows(
    season: Season, kinds: _Numbered[Exposure], blocks: _Numbered[ObservationBlock]
) -> Iterator[tuple[object, ...]]:
    before = 0
    for number, night in enumerate(season.nights):
        taken = {
            (one.instrument, one.start): before + place
            for place, execution in enumerate(night.executions)
            for template in execution.taken
            for one in template.exposures
        }
        before += len(night.executions)
        for one in night.exposures:
            kind = kinds.place(_kind(one), one)
            # The season holds the blocks, so that no two of them are at the same place in memory.
            block = -1 if one.block is None else blocks.place(id(one.block), one.block)
            execution = taken.get((one.instrument, one.start), -1)
            begun = one.start if one.template_start is None else one.template_start
            yield kind, one.start, begun, block, execution, number, *_position(one), _conditions(one)


def _kind(one: Exposure) -> tuple[object, ...]:
    return (
        *(one.instrument, one.category, one.type, one.technique, one.template, one.dit, one.ndit, one.optics),
        *(one.number, one.of, one.template_number, one.detector, one.block is None, one.conditions is None),
    )


def _position(one: Exposure) -> tuple[float, float]:
    if one.block is None:
        return np.nan, np.nan
    target, (east, north) = one.block.target, one.offset
    return target.ra + east, target.dec + north


def _conditions(one: Exposure) -> Sequence[float]:
    told = one.conditions
    if told is None:
        return _UNTOLD
    return (*told.airmass, *told.seeing, told.pressure, told.pressure, told.humidity)
