"""What became of the blocks in the simulated night: which frames were taken, and how good they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from .blocks import REPEATED, SOMBRERO, WISHES, Wish, template_number
from .plan import NIGHT, SECOND, Exposure, ObservationBlock
from .templates import Template, templates_of
from .weather import seeing_at

__all__ = ["OPERATORS", "Execution", "Taken", "executions", "unit_telescope"]

# Who sat where that night.
OPERATORS = {"HAWKI": "S. Brahe", "FORS2": "E. Flemløse"}
_UNIT_TELESCOPES = {"HAWKI": "UT4", "FORS2": "UT1"}
_PRESET = 240 * SECOND  # from the start of a block to its first frame
_CLOSING = 120 * SECOND  # from its last frame to the grade


@dataclass(frozen=True, slots=True)
class Taken:
    """A template as it was executed, with its number in the block and the exposures that it took."""

    number: int
    template: Template
    exposures: tuple[Exposure, ...]


@dataclass(frozen=True, slots=True)
class Execution:
    """Times are MJD (UTC); `seeing` is the mean over its frames, arcsec."""

    wish: Wish
    start: float
    end: float
    status: str
    grade: str
    seeing: float
    comments: str
    taken: tuple[Taken, ...]

    @property
    def id(self) -> str:
        return f"{self.wish.setup.instrument}-{self.wish.block.id}-{round((self.start - NIGHT) / SECOND):06d}"

    @property
    def operator(self) -> str:
        return OPERATORS[self.wish.setup.instrument]


def unit_telescope(instrument: str) -> str:
    return _UNIT_TELESCOPES[instrument]


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
    seeing = sum(seeing_at(frame.start) for frame in frames) / len(frames)
    # QC0: a tenth beyond what was asked for is still "mostly within".
    grade = "A" if seeing <= wish.seeing else "B" if seeing <= 1.1 * wish.seeing else "C"
    told = {
        "A": "Within constraints.",
        "B": "Seeing slightly above the constraint, thin clouds in the north.",
        "C": "Out of constraints.",
    }
    return Execution(
        wish,
        frames[0].start - _PRESET,
        max(frame.end for frame in frames) + _CLOSING,
        "M" if grade == "C" else "C",
        grade,
        seeing,
        told[grade],
        tuple(_taken(wish, frames)),
    )


def _taken(wish: Wish, frames: tuple[Exposure, ...]) -> Iterator[Taken]:
    for number, template in enumerate(templates_of(wish), 1):
        yield Taken(number, template, tuple(one for one in frames if template_number(one) == number))


def _aborted(block: ObservationBlock) -> Execution:
    """A block that was acquired as the wind came up, and given back to the queue without a frame."""
    wish = next(wish for wish in WISHES if wish.block == block)
    start = NIGHT + 0.2
    comments = "Wind above 18 m/s from the north: telescope closed before the first frame. Clouds coming in."
    return Execution(wish, start, start + 400 * SECOND, "A", "X", seeing_at(start), comments, ())
