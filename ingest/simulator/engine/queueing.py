"""Which of an instrument's waiting units is best at a time: the short-term schedule, ranking by ranking."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..observatory import SECOND, Site
from ..season import WEIGHTS, Offer
from ..sky import Lights, of_date, sidereal_time, zenith
from ..wishes import Wish
from .climate import TRANSPARENCIES
from .exposing import duration_of
from .units import Unit

__all__ = ["Moment", "Queue"]

Values = NDArray[np.float64]
Flags = NDArray[np.bool_]

_AT_ONCE = 10.0  # times the weight of what was triggered
_STARTED = 1.3  # times the weight of what is in a group that has been begun
_PRESSING = 2.0  # times the weight of what has to follow something soon
_TOLERANCE = 1.1  # of the seeing
_APART = 0.005  # in the sine of the altitude: members of a concatenation are not quite in one place
_MOVED = 1.5  # degrees: what the Moon does while a block is executed
_RISEN = -1.0  # degrees: from this altitude on the Moon counts
_SPARE = 60 * SECOND  # before a window closes
_TOLD, _TOLD_TOO = 12, 8  # how many units a ranking tells of that are observable, and that are not


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """What it is like at a `time`, for blocks that have to be over at `end`.

    `sky` is a place in TRANSPARENCIES.
    """

    time: float
    end: float
    seeing: float
    sky: int
    lights: Lights


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """At all units of a queue: what hinders each, by reason, how high each is, and its score."""

    hindered: dict[str, Flags]
    is_observable: Flags
    airmass: Values
    score: Values

    def best(self) -> int | None:
        """The place of the unit that is to be executed."""
        if not self.is_observable.any():
            return None
        return int(np.argmax(np.where(self.is_observable, self.score, -1.0)))


class Queue:
    """Units of one instrument, those of a run together, as arrays; positions are for the date `mjd`."""

    def __init__(self, runs: Iterable[tuple[Unit, ...]], site: Site, mjd: float) -> None:
        self.units = tuple(_in_one(runs))
        self._site = site
        self._vectors = _vectors(self.units, mjd)
        self._ra = np.degrees(np.arctan2(self._vectors[:, 1], self._vectors[:, 0]))
        self._lasts = _of_each(self.units, duration_of, sum)
        self._lowest = _of_each(self.units, lambda one: 1.0 / one.airmass, max) + _APART
        self._hours = _of_each(self.units, lambda one: one.hour_angle or 24.0, min)
        self._seeing = _of_each(self.units, lambda one: one.seeing, min)
        self._fli = _of_each(self.units, lambda one: one.fli, min)
        self._moon = np.cos(np.radians(_of_each(self.units, lambda one: one.moon_distance + _MOVED, max)))
        self._sky = _of_each(self.units, lambda one: TRANSPARENCIES.index(one.sky), min)
        self._weight = np.array([_weight(unit) for unit in self.units])
        self._opens = _of_each(self.units, lambda one: one.windows[0][0] if one.windows else -math.inf, max)
        self.closes = _of_each(self.units, lambda one: one.windows[-1][1] if one.windows else math.inf, min)
        self._is_due = np.array([one.follows is None and not one.is_triggered for one in self.units], bool)
        self._is_done = np.zeros(len(self.units), bool)
        self._following = {
            one.follows: place for place, one in enumerate(self.units) if one.follows is not None
        }

    def look(self, moment: Moment) -> Look:
        """At all units, as if each were begun now."""
        above = self._vectors @ zenith(np.array([moment.time]), self._site)[0]
        finally_above = np.sum(self._vectors * zenith(moment.time + self._lasts, self._site), axis=1)
        lowest = np.minimum(above, finally_above)
        hindered = {
            "airmass above its limit": lowest < self._lowest,
            f"seeing {moment.seeing:.2f} above its limit": moment.seeing > _TOLERANCE * self._seeing,
            f"the sky is no better than {TRANSPARENCIES[moment.sky].lower()}": moment.sky > self._sky,
            "outside its time intervals": self._is_outside(moment),
            "the night ends before it would": moment.time + self._lasts > moment.end,
        }
        moon = moment.lights.moon[moment.lights.place(moment.time)]
        is_up = self._is_moon_up(moment)
        hindered["too near the Moon"] = is_up & (self._vectors @ moon > self._moon)
        hindered["the Moon is too bright"] = is_up & (moment.lights.fli > self._fli)
        airmass = 1.0 / np.maximum(above, 0.1)
        can = self._is_due & ~self._is_done & ~np.logical_or.reduce(list(hindered.values()))
        return Look(hindered, can, airmass, self._weight / airmass)

    def _is_moon_up(self, moment: Moment) -> Flags:
        """At the beginning or at the end of each."""
        times = np.stack([np.full(len(self._lasts), moment.time), moment.time + self._lasts])
        altitudes = np.interp(times, moment.lights.times, moment.lights.moon_altitude)
        return np.asarray((altitudes > _RISEN).any(axis=0))

    def _is_outside(self, moment: Moment) -> Flags:
        ends = moment.time + self._lasts
        outside = (moment.time < self._opens) | (ends > self.closes - _SPARE)
        for mjd in (moment.time, ends):
            turned = (sidereal_time(mjd, self._site.longitude) - self._ra + 180.0) % 360.0 - 180.0
            outside |= np.abs(turned) > 15.0 * self._hours - 0.5
        return np.asarray(outside)

    def offers(self, look: Look) -> tuple[Offer, ...]:
        """The ranking: what is observable by its score, and some of what is not, each with its reasons."""
        waiting = np.flatnonzero(~self._is_done & self._is_due & (look.airmass < 5))
        ranked = waiting[np.argsort(-look.score[waiting], kind="stable")]
        can = look.is_observable[ranked]
        places = (*ranked[can][:_TOLD].tolist(), *ranked[~can][:_TOLD_TOO].tolist())
        return tuple(offer for place in places for offer in self._offered(place, look))

    def _offered(self, place: int, look: Look) -> Iterator[Offer]:
        unit, score = self.units[place], round(float(look.score[place]), 2)
        against = (reason for reason, flags in look.hindered.items() if flags[place])
        reasons = (f"priority class {unit.priority}", f"airmass {look.airmass[place]:.2f}", *against)
        return (Offer(wish, score, bool(look.is_observable[place]), reasons) for wish in unit.wishes)

    def trigger(self, block: int, time: float, latest: float) -> None:
        """The unit of a block is due, between these times only."""
        for place, unit in enumerate(self.units):
            if unit.wishes[0].block.id == block:
                self._is_due[place] = True
                self._opens[place], self.closes[place] = time, latest

    def retry(self, place: int, time: float) -> None:
        """A unit was of no use; it may be executed again, but not at once."""
        self._opens[place] = max(self._opens[place], time)

    def done(self, place: int, end: float) -> None:
        """A unit has been executed; what follows it becomes due, and what is in its group more urgent."""
        self._is_done[place] = True
        group = self.units[place].group
        if group is not None:
            for other, one in enumerate(self.units):
                if one.group == group:
                    self._weight[other] = _STARTED * _weight(one)
        if place in self._following:
            later = self._following[place]
            self._is_due[later] = True
            self._weight[later] *= _PRESSING
            self._opens[later] = max(self._opens[later], end + self.units[later].earliest)
            self.closes[later] = min(self.closes[later], end + self.units[later].latest)

    def left(self) -> Iterator[tuple[Unit, float]]:
        """What was due and has not been executed, with the time after which it no longer can be."""
        for place in np.flatnonzero(self._is_due & ~self._is_done).tolist():
            yield self.units[place], float(self.closes[place])


def _in_one(runs: Iterable[tuple[Unit, ...]]) -> Iterator[Unit]:
    """Units of all runs; the places of those that are to be followed are counted from the first of all."""
    before = 0
    for units in runs:
        for unit in units:
            yield unit if unit.follows is None else replace(unit, follows=unit.follows + before)
        before += len(units)


def _vectors(units: tuple[Unit, ...], mjd: float) -> Values:
    targets = [unit.wishes[0].block.target for unit in units]
    return of_date(np.array([one.ra for one in targets]), np.array([one.dec for one in targets]), mjd)


def _of_each(
    units: tuple[Unit, ...], told: Callable[[Wish], float], among: Callable[[Iterable[float]], float]
) -> Values:
    """What the blocks of each unit ask for together."""
    return np.array([among(told(wish) for wish in unit.wishes) for unit in units], float)


def _weight(unit: Unit) -> float:
    return WEIGHTS[unit.priority] * (_AT_ONCE if unit.is_triggered else 1.0)
