"""dfs.download: who was given what was protected at that moment, and from where he asked.

What is public to all is not recorded. How a record comes about is told in `archive.access.audit`.
"""

from __future__ import annotations

from enum import StrEnum

from ..columns import Column
from ..semantics import UTC
from ..tables import Example, Key, Table
from ..types import LONG, TEXT, TIMESTAMP

__all__ = ["DOWNLOAD", "DOWNLOAD_ADDRESS", "TABLES", "Ending", "Road"]


class Road(StrEnum):
    """By what a protected thing left the archive."""

    FILE = "file"
    PREVIEW = "preview"
    CUTOUT = "cutout"
    SPECTRUM = "spectrum"
    JOB = "job"
    SUBSCRIPTION = "subscription"
    ROWS = "rows"


class Ending(StrEnum):
    """What became of it. BEGUN is written before the first byte, and stays if the server is killed."""

    BEGUN = "begun"
    COMPLETE = "complete"
    BROKEN_OFF = "broken off"
    NOTHING = "nothing"


DOWNLOAD = Table(
    "dfs.download",
    columns=(
        Column(
            "download_id",
            TEXT,
            ucd="meta.id;meta.main",
            nullable=False,
            description="Identifier of the download",
        ),
        Column(
            "started_at",
            TIMESTAMP,
            ucd="time.start",
            timesys=UTC,
            nullable=False,
            indexed=True,
            principal=True,
            description="When it was granted, before its first byte, UTC",
        ),
        Column("ended_at", TIMESTAMP, ucd="time.end", timesys=UTC, description="When it had ended, UTC"),
        Column(
            "account",
            TEXT,
            ucd="meta.id",
            nullable=False,
            indexed=True,
            principal=True,
            description="Account that asked for it",
        ),
        Column(
            "dp_id",
            TEXT,
            ucd="meta.id;meta.dataset",
            indexed=True,
            principal=True,
            description="File that it is of; NULL for rows of a table",
        ),
        Column(
            "run_id",
            TEXT,
            ucd="meta.id;obs.proposal",
            indexed=True,
            principal=True,
            description="Run or programme by whose rights it is protected, if there is one",
        ),
        Column(
            "road",
            TEXT,
            ucd="meta.code.class",
            nullable=False,
            principal=True,
            description="file, preview, cutout, spectrum, job (a cut-out by a job, which its account may "
            "fetch as long as the job is kept), subscription (delivered to a subscriber), rows (of a table)",
        ),
        Column("table_name", TEXT, ucd="meta.id;meta.table", description="Table whose rows were read"),
        Column(
            "bytes",
            LONG,
            unit="byte",
            ucd="phys.size;meta.file",
            principal=True,
            description="What was sent, or of a job written; of rows the whole answer",
        ),
        Column("token_id", TEXT, ucd="meta.id", description="Public identifier of the token that was used"),
        Column(
            "outcome",
            TEXT,
            ucd="meta.code.status",
            nullable=False,
            principal=True,
            description="begun (and no end is known), complete, broken off, nothing (the client had it "
            "already, or there was nothing to send)",
        ),
    ),
    description="Who got which protected file or rows: everything that was given out while not everybody "
    "might have had it. Those with rights on a run see what was given out of it",
    title="Downloads of protected data",
    primary_key=("download_id",),
    keys=(Key(("dp_id",), "dbo.raw", ("dp_id",), "The raw frame, if it is one"),),
    examples=(
        Example(
            "downloads-mine",
            "Who downloaded my data?",
            "SELECT TOP 100 started_at, account, dp_id, road, bytes, outcome\nFROM dfs.download\n"
            "ORDER BY started_at DESC",
            "Without an account, or without rights on a run, the answer is empty.",
        ),
    ),
    hides="run_id",
    hidden_at_first=True,
)

DOWNLOAD_ADDRESS = Table(
    "dfs.download_address",
    columns=(
        Column(
            "download_id",
            TEXT,
            ucd="meta.id;meta.main",
            nullable=False,
            description="Identifier of the download",
        ),
        Column(
            "address",
            TEXT,
            ucd="meta.id",
            nullable=False,
            indexed=True,
            principal=True,
            description="Address on the network from which it was asked for",
        ),
    ),
    description="From which addresses protected data were asked for",
    title="Addresses of downloads",
    primary_key=("download_id",),
    keys=(Key(("download_id",), "dfs.download", ("download_id",)),),
    restricted=True,
)

TABLES: tuple[Table, ...] = (DOWNLOAD, DOWNLOAD_ADDRESS)
