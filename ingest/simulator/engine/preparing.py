"""Runs of a simulated season with their blocks, in the folders of Phase 2, and how far those have come."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from ..wishes import Container, Folder, Kind, Wish
from .containers import shapes
from .drawing import Drawing, pick
from .proposing import DraftRun
from .spans import Span

__all__ = ["Prepared", "prepare"]

# How far blocks have come when the season begins: few are not accepted yet, or were rejected.
_LETTERS = (*95 * "+", *3 * "P", "D", "-")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run with its folder and blocks; `reached` is how far each has come when the season begins (P, D, -
    or +)."""

    run: DraftRun
    folder: Folder
    wishes: tuple[Wish, ...]
    reached: tuple[str, ...]

    @property
    def ready(self) -> dict[int, Wish]:
        """Those that may be executed, by the numbers of their blocks."""
        pairs = zip(self.wishes, self.reached, strict=True)
        return {wish.block.id: wish for wish, letter in pairs if letter == "+"}


def prepare(random: np.random.Generator, run: DraftRun, span: Span, numbers: Iterator[int]) -> Prepared:
    """A run with all that lies in its folder. `numbers` are those of blocks and containers."""
    drawing = Drawing(random, run, span, numbers)
    root, links = next(numbers), []
    for shape in shapes(random, run):
        if len(drawing.wishes) >= run.asked.blocks:
            break
        links.append(shape(drawing))
    container = Container(root, Kind.FOLDER, run.run.id, tuple(links))
    reached = tuple(pick(random, _LETTERS) if run.asked.is_queued else "+" for _ in drawing.wishes)
    return Prepared(run, Folder(run.run, run.number, container), tuple(drawing.wishes), reached)
