"""dfs: executions of observation blocks: when each was done, with which outcome, and which files it gave.

What the operator wrote about it is in `night_log`; the statuses of the blocks themselves are in `phase2`.
An execution keeps its row when a service that knows less tells of it again, only its values are replaced.
"""

from __future__ import annotations

from dataclasses import replace

from ..columns import Column
from ..histories import history_table
from ..semantics import UTC
from ..tables import Example, Key, Table
from ..types import INTEGER, LONG, TEXT, TIMESTAMP
from .containers import TO_P2_RUN
from .joins import INSTRUMENT, OB_ID, OF_RUN, RUN_ID

__all__ = ["DP_ID", "EXECUTION", "EXECUTION_FILE", "EXECUTION_TEMPLATE", "NIGHT", "TABLES", "TO_RAW"]

NIGHT = Column(
    "night",
    TEXT,
    ucd="time.epoch;obs",
    indexed=True,
    principal=True,
    description="Night, as the civil date of its evening: YYYY-MM-DD",
)
DP_ID = Column(
    "dp_id",
    TEXT,
    ucd="meta.id;meta.file",
    nullable=False,
    principal=True,
    indexed=True,
    description="Identifier of the file; dp_id in dbo.raw",
)
TO_RAW = Key(("dp_id",), "dbo.raw", ("dp_id",), "The raw file")

_EXECUTION_ID = Column(
    "execution_id",
    TEXT,
    ucd="meta.id;obs",
    nullable=False,
    principal=True,
    description="Identifier of the execution: the observatory's own, else the number of the observation "
    "block, a dot and the start",
)
_TO_EXECUTION = Key(("execution_id",), "dfs.execution", ("execution_id",), "The execution")


def _times(what: str) -> tuple[Column, Column]:
    start = Column(
        "start_time",
        TIMESTAMP,
        ucd="time.start;obs",
        timesys=UTC,
        indexed=True,
        principal=True,
        description=f"Start of {what}, UTC",
    )
    end = replace(
        start, name="end_time", ucd="time.end;obs", indexed=False, description=f"End of {what}, UTC"
    )
    return start, end


_START, _END = _times("the execution")

EXECUTION = Table(
    "dfs.execution",
    columns=(
        replace(_EXECUTION_ID, ucd="meta.id;obs;meta.main"),
        replace(OB_ID, nullable=False),
        RUN_ID,
        Column(
            "p2_run_id",
            LONG,
            ucd="meta.id;obs.proposal",
            indexed=True,
            description="Number that the Phase 2 API has for the run",
        ),
        INSTRUMENT,
        Column("telescope", TEXT, ucd="meta.id;instr.tel", principal=True, description="Telescope"),
        replace(_START, nullable=False),
        replace(_END, description="End of the execution, UTC; NULL while it goes on"),
        NIGHT,
        Column(
            "ob_status",
            TEXT,
            ucd="meta.code.status;obs",
            indexed=True,
            principal=True,
            description="What became of the observation block, letters as in dfs.ob: S started, A aborted, "
            "X executed, C completed, M must be repeated; NULL when the letter told does not exist",
        ),
        Column(
            "grade",
            TEXT,
            ucd="meta.code.qual;obs",
            indexed=True,
            principal=True,
            description="Grade of the quality control on site, QC0: A within constraints, B mostly, C out of "
            "them and to be repeated, D out of them and not to be repeated, X aborted or of no use; ? not "
            "graded",
        ),
        Column("operator", TEXT, ucd="meta.id", description="Who executed it"),
        Column(
            "operator_comments",
            TEXT,
            ucd="meta.note",
            principal=True,
            description="What the operator wrote about it",
        ),
    ),
    description="Executions of observation blocks: when each was done, where, with which outcome. "
    "A block that had to be repeated has several",
    title="Executions",
    primary_key=("execution_id",),
    hides="run_id",
    hidden_with=(("ob_id", "dfs.ob"), ("p2_run_id", "dfs.p2_run")),
    indexes=(("ob_id", "start_time"),),
    covering=((("execution_id",), ("ob_id", "grade")),),
    keys=(Key(("ob_id",), "dfs.ob", ("ob_id",), "The observation block"), OF_RUN, TO_P2_RUN),
    history="dfs.execution_version",
    examples=(
        Example(
            "execution-raw",
            "From raw files to the execution, the observation block and the run that they come from",
            "SELECT TOP 100 r.dp_id, r.exp_start, e.execution_id, e.grade, o.ob_name, u.run_id, u.pi_name\n"
            "FROM dbo.raw AS r\nJOIN dfs.execution_file AS f ON f.dp_id = r.dp_id\n"
            "JOIN dfs.execution AS e ON e.execution_id = f.execution_id\n"
            "JOIN dfs.ob AS o ON o.ob_id = e.ob_id\nJOIN dfs.p2_run AS u ON u.p2_run_id = o.p2_run_id\n"
            "WHERE e.night = '2026-03-13'\nORDER BY exp_start",
        ),
        Example(
            "execution-repeats",
            "Which observation blocks had to be executed more than once?",
            "SELECT TOP 50 ob_id, COUNT(*) AS executions, MIN(start_time) AS began, MAX(end_time) AS done\n"
            "FROM dfs.execution\nGROUP BY ob_id\nHAVING COUNT(*) > 1\nORDER BY executions DESC",
        ),
    ),
)
EXECUTION_VERSION = history_table(
    EXECUTION, "Every version of every execution: what was told first, and the grades that came later"
)

EXECUTION_TEMPLATE = Table(
    "dfs.execution_template",
    columns=(
        _EXECUTION_ID,
        Column(
            "template_number",
            INTEGER,
            ucd="meta.number",
            keyword="HIERARCH ESO OBS TPLNO",
            nullable=False,
            principal=True,
            description="Place of the template in the execution, from 1",
        ),
        Column(
            "template_name",
            TEXT,
            ucd="meta.id;instr.setup",
            keyword="HIERARCH ESO TPL ID",
            indexed=True,
            principal=True,
            description="Template, as UVES_blue_acq_slit",
        ),
        *(replace(column, indexed=False) for column in _times("the template")),
        Column(
            "exposure_count",
            INTEGER,
            ucd="meta.number;obs.exposure",
            keyword="HIERARCH ESO TPL NEXP",
            description="Exposures that it took",
        ),
        Column(
            "outcome",
            TEXT,
            ucd="meta.code.status",
            principal=True,
            description="How it ended, as the observatory puts it",
        ),
    ),
    description="The templates of executions in their order, with their times",
    title="Executed templates",
    primary_key=("execution_id", "template_number"),
    hides="execution_id",
    hidden_with=(("execution_id", "dfs.execution"),),
    keys=(_TO_EXECUTION,),
)

EXECUTION_FILE = Table(
    "dfs.execution_file",
    columns=(
        _EXECUTION_ID,
        DP_ID,
        Column(
            "template_number",
            INTEGER,
            ucd="meta.number",
            principal=True,
            description="Place of the template that took it in the execution",
        ),
        Column(
            "exposure_number",
            INTEGER,
            ucd="meta.number;obs.exposure",
            keyword="HIERARCH ESO TPL EXPNO",
            description="Number of the exposure within its template",
        ),
        Column(
            "dp_cat",
            TEXT,
            ucd="meta.code.class",
            keyword="HIERARCH ESO DPR CATG",
            description="Category, such as SCIENCE, CALIB or ACQUISITION",
        ),
    ),
    description="The raw files that executions gave",
    title="Files of executions",
    primary_key=("execution_id", "dp_id"),
    hides="dp_id",
    hidden_with=(("execution_id", "dfs.execution"),),
    keys=(_TO_EXECUTION, TO_RAW),
)

TABLES: tuple[Table, ...] = (EXECUTION, EXECUTION_VERSION, EXECUTION_TEMPLATE, EXECUTION_FILE)
