"""dfs: snapshots of the short-term schedule: how the observation blocks were ranked, when, and why.

An engine ranks what could be observed now; one call of it under given conditions is one snapshot.
"""

from __future__ import annotations

from ..columns import Column
from ..semantics import UTC
from ..tables import Example, Key, Table
from ..types import BOOLEAN, DOUBLE, INTEGER, TEXT, TIMESTAMP
from .execution import NIGHT
from .joins import CONTAINER_ID, OB_ID, OF_RUN, RUN_ID

__all__ = ["RANKED_OB", "RANKING", "TABLES"]

_RANKING_ID = Column(
    "ranking_id",
    TEXT,
    ucd="meta.id",
    nullable=False,
    principal=True,
    description="Identifier of the snapshot: the engine's own, else telescope, a dot and the time",
)


def _condition(name: str, unit: str, ucd: str, description: str) -> Column:
    return Column(name, DOUBLE, unit=unit, ucd=ucd, principal=True, description=description)


_CONDITIONS = (
    _condition(
        "seeing", "arcsec", "instr.obsty.seeing", "Seeing at zenith and 500 nm, full width at half maximum"
    ),
    _condition(
        "wind_direction", "deg", "pos.posAng;obs.atmos.wind", "Direction that the wind comes from, from north"
    ),
    _condition("wind_speed", "m.s**-1", "phys.veloc;obs.atmos.wind", "Speed of the wind"),
    Column(
        "sky_transparency",
        TEXT,
        ucd="meta.code.qual;obs.param",
        principal=True,
        description="Photometric, Clear, or Variable with thin or thick cirrus",
    ),
    _condition("water_vapour", "mm", "obs.atmos.water", "Column of water in the air above the telescope"),
    _condition(
        "airmass_tolerance", "", "stat.error;obs.airMass", "By how much the airmass may exceed a constraint"
    ),
    _condition("sun_elevation", "deg", "pos.az.alt;obs.param", "Elevation of the Sun"),
    _condition("moon_elevation", "deg", "pos.az.alt;obs.param", "Elevation of the Moon"),
    _condition("fli", "", "obs.param", "Part of the Moon that is illuminated"),
    _condition("fli_tolerance", "", "stat.error;obs.param", "By how much that part may exceed a constraint"),
    _condition(
        "moon_distance_tolerance",
        "deg",
        "stat.error;pos.angDistance",
        "By how much the angle to the Moon may fall short of a constraint",
    ),
    _condition(
        "zenith_avoidance",
        "deg",
        "pos.az.zd;stat.min",
        "Angle around the zenith in which nothing is observed",
    ),
)

RANKING = Table(
    "dfs.ranking",
    columns=(
        _RANKING_ID,
        Column(
            "snapshot_time",
            TIMESTAMP,
            ucd="time.epoch",
            timesys=UTC,
            nullable=False,
            indexed=True,
            principal=True,
            description="When the ranking was made, UTC",
        ),
        Column(
            "start_time",
            TIMESTAMP,
            ucd="time.start;obs",
            timesys=UTC,
            principal=True,
            description="Start of the observation for which it was made, UTC",
        ),
        NIGHT,
        Column(
            "telescope",
            TEXT,
            ucd="meta.id;instr.tel",
            nullable=False,
            indexed=True,
            principal=True,
            description="Telescope",
        ),
        Column(
            "instrument", TEXT, ucd="meta.id;instr", description="Instrument, if it was made for one only"
        ),
        *_CONDITIONS,
        Column(
            "engine", TEXT, ucd="meta.id;meta.software", description="What made the ranking, with its version"
        ),
        Column(
            "ob_count", INTEGER, ucd="meta.number", nullable=False, description="Observation blocks ranked"
        ),
    ),
    description="Snapshots of the short-term schedule: one for each ranking of what could be "
    "observed, with the conditions that were assumed",
    title="Rankings",
    primary_key=("ranking_id",),
    indexes=(("telescope", "snapshot_time"),),
)

RANKED_OB = Table(
    "dfs.ranked_ob",
    columns=(
        _RANKING_ID,
        Column(
            "rank",
            INTEGER,
            ucd="stat.rank",
            indexed=True,
            principal=True,
            description="Place in the ranking, 1 is the first to be observed; NULL for what could not be",
        ),
        Column(
            "ob_id",
            OB_ID.type,
            ucd=OB_ID.ucd,
            nullable=False,
            indexed=True,
            principal=True,
            description=OB_ID.description,
        ),
        RUN_ID,
        Column(
            "score", DOUBLE, ucd="stat.weight", principal=True, description="Score, the higher the better"
        ),
        Column(
            "is_observable",
            BOOLEAN,
            ucd="meta.code;obs",
            principal=True,
            description="Whether it could be observed under the conditions",
        ),
        Column(
            "ob_status", TEXT, ucd="meta.code.status;obs", description="Its status then, letters as in dfs.ob"
        ),
        Column(
            "container_type",
            TEXT,
            ucd="meta.code.class",
            principal=True,
            description="Kind of container that it lies in: G group, T time link, C concatenation",
        ),
        CONTAINER_ID,
        Column(
            "group_contribution",
            DOUBLE,
            ucd="stat.weight",
            description="What it contributes to the score of its group, in percent",
        ),
        Column(
            "reasons",
            TEXT,
            ucd="meta.note",
            principal=True,
            description="Why it has this score, or why it could not be observed; one reason a line",
        ),
    ),
    description="The observation blocks of each ranking, with rank, score and reasons",
    title="Ranked observation blocks",
    primary_key=("ranking_id", "ob_id"),
    whole=("ranking_id",),
    hides="run_id",
    hidden_with=(("ob_id", "dfs.ob"),),
    keys=(
        Key(("ranking_id",), "dfs.ranking", ("ranking_id",), "The ranking"),
        Key(("ob_id",), "dfs.ob", ("ob_id",), "The observation block"),
        OF_RUN,
    ),
    examples=(
        Example(
            "ranking-choice",
            "What stood first in the ranking whenever one was made, and how good was the seeing?",
            "SELECT TOP 100 k.snapshot_time, k.telescope, k.seeing, b.ob_id, b.score, b.reasons\n"
            "FROM dfs.ranking AS k\nJOIN dfs.ranked_ob AS b ON b.ranking_id = k.ranking_id\n"
            "WHERE b.rank = 1\nORDER BY snapshot_time",
        ),
    ),
)

TABLES: tuple[Table, ...] = (RANKING, RANKED_OB)
