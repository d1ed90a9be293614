"""What blocks of a simulated run lie in: groups, time links, concatenations and folders, nested."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import repeat

import numpy as np

from ..observatory import Target
from ..wishes import Kind, Link
from .drawing import Drawing
from .proposing import DraftRun

__all__ = ["shapes"]

_Shape = Callable[[Drawing], Link]


def shapes(random: np.random.Generator, run: DraftRun) -> Iterator[_Shape]:
    """Without end. In service mode the first goes round from run to run, so that a season has them all."""
    if not run.asked.is_queued:
        yield from repeat(_epoch if run.asked.kind == "ToO" else _single)
    kinds: tuple[_Shape, ...] = (_group, _time_link, _concatenation, _folder, _single)
    yield kinds[run.rank % len(kinds)]
    while True:
        yield kinds[int(random.choice(len(kinds), p=(0.12, 0.1, 0.1, 0.13, 0.55)))]


def _epoch(drawing: Drawing) -> Link:
    """Of a transient, which is the same in all blocks."""
    made = drawing.wishes
    target = made[0].block.target if made else drawing.target()
    return Link(drawing.block(target, f"epoch{len(made) + 1}"))


def _single(drawing: Drawing) -> Link:
    return Link(drawing.block(drawing.target()))


def _concatenation(drawing: Drawing) -> Link:
    """A target and the sky beside it, one right after the other."""
    target = drawing.target()
    sky = _beside(target)
    links = (Link(drawing.block(target)), Link(drawing.block(sky)))
    return drawing.container(Kind.CONCATENATION, f"{target.name} and its sky", links)


def _beside(target: Target) -> Target:
    return Target(f"{target.name} sky", target.ra, round(target.dec + 0.2, 5))


def _group(drawing: Drawing) -> Link:
    """Two fields, and a concatenation of two blocks that counts for half."""
    links = tuple(Link(drawing.block(drawing.target()), 25.0) for _ in range(2))
    within = Link(_concatenation(drawing).of, 50.0)
    return drawing.container(Kind.GROUP, f"Fields of {drawing.run.run.title}"[:60], (*links, within))


def _time_link(drawing: Drawing) -> Link:
    """Three epochs of a target; the last one with its sky, some nights after each other."""
    target = drawing.target()
    latest = float(max(3, drawing.span.nights // 4))
    sky = _beside(target)
    last = (Link(drawing.block(target, "epoch3")), Link(drawing.block(sky, "epoch3")))
    with_sky = drawing.container(Kind.CONCATENATION, f"{target.name}, last epoch", last)
    links = (
        Link(drawing.block(target, "epoch1")),
        Link(drawing.block(target, "epoch2"), earliest=0.5, latest=latest),
        Link(with_sky.of, earliest=0.5, latest=latest),
    )
    return drawing.container(Kind.TIME_LINK, f"{target.name} through the season", links)


def _folder(drawing: Drawing) -> Link:
    links = (_single(drawing), _single(drawing), _concatenation(drawing))
    return drawing.container(Kind.FOLDER, f"Batch {len(drawing.wishes)}", links)
