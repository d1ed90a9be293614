"""A simulated observatory through any number of nights: the same for the same seed.

Each period of ESO in it is a season of its own, which depends on the seed and its own nights only.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import chain, count

import numpy as np

from ..observatory import PARANAL
from ..season import MINUTE, UNIT_TELESCOPES, Change, Execution, ObservedNight, Season, Trigger
from ..sky import lights
from ..statuses import history
from .climate import Climate, climate, weather_of
from .exposing import Around
from .observing import Desk, Done, observe
from .periods import period_of
from .preparing import Prepared, prepare
from .proposing import drafts, programme_of
from .queueing import Queue
from .scheduling import duties, slots
from .spans import Span
from .transients import transients
from .units import Unit, units_of

__all__ = ["FIRST_NIGHT", "seasons"]

FIRST_NIGHT = date(2026, 5, 1)  # of period 117; the demonstration's night is in the one before
_PACKAGES = {"HAWKI": 3, "FORS2": 7, "UVES": 5}
_HORIZON = -0.8  # degrees of the Sun as it sets and rises
_NUMBERS = 100_000  # of blocks and containers for each period


def seasons(seed: int, nights: int, first_night: date = FIRST_NIGHT) -> Iterator[Season]:
    """One season for each period that the nights lie in."""
    evening, last = first_night, first_night + timedelta(days=nights - 1)
    while evening <= last:
        period = period_of(evening)
        until = min(period.last, last)
        yield _season(seed, Span(period, evening, (until - evening).days + 1, PARANAL))
        evening = until + timedelta(days=1)


def _season(seed: int, span: Span) -> Season:
    random = np.random.default_rng((seed, span.first.toordinal()))
    period = span.period
    proposed = drafts(random, period, span.nights)
    numbers = count(1_000_000_001 + _NUMBERS * period.number)
    made = [prepare(random, run, span, numbers) for draft in proposed for run in draft.runs]
    told = tuple(transients(made, span))
    triggers = tuple(chain.from_iterable(own for _, own in told))
    desks = tuple(_desks(made, span))
    nights = tuple(_nights(seed, span, made, desks, triggers, climate(random, span.nights)))
    of_runs = {one.run.run.id: one.wishes for one in made}
    before = period.first - timedelta(days=90)
    return Season(
        site=span.site,
        period=period.number,
        calculated=f"{(before - timedelta(days=100)).isoformat()}T10:00:00Z",
        decided=f"{before.isoformat()}T12:00:00Z",
        programmes=tuple(programme_of(draft, of_runs, period) for draft in proposed),
        folders=tuple(one.folder for one in made),
        wishes=tuple(wish for one in made for wish in one.wishes),
        slots=slots(duties([one.run for one in made], span), span),
        packages={name: f"{period.number}.{version:02d}" for name, version in _PACKAGES.items()},
        histories=_histories(made, nights, desks, span),
        nights=nights,
        events=tuple(event for pair, _ in told for event in pair),
        triggers=triggers,
    )


def _desks(made: Iterable[Prepared], span: Span) -> Iterator[Desk]:
    for instrument in UNIT_TELESCOPES:
        queued: list[tuple[Unit, ...]] = []
        visitors = {}
        for one in made:
            asked = one.run.asked
            if asked.instrument == instrument:
                is_triggered = asked.kind == "ToO"
                units = units_of(one.folder, one.ready, one.run.priority, is_triggered=is_triggered)
                if asked.mode == "SM":
                    queued.append(units)
                else:
                    visitors[one.run.run.id] = Queue([units], span.site, span.middle(asked.night))
        middle = span.middle(span.nights // 2)
        yield Desk(instrument, Queue(queued, span.site, middle), visitors, Counter())


def _nights(
    seed: int,
    span: Span,
    made: Iterable[Prepared],
    desks: tuple[Desk, ...],
    triggers: tuple[Trigger, ...],
    sky: Climate,
) -> Iterator[ObservedNight]:
    duty = duties([one.run for one in made], span)
    for night in range(span.nights):
        midnight = span.midnight(night)
        for trigger in triggers:
            if midnight - 0.5 < trigger.time < midnight + 0.5:
                for desk in desks:
                    desk.queue.trigger(trigger.block.id, trigger.time, trigger.latest)
        random = np.random.default_rng((seed, int(midnight)))
        around = _around(random, span, night, sky)
        done = [observe(desk, duty[desk.instrument][night], around, random) for desk in desks]
        evening = (span.first + timedelta(days=night)).isoformat()
        yield _observed(evening, around, done)


def _around(random: np.random.Generator, span: Span, night: int, sky: Climate) -> Around:
    seen = lights(span.site, span.midnight(night))
    sunset, sunrise = seen.dark(_HORIZON)
    dusk = int(sunset / MINUTE) * MINUTE
    hours = weather_of(random, sky, night, dusk, int((sunrise - dusk) / MINUTE))
    return Around(span.site, span.midnight(night), seen, hours)


def _observed(evening: str, around: Around, done: Iterable[Done]) -> ObservedNight:
    """What was done at all desks, in order of time."""
    done = tuple(done)
    executions = sorted((one for own in done for one in own.executions), key=lambda one: (one.start, one.id))
    rankings = sorted(
        (one for own in done for one in own.rankings), key=lambda one: (one.time, one.instrument)
    )
    exposures = sorted(
        (one for own in done for one in own.exposures), key=lambda one: (one.start, one.instrument)
    )
    weather = around.hours.told
    return ObservedNight(
        evening, around.midnight, weather, tuple(exposures), tuple(executions), tuple(rankings)
    )


def _histories(
    made: Iterable[Prepared], nights: Iterable[ObservedNight], desks: Iterable[Desk], span: Span
) -> dict[int, tuple[Change, ...]]:
    """Of all blocks; the time of some was over before they were executed."""
    executed: dict[int, list[Execution]] = defaultdict(list)
    for night in nights:
        for execution in night.executions:
            executed[execution.wish.block.id].append(execution)
    failed = {
        wish.block.id: closed
        for desk in desks
        for unit, closed in desk.queue.left()
        if closed <= span.ends
        for wish in unit.wishes
    }
    return {
        wish.block.id: history(
            wish, executed[wish.block.id], reached=letter, failed=failed.get(wish.block.id)
        )
        for one in made
        for wish, letter in zip(one.wishes, one.reached, strict=True)
    }
