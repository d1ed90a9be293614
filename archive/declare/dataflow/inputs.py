"""dfs.input_file: every input that was offered to a plugin, and what became of it.

It is not called dfs.input, since INPUT is a reserved word of ADQL.
"""

from __future__ import annotations

from ..columns import Column
from ..semantics import UTC
from ..tables import Example, Table
from ..types import BOOLEAN, DOUBLE, INTEGER, LONG, TEXT, TIMESTAMP

__all__ = ["INPUT_FILE", "TABLES"]
INPUT_FILE = Table(
    "dfs.input_file",
    columns=(
        Column(
            "input_id",
            TEXT,
            ucd="meta.id;meta.file",
            nullable=False,
            principal=True,
            description="Identifier under which the archive keeps the input: the plugin's name, a dot and "
            "the name of the file; for FITS files the dp_id that they have anyway",
        ),
        Column(
            "version",
            INTEGER,
            ucd="meta.version;meta.file",
            nullable=False,
            principal=True,
            description="Version of the input: another content under the same name is another version",
        ),
        Column(
            "plugin",
            TEXT,
            ucd="meta.id;meta.software",
            nullable=False,
            indexed=True,
            principal=True,
            description="Plugin that reads it",
        ),
        Column(
            "received",
            TIMESTAMP,
            ucd="time.creation",
            timesys=UTC,
            nullable=False,
            indexed=True,
            principal=True,
            description="When the archive received it, UTC",
        ),
        Column(
            "read_at",
            TIMESTAMP,
            ucd="time.processing",
            timesys=UTC,
            indexed=True,
            description="When it was last read, UTC",
        ),
        Column(
            "outcome",
            TEXT,
            ucd="meta.code.status",
            nullable=False,
            indexed=True,
            principal=True,
            description="waiting (kept, not read yet), read (its rows are in the tables), or failed (nothing "
            "of it is; `uraniborg ingest --retry` reads it again)",
        ),
        Column("reason", TEXT, ucd="meta.note", principal=True, description="Why it failed"),
        Column(
            "problems",
            TEXT,
            ucd="meta.note",
            description="What was wrong and did not hinder: the first of them, one on each line",
        ),
        Column(
            "problem_count",
            INTEGER,
            ucd="meta.number",
            description="How many such problems there were in all",
        ),
        Column(
            "row_count",
            LONG,
            ucd="meta.number",
            principal=True,
            description="How many rows it has, in all tables of its plugin",
        ),
        Column(
            "changed_count",
            LONG,
            ucd="meta.number",
            description="How many rows of the tables it changed, added or removed when it was last read",
        ),
        Column(
            "read_seconds",
            DOUBLE,
            unit="s",
            ucd="time.duration",
            description="How long it took to read",
        ),
        Column(
            "attempts",
            INTEGER,
            ucd="meta.number",
            nullable=False,
            description="How often its reading was begun",
        ),
        Column(
            "restricted",
            BOOLEAN,
            ucd="meta.code",
            indexed=True,
            description="Whether its plugin fills restricted tables, or such whose rows are hidden when they "
            "come: then only operators of the archive may download it, and what was wrong with it is told to "
            "them alone",
        ),
    ),
    description="Inputs of the ingest plugins, such as proposals, observation blocks and night logs as they "
    "were delivered: which plugin read them, when, and what became of them",
    title="Inputs and what became of them",
    primary_key=("input_id", "version", "plugin"),
    hides="input_id",
    examples=(
        Example(
            "failed-inputs",
            "Which inputs could not be read lately, and why?",
            "SELECT TOP 20 received, plugin, input_id, reason\nFROM dfs.input_file\n"
            "WHERE outcome = 'failed'\nORDER BY received DESC",
        ),
    ),
)

TABLES: tuple[Table, ...] = (INPUT_FILE,)
