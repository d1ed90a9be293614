"""What the archive does once rows of the data flow were written, in their transaction, for many plugins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import pyarrow as pa

from archive.store import Connection

from .exposures import follow_exposures
from .obsplan import follow_obsplan
from .phase2_findings import follow_phase2

__all__ = ["follow_dataflow"]


def follow_dataflow(
    connection: Connection, batches: Mapping[str, Iterable[pa.RecordBatch]], moment: datetime
) -> None:
    """Changes of status and findings about observation blocks, the observing plan, and exposures at last."""
    follow_phase2(connection, batches, moment)
    follow_obsplan(connection, batches, moment)
    follow_exposures(connection, batches, moment)
