"""Messages about transient events (VOEvent), and the runs for targets of opportunity that they set off."""

from __future__ import annotations

from dataclasses import replace

from ..columns import Column
from ..semantics import ICRS, UTC
from ..tables import Example, Key, Table
from ..types import DOUBLE, INTEGER, TEXT, TIMESTAMP
from .joins import CONTAINER_ID, OB_ID, OF_PROGRAMME, OF_RUN, PROGRAMME_ID, RUN_ID

__all__ = ["TABLES", "TOO_TRIGGER", "VOEVENT", "VOEVENT_CITATION", "VOEVENT_PARAM"]

_IVORN = Column(
    "ivorn",
    TEXT,
    ucd="meta.ref.ivoid",
    nullable=False,
    indexed=True,
    principal=True,
    description="Identifier of the event's message (IVORN)",
)
_OF_EVENT = Key(("ivorn",), "dfs.voevent", ("ivorn",), "The event")

VOEVENT = Table(
    "dfs.voevent",
    columns=(
        _IVORN,
        Column(
            "event_role",
            TEXT,
            ucd="meta.code.class",
            indexed=True,
            principal=True,
            description="observation, prediction, utility or test",
        ),
        Column(
            "voevent_version", TEXT, ucd="meta.version", description="Version of VOEvent it is written in"
        ),
        Column(
            "author_ivorn",
            TEXT,
            ucd="meta.ref.ivoid;meta.curation",
            indexed=True,
            description="Who is responsible for the message",
        ),
        Column(
            "author_name", TEXT, ucd="meta.title;meta.curation", description="Title or name of the author"
        ),
        Column(
            "sent",
            TIMESTAMP,
            ucd="time.creation",
            timesys=UTC,
            indexed=True,
            description="When the message was written, UTC",
        ),
        Column(
            "received",
            TIMESTAMP,
            ucd="time.epoch",
            timesys=UTC,
            nullable=False,
            indexed=True,
            description="When the archive received it, UTC",
        ),
        Column(
            "event_time",
            TIMESTAMP,
            ucd="time.epoch;meta.main",
            timesys=UTC,
            indexed=True,
            principal=True,
            description="When it happened, UTC; times of other scales are in time_text only",
        ),
        Column(
            "time_text",
            TEXT,
            ucd="meta.note;time.epoch",
            description="When it happened as the message has it, with its system of coordinates",
        ),
        Column(
            "ra",
            DOUBLE,
            unit="deg",
            ucd="pos.eq.ra;meta.main",
            coosys=ICRS,
            principal=True,
            description="Right ascension, ICRS or FK5 (J2000)",
        ),
        Column(
            "dec",
            DOUBLE,
            unit="deg",
            ucd="pos.eq.dec;meta.main",
            coosys=ICRS,
            principal=True,
            description="Declination",
        ),
        Column(
            "position_error",
            DOUBLE,
            unit="deg",
            ucd="stat.error;pos.eq",
            description="Radius of the circle in which it is",
        ),
        Column(
            "coordinate_system",
            TEXT,
            ucd="meta.code;pos.frame",
            description="System of the coordinates as the message names it, such as UTC-FK5-GEO",
        ),
        Column(
            "description",
            TEXT,
            ucd="meta.note",
            principal=True,
            description="What the message says about itself, what it saw and why",
        ),
        Column("concept", TEXT, ucd="src.class", description="What it is thought to be"),
        Column(
            "importance",
            DOUBLE,
            ucd="stat.likelihood",
            description="How important the author finds it, 0 to 1",
        ),
        Column(
            "dp_id",
            TEXT,
            ucd="meta.id;meta.file",
            indexed=True,
            description="The message in the archive, XML",
        ),
    ),
    description="Messages about transient events that the observatory received",
    title="Events",
    primary_key=("ivorn",),
    positions=(("ra", "dec"),),
    examples=(
        Example(
            "events-with-runs",
            "Which events set off observations?",
            "SELECT t.triggered, t.run_id, t.ob_id, e.ivorn, e.event_time, e.ra, e.dec, e.description\n"
            "FROM dfs.too_trigger AS t\nJOIN dfs.voevent AS e ON e.ivorn = t.ivorn\n"
            "ORDER BY triggered DESC",
        ),
    ),
)

VOEVENT_PARAM = Table(
    "dfs.voevent_param",
    columns=(
        _IVORN,
        Column(
            "param_number",
            INTEGER,
            ucd="meta.number",
            nullable=False,
            description="Place of the parameter in the message, from 1",
        ),
        Column("group_name", TEXT, ucd="meta.title", description="Group that it stands in"),
        Column("param_name", TEXT, ucd="meta.id", indexed=True, principal=True, description="Name"),
        Column("param_value", TEXT, ucd="meta.record", principal=True, description="Value"),
        Column("param_unit", TEXT, ucd="meta.unit", description="Unit as the message has it"),
        Column("param_ucd", TEXT, ucd="meta.ucd", description="UCD as the message has it"),
    ),
    description="What the messages state: the parameters of their What",
    title="Parameters of events",
    primary_key=("ivorn", "param_number"),
    whole=("ivorn",),
    keys=(_OF_EVENT,),
)

VOEVENT_CITATION = Table(
    "dfs.voevent_citation",
    columns=(
        _IVORN,
        Column(
            "cited_ivorn",
            TEXT,
            ucd="meta.id.assoc;meta.ref.ivoid",
            nullable=False,
            indexed=True,
            principal=True,
            description="Message that it refers to",
        ),
        Column(
            "citation",
            TEXT,
            ucd="meta.code.class",
            principal=True,
            description="followup, supersedes or retraction",
        ),
    ),
    description="Which messages follow up, replace or withdraw which",
    title="Citations of events",
    primary_key=("ivorn", "cited_ivorn"),
    whole=("ivorn",),
    keys=(_OF_EVENT,),
)

TOO_TRIGGER = Table(
    "dfs.too_trigger",
    columns=(
        Column(
            "trigger_id",
            TEXT,
            ucd="meta.id;meta.main",
            nullable=False,
            principal=True,
            description="Identifier: the observatory's own, else the run and what set it off",
        ),
        replace(RUN_ID, nullable=False),
        PROGRAMME_ID,
        OB_ID,
        CONTAINER_ID,
        replace(_IVORN, nullable=True, description="Event that set it off, if it was a VOEvent"),
        Column(
            "triggered",
            TIMESTAMP,
            ucd="time.epoch",
            timesys=UTC,
            indexed=True,
            principal=True,
            description="When observations were asked for, UTC",
        ),
        Column(
            "execute_within",
            TEXT,
            ucd="meta.code;time.interval",
            description="How soon: OneNight, TwoNights, SevenNights or RRM (at once)",
        ),
        Column("comments", TEXT, ucd="meta.note", description="What the proposers wrote to the observatory"),
    ),
    description="Targets of opportunity: which runs were set off, when, and by which event",
    title="Triggers of opportunity",
    primary_key=("trigger_id",),
    hides="run_id",
    hidden_with=(("ob_id", "dfs.ob"), ("container_id", "dfs.container")),
    keys=(_OF_EVENT, OF_PROGRAMME, OF_RUN),
)

TABLES: tuple[Table, ...] = (VOEVENT, VOEVENT_PARAM, VOEVENT_CITATION, TOO_TRIGGER)
