"""dfs.protection: exceptions from the rule of proprietary times, and what became of them, for operators.

The exceptions that hold now are in `archive.protection`, which no query sees; `archive.access` writes both.
"""

from __future__ import annotations

from ..columns import Column
from ..semantics import UTC
from ..tables import Table
from ..types import INTEGER, TEXT, TIMESTAMP

__all__ = ["PROTECTION", "TABLES"]

PROTECTION = Table(
    "dfs.protection",
    columns=(
        Column(
            "protection_id",
            TEXT,
            ucd="meta.id;meta.main",
            nullable=False,
            description="Identifier of this act",
        ),
        Column(
            "changed_at",
            TIMESTAMP,
            ucd="time.epoch",
            timesys=UTC,
            nullable=False,
            indexed=True,
            principal=True,
            description="Since when it holds, UTC",
        ),
        Column(
            "kind",
            TEXT,
            ucd="meta.code.class",
            nullable=False,
            principal=True,
            description="What the exception is for: programme, run, file; archive for the rule of whatever "
            "has none of its own",
        ),
        Column(
            "protected_key",
            TEXT,
            ucd="meta.id",
            indexed=True,
            principal=True,
            description="Programme, run, or dp_id of the file",
        ),
        Column(
            "event",
            TEXT,
            ucd="meta.code.status",
            nullable=False,
            principal=True,
            description="set (in the place of the one before), or taken back",
        ),
        Column(
            "release_date",
            TIMESTAMP,
            ucd="time.release",
            timesys=UTC,
            principal=True,
            description="Until when the files are proprietary, UTC, if it says so",
        ),
        Column(
            "proprietary_days",
            INTEGER,
            unit="d",
            ucd="time.duration",
            principal=True,
            description="For how many days from their arrival they are, if it says so",
        ),
        Column(
            "hidden_until",
            TIMESTAMP,
            ucd="time.end",
            timesys=UTC,
            principal=True,
            description="Until when they are under embargo, UTC, if they are",
        ),
        Column("reason", TEXT, ucd="meta.note", principal=True, description="Why, as it was said"),
        Column(
            "account",
            TEXT,
            ucd="meta.id",
            nullable=False,
            indexed=True,
            principal=True,
            description="Who did it: operator, with the login of who was at the keyboard",
        ),
    ),
    description="Exceptions from the rule of proprietary times as they were set, changed and taken back: "
    "when, by whom and why. Rows are never removed",
    title="Exceptions from proprietary times",
    primary_key=("protection_id",),
    restricted=True,
)

TABLES: tuple[Table, ...] = (PROTECTION,)
