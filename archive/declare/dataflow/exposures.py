"""dfs.exposure: for every raw file the run, the block and the execution that it was taken for; the seeing.

Here belong the columns; `ingest` derives the rows from dbo.raw, the executions and the site monitors. What
the header itself tells of the conditions is in dbo.raw.
"""

from __future__ import annotations

from dataclasses import replace

from ..columns import Column
from ..semantics import UTC
from ..tables import Example, Key, Table
from ..types import DOUBLE, TEXT, TIMESTAMP
from .execution import DP_ID, TO_RAW
from .joins import INSTRUMENT, OB_ID, OF_RUN, RUN_ID

__all__ = ["EXPOSURE", "TABLES"]

EXPOSURE = Table(
    "dfs.exposure",
    columns=(
        replace(DP_ID, ucd="meta.id;meta.file;meta.main"),
        Column(
            "exp_start",
            TIMESTAMP,
            ucd="time.start;obs.exposure",
            timesys=UTC,
            indexed=True,
            principal=True,
            description="Start of the exposure, UTC; as in dbo.raw",
        ),
        replace(INSTRUMENT, indexed=False, folded=False, description="Instrument; as in dbo.raw"),
        Column(
            "dp_cat",
            TEXT,
            ucd="meta.code.class",
            principal=True,
            description="Category, such as SCIENCE, CALIB or ACQUISITION; as in dbo.raw",
        ),
        replace(
            RUN_ID, indexed=False, description="Run of its execution; where none was told that of its header"
        ),
        replace(
            OB_ID,
            indexed=False,
            description="Observation block of its execution; where none was told that of its header",
        ),
        Column(
            "execution_id",
            TEXT,
            ucd="meta.id;obs",
            indexed=True,
            principal=True,
            description="Execution that took it, as dfs.execution_file tells; the last one of several",
        ),
        Column(
            "seeing",
            DOUBLE,
            unit="arcsec",
            ucd="instr.obsty.seeing",
            principal=True,
            description="Ambient seeing: the last valid measurement of the site's monitor before the "
            "exposure began, FWHM at 500 nm at the zenith; NULL if it is ten minutes old or there is none",
        ),
        Column(
            "seeing_date",
            TIMESTAMP,
            ucd="time.start;obs",
            timesys=UTC,
            description="Start of that measurement, UTC: start_date in the table of the monitor",
        ),
    ),
    description="Every raw file with the run, the observation block and the execution that it was taken for, "
    "and the ambient seeing in which it began; kept up to date as files, executions and measurements come "
    "in, in whatever order",
    title="Exposures",
    primary_key=("dp_id",),
    hides="run_id",
    # What the best programmes took in the best seeing is found and told by this index alone.
    covering=((("run_id", "seeing"), ("dp_id", "execution_id")),),
    keys=(
        TO_RAW,
        OF_RUN,
        Key(("ob_id",), "dfs.ob", ("ob_id",), "The observation block"),
        Key(("execution_id",), "dfs.execution", ("execution_id",), "The execution"),
    ),
    examples=(
        Example(
            "exposure-seeing",
            "In which seeing were the runs of a period observed?",
            "SELECT TOP 50 e.run_id, COUNT(*) AS exposures, AVG(e.seeing) AS seeing, MAX(o.seeing) AS granted"
            "\nFROM dfs.exposure AS e\nJOIN dfs.outcome AS o ON o.run_id = e.run_id\n"
            "WHERE e.dp_cat = 'SCIENCE' AND e.run_id LIKE '116.%'\nGROUP BY e.run_id\nORDER BY seeing",
        ),
    ),
)

TABLES: tuple[Table, ...] = (EXPOSURE,)
