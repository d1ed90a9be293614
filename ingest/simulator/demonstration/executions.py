"""What became of the demonstration's blocks in its night: frames, grades, and what they were chosen from."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from ..observatory import PARANAL, SECOND, Exposure, ObservationBlock
from ..season import WEIGHTS, Change, Execution, Offer, Sky, Snapshot, Taken
from ..sky import airmass
from ..statuses import history
from ..templates import templates_of
from ..wishes import Wish
from .blocks import REPEATED, SOMBRERO, TRANSIENTS, UNVERIFIED, WISHES
from .proposals import PROGRAMMES
from .weather import NIGHT, weather

__all__ = ["executions", "histories", "rankings"]

# Who sat where that night.
_OPERATORS = {"HAWKI": "S. Brahe", "FORS2": "E. Flemløse"}
_PRESET = 240 * SECOND  # from the start of a block to its first frame
_CLOSING = 120 * SECOND  # from its last frame to the grade
_CLASSES = {run.run.id: run.allocation.priority for programme in PROGRAMMES for run in programme.runs}


def executions(exposures: tuple[Exposure, ...]) -> tuple[Execution, ...]:
    """All executions of the night in the order of their starts."""
    done = [*_completed(exposures), *(_aborted(block) for block in (SOMBRERO, REPEATED))]
    return tuple(sorted(done, key=lambda execution: execution.start))


def _completed(exposures: tuple[Exposure, ...]) -> Iterator[Execution]:
    wishes = {wish.block.id: wish for wish in WISHES}
    of_blocks = [(one.block.id, one) for one in exposures if one.block is not None]
    for number, pairs in groupby(
        sorted(of_blocks, key=lambda pair: (pair[0], pair[1].start)), lambda p: p[0]
    ):
        frames = tuple(exposure for _, exposure in pairs)
        yield _completed_one(wishes[number], frames)


def _completed_one(wish: Wish, frames: tuple[Exposure, ...]) -> Execution:
    seeing = sum(weather().seeing_at(frame.start) for frame in frames) / len(frames)
    # QC0: a tenth beyond what was asked for is still "mostly within".
    grade = "A" if seeing <= wish.seeing else "B" if seeing <= 1.1 * wish.seeing else "C"
    told = {
        "A": "Within constraints.",
        "B": "Seeing slightly above the constraint, thin clouds in the north.",
        "C": "Out of constraints.",
    }
    start = frames[0].start - _PRESET
    return Execution(
        _id(wish, start),
        wish,
        start,
        max(frame.end for frame in frames) + _CLOSING,
        "M" if grade == "C" else "C",
        grade,
        seeing,
        _OPERATORS[wish.setup.instrument],
        told[grade],
        tuple(_taken(wish, frames)),
    )


def _taken(wish: Wish, frames: tuple[Exposure, ...]) -> Iterator[Taken]:
    for number, template in enumerate(templates_of(wish), 1):
        yield Taken(number, template, tuple(one for one in frames if one.template_number == number))


def _aborted(block: ObservationBlock) -> Execution:
    """A block that was acquired as the wind came up, and given back to the queue without a frame."""
    wish = next(wish for wish in WISHES if wish.block == block)
    start = NIGHT + 0.2
    comments = "Wind above 18 m/s from the north: telescope closed before the first frame. Clouds coming in."
    end, seeing, operator = (
        start + 400 * SECOND,
        weather().seeing_at(start),
        _OPERATORS[wish.setup.instrument],
    )
    return Execution(_id(wish, start), wish, start, end, "A", "X", seeing, operator, comments, ())


def _id(wish: Wish, start: float) -> str:
    return f"{wish.setup.instrument}-{wish.block.id}-{round((start - NIGHT) / SECOND):06d}"


# --- what blocks went through ------------------------------------------------------------------------


def histories(done: tuple[Execution, ...]) -> dict[int, tuple[Change, ...]]:
    """By the number of the block."""
    return {wish.block.id: _history(wish, done) for wish in WISHES}


def _history(wish: Wish, done: tuple[Execution, ...]) -> tuple[Change, ...]:
    own = [execution for execution in done if execution.wish == wish]
    return history(wish, own, reached="P" if wish == UNVERIFIED else "+")


# --- rankings ----------------------------------------------------------------------------------------


def rankings(done: tuple[Execution, ...]) -> tuple[Snapshot, ...]:
    """One of each instrument, a minute before each of its executions."""
    return tuple(_snapshot(execution, done) for execution in done)


def _snapshot(execution: Execution, done: tuple[Execution, ...]) -> Snapshot:
    instrument, start = execution.wish.setup.instrument, execution.start
    time = start - 60 * SECOND
    finished = {one.wish.block.id for one in done if one.end <= start and one.status == "C"}
    # Blocks for targets of opportunity wait for their trigger, which came in the morning.
    offers = [
        _offer(wish, start)
        for wish in WISHES
        if wish.setup.instrument == instrument
        and wish.block.id not in finished
        and wish.block.run != TRANSIENTS
        and wish != UNVERIFIED
    ]
    offers.sort(key=lambda one: (not one.is_observable, -one.score, one.wish.block.id))
    sky = Sky(weather().seeing_at(time), 342.0, "Clear", 0.1, -20.0, 0.18, 4.0)
    return Snapshot(time, start, instrument, sky, tuple(offers))


def _offer(wish: Wish, start: float) -> Offer:
    """The better the class and the higher the target, the better the score."""
    height = airmass(PARANAL, wish.block.target, start)
    seeing = weather().seeing_at(start - 60 * SECOND)
    priority = _CLASSES[wish.block.run.id]
    reasons = [f"priority class {priority}", f"airmass {height:.2f}"]
    if height > wish.airmass:
        reasons.append(f"airmass above {wish.airmass:g}")
    if seeing > 1.1 * wish.seeing:
        reasons.append(f"seeing {seeing:.2f} above {wish.seeing:g}")
    return Offer(wish, round(WEIGHTS[priority] / height, 2), len(reasons) == 2, tuple(reasons))
