"""dfs.time_slot: the long-term schedule, which run or work has which telescope when."""

from __future__ import annotations

from dataclasses import replace

from ..columns import Column
from ..histories import history_table
from ..semantics import UTC
from ..tables import Example, Table
from ..types import INTEGER, TEXT, TIMESTAMP
from .joins import OF_PROGRAMME, OF_RUN, PROGRAMME_ID, RUN_ID

__all__ = ["TABLES", "TIME_SLOT"]

TIME_SLOT = Table(
    "dfs.time_slot",
    columns=(
        Column(
            "period",
            INTEGER,
            ucd="obs.proposal.cycle",
            nullable=False,
            principal=True,
            description="Observing period of the schedule, such as 116",
        ),
        Column(
            "telescope",
            TEXT,
            ucd="meta.id;instr.tel",
            nullable=False,
            indexed=True,
            principal=True,
            description="Telescope; a slot that has several at once is a row of each",
        ),
        Column(
            "slot_id",
            TEXT,
            ucd="meta.id;obs.proposal",
            nullable=False,
            indexed=True,
            principal=True,
            description="Identifier of the slot, the same for all its telescopes: the schedule's own, else "
            "its start and its run or mode",
        ),
        Column(
            "start_time",
            TIMESTAMP,
            ucd="time.start;obs",
            timesys=UTC,
            nullable=False,
            indexed=True,
            principal=True,
            description="Start, UTC",
        ),
        Column(
            "end_time",
            TIMESTAMP,
            ucd="time.end;obs",
            timesys=UTC,
            nullable=False,
            indexed=True,
            principal=True,
            description="End, UTC",
        ),
        Column(
            "slot_mode",
            TEXT,
            ucd="meta.code.class;obs",
            nullable=False,
            indexed=True,
            principal=True,
            description="Visitor, Designated Visitor, Service or Technical",
        ),
        replace(RUN_ID, description=f"{RUN_ID.description}; NULL for service and technical time"),
        PROGRAMME_ID,
        Column(
            "instrument", TEXT, ucd="meta.id;instr", indexed=True, description="Instrument, if one is fixed"
        ),
        Column(
            "telescopes",
            TEXT,
            ucd="meta.note;instr.tel",
            description="All telescopes that the slot has at once, with blanks between",
        ),
        Column("remarks", TEXT, ucd="meta.note", description="What more the schedule says"),
    ),
    description="The long-term schedule: slots of time per telescope. A schedule that arrives takes the "
    "place of the former one of the same period and telescope; dfs.time_slot_version keeps what it was",
    title="Long-term schedule",
    primary_key=("period", "telescope", "slot_id"),
    whole=("period", "telescope"),
    history="dfs.time_slot_version",
    keys=(OF_PROGRAMME, OF_RUN),
    examples=(
        Example(
            "visitor-slots",
            "When do visitors observe, with which telescope?",
            "SELECT telescope, start_time, end_time, run_id, instrument\nFROM dfs.time_slot\n"
            "WHERE slot_mode = 'Visitor'\nORDER BY start_time",
        ),
    ),
)

TABLES: tuple[Table, ...] = (
    TIME_SLOT,
    history_table(
        TIME_SLOT, "Every version of the long-term schedule's slots, also those that were given up"
    ),
)
