"""Executions of blocks: how far they come, and how good they are.

What is executed when is told elsewhere (`queueing`, `observing`).
"""

from __future__ import annotations

import numpy as np

from ..season import Execution
from ..times import iso
from ..wishes import Wish
from .climate import TRANSPARENCIES, Hours
from .exposing import Around, duration_of, frames_of, whole

__all__ = ["execute"]

_MISHAPS = ("Guide star lost", "Rotator stopped", "Instrument software had to be restarted")
_MISHAP = 0.03  # of the executions


def execute(
    wish: Wish, start: float, around: Around, random: np.random.Generator, operator: str
) -> Execution:
    """A block from its start on, which the weather or a mishap may end early.

    With status and grade of service mode, in which what is out of its constraints must be repeated.
    """
    start, end = whole(start), start + duration_of(wish)
    cut, reason = _cut(start, end, around, random)
    taken = tuple(frames_of(wish, start, cut or end, around))
    frames = [one for part in taken for one in part.exposures]
    seeings = [one.conditions.seeing[0] for one in frames if one.conditions]
    seeing = sum(seeings) / len(seeings) if seeings else around.hours.told.seeing_at(start)
    if cut is not None:
        status, grade, comments = "A", "X", f"{reason}. Given back to the queue."
    else:
        status, grade, comments = _judged(wish, seeing, around.hours, start, end)
    name = f"{wish.setup.instrument}-{wish.block.id}-{iso(start)[:19]}"
    return Execution(
        name, wish, start, whole(cut or end), status, grade, round(seeing, 3), operator, comments, taken
    )


def _cut(start: float, end: float, around: Around, random: np.random.Generator) -> tuple[float | None, str]:
    """When the execution is stopped, if it is, and why."""
    shut = around.hours.shuts(start, end)
    mishap = random.uniform(start, end) if random.random() < _MISHAP else None
    if mishap is not None and (shut is None or mishap < shut):
        return float(mishap), _MISHAPS[int(random.integers(len(_MISHAPS)))]
    return shut, "Telescope closed because of the weather"


def _judged(wish: Wish, seeing: float, hours: Hours, start: float, end: float) -> tuple[str, str, str]:
    """QC0: a tenth beyond what was asked for is still "mostly within"."""
    sky = int(hours.sky[hours.minute(start) : hours.minute(end) + 1].max())
    if seeing > 1.1 * wish.seeing or sky > TRANSPARENCIES.index(wish.sky) + 1:
        return "M", "C", "Out of constraints."
    if sky > TRANSPARENCIES.index(wish.sky):
        return "C", "B", "Clouds passing in the second half."
    if seeing > wish.seeing:
        return "C", "B", "Seeing slightly above the constraint."
    return "C", "A", "Within constraints."
