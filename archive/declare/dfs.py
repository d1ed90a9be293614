"""dfs: what the archive's own machinery did and found; so far, the events of its storage."""

from __future__ import annotations

from .columns import Column
from .dataflow import (
    account_changes,
    allocation,
    downloads,
    etc,
    execution,
    exposures,
    inputs,
    night_log,
    packages,
    phase1,
    phase2,
    protections,
    ranking,
    schedule,
    transfer,
    voevents,
)
from .semantics import UTC
from .tables import Example, Schema, Table
from .types import INTEGER, TEXT, TIMESTAMP

__all__ = ["DFS", "STORAGE_EVENT"]

STORAGE_EVENT = Table(
    "dfs.storage_event",
    columns=(
        Column(
            "event_time",
            TIMESTAMP,
            ucd="time.epoch",
            timesys=UTC,
            nullable=False,
            indexed=True,
            principal=True,
            description="When it was found or done, UTC",
        ),
        Column(
            "volume",
            TEXT,
            ucd="meta.id",
            nullable=False,
            indexed=True,
            principal=True,
            description="Volume of the archive's store on which it happened",
        ),
        Column(
            "dp_id",
            TEXT,
            ucd="meta.id;meta.file",
            indexed=True,
            principal=True,
            description="File concerned; NULL for what concerns the whole volume",
        ),
        Column(
            "version",
            INTEGER,
            ucd="meta.version;meta.file",
            principal=True,
            description="Version of the file",
        ),
        Column(
            "event",
            TEXT,
            ucd="meta.code",
            nullable=False,
            indexed=True,
            principal=True,
            description="Of a copy: noticed (a reader met a fault), missing, wrong length, damaged, "
            "unreadable, repaired, replicated, recovered, lost (no good copy is left); of a volume: added, "
            "draining, drained, away, returned, scrubbed",
        ),
        Column("detail", TEXT, ucd="meta.note", principal=True, description="What more there is to say"),
    ),
    description="What readers, the scrubber and the operator met with and did on the volumes where the "
    "archive keeps its files: damaged and missing copies, repairs, new copies",
    title="Events of the storage",
    hides="dp_id",
    examples=(
        Example(
            "storage-events",
            "What happened to the stored files lately?",
            "SELECT TOP 20 event_time, volume, dp_id, event, detail\nFROM dfs.storage_event\n"
            "ORDER BY event_time DESC",
        ),
    ),
)

DFS = Schema(
    "dfs",
    (
        STORAGE_EVENT,
        *transfer.TABLES,
        *downloads.TABLES,
        *protections.TABLES,
        *account_changes.TABLES,
        *inputs.TABLES,
        *phase1.TABLES,
        *allocation.TABLES,
        *schedule.TABLES,
        *etc.TABLES,
        *voevents.TABLES,
        *phase2.TABLES,
        *packages.TABLES,
        *execution.TABLES,
        *exposures.TABLES,
        *night_log.TABLES,
        *ranking.TABLES,
    ),
    "What the archive's own machinery did and found",
    title="Data flow",
)
