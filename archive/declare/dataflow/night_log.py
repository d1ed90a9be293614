"""dfs: night logs, the operator's notes that belong to a raw file: their text, and what was read of it."""

from __future__ import annotations

from dataclasses import replace

from ..columns import Column
from ..tables import Example, Key, Table
from ..types import INTEGER, LONG, TEXT
from .execution import DP_ID, NIGHT, TO_RAW
from .joins import OB_ID, OF_RUN, RUN_ID

__all__ = ["NIGHT_LOG", "NIGHT_LOG_ENTRY", "TABLES"]

_LOG_OF = replace(DP_ID, indexed=False, description="The file that the log belongs to; dp_id in dbo.raw")

NIGHT_LOG = Table(
    "dfs.night_log",
    columns=(
        _LOG_OF,
        NIGHT,
        OB_ID,
        Column("ob_name", TEXT, ucd="meta.title;obs", principal=True, description="Observation block"),
        Column(
            "container_id",
            LONG,
            ucd="meta.id;obs",
            indexed=True,
            description="Container of observation blocks that it lies in",
        ),
        Column("container_name", TEXT, ucd="meta.title", description="Name of the container"),
        RUN_ID,
        Column(
            "target_name",
            TEXT,
            ucd="meta.id;src",
            indexed=True,
            principal=True,
            description="Target",
        ),
        Column(
            "grade",
            TEXT,
            ucd="meta.code.qual;obs",
            principal=True,
            description="Grade of the quality control on site, letters as in dfs.execution",
        ),
        Column(
            "stations",
            TEXT,
            ucd="meta.note;instr.baseline",
            description="Stations of an interferometer's telescopes, with hyphens between, as A0-G1-J2-J3",
        ),
        Column(
            "comments",
            TEXT,
            ucd="meta.note",
            principal=True,
            description="What the operator wrote: all lines that are neither rows of files nor understood",
        ),
        Column(
            "log_text",
            TEXT,
            ucd="meta.record",
            nullable=False,
            description="The whole text of the log",
        ),
    ),
    description="Night logs: what the operator noted while a file was taken. They have no fixed form; "
    "what could be read is in columns, and the text itself is kept",
    title="Night logs",
    primary_key=("dp_id",),
    hides="dp_id",
    hidden_with=(("ob_id", "dfs.ob"),),
    keys=(TO_RAW, Key(("ob_id",), "dfs.ob", ("ob_id",), "The observation block"), OF_RUN),
    examples=(
        Example(
            "night-log-words",
            "Where did the operators write of clouds?",
            "SELECT TOP 50 dp_id, night, target_name, grade, comments\nFROM dfs.night_log\n"
            "WHERE comments LIKE '%cloud%'\nORDER BY night",
        ),
    ),
)

NIGHT_LOG_ENTRY = Table(
    "dfs.night_log_entry",
    columns=(
        _LOG_OF,
        Column(
            "entry_number",
            INTEGER,
            ucd="meta.number",
            nullable=False,
            principal=True,
            description="Place of the row in the log, from 1",
        ),
        Column(
            "template_name",
            TEXT,
            ucd="meta.id;instr.setup",
            keyword="HIERARCH ESO TPL ID",
            principal=True,
            description="Template, the first cell of the row",
        ),
        Column(
            "entry_dp_id",
            TEXT,
            ucd="meta.id;meta.file",
            indexed=True,
            principal=True,
            description="File that the row is about, without its ending; dp_id in dbo.raw",
        ),
        Column(
            "cells",
            TEXT,
            ucd="meta.record",
            nullable=False,
            principal=True,
            description="The whole row with tabs between its cells; what they mean depends on the "
            "instrument, such as DIT and NDIT, filters, modes",
        ),
    ),
    description="The rows of night logs: a template and a file that it took each",
    title="Rows of night logs",
    primary_key=("dp_id", "entry_number"),
    whole=("dp_id",),
    hides="dp_id",
    hidden_with=(("dp_id", "dfs.night_log"),),
    keys=(
        Key(("dp_id",), "dfs.night_log", ("dp_id",), "The log"),
        Key(("entry_dp_id",), "dbo.raw", ("dp_id",), "The raw file that the row is about"),
    ),
)

TABLES: tuple[Table, ...] = (NIGHT_LOG, NIGHT_LOG_ENTRY)
