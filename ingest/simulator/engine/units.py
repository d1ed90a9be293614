"""What is executed without interruption: a block, or all those of a concatenation; what it waits for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..wishes import Container, Folder, Kind, Wish

__all__ = ["Unit", "units_of"]


@dataclass(frozen=True, slots=True)
class Unit:
    """`group` is the number of the group that it lies in, `follows` the place of the unit of its run that it
    has to come after: not before `earliest` and not after `latest` days. If it `is_triggered`, it is not due
    before that."""

    wishes: tuple[Wish, ...]
    priority: str
    group: int | None = None
    follows: int | None = None
    earliest: float = 0.0
    latest: float = math.inf
    is_triggered: bool = False


def units_of(
    folder: Folder, wishes: Mapping[int, Wish], priority: str, *, is_triggered: bool = False
) -> tuple[Unit, ...]:
    """All units of a run, by the containers in its folder. `wishes` by the numbers of their blocks; blocks
    that have none are not ready, and what they lie in neither."""
    made: list[Unit] = []
    _collect(folder.container, wishes, Unit((), priority, is_triggered=is_triggered), made)
    return tuple(made)


def _collect(container: Container, wishes: Mapping[int, Wish], like: Unit, made: list[Unit]) -> None:
    before: int | None = None
    for link in container.links:
        if isinstance(link.of, Container) and link.of.kind is not Kind.CONCATENATION:
            group = link.of.id if link.of.kind is Kind.GROUP else like.group
            _collect(link.of, wishes, replace(like, group=group), made)
            continue
        blocks = [block for block, _ in link.of.paths()] if isinstance(link.of, Container) else [link.of]
        if any(block.id not in wishes for block in blocks):
            if container.kind is Kind.TIME_LINK:
                return  # nor can what comes after it be executed
            continue
        unit = replace(like, wishes=tuple(wishes[block.id] for block in blocks))
        if container.kind is Kind.TIME_LINK:
            latest = math.inf if link.latest is None else link.latest
            unit = replace(unit, follows=before, earliest=link.earliest or 0.0, latest=latest)
            before = len(made)
        made.append(unit)
