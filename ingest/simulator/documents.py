"""All documents of the simulated observatory, from proposals to night logs, in the forms of ESO's tools.

They tell of the very frames that lie beside them, and are read by the same plugins as real ones.
"""

from __future__ import annotations

from collections.abc import Iterator

from .ambient import ambient_files
from .events import event_files
from .executions import executions
from .night import night_files
from .phase1 import phase1_files
from .phase2 import phase2_files
from .plan import Exposure

__all__ = ["documents"]


def documents(exposures: tuple[Exposure, ...]) -> Iterator[tuple[str, str]]:
    """(name, text) of every document."""
    done = executions(exposures)
    yield from phase1_files()
    # Both tell how the status of blocks changed; Phase 2, which knows more of it, has the last word.
    yield from night_files(done)
    yield from phase2_files(done)
    yield from ambient_files()
    yield from event_files()
