"""dfs: observation blocks with all their versions and statuses, and the runs that they are of.

Here belong the block itself and what is found about it; its parts are in `ob_parts`, the containers that it
lies in in `containers`. The values are read from the observatory's Phase 2 API or from its exports.
"""

from __future__ import annotations

from dataclasses import replace

from ..columns import Column
from ..histories import history_table
from ..semantics import UTC
from ..tables import Example, Key, Table
from ..types import BOOLEAN, DOUBLE, INTEGER, TEXT, TIMESTAMP
from . import containers, ob_parts
from .containers import P2_RUN_ID, TO_P2_RUN
from .joins import CONTAINER_ID, INSTRUMENT, OF_RUN, RUN_ID
from .ob_parts import OB_ID, TO_OB, WITH_OB

__all__ = ["OB", "OB_FINDING", "OB_STATUS", "OB_VERSION", "P2_RUN", "TABLES"]

P2_RUN = Table(
    "dfs.p2_run",
    columns=(
        replace(P2_RUN_ID, nullable=False, description="Number that the Phase 2 API has for the run"),
        RUN_ID,
        replace(CONTAINER_ID, description="Folder that holds all of the run's blocks and containers"),
        Column(
            "instrument", TEXT, ucd="meta.id;instr", indexed=True, principal=True, description="Instrument"
        ),
        Column("telescope", TEXT, ucd="meta.id;instr.tel", principal=True, description="Telescope"),
        Column(
            "observing_mode",
            TEXT,
            ucd="meta.code.class;obs",
            principal=True,
            description="SM: service mode, VM: visitor mode, DVM: designated visitor mode",
        ),
        Column("period", INTEGER, ucd="obs.proposal.cycle", principal=True, description="Observing period"),
        Column("title", TEXT, ucd="meta.title;obs.proposal", principal=True, description="Title of the run"),
        Column("pi_name", TEXT, ucd="meta.id.PI", principal=True, description="Principal investigator"),
        Column(
            "ip_version",
            TEXT,
            ucd="meta.version",
            description="Version of the instrument package that new observation blocks of the run get",
        ),
        Column("readme", TEXT, ucd="meta.note", description="The run's README file, as JSON"),
    ),
    description="Observing runs as Phase 2 knows them: by a number, with their folder of observation blocks "
    "and their README file",
    title="Runs in Phase 2",
    primary_key=("p2_run_id",),
    hides="run_id",
    keys=(OF_RUN,),
)

_WHERE_IT_BELONGS = (
    replace(
        OB_ID,
        description="Number of the observation block; negative for exports that tell none, which then "
        "follows from the name of the file",
    ),
    RUN_ID,
    P2_RUN_ID,
    replace(CONTAINER_ID, principal=True, description="Container that it lies in"),
    Column(
        "item_type",
        TEXT,
        ucd="meta.code.class",
        description="OB, or CB for a calibration block, which has no target and no time constraints",
    ),
    Column("ob_name", TEXT, ucd="meta.title;obs", principal=True, description="Name that its owner gave it"),
)
_STATE = (
    Column(
        "ob_status",
        TEXT,
        ucd="meta.code.status;obs",
        indexed=True,
        principal=True,
        description="P partially defined, D defined and submitted, - rejected, + accepted, S started, A "
        "aborted, X executed, C completed, M must be repeated, F failed, K cancelled, T terminated",
    ),
    Column(
        "grade",
        TEXT,
        ucd="meta.code.qual;obs",
        principal=True,
        description="Grade of its last execution: A within constraints, B mostly, C out of them and to be "
        "repeated, D out of them and not to be repeated, X aborted; ? not graded",
    ),
    INSTRUMENT,
    Column(
        "ip_version",
        TEXT,
        ucd="meta.version",
        description="Version of the instrument package by which it was made, as 116.07",
    ),
    Column(
        "user_priority",
        INTEGER,
        ucd="meta.number",
        description="Priority among the run's own, 1 is the highest",
    ),
    Column(
        "exposure_time",
        DOUBLE,
        unit="s",
        ucd="time.duration;obs.exposure",
        description="Time that the shutter is open, as computed by Phase 2",
    ),
    Column(
        "execution_time",
        DOUBLE,
        unit="s",
        ucd="time.duration;obs",
        principal=True,
        description="Time that it takes at the telescope, as computed by Phase 2",
    ),
    Column(
        "must_migrate",
        BOOLEAN,
        ucd="meta.code",
        description="Whether it was made by an old instrument package and has to be adapted",
    ),
    Column(
        "description_name",
        TEXT,
        ucd="meta.title;obs",
        description="Name of its observation description, its setup",
    ),
    Column("user_comments", TEXT, ucd="meta.note", description="Comments of its owner"),
    Column(
        "instrument_comments",
        TEXT,
        ucd="meta.note",
        description="Comments for the operator of the instrument",
    ),
)
_TARGET = (
    Column(
        "target_name",
        TEXT,
        ucd="meta.id;src",
        indexed=True,
        principal=True,
        folded=True,
        description="Target",
    ),
    Column(
        "target_ra",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.ra;src",
        principal=True,
        description="Right ascension of the target at its epoch, ICRS; NULL when none was given",
    ),
    Column(
        "target_dec",
        DOUBLE,
        unit="deg",
        ucd="pos.eq.dec;src",
        principal=True,
        description="Declination of the target at its epoch, ICRS; NULL when none was given",
    ),
    Column("written_ra", TEXT, ucd="pos.eq.ra", description="Right ascension as it was written"),
    Column("written_dec", TEXT, ucd="pos.eq.dec", description="Declination as it was written"),
    Column(
        "equinox", TEXT, ucd="time.equinox;pos.frame", description="Equinox of the position as it was written"
    ),
    Column(
        "epoch", DOUBLE, unit="yr", ucd="time.epoch;pos", description="Epoch of the position, Julian year"
    ),
    Column(
        "pm_ra",
        DOUBLE,
        unit="arcsec.yr**-1",
        ucd="pos.pm;pos.eq.ra",
        description="Proper motion in right ascension, times the cosine of the declination",
    ),
    Column(
        "pm_dec",
        DOUBLE,
        unit="arcsec.yr**-1",
        ucd="pos.pm;pos.eq.dec",
        description="Proper motion in declination",
    ),
    Column(
        "differential_ra",
        DOUBLE,
        unit="arcsec.s**-1",
        ucd="pos.eq.ra",
        description="Additional speed of tracking in right ascension",
    ),
    Column(
        "differential_dec",
        DOUBLE,
        unit="arcsec.s**-1",
        ucd="pos.eq.dec",
        description="Additional speed of tracking in declination",
    ),
    Column("target_class", TEXT, ucd="src.class", description="Class of the target, in old exports"),
)
_CONSTRAINTS = (
    Column("constraint_name", TEXT, ucd="meta.title", description="Name of the set of constraints"),
    Column(
        "airmass_max",
        DOUBLE,
        ucd="obs.airMass;stat.max",
        principal=True,
        description="Highest airmass",
    ),
    Column(
        "seeing_max",
        DOUBLE,
        unit="arcsec",
        ucd="instr.obsty.seeing;stat.max",
        principal=True,
        description="Widest image of a point source, full width at half maximum",
    ),
    Column(
        "sky_transparency",
        TEXT,
        ucd="meta.code.qual;instr.obsty",
        description="Photometric, Clear, Variable, thin cirrus, or Variable, thick cirrus",
    ),
    Column(
        "turbulence_category",
        TEXT,
        ucd="meta.code.class;instr.obsty.seeing",
        description="Part of the time in which the turbulence is as low as needed, as 30% (Seeing < 0.8 "
        "arcsec, t0 > 4.1 ms)",
    ),
    Column(
        "fli_max",
        DOUBLE,
        ucd="obs.param;stat.max",
        description="Highest part of the Moon that is illuminated",
    ),
    Column(
        "moon_distance_min",
        DOUBLE,
        unit="deg",
        ucd="pos.angDistance;stat.min",
        description="Smallest angle between target and Moon",
    ),
    Column(
        "twilight_limit",
        DOUBLE,
        unit="min",
        ucd="time.interval",
        description="Earliest start, relative to the end of the astronomical twilight",
    ),
    Column(
        "water_vapour_max",
        DOUBLE,
        unit="mm",
        ucd="phys.columnDensity;stat.max",
        description="Highest column of water in the air above the telescope",
    ),
    Column(
        "baseline",
        TEXT,
        ucd="meta.code;instr.baseline",
        description="Baseline or configuration of the interferometer",
    ),
    Column("strehl_min", DOUBLE, ucd="obs.param;stat.min", description="Lowest Strehl ratio"),
    Column("contrast_min", DOUBLE, ucd="obs.param;stat.min", description="Lowest contrast"),
)
_WHOLE = Column(
    "document",
    TEXT,
    ucd="meta.record",
    description="The observation block as it was told, with templates, constraints and intervals, as JSON",
)

OB = Table(
    "dfs.ob",
    columns=(*_WHERE_IT_BELONGS, *_STATE, *_TARGET, *_CONSTRAINTS, _WHOLE),
    description="Observation blocks as they are now: one target, its setup and constraints, and where they "
    "stand. All that an instrument wants besides the common constraints is in dfs.ob_constraint",
    title="Observation blocks",
    primary_key=("ob_id",),
    hides="run_id",
    hidden_with=((P2_RUN_ID.name, P2_RUN.name),),
    covering=((("ob_id",), ("ob_name",)),),
    keys=(
        OF_RUN,
        TO_P2_RUN,
        Key(("container_id",), "dfs.container", ("container_id",), "The container that it lies in"),
    ),
    positions=(("target_ra", "target_dec"),),
    history="dfs.ob_version",
    examples=(
        Example(
            "ob-raw",
            "Which raw files led an observation block to, and how is it graded?",
            "SELECT TOP 100 o.run_id, o.ob_id, o.ob_name, o.ob_status, o.grade, r.dp_id, r.exp_start\n"
            "FROM dfs.ob AS o\nJOIN dbo.raw AS r ON r.ob_id = o.ob_id\nORDER BY exp_start",
        ),
        Example(
            "ob-templates",
            "What exposures do the observation blocks of a run ask for?",
            "SELECT TOP 100 o.ob_id, o.ob_name, t.template_number AS place, t.template_name, p.parameter, "
            "p.value_number\nFROM dfs.ob AS o\nJOIN dfs.ob_template AS t ON t.ob_id = o.ob_id\n"
            "JOIN dfs.ob_parameter AS p ON p.ob_id = t.ob_id AND p.template_number = t.template_number\n"
            "WHERE o.run_id = '116.28AB.001' AND p.parameter LIKE 'DET%'\n"
            "ORDER BY ob_name, place, parameter",
        ),
    ),
)
OB_VERSION = history_table(
    OB,
    "Every version of every observation block, with the time from which it held; nothing that was executed "
    "is ever lost by an edit",
)

OB_STATUS = Table(
    "dfs.ob_status",
    columns=(
        OB_ID,
        Column(
            "changed",
            TIMESTAMP,
            ucd="time.epoch",
            timesys=UTC,
            nullable=False,
            indexed=True,
            principal=True,
            description="When the status changed, UTC, or when the archive learnt of it if nobody told",
        ),
        Column(
            "from_status",
            TEXT,
            ucd="meta.code.status",
            principal=True,
            description="Status before; NULL at first",
        ),
        Column(
            "to_status",
            TEXT,
            ucd="meta.code.status;obs",
            nullable=False,
            indexed=True,
            principal=True,
            description="Status from then on, letters as in dfs.ob",
        ),
        Column(
            "actor",
            TEXT,
            ucd="meta.id",
            principal=True,
            description="Who changed it; NULL when nobody told, and the archive found it changed",
        ),
        Column("comment", TEXT, ucd="meta.note", description="What was said about it"),
        Column(
            "is_stated",
            BOOLEAN,
            ucd="meta.code",
            nullable=False,
            description="Whether the change itself was told, with its time; else it was found by "
            "comparison, and other statuses may have come between",
        ),
    ),
    description="Every change of the status of every observation block",
    title="Status changes of observation blocks",
    primary_key=("ob_id", "changed", "to_status"),
    hides="ob_id",
    hidden_with=WITH_OB,
    keys=(TO_OB,),
)

OB_FINDING = Table(
    "dfs.ob_finding",
    columns=(
        OB_ID,
        Column(
            "rule",
            TEXT,
            ucd="meta.code.error",
            nullable=False,
            indexed=True,
            principal=True,
            description="What is wrong: unknown template, unknown parameter, wrong type, out of range, "
            "missing value, unknown status, impossible transition",
        ),
        Column(
            "place",
            TEXT,
            ucd="meta.ref",
            nullable=False,
            principal=True,
            description="Where: template and parameter, constraint, or time of a change of the status",
        ),
        Column(
            "message", TEXT, ucd="meta.note", nullable=False, principal=True, description="What was found"
        ),
        Column(
            "found_at",
            TIMESTAMP,
            ucd="time.processing",
            timesys=UTC,
            nullable=False,
            indexed=True,
            principal=True,
            description="When it was first found, UTC",
        ),
    ),
    description="What contradicts the rules in observation blocks: values that their instrument package "
    "does not allow, and changes of the status that cannot be",
    title="Findings about observation blocks",
    primary_key=("ob_id", "rule", "place"),
    hides="ob_id",
    hidden_with=WITH_OB,
    keys=(TO_OB,),
    examples=(
        Example(
            "ob-findings",
            "What is wrong with the observation blocks of an instrument?",
            "SELECT TOP 50 f.ob_id, o.ob_name, f.rule, f.place, f.message\nFROM dfs.ob_finding AS f\n"
            "JOIN dfs.ob AS o ON o.ob_id = f.ob_id\nWHERE o.instrument = 'FORS2'\nORDER BY found_at DESC",
        ),
    ),
)

TABLES: tuple[Table, ...] = (
    P2_RUN,
    OB,
    OB_VERSION,
    OB_STATUS,
    *ob_parts.TABLES,
    OB_FINDING,
    *containers.TABLES,
)
