"""ivoa.obsplan: one row for every planned or performed observation, after ObsLocTAP 1.0.

The standard takes most columns over from ObsCore, with the same units and UCDs and with utypes without a
prefix; only what it says otherwise, and the columns of its own, are written here. Who plans, and how a
plan becomes rows, is the business of others.

The primary key is `obs_id` alone: a row tells the present state of its observation, and a change moves
its t_planning, by which clients that have a copy find it. Rows may tell less than ObsCore's, since the
target of an observation to come can be confidential.
"""

from __future__ import annotations

from dataclasses import replace

from .columns import Column
from .obscore_columns import STANDARD_COLUMNS
from .semantics import MJD_UTC
from .tables import Example, Table
from .types import DOUBLE, INTEGER, TEXT

__all__ = ["OBSPLAN"]

_OBSCORE = {column.name: column for column in STANDARD_COLUMNS}


def _taken_over(name: str) -> Column:
    column = _OBSCORE[name]
    return replace(column, utype=column.utype.removeprefix("obscore:"), principal=True, nullable=True)


def _own(column: Column) -> Column:
    return replace(column, std=True, principal=True)


_OBSERVATION = (
    _own(
        Column(
            "t_planning",
            DOUBLE,
            unit="d",
            nullable=False,
            indexed=True,
            timesys=MJD_UTC,
            description="When the observation entered the plan or was last changed in it, MJD (UTC)",
        )
    ),
    _taken_over("target_name"),
    replace(
        _taken_over("obs_id"),
        nullable=False,
        description="Identifier of the observation; its datasets have the same obs_id in ivoa.ObsCore",
    ),
    _taken_over("obs_collection"),
)

_COVERAGE = (
    _taken_over("s_ra"),
    _taken_over("s_dec"),
    _taken_over("s_fov"),
    replace(
        _taken_over("s_region"),
        description="Region of the sky to be covered, STC-S in ICRS; a circle where its shape is not known",
    ),
    _taken_over("s_resolution"),
    replace(_taken_over("t_min"), description="Start, MJD (UTC); known when scheduled or performed"),
    replace(_taken_over("t_max"), description="End, MJD (UTC); known when scheduled or performed"),
    replace(
        _taken_over("t_exptime"), description="Total exposure time; as planned until the observation is done"
    ),
    _taken_over("t_resolution"),
    _taken_over("em_min"),
    _taken_over("em_max"),
    _taken_over("em_res_power"),
    _taken_over("o_ucd"),
    _taken_over("pol_states"),
    # ObsLocTAP 1.0, section 3.4: INTEGER, where ObsCore has a long.
    replace(_taken_over("pol_xel"), type=INTEGER),
    replace(_taken_over("facility_name"), nullable=False),
    _taken_over("instrument_name"),
)

_PLAN = (
    _own(
        Column(
            "t_plan_exptime",
            DOUBLE,
            unit="s",
            ucd="time.duration;obs.exposure",
            utype="Char.TimeAxis.Coverage.Support.Extent",
            description="Exposure time as planned; t_exptime differs when something went otherwise",
        )
    ),
    _own(
        Column(
            "category",
            TEXT,
            nullable=False,
            description="Fixed in time, Coordinated with other facilities, Window of time, or Other",
        )
    ),
    _own(
        Column(
            "priority",
            INTEGER,
            nullable=False,
            description="How firmly it stands in the plan: 0 easily moved, 1, 2 hardly to be moved",
        )
    ),
    _own(
        Column(
            "execution_status",
            TEXT,
            nullable=False,
            indexed=True,
            description="Planned, Scheduled, Unscheduled (taken out of the schedule), Performed or Aborted",
        )
    ),
    _own(
        Column(
            "tracking_type",
            TEXT,
            nullable=False,
            description="Sidereal, Solar-system-object-tracking or Fixed-az-el-transit",
        )
    ),
)

_EXAMPLES = (
    Example(
        "obsplan-coming",
        "What will be observed around a position?",
        "SELECT obs_id, target_name, instrument_name, t_min, t_max, t_plan_exptime, priority\n"
        "FROM ivoa.obsplan\n"
        "WHERE execution_status IN ('Planned', 'Scheduled')\n"
        "  AND INTERSECTS(s_region, CIRCLE('ICRS', 265.175, -53.674, 0.5)) = 1\n"
        "ORDER BY t_min",
        "Around NGC 6397. What has its time already is scheduled; times are modified Julian dates (UTC).",
    ),
    Example(
        "obsplan-changes",
        "What has changed in the plan since a copy was made?",
        "SELECT obs_id, target_name, execution_status, t_planning, t_min, t_max\n"
        "FROM ivoa.obsplan\n"
        "WHERE t_planning > 61113.0\n"
        "ORDER BY t_planning",
    ),
    Example(
        "obsplan-datasets",
        "The datasets of performed observations",
        "SELECT p.obs_id, p.target_name, p.t_min AS started, p.t_plan_exptime,\n"
        "  o.dataproduct_type, o.access_url\n"
        "FROM ivoa.obsplan AS p\n"
        "JOIN ivoa.ObsCore AS o ON o.obs_id = p.obs_id AND o.instrument_name = p.instrument_name\n"
        "WHERE p.execution_status = 'Performed'\n"
        "ORDER BY started",
        "Raw frames and what was made of them.",
    ),
)

OBSPLAN = Table(
    "ivoa.obsplan",
    columns=_OBSERVATION + _COVERAGE + _PLAN,
    title="Observing plan (ObsLocTAP)",
    description="One row for every observation that is planned or was performed, with its present state, "
    "after ObsLocTAP 1.0. Observations whose target is confidential block their time without telling it.",
    utype="ivo://ivoa.net/std/obsloctap#table-1.0",
    primary_key=("obs_id",),
    hides="obs_id",
    hidden_with=(("obs_id", "dfs.ob"), ("obs_id", "dfs.execution")),
    positions=(("s_ra", "s_dec"),),
    examples=_EXAMPLES,
)
