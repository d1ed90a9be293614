"""What a block goes through, from its owner's first draft to its end: changes of its status."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .season import Change, Execution
from .wishes import Wish

__all__ = ["history"]

_SUPPORT = "user support"
_DRAFTED = 10.0  # days until it is verified
_REVIEWED = 15.0  # days until it is accepted
_GIVEN_BACK = 0.01  # days after an execution that was no use until the block may be executed again


def history(
    wish: Wish, own: Iterable[Execution], *, reached: str = "+", failed: float | None = None
) -> tuple[Change, ...]:
    """All changes: those of its owner, of the observatory's reviewers, and of operators.

    `own` are the block's executions in order of time; `reached` is the letter that it had before the first,
    P, D, - or +; `failed` is when its time was over.
    """
    changes = [*_before(wish, reached), *_through(own)]
    if failed is not None:
        changes.append(Change(max(failed, changes[-1].time + _GIVEN_BACK), changes[-1].after, "F", _SUPPORT))
    return tuple(changes)


def _before(wish: Wish, reached: str) -> Iterator[Change]:
    owner = wish.block.run.investigators.partition("/")[0].lower()
    yield Change(wish.created, None, "P", owner)
    if reached != "P":
        yield Change(wish.created + _DRAFTED, "P", "D", owner)
        if reached != "D":
            yield Change(wish.created + _REVIEWED, "D", reached, _SUPPORT)


def _through(own: Iterable[Execution]) -> Iterator[Change]:
    for execution in own:
        yield Change(execution.start, "+", "S", execution.operator)
        yield Change(execution.end, "S", execution.status, execution.operator)
        if execution.status in "AM":
            yield Change(execution.end + _GIVEN_BACK, execution.status, "+", execution.operator)
