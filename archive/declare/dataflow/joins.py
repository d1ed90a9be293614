"""The columns by which the tables of the data flow are joined: declared once, with the same name everywhere.

A table takes them as they are, or with `dataclasses.replace` where they are mandatory or mean something more.
"""

from __future__ import annotations

from ..columns import Column
from ..tables import Key
from ..types import INTEGER, LONG, TEXT

__all__ = [
    "CONTAINER_ID",
    "INSTRUMENT",
    "OB_ID",
    "OF_PROGRAMME",
    "OF_RUN",
    "PERIOD",
    "PROGRAMME_ID",
    "RUN_ID",
]

PROGRAMME_ID = Column(
    "programme_id",
    TEXT,
    ucd="meta.id;obs.proposal",
    indexed=True,
    principal=True,
    description="Observing programme, such as 116.20AB or 084.B-0123",
)
RUN_ID = Column(
    "run_id",
    TEXT,
    ucd="meta.id;obs.proposal",
    indexed=True,
    principal=True,
    description="Observing run of a programme, such as 116.20AB.001 or 084.B-0123(A); prog_id in dbo.raw",
)
OB_ID = Column(
    "ob_id",
    LONG,
    ucd="meta.id;obs",
    indexed=True,
    principal=True,
    description="Number of the observation block; ob_id in dbo.raw",
)
PERIOD = Column(
    "period",
    INTEGER,
    ucd="obs.proposal.cycle",
    indexed=True,
    principal=True,
    description="Observing period for which time was asked, such as 116",
)
CONTAINER_ID = Column(
    "container_id",
    LONG,
    ucd="meta.id;obs",
    indexed=True,
    description="Number of the container of observation blocks",
)
INSTRUMENT = Column(
    "instrument",
    TEXT,
    ucd="meta.id;instr",
    indexed=True,
    principal=True,
    folded=True,
    description="Instrument",
)

OF_PROGRAMME = Key(("programme_id",), "dfs.programme", ("programme_id",), "The programme")
OF_RUN = Key(("run_id",), "dfs.run", ("run_id",), "The run")
