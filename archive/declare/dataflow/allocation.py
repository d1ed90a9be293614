"""What became of the proposals: how the committee judged them (restricted), and what time they were given."""

from __future__ import annotations

from dataclasses import replace

from ..columns import Column
from ..histories import history_table
from ..semantics import UTC
from ..tables import Table
from ..types import DOUBLE, FLOAT, INTEGER, TEXT, TIMESTAMP
from .joins import OF_PROGRAMME, OF_RUN, PROGRAMME_ID, RUN_ID

__all__ = ["OUTCOME", "REVIEW", "TABLES"]

_RUN_ID = replace(RUN_ID, nullable=False)

REVIEW = Table(
    "dfs.review",
    columns=(
        _RUN_ID,
        PROGRAMME_ID,
        Column(
            "panel",
            TEXT,
            ucd="meta.id;obs.proposal",
            indexed=True,
            description="Panel of the committee that judged the run",
        ),
        Column(
            "opc_grade",
            DOUBLE,
            ucd="meta.code.qual;obs.proposal",
            principal=True,
            description="Grade that the committee gave, on the observatory's scale",
        ),
        Column(
            "opc_rank",
            INTEGER,
            ucd="meta.number;obs.proposal",
            indexed=True,
            principal=True,
            description="Rank of the run on its telescope, 1 for the best",
        ),
        Column(
            "comments",
            TEXT,
            ucd="meta.note;obs.proposal",
            description="What the committee lets the proposers know",
        ),
    ),
    description="Grades and ranks that the observing programmes committee gave the runs",
    title="Grades and ranks of runs",
    primary_key=("run_id",),
    keys=(OF_PROGRAMME, OF_RUN),
    restricted=True,
)

OUTCOME = Table(
    "dfs.outcome",
    columns=(
        _RUN_ID,
        PROGRAMME_ID,
        Column(
            "decision",
            TEXT,
            ucd="meta.code.status;obs.proposal",
            indexed=True,
            principal=True,
            description="Scheduled, Not scheduled, Withdrawn, ..., as the observatory says",
        ),
        Column(
            "priority_class",
            TEXT,
            ucd="meta.code.class;obs.proposal",
            indexed=True,
            principal=True,
            description="Class of a run in service mode: A (all effort to complete it, carried over), "
            "B (scheduled, best effort), C (filler)",
        ),
        Column(
            "time_allocated",
            DOUBLE,
            unit="h",
            ucd="time.duration;obs.proposal",
            principal=True,
            description="Time that was given, overheads included, if it was given in hours",
        ),
        Column(
            "nights_allocated",
            DOUBLE,
            ucd="meta.number;obs.proposal",
            description="Nights that were given, if it was nights",
        ),
        Column(
            "observing_mode",
            TEXT,
            ucd="meta.code;obs",
            description="SM: service mode; VM: visitor; DVM: designated visitor; as it was granted",
        ),
        Column(
            "seeing",
            FLOAT,
            unit="arcsec",
            ucd="instr.obsty.seeing",
            description="Worst seeing that was granted, FWHM",
        ),
        Column(
            "decided",
            TIMESTAMP,
            ucd="time.epoch;obs.proposal",
            timesys=UTC,
            indexed=True,
            description="When it was decided, UTC",
        ),
        Column(
            "comments",
            TEXT,
            ucd="meta.note;obs.proposal",
            description="Remarks for those who observe the run",
        ),
    ),
    description="What the observatory gave the runs: time and priority",
    title="Allocated time",
    primary_key=("run_id",),
    covering=((("priority_class",), ("run_id", "programme_id")),),
    history="dfs.outcome_version",
    keys=(OF_PROGRAMME, OF_RUN),
)

TABLES: tuple[Table, ...] = (
    OUTCOME,
    history_table(OUTCOME, "Every version of what a run was given, with the time from which it was so"),
    REVIEW,
)
