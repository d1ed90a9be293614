"""All documents of a simulated observatory, from proposals to night logs, in the forms of ESO's tools.

They are read by the same plugins as real ones.
"""

from __future__ import annotations

from collections.abc import Iterator

from .ambient import ambient_files
from .events import event_files
from .night import night_files
from .phase1 import phase1_files
from .phase2 import phase2_files
from .season import Season

__all__ = ["documents"]


def documents(season: Season) -> Iterator[tuple[str, str]]:
    """(name, text) of every document of a season."""
    yield from phase1_files(season)
    # Both tell how the status of blocks changed; Phase 2, which knows more of it, has the last word.
    yield from night_files(season)
    yield from phase2_files(season)
    for night in season.nights:
        yield from ambient_files(night)
    yield from event_files(season)
