"""dfs.transfer: every file that is sent or was sent to the archive, and how far it has come.

The states of a transfer are told here too, since their meaning is part of the table.
"""

from __future__ import annotations

from enum import StrEnum

from ..columns import Column
from ..semantics import UTC
from ..tables import Example, Key, Table
from ..types import DOUBLE, INTEGER, LONG, TEXT, TIMESTAMP

__all__ = ["TABLES", "TRANSFER", "TransferStatus"]


class TransferStatus(StrEnum):
    """How far a file has come; only INGESTED tells the sender that it may let go of its own."""

    WAITING = "waiting"
    RECEIVING = "receiving"
    RECEIVED = "received"
    VERIFIED = "verified"
    STORED = "stored"
    INGESTED = "ingested"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


def _moment(name: str, description: str, *, indexed: bool = False) -> Column:
    return Column(
        name,
        TIMESTAMP,
        ucd="time.epoch",
        timesys=UTC,
        indexed=indexed,
        principal=True,
        description=f"{description}, UTC",
    )


TRANSFER = Table(
    "dfs.transfer",
    columns=(
        Column(
            "transfer_id",
            TEXT,
            ucd="meta.id;meta.main",
            nullable=False,
            description="Made from name, size and checksum of the file: the same file has the same one again",
        ),
        Column(
            "file_name",
            TEXT,
            ucd="meta.id;meta.file",
            nullable=False,
            indexed=True,
            principal=True,
            description="Name of the file where it came from",
        ),
        Column(
            "dp_id",
            TEXT,
            ucd="meta.id;meta.dataset",
            indexed=True,
            principal=True,
            description="Identifier that the archive gave it; NULL until it is stored",
        ),
        Column("version", INTEGER, ucd="meta.version;meta.file", description="Version of the stored file"),
        Column(
            "status",
            TEXT,
            ucd="meta.code.status",
            nullable=False,
            indexed=True,
            principal=True,
            description="waiting (at its sender), receiving, received (all bytes are here), verified (the "
            "checksum is right), stored (with its rows, but a copy is missing), ingested (with all copies: "
            "the sender may let go), refused, withdrawn (by the sender), expired (the sender did not go on)",
        ),
        Column(
            "file_size",
            LONG,
            unit="byte",
            ucd="phys.size;meta.file",
            nullable=False,
            principal=True,
            description="Size of the file",
        ),
        Column(
            "bytes_received",
            LONG,
            unit="byte",
            ucd="phys.size;meta.file",
            nullable=False,
            principal=True,
            description="What of it is safe on the archive's disk",
        ),
        Column(
            "priority",
            INTEGER,
            ucd="meta.number",
            nullable=False,
            principal=True,
            description="What has the higher number goes first",
        ),
        _moment("queued_at", "When the sender had found it whole"),
        _moment("received_at", "When its last byte had arrived"),
        _moment("acknowledged_at", "When all its copies were safe and its rows written"),
        _moment("last_update", "When something about it changed or was reported last", indexed=True),
        Column(
            "waiting_time",
            DOUBLE,
            unit="s",
            ucd="time.duration",
            principal=True,
            description="From queued_at until it was acknowledged, or until the last update",
        ),
        Column(
            "attempts",
            INTEGER,
            ucd="meta.number",
            nullable=False,
            principal=True,
            description="How often the sender failed with it so far",
        ),
        Column("sender", TEXT, ucd="meta.id", description="Who sends it: a name that has a token"),
        Column(
            "sha256",
            TEXT,
            ucd="meta.checksum;meta.file",
            nullable=False,
            indexed=True,
            description="SHA-256 of the file, hexadecimal",
        ),
        Column("reason", TEXT, ucd="meta.note", principal=True, description="Why it is not further"),
    ),
    description="Files on their way from the observatory to the archive: what waits there, what is being "
    "sent, what has arrived and is safe",
    title="Transfers",
    primary_key=("transfer_id",),
    hides="dp_id",
    keys=(Key(("dp_id",), "dbo.raw", ("dp_id",), "The raw frame that the file became, if it did"),),
    examples=(
        Example(
            "transfers-open",
            "Which files are not safe in the archive yet?",
            "SELECT TOP 50 file_name, status, file_size, bytes_received, priority, waiting_time, attempts\n"
            "FROM dfs.transfer\nWHERE acknowledged_at IS NULL\nORDER BY priority DESC, queued_at",
        ),
        Example(
            "transfers-slowest",
            "How long did raw frames take to the archive?",
            "SELECT TOP 20 r.dp_id, r.instrument, t.file_size, t.waiting_time\nFROM dfs.transfer AS t\n"
            "JOIN dbo.raw AS r ON r.dp_id = t.dp_id\nORDER BY waiting_time DESC",
        ),
    ),
)

TABLES: tuple[Table, ...] = (TRANSFER,)
