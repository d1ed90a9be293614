"""dfs: the parts of observation blocks: templates and parameters, constraints, time intervals, files."""

from __future__ import annotations

from dataclasses import replace

from ..columns import Column
from ..semantics import UTC
from ..tables import Key, Table
from ..types import DOUBLE, INTEGER, LONG, TEXT, TIMESTAMP
from . import joins

__all__ = [
    "OB_CONSTRAINT",
    "OB_FILE",
    "OB_ID",
    "OB_PARAMETER",
    "OB_TEMPLATE",
    "OB_TIME_INTERVAL",
    "TABLES",
    "TO_OB",
    "WITH_OB",
]

OB_ID = replace(joins.OB_ID, indexed=False, nullable=False)
TO_OB = Key(("ob_id",), "dfs.ob", ("ob_id",), "The observation block")
WITH_OB = ((OB_ID.name, "dfs.ob"),)

_TEMPLATE_NUMBER = Column(
    "template_number",
    INTEGER,
    ucd="meta.number",
    keyword="HIERARCH ESO OBS TPLNO",
    nullable=False,
    principal=True,
    description="Place of the template in the observation block, from 1",
)
_TEMPLATE_NAME = Column(
    "template_name",
    TEXT,
    ucd="meta.id;instr.setup",
    keyword="HIERARCH ESO TPL ID",
    nullable=False,
    indexed=True,
    principal=True,
    description="Template, as UVES_blue_acq_slit",
)
_VALUE = Column(
    "value_text",
    TEXT,
    ucd="meta.record",
    principal=True,
    description="Value as text: T and F for true and false, blanks between the elements of a list, the "
    "name of a file; NULL when none was given",
)
_VALUE_NUMBER = Column(
    "value_number",
    DOUBLE,
    ucd="stat.value",
    principal=True,
    description="The value where it is one number, in the unit that the template's manual tells",
)

OB_TEMPLATE = Table(
    "dfs.ob_template",
    columns=(
        OB_ID,
        _TEMPLATE_NUMBER,
        _TEMPLATE_NAME,
        Column(
            "template_type",
            TEXT,
            ucd="meta.code.class",
            principal=True,
            description="acquisition, science or calib",
        ),
        Column("template_id", LONG, ucd="meta.id", description="Number that the Phase 2 API has for it"),
    ),
    description="Templates of observation blocks, in the order in which they are executed",
    title="Templates of observation blocks",
    primary_key=("ob_id", "template_number"),
    whole=("ob_id",),
    hides="ob_id",
    hidden_with=WITH_OB,
    keys=(TO_OB,),
)

OB_PARAMETER = Table(
    "dfs.ob_parameter",
    columns=(
        OB_ID,
        _TEMPLATE_NUMBER,
        Column(
            "parameter",
            TEXT,
            ucd="meta.id;instr.param",
            nullable=False,
            indexed=True,
            principal=True,
            description="Parameter, as DET1.WIN1.UIT1",
        ),
        replace(_TEMPLATE_NAME, indexed=False),
        Column(
            "value_type",
            TEXT,
            ucd="meta.code.class",
            description="string, keyword, keywordlist, coord, integer, intlist, number, numlist, boolean, "
            "file or paramfile; NULL in exports, which do not tell",
        ),
        _VALUE,
        _VALUE_NUMBER,
    ),
    description="Parameters of the templates of observation blocks",
    title="Parameters of templates",
    primary_key=("ob_id", "template_number", "parameter"),
    whole=("ob_id",),
    hides="ob_id",
    hidden_with=WITH_OB,
    indexes=(("template_name", "parameter"),),
    keys=(
        TO_OB,
        Key(
            ("ob_id", "template_number"),
            "dfs.ob_template",
            ("ob_id", "template_number"),
            "The template that it is set in",
        ),
    ),
)

OB_CONSTRAINT = Table(
    "dfs.ob_constraint",
    columns=(
        OB_ID,
        Column(
            "constraint_name",
            TEXT,
            ucd="meta.id;obs.param",
            nullable=False,
            indexed=True,
            principal=True,
            description="Constraint as the Phase 2 API calls it, as airmass, skyTransparency or atm",
        ),
        _VALUE,
        _VALUE_NUMBER,
    ),
    description="Constraints of observation blocks, all that their instrument has; the common ones are "
    "columns of dfs.ob too",
    title="Constraints of observation blocks",
    primary_key=("ob_id", "constraint_name"),
    whole=("ob_id",),
    hides="ob_id",
    hidden_with=WITH_OB,
    keys=(TO_OB,),
)

OB_TIME_INTERVAL = Table(
    "dfs.ob_time_interval",
    columns=(
        OB_ID,
        Column(
            "interval_type",
            TEXT,
            ucd="meta.code.class",
            nullable=False,
            principal=True,
            description="absolute (start_time, end_time) or sidereal (start_lst, end_lst)",
        ),
        Column(
            "interval_number", INTEGER, ucd="meta.number", nullable=False, description="Its number, from 1"
        ),
        Column(
            "start_time",
            TIMESTAMP,
            ucd="time.start;obs",
            timesys=UTC,
            indexed=True,
            principal=True,
            description="Earliest start of the execution, UTC",
        ),
        Column(
            "end_time",
            TIMESTAMP,
            ucd="time.end;obs",
            timesys=UTC,
            indexed=True,
            principal=True,
            description="Latest start of the execution, UTC",
        ),
        Column(
            "start_lst",
            DOUBLE,
            unit="h",
            ucd="time.start",
            principal=True,
            description="Begin of the interval, local sidereal time",
        ),
        Column(
            "end_lst",
            DOUBLE,
            unit="h",
            ucd="time.end",
            principal=True,
            description="End of the interval, local sidereal time; 24 is allowed, and less than start_lst "
            "when it goes on over midnight",
        ),
    ),
    description="Times in which observation blocks may be executed, in UTC or in sidereal time; those "
    "without an interval may be at any time",
    title="Time constraints of observation blocks",
    primary_key=("ob_id", "interval_type", "interval_number"),
    whole=("ob_id",),
    hides="ob_id",
    hidden_with=WITH_OB,
    keys=(TO_OB,),
)

OB_FILE = Table(
    "dfs.ob_file",
    columns=(
        OB_ID,
        Column(
            "file_type",
            TEXT,
            ucd="meta.code.class",
            nullable=False,
            principal=True,
            description="finding chart, ephemeris, readme or parameter (a file as the value of a parameter)",
        ),
        Column("file_number", INTEGER, ucd="meta.number", nullable=False, description="Its number, from 1"),
        Column(
            "file_name",
            TEXT,
            ucd="meta.id;meta.dataset",
            principal=True,
            description="Name that its owner gave it",
        ),
        Column(
            "dp_id",
            TEXT,
            ucd="meta.id;meta.file",
            indexed=True,
            principal=True,
            description="Identifier of the stored file; NULL when only its name came",
        ),
        Column("content", TEXT, ucd="meta.record", description="All of it, where it is text and came along"),
    ),
    description="Files that belong to observation blocks: finding charts, ephemerides, notes",
    title="Files of observation blocks",
    primary_key=("ob_id", "file_type", "file_number"),
    whole=("ob_id",),
    hides="ob_id",
    hidden_with=WITH_OB,
    keys=(TO_OB,),
)

TABLES: tuple[Table, ...] = (OB_TEMPLATE, OB_PARAMETER, OB_CONSTRAINT, OB_TIME_INTERVAL, OB_FILE)
