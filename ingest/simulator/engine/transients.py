"""New stars of a simulated season: messages about them, and triggers of the runs that wait for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..season import Event, Trigger
from .preparing import Prepared
from .spans import Span

__all__ = ["transients"]

_STREAM = "ivo://uraniborg.example/newstars"
# Days before the midnight of the first night with a trigger: seen where it is night already, and confirmed.
_SEEN, _CONFIRMED, _TRIGGERED = 0.40, 0.25, 0.15
_LATEST = 1.0  # days from a trigger to the end of what it is good for


def transients(
    made: Iterable[Prepared], span: Span
) -> Iterator[tuple[tuple[Event, Event], tuple[Trigger, ...]]]:
    """Of each run for them: what was told of its star, and a trigger in each of the following nights."""
    runs = [one for one in made if one.run.asked.kind == "ToO"]
    for place, one in enumerate(runs, 1):
        first = one.run.asked.night
        events = _messages(one, span.midnight(first), f"{span.first.isoformat()}_{place}")
        last = min(first + len(one.wishes), span.nights)
        yield events, tuple(_trigger(one, events[1], span, first, night) for night in range(first, last))


def _messages(one: Prepared, midnight: float, name: str) -> tuple[Event, Event]:
    target, seen = one.wishes[0].block.target, midnight - _SEEN
    first, second = (f"{_STREAM}#{name}_{part}" for part in "ab")
    what = "A new star where there was none the night before"
    confirmed = "It is a nova: broad H-alpha"
    return (
        Event(first, f"newstars_{name}_a", seen, seen, what, target, 9.8),
        Event(
            second,
            f"newstars_{name}_b",
            seen,
            midnight - _CONFIRMED,
            confirmed,
            target,
            9.4,
            cites=first,
            run=one.run.run,
        ),
    )


def _trigger(one: Prepared, event: Event, span: Span, first: int, night: int) -> Trigger:
    block = one.wishes[night - first].block
    name = f"{one.run.run.id}_{night - first + 1}"
    time = span.midnight(night) - _TRIGGERED
    return Trigger(name, one.run.run, block, event.ivorn, time, time + _LATEST, "OneNight", "As it fades")
