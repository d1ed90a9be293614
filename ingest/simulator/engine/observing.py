"""Nights of a simulated observatory: at each telescope one block after the other, from dusk to dawn.

In the queue the best of a ranking is executed, in a visitor's night what suits the visitor.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from ..observatory import Exposure
from ..season import MINUTE, Execution, Sky, Snapshot
from .calibrating import lamps, standards, twilight
from .climate import TRANSPARENCIES
from .executing import execute
from .exposing import Around
from .people import OPERATORS
from .queueing import Look, Moment, Queue
from .scheduling import Duty
from .units import Unit

__all__ = ["SUN", "Desk", "Done", "observe"]

# How low the Sun has to be, degrees: in the infrared the sky is dark sooner.
SUN = {"HAWKI": -12.0, "FORS2": -18.0, "UVES": -18.0}
_FLATS_AT = -7.0  # degrees of the Sun, from which on the sky is bright enough for flat fields
_RISEN = -0.8
_FOR_STANDARDS = 30 * MINUTE  # before the end of the night
_NEXT = 2 * MINUTE  # from one block to the next
_IDLE = 10 * MINUTE  # until another look, when nothing can be observed
_RETRY = 30 * MINUTE  # until what was of no use may be executed again
_TRIES = 3  # after which what is out of its constraints is taken as it is


@dataclass
class Desk:
    """Where an instrument is operated through a season: what waits in its queue and for its visitors.

    `tries` counts executions of units, by the numbers of their first blocks.
    """

    instrument: str
    queue: Queue
    visitors: Mapping[str, Queue]
    tries: Counter[int]


@dataclass(frozen=True, slots=True)
class Done:
    """Of one instrument in one night."""

    executions: tuple[Execution, ...]
    rankings: tuple[Snapshot, ...]
    exposures: tuple[Exposure, ...]


def observe(desk: Desk, duty: Duty, around: Around, random: np.random.Generator) -> Done:
    """A night at a desk, with its calibrations; what has been executed leaves the queue."""
    done: list[Execution] = []
    rankings: list[Snapshot] = []
    operator = OPERATORS[int(random.integers(len(OPERATORS)))]
    if duty.mode != "Technical":
        for executed, ranking in _executions(desk, duty, around, random, operator):
            done += executed
            rankings += ranking
    return Done(tuple(done), tuple(rankings), tuple(_exposures(desk, done, around)))


def _executions(
    desk: Desk, duty: Duty, around: Around, random: np.random.Generator, operator: str
) -> Iterator[tuple[tuple[Execution, ...], tuple[Snapshot, ...]]]:
    """Of one unit after the other, as long as the night lasts; visitors have no rankings."""
    time, ends = around.lights.dark(SUN[desk.instrument])
    ends -= _FOR_STANDARDS
    queue = desk.visitors.get(duty.run, desk.queue)
    while (opened := around.hours.opens(time)) is not None and opened < ends:
        moment = _moment(around, opened, ends)
        look = queue.look(moment)
        place = look.best()
        if place is None:
            time = opened + _IDLE
            continue
        executed = tuple(_in_turn(queue.units[place], opened, around, random, operator))
        ranking = () if duty.run else (_snapshot(desk, queue, look, moment, executed[0].start, around),)
        executed = _settled(desk, queue, place, executed, is_visited=bool(duty.run))
        yield executed, ranking
        time = executed[-1].end + _NEXT


def _moment(around: Around, time: float, ends: float) -> Moment:
    hours = around.hours
    sky = int(hours.sky[hours.minute(time)])
    return Moment(time, ends, hours.told.seeing_at(time), sky, around.lights)


def _in_turn(
    unit: Unit, start: float, around: Around, random: np.random.Generator, operator: str
) -> Iterator[Execution]:
    """The blocks of a unit, one right after the other, until one is aborted."""
    for wish in unit.wishes:
        execution = execute(wish, start, around, random, operator)
        yield execution
        if execution.status == "A":
            return
        start = execution.end


def _settled(
    desk: Desk, queue: Queue, place: int, executed: tuple[Execution, ...], *, is_visited: bool
) -> tuple[Execution, ...]:
    """With the status that each ends with. A concatenation is repeated as a whole; what is a filler, or has
    been tried often, is not repeated for its quality."""
    unit, end = queue.units[place], executed[-1].end
    block = unit.wishes[0].block.id
    desk.tries[block] += 1
    is_aborted = executed[-1].status == "A"
    if not is_aborted and (is_visited or unit.priority == "C" or desk.tries[block] >= _TRIES):
        executed = tuple(_accepted(one, is_visited=is_visited) for one in executed)
    elif any(one.status in "AM" for one in executed):
        queue.retry(place, end + _RETRY)
        return tuple(_with_others(one) if one.status == "C" else one for one in executed)
    queue.done(place, end)
    return executed


def _with_others(one: Execution) -> Execution:
    return replace(one, status="M", comments=f"{one.comments} To be repeated with its concatenation.")


def _accepted(one: Execution, *, is_visited: bool) -> Execution:
    if is_visited:
        return replace(one, status="X", grade="?", comments="Visitor's choice.")
    return replace(one, status="C", grade="D" if one.grade == "C" else one.grade)


def _snapshot(desk: Desk, queue: Queue, look: Look, moment: Moment, start: float, around: Around) -> Snapshot:
    minute = around.hours.minute(moment.time)
    elevation = float(around.lights.moon_altitude[around.lights.place(moment.time)])
    sky = Sky(
        moment.seeing,
        round(float(around.hours.direction[minute]), 1),
        TRANSPARENCIES[moment.sky],
        0.1,
        round(elevation, 1),
        round(around.lights.fli, 3),
        4.0,
    )
    return Snapshot(start - MINUTE, start, desk.instrument, sky, queue.offers(look))


def _exposures(desk: Desk, done: list[Execution], around: Around) -> Iterator[Exposure]:
    """Of all executions, and the calibrations for them."""
    frames = [one for execution in done for taken in execution.taken for one in taken.exposures]
    yield from frames
    exposed = {one.block for one in frames if one.category == "SCIENCE"}
    used = [one.wish.setup for one in done if one.wish.block in exposed]
    night_ends = around.lights.dark(SUN[desk.instrument])[1] - _FOR_STANDARDS
    free = max([night_ends, *(one.end for one in done)]) + _NEXT
    if used and around.hours.opens(free) == free:
        yield from standards(desk.instrument, used, free, around)
    light = around.lights.dark(_FLATS_AT)[1]
    if used and around.hours.opens(light) == light:
        yield from twilight(desk.instrument, used, light)
    yield from lamps(desk.instrument, used, around.lights.dark(_RISEN)[1] + 60 * MINUTE)
